//! How much of executables may be held in memory at once, by all threads together.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Every reader may hold its share; one at a time may hold more than that. Clones are the same room.
///
/// Who is in the room waits for nothing else, so this cannot deadlock as long as nobody who is in it asks again.
#[derive(Clone, Debug)]
pub struct Room {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    most: u64,
    readers: usize,
    share: OnceLock<u64>,
    taken: Mutex<bool>,
    left: Condvar,
}

impl Room {
    /// Room for `readers` at a time (0: one for each processor) out of `memory` bytes: half of it is for their shares, half
    /// for the one in the room.
    pub fn new(memory: u64, readers: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                most: memory / 2,
                readers,
                share: OnceLock::new(),
                taken: Mutex::new(false),
                left: Condvar::new(),
            }),
        }
    }

    /// Bytes that any reader may hold.
    pub fn share(&self) -> u64 {
        // Most scans never ask, and asking the system takes time.
        *self.shared.share.get_or_init(|| {
            let readers = match self.shared.readers {
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                n => n,
            };
            self.shared.most / readers as u64
        })
    }

    /// Bytes that the reader in the room may hold.
    pub fn most(&self) -> u64 {
        self.shared.most
    }

    /// Waits until nobody is in the room.
    pub fn enter(&self) -> Entry {
        let mut taken = self.shared.lock();
        while *taken {
            let waited = self.shared.left.wait(taken);
            taken = waited.unwrap_or_else(PoisonError::into_inner);
        }
        *taken = true;
        Entry {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Being in the room, until dropped.
#[derive(Debug)]
pub struct Entry {
    shared: Arc<Shared>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        *self.shared.lock() = false;
        self.shared.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{ReadAt, Window};
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A file of zeros.
    struct Zeros(u64);

    impl ReadAt for Zeros {
        fn len(&self) -> u64 {
            self.0
        }

        fn read_at(&self, buf: &mut [u8], _: u64) -> io::Result<usize> {
            buf.fill(0);
            Ok(buf.len())
        }
    }

    #[test]
    fn one_reader_at_a_time_holds_more_than_its_share() {
        let room = Room::new(4 << 20, 2);
        assert_eq!((room.share(), room.most()), (1 << 20, 2 << 20));
        let file = Zeros(1 << 30);
        let inside = AtomicUsize::new(0);
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    let window = Window::new(&file, 1 << 30).in_room(Some(&room));
                    assert!(
                        window.get(0, 1 << 20).is_some(),
                        "the share is there at once"
                    );
                    assert!(window.get(8 << 20, 512 << 10).is_some());
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    assert!(
                        window.get(16 << 20, 1 << 20).is_none(),
                        "more than there is"
                    );
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
    }
}
