//! Known vulnerabilities: a database of facts about modules, and what a record says about them.
//!
//! Must never: read files, ask a network, look at a clock. Where a database comes from is the caller's business.

pub mod database;
