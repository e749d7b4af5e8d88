//! Archives and compressed streams: read forward once, with flat memory, trusting nothing.
//!
//! `stream` detects formats and decompresses; `tar`, `zip`, `deb`, `cpio` and `rpm` each read one container format; `walk` goes
//! through a container with all nested ones and hands over files that may be programs.
//!
//! Names inside containers are only reported. Nothing is written except private, unlinked temporary files.

pub mod cpio;
pub mod deb;
pub mod place;
pub mod problem;
pub mod rpm;
pub mod scope;
pub mod stream;
pub mod tar;
pub mod walk;
pub mod zip;

mod codec;
mod feed;

pub use feed::Feed;
pub use place::Place;
pub(crate) use place::forget;
pub use problem::{ArchiveError, Reason};
pub use scope::Scope;
pub use stream::{Codec, Decompressed, Format, StreamKind, decompress, decompress_as, sniff};
pub use walk::{Candidate, Input, Members, Receiver, Taken, Walker, Want};
