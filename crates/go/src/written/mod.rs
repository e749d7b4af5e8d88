//! What the toolchain wrote about a build into the program. Each file reads one form of it and needs no table.

pub(crate) mod build_id;
pub mod buildinfo;
pub mod compiler;
pub mod go_string;
pub mod modinfo;
