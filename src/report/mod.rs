//! Reports: the serialisable record and one file per output format.
//!
//! Must never: compute a fact, read a file, print.

pub mod model;
