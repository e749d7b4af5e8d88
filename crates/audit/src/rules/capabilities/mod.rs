//! What packages can do. These rules need records with capabilities: with `--capabilities`, or a policy or baseline that uses them.

pub mod capability_gained;
pub mod capability_not_allowed;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Capabilities;

use super::prelude::Report;
use crate::capabilities::{meaning, proof};
use gospect_record::PackageCapability;

/// Names of capabilities for options: all of them, and the group of those that change the state of the system.
const NAMES: [&str; 16] = [
    "ARBITRARY_EXECUTION",
    "CGO",
    "EXEC",
    "FILES",
    GROUP,
    "MODIFY_SYSTEM_STATE/CHDIR",
    "MODIFY_SYSTEM_STATE/ENV",
    "MODIFY_SYSTEM_STATE/LOGGING",
    "MODIFY_SYSTEM_STATE/SIGNALS",
    "NETWORK",
    "OPERATING_SYSTEM",
    "READ_SYSTEM_STATE",
    "REFLECT",
    "RUNTIME",
    "SYSTEM_CALLS",
    "UNSAFE_POINTER",
];
const GROUP: &str = "MODIFY_SYSTEM_STATE";

/// Whether a name in an option includes a capability.
fn stands_for(name: &str, capability: &str) -> bool {
    let rest = capability.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || (name == GROUP && rest.starts_with('/')))
}

/// A finding about one capability of a module.
fn report(module: &str, versioned: &str, found: &PackageCapability, now: &str) -> Report {
    let capability = found.capability.as_str();
    let verb = if found.certain { "can" } else { "may" };
    Report::new(format!("{versioned} {verb}{now} {}", meaning(capability)))
        .see("module", versioned)
        .see("capability", capability)
        .see("chain", proof(found))
        .salient(module)
        .salient(capability)
}

#[cfg(test)]
mod tests {
    use super::{NAMES, stands_for};
    use gospect_record::Capability;

    #[test]
    fn options_can_name_every_capability() {
        for capability in Capability::ALL {
            let name = capability.as_str();
            assert!(NAMES.contains(&name), "{name}");
            assert!(stands_for(name, name), "{name}");
        }
        assert_eq!(NAMES.len(), Capability::ALL.len() + 1);
        assert!(stands_for("MODIFY_SYSTEM_STATE", "MODIFY_SYSTEM_STATE/ENV"));
        assert!(!stands_for("FILES", "FILES/READ"));
        assert!(!stands_for("EXE", "EXEC"));
    }
}
