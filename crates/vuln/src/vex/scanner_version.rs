//! The version under which trivy looks for the main module of a program (aquasecurity/trivy v0.74.0, pkg/dependency/parser/golang/binary, `chooseMainVersion`,
//! `ParseLDFlags`, `elfSymbolVersion`).

use gospect_knowledge::semver::Semver;
use gospect_record::{Binary, Format, VersionClaim, VersionSource};

/// Packages whose variable `version` is taken before those of others.
const USUAL: [&str; 4] = ["main", "common", "version", "cmd"];

/// That version: the recorded one if it is of a release, or else what `-X` or a named variable of an ELF file holds, or else the recorded one. `None`: there is
/// none.
pub fn scanner_version(binary: &Binary) -> Option<String> {
    let main = &binary.build_info.as_ref()?.main;
    let recorded = Some(main.version.as_str()).filter(|v| !matches!(*v, "" | "(devel)"));
    let is_pseudo = |version: &str| Semver::parse(version).is_some_and(|v| v.pseudo().is_some());
    if let Some(release) = recorded.filter(|version| !is_pseudo(version)) {
        return Some(release.to_owned());
    }
    let of = |source| held(binary, source, &main.path);
    let is_elf = binary.executable.format == Format::Elf;
    let held = of(VersionSource::XFlag);
    let held = held.or_else(|| of(VersionSource::LinkerString).filter(|_| is_elf));
    held.or(recorded).map(str::to_owned)
}

/// The version that variables of one source hold: that of a package below `cmd` of the module, else of a usual package, else of another. `None`: there is none, or
/// there are several of the first of these kinds that has any.
fn held<'b>(binary: &'b Binary, source: VersionSource, module: &str) -> Option<&'b str> {
    let mut by_kind: [Vec<&VersionClaim>; 3] = Default::default();
    let claims = binary.versions.iter().flatten();
    for claim in claims.filter(|claim| claim.source == source) {
        let Some(name) = claim.name.as_deref().filter(|_| is_version(&claim.value)) else {
            continue;
        };
        let lower = name.to_lowercase();
        if !lower.ends_with(".version") && !lower.ends_with(".ver") {
            continue;
        }
        let package = lower.rsplit('/').next().unwrap_or_default();
        let package = package.split('.').next().unwrap_or_default();
        let below = name.strip_prefix(module);
        let kind = match () {
            () if below.is_some_and(|rest| rest.starts_with("/cmd/")) => 0,
            () if USUAL.contains(&package) => 1,
            () => 2,
        };
        let Some(list) = by_kind.get_mut(kind) else {
            continue;
        };
        // Of two definitions of one variable the last counts.
        list.retain(|other| other.name != claim.name);
        list.push(claim);
    }
    match by_kind.iter().find(|list| !list.is_empty())?.as_slice() {
        [only] => Some(&only.value),
        _ => None,
    }
}

/// Whether a text is a version of a module, with or without its `v`.
fn is_version(text: &str) -> bool {
    Semver::parse(text).is_some() || Semver::parse_bare(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::program;

    const PSEUDO: &str = "v0.0.0-20261201044531-9c0c45cd66f0+dirty";

    #[test]
    fn variables_come_after_releases_and_before_commits() {
        use VersionSource::{LinkerString, XFlag};
        let of = |recorded: &str, format: &str, claims: &[(VersionSource, &str, &str)]| {
            let mut binary = program(&[], &[]);
            let info = binary.build_info.as_mut().unwrap();
            info.main.path = "example.com/app".to_owned();
            info.main.version = recorded.to_owned();
            binary.executable.format = format.into();
            let claim = |(source, name, value): &(VersionSource, &str, &str)| VersionClaim {
                value: (*value).to_owned(),
                source: (*source).into(),
                name: Some((*name).to_owned()),
            };
            binary.versions = Some(claims.iter().map(claim).collect());
            scanner_version(&binary)
        };
        let own = (XFlag, "main.version", "1.2.3");
        let symbol = (LinkerString, "main.Version", "1.2.4");
        for (recorded, format, claims, version) in [
            ("v1.0.0", "elf", vec![own], Some("v1.0.0")),
            ("v1.0.0+dirty", "elf", vec![own], Some("v1.0.0+dirty")),
            (PSEUDO, "elf", vec![own, symbol], Some("1.2.3")),
            (PSEUDO, "elf", vec![symbol], Some("1.2.4")),
            (PSEUDO, "macho", vec![symbol], Some(PSEUDO)),
            (PSEUDO, "elf", vec![], Some(PSEUDO)),
            ("(devel)", "elf", vec![own], Some("1.2.3")),
            ("(devel)", "pe", vec![symbol], None),
            (
                "(devel)",
                "elf",
                vec![(XFlag, "main.commit", "1.2.3")],
                None,
            ),
            ("(devel)", "elf", vec![(XFlag, "main.version", "dev")], None),
            // A command of the module comes before main, and main before others.
            (
                "(devel)",
                "elf",
                vec![own, (XFlag, "example.com/app/cmd/x.Version", "v3.0.0")],
                Some("v3.0.0"),
            ),
            (
                "(devel)",
                "elf",
                vec![own, (XFlag, "example.org/lib.Version", "v3.0.0")],
                Some("1.2.3"),
            ),
            // Two of one kind tell nothing.
            (
                "(devel)",
                "elf",
                vec![own, (XFlag, "example.org/cmd.Version", "v3.0.0")],
                None,
            ),
        ] {
            let found = of(recorded, format, &claims);
            assert_eq!(found.as_deref(), version, "{recorded} {claims:?}");
        }
    }
}
