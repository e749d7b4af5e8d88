//! Archives and compressed streams: read forward once, flat in memory, trusting nothing.
//!
//! `stream` tells kinds apart and decompresses; `tar`, `zip`, `deb`, `cpio`, `rpm` read one container format each;
//! `walk` goes through a whole container, nested ones included, and hands over what may be a program.
//!
//! Names inside containers are only ever reported. Nothing is written but a private, unlinked temporary file.

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

#[cfg(test)]
pub(crate) mod build;
mod codec;
mod feed;

pub use feed::Feed;
pub use place::Place;
pub(crate) use place::forget;
pub use problem::{ArchiveError, Reason};
pub use scope::Scope;
pub use stream::{Codec, Decompressed, Format, Kind, decompress, decompress_as, sniff};
pub use walk::{Candidate, Input, Members, Receiver, Taken, Walker, Want};
