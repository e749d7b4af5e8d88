//! The decompressors behind one trait. Each works in steps over byte slices; between steps the caller counts and applies limits.

use super::scope::Lease;
use super::{ArchiveError, Codec, Scope};
use lzma_rust2::{Action, LzmaStream, Status as LzmaStatus, XzStream};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// The result of one step.
pub(super) struct Step {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    /// A member, frame or stream has ended; [`Decode::start`] looks at what follows.
    pub(super) end: bool,
    /// The error after `produced` bytes were written.
    pub(super) error: Option<ArchiveError>,
}

impl Step {
    /// A step from the decoder's own counters, which are also right after an error.
    fn counted(read: u64, written: u64, result: Result<bool, ArchiveError>) -> Self {
        let [consumed, produced] =
            [read, written].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        match result {
            Ok(end) => Self {
                consumed,
                produced,
                end,
                error: None,
            },
            Err(error) => Self {
                consumed,
                produced,
                end: false,
                error: Some(error),
            },
        }
    }
}

/// What follows at the start of a member.
pub(super) enum Start {
    /// Another member.
    Go,
    /// An empty member of this many bytes: it is skipped without making a decoder.
    Skip(u64),
    /// Nothing more of the stream. Bytes that follow are ignored, as the format's own tool does.
    Done,
}

/// Most first bytes that [`Decode::start`] needs.
pub(super) const START: usize = 32;

/// A decompressor.
pub(super) trait Decode {
    /// Looks at the first bytes of a member (fewer than [`START`] only at the end of the source) and takes memory for it.
    fn start(&mut self, first: bool, head: &[u8]) -> Result<Start, ArchiveError>;

    /// Whether [`Self::start`] would take more memory than it has for a member that begins so, and may wait for it.
    fn needs_memory(&self, _head: &[u8]) -> bool {
        false
    }

    /// Runs one step; `input` is empty only at the end of the source.
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError>;
}

/// The decompressor for `codec`.
pub(super) fn decoder<'a>(
    codec: Codec,
    scope: &'a Scope,
) -> Result<Box<dyn Decode + 'a>, ArchiveError> {
    Ok(match codec {
        Codec::Gzip => Box::new(Gzip {
            inflate: flate2::Decompress::new_gzip(15),
        }),
        Codec::Zstd => Box::new(Zstd::new(scope)?),
        Codec::Xz => Box::new(Xz {
            stream: XzStream::new_mem_limit(true, 0),
            lease: scope.lease(),
        }),
        Codec::Bzip2 => Box::new(Bzip2 {
            data: bzip2::Decompress::new(false),
            lease: scope.lease(),
            scope,
            yields: 0,
        }),
        Codec::Lzma => Box::new(Lzma {
            stream: LzmaStream::new_mem_limit(u32::MAX, None),
            lease: scope.lease(),
        }),
    })
}

/// RFC 1952; the library reads headers and checksums.
struct Gzip {
    inflate: flate2::Decompress,
}

impl Decode for Gzip {
    fn start(&mut self, first: bool, head: &[u8]) -> Result<Start, ArchiveError> {
        if first {
            return Ok(Start::Go);
        }
        if !head.starts_with(&[0x1f, 0x8b]) {
            return Ok(Start::Done);
        }
        self.inflate.reset(true);
        Ok(Start::Go)
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        Ok(inflate(&mut self.inflate, input, out, "gzip"))
    }
}

/// One step of an inflater with any framing.
pub(super) fn inflate(
    data: &mut flate2::Decompress,
    input: &[u8],
    out: &mut [u8],
    what: &str,
) -> Step {
    let (read, written) = (data.total_in(), data.total_out());
    let result = data.decompress(input, out, flate2::FlushDecompress::None);
    let result = result
        .map(|status| status == flate2::Status::StreamEnd)
        .map_err(|e| {
            ArchiveError::malformed(format!(
                "{what} data is corrupt ({})",
                e.message().unwrap_or("invalid")
            ))
        });
    Step::counted(data.total_in() - read, data.total_out() - written, result)
}

/// RFC 8878, by the reference library.
///
/// The library drops what it has produced in a call that ends with an error. So a call gets no byte of the next block, and what is read before a
/// damaged block does not depend on the size of buffers.
struct Zstd<'a> {
    decoder: Decoder<'static>,
    lease: Lease<'a>,
    /// Bytes that the library wants next: the rest of a block or header, and often the header of the block behind it.
    wanted: usize,
    /// Whether the library may have more output than there was room for.
    is_full: bool,
}

/// Bytes of a block header (RFC 8878, 3.1.1.2).
const ZSTD_BLOCK_HEADER: usize = 3;

/// Magic number of a frame.
pub(super) const ZSTD_FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Whether this is the magic number of a skippable frame: `0x184D2A50` to `0x184D2A5F`.
pub(super) fn zstd_skippable(magic: [u8; 4]) -> bool {
    magic[0] & 0xf0 == 0x50 && magic[1..] == [0x2a, 0x4d, 0x18]
}

impl<'a> Zstd<'a> {
    fn new(scope: &'a Scope) -> Result<Self, ArchiveError> {
        let mut decoder = Decoder::new()?;
        // The library rounds its limit to a power of two; the start of each frame is checked against the exact limit.
        let log = scope
            .limits
            .window
            .max(1 << 10)
            .next_power_of_two()
            .trailing_zeros()
            .clamp(10, 31);
        decoder.set_parameter(DParameter::WindowLogMax(log))?;
        Ok(Self {
            decoder,
            lease: scope.lease(),
            wanted: 0,
            is_full: false,
        })
    }

    fn run(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        let wanted = out.len();
        let mut input = InBuffer::around(input);
        let mut output = OutBuffer::around(out);
        self.wanted = self
            .decoder
            .run(&mut input, &mut output)
            .map_err(|e| ArchiveError::malformed(format!("zstd data is corrupt ({e})")))?;
        self.is_full = output.pos() == wanted;
        Ok(Step {
            consumed: input.pos(),
            produced: output.pos(),
            end: self.wanted == 0,
            error: None,
        })
    }
}

/// The window that a frame header asks for, and whether it names a dictionary (RFC 8878, 3.1.1.1). `None` if it is truncated.
fn zstd_window(head: &[u8]) -> Option<(u64, bool)> {
    let descriptor = *head.get(4)?;
    let single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let mut at = 5;
    let mut window = 0;
    if !single {
        let byte = *head.get(at)?;
        let base = 1u64 << (10 + (byte >> 3));
        window = base + base / 8 * u64::from(byte & 7);
        at += 1;
    }
    let named = head.get(at..at + dictionary)?.iter().any(|b| *b != 0);
    at += dictionary;
    if single {
        let len = [1, 2, 4, 8][usize::from(descriptor >> 6)];
        let mut bytes = [0; 8];
        bytes
            .get_mut(..len)?
            .copy_from_slice(head.get(at..at + len)?);
        window = u64::from_le_bytes(bytes) + if len == 2 { 256 } else { 0 };
    }
    Some((window, named))
}

impl Decode for Zstd<'_> {
    fn start(&mut self, first: bool, head: &[u8]) -> Result<Start, ArchiveError> {
        let Some(magic) = head.first_chunk::<4>().copied() else {
            return if head.is_empty() && !first {
                Ok(Start::Done)
            } else {
                Err(self.trailing(head))
            };
        };
        if zstd_skippable(magic) {
            let len = head
                .get(4..8)
                .and_then(|len| len.first_chunk().copied())
                .ok_or_else(|| ArchiveError::truncated("ends inside a skippable zstd frame"))?;
            return Ok(Start::Skip(8 + u64::from(u32::from_le_bytes(len))));
        }
        if magic != ZSTD_FRAME {
            return Err(self.trailing(head));
        }
        let (window, dictionary) = zstd_window(head)
            .ok_or_else(|| ArchiveError::truncated("ends inside a zstd frame header"))?;
        if dictionary {
            return Err(ArchiveError::unsupported(
                "zstd data that needs a dictionary",
            ));
        }
        self.lease.grow(window)?;
        (self.wanted, self.is_full) = (0, false);
        Ok(Start::Go)
    }

    fn needs_memory(&self, head: &[u8]) -> bool {
        let window = zstd_window(head).filter(|_| head.starts_with(&ZSTD_FRAME));
        window.is_some_and(|(window, _)| window > self.lease.bytes())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        if self.is_full {
            let step = self.run(&[], out)?;
            if step.produced > 0 || step.end {
                return Ok(step);
            }
        }
        let most = self.wanted.saturating_sub(ZSTD_BLOCK_HEADER).max(1);
        self.run(input.get(..most).unwrap_or(input), out)
    }
}

impl Zstd<'_> {
    fn trailing(&self, head: &[u8]) -> ArchiveError {
        if head.iter().all(|b| *b == 0) {
            return ArchiveError::malformed("zeros follow the last zstd frame");
        }
        ArchiveError::malformed("what follows the last zstd frame is not a frame")
    }
}

/// The .xz file format; the library reads streams and padding.
struct Xz<'a> {
    stream: XzStream,
    lease: Lease<'a>,
}

/// The library's estimate of a decoder without dictionary, in KiB.
const XZ_OVERHEAD: u32 = 40;

impl Decode for Xz<'_> {
    fn start(&mut self, first: bool, _head: &[u8]) -> Result<Start, ArchiveError> {
        Ok(if first { Start::Go } else { Start::Done })
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let action = if input.is_empty() {
            Action::Finish
        } else {
            Action::Run
        };
        let result = match self.stream.process(input, out, action) {
            Ok(r) => Ok(r.status == LzmaStatus::StreamEnd),
            // The library stops before a block that needs more memory, and continues when given it.
            Err(e) if e.kind() == std::io::ErrorKind::OutOfMemory => {
                let need = self.stream.memory_usage().unwrap_or(u32::MAX);
                self.lease
                    .grow(u64::from(need.saturating_sub(XZ_OVERHEAD)) << 10)?;
                self.stream.set_mem_limit(need);
                Ok(false)
            }
            Err(e) => Err(lzma_error("xz", &e)),
        };
        Ok(Step::counted(
            self.stream.total_in() - read,
            self.stream.total_out() - written,
            result,
        ))
    }
}

fn lzma_error(what: &str, e: &std::io::Error) -> ArchiveError {
    match e.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            ArchiveError::truncated(format!("{what} data ends too early"))
        }
        std::io::ErrorKind::Unsupported => ArchiveError::unsupported(format!("{what} data: {e}")),
        _ => ArchiveError::malformed(format!("{what} data is corrupt ({e})")),
    }
}

struct Bzip2<'a> {
    data: bzip2::Decompress,
    lease: Lease<'a>,
    scope: &'a Scope,
    /// Bytes that this stream has produced.
    yields: u64,
}

/// A stream that produces fewer bytes was not worth its decoder: the smallest block size is larger.
const BZIP2_WASTED: u64 = 50_000;

/// Length of a stream without blocks: magic number, level, end mark and checksum.
const BZIP2_EMPTY: u64 = 14;

/// Whether a stream without blocks begins here (format: `BZ2_compressBlock` in `compress.c` of bzip2).
fn bzip2_empty(head: &[u8]) -> bool {
    head.first_chunk::<14>().is_some_and(|empty| {
        empty.starts_with(b"BZh")
            && matches!(empty[3], b'1'..=b'9')
            && empty[4..] == [0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0, 0, 0, 0]
    })
}

/// Approximate memory of a bzip2 decoder with the largest block size: bzip2 manual, "Memory management".
const BZIP2_MEMORY: u64 = 4 << 20;

impl Decode for Bzip2<'_> {
    fn start(&mut self, first: bool, head: &[u8]) -> Result<Start, ArchiveError> {
        if bzip2_empty(head) {
            return Ok(Start::Skip(BZIP2_EMPTY));
        }
        if !first {
            if !head.starts_with(b"BZh") {
                return Ok(Start::Done);
            }
            if self.yields < BZIP2_WASTED {
                self.scope.count_wasted_decoder()?;
            }
            self.yields = 0;
            self.data = bzip2::Decompress::new(false);
        }
        self.lease.grow(BZIP2_MEMORY)?;
        Ok(Start::Go)
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        let (read, written) = (self.data.total_in(), self.data.total_out());
        let result = self.data.decompress(input, out);
        let result = result
            .map(|status| status == bzip2::Status::StreamEnd)
            .map_err(|e| ArchiveError::malformed(format!("bzip2 data is corrupt ({e})")));
        self.yields += self.data.total_out() - written;
        Ok(Step::counted(
            self.data.total_in() - read,
            self.data.total_out() - written,
            result,
        ))
    }
}

/// The older .lzma format: properties, dictionary size, length (LZMA SDK, "lzma.txt").
struct Lzma<'a> {
    stream: LzmaStream,
    lease: Lease<'a>,
}

/// The dictionary size that a .lzma header names.
pub(super) fn lzma_dictionary(head: &[u8]) -> Option<u32> {
    head.get(1..5)?
        .first_chunk::<4>()
        .copied()
        .map(u32::from_le_bytes)
}

impl Decode for Lzma<'_> {
    fn start(&mut self, first: bool, head: &[u8]) -> Result<Start, ArchiveError> {
        if !first {
            // The format has no second stream: what follows is data beyond the stated length.
            return match head.iter().all(|b| *b == 0) {
                true => Ok(Start::Done),
                false => Err(ArchiveError::malformed(
                    "lzma data goes on after its stated length",
                )),
            };
        }
        let dictionary = lzma_dictionary(head)
            .ok_or_else(|| ArchiveError::truncated("ends inside the lzma header"))?;
        self.lease.grow(u64::from(dictionary))?;
        Ok(Start::Go)
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, ArchiveError> {
        let action = if input.is_empty() {
            Action::Finish
        } else {
            Action::Run
        };
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let result = self.stream.process(input, out, action);
        let result = result
            .map(|r| r.status == LzmaStatus::StreamEnd)
            .map_err(|e| lzma_error("lzma", &e));
        Ok(Step::counted(
            self.stream.total_in() - read,
            self.stream.total_out() - written,
            result,
        ))
    }
}
