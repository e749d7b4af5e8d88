//! A stream that one thread produces and another one consumes: a layer is decompressed while its content is searched.

use std::io::{self, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, scope};

/// Bytes that are sent to the other thread at once.
const PIECE: usize = 128 << 10;
/// Number of pieces that wait for the other thread. Besides them, each thread has one in memory.
const WAITING: usize = 3;

/// Reads `source` on this thread, and calls `consume` on another one with a reader of the same bytes. An error of the source follows the bytes
/// before it, as from the source itself. Where a read of the source fails with `WouldBlock`, it is made again when `consume` has read everything and
/// waits for more. If `consume` returns early, the rest of the source is not read. If no thread can be started, `consume` reads the source on this
/// thread.
pub fn pipe<T: Send>(
    source: &mut dyn Read,
    consume: &mut (dyn FnMut(&mut dyn Read) -> T + Send),
) -> T {
    let (full, pieces) = sync_channel(WAITING);
    let (returned, empty) = channel();
    let result = scope(|threads| {
        let consumer = Builder::new().spawn_scoped(threads, || {
            consume(&mut PipeReader {
                pieces,
                returned,
                piece: Vec::new(),
                at: 0,
                ended: false,
            })
        });
        consumer.ok().map(|consumer| {
            produce(source, full, &empty);
            consumer.join()
        })
    });
    match result {
        Some(Ok(result)) => result,
        // Continue the panic on this thread.
        Some(Err(panic)) => resume_unwind(panic),
        None => consume(&mut Unpaused(source)),
    }
}

/// Why a piece is not filled any further.
enum Stop {
    Full,
    /// The source wants the consumer to wait during its next read.
    Pause,
    End,
    Failed(io::Error),
}

/// Sends the bytes of the source until it ends or fails, or the consumer has returned.
fn produce(
    source: &mut dyn Read,
    full: SyncSender<io::Result<Vec<u8>>>,
    empty: &Receiver<Vec<u8>>,
) {
    // Pieces that the consumer has, or that wait for it.
    let mut sent = 0usize;
    loop {
        let used = empty.try_recv().ok();
        sent -= usize::from(used.is_some());
        let mut piece = used.unwrap_or_else(|| vec![0; PIECE]);
        let (len, stop) = fill(source, &mut piece);
        piece.truncate(len);
        if len > 0 {
            if full.send(Ok(piece)).is_err() {
                return;
            }
            sent += 1;
        }
        match stop {
            Stop::Full => {}
            Stop::Pause => {
                // The consumer returns its last piece when it asks for the next one.
                while sent > 0 {
                    if empty.recv().is_err() {
                        return;
                    }
                    sent -= 1;
                }
            }
            Stop::End => return,
            Stop::Failed(error) => {
                // The consumer may have returned.
                let _ = full.send(Err(error));
                return;
            }
        }
    }
}

/// Fills a piece, except where the source pauses, ends or fails.
fn fill(source: &mut dyn Read, piece: &mut [u8]) -> (usize, Stop) {
    let mut len = 0;
    while let Some(rest) = piece.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => return (len, Stop::End),
            Ok(n) => len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return (len, Stop::Pause),
            Err(e) => return (len, Stop::Failed(e)),
        }
    }
    (len, Stop::Full)
}

/// A source that is read by its consumer, who need not wait for himself.
struct Unpaused<'s>(&'s mut dyn Read);

impl Read for Unpaused<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.0.read(out),
            result => result,
        }
    }
}

/// The consumer's end of the pipe.
struct PipeReader {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Returns used pieces to the producer.
    returned: Sender<Vec<u8>>,
    piece: Vec<u8>,
    /// Number of bytes of the piece that were read.
    at: usize,
    ended: bool,
}

impl Read for PipeReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.at == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            let mut used = std::mem::take(&mut self.piece);
            self.at = 0;
            if used.capacity() > 0 {
                used.resize(PIECE, 0);
                // The producer may have returned.
                let _ = self.returned.send(used);
            }
            match self.pieces.recv() {
                Ok(Ok(piece)) => self.piece = piece,
                Ok(Err(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                Err(_) => {
                    self.ended = true;
                    return Ok(0);
                }
            }
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let n = rest.len().min(out.len());
        let (from, to) = (rest.get(..n), out.get_mut(..n));
        if let (Some(from), Some(to)) = (from, to) {
            to.copy_from_slice(from);
        }
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Gives bytes in steps, then fails or ends.
    struct Source<'b> {
        bytes: &'b [u8],
        step: usize,
        fails: bool,
    }

    impl Read for Source<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.step.min(out.len()).min(self.bytes.len());
            let (now, rest) = self.bytes.split_at(n);
            out[..n].copy_from_slice(now);
            self.bytes = rest;
            match self.fails && n == 0 {
                true => Err(ErrorKind::InvalidData.into()),
                false => Ok(n),
            }
        }
    }

    #[test]
    fn the_consumer_reads_the_bytes_and_the_error_of_the_source() {
        let all: Vec<u8> = (0..3_000_001u32).map(|i| ((i * 7) >> 3) as u8).collect();
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 4 * PIECE, all.len()] {
            for (step, fails) in [
                (1 << 20, false),
                (99_991, true),
                (PIECE, true),
                (1000, false),
            ] {
                let mut source = Source {
                    bytes: &all[..len],
                    step,
                    fails,
                };
                let (got, error) = pipe(&mut source, &mut |reader| {
                    let mut got = Vec::new();
                    let error = reader.read_to_end(&mut got).err().map(|e| e.kind());
                    (got, error)
                });
                assert!(got == all[..len], "{len} by {step}");
                assert_eq!(error, fails.then_some(ErrorKind::InvalidData));
            }
        }
    }

    /// Pauses after every few bytes, and then has the consumer's word that all were read.
    struct Pauses<'c> {
        given: usize,
        has_paused: bool,
        consumed: &'c AtomicUsize,
    }

    impl Read for Pauses<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.given.is_multiple_of(30_011) && !self.has_paused {
                self.has_paused = true;
                return Err(ErrorKind::WouldBlock.into());
            }
            if self.has_paused {
                assert_eq!(self.consumed.load(Ordering::SeqCst), self.given);
                self.has_paused = false;
            }
            let n = (30_011 - self.given % 30_011).min(out.len());
            let n = n.min(1_000_000 - self.given);
            out[..n].fill(7);
            self.given += n;
            Ok(n)
        }
    }

    #[test]
    fn a_source_that_pauses_continues_when_all_was_consumed() {
        let consumed = AtomicUsize::new(0);
        let mut source = Pauses {
            given: 0,
            has_paused: false,
            consumed: &consumed,
        };
        let result = pipe(&mut source, &mut |reader| {
            let mut piece = [0; 999];
            loop {
                match reader.read(&mut piece) {
                    Ok(0) => return Ok(()),
                    Ok(n) => _ = consumed.fetch_add(n, Ordering::SeqCst),
                    Err(error) => return Err(error.kind()),
                }
            }
        });
        assert_eq!(result, Ok(()));
        assert_eq!(consumed.load(Ordering::SeqCst), 1_000_000);
    }

    #[test]
    fn a_consumer_that_returns_early_ends_the_source() {
        let mut endless = io::repeat(7);
        let first = pipe(&mut endless, &mut |reader| {
            let mut first = [0; 10];
            reader.read_exact(&mut first).map(|()| first)
        });
        assert_eq!(first.unwrap(), [7; 10]);
    }

    #[test]
    fn a_panic_of_the_consumer_continues_on_this_thread() {
        let mut endless = io::repeat(7);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pipe(&mut endless, &mut |_| std::panic::panic_any(5u8))
        }));
        assert_eq!(panic.unwrap_err().downcast_ref::<u8>(), Some(&5));
    }
}
