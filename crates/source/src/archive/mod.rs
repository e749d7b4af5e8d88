//! Archives and compressed streams: read forward once, with flat memory, trusting nothing.
//!
//! `stream` detects formats and decompresses; `tar`, `zip`, `deb`, `cpio` and `rpm` each read one container format; `walk` goes
//! through a container with all nested ones and hands over files that may be programs.
//!
//! Names inside containers are only reported. Nothing is written except private, unlinked temporary files.

#[doc(hidden)]
pub mod cpio;
#[doc(hidden)]
pub mod deb;
pub(crate) mod place;
pub(crate) mod problem;
#[doc(hidden)]
pub mod rpm;
pub(crate) mod scope;
pub(crate) mod stream;
#[doc(hidden)]
pub mod tar;
pub(crate) mod walk;
#[doc(hidden)]
pub mod zip;

mod codec;
mod feed;

pub use feed::Feed;
pub use place::Place;
pub(crate) use place::forget;
pub use problem::{ArchiveError, Reason};
pub use scope::Scope;
pub use stream::{Codec, Decompressed, Format, HEAD, StreamKind, decompress, decompress_as, sniff};
pub use walk::{Candidate, Input, Members, Receiver, Taken, Walker, Want};
