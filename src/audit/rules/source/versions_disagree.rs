use crate::audit::known;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS133",
    id: "versions-disagree",
    family: Family::Source,
    summary: "the program, its image and its file name claim different versions",
    levels: levels(NOTE, ERROR, WARN, NOTE),
    options: &[OptionSpec {
        name: "sources",
        kind: Kind::Choices(&[
            "main-module",
            "x-flag",
            "linker-string",
            "image-label",
            "file-name",
        ]),
        default: D::List(&["main-module", "x-flag", "image-label", "file-name"]),
        doc: "Claims that must agree.",
    }],
    since: "0.1.0",
    doc: Doc {
        what: "At least two claims about the program's own version (module version, `-X` value, image label, file name) are versions and are not the same. Pseudo-versions, `(devel)` and build metadata are left out; so are variables called after something else (`terraformVersion`), the label for programs that the image does not start, and archive names that do not begin with the program's.",
        why: "Users, scanners and support read different ones. It happens when an image is retagged or a release is built before the tag.",
        example: "`Main.Version` is v1.4.0, the label `org.opencontainers.image.version` says 1.5.0.",
        fix: "Take all of them from the tag: `git checkout v1.5.0 && go build`, `-X main.version=$(git describe --tags)`, `--label org.opencontainers.image.version=$(git describe --tags)`.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let sources = ctx.options.list("sources").unwrap_or_default();
    let mut claims: Vec<(String, &str, &str, Option<&str>)> = Vec::new();
    // The label is about the program that the image is for, not about the tools beside it.
    let b = ctx.binary;
    let own_image = b.location.image.is_none() || b.location.started == Some(true);
    for c in b.versions.as_deref().unwrap_or_default() {
        let about_it = match c.source.as_str() {
            "image-label" => own_image,
            "x-flag" | "linker-string" => c.name.as_deref().is_none_or(is_own),
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

/// What stands before `version` in the names of variables for the program's own version (`appVersion`, `git_version`).
/// Others (`terraformVersion`) hold the version of something else.
const OWN: [&str; 12] = [
    "", "app", "build", "cli", "current", "full", "git", "main", "pkg", "program", "release", "sem",
];

/// True for variables called like the program's own version.
fn is_own(variable: &str) -> bool {
    let last = variable.rsplit('.').next().unwrap_or(variable);
    let name = last.to_ascii_lowercase().replace('_', "");
    match name
        .strip_suffix("version")
        .or_else(|| name.strip_suffix("ver"))
    {
        Some(before) => OWN.contains(&before),
        None => true,
    }
}

/// `1.2.3-rc1` of any spelling of that version; `None` for what is no release version.
fn core(value: &str) -> Option<String> {
    let v = value.trim().trim_start_matches('v');
    let v = v.split('+').next().unwrap_or(v);
    if !known::is_module_version(&format!("v{v}")) || known::is_pseudo_version(&format!("v{v}")) {
        return None;
    }
    // 1.2 and 1.2.0 are the same claim.
    let (numbers, pre) = v.split_once('-').map_or((v, None), |(n, p)| (n, Some(p)));
    let mut parts: Vec<&str> = numbers.split('.').collect();
    parts.resize(3, "0");
    // `git describe` between tags (1.2.3-4-gabcdef) is no release.
    if pre.is_some_and(|p| p.contains("-g")) {
        return None;
    }
    Some(parts.join(".") + &pre.map_or(String::new(), |p| format!("-{p}")))
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;
    use crate::report::model::VersionClaim;

    #[test]
    fn spelling_does_not_count_and_value_does() {
        let with = |claims: &[(&str, &str)]| {
            let b = binary(|b| {
                b.versions = Some(
                    claims
                        .iter()
                        .map(|(s, v)| VersionClaim {
                            value: v.to_string(),
                            source: s.to_string(),
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

    #[test]
    fn versions_of_other_things_do_not_count() {
        for (variable, own) in [
            ("main.version", true),
            ("main.Version", true),
            ("example.com/app/internal.GitVersion", true),
            ("main.app_version", true),
            ("main.tag", true),
            ("main.terraformVersion", false),
            ("main.postgresVer", false),
        ] {
            assert_eq!(super::is_own(variable), own, "{variable}");
        }
    }
}
