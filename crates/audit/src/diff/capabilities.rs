//! Compares what the modules of a program can do.

use super::changes::Changes;
use super::{Change, Class, Direction};
use crate::capabilities::{meaning, of_modules, proof, with_version};
use gospect_record::Binary;

/// Capabilities that modules gained and lost; nothing where one side does not know them.
pub(super) fn compare(old: &Binary, new: &Binary) -> Vec<Change> {
    let (Some(before), Some(now)) = (of_modules(old), of_modules(new)) else {
        return Vec::new();
    };
    let mut out = Changes::default();
    for (module, capabilities) in &now {
        let known = before.get(module);
        let gained = capabilities
            .iter()
            .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
        for (name, found) in gained {
            let verb = if found.certain { "can" } else { "may" };
            let text = format!("{verb} now {}: {}", meaning(name), proof(found));
            // Modules that only call others with the capability follow from those.
            let is_worse = found.direct && found.certain;
            let key = with_version(new, module);
            let added = Direction::Added;
            out.push(Class::Capability, &key, added, None, Some(&text), is_worse);
        }
    }
    for (module, capabilities) in &before {
        let known = now.get(module);
        let lost = capabilities
            .iter()
            .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
        for (name, found) in lost {
            let verb = if found.certain { "could" } else { "might" };
            let text = format!("{verb} {}", meaning(name));
            let key = with_version(old, module);
            let removed = Direction::Removed;
            out.push(Class::Capability, &key, removed, Some(&text), None, false);
        }
    }
    out.0.sort_by_key(|change| !change.worse);
    out.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_record::{LinkedPackage, PackageCapability};

    /// A capability: its name, and two facts of it.
    type Row<'t> = (&'t str, bool, bool);

    fn program(rows: &[(&str, &[Row])]) -> Binary {
        let row = |(module, found): &(&str, &[(&str, bool, bool)])| LinkedPackage {
            path: format!("{module}/p"),
            module: Some((*module).into()),
            capabilities: Some(
                found
                    .iter()
                    .map(|(name, direct, certain)| PackageCapability {
                        capability: (*name).into(),
                        direct: *direct,
                        certain: *certain,
                        chain: vec![format!("{module}/p.F"), "os.StartProcess".into()],
                    })
                    .collect(),
            ),
            ..LinkedPackage::default()
        };
        Binary {
            packages: Some(rows.iter().map(row).collect()),
            ..Binary::default()
        }
    }

    #[test]
    fn directly_gained_capabilities_come_first() {
        let old = program(&[
            ("a", &[("FILES", true, true)]),
            ("b", &[("NETWORK", true, true)]),
        ]);
        let new = program(&[
            ("a", &[("EXEC", false, true), ("FILES", true, true)]),
            ("c", &[("EXEC", true, true), ("CGO", true, false)]),
        ]);
        let changes = compare(&old, &new);
        let rows: Vec<_> = changes
            .iter()
            .map(|c| {
                let value = c.new.as_deref().or(c.old.as_deref()).unwrap_or_default();
                (c.key.as_str(), value.to_owned(), c.worse)
            })
            .collect();
        assert_eq!(
            rows,
            [
                (
                    "c",
                    "can now start processes (EXEC): c/p.F → os.StartProcess".into(),
                    true
                ),
                (
                    "a",
                    "can now start processes (EXEC): a/p.F → os.StartProcess".into(),
                    false
                ),
                (
                    "c",
                    "may now call C code (CGO): c/p.F → os.StartProcess".into(),
                    false
                ),
                ("b", "could use the network (NETWORK)".into(), false),
            ]
        );
        assert_eq!(compare(&old, &old), []);
        // Nothing is gained where one side is unknown.
        assert_eq!(compare(&Binary::default(), &new), []);
        assert_eq!(compare(&old, &Binary::default()), []);
    }
}
