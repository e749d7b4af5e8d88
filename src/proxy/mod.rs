//! Go's module proxy and checksum database: asked as the `go` command asks them (<https://go.dev/ref/mod#goproxy-protocol>,
//! <https://go.dev/ref/mod#checksum-database>).
//!
//! What a proxy says is believed when the checksum database says the same: its tree head is signed, the record is proven to be in the tree, and the
//! tree to continue the one that was seen before.
//!
//! Must never: run a version control system, print, or send a credential to another host than it is for.

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

pub use client::{Info, Proxies};
pub use dirhash::{of_go_mod, of_zip};
pub use environment::Settings;
pub use error::{ProxyError, SettingError};
pub use escape::{escape_path, escape_version};
pub use module_cache::{Layered, ModuleCache, Nowhere};
pub use pattern::matches_prefix;
pub use sumdb::{Store, Sums};
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
