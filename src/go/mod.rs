//! Facts of one Go program, each with where it came from. No opinion.
//!
//! [`inspect()`] is the way in: it opens a file, identifies the program and fills the record. The other modules are what it uses, one format
//! of Go's each. Must never: touch the file system, start threads, print, judge.

pub mod age;
pub mod buildinfo;
pub mod code_refs;
pub mod compiler;
pub mod corroborate;
mod debug_paths;
pub mod environment;
pub mod experiment;
pub mod fips;
mod full;
pub mod functions;
pub mod godebug;
pub mod goroot;
pub mod gosymtab;
pub mod identify;
pub mod inlining;
mod inspect;
pub mod ldflags;
pub mod linker_strings;
pub mod modinfo;
pub mod module_list;
pub mod moduledata;
pub mod packages;
mod parts;
pub mod paths;
pub mod pclntab;
pub mod record;

pub use inspect::{Found, Inspection, Level, Options, inspect};
