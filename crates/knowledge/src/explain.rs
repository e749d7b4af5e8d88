//! What `gospect explain` says about a GODEBUG setting, a GOEXPERIMENT or a variable of the environment.

use super::godebug::{self, Acts, Risk, Setting, TextKind};
use super::goexperiment::{self, Experiment};
use super::variables::{self, Variable};
use serde::Serialize;
use std::fmt::Write;

/// The explanation of one name; missing parts are `None` or empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The name asked for.
    pub name: String,
    /// `godebug`, `goexperiment` or `variable`.
    pub kind: &'static str,
    /// Name and kind, as a heading.
    pub title: String,
    /// What it controls.
    pub what: String,
    /// What reads it; `None` for an experiment.
    pub package: Option<String>,
    /// The first release known to have it. The tables have no data on 1.20 and on releases before 1.19.
    pub since: Option<String>,
    /// Releases that turn an experiment on by default.
    pub on_by_default: Option<String>,
    /// Release that changed the default.
    pub changed: Option<String>,
    /// The value that restores the behaviour from before the change.
    pub old_value: Option<String>,
    /// Values that have an effect.
    pub values: Option<String>,
    /// Release that removed it.
    pub removed: Option<String>,
    /// Values that stop a process at start.
    pub fatal: Option<String>,
    /// Why it matters for security.
    pub security: Option<String>,
    /// What it costs.
    pub cost: Option<String>,
    /// What to do.
    pub advice: String,
}

/// Explains a setting, an experiment or a variable; a name that is both (`simd`, `pagetrace`) has two explanations.
pub fn explain(name: &str) -> Vec<Explanation> {
    let setting = godebug::setting(name).map(|s| of_setting(name, s));
    setting
        .into_iter()
        .chain(goexperiment::experiment(name).map(of_experiment))
        .chain(variables::variable(name).map(of_variable))
        .collect()
}

/// All names with an explanation, sorted, without duplicates.
pub fn names() -> Vec<&'static str> {
    let settings = godebug::table().settings.iter().map(|s| s.name);
    let mut names: Vec<_> = settings
        .chain(goexperiment::table().experiments.iter().map(|e| e.name))
        .chain(variables::table().variables.iter().map(|v| v.name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn of_setting(name: &str, s: &Setting) -> Explanation {
    let trees = godebug::table().trees;
    let newest = trees.last().map_or(0, |tree| tree.0);
    let change = s.changed.last();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let deadly_numbers = s.lives.map(|(from, min, max)| {
        match (min > i64::from(i32::MIN), max < i64::from(i32::MAX)) {
            (true, _) => format!("below {min} from Go 1.{from} on"),
            (false, _) => format!("above {max} from Go 1.{from} on"),
        }
    });
    let deadly_texts =
        (!s.old_values.is_empty()).then(|| format!("{} from Go 1.27 on", s.old_values.join(", ")));
    Explanation {
        name: name.to_owned(),
        kind: "godebug",
        title: format!("GODEBUG setting {name}"),
        what: s.what.to_string(),
        package: some(s.package),
        since: since(s.known),
        on_by_default: None,
        changed: change.map(|c| format!("Go 1.{}", c.0)),
        old_value: change.map(|c| c.1.to_owned()),
        values: Some(values(s, newest)),
        removed: s.removed.map(|minor| format!("Go 1.{minor}")),
        fatal: deadly_texts.or(deadly_numbers),
        security: some(s.security),
        cost: some(s.cost),
        advice: setting_advice(name, s),
    }
}

fn values(s: &Setting, newest: u32) -> String {
    let last = s.known.last().copied().unwrap_or(newest);
    if s.is_runtime(last) {
        return format!("a number; default {}", s.runtime_default(last, None));
    }
    match s
        .acts
        .iter()
        .rev()
        .find(|(from, _)| *from <= last)
        .map(|(_, acts)| acts)
    {
        Some(Acts::Texts(texts)) => {
            format!("{}; any other value means the default", texts.join(", "))
        }
        Some(Acts::Every(TextKind::Number)) => {
            "a number; anything else means the default".to_owned()
        }
        Some(Acts::Every(TextKind::Any)) => "a text".to_owned(),
        None => "none that changes anything".to_owned(),
    }
}

fn setting_advice(name: &str, s: &Setting) -> String {
    if let Some(minor) = s.removed {
        return if s.old_values.is_empty() {
            format!("Remove it: Go 1.{minor} and newer ignore it.")
        } else {
            format!(
                "Remove every {name} from GODEBUG, //go:debug and go.mod before building with Go 1.27 or newer."
            )
        };
    }
    if s.is_go_command() {
        return "Leave it out of deployments: only the go command reads it.".to_owned();
    }
    if let Some(change) = s.changed.last() {
        let (minor, old) = (change.0, &change.1);
        return format!(
            "{name}={old} comes with a go line older than 1.{minor}: raise the go line of the main module to 1.{minor} or newer, \
             or write //go:debug {name}= with the new value, once the program works with it."
        );
    }
    match s.risk {
        Risk::Diagnostic => "Use it to find a problem, then take it out of the environment again.",
        Risk::Performance => {
            "Measure with and without it; leave it out unless the numbers say otherwise."
        }
        Risk::Security => {
            "Set it only on purpose, and write down why; otherwise leave the default."
        }
        Risk::Behaviour => {
            "Set it only while the program is being adapted; otherwise leave the default."
        }
        Risk::None => "Nothing to do.",
    }
    .to_owned()
}

fn of_experiment(e: &Experiment) -> Explanation {
    let newest = goexperiment::table()
        .trees
        .last_key_value()
        .map_or(0, |(minor, _)| *minor);
    let last = e.known.last().copied().unwrap_or(newest);
    let on: Vec<u32> = e.on.iter().flat_map(|o| o.minors.iter().copied()).collect();
    let first_on = on.iter().min().map(|minor| format!("from Go 1.{minor} on"));
    let limited =
        e.on.iter()
            .any(|o| !o.goarch.is_empty() || !o.except_goos.is_empty());
    let removed = (last < newest)
        .then(|| goexperiment::table().trees.keys().find(|m| **m > last))
        .flatten();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let advice = match (removed, first_on.is_some()) {
        (Some(minor), _) => format!(
            "Remove it from GOEXPERIMENT: the go command of Go 1.{minor} and newer refuses the name."
        ),
        (None, true) => format!(
            "Nothing to do; GOEXPERIMENT=no{} at build time turns it off.",
            e.name
        ),
        (None, false) => {
            "Set it when building, and only to try it: experiments come without the Go 1 promise. \
                          At run time GOEXPERIMENT has no effect."
                .to_owned()
        }
    };
    Explanation {
        name: e.name.to_owned(),
        kind: "goexperiment",
        title: format!("GOEXPERIMENT {}", e.name),
        what: e.what.to_string(),
        package: None,
        since: since(&e.known),
        on_by_default: first_on.map(|text| {
            if limited {
                format!("{text}, not on every port")
            } else {
                text
            }
        }),
        changed: None,
        old_value: None,
        values: None,
        removed: removed.map(|minor| match &*e.after {
            "" => format!("Go 1.{minor}"),
            after => format!("Go 1.{minor}: {after}"),
        }),
        fatal: None,
        security: some(&e.security),
        cost: some(&e.cost),
        advice,
    }
}

fn of_variable(v: &Variable) -> Explanation {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Explanation {
        name: v.name.clone(),
        kind: "variable",
        title: format!("Variable {}", v.name),
        what: v.what.clone(),
        package: some(&v.read_by),
        since: some(&v.since),
        on_by_default: None,
        changed: some(&v.default_changed),
        old_value: None,
        values: some(&v.values),
        removed: some(&v.removed),
        fatal: some(&v.fatal),
        security: some(&v.security),
        cost: some(&v.cost),
        advice: v.advice.clone(),
    }
}

/// The first minor release of the list; `None` for the oldest table, which cannot tell about earlier releases, and for 1.21,
/// because there is no table of 1.20.
fn since(known: &[u32]) -> Option<String> {
    known.first().map(|minor| match minor {
        19 => "Go 1.19 or earlier".to_owned(),
        21 => "Go 1.21 or 1.20".to_owned(),
        minor => format!("Go 1.{minor}"),
    })
}

impl Explanation {
    /// Label and text of each part that is present, in reading order.
    fn parts(&self) -> Vec<(&'static str, &str)> {
        let optional = [
            ("Read by", &self.package),
            ("Since", &self.since),
            ("On by default", &self.on_by_default),
            ("Values", &self.values),
            ("Default changed", &self.changed),
            ("Old value", &self.old_value),
            ("Removed", &self.removed),
            ("Stops the process", &self.fatal),
            ("Security", &self.security),
            ("Cost", &self.cost),
        ];
        let parts = optional
            .into_iter()
            .filter_map(|(label, part)| Some((label, part.as_deref()?)));
        parts
            .chain([("What to do", self.advice.as_str())])
            .collect()
    }

    /// The explanation as plain text for a terminal.
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n\n{}\n\n", self.title, self.what);
        for (label, text) in self.parts() {
            let _ = writeln!(out, "{:<19} {text}", format!("{label}:"));
        }
        out
    }

    /// The explanation as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = format!("## {}\n\n{}\n\n", self.title, self.what);
        for (label, text) in self.parts() {
            let _ = writeln!(out, "- **{label}:** {text}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_an_explanation() {
        let names = names();
        assert!(names.is_sorted_by(|a, b| a < b));
        for name in names {
            let explanations = explain(name);
            assert!(!explanations.is_empty(), "{name}");
            for e in explanations {
                assert!(
                    e.what.len() > 10 && e.what.ends_with('.') && !e.advice.is_empty(),
                    "{name}: {}",
                    e.what
                );
                assert!(
                    e.to_text().contains(&e.what) && e.to_markdown().starts_with("## "),
                    "{name}"
                );
                assert!(serde_json::to_value(&e).is_ok_and(|v| v["name"] == *name));
            }
        }
        assert!(explain("nosuch").is_empty());
    }

    #[test]
    fn explanations_contain_what_matters() {
        let one = |name| explain(name).remove(0);
        let removed = one("asynctimerchan");
        assert_eq!(removed.removed.as_deref(), Some("Go 1.27"));
        assert_eq!(removed.fatal.as_deref(), Some("1, 2 from Go 1.27 on"));
        let changed = one("x509negativeserial");
        assert_eq!(
            (changed.changed.as_deref(), changed.old_value.as_deref()),
            (Some("Go 1.23"), Some("1"))
        );
        assert!(changed.security.is_some());
        assert_eq!(
            one("cgocheck").fatal.as_deref(),
            Some("above 1 from Go 1.21 on")
        );
        assert!(
            one("swissmap")
                .removed
                .is_some_and(|r| r.starts_with("Go 1.26"))
        );
        assert!(
            one("dwarf5")
                .on_by_default
                .is_some_and(|o| o == "from Go 1.25 on, not on every port")
        );
        assert_eq!(explain("simd").len(), 2);
        let limit = one("GOMEMLIMIT");
        assert_eq!(limit.since.as_deref(), Some("Go 1.19"));
        assert!(limit.fatal.is_some_and(|f| f.contains("512MB")));
        assert!(
            one("GOMAXPROCS")
                .changed
                .is_some_and(|c| c.contains("Go 1.25"))
        );
        assert_eq!(one("cpu.avx2").name, "cpu.avx2");
    }
}
