//! The integration tests: behaviour that users see, on real Go programs and damaged ones. All are one program, because each test
//! program links the library.

#[cfg(all(feature = "cli", feature = "archives"))]
mod advice;
#[cfg(all(feature = "cli", feature = "archives", feature = "verify"))]
mod attached;
#[cfg(all(feature = "cli", feature = "archives"))]
mod bundles;
#[cfg(all(feature = "cli", feature = "registry"))]
mod cache;
#[cfg(all(feature = "cli", feature = "archives"))]
mod calls;
mod calls_hostile;
mod capabilities;
#[cfg(all(feature = "cli", feature = "archives"))]
mod cli_audit;
#[cfg(all(feature = "cli", feature = "archives"))]
mod cli_commands;
#[cfg(all(feature = "cli", feature = "archives"))]
mod cli_diff;
#[cfg(all(feature = "cli", feature = "archives"))]
mod cli_lint;
#[cfg(all(feature = "cli", feature = "archives"))]
mod cli_records;
#[cfg(feature = "archives")]
mod debug_info;
#[cfg(all(feature = "cli", feature = "archives"))]
mod diff_images;
#[cfg(feature = "archives")]
mod differential;
mod distribution_fixes;
mod docs;
#[cfg(all(feature = "cli", feature = "archives"))]
mod exit_codes;
#[cfg(feature = "archives")]
mod fixtures;
#[cfg(all(feature = "cli", feature = "archives"))]
mod forms;
mod godebug_runtime;
#[cfg(feature = "archives")]
mod goroot;
#[cfg(all(unix, feature = "cli", feature = "archives"))]
mod guard;
#[cfg(feature = "archives")]
mod hostile;
#[cfg(all(feature = "cli", feature = "archives"))]
mod image_start;
#[cfg(all(feature = "cli", feature = "archives"))]
mod images;
#[cfg(all(feature = "cli", target_os = "linux"))]
mod large_records;
mod layers;
#[cfg(all(feature = "cli", feature = "archives"))]
mod limits;
#[cfg(all(feature = "cli", feature = "archives"))]
mod linked_functions;
#[cfg(all(feature = "cli", feature = "archives"))]
mod lint_cases;
#[cfg(all(feature = "cli", feature = "archives"))]
mod lint_kinds;
#[cfg(all(feature = "cli", feature = "archives"))]
mod lint_walk;
mod literals;
#[cfg(feature = "archives")]
mod malformed;
#[cfg(all(feature = "cli", feature = "archives"))]
mod modules_unknown;
#[cfg(feature = "archives")]
mod objects;
#[cfg(all(feature = "cli", feature = "archives"))]
mod old_go;
#[cfg(all(feature = "cli", feature = "archives", unix))]
mod owners;
#[cfg(unix)]
mod packaging;
#[cfg(feature = "archives")]
mod packed;
#[cfg(all(feature = "cli", feature = "archives"))]
mod pages;
#[cfg(feature = "archives")]
mod parity;
#[cfg(all(unix, feature = "cli", feature = "archives"))]
mod picture;
mod promises;
mod public_api;
#[cfg(all(unix, feature = "cli", feature = "archives"))]
mod query;
#[cfg(feature = "archives")]
mod questions;
#[cfg(all(feature = "cli", feature = "archives"))]
mod reach;
#[cfg(feature = "archives")]
mod reads;
#[cfg(all(feature = "cli", feature = "archives"))]
mod rebuild;
mod record_schema;
#[cfg(all(feature = "registry", unix))]
mod registry;
#[cfg(all(feature = "cli", unix))]
mod releases;
#[cfg(all(feature = "cli", feature = "archives"))]
mod rules;
mod sbom;
#[cfg(all(unix, feature = "cli", feature = "registry"))]
mod secrets;
#[cfg(all(feature = "cli", feature = "archives"))]
mod sizes;
mod sums;
mod support;
#[cfg(all(unix, feature = "cli", feature = "archives"))]
mod surroundings;
#[cfg(feature = "archives")]
mod tamper;
#[cfg(all(feature = "cli", feature = "archives", target_os = "linux"))]
mod terminal;
mod texts;
#[cfg(all(feature = "cli", feature = "verify"))]
mod verify;
#[cfg(all(feature = "cli", feature = "archives"))]
mod version;
#[cfg(all(feature = "cli", feature = "archives", unix))]
mod version_command;
#[cfg(all(feature = "cli", feature = "archives"))]
mod vex;
mod vuln;
#[cfg(all(feature = "cli", feature = "registry"))]
mod vuln_lists;
#[cfg(all(feature = "cli", feature = "registry"))]
mod vulndb;
#[cfg(all(feature = "cli", feature = "registry"))]
mod vulndb_server;
mod whole_names;
