//! The facts of one program. Each is derived by one function from what the toolchain wrote and from the tables; `record` lists
//! them.

pub mod capabilities;
mod debug_paths;
pub(crate) mod digest;
pub mod executable;
pub mod experiment;
pub mod fips;
pub mod goroot;
pub mod linked;
pub mod linked_functions;
pub mod linker_values;
pub mod module_list;
pub mod notes;
pub mod packages;
pub mod parts;
pub mod paths;
mod program;
pub mod settings;
pub mod versions;

pub use program::Program;
