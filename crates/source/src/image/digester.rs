//! Computes digests of streams. If a processor is free, another thread computes the digest of a long stream from copies of its bytes, while this
//! thread reads on.

use super::digest::{Digest, Hasher};
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Bytes that are sent to the other thread at once.
const PIECE: usize = 128 << 10;
/// Number of pieces of one digest: when all are filled, the reading thread waits.
const PIECES: usize = 4;
/// Bytes after which a thread is started. To hash a shorter stream takes less time than to start a thread.
const MIN_FOR_THREAD: u64 = 1 << 20;

/// Computes a digest, on this thread or on another one.
pub struct Digester {
    state: State,
    /// Bytes so far, until a thread is started; `None`: no thread may be started any more.
    bytes_here: Option<u64>,
}

enum State {
    Here(Hasher),
    OnThread(HashThread),
}

/// A thread that hashes the pieces that it gets.
struct HashThread {
    /// Sends filled pieces to the thread.
    full: SyncSender<Vec<u8>>,
    /// Receives hashed pieces, to be filled again.
    empty: Receiver<Vec<u8>>,
    /// The piece that is being filled.
    piece: Vec<u8>,
    /// Number of pieces that may still be allocated.
    pieces_left: usize,
    thread: JoinHandle<Hasher>,
}

impl Digester {
    /// Continues a digest; `may_start_thread`: on another thread if the stream turns out to be long.
    pub fn new(hasher: Hasher, may_start_thread: bool) -> Self {
        Self {
            state: State::Here(hasher),
            bytes_here: may_start_thread.then_some(0),
        }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(count) = &mut self.bytes_here {
            *count += bytes.len() as u64;
            if *count >= MIN_FOR_THREAD {
                self.bytes_here = None;
                self.start_thread();
            }
        }
        match &mut self.state {
            State::Here(hasher) => hasher.update(bytes),
            State::OnThread(thread) => thread.update(bytes),
        }
    }

    /// The digest; `None`: the thread that computed it has panicked.
    pub fn finish(self) -> Option<Digest> {
        match self.state {
            State::Here(hasher) => Some(hasher.finish()),
            State::OnThread(thread) => thread.finish(),
        }
    }

    /// Continues on another thread, or here if none can be started.
    fn start_thread(&mut self) {
        let State::Here(hasher) = &self.state else {
            return;
        };
        let mut hasher = hasher.clone();
        let (full, pieces) = sync_channel::<Vec<u8>>(PIECES);
        let (returned, empty) = channel();
        let thread = Builder::new().spawn(move || {
            for mut piece in pieces {
                hasher.update(&piece);
                piece.clear();
                // At the end nobody receives the pieces any more.
                let _ = returned.send(piece);
            }
            hasher
        });
        if let Ok(thread) = thread {
            self.state = State::OnThread(HashThread {
                full,
                empty,
                piece: Vec::with_capacity(PIECE),
                pieces_left: PIECES - 1,
                thread,
            });
        }
    }
}

impl HashThread {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let free = PIECE.saturating_sub(self.piece.len()).min(bytes.len());
            let (fitting, rest) = bytes.split_at(free);
            self.piece.extend_from_slice(fitting);
            bytes = rest;
            if self.piece.len() >= PIECE {
                self.send_piece();
            }
        }
    }

    /// Sends the piece and takes an empty one. If the thread has panicked, the digest is lost, and [`Self::finish`] returns `None`.
    fn send_piece(&mut self) {
        let next = match self.empty.try_recv() {
            Ok(piece) => piece,
            Err(_) if self.pieces_left > 0 => {
                self.pieces_left -= 1;
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

/// Counts and hashes the bytes of a reader.
pub struct Hashing<'a> {
    /// The source of the bytes.
    pub inner: &'a mut dyn Read,
    /// Hashes the bytes; `None`: they are only counted.
    pub digester: &'a mut Option<Digester>,
    /// Number of bytes so far.
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
    fn the_digest_is_the_same_on_either_thread() {
        let all: Vec<u8> = (0..5_000_003u32).map(|i| ((i * 7) >> 3) as u8).collect();
        for len in [0, 1, PIECE, 1 << 20, (1 << 20) + 1, all.len()] {
            let bytes = &all[..len];
            for step in [1 << 12, 99_991, 1 << 20] {
                for may_start_thread in [false, true] {
                    let mut digester = Digester::new(Hasher::sha256(), may_start_thread);
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
    fn a_dropped_digester_ends_its_thread() {
        let mut digester = Digester::new(Hasher::sha256(), true);
        for _ in 0..40 {
            digester.update(&[7; 100_000]);
        }
        let State::OnThread(HashThread { full, thread, .. }) = digester.state else {
            panic!("no thread was started");
        };
        drop(full);
        assert!(thread.join().is_ok());
    }
}
