//! Digests of long streams, made beside the reading where a processor is free: the bytes are copied into pieces that another thread takes.

use super::digest::{Digest, Hasher};
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Bytes that go to the other thread at once.
const PIECE: usize = 128 << 10;
/// Pieces of one digest that there are; who has filled them all waits.
const PIECES: usize = 4;
/// Bytes after which a thread is started: a short stream is hashed sooner than that takes.
const LONG: u64 = 1 << 20;

/// A digest in the making: here, or on a thread of its own.
pub struct Digester {
    work: Work,
    /// Bytes taken so far; `None`: no thread is to be started.
    taken: Option<u64>,
}

enum Work {
    Here(Hasher),
    Aside(Aside),
}

struct Aside {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    /// The piece that is filled now.
    piece: Vec<u8>,
    /// Pieces that may still be made.
    left: usize,
    thread: JoinHandle<Hasher>,
}

impl Digester {
    /// Continues a digest; `aside`: on another thread when the stream turns out to be long.
    pub fn new(hasher: Hasher, aside: bool) -> Self {
        Self {
            work: Work::Here(hasher),
            taken: aside.then_some(0),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(taken) = &mut self.taken {
            *taken += bytes.len() as u64;
            if *taken >= LONG {
                self.taken = None;
                self.go_aside();
            }
        }
        match &mut self.work {
            Work::Here(hasher) => hasher.update(bytes),
            Work::Aside(aside) => aside.update(bytes),
        }
    }

    /// The digest; `None`: the thread that made it has failed.
    pub fn finish(self) -> Option<Digest> {
        match self.work {
            Work::Here(hasher) => Some(hasher.finish()),
            Work::Aside(aside) => aside.finish(),
        }
    }

    /// Moves to a thread; stays where no thread can be had.
    fn go_aside(&mut self) {
        let Work::Here(hasher) = &self.work else {
            return;
        };
        let mut hasher = hasher.clone();
        let (full, pieces) = sync_channel::<Vec<u8>>(PIECES);
        let (back, empty) = channel();
        let thread = Builder::new().spawn(move || {
            for mut piece in pieces {
                hasher.update(&piece);
                piece.clear();
                // Nobody takes pieces back at the end.
                let _ = back.send(piece);
            }
            hasher
        });
        if let Ok(thread) = thread {
            self.work = Work::Aside(Aside {
                full,
                empty,
                piece: Vec::with_capacity(PIECE),
                left: PIECES - 1,
                thread,
            });
        }
    }
}

impl Aside {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = PIECE.saturating_sub(self.piece.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() >= PIECE {
                self.hand_over();
            }
        }
    }

    /// Gives the piece away and takes an empty one. When the thread has ended, which only a fault makes it do, the digest is lost, and
    /// [`Self::finish`] says so.
    fn hand_over(&mut self) {
        let next = match self.empty.try_recv() {
            Ok(piece) => piece,
            Err(_) if self.left > 0 => {
                self.left -= 1;
                Vec::with_capacity(PIECE)
            }
            Err(_) => Vec::new(),
        };
        let full = std::mem::replace(&mut self.piece, next);
        let _ = self.full.send(full);
        if self.piece.capacity() == 0 {
            self.piece = self.empty.recv().unwrap_or_default();
        }
    }

    fn finish(self) -> Option<Digest> {
        let sent = self.full.send(self.piece).is_ok();
        drop(self.full);
        let hasher = self.thread.join().ok()?;
        sent.then(|| hasher.finish())
    }
}

/// Counts and hashes what passes through.
pub struct Hashing<'a> {
    /// Where bytes come from.
    pub inner: &'a mut dyn Read,
    /// What has passed, hashed; `None`: only counted.
    pub digester: &'a mut Option<Digester>,
    /// How much has passed.
    pub count: &'a mut u64,
}

impl Read for Hashing<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        if let Some(digester) = self.digester {
            digester.update(out.get(..n).unwrap_or_default());
        }
        *self.count += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_same_wherever_it_is_made() {
        let all: Vec<u8> = (0..5_000_003u32).map(|i| ((i * 7) >> 3) as u8).collect();
        for len in [0, 1, PIECE, 1 << 20, (1 << 20) + 1, all.len()] {
            let bytes = &all[..len];
            for step in [1 << 12, 99_991, 1 << 20] {
                for aside in [false, true] {
                    let mut digester = Digester::new(Hasher::sha256(), aside);
                    bytes.chunks(step).for_each(|piece| digester.update(piece));
                    assert_eq!(
                        digester.finish(),
                        Some(Digest::of(bytes)),
                        "{len} by {step}"
                    );
                }
            }
        }
    }

    #[test]
    fn who_gives_up_leaves_no_thread_that_waits() {
        let mut digester = Digester::new(Hasher::sha256(), true);
        for _ in 0..40 {
            digester.update(&[7; 100_000]);
        }
        let Work::Aside(Aside { full, thread, .. }) = digester.work else {
            panic!("not aside");
        };
        drop(full);
        assert!(thread.join().is_ok());
    }
}
