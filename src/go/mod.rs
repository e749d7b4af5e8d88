//! Facts of one Go program, each with where it came from. No opinion.
//!
//! [`inspect()`] is the way in: it opens a file and hands each Go program in it to `record`, which lists the facts. The rooms, each of
//! which uses only those before it:
//!
//! 1. [`written`]: what the toolchain wrote about the build (build info, module text, build ID, other compilers' marks);
//! 2. [`tables`]: what the linker left for the program's own use (function table, module data, linker-set strings);
//! 3. `identify`: whether a program is Go, and the best copy of its build info;
//! 4. [`facts`]: the facts that are drawn from these;
//! 5. `corroborate`: claims of the build info held against evidence.
//!
//! Must never: touch the file system, start threads, print, judge.

mod corroborate;
pub mod facts;
mod identify;
mod inspect;
mod options;
mod record;
pub mod tables;
pub mod version;
pub mod written;

pub use inspect::{Found, Inspection, inspect};
pub use options::{Level, Options};
