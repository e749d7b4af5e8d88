//! Where candidates come from: directories, archives, images, registries, processes.
//!
//! Must never: interpret what Go wrote, print, or write anything outside a private temporary file and the cache.
//!
//! ```
//! use gospect_source::target::Target;
//! use std::ffi::OsStr;
//!
//! let target = Target::parse(OsStr::new("registry:example.org/app:1.2")).unwrap();
//! assert_eq!(target, Target::Registry("example.org/app:1.2".to_owned()));
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

#[cfg(feature = "archives")]
pub mod archive;
#[cfg(feature = "archives")]
pub mod cache;
#[doc(hidden)]
pub mod dir;
#[cfg(feature = "archives")]
#[doc(hidden)]
pub mod foreign;
#[cfg(feature = "registry")]
#[doc(hidden)]
pub mod http;
pub(crate) mod ignored;
#[cfg(feature = "archives")]
pub mod image;
#[doc(hidden)]
pub mod listing;
pub mod packages;
#[cfg(target_os = "linux")]
pub mod process;
#[doc(hidden)]
pub mod queue;
#[cfg(feature = "registry")]
pub mod registry;
pub mod target;
pub mod walk;

/// Readers of single files for the fuzzers.
#[doc(hidden)]
pub mod fuzzing {
    #[doc(hidden)]
    pub mod ignored {
        pub use crate::ignored::parse;
    }
}
