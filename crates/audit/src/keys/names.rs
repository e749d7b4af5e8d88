//! The names of record keys: which there are, and what to write instead of others.

use gospect_record::*;
use serde_json::Value;
use std::sync::OnceLock;

/// Whether a name can be that of a build setting: a flag, `vcs` or `vcs.…`, a known one, or a variable such as `GO…` or `CGO_…`.
pub(super) fn is_setting(key: &str) -> bool {
    let is_variable = |key: &str| {
        let mut bytes = key.bytes();
        bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            && (key.starts_with("GO") || key.starts_with("CGO_"))
    };
    key.starts_with('-')
        || key == "vcs"
        || key.starts_with("vcs.")
        || SETTINGS.contains(&key)
        || is_variable(key)
}

/// Whether the key exists. A build setting exists if its name is not a typing error of a known one; `settings.NAME` takes any.
pub fn is_known(key: &str) -> bool {
    let free = [
        "settings.",
        "modules.",
        IN_FORCE,
        "image.env.",
        "image.labels.",
    ];
    // A word such as `vcs.commit` has the form of a build setting, but no Go release writes it.
    let is_other_word = WORDS.iter().any(|(words, _)| words.contains(&key));
    ["port", "version"].contains(&key)
        || OF_IMAGE.contains(&key)
        || (is_setting(key)
            && misspelt_setting(key).is_none()
            && !is_other_word
            && !is_unknown_vcs(key))
        || (free
            .iter()
            .any(|p| key.len() > p.len() && key.starts_with(p))
            && misspelt_debug_setting(key).is_none())
        || known().iter().any(|k| k == key)
}

/// Single values of the image that holds the program.
const OF_IMAGE: [&str; 3] = ["image.user", "image.digest", "image.config_digest"];

/// Before the name of a GODEBUG setting whose value in force is asked for.
pub(super) const IN_FORCE: &str = "godebug.effective.";

/// The GODEBUG setting that a name with a typing error means. A name that is like none may be one of a later Go.
fn misspelt_debug_setting(key: &str) -> Option<&'static str> {
    let name = key.strip_prefix(IN_FORCE)?;
    let names = crate::known::debug_names();
    match known().iter().any(|k| k == key) {
        true => None,
        false => gospect_knowledge::nearest(name, names).filter(|near| *near != name),
    }
}

/// What to write instead of an unknown key: the key that the word means, a similar one, or the keys that end with it.
pub fn hint(key: &str) -> String {
    let word = key.trim_start_matches('-').to_ascii_lowercase();
    let meant = WORDS
        .iter()
        .find(|(words, _)| words.contains(&word.as_str()));
    if let Some((_, meant)) = meant {
        return format!("did you mean `{meant}`?");
    }
    // `trimpath` for `-trimpath`, `cgo_enabled` for `CGO_ENABLED`.
    let is_written_so =
        |setting: &&&str| setting.trim_start_matches('-').eq_ignore_ascii_case(&word);
    if let Some(setting) = SETTINGS.iter().find(is_written_so) {
        return format!("did you mean `{setting}`?");
    }
    if let Some(near) = misspelt_debug_setting(key) {
        return format!("did you mean `{IN_FORCE}{near}`?");
    }
    let is_of_image = [
        "image",
        "env",
        "environment",
        "labels",
        "user",
        "config_digest",
    ]
    .iter()
    .any(|word| key.trim_start_matches("location.").split('.').next() == Some(word));
    if is_of_image {
        return "keys of the image that holds the program: `image.user`, `image.digest`, `image.config_digest`, `image.env.NAME`, `image.labels.NAME`".to_owned();
    }
    let below = |known: &&String| {
        let rest = known.strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let parts: Vec<String> = known()
        .iter()
        .filter(below)
        .map(|k| format!("`{k}`"))
        .collect();
    if !parts.is_empty() {
        let more = parts.len().saturating_sub(MOST_PARTS);
        let shown = parts.get(..MOST_PARTS).unwrap_or(&parts).join(", ");
        return match more {
            0 => format!("name one of its parts: {shown}"),
            more => format!("name one of its parts: {shown} and {more} more"),
        };
    }
    let names = known().iter().map(String::as_str).chain(SETTINGS);
    if let Some(near) = gospect_knowledge::nearest(key, names) {
        return format!("did you mean `{near}`?");
    }
    // `executable.size` for `size`.
    let last = key.rsplit_once('.').map(|(_, last)| last);
    if let Some(last) = last.filter(|last| known().iter().any(|known| known == last)) {
        return format!("did you mean `{last}`?");
    }
    let ends = |known: &&String| known.rsplit_once('.').is_some_and(|(_, last)| last == word);
    let longer: Vec<String> = known()
        .iter()
        .filter(ends)
        .map(|k| format!("`{k}`"))
        .collect();
    match longer.as_slice() {
        [] => ASKED_MOST.to_owned(),
        longer => format!("did you mean {}?", longer.join(" or ")),
    }
}

/// Most parts of a key that a hint lists.
const MOST_PARTS: usize = 6;

/// The end of a message about a key that is like none.
const ASKED_MOST: &str = "asked for most: `version`, `vcs.revision`, `go_version`, `main_package`, `port`, build settings such as `-trimpath`; `gospect scan --format json FILE` shows all";

/// Words that people use, and the key that they mean.
const WORDS: [(&[&str], &str); 12] = [
    (
        &[
            "tag",
            "vcs.tag",
            "vcs.version",
            "release",
            "semver",
            "main_version",
            "main.version",
            "program_version",
        ],
        "version",
    ),
    (
        &[
            "commit",
            "revision",
            "rev",
            "sha",
            "git",
            "vcs.commit",
            "vcs.rev",
            "vcs.hash",
        ],
        "vcs.revision",
    ),
    (&["dirty", "modified", "vcs.dirty"], "vcs.modified"),
    (
        &[
            "go",
            "goversion",
            "toolchain",
            "golang",
            "build_info.goversion",
        ],
        "go_version",
    ),
    (&["os"], "executable.os"),
    (&["arch"], "executable.arch"),
    (&["platform", "os/arch"], "port"),
    (&["main", "package", "import_path"], "main_package"),
    (
        &["module", "main_module", "main.path"],
        "build_info.Main.Path",
    ),
    (&["cgo"], "CGO_ENABLED"),
    (&["fips140"], "fips.mode"),
    (&["digest", "sum", "checksum"], "sha256"),
];

/// Build settings that the go command records (go1.27, `src/cmd/go/internal/load/pkg.go`, `setBuildInfo`), for hints only: other
/// names of that form are taken too.
const SETTINGS: [&str; 34] = [
    "-asan",
    "-asmflags",
    "-buildmode",
    "-compiler",
    "-cover",
    "-covermode",
    "-gccgoflags",
    "-gcflags",
    "-ldflags",
    "-msan",
    "-pgo",
    "-race",
    "-tags",
    "-trimpath",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_ENABLED",
    "CGO_LDFLAGS",
    "DefaultGODEBUG",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOMIPS",
    "GOOS",
    "GOPPC64",
    "GORISCV64",
    "GOWASM",
    "vcs.modified",
    "vcs.revision",
    "vcs.time",
];

/// The setting that a name with a typing error means; `None` for a name that is like none, which a later Go may record.
fn misspelt_setting(key: &str) -> Option<&'static str> {
    let others = ["vcs", "GO386", "GOMIPS64"];
    match is_setting(key) && !others.contains(&key) {
        true => gospect_knowledge::nearest(key, SETTINGS),
        false => None,
    }
}

/// Whether the key has the form `vcs.…`, but no Go release records it: version control has the same four settings since Go 1.18.
fn is_unknown_vcs(key: &str) -> bool {
    key.starts_with("vcs.") && !SETTINGS.contains(&key)
}

/// Every dotted path of the record that has a value, derived from its types: `linkage.static`, not `linkage`.
fn known() -> &'static [String] {
    static KNOWN: OnceLock<Vec<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut out = Vec::new();
        list(
            &serde_json::to_value(sample()).unwrap_or(Value::Null),
            "",
            &mut out,
        );
        out
    })
}

fn list(value: &Value, prefix: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, member) in map {
                let path = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                let is_group = match member {
                    Value::Array(items) => items.first().is_some_and(Value::is_object),
                    other => other.is_object(),
                };
                if !is_group {
                    out.push(path.clone());
                }
                list(member, &path, out);
            }
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                list(first, prefix, out);
            }
        }
        _ => {}
    }
}

/// A record in which every key has a value, so that its JSON shows them all.
fn sample() -> Binary {
    let text = || Some("x".to_string());
    let module = Module {
        path: "x".into(),
        version: "x".into(),
        sum: "x".into(),
        replace: None,
    };
    let module = Module {
        replace: Some(Box::new(module.clone())),
        ..module
    };
    Binary {
        path_bytes: text(),
        location: Location {
            image: Some(ImageRef::default()),
            layer: Some(LayerRef::default()),
            ..Location::default()
        },
        build_info: Some(BuildInfo {
            go_version: "x".into(),
            path: "x".into(),
            main: module.clone(),
            deps: vec![module],
            settings: vec![Setting {
                key: "x".into(),
                value: "x".into(),
            }],
        }),
        versions: Some(vec![VersionClaim::default()]),
        goroot: Some(Goroot {
            evidence: vec![Evidence::default()],
            ..Goroot::default()
        }),
        godebug: Godebug {
            effective: Some(vec![EffectiveSetting::default()]),
            ..Godebug::default()
        },
        linker_strings: Some(vec![LinkerString::default()]),
        linkage: Some(Linkage::default()),
        fips: Some(Fips::default()),
        corroboration: Some(vec![Corroboration::default()]),
        paths: Some(vec![PathLeak::default()]),
        linked: Some(Linked::default()),
        packages: Some(vec![LinkedPackage::default()]),
        functions: Some(functions::Builder::default().finish(FunctionSource::FunctionTable, true)),
        owner: Some(Owner {
            source: Some(SourcePackage::default()),
            ..Owner::default()
        }),
        ..Binary::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_key_gets_a_hint() {
        for key in [
            "go_version",
            "linkage.static",
            "build_info.Deps.Replace.Path",
            "settings.X",
            "-race",
            "GOAMD64",
            "GOLATER",
            "CGO_LATERFLAGS",
            "location.image.reference",
            "godebug.effective.key",
            "godebug.effective.gctrace",
            "corroboration.verdict",
            "owner.name",
            "owner.source.version",
        ] {
            assert!(is_known(key), "{key}");
        }
        assert_eq!(
            (is_known("go_verison"), hint("go_verison")),
            (false, "did you mean `go_version`?".to_owned())
        );
        assert_eq!(
            (is_known("executable.arhc"), hint("executable.arhc")),
            (false, "did you mean `executable.arch`?".to_owned())
        );
        assert!(!is_known("modules.") && hint("modules.").contains("`vcs.revision`"));
        assert_eq!(
            (
                is_known("godebug.effective.http2clinet"),
                hint("godebug.effective.http2clinet")
            ),
            (
                false,
                "did you mean `godebug.effective.http2client`?".to_owned()
            )
        );
        assert!(is_known("godebug.effective.ofalatergo"));
        // A key with parts has no value of its own.
        assert!(is_known("packages.path") && is_known("linkage.needed"));
        assert!(!is_known("packages") && hint("packages").contains("`packages.path`"));
        for (word, meant) in [
            ("tag", "`version`"),
            ("vcs.tag", "`version`"),
            ("commit", "`vcs.revision`"),
            ("go", "`go_version`"),
            ("trimpath", "`-trimpath`"),
            ("cgo_enabled", "`CGO_ENABLED`"),
            ("goamd64", "`GOAMD64`"),
            ("static", "`linkage.static`"),
            ("relro", "`linkage.relro`"),
            ("CGO_ENABLD", "`CGO_ENABLED`"),
            ("-trimpth", "`-trimpath`"),
            ("vcs.revison", "`vcs.revision`"),
            ("CGO", "`CGO_ENABLED`"),
            ("package.path", "`packages.path`"),
            ("Main.Version", "`version`"),
            ("Main.Path", "`build_info.Main.Path`"),
            ("GoVersion", "`go_version`"),
        ] {
            let hint = hint(word);
            assert!(
                !is_known(word) && hint == format!("did you mean {meant}?"),
                "{word}: {hint}"
            );
        }
        for (words, key) in WORDS {
            assert!(is_known(key), "{key}");
            assert!(words.iter().all(|word| !is_known(word)), "{key}");
        }
        assert!(!is_known("vcs.colour") && is_known("settings.vcs.colour"));
        // Settings of other releases, and of no release yet.
        for setting in [
            "GO386",
            "GOMIPS64",
            "GOSOMETHING",
            "-newflag",
            "vcs",
            "settings.CGO_ENABLD",
        ] {
            assert!(is_known(setting), "{setting}");
        }
        assert!(SETTINGS.iter().all(|setting| is_known(setting)));
    }
}
