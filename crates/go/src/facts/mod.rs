//! The facts of one program. Each is derived by one function from what the toolchain wrote and from the tables; `record` lists
//! them.

pub(crate) mod call_chains;
pub mod capabilities;
mod debug_paths;
pub(crate) mod digest;
pub(crate) mod executable;
pub mod experiment;
pub mod fips;
pub(crate) mod goroot;
pub(crate) mod linked;
pub(crate) mod linked_functions;
pub(crate) mod linker_values;
pub(crate) mod module_list;
pub(crate) mod notes;
pub mod packages;
pub(crate) mod parts;
pub mod paths;
mod program;
pub(crate) mod settings;
mod source_versions;
pub(crate) mod versions;

pub use program::Program;
