use crate::known;
use crate::rules::prelude::*;
use gospect_record::main_version::{Closeness, is_version_of_module};
use gospect_record::{Binary, VersionClaim};

pub const META: Meta = Meta {
    code: "GS133",
    id: "versions-disagree",
    summary: "the program, its image and its file name claim different versions",
    levels: levels(NOTE, ERROR, WARN, NOTE),
    options: &[OptionSpec {
        name: "sources",
        kind: ValueKind::Choices(&[
            "main-module",
            "x-flag",
            "linker-string",
            "image-label",
            "file-name",
        ]),
        default: D::List(&[
            "main-module",
            "x-flag",
            "linker-string",
            "image-label",
            "file-name",
        ]),
        doc: "Claims that must agree.",
    }],
    since: "0.1.0",
    page: include_str!("versions_disagree.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let sources = ctx.options.list("sources");
    let mut claims: Vec<(String, &str, &str, Option<&str>)> = Vec::new();
    // The label is about the program that the image is for, not about other tools in it.
    let binary = ctx.binary;
    let own_image = binary.location.image.is_none() || binary.location.started == Some(true);
    for c in binary.versions.as_deref().unwrap_or_default() {
        let about_it = match (c.source.as_str(), c.name.as_deref()) {
            ("image-label", _) => own_image,
            ("x-flag" | "linker-string", Some(name)) => {
                binary.closeness(name) == Some(Closeness::Own)
            }
            ("linker-string", None) => is_only_string(binary, c),
            _ => true,
        };
        let asked = about_it && sources.contains(&c.source.as_str());
        if let (true, Some(core)) = (asked, core(&c.value)) {
            claims.push((core, &c.source, &c.value, c.name.as_deref()));
        }
    }
    let mut distinct: Vec<&str> = claims.iter().map(|c| c.0.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 2 {
        none_of_several(binary, &sources, &claims, sink);
        return;
    }
    let mut report = Report::new(format!("{} different versions are claimed: {}", distinct.len(), distinct.join(", ")))
        .help("build, label and name from one tag: `git describe --tags --exact-match` must give the version for all of them");
    let mut places: Vec<&str> = claims.iter().map(|c| c.1).collect();
    places.dedup();
    report = report.salient(places.join(","));
    for (_, source, value, name) in &claims {
        report = report.see(
            name.map_or_else(|| source.to_string(), |n| format!("{source} {n}")),
            *value,
        );
    }
    sink.report(report);
}

/// Reports a version claimed outside the program when no string of the program matches it. One of several strings may be the
/// program's version; a string that contains the version counts as a match.
fn none_of_several(
    b: &Binary,
    sources: &[&str],
    claims: &[(String, &str, &str, Option<&str>)],
    sink: &mut Sink,
) {
    let is_outside = |source: &str| matches!(source, "file-name" | "image-label");
    let Some((version, source, value, name)) = claims.first() else {
        return;
    };
    if !sources.contains(&"linker-string") || !claims.iter().all(|c| is_outside(c.1)) {
        return;
    }
    // Strings do not count when the module or a variable names the version.
    let says = |c: &VersionClaim| match (c.source.as_str(), c.name.as_deref()) {
        ("main-module", _) => is_version_of_module(&c.value),
        ("x-flag" | "linker-string", Some(name)) => b.closeness(name) == Some(Closeness::Own),
        _ => false,
    };
    if b.versions.iter().flatten().any(says) {
        return;
    }
    let strings: Vec<&str> = b.unnamed_versions().map(|c| c.value.as_str()).collect();
    let plain = value.trim_start_matches('v');
    let agrees = |text: &&str| text.contains(plain) || core(text).as_ref() == Some(version);
    if !strings.iter().any(|text| core(text).is_some()) || strings.iter().any(agrees) {
        return;
    }
    let list = strings.join(", ");
    let (what, whose) = match strings.len() {
        1 => (
            "is not the version",
            "the string of the program that reads like one",
        ),
        _ => (
            "is none of the versions",
            "the strings of the program that read like one",
        ),
    };
    let mut report = Report::new(format!("{version} {what} in the program: {list}"))
        .help("build, label and name from one tag: `git describe --tags --exact-match` must give the version for all of them")
        .salient(format!("{source},linker-string"))
        .see(name.map_or_else(|| source.to_string(), |n| format!("{source} {n}")), *value);
    for text in &strings {
        report = report.see(whose, *text);
    }
    sink.report(report);
}

/// Whether a string without a name is the only one that can be the program's version. A stripped program does not show which
/// variable a string belongs to, so several strings prove nothing; and they are not needed where a named variable has the
/// version.
fn is_only_string(b: &Binary, claim: &VersionClaim) -> bool {
    let variable = |c: &&VersionClaim| matches!(c.source.as_str(), "x-flag" | "linker-string");
    let others = b.versions.iter().flatten().filter(variable);
    let mut others = others.filter(|c| *c != claim);
    others.all(|c| c.name.is_none() && core(&c.value) == core(&claim.value))
}

/// The form `1.2.3-rc1` of a version in any spelling; `None` for anything but a release version.
fn core(value: &str) -> Option<String> {
    let v = value.trim().trim_start_matches('v');
    let v = v.split('+').next().unwrap_or(v);
    if !known::is_module_version(&format!("v{v}")) || known::is_pseudo_version(&format!("v{v}")) {
        return None;
    }
    // 1.2 and 1.2.0 are the same version.
    let (numbers, pre) = v.split_once('-').map_or((v, None), |(n, p)| (n, Some(p)));
    let mut parts: Vec<&str> = numbers.split('.').collect();
    parts.resize(3, "0");
    // `git describe` between tags (1.2.3-4-gabcdef) is not a release.
    if pre.is_some_and(|p| p.contains("-g")) {
        return None;
    }
    Some(parts.join(".") + &pre.map_or(String::new(), |p| format!("-{p}")))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::VersionClaim;

    #[test]
    fn only_the_value_counts_not_its_spelling() {
        let with = |claims: &[(&str, &str)]| {
            let b = binary(|b| {
                b.versions = Some(
                    claims
                        .iter()
                        .map(|(s, v)| VersionClaim {
                            value: v.to_string(),
                            source: (*s).into(),
                            name: None,
                        })
                        .collect(),
                )
            });
            judge_one("versions-disagree", &b).len()
        };
        assert_eq!(
            with(&[("main-module", "v1.4.0"), ("image-label", "1.5.0")]),
            1
        );
        assert_eq!(
            with(&[
                ("main-module", "v1.4.0+dirty"),
                ("x-flag", "1.4.0"),
                ("file-name", "1.4")
            ]),
            0
        );
        assert_eq!(
            with(&[
                ("main-module", "v0.0.0-20260101000000-abcdefabcdef"),
                ("x-flag", "1.4.0")
            ]),
            0
        );
        assert_eq!(
            with(&[
                ("main-module", "(devel)"),
                ("x-flag", "1.4.0-3-gabcdef1"),
                ("vcs", "abcdef")
            ]),
            0
        );
        assert_eq!(with(&[("x-flag", "dev"), ("file-name", "2")]), 0);
    }

    /// Number of findings about a program with claims as triples: source, name (empty: none), value.
    fn found(claims: &[(&str, &str, &str)]) -> usize {
        let claim = |(source, name, value): &(&str, &str, &str)| VersionClaim {
            value: (*value).to_owned(),
            source: (*source).into(),
            name: (!name.is_empty()).then(|| (*name).to_owned()),
        };
        let b = binary(|b| b.versions = Some(claims.iter().map(claim).collect()));
        judge_one("versions-disagree", &b).len()
    }

    #[test]
    fn the_strings_of_the_linker_count_where_they_are_certainly_the_programs_version() {
        const ARCHIVE: (&str, &str, &str) = ("file-name", "app_2.0.0_linux_amd64.tar.gz", "2.0.0");
        const S: &str = "linker-string";
        for (claims, n) in [
            (&[(S, "main.version", "1.0.0"), ARCHIVE][..], 1),
            (&[(S, "main.version", "v2.0.0"), ARCHIVE], 0),
            (&[(S, "", "1.0.0"), ARCHIVE], 1),
            (&[(S, "", "2.0.0"), ARCHIVE], 0),
            // Either of two strings without names may be the program's version, but one of them must be.
            (&[(S, "", "1.0.0"), (S, "", "1.30.1"), ARCHIVE], 1),
            (&[(S, "", "2.0.0"), (S, "", "1.30.1"), ARCHIVE], 0),
            (&[(S, "", "release-2.0.0"), (S, "", "1.30.1"), ARCHIVE], 0),
            (&[(S, "", "2.0"), (S, "", "1.30.1"), ARCHIVE], 0),
            (&[(S, "", "r12"), (S, "", "v2beta"), ARCHIVE], 0),
            (&[(S, "", "1.0.0"), (S, "", "1.30.1")], 0),
            (
                &[
                    ("main-module", "", "v0.0.0-20260101000000-abcdefabcdef"),
                    (S, "", "1.0.0"),
                    (S, "", "1.30.1"),
                    ARCHIVE,
                ],
                0,
            ),
            (&[(S, "main.kubectlVersion", "1.30.1"), ARCHIVE], 0),
            (
                &[
                    ("x-flag", "main.kubectlVersion", "1.30.1"),
                    (S, "", "1.30.1"),
                    ARCHIVE,
                ],
                0,
            ),
            (
                &[
                    (
                        S,
                        "github.com/containerd/containerd/version.Version",
                        "1.7.1",
                    ),
                    ARCHIVE,
                ],
                0,
            ),
            (
                &[
                    (
                        "x-flag",
                        "github.com/containerd/containerd/version.Version",
                        "1.7.1",
                    ),
                    ARCHIVE,
                ],
                0,
            ),
            (
                &[
                    (S, "github.com/prometheus/common/version.Version", "1.0.0"),
                    ARCHIVE,
                ],
                1,
            ),
            (
                &[
                    ("x-flag", "main.version", "2.0.0"),
                    (S, "", "1.0.0"),
                    ARCHIVE,
                ],
                0,
            ),
        ] {
            assert_eq!(found(claims), n, "{claims:?}");
        }
    }
}
