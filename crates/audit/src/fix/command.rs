//! The `go` command that builds a program again with changes.

use super::{BuildChange, ListSetting, Plan, harmless};
use crate::facts::words;
use crate::secrets;
use gospect_bytes::escape::shell_word;
use gospect_record::Binary;

/// Length of the longest recorded value to repeat in a command, in bytes.
const VALUE_LIMIT: usize = 160;
/// Length of the longest recorded list to split into words, in bytes; a longer one is not repeated anyway.
const LIST_LIMIT: usize = 64 << 10;

/// Variables in the order of the command, and when each is repeated from the build info.
const VARIABLES: &[(&str, Repeat)] = &[
    ("GO111MODULE", Repeat::Never),
    ("GOWORK", Repeat::Never),
    ("GOTOOLCHAIN", Repeat::Never),
    ("GO386", Repeat::UnlessDefault("sse2")),
    ("GOAMD64", Repeat::UnlessDefault("v1")),
    ("GOARM", Repeat::UnlessDefault("7")),
    ("GOARM64", Repeat::UnlessDefault("v8.0")),
    ("GOMIPS", Repeat::UnlessDefault("hardfloat")),
    ("GOMIPS64", Repeat::UnlessDefault("hardfloat")),
    ("GOPPC64", Repeat::UnlessDefault("power8")),
    ("GORISCV64", Repeat::UnlessDefault("rva20u64")),
    ("GOWASM", Repeat::UnlessDefault("")),
    ("GOEXPERIMENT", Repeat::UnlessDefault("")),
    ("GOFIPS140", Repeat::UnlessDefault("off")),
    ("CGO_ENABLED", Repeat::UnlessDefault("")),
    ("CGO_CPPFLAGS", Repeat::UnlessDefault("")),
    ("CGO_CFLAGS", Repeat::UnlessDefault("")),
    ("CGO_CXXFLAGS", Repeat::UnlessDefault("")),
    ("CGO_LDFLAGS", Repeat::UnlessDefault("")),
];

/// Flags in the order of the command, and when each is repeated from the build info.
const FLAGS: &[(&str, Repeat)] = &[
    ("-compiler", Repeat::UnlessDefault("gc")),
    ("-buildmode", Repeat::UnlessDefault("exe")),
    ("-trimpath", Repeat::UnlessDefault("")),
    ("-race", Repeat::UnlessDefault("false")),
    ("-msan", Repeat::UnlessDefault("false")),
    ("-asan", Repeat::UnlessDefault("false")),
    ("-cover", Repeat::UnlessDefault("false")),
    ("-tags", Repeat::UnlessDefault("")),
    ("-ldflags", Repeat::UnlessDefault("")),
    ("-gcflags", Repeat::UnlessDefault("")),
    ("-asmflags", Repeat::UnlessDefault("")),
    ("-gccgoflags", Repeat::UnlessDefault("")),
    ("-mod", Repeat::Never),
    ("-buildvcs", Repeat::Never),
];

/// When the command repeats a recorded setting.
#[derive(Clone, Copy)]
pub(super) enum Repeat {
    Never,
    UnlessDefault(&'static str),
}

/// The command that builds the program again with the changes of a plan. Other settings are as recorded; `-trimpath` is always
/// there.
pub(super) fn command(binary: &Binary, plan: &Plan) -> String {
    let mut out = String::new();
    let cgo = value(binary, plan, "CGO_ENABLED", Repeat::UnlessDefault(""));
    let planned_or = |key: &str, current: &Option<String>| {
        value(binary, plan, key, Repeat::Never).or(current.clone())
    };
    let port = [
        ("GOOS", planned_or("GOOS", &binary.executable.os)),
        ("GOARCH", planned_or("GOARCH", &binary.executable.arch)),
    ];
    let has_port = port.iter().all(|p| p.1.is_some());
    for (key, repeat) in VARIABLES {
        if *key == "GO386" {
            for (key, value) in port.iter().filter(|_| has_port) {
                let value = value.as_deref().unwrap_or_default();
                out.push_str(&format!("{key}={} ", quoted(value)));
            }
        }
        // Without cgo they have no effect.
        if key.starts_with("CGO_") && *key != "CGO_ENABLED" && cgo.as_deref() == Some("0") {
            continue;
        }
        if let Some(value) = value(binary, plan, key, *repeat) {
            out.push_str(&format!("{key}={} ", quoted(&value)));
        }
    }
    out.push_str("go build ");
    for (key, repeat) in FLAGS {
        match value(binary, plan, key, *repeat).as_deref() {
            Some("true") => out.push_str(&format!("{key} ")),
            Some(value) => out.push_str(&format!("{key}={} ", quoted(value))),
            None if *key == "-trimpath" && plan.of(key).is_none() => out.push_str("-trimpath "),
            None => {}
        }
    }
    match binary.main_package.as_deref() {
        Some(package) if package != "command-line-arguments" => out.push_str(&argument(package)),
        _ => out.push_str("./..."),
    }
    out
}

/// The value of a setting in the command; `None` when it is left out.
pub(super) fn value(binary: &Binary, plan: &Plan, key: &str, repeat: Repeat) -> Option<String> {
    let recorded = binary.build_info.as_ref().and_then(|b| b.setting(key));
    let wanted =
        |c: &&BuildChange| matches!(c, BuildChange::Set(k, _) | BuildChange::Drop(k) if k == key);
    match plan.changes().find(wanted) {
        Some(BuildChange::Set(_, value)) => return Some(repeated(value)),
        Some(_) => return None,
        None => {}
    }
    if NEED_CGO.contains(&key) && is_cgo_turned_off(plan) {
        return None;
    }
    let list = match key {
        "-tags" => Some(ListSetting::Tags),
        "GOEXPERIMENT" => Some(ListSetting::Experiments),
        "-ldflags" => Some(ListSetting::LinkFlags),
        "CGO_LDFLAGS" => Some(ListSetting::CgoLinkFlags),
        _ => None,
    };
    if let Some(list) = list {
        return words_of(binary, plan, list, recorded);
    }
    let Repeat::UnlessDefault(default) = repeat else {
        return None;
    };
    let recorded = recorded.filter(|v| !v.is_empty() && *v != default)?;
    match key {
        "-gcflags" | "-asmflags" => harmless::compiler_flags(recorded).map(|f| repeated(&f)),
        _ if key.starts_with("CGO_") => {
            Some(repeated(&harmless::words_without_paths(binary, recorded)))
        }
        _ => Some(repeated(recorded)),
    }
}

/// Flags that the `go` command refuses without cgo.
const NEED_CGO: [&str; 3] = ["-race", "-msan", "-asan"];

/// Whether a plan builds without cgo.
fn is_cgo_turned_off(plan: &Plan) -> bool {
    let off = BuildChange::Set("CGO_ENABLED".to_owned(), "0".to_owned());
    plan.changes().any(|change| *change == off)
}

/// The words of a list setting in the command.
pub(super) fn words_of(
    binary: &Binary,
    plan: &Plan,
    list: ListSetting,
    recorded: Option<&str>,
) -> Option<String> {
    let length = match (list, recorded) {
        (ListSetting::Experiments, None) => binary.experiments.suffix.iter().map(String::len).sum(),
        (_, flags) => flags.map_or(0, str::len),
    };
    if length > LIST_LIMIT {
        return Some("…".to_owned());
    }
    let mut all: Vec<String> = match (list, recorded) {
        (ListSetting::LinkFlags, Some(flags)) if is_cgo_turned_off(plan) => {
            harmless::internal_link(link_words(flags))
        }
        (ListSetting::LinkFlags, Some(flags)) => link_words(flags),
        (ListSetting::CgoLinkFlags, Some(flags)) => words(flags),
        (ListSetting::Experiments, None) => binary.experiments.suffix.clone(),
        (_, flags) => flags
            .unwrap_or_default()
            .split([',', ' '])
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let mut changed = false;
    for change in plan.changes() {
        match change {
            BuildChange::With(changed_list, word) if *changed_list == list => {
                changed = true;
                if !all.contains(word) {
                    all.push(word.clone());
                }
            }
            BuildChange::Without(changed_list, word) if *changed_list == list => {
                changed = true;
                all.retain(|other| other != word && !is_definition_of(other, word));
            }
            _ => {}
        }
    }
    let separator = match list {
        ListSetting::LinkFlags | ListSetting::CgoLinkFlags => " ",
        ListSetting::Tags | ListSetting::Experiments => ",",
    };
    let text = all
        .iter()
        .map(|word| match (list, word.strip_prefix("-X ")) {
            (ListSetting::LinkFlags, Some(definition)) => {
                let shown = definition_shown(definition);
                let shown = harmless::without_path(binary, &shown);
                format!("-X {}", link_quoted(&shown))
            }
            (ListSetting::LinkFlags, None) | (ListSetting::CgoLinkFlags, _) => {
                link_quoted(&repeated(&harmless::without_path(binary, word)))
            }
            _ => word.clone(),
        })
        .collect::<Vec<_>>()
        .join(separator);
    match text.is_empty() {
        // The builder's environment may set an experiment, so the command says that there is none.
        true => (changed && list == ListSetting::Experiments).then(String::new),
        false => Some(repeated(&text)),
    }
}

/// The words of `-ldflags`; each `-X` definition is one word.
fn link_words(flags: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = words(flags).into_iter();
    while let Some(word) = rest.next() {
        let plain = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        match plain {
            Some("X") => out.extend(rest.next().map(|d| format!("-X {d}"))),
            Some(w) if w.starts_with("X=") => out.push(format!("-X {}", &w[2..])),
            _ => out.push(word),
        }
    }
    out
}

/// Whether a word such as `-X main.a=b` defines what `-X main.a` names.
fn is_definition_of(word: &str, wanted: &str) -> bool {
    wanted.starts_with("-X ")
        && word
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.starts_with('='))
}

/// A definition, without a value that must not be shown.
fn definition_shown(definition: &str) -> String {
    match definition.split_once('=') {
        Some((name, value))
            if secrets::is_secret_name(name) || !secrets::credentials(value).is_empty() =>
        {
            format!("{name}=…")
        }
        _ => definition.to_owned(),
    }
}

/// A recorded value, if a command may repeat it: neither secret nor too long.
pub(super) fn repeated(text: &str) -> String {
    let plain = text.len() <= VALUE_LIMIT && !text.contains(['`', '\n', '\r']);
    if plain && secrets::credentials(text).is_empty() {
        text.to_owned()
    } else {
        "…".to_owned()
    }
}

/// A word of `-ldflags`, quoted for the go command.
fn link_quoted(word: &str) -> String {
    if !word.contains(char::is_whitespace) {
        return word.to_owned();
    }
    let mark = if word.contains('"') { '\'' } else { '"' };
    format!("{mark}{word}{mark}")
}

/// A value of a setting, quoted for a shell.
pub(super) fn quoted(text: &str) -> String {
    match text {
        "" | "…" => text.to_owned(),
        _ => shell_word(text),
    }
}

/// A recorded name, such as a module path, as an argument of a command between backquotes: quoted for a shell, and left out where
/// it is secret or too long, ends the backquotes, or would be read as a flag.
pub(crate) fn argument(text: &str) -> String {
    match text.starts_with('-') {
        true => "…".to_owned(),
        false => quoted(&repeated(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::argument;
    use crate::testing::{Setup, binary, dep, set};

    const HOSTILE: &str = "example.com/$(id>/tmp/x)";

    /// What a shell reads outside of single quotes.
    fn unquoted(command: &str) -> String {
        command.split('\'').step_by(2).collect()
    }

    #[test]
    fn no_name_from_a_program_is_run_by_the_shell() {
        let program = |path: &str, revision: &str, sum: &str| {
            binary(|b| {
                b.path = path.to_owned();
                b.main_package = Some(HOSTILE.to_owned());
                b.goroot.as_mut().unwrap().value = Some("/opt/$(id)/sdk/go1.20.1".to_owned());
                dep(b, HOSTILE, "v1.0.0", Some(("example.com/fork", "v1.0.1")));
                dep(b, "example.com/a;id", "v1.0.0", Some(("../a", "")));
                dep(b, "example.com/$(id)", "v1.0.0", None);
                dep(b, "-modfile=/tmp/x", "v1.0.0", None);
                let build = b.build_info.as_mut().unwrap();
                for dependency in &mut build.deps {
                    dependency.sum = sum.to_owned();
                }
                set(b, "vcs.revision", revision);
                set(b, "vcs.modified", "true");
                set(b, "-race", "true");
            })
        };
        let programs = [
            program("a", "$(id>/tmp/1)", "h1:a="),
            program("b", "$(id>/tmp/2)", "h1:b="),
        ];
        let policy = "[rules]\n\
            denied-module = { level = \"error\", deny = [\"**\"] }\n\
            replaced-module = \"error\"\nlocal-replace = \"error\"\nmixed-revisions = \"error\"\n\
            module-below-floor = { level = \"error\", minimum = [\"example.com/**@v2.0.0\"] }\n";
        let audit = Setup {
            policy,
            profile: "release",
            ..Setup::default()
        }
        .audit(&[], &programs);
        for rule in [
            "denied-module",
            "replaced-module",
            "local-replace",
            "mixed-revisions",
            "module-sum-conflict",
            "module-below-floor",
            "goroot-release-mismatch",
            "race-detector",
        ] {
            assert!(audit.findings.iter().any(|f| f.rule == rule), "{rule}");
        }
        for finding in &audit.findings {
            for command in finding.help.split('`').skip(1).step_by(2) {
                let read = unquoted(command);
                let is_policy = command.contains(" = {");
                assert!(
                    is_policy || !read.contains(['$', ';']) && !read.contains(" -modfile"),
                    "{}: {command}",
                    finding.rule
                );
            }
        }
    }

    #[test]
    fn an_argument_is_one_word_between_backquotes() {
        for (text, word) in [
            ("example.com/a/v2@v2.1.0", "example.com/a/v2@v2.1.0"),
            ("$(id)", "'$(id)'"),
            ("a`id`", "…"),
            ("a\nb", "…"),
            ("-toolexec=/tmp/x", "…"),
        ] {
            assert_eq!(argument(text), word);
        }
    }
}
