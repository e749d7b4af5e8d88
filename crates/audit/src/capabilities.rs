//! What the modules of a program can do: the capabilities of their packages, for rules and for the comparison of two programs.

use gospect_knowledge::capabilities::can;
use gospect_knowledge::modules::STANDARD;
use gospect_record::why::shown;
use gospect_record::{Binary, PackageCapability};
use std::collections::BTreeMap;

/// The capabilities of one module, each with its best chain.
pub type Capabilities<'b> = BTreeMap<&'b str, &'b PackageCapability>;

/// The capabilities of each module except the standard library. Packages whose module is unknown stand for themselves. `None`:
/// the record does not say what its packages can do.
pub fn of_modules(binary: &Binary) -> Option<BTreeMap<&str, Capabilities<'_>>> {
    let packages = binary.packages.as_deref()?;
    let mut all: BTreeMap<&str, Capabilities<'_>> = BTreeMap::new();
    for package in packages {
        let capabilities = package.capabilities.as_ref()?;
        let module = package.module.as_deref().unwrap_or(&package.path);
        if module == STANDARD {
            continue;
        }
        let of_module = all.entry(module).or_default();
        for capability in capabilities {
            let best = of_module
                .entry(capability.capability.as_str())
                .or_insert(capability);
            let cost = |c: &PackageCapability| (!c.certain, !c.direct, c.chain.len());
            if cost(capability) < cost(best) {
                *best = capability;
            }
        }
    }
    Some(all)
}

/// A module with its version as linked, where that is known.
pub fn with_version(binary: &Binary, module: &str) -> String {
    let info = binary.build_info.as_ref();
    let mut all = info
        .into_iter()
        .flat_map(|i| i.deps.iter().chain([&i.main]));
    let recorded = all.find(|m| m.path == module);
    let linked = recorded.map(|m| m.replace.as_deref().unwrap_or(m));
    match linked.map(|m| m.version.as_str()) {
        None | Some("" | "(devel)") => module.to_owned(),
        Some(version) => format!("{module} {version}"),
    }
}

/// What a capability means, as the rest of a sentence that begins with "can": `start processes (EXEC)`.
pub fn meaning(capability: &str) -> String {
    match can(capability) {
        Some(text) => format!("{text} ({capability})"),
        None => format!("do what is called {capability}"),
    }
}

/// The chain that proves a capability, in one line.
pub fn proof(capability: &PackageCapability) -> String {
    shown(&capability.chain.join(" → ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_record::{Binary, LinkedPackage};

    #[test]
    fn the_best_chain_of_a_module_counts() {
        let found = |certain: bool, start: &str| PackageCapability {
            capability: "EXEC".into(),
            certain,
            direct: true,
            chain: vec![start.into(), "os.StartProcess".into()],
        };
        let row = |path: &str, module: &str, found: Vec<PackageCapability>| LinkedPackage {
            path: path.into(),
            module: Some(module.into()),
            capabilities: Some(found),
            ..LinkedPackage::default()
        };
        let mut binary = Binary {
            packages: Some(vec![
                row("a/x", "a", vec![found(false, "a/x.F")]),
                row("a/y", "a", vec![found(true, "a/y.F")]),
                row("b", "b", Vec::new()),
                row("os", "std", vec![found(true, "os.StartProcess")]),
            ]),
            ..Binary::default()
        };
        let all = of_modules(&binary).unwrap();
        assert_eq!(all.keys().copied().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(proof(all["a"]["EXEC"]), "a/y.F → os.StartProcess");
        assert!(all["b"].is_empty());
        // One package of which nothing is known makes the whole answer unknown.
        binary.packages.as_mut().unwrap()[2].capabilities = None;
        assert_eq!(of_modules(&binary), None);
    }

    #[test]
    fn unknown_names_are_not_explained() {
        assert_eq!(meaning("EXEC"), "start processes (EXEC)");
        assert_eq!(meaning("FLY"), "do what is called FLY");
    }
}
