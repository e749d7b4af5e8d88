//! Main module, dependencies, version control.

pub mod built_from_files;
pub mod denied_module;
pub mod dirty_tree;
pub mod local_replace;
pub mod missing_sum;
pub mod missing_vcs_stamp;
pub mod module_below_floor;
pub mod module_sum_conflict;
pub mod module_sum_mismatch;
pub mod module_sum_unknown;
pub mod modules_unknown;
pub mod replaced_module;
mod unanswered;
pub mod unversioned_dependency;
pub mod unversioned_main;
pub mod versions_disagree;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Source;

use gospect_record::Module;

/// The module that was compiled: the replacement, if there is one.
pub(super) fn effective(module: &Module) -> &Module {
    module.replace.as_deref().unwrap_or(module)
}

/// Whether the replacement is a directory: it has no version, and its path is a file path.
pub(super) fn is_directory(module: &Module) -> bool {
    let p = module.path.as_str();
    let absolute = p.starts_with('/')
        || (p.as_bytes().get(1) == Some(&b':')
            && p.as_bytes().first().is_some_and(u8::is_ascii_alphabetic));
    module.version.is_empty() || p.starts_with("./") || p.starts_with("../") || absolute
}
