//! What each package can do.

use super::program::Program;
use crate::calls::capabilities;
use gospect_knowledge::modules;
use gospect_record::{LinkedPackage, PackageCapability};
use std::collections::BTreeMap;

/// Adds the capabilities to the packages, if they were asked for. Returns why they are unknown.
pub fn add(program: &Program<'_>, packages: &mut Option<Vec<LinkedPackage>>) -> Option<String> {
    let packages = packages.as_mut().filter(|_| program.capabilities)?;
    let found = match capabilities::read(&program.tables, program.minor()) {
        Ok(found) => found,
        Err(why) => return Some(format!("what its packages can do is not known: {why}")),
    };
    // Vendored packages have the path by which they are imported.
    let mut by_path: BTreeMap<&str, Vec<PackageCapability>> = BTreeMap::new();
    for (path, capabilities) in &found {
        let all = by_path.entry(modules::unvendored(path)).or_default();
        all.extend(capabilities.iter().cloned());
    }
    for capabilities in by_path.values_mut() {
        capabilities.sort_by(|a, b| {
            let key = |c: &PackageCapability| (!c.certain, !c.direct, c.chain.len());
            (&a.capability, key(a)).cmp(&(&b.capability, key(b)))
        });
        capabilities.dedup_by(|b, a| a.capability == b.capability);
    }
    for package in packages {
        let capabilities = by_path.remove(package.path.as_str());
        package.capabilities = Some(capabilities.unwrap_or_default());
    }
    None
}
