//! The record: the result of a scan, in the form that scripts rely on.
//!
//! Every stage works on these types: `go` fills them, `scan` delivers them, `audit` judges them, `report` writes them, and
//! `records:` targets read them back, so each type is both serialised and deserialised. `None` is written as `null` and means
//! "unknown" unless the field says otherwise; a guess is never written as a fact. Keys are part of the public contract: add
//! freely, never rename.
//!
//! Must never read a file, judge, or depend on a stage.
//!
//! ```
//! use gospect_record::{Binary, Line, write};
//!
//! let mut binary = Binary::default();
//! binary.path = "dist/app".to_owned();
//! let mut text = Vec::new();
//! write::write(&Line::Binary(Box::new(binary.clone())), &mut text)?;
//! assert_eq!(serde_json::from_slice::<Line>(&text)?, Line::Binary(Box::new(binary)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod arguments;
mod binary;
mod build_info;
mod document;
pub mod environment;
mod facts;
pub mod functions;
pub mod godebug;
mod image;
mod location;
pub mod main_version;
mod port;
mod program;
pub mod purl;
pub mod read;
pub mod rebuild;
mod size;
mod stand_ins;
mod stream;
pub mod why;
mod word;
mod words;
pub mod write;

#[cfg(test)]
extern crate self as gospect_record;
#[cfg(test)]
#[allow(dead_code)] // other crates use the rest
#[path = "../../test-support/src/records.rs"]
mod sample;

pub use binary::{
    Binary, Changelog, ChangelogName, Executable, Owner, PartDigest, SourcePackage, VersionRange,
};
pub use build_info::{BuildInfo, CPU_LEVELS, Module, Setting};
pub use document::Document;
pub use facts::{
    Corroboration, EffectiveSetting, Evidence, Experiments, Fips, Godebug, Goroot, Linkage, Linked,
    LinkedPackage, LinkerString, ModuleVersion, PackageCapability, PathLeak, VersionClaim,
};
pub use functions::Functions;
pub use image::{ImageRecord, LayerRecord, Rootfs, Started};
pub use location::{ImageRef, LayerRef, Location};
pub use program::{FoundProgram, ProgramPlace};
pub use stand_ins::StandIn;
pub use stream::{End, KnowledgeDate, Line, Reach, Run, SCHEMA, Summary, Tool, Unexamined};
pub use word::{Word, Words};
pub use words::{
    Algorithm, BuildInfoSource, Capability, Checksum, Claim, Compiler, Crypto, Endian,
    EvidenceSource, ExecutableKind, FipsMode, Format, FunctionSource, GodebugOrigin, GodebugStatus,
    GorootOrigin, Level, Loopvar, ModuleList, OwnerSource, PackageKind, Part, PathKind, Reason,
    Relro, Verdict, VersionSource,
};
