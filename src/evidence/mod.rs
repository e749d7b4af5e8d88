//! What others say of a program: go.sum files, a checksum database, provenance documents, a checkout.
//!
//! Must never: judge a record, print, or run a program.

mod sums;

pub use sums::{Lookups, Mode, SumSources, is_folder};
