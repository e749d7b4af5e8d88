//! The build command that all findings about a program share.
//!
//! Each rule says which settings should change. The command repeats the recorded settings with the changes of all rules, so
//! that whoever follows one finding does not undo another setting or another fix.

mod bazel;
mod command;
mod harmless;

pub(crate) use command::argument;

use crate::known::GoRelease;
use gospect_record::{Binary, ModuleList};
use std::collections::BTreeMap;

/// Most changes to keep for one program; real programs need less than a tenth.
const CHANGES_LIMIT: usize = 256;

/// Settings that are lists of words; a rule may want a word in a list or not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListSetting {
    /// `-tags`.
    Tags,
    /// `GOEXPERIMENT`.
    Experiments,
    /// `-ldflags`. `-X name` means the whole definition.
    LinkFlags,
    /// `CGO_LDFLAGS`.
    CgoLinkFlags,
}

impl ListSetting {
    fn key(self) -> &'static str {
        match self {
            ListSetting::Tags => "-tags",
            ListSetting::Experiments => "GOEXPERIMENT",
            ListSetting::LinkFlags => "-ldflags",
            ListSetting::CgoLinkFlags => "CGO_LDFLAGS",
        }
    }
}

/// The variable that names the toolchain.
const TOOLCHAIN: &str = "GOTOOLCHAIN";

/// A change that a rule wants in the next build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildChange {
    /// Set a variable (`GOFIPS140`) or flag (`-buildmode`) to a value.
    Set(String, String),
    /// Leave a flag out.
    Drop(String),
    /// Have a word in a list.
    With(ListSetting, String),
    /// Do not have a word in a list.
    Without(ListSetting, String),
}

/// [`BuildChange::Set`].
pub fn set(key: &str, value: impl Into<String>) -> BuildChange {
    BuildChange::Set(key.to_owned(), value.into())
}

/// A value that whoever builds has to choose.
const OPEN: &str = "…";

/// [`BuildChange::Set`] of a setting whose recorded value is not to be repeated.
pub fn open(key: &str) -> BuildChange {
    set(key, OPEN)
}

/// [`BuildChange::Drop`].
pub fn drop(key: &str) -> BuildChange {
    BuildChange::Drop(key.to_owned())
}

/// [`BuildChange::Without`] of the definition of a variable in `-ldflags`.
pub fn without_definition(target: &str) -> BuildChange {
    BuildChange::Without(ListSetting::LinkFlags, format!("-X {target}"))
}

impl BuildChange {
    /// The setting that it changes.
    pub fn key(&self) -> &str {
        match self {
            BuildChange::Set(key, _) | BuildChange::Drop(key) => key,
            BuildChange::With(list, _) | BuildChange::Without(list, _) => list.key(),
        }
    }

    /// Whether it only says that the recorded value is not the one: any other change of the setting is as good.
    fn is_open(&self) -> bool {
        matches!(self, BuildChange::Set(_, value) if value == OPEN)
    }

    /// What two changes must agree on.
    fn subject(&self) -> String {
        match self {
            BuildChange::Set(key, _) | BuildChange::Drop(key) => key.clone(),
            BuildChange::With(list, word) | BuildChange::Without(list, word) => {
                format!("{} {word}", list.key())
            }
        }
    }

    /// The change as a part of a command.
    pub(crate) fn part(&self) -> String {
        match self {
            BuildChange::Set(key, value) if value == "true" && key.starts_with('-') => {
                format!("`{key}`")
            }
            _ => self.shown(),
        }
    }

    /// The change as text for people.
    fn shown(&self) -> String {
        match self {
            BuildChange::Set(key, value) => format!("`{key}={value}`"),
            BuildChange::Drop(key) => format!("no `{key}`"),
            BuildChange::With(list, word) => format!("`{word}` in `{}`", list.key()),
            BuildChange::Without(list, word) => format!("no `{word}` in `{}`", list.key()),
        }
    }
}

/// A build that advice names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The command, with the changes of all findings about the program.
    pub command: String,
    /// The changes that this finding wants, as text for people; empty: the build alone.
    pub part: String,
    /// What makes the program agree with its group; set while the command is not known.
    pub(crate) agreement: Option<Agreement>,
}

/// A word that the command of a build must have, or must not have, to make the program agree with its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    word: String,
    is_there: bool,
}

impl Agreement {
    /// The value of a setting; empty: it is not set.
    pub fn on_setting(key: &str, value: &str) -> Self {
        Self {
            word: match value {
                "" => key.to_owned(),
                "true" if key.starts_with('-') => key.to_owned(),
                value => format!("{key}={value}"),
            },
            is_there: !value.is_empty(),
        }
    }

    /// A Go release.
    pub fn on_release(version: &str) -> Self {
        Self::on_setting("GOTOOLCHAIN", version)
    }

    /// Whether a command reaches it. A value that a shell would take apart is not recognised.
    pub fn is_reached(&self, command: &str) -> bool {
        let mut words = command.split(' ');
        match self.is_there {
            true => words.any(|word| word == self.word),
            false => words.all(|word| word.split('=').next() != Some(&self.word)),
        }
    }
}

/// The changes wanted by the findings about one program, or about the programs of one group.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    asks: BTreeMap<String, (BuildChange, String)>,
    /// For each rule, the wish that contradicts another rule.
    conflicts: BTreeMap<String, String>,
    /// The newest language version that a rule wants, as the minor release of a `go` line.
    go_line: Option<u32>,
    /// Whether a command or `go` line was handed out since [`Self::take_advice`].
    has_advised: bool,
    /// The build that was advised last.
    advised: Build,
    /// The last command; `None` when a change was added since. Cached because a program may have 100,000 findings.
    written: Option<String>,
}

impl Plan {
    /// The number of changes and conflicts, and the `go` line.
    pub fn size(&self) -> (usize, Option<u32>, usize) {
        (self.asks.len(), self.go_line, self.conflicts.len())
    }

    /// Whether there are no changes.
    pub fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    /// Adds what a rule wants. Of two toolchains the newer wins. Any other disagreement is a conflict in the policy, which both
    /// rules then report.
    pub fn ask(&mut self, rule: &str, change: &BuildChange) {
        let subject = change.subject();
        let Some((there, whose)) = self.asks.get_mut(&subject) else {
            if self.asks.len() < CHANGES_LIMIT {
                self.written = None;
                self.asks.insert(subject, (change.clone(), rule.to_owned()));
            }
            return;
        };
        if there == change || change.is_open() {
            return;
        }
        if there.is_open() {
            self.written = None;
            (*there, *whose) = (change.clone(), rule.to_owned());
            return;
        }
        if let (BuildChange::Set(key, old), BuildChange::Set(_, new)) = (&*there, change)
            && key == TOOLCHAIN
        {
            if GoRelease::parse(new) > GoRelease::parse(old) {
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

    /// The command that builds `binary`, the program of the plan, with the changes.
    pub fn command(&mut self, binary: &Binary) -> String {
        self.has_advised = true;
        if self.written.is_none() {
            self.written = Some(command(binary, self));
        }
        self.written.clone().unwrap_or_default()
    }

    /// Notes which build was advised, and for which changes.
    pub fn advise(&mut self, command: &str, changes: &[BuildChange]) {
        self.advised = Build {
            command: command.to_owned(),
            part: self.parts(changes),
            agreement: None,
        };
    }

    /// Changes as text for people. A toolchain is named as the command has it: another finding may want a newer one.
    pub fn parts(&self, changes: &[BuildChange]) -> String {
        let part = |change: &BuildChange| match (change, self.toolchain()) {
            (BuildChange::Set(key, own), Some(planned))
                if key == TOOLCHAIN && GoRelease::parse(planned) > GoRelease::parse(own) =>
            {
                set(TOOLCHAIN, planned).part()
            }
            _ => change.part(),
        };
        let parts: Vec<String> = changes.iter().map(part).collect();
        parts.join(" and ")
    }

    /// The build that a text of advice names, if it was advised last.
    pub fn build_in(&self, help: &str) -> Option<Build> {
        let command = &self.advised.command;
        let is_named = !command.is_empty() && help.contains(&format!("`{command}`"));
        is_named.then(|| self.advised.clone())
    }

    /// The plan without its cached command, so that little is kept of each program.
    pub fn without_text(self) -> Self {
        Self {
            written: None,
            advised: Build::default(),
            ..self
        }
    }

    /// What a rule says in place of its own advice when another rule wants the opposite.
    pub fn conflict(&self, rule: &str) -> Option<&str> {
        self.conflicts.get(rule).map(String::as_str)
    }

    /// Whether advice about a new build was given since the last call.
    pub fn take_advice(&mut self) -> bool {
        std::mem::take(&mut self.has_advised)
    }

    /// The `go` line to propose: the newest that any rule wants.
    pub fn go_line(&mut self, minor: u32) -> u32 {
        self.has_advised = true;
        let line = self.go_line.unwrap_or(0).max(minor);
        self.go_line = Some(line);
        line
    }

    /// The `go` line that was proposed last.
    pub fn proposed_go_line(&self) -> Option<u32> {
        self.go_line
    }

    /// The toolchain wanted.
    pub fn toolchain(&self) -> Option<&str> {
        match self.asks.get(TOOLCHAIN) {
            Some((BuildChange::Set(_, release), _)) => Some(release),
            _ => None,
        }
    }

    /// Adds everything that another plan wants.
    pub fn merge(&mut self, other: &Plan) {
        for (change, rule) in other.asks.values() {
            self.ask(rule, change);
        }
    }

    /// The change wanted for a setting; for a list that of its first word.
    pub fn of(&self, key: &str) -> Option<&BuildChange> {
        let asks = self.asks.values().map(|(change, _)| change);
        asks.into_iter().find(|change| change.key() == key)
    }

    fn changes(&self) -> impl Iterator<Item = &BuildChange> {
        self.asks.values().map(|(change, _)| change)
    }
}

/// The command that builds the program again with the changes of a plan.
fn command(binary: &Binary, plan: &Plan) -> String {
    match binary.module_list() {
        ModuleList::Bazel => bazel::command(binary, plan),
        _ => command::command(binary, plan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn plan(changes: &[(&str, BuildChange)]) -> Plan {
        let mut plan = Plan::default();
        for (rule, change) in changes {
            plan.ask(rule, change);
        }
        plan
    }

    #[test]
    fn a_bazel_program_is_rebuilt_with_bazel() {
        let b = testing::change(testing::gopath(&[]), |b| {
            b.module_list = Some(ModuleList::Bazel.into());
        });
        assert_eq!(
            command(&b, &Plan::default()),
            "bazel build --platforms=@rules_go//go/toolchain:linux_amd64 //..."
        );
        // Advice does not name flags of the `go` command.
        let setup = testing::Setup::default();
        let old = testing::change(b.clone(), |b| b.go_version = Some("go1.20.3".to_owned()));
        let found = setup.judge(&old);
        let rebuilt = found.iter().find(|f| f.rule == "unsupported-toolchain");
        assert_eq!(rebuilt.unwrap().build.as_ref().unwrap().part, "");
        let all = plan(&[
            ("a", drop("-race")),
            ("b", set("CGO_ENABLED", "0")),
            ("c", set("-trimpath", "true")),
            ("d", set("GO111MODULE", "on")),
            ("e", set("GOTOOLCHAIN", "go1.27.3")),
            (
                "f",
                BuildChange::With(ListSetting::Tags, "timetzdata".into()),
            ),
            ("g", BuildChange::With(ListSetting::LinkFlags, "-w".into())),
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
            (
                "b",
                BuildChange::With(ListSetting::Tags, "timetzdata".into()),
            ),
            ("b", BuildChange::Without(ListSetting::Tags, "netgo".into())),
            (
                "c",
                BuildChange::Without(ListSetting::Experiments, "arenas".into()),
            ),
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
    fn rules_that_disagree_both_say_so() {
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
