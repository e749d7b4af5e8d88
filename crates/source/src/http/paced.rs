//! A response body with a lowest speed.

use std::io::{self, Read};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Bytes that must come within each timeout spent waiting: a connection slower than a modem counts as broken.
const SLOWEST: u64 = 16 << 10;

/// A body that must keep this speed: single bytes that come within the timeout are not enough.
pub struct PacedBody<R> {
    inner: R,
    /// The clock, which tests replace.
    now: fn(&R) -> Duration,
    patience: Duration,
    waited: Duration,
    got: u64,
}

impl<R> PacedBody<R> {
    pub fn new(inner: R, patience: Duration) -> Self {
        Self {
            inner,
            now: |_| clock(),
            patience,
            waited: Duration::ZERO,
            got: 0,
        }
    }
}

impl<R: Read> Read for PacedBody<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let start = (self.now)(&self.inner);
        let count = self.inner.read(out)?;
        // Counts only the time spent waiting for bytes: the reader may be slow.
        self.waited += (self.now)(&self.inner).saturating_sub(start);
        self.got += count as u64;
        if self.waited > self.patience {
            if self.got < SLOWEST && count > 0 {
                let text = format!(
                    "only {} bytes came in {} seconds",
                    self.got,
                    self.waited.as_secs()
                );
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            self.waited = Duration::ZERO;
            self.got = 0;
        }
        Ok(count)
    }
}

/// Time since the first call.
fn clock() -> Duration {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives this many bytes at each read, and states that each read took this many milliseconds.
    struct Line {
        bytes: usize,
        milliseconds: u64,
        reads: u64,
    }

    impl Read for Line {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.reads += 1;
            Ok(self.bytes.min(out.len()))
        }
    }

    #[test]
    fn a_body_that_is_too_slow_is_given_up_and_a_slow_reader_is_not() {
        for (bytes, milliseconds, passes) in [
            (1, 50, false),
            (100, 50, false),
            (4096, 50, true),
            (1, 0, true),
        ] {
            let line = Line {
                bytes,
                milliseconds,
                reads: 0,
            };
            let mut paced = PacedBody::new(line, Duration::from_secs(1));
            paced.now = |line| Duration::from_millis(line.reads * line.milliseconds);
            let mut out = vec![0; 4096];
            let failed = (0..200).find_map(|_| paced.read(&mut out).err());
            assert_eq!(
                failed.is_none(),
                passes,
                "{bytes} in {milliseconds} ms: {failed:?}"
            );
            if let Some(error) = failed {
                assert!(error.to_string().contains("bytes came in"), "{error}");
                assert_eq!(paced.inner.reads, 21);
            }
        }
    }
}
