//! The output buffer of the decompressors.

use super::UnpackError;

/// The buffer grows by this much at a time, so that memory follows the expanded bytes, whatever a header states.
const STEP: usize = 64 << 10;
/// Copies are made in pieces of this length if there is room, which is cheaper than exact lengths.
const PIECE: usize = 16;

/// What is wrong with a stream. Small, because it is part of the result of every bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The stream ends too early.
    Short,
    /// The stream has something that no packer writes.
    Bad,
}

impl Flaw {
    /// The error for a stream of this kind.
    pub fn of(self, stream: &'static str) -> UnpackError {
        match self {
            Self::Short => UnpackError::Truncated(stream),
            Self::Bad => UnpackError::Corrupt(stream),
        }
    }
}

/// Expanded bytes, appended to a vector. [`Sink::finish`] cuts the vector to them.
pub(super) struct Sink<'o> {
    /// The bytes before this stream, those of the stream so far, and unused room.
    out: &'o mut Vec<u8>,
    /// Where this stream begins in `out`.
    base: usize,
    /// Where its next byte goes.
    at: usize,
    /// Where it ends when it is complete.
    end: usize,
    /// Where the requested part of it ends.
    until: usize,
}

impl<'o> Sink<'o> {
    /// For a stream of `want` bytes; the first `until` of them are enough.
    pub fn new(out: &'o mut Vec<u8>, want: usize, until: usize) -> Result<Self, Flaw> {
        let base = out.len();
        let end = base.checked_add(want).ok_or(Flaw::Bad)?;
        Ok(Self {
            base,
            at: base,
            end,
            until: base.saturating_add(until).min(end),
            out,
        })
    }

    /// Bytes expanded so far.
    pub fn done(&self) -> usize {
        self.at - self.base
    }

    /// Whether only a part was requested, and that part is complete.
    #[inline(always)]
    pub fn is_partial_and_enough(&self) -> bool {
        self.at >= self.until && self.until < self.end
    }

    /// Whether all bytes of the stream were expanded.
    pub fn is_full(&self) -> bool {
        self.at >= self.end
    }

    /// The byte `back` positions before the next one; 0 before the first.
    pub fn before(&self, back: usize) -> u8 {
        let at = self.at.checked_sub(back).filter(|at| *at >= self.base);
        at.and_then(|at| self.out.get(at)).copied().unwrap_or(0)
    }

    /// Makes room for `more` bytes.
    #[inline(always)]
    fn reserve(&mut self, more: usize) -> Result<(), Flaw> {
        if more > self.end - self.at {
            return Err(Flaw::Bad);
        }
        if self.at + more > self.out.len() {
            self.grow(more);
        }
        Ok(())
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let len = self
            .at
            .saturating_add(more)
            .saturating_add(STEP)
            .min(self.end);
        self.out.resize(len, 0);
    }

    /// Appends a byte.
    #[inline(always)]
    pub fn push(&mut self, byte: u8) -> Result<(), Flaw> {
        self.reserve(1)?;
        if let Some(place) = self.out.get_mut(self.at) {
            *place = byte;
        }
        self.at += 1;
        Ok(())
    }

    /// Appends the `len` bytes of `src` at `at`.
    #[inline(always)]
    pub fn extend(&mut self, src: &[u8], at: usize, len: usize) -> Result<(), Flaw> {
        self.reserve(len)?;
        if len <= PIECE
            && let (Some(place), Some(source)) = (
                self.out.get_mut(self.at..self.at + PIECE),
                src.get(at..at + PIECE),
            )
        {
            // Excess bytes are overwritten by the next ones, or cut off at the end.
            place.copy_from_slice(source);
        } else {
            let source = src.get(at..at + len).ok_or(Flaw::Short)?;
            if let Some(place) = self.out.get_mut(self.at..self.at + len) {
                place.copy_from_slice(source);
            }
        }
        self.at += len;
        Ok(())
    }

    /// Appends `len` bytes that start `back` bytes before the end; the two may overlap.
    #[inline(always)]
    pub fn copy(&mut self, back: usize, len: usize) -> Result<(), Flaw> {
        if back == 0 || back > self.done() {
            return Err(Flaw::Bad);
        }
        self.reserve(len)?;
        let from = self.at - back;
        if back >= PIECE && self.out.len() - self.at >= len + PIECE {
            let mut done = 0;
            while done < len {
                let source = from + done;
                self.out.copy_within(source..source + PIECE, self.at + done);
                done += PIECE;
            }
            self.at += len;
            return Ok(());
        }
        self.copy_long(from, back, len);
        Ok(())
    }

    fn copy_long(&mut self, from: usize, back: usize, len: usize) {
        if back == 1 {
            let byte = self.before(1);
            if let Some(place) = self.out.get_mut(self.at..self.at + len) {
                place.fill(byte);
            }
            self.at += len;
            return;
        }
        let mut left = len;
        // Each round extends the source by what was just appended, so the next may copy twice as much in one piece.
        while left > 0 {
            let n = left.min(self.at - from);
            self.out.copy_within(from..from + n, self.at);
            self.at += n;
            left -= n;
        }
    }

    /// Cuts the vector after the expanded bytes, which must be all of the stream, or as many as were requested.
    pub fn finish(self) -> Result<(), Flaw> {
        let enough = self.until < self.end && self.at >= self.until;
        self.out.truncate(if enough { self.until } else { self.at });
        if enough || self.at == self.end {
            Ok(())
        } else {
            Err(Flaw::Bad)
        }
    }
}
