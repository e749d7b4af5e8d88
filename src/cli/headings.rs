//! The headings of options in help and manual pages, in the order in which a command has them.

/// What a command is asked for: its own options, the common ones first.
pub const COMMAND: &str = "Options";
/// What findings count, and how much.
pub const JUDGING: &str = "Judging";
/// The form and place of the result.
pub const OUTPUT: &str = "Output";
/// What is looked at.
pub const TARGETS: &str = "What to look at";
/// The database of known vulnerabilities.
pub const DATABASE: &str = "Vulnerability database";
/// Threads, memory, caches and connections.
pub const RUNNING: &str = "Running";
/// Bounds on what is read.
pub const LIMITS: &str = "Limits";
