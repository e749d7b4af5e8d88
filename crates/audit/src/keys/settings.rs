//! What is known about a build setting: what the build info records, what the program itself proves, or why nothing says.

use crate::facts::has_relative_paths;
use gospect_record::{Binary, ModuleList};

/// What is known about a build setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildSetting<'a> {
    /// The recorded value.
    Recorded(&'a str),
    /// Not recorded, but the program proves the value.
    Proven {
        /// The value as Go would record it.
        value: &'a str,
        /// The proof.
        by: &'static str,
    },
    /// Not recorded, and it would be if it were set.
    Unset,
    /// Not recorded, because it is a setting of other architectures.
    OfOtherArchitectures,
    /// Nothing says; the text says why.
    Unknown(String),
}

/// Settings that only programs for some architectures have (Go 1.27, src/internal/buildcfg/cfg.go, `GOGOARCH`).
const OF_ARCHITECTURES: [(&str, &[&str]); 9] = [
    ("GO386", &["386"]),
    ("GOAMD64", &["amd64"]),
    ("GOARM", &["arm"]),
    ("GOARM64", &["arm64"]),
    ("GOMIPS", &["mips", "mipsle"]),
    ("GOMIPS64", &["mips64", "mips64le"]),
    ("GOPPC64", &["ppc64", "ppc64le"]),
    ("GORISCV64", &["riscv64"]),
    ("GOWASM", &["wasm"]),
];

/// Flags that Go records only if they are on.
const FLAGS: [&str; 5] = ["-asan", "-cover", "-msan", "-race", "-trimpath"];

/// Settings that Go leaves out of the record of a program that is built with `-trimpath`
/// (src/cmd/go/internal/load/pkg.go, `setBuildInfo`, Go 1.19 to 1.27).
const HIDDEN_BY_TRIMPATH: [&str; 5] = [
    "-ldflags",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_LDFLAGS",
];

/// The first minor release that records settings, and the one that records `-cover`.
const RECORDS_SETTINGS: u32 = 18;
const RECORDS_COVER: u32 = 23;

/// The package that every program with cgo contains, and no other.
const CGO_PACKAGE: &str = "runtime/cgo";

/// Whether the linked packages answer for this setting.
pub fn is_proven_by_packages(key: &str) -> bool {
    plain(key) == "CGO_ENABLED"
}

/// Whether the setting is a flag that Go records only if it is on.
pub fn is_flag(key: &str) -> bool {
    FLAGS.contains(&plain(key))
}

/// The name of a setting without the `settings.` of its key.
fn plain(key: &str) -> &str {
    key.strip_prefix("settings.").unwrap_or(key)
}

impl<'a> BuildSetting<'a> {
    /// What is known about the setting with this name; `settings.` may stand before it.
    pub fn of(binary: &'a Binary, key: &str) -> Self {
        let key = plain(key);
        let info = binary.build_info.as_ref();
        if let Some(value) = info.and_then(|info| info.setting(key)) {
            return BuildSetting::Recorded(value);
        }
        let arch = binary.executable.arch.as_deref();
        let mut others = OF_ARCHITECTURES.iter().filter(|(name, _)| *name == key);
        if others.any(|(_, archs)| arch.is_some_and(|arch| !archs.contains(&arch))) {
            return BuildSetting::OfOtherArchitectures;
        }
        let unrecorded = why_unrecorded(binary, key);
        let is_off = unrecorded.is_none() && FLAGS.contains(&key) && key != "-trimpath";
        match (proof(binary, key), unrecorded) {
            (Some((value, by)), _) if !is_off => BuildSetting::Proven { value, by },
            (_, None) => BuildSetting::Unset,
            (_, Some(why)) => BuildSetting::Unknown(why),
        }
    }

    /// The value, recorded or proven. A flag that is recorded only if it is on is `false` otherwise.
    pub fn value(&self, key: &str) -> Option<&'a str> {
        match self {
            BuildSetting::Recorded(value) | BuildSetting::Proven { value, .. } => Some(value),
            BuildSetting::Unset if is_flag(key) => Some("false"),
            BuildSetting::Unset | BuildSetting::OfOtherArchitectures | BuildSetting::Unknown(_) => {
                None
            }
        }
    }
}

/// The value of a setting that something in the program proves, and the proof.
fn proof<'a>(binary: &'a Binary, key: &str) -> Option<(&'a str, &'static str)> {
    match key {
        "CGO_ENABLED" => {
            let packages = binary
                .packages
                .as_ref()
                .filter(|_| binary.has_package_names())?;
            Some(match packages.iter().any(|p| p.path == CGO_PACKAGE) {
                true => ("1", "runtime/cgo is linked in"),
                false => ("0", "runtime/cgo is not linked in"),
            })
        }
        "-trimpath" if has_relative_paths(binary) => {
            Some(("true", "all source paths are relative"))
        }
        "-trimpath" => Some(match binary.goroot.as_ref()?.trimmed? {
            true => (
                "true",
                "the source files of the standard library have no root",
            ),
            false => (
                "false",
                "the source files of the standard library have their root",
            ),
        }),
        "GOOS" => Some((binary.executable.os.as_deref()?, "header of the file")),
        "GOARCH" => Some((binary.executable.arch.as_deref()?, "header of the file")),
        _ => None,
    }
}

/// Why the record would not have a setting even if it were set; `None`: it would.
fn why_unrecorded(binary: &Binary, key: &str) -> Option<String> {
    let version = binary.go_version.as_deref();
    let minor = version
        .and_then(crate::known::GoRelease::parse)
        .map(|release| release.minor);
    let info = binary.build_info.as_ref();
    let has_settings = info.is_some_and(|info| !info.settings.is_empty());
    let is_trimmed = || info.and_then(|info| info.setting("-trimpath")) == Some("true");
    Some(match (minor, version) {
        (Some(minor), Some(version)) if minor < RECORDS_SETTINGS => {
            format!("{version} records no build settings, Go 1.{RECORDS_SETTINGS} and newer do")
        }
        _ if binary.module_list() == ModuleList::Bazel => {
            "Bazel records no build settings".to_owned()
        }
        _ if info.is_none() => "the program has no build info".to_owned(),
        _ if !has_settings => "the build info has no settings".to_owned(),
        (Some(minor), Some(version)) if key == "-cover" && minor < RECORDS_COVER => {
            format!("{version} does not record it, Go 1.{RECORDS_COVER} and newer do")
        }
        _ if HIDDEN_BY_TRIMPATH.contains(&key) && is_trimmed() => {
            "Go does not record it in a program that is built with -trimpath".to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{binary, gopath, set, unset};

    /// A program of a release that records no settings.
    fn old(packages: &[&str]) -> Binary {
        let mut b = gopath(packages);
        b.go_version = Some("go1.16.15".to_owned());
        b.build_info.as_mut().unwrap().settings.clear();
        b
    }

    #[test]
    fn linked_packages_prove_whether_cgo_is_there() {
        let proven = |b: &Binary| {
            BuildSetting::of(b, "CGO_ENABLED")
                .value("CGO_ENABLED")
                .map(str::to_owned)
        };
        assert_eq!(proven(&old(&["fmt", "runtime/cgo"])).as_deref(), Some("1"));
        assert_eq!(proven(&old(&["fmt"])).as_deref(), Some("0"));
        let mut without_names = old(&["fmt"]);
        without_names.packages = None;
        assert_eq!(
            BuildSetting::of(&without_names, "CGO_ENABLED"),
            BuildSetting::Unknown(
                "go1.16.15 records no build settings, Go 1.18 and newer do".to_owned()
            )
        );
        // What is recorded goes before.
        let mut recorded = binary(|b| set(b, "CGO_ENABLED", "1"));
        recorded.packages = Some(Vec::new());
        assert_eq!(proven(&recorded).as_deref(), Some("1"));
    }

    #[test]
    fn a_flag_that_would_be_recorded_is_off() {
        let b = binary(|_| ());
        assert_eq!(BuildSetting::of(&b, "-race"), BuildSetting::Unset);
        assert_eq!(
            BuildSetting::of(&b, "settings.-race").value("settings.-race"),
            Some("false")
        );
        let b = binary(|b| b.go_version = Some("go1.22.1".to_owned()));
        assert!(matches!(
            BuildSetting::of(&b, "-cover"),
            BuildSetting::Unknown(_)
        ));
        assert!(matches!(
            BuildSetting::of(&old(&[]), "-race"),
            BuildSetting::Unknown(_)
        ));
    }

    #[test]
    fn trimpath_hides_flags_and_shows_in_paths() {
        let hidden =
            |b: &Binary| matches!(BuildSetting::of(b, "-ldflags"), BuildSetting::Unknown(_));
        assert!(hidden(&binary(|_| ())));
        assert!(!hidden(&binary(|b| unset(b, "-trimpath"))));
        let proven = BuildSetting::of(&old(&[]), "-trimpath")
            .value("-trimpath")
            .map(str::to_owned);
        assert_eq!(proven.as_deref(), Some("true"));
    }
}
