//! Clients for Go module proxies and checksum databases, which ask them as the `go` command does (<https://go.dev/ref/mod#goproxy-protocol>,
//! <https://go.dev/ref/mod#checksum-database>).
//!
//! Content of a proxy is accepted when its checksum is that of the checksum database. Records of the database are verified: the tree head is signed, the record is in the
//! tree, and the tree continues the one that was seen before.
//!
//! Must never: run a version control system, print, or send a credential to another host than it is for.

mod at_once;
mod client;
mod credentials;
mod dirhash;
mod environment;
mod error;
mod escape;
mod module_cache;
mod note;
mod pattern;
mod sumdb;
mod tree;

pub(crate) use at_once::at_once;
pub use client::Proxies;
pub use dirhash::{of_go_mod, of_zip};
pub use environment::Settings;
pub use error::ProxyError;
pub use escape::{escape_path, escape_version};
pub use module_cache::{Layered, MemoryStore, ModuleCache, NoStore};
pub use sumdb::{Store, Sums};
#[cfg(test)]
mod ahead_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
