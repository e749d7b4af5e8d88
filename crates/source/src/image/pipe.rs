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
/// before it, as from the source itself. If `consume` returns early, the rest of the source is not read. If no thread can be started, `consume`
/// reads the source on this thread.
pub fn pipe<T: Send>(
    source: &mut dyn Read,
    consume: &mut (dyn FnMut(&mut dyn Read) -> T + Send),
) -> T {
    let (full, pieces) = sync_channel(WAITING);
    let (back, empty) = channel();
    let result = scope(|threads| {
        let consumer = Builder::new().spawn_scoped(threads, || {
            consume(&mut PipeReader {
                pieces,
                back,
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
        None => consume(source),
    }
}

/// Sends the bytes of the source until it ends or fails, or the consumer has returned.
fn produce(
    source: &mut dyn Read,
    full: SyncSender<io::Result<Vec<u8>>>,
    empty: &Receiver<Vec<u8>>,
) {
    loop {
        let mut piece = empty.try_recv().unwrap_or_else(|_| vec![0; PIECE]);
        let (len, error) = fill(source, &mut piece);
        piece.truncate(len);
        let is_last = len < PIECE;
        if (len > 0 && full.send(Ok(piece)).is_err()) || is_last {
            if let Some(error) = error {
                // The consumer may have returned.
                let _ = full.send(Err(error));
            }
            return;
        }
    }
}

/// Fills a piece, except at the end of the source or at an error.
fn fill(source: &mut dyn Read, piece: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut len = 0;
    while let Some(rest) = piece.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (len, Some(e)),
        }
    }
    (len, None)
}

/// The consumer's end of the pipe.
struct PipeReader {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Returns used pieces to the producer.
    back: Sender<Vec<u8>>,
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
                let _ = self.back.send(used);
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
