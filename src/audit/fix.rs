//! The one build command that all findings about a program propose.
//!
//! Every rule says which settings it wants changed. The command then repeats what the record says the program was built with, with the
//! changes of all rules made, so that whoever follows one finding does not undo another setting or another finding's fix.

use crate::audit::facts::words;
use crate::audit::known::Release;
use crate::audit::secrets;
use crate::record::{Binary, ModuleList};
use std::collections::BTreeMap;

/// Most changes that are kept for one program: no honest one needs a tenth of it.
const ASKS: usize = 256;
/// Longest recorded value that a command repeats, in bytes.
const LONGEST: usize = 160;
/// Longest recorded list whose words are told apart for a command, in bytes: a longer one is not repeated anyway.
const LONGEST_LIST: usize = 64 << 10;

/// Settings that are lists of words, of which a rule wants one there or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `-tags`.
    Tags,
    /// `GOEXPERIMENT`.
    Experiments,
    /// `-ldflags`. The word `-X name` stands for the whole definition.
    LinkFlags,
    /// `CGO_LDFLAGS`.
    CgoLinkFlags,
}

impl List {
    fn key(self) -> &'static str {
        match self {
            List::Tags => "-tags",
            List::Experiments => "GOEXPERIMENT",
            List::LinkFlags => "-ldflags",
            List::CgoLinkFlags => "CGO_LDFLAGS",
        }
    }
}

/// What a rule wants to be different in the next build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A variable (`GOFIPS140`) or flag (`-buildmode`) has this value.
    Set(String, String),
    /// A flag is left out.
    Drop(String),
    /// A word is in a list.
    With(List, String),
    /// A word is in no list.
    Without(List, String),
}

/// [`Change::Set`].
pub fn set(key: &str, value: impl Into<String>) -> Change {
    Change::Set(key.to_owned(), value.into())
}

/// [`Change::Drop`].
pub fn drop(key: &str) -> Change {
    Change::Drop(key.to_owned())
}

/// [`Change::Without`] of the definition of a variable in `-ldflags`.
pub fn without_definition(target: &str) -> Change {
    Change::Without(List::LinkFlags, format!("-X {target}"))
}

impl Change {
    /// The setting that it is about.
    pub fn key(&self) -> &str {
        match self {
            Change::Set(key, _) | Change::Drop(key) => key,
            Change::With(list, _) | Change::Without(list, _) => list.key(),
        }
    }

    /// What two changes must agree about.
    fn subject(&self) -> String {
        match self {
            Change::Set(key, _) | Change::Drop(key) => key.clone(),
            Change::With(list, word) | Change::Without(list, word) => {
                format!("{} {word}", list.key())
            }
        }
    }

    /// For a person.
    fn shown(&self) -> String {
        match self {
            Change::Set(key, value) => format!("`{key}={value}`"),
            Change::Drop(key) => format!("no `{key}`"),
            Change::With(list, word) => format!("`{word}` in `{}`", list.key()),
            Change::Without(list, word) => format!("no `{word}` in `{}`", list.key()),
        }
    }
}

/// The changes that the findings about one program, or about the programs of one group, ask for.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    asks: BTreeMap<String, (Change, String)>,
    /// By rule: what it asks for that another rule asks otherwise.
    conflicts: BTreeMap<String, String>,
    /// Newest language version asked for: the minor of a `go` line.
    go_line: Option<u32>,
    /// The command as last written; `None` when a change came after it. A program may have 100,000 findings.
    written: Option<String>,
}

impl Plan {
    /// How many changes there are, and whether they raise the `go` line.
    pub fn size(&self) -> (usize, Option<u32>, usize) {
        (self.asks.len(), self.go_line, self.conflicts.len())
    }

    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    /// Adds what a rule wants. Of two toolchains the newer one is taken; anything else that two rules want different is a conflict of
    /// the policy, which both of them then say.
    pub fn ask(&mut self, rule: &str, change: &Change) {
        let subject = change.subject();
        let Some((there, whose)) = self.asks.get_mut(&subject) else {
            if self.asks.len() < ASKS {
                self.written = None;
                self.asks.insert(subject, (change.clone(), rule.to_owned()));
            }
            return;
        };
        if there == change {
            return;
        }
        if let (Change::Set(key, old), Change::Set(_, new)) = (&*there, change)
            && key == "GOTOOLCHAIN"
        {
            if Release::parse(new) > Release::parse(old) {
                self.written = None;
                *there = change.clone();
            }
            return;
        }
        let text = format!(
            "the policy asks for two things at once: {} ({whose}) and {} ({rule}); change one of them",
            there.shown(),
            change.shown()
        );
        self.conflicts.insert(whose.clone(), text.clone());
        self.conflicts.insert(rule.to_owned(), text);
    }

    /// The command that builds `binary`, the program that the plan is about, with the changes.
    pub fn command(&mut self, binary: &Binary) -> String {
        if self.written.is_none() {
            self.written = Some(command(binary, self));
        }
        self.written.clone().unwrap_or_default()
    }

    /// The same plan without the text that can be written again: what is kept of each program is small.
    pub fn without_text(self) -> Self {
        Self {
            written: None,
            ..self
        }
    }

    /// What is to be said instead of the rule's own advice, when another rule asks for the opposite.
    pub fn conflict(&self, rule: &str) -> Option<&str> {
        self.conflicts.get(rule).map(String::as_str)
    }

    /// The `go` line to propose: the newest that any rule asks for.
    pub fn go_line(&mut self, minor: u32) -> u32 {
        let line = self.go_line.unwrap_or(0).max(minor);
        self.go_line = Some(line);
        line
    }

    /// Adds all that another plan asks for.
    pub fn merge(&mut self, other: &Plan) {
        for (change, rule) in other.asks.values() {
            self.ask(rule, change);
        }
    }

    /// The change that is asked of a setting, of the first word of it where it is a list.
    pub fn of(&self, key: &str) -> Option<&Change> {
        let asks = self.asks.values().map(|(change, _)| change);
        asks.into_iter().find(|change| change.key() == key)
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.asks.values().map(|(change, _)| change)
    }
}

/// Variables in the order of the command. Those of the second kind are repeated from the record unless they say no more than the default.
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

/// Flags in the order of the command.
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

/// Whether the command repeats a recorded setting.
#[derive(Clone, Copy)]
enum Repeat {
    Never,
    UnlessDefault(&'static str),
}

/// The command that builds the program again with the changes of a plan. Settings without any are as recorded; `-trimpath` is always there.
fn command(binary: &Binary, plan: &Plan) -> String {
    if binary.module_list() == ModuleList::Bazel {
        return bazel(binary, plan);
    }
    let mut out = String::new();
    let cgo = value(binary, plan, "CGO_ENABLED", Repeat::UnlessDefault(""));
    let of =
        |key: &str, is: &Option<String>| value(binary, plan, key, Repeat::Never).or(is.clone());
    let port = [
        ("GOOS", of("GOOS", &binary.executable.os)),
        ("GOARCH", of("GOARCH", &binary.executable.arch)),
    ];
    let has_port = port.iter().all(|p| p.1.is_some());
    for (key, repeat) in VARIABLES {
        if *key == "GO386" {
            for (key, value) in port.iter().filter(|_| has_port) {
                let value = value.as_deref().unwrap_or_default();
                out.push_str(&format!("{key}={} ", quoted(value)));
            }
        }
        // Without cgo nobody reads them.
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
            None if *key == "-trimpath" => out.push_str("-trimpath "),
            None => {}
        }
    }
    match binary.main_package.as_deref() {
        Some(p) if p != "command-line-arguments" => out.push_str(p),
        _ => out.push_str("./..."),
    }
    out
}

/// What builds a program of Bazel again. Flags are those of rules_go (its docs, "Build modes", `@rules_go//go/config`), which always trims paths.
/// What has no flag there is said before the command; the text stands between backquotes like every command, so it closes and opens them itself.
fn bazel(binary: &Binary, plan: &Plan) -> String {
    let mut before = String::new();
    let mut flags = String::new();
    let mut tags = false;
    for change in plan.changes() {
        let config = |name: &str| format!(" --@rules_go//go/config:{name}");
        match change {
            Change::Set(key, value) => match (key.as_str(), value.as_str()) {
                ("GOTOOLCHAIN", release) => before.push_str(&format!(
                    "go_sdk.download(version = \"{}\")` in MODULE.bazel, then `",
                    release.trim_start_matches("go")
                )),
                ("CGO_ENABLED", "0") => flags.push_str(&config("pure")),
                ("-buildmode", "pie") => flags.push_str(&config("linkmode=pie")),
                ("-trimpath" | "GOOS" | "GOARCH" | "GO111MODULE" | "GOWORK" | "-mod", _) => {}
                (key, value) => before.push_str(&format!(
                    "{key}={value}` in the configuration of rules_go, then `"
                )),
            },
            Change::Drop(key) => match key.as_str() {
                "-race" | "-msan" => {
                    flags.push_str(&config(&format!("{}=false", key.trim_start_matches('-'))));
                }
                key => before.push_str(&format!(
                    "{key}` out of the configuration of rules_go, then `"
                )),
            },
            Change::With(List::Tags, _) | Change::Without(List::Tags, _) => tags = true,
            Change::With(list, word) => {
                before.push_str(&format!("{word}` in {}, then `", bazel_list(*list)))
            }
            Change::Without(list, word) => {
                before.push_str(&format!("{word}` out of {}, then `", bazel_list(*list)))
            }
        }
    }
    if tags {
        let recorded = binary.build_info.as_ref().and_then(|b| b.setting("-tags"));
        let all = words_of(binary, plan, List::Tags, recorded).unwrap_or_default();
        flags.push_str(&format!(" --@rules_go//go/config:tags={}", quoted(&all)));
    }
    let asked = |key: &str, is: &Option<String>| {
        value(binary, plan, key, Repeat::Never).or_else(|| is.clone())
    };
    if let (Some(os), Some(arch)) = (
        asked("GOOS", &binary.executable.os),
        asked("GOARCH", &binary.executable.arch),
    ) {
        let platform = format!("@rules_go//go/toolchain:{os}_{arch}");
        flags.push_str(&format!(" --platforms={}", quoted(&platform)));
    }
    format!("{before}bazel build{flags} //...")
}

/// Where go_binary and the SDK have the words of a list.
fn bazel_list(list: List) -> &'static str {
    match list {
        List::Tags => "`gotags` of go_binary",
        List::Experiments => "`experiments` of go_sdk.download",
        List::LinkFlags => "`gc_linkopts` of go_binary",
        List::CgoLinkFlags => "`clinkopts` of go_library",
    }
}

/// The value that a setting has in the command; `None`: it is not there.
fn value(binary: &Binary, plan: &Plan, key: &str, repeat: Repeat) -> Option<String> {
    let recorded = binary.build_info.as_ref().and_then(|b| b.setting(key));
    let list = match key {
        "-tags" => Some(List::Tags),
        "GOEXPERIMENT" => Some(List::Experiments),
        "-ldflags" => Some(List::LinkFlags),
        "CGO_LDFLAGS" => Some(List::CgoLinkFlags),
        _ => None,
    };
    if let Some(list) = list {
        return words_of(binary, plan, list, recorded);
    }
    match plan.changes().find(|c| c.key() == key) {
        Some(Change::Set(_, value)) => return Some(value.clone()),
        Some(_) => return None,
        None => {}
    }
    match repeat {
        Repeat::Never => None,
        Repeat::UnlessDefault(default) => recorded
            .filter(|v| !v.is_empty() && *v != default)
            .map(repeated),
    }
}

/// The list of words that a setting has in the command.
fn words_of(binary: &Binary, plan: &Plan, list: List, recorded: Option<&str>) -> Option<String> {
    let length = match (list, recorded) {
        (List::Experiments, None) => binary.experiments.suffix.iter().map(String::len).sum(),
        (_, flags) => flags.map_or(0, str::len),
    };
    if length > LONGEST_LIST {
        return Some("…".to_owned());
    }
    let mut all: Vec<String> = match (list, recorded) {
        (List::LinkFlags, Some(flags)) => link_words(flags),
        (List::CgoLinkFlags, Some(flags)) => words(flags),
        (List::Experiments, None) => binary.experiments.suffix.clone(),
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
            Change::With(l, word) if *l == list => {
                changed = true;
                if !all.contains(word) {
                    all.push(word.clone());
                }
            }
            Change::Without(l, word) if *l == list => {
                changed = true;
                all.retain(|w| w != word && !is_definition_of(w, word));
            }
            _ => {}
        }
    }
    let separator = match list {
        List::LinkFlags | List::CgoLinkFlags => " ",
        List::Tags | List::Experiments => ",",
    };
    let text = all
        .iter()
        .map(|word| match (list, word.strip_prefix("-X ")) {
            (List::LinkFlags, Some(definition)) => {
                format!("-X {}", link_quoted(&definition_shown(definition)))
            }
            (List::LinkFlags, None) | (List::CgoLinkFlags, _) => link_quoted(&repeated(word)),
            _ => word.clone(),
        })
        .collect::<Vec<_>>()
        .join(separator);
    match text.is_empty() {
        // An experiment may come from the environment of the builder: the command says that there is none.
        true => (changed && list == List::Experiments).then(String::new),
        false => Some(repeated(&text)),
    }
}

/// The words of `-ldflags`, each definition as one.
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

/// `-X main.a=b` is the definition of `-X main.a`.
fn is_definition_of(word: &str, wanted: &str) -> bool {
    wanted.starts_with("-X ")
        && word
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.starts_with('='))
}

/// A definition without the value that nobody should see again.
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

/// A recorded value as far as a command repeats it: nothing secret, nothing endless.
fn repeated(text: &str) -> String {
    let plain = text.len() <= LONGEST && !text.contains(['`', '\n', '\r']);
    if plain && secrets::credentials(text).is_empty() {
        text.to_owned()
    } else {
        "…".to_owned()
    }
}

/// A word of `-ldflags` as the go command reads it back.
fn link_quoted(word: &str) -> String {
    if !word.contains(char::is_whitespace) {
        return word.to_owned();
    }
    let mark = if word.contains('"') { '\'' } else { '"' };
    format!("{mark}{word}{mark}")
}

/// A word as a shell reads it back.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_./:,=+@%-".contains(&b);
    if text.bytes().all(plain) || text == "…" {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing;

    fn plan(changes: &[(&str, Change)]) -> Plan {
        let mut plan = Plan::default();
        for (rule, change) in changes {
            plan.ask(rule, change);
        }
        plan
    }

    #[test]
    fn what_bazel_built_is_built_by_bazel() {
        let b = testing::change(testing::gopath(&[]), |b| {
            b.module_list = Some(ModuleList::Bazel.into());
        });
        assert_eq!(
            command(&b, &Plan::default()),
            "bazel build --platforms=@rules_go//go/toolchain:linux_amd64 //..."
        );
        let all = plan(&[
            ("a", drop("-race")),
            ("b", set("CGO_ENABLED", "0")),
            ("c", set("-trimpath", "true")),
            ("d", set("GO111MODULE", "on")),
            ("e", set("GOTOOLCHAIN", "go1.27.3")),
            ("f", Change::With(List::Tags, "timetzdata".into())),
            ("g", Change::With(List::LinkFlags, "-w".into())),
        ]);
        let text = command(&b, &all);
        for part in [
            "go_sdk.download(version = \"1.27.3\")` in MODULE.bazel, then `",
            "-w` in `gc_linkopts` of go_binary, then `",
            "bazel build ",
            " --@rules_go//go/config:race=false",
            " --@rules_go//go/config:pure",
            " --@rules_go//go/config:tags=timetzdata",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains(" go build") && !text.contains("GO111MODULE"));
    }

    #[test]
    fn a_command_repeats_the_record_and_makes_the_changes() {
        let b = testing::binary(|b| {
            testing::unset(b, "-trimpath");
            for (key, value) in [
                ("-tags", "netgo,osusergo"),
                (
                    "-ldflags",
                    "-s -X main.v=1 -X 'main.t=a b' -X main.token=abcdefgh12345678",
                ),
                ("GOFIPS140", "v1.0.0"),
                ("GOAMD64", "v3"),
                ("-race", "true"),
                ("GOEXPERIMENT", "arenas,nogreenteagc"),
            ] {
                testing::set(b, key, value);
            }
        });
        assert_eq!(
            command(&b, &Plan::default()),
            "GOOS=linux GOARCH=amd64 GOAMD64=v3 GOEXPERIMENT=arenas,nogreenteagc GOFIPS140=v1.0.0 CGO_ENABLED=0 go build -trimpath -race \
             -tags=netgo,osusergo -ldflags='-s -X main.v=1 -X \"main.t=a b\" -X main.token=…' example.com/app/cmd/app"
        );
        let all = plan(&[
            ("a", drop("-race")),
            ("b", Change::With(List::Tags, "timetzdata".into())),
            ("b", Change::Without(List::Tags, "netgo".into())),
            ("c", Change::Without(List::Experiments, "arenas".into())),
            ("d", without_definition("main.v")),
            ("e", set("GOAMD64", "v1")),
            ("f", set("GOTOOLCHAIN", "go1.27.3")),
            ("g", set("GOTOOLCHAIN", "go1.26.6")),
        ]);
        assert_eq!(
            command(&b, &all),
            "GOTOOLCHAIN=go1.27.3 GOOS=linux GOARCH=amd64 GOAMD64=v1 GOEXPERIMENT=nogreenteagc GOFIPS140=v1.0.0 CGO_ENABLED=0 go build -trimpath \
             -tags=osusergo,timetzdata -ldflags='-s -X \"main.t=a b\" -X main.token=…' example.com/app/cmd/app"
        );
        assert_eq!(all.conflict("f"), None);
    }

    #[test]
    fn what_two_rules_want_different_is_said_by_both() {
        let p = plan(&[
            ("not-pie", set("-buildmode", "pie")),
            ("build-mode-not-allowed", set("-buildmode", "exe")),
        ]);
        for rule in ["not-pie", "build-mode-not-allowed"] {
            let text = p.conflict(rule).unwrap();
            assert!(text.contains("(not-pie)") && text.contains("(build-mode-not-allowed)"));
        }
    }

    #[test]
    fn long_and_secret_values_are_left_out() {
        let b = testing::binary(|b| {
            testing::set(b, "-gcflags", &"x".repeat(500));
            testing::set(b, "-tags", "a`b");
        });
        let text = command(&b, &Plan::default());
        assert!(
            text.contains("-gcflags=… ") && text.contains("-tags=… "),
            "{text}"
        );
    }
}
