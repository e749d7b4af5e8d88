//! GOEXPERIMENT: which experiments the build info asks for, the version text shows, and are on in the end.
//!
//! Follows ParseGOEXPERIMENT (src/internal/buildcfg/exp.go, Go 1.19-1.27). Names are applied from left to right to the baseline
//! of the port. `no` before a name switches it off, `none` clears all, and `regabi` stands for the two register ABI
//! experiments. The register ABI stays as it is on ports that require it or lack it.

use gospect_knowledge::go_version::GoVersion;
use gospect_knowledge::{TableRow, goexperiment};
use gospect_record::godebug::LanguageRange;
use gospect_record::{Experiments, Loopvar, Word};
use std::collections::BTreeSet;

/// What decides about the experiments.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Version of the toolchain.
    pub version: &'a GoVersion,
    /// Go's name of the architecture; `None`: unknown.
    pub goarch: Option<&'a str>,
    /// Go's name of the system; `None`: unknown.
    pub goos: Option<&'a str>,
    /// The recorded GOEXPERIMENT setting; `None`: not recorded.
    pub setting: Option<&'a str>,
    /// Whether any build setting is recorded; then a missing GOEXPERIMENT means that none was asked for.
    pub has_settings: bool,
    /// Language version of the main module, derived from the GODEBUG defaults; `None`: unknown or no main module.
    pub language: Option<LanguageRange>,
    /// Whether it was built in GOPATH mode, which has no `go` line: the language is the toolchain's own, although the GODEBUG
    /// defaults are those of Go 1.20.
    pub gopath: bool,
}

/// The experiments by the build info alone: the raw setting, and those that the version text names.
pub fn recorded(version: Option<&GoVersion>, setting: Option<&str>) -> Experiments {
    Experiments {
        setting: setting.map(str::to_owned),
        suffix: version.map(|v| v.experiments.clone()).unwrap_or_default(),
        ..Experiments::default()
    }
}

/// All that is known about the experiments of a program.
pub fn assess(facts: &Facts) -> Experiments {
    let mut answer = recorded(Some(facts.version), facts.setting);
    let row = TableRow::of(facts.version);
    let suffix = facts.version.experiments.join(",");
    let spelled = facts.setting.unwrap_or(&suffix);
    if let Some(minor) = row.minor() {
        answer.unknown = Some(unknown_names(minor, [spelled, &suffix]));
    }
    if let (Some(minor), Some(goarch), Some(goos)) = (row.minor(), facts.goarch, facts.goos) {
        let enabled = expand(minor, goarch, goos, spelled);
        if facts.has_settings {
            let agrees = expand(minor, goarch, goos, facts.setting.unwrap_or_default())
                == expand(minor, goarch, goos, &suffix)
                && unknown_names(minor, [facts.setting.unwrap_or_default()])
                    == unknown_names(minor, [suffix.as_str()]);
            // The baseline of a development version, or of one newer than the table, may differ from ours. So only agreement
            // says something.
            let settled = matches!(row, TableRow::Own(_))
                && !facts.version.devel
                && !facts.version.is_prerelease();
            answer.consistent = (agrees || settled).then_some(agrees);
        }
        answer.enabled = Some(enabled.into_iter().map(str::to_owned).collect());
    }
    answer.loopvar = loopvar(facts, answer.enabled.as_deref()).map(Word::from);
    answer
}

/// The experiments that are on after applying `setting` to the baseline of a port. Names that the release does not know are
/// skipped.
pub fn expand(minor: u32, goarch: &str, goos: &str, setting: &str) -> BTreeSet<&'static str> {
    const REGABI: [&str; 2] = ["regabiargs", "regabiwrappers"];
    let mut on = goexperiment::baseline(minor, goarch, goos);
    let regabi_on = REGABI.map(|name| on.contains(name));
    for word in setting.split(',').filter(|word| !word.is_empty()) {
        if word == "none" {
            on.clear();
            continue;
        }
        let (name, value) = word
            .strip_prefix("no")
            .map_or((word, true), |name| (name, false));
        let known = goexperiment::known(name, minor).map(|e| e.name);
        let names = if name == "regabi" {
            &REGABI[..]
        } else {
            known.as_slice()
        };
        for name in names {
            if value {
                on.insert(name);
            } else {
                on.remove(name);
            }
        }
    }
    for (name, baseline) in REGABI.into_iter().zip(regabi_on) {
        if !baseline {
            on.remove(name);
        } else if goexperiment::regabi_is_forced(minor, goarch) {
            on.insert(name);
        }
    }
    on
}

/// Names that the release does not know, in order, each once.
fn unknown_names<'a>(minor: u32, lists: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for word in lists.into_iter().flat_map(|list| list.split(',')) {
        let name = word.strip_prefix("no").unwrap_or(word);
        let known = word.is_empty()
            || name == "regabi"
            || word == "none"
            || goexperiment::known(name, minor).is_some();
        if !known && seen.insert(name) {
            unknown.push(name.to_owned());
        }
    }
    unknown
}

/// The meaning of `for` loops in the main module. Since Go 1.22 the language version of the module decides. The experiment
/// loopvar (since Go 1.21) forces the new meaning on every package (src/cmd/compile/internal/base/flag.go).
fn loopvar(facts: &Facts, enabled: Option<&[String]>) -> Option<Loopvar> {
    if enabled.is_some_and(|names| names.iter().any(|name| name == "loopvar")) {
        return Some(Loopvar::PerIteration);
    }
    match facts.version.minor()? {
        0..=20 => Some(Loopvar::PerLoop),
        21 => enabled.map(|_| Loopvar::PerLoop),
        // The go command passes no `-lang` for packages outside modules (src/cmd/go/internal/work/gc.go).
        _ if facts.gopath => Some(Loopvar::PerIteration),
        _ => match facts.language? {
            LanguageRange { min: 22.., .. } => Some(Loopvar::PerIteration),
            LanguageRange { max: ..22, .. } => Some(Loopvar::PerLoop),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(version: &'a GoVersion, goarch: &'a str, setting: Option<&'a str>) -> Facts<'a> {
        Facts {
            version,
            goarch: Some(goarch),
            goos: Some("linux"),
            setting,
            has_settings: true,
            language: None,
            gopath: false,
        }
    }

    fn parse(text: &str) -> GoVersion {
        GoVersion::parse(text).unwrap_or_else(|| panic!("{text} must parse"))
    }

    #[test]
    fn recorded_builds() {
        // Version text, setting, architecture, some that are on, some that are off, unknown names, whether it is consistent.
        type Row = (
            &'static str,
            Option<&'static str>,
            &'static str,
            &'static str,
            &'static str,
            &'static str,
            Option<bool>,
        );
        let table: &[Row] = &[
            (
                "go1.27.3",
                None,
                "amd64",
                "jsonv2,greenteagc,regabiargs",
                "loopvar,arenas",
                "",
                Some(true),
            ),
            (
                "go1.27.3-X:fieldtrack",
                Some("greenteagc,fieldtrack"),
                "amd64",
                "fieldtrack,greenteagc",
                "",
                "",
                Some(true),
            ),
            (
                "go1.27.3",
                Some("noregabi"),
                "amd64",
                "regabiargs,regabiwrappers",
                "",
                "",
                Some(true),
            ),
            (
                "go1.25.5",
                Some("nogreenteagc,dwarf5"),
                "amd64",
                "dwarf5",
                "greenteagc",
                "",
                Some(true),
            ),
            (
                "go1.26.6-X:nodwarf5,nogreenteagc,norandomizedheapbase64",
                Some("none"),
                "amd64",
                "regabiargs",
                "dwarf5,greenteagc,randomizedheapbase64",
                "",
                Some(true),
            ),
            (
                "go1.26.6",
                Some("none"),
                "amd64",
                "regabiargs",
                "dwarf5",
                "",
                Some(false),
            ),
            (
                "go1.25.5 X:greenteagc",
                None,
                "amd64",
                "greenteagc",
                "",
                "",
                Some(false),
            ),
            (
                "go1.25.5",
                Some("greenteagc"),
                "amd64",
                "greenteagc",
                "",
                "",
                Some(false),
            ),
            (
                "go1.25.5 X:greenteagc",
                Some("nogreenteagc,greenteagc"),
                "amd64",
                "greenteagc",
                "",
                "",
                Some(true),
            ),
            (
                "go1.25.5",
                Some("greenteagc,nogreenteagc"),
                "amd64",
                "dwarf5",
                "greenteagc",
                "",
                Some(true),
            ),
            (
                "go1.25.5",
                Some("greenteagc,none,dwarf5"),
                "amd64",
                "dwarf5",
                "greenteagc,swissmap",
                "",
                Some(false),
            ),
            (
                "go1.19.8 X:noregabiwrappers,noregabiargs",
                Some("noregabi"),
                "riscv64",
                "",
                "regabiargs",
                "",
                Some(true),
            ),
            (
                "go1.21.13",
                Some("noregabi"),
                "riscv64",
                "regabiargs",
                "",
                "",
                Some(true),
            ),
            (
                "go1.27.3",
                Some("regabi"),
                "386",
                "",
                "regabiargs,regabiwrappers",
                "",
                Some(true),
            ),
            (
                "go1.22.5 (Red Hat 1.22.5-1.el9) X:strictfipsruntime",
                Some("strictfipsruntime"),
                "amd64",
                "allocheaders",
                "strictfipsruntime",
                "strictfipsruntime",
                Some(true),
            ),
            (
                "go1.27.3",
                Some("unified"),
                "amd64",
                "",
                "unified",
                "unified",
                Some(false),
            ),
            (
                "go1.99.1-X:newthing",
                None,
                "amd64",
                "jsonv2",
                "",
                "newthing",
                None,
            ),
            (
                "go1.26rc1-X:nodwarf5",
                None,
                "amd64",
                "greenteagc",
                "dwarf5",
                "",
                None,
            ),
        ];
        for (text, setting, goarch, on, off, unknown, consistent) in table {
            let version = parse(text);
            let answer = assess(&facts(&version, goarch, *setting));
            let enabled = answer.enabled.expect("there is a row");
            let names = |list: &'static str| list.split(',').filter(|n| !n.is_empty());
            for name in names(on) {
                assert!(
                    enabled.iter().any(|e| e == name),
                    "{text}: {name} in {enabled:?}"
                );
            }
            for name in names(off) {
                assert!(
                    !enabled.iter().any(|e| e == name),
                    "{text}: no {name} in {enabled:?}"
                );
            }
            assert!(enabled.is_sorted());
            assert_eq!(
                answer.unknown.map(|u| u.join(",")).as_deref(),
                Some(*unknown),
                "{text}"
            );
            assert_eq!(answer.consistent, *consistent, "{text}");
        }
    }

    #[test]
    fn nothing_is_claimed_without_a_row_or_a_port() {
        for text in ["go1.20.14", "go1.18.1", "devel +abcdef"] {
            let version = parse(text);
            let answer = assess(&facts(&version, "amd64", Some("boringcrypto")));
            assert_eq!(
                (answer.enabled, answer.unknown, answer.consistent),
                (None, None, None),
                "{text}"
            );
            assert_eq!(answer.setting.as_deref(), Some("boringcrypto"));
        }
        let version = parse("go1.27.3-X:simd");
        let answer = assess(&Facts {
            goarch: None,
            has_settings: false,
            ..facts(&version, "", None)
        });
        assert_eq!((answer.enabled, answer.consistent), (None, None));
        assert_eq!(answer.suffix, ["simd"]);
        let blobless = assess(&Facts {
            has_settings: false,
            ..facts(&version, "amd64", None)
        });
        assert_eq!(blobless.consistent, None, "no setting to compare with");
        assert!(
            blobless
                .enabled
                .is_some_and(|e| e.iter().any(|name| name == "simd"))
        );
    }

    #[test]
    fn loop_variables() {
        let range = |min, max| Some(LanguageRange { min, max });
        for (text, setting, language, want) in [
            ("go1.27.3", None, range(24, 24), Some(Loopvar::PerIteration)),
            ("go1.27.3", None, range(19, 20), Some(Loopvar::PerLoop)),
            ("go1.27.3", None, range(21, 22), None),
            ("go1.27.3", None, None, None),
            (
                "go1.27.3-X:loopvar",
                Some("loopvar"),
                range(19, 20),
                Some(Loopvar::PerIteration),
            ),
            ("go1.21.13", None, None, Some(Loopvar::PerLoop)),
            (
                "go1.21.13 X:loopvar",
                Some("loopvar"),
                None,
                Some(Loopvar::PerIteration),
            ),
            ("go1.19.8", None, None, Some(Loopvar::PerLoop)),
            ("go1.20.3", None, None, Some(Loopvar::PerLoop)),
            ("devel +abcdef", None, None, None),
        ] {
            let version = parse(text);
            let answer = assess(&Facts {
                language,
                ..facts(&version, "amd64", setting)
            });
            assert_eq!(answer.loopvar, want.map(Word::from), "{text} {language:?}");
        }
    }

    #[test]
    fn hostile_settings_neither_panic_nor_grow() {
        let version = parse("go1.27.3");
        let long = "nono,none,no,,noregabi,\u{e9}x,".repeat(20_000);
        let answer = assess(&facts(&version, "amd64", Some(&long)));
        assert_eq!(
            answer.unknown.map(|u| u.len()),
            Some(3),
            "each name once: no, the empty name, the odd one"
        );
    }
}
