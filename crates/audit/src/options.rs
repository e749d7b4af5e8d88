//! Options of rules: declared by rules, set by policies, read by checks.

use super::glob::{self, GlobError};
use super::known;
use gospect_knowledge::{hint, ports};

/// The declaration of an option.
#[derive(Debug)]
pub struct OptionSpec {
    /// Kebab-case.
    pub name: &'static str,
    /// The values that it takes.
    pub kind: ValueKind,
    /// Its value without a policy.
    pub default: Default,
    /// What it does, in one sentence.
    pub doc: &'static str,
}

/// The option `allow`: globs of what the rule ignores.
pub const fn allow(doc: &'static str) -> OptionSpec {
    OptionSpec {
        name: "allow",
        kind: ValueKind::Globs,
        default: Default::List(&[]),
        doc,
    }
}

/// The option `allow` with exact texts instead of globs.
pub const fn allow_texts(doc: &'static str) -> OptionSpec {
    OptionSpec {
        kind: ValueKind::Texts,
        ..allow(doc)
    }
}

/// The values that an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A Go release such as `go1.26` or `go1.26.3`.
    Release,
    /// A dotted number such as `2.28`.
    Number,
    /// List of texts.
    Texts,
    /// List of globs.
    Globs,
    /// List of globs over ports, `os/arch`; each matches at least one pair that Go knows.
    Ports,
    /// List of words from this set.
    Choices(&'static [&'static str]),
    /// List of `GLOB@VERSION`.
    Floors,
    /// List of `NAME=VALUE`.
    Pairs,
    /// List of `GLOB=WORD,WORD`, with words from this set; nothing after the `=` is not a word.
    Grants(&'static [&'static str]),
}

/// Why an option does not accept a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// It is not one of the words that the option takes.
    #[error("`{text}` is not known here; {hint}")]
    Word { text: String, hint: String },
    /// It is not a Go release.
    #[error("`{0}` is not a Go release; write it as `go1.26` or `go1.26.3`")]
    Release(String),
    /// It is not a dotted number.
    #[error("`{0}` is not a dotted number such as `2.28`")]
    Number(String),
    /// It compares versions, and globs do not.
    #[error("`{0}` compares versions, which a glob does not; below a version: module-below-floor")]
    Comparison(String),
    /// It is not a glob.
    #[error("the glob `{glob}` {source}")]
    Glob { glob: String, source: GlobError },
    /// No system and architecture that Go knows match it.
    #[error("`{text}` is not a port; {hint}")]
    Port { text: String, hint: String },
    /// It is not a module with its lowest version.
    #[error("`{0}` is not `MODULE@VERSION` such as `golang.org/x/crypto@v0.31.0`")]
    Floor(String),
    /// It is not a glob with words.
    #[error("`{0}` is not `MODULE-GLOB=CAPABILITY,...`")]
    Grant(String),
    /// It is not a name with its value.
    #[error("`{0}` is not `NAME=VALUE`")]
    Pair(String),
}

impl ValueKind {
    /// Whether the option takes a list.
    pub fn is_list(self) -> bool {
        matches!(
            self,
            ValueKind::Texts
                | ValueKind::Globs
                | ValueKind::Ports
                | ValueKind::Choices(_)
                | ValueKind::Floors
                | ValueKind::Pairs
                | ValueKind::Grants(_)
        )
    }

    /// What to write, for documentation and errors.
    pub fn describe(self) -> String {
        match self {
            ValueKind::Flag => "`true` or `false`".into(),
            ValueKind::Choice(words) => format!("one of `{}`", words.join("`, `")),
            ValueKind::Release => "a Go release such as `\"go1.26\"` or `\"go1.26.3\"`".into(),
            ValueKind::Number => "a dotted number such as `\"2.28\"`".into(),
            ValueKind::Texts => "a list of texts".into(),
            ValueKind::Globs => "a list of globs".into(),
            ValueKind::Ports => {
                "a list of ports or globs over them, such as `\"linux/amd64\"` or `\"darwin/*\"`"
                    .into()
            }
            ValueKind::Choices(words) => format!("a list out of `{}`", words.join("`, `")),
            ValueKind::Floors => "a list of `\"MODULE-GLOB@VERSION\"`".into(),
            ValueKind::Pairs => "a list of `\"NAME=VALUE\"`".into(),
            ValueKind::Grants(_) => "a list of `\"MODULE-GLOB=CAPABILITY,...\"`".into(),
        }
    }

    /// Checks one text, or one element of a list.
    pub fn check(self, text: &str) -> Result<(), BadValue> {
        let glob = |glob: &str| {
            glob::check(glob).map_err(|source| BadValue::Glob {
                glob: glob.to_owned(),
                source,
            })
        };
        let require = |holds: bool, otherwise: fn(String) -> BadValue| {
            holds
                .then_some(())
                .ok_or_else(|| otherwise(text.to_owned()))
        };
        match self {
            ValueKind::Flag | ValueKind::Texts => Ok(()),
            ValueKind::Choice(words) | ValueKind::Choices(words) if words.contains(&text) => Ok(()),
            ValueKind::Choice(words) | ValueKind::Choices(words) => Err(BadValue::Word {
                text: text.to_owned(),
                hint: hint(text, words.iter().copied(), || {
                    ValueKind::Choice(words).describe()
                }),
            }),
            ValueKind::Release => {
                require(known::GoRelease::parse(text).is_some(), BadValue::Release)
            }
            ValueKind::Number => {
                let is_digits = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
                require(text.split('.').all(is_digits), BadValue::Number)
            }
            // A version of a module in a glob: `golang.org/x/net@v0.30.0`.
            ValueKind::Globs if compares_versions(text) => {
                Err(BadValue::Comparison(text.to_owned()))
            }
            ValueKind::Globs => glob(text),
            ValueKind::Ports => glob(text).and_then(|()| match bad_port(text) {
                None => Ok(()),
                Some(hint) => Err(BadValue::Port {
                    text: text.to_owned(),
                    hint,
                }),
            }),
            ValueKind::Floors => match text.rsplit_once('@') {
                Some((module, version)) if known::is_module_version(version) => glob(module),
                _ => Err(BadValue::Floor(text.to_owned())),
            },
            ValueKind::Pairs => require(
                text.split_once('=')
                    .is_some_and(|(name, _)| !name.is_empty()),
                BadValue::Pair,
            ),
            ValueKind::Grants(words) => match text.split_once('=') {
                Some((modules, granted)) if !modules.is_empty() => {
                    glob(modules)?;
                    let granted = granted.split(',').map(str::trim);
                    let mut granted = granted.filter(|word| !word.is_empty());
                    granted.try_for_each(|word| ValueKind::Choices(words).check(word))
                }
                _ => Err(BadValue::Grant(text.to_owned())),
            },
        }
    }
}

/// What to write instead of a glob that matches no port. `None` when it matches one, known to Go or to come.
pub(crate) fn bad_port(pattern: &str) -> Option<String> {
    if ports::pairs().any(|port| glob::matches(pattern, &port)) {
        return None;
    }
    Some(ports::correction(pattern).unwrap_or_else(|| "no port matches it".to_owned()))
}

/// The value of an option without a policy.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// Not set: the rule decides what that means.
    Unset,
    /// A flag.
    Flag(bool),
    /// A text.
    Text(&'static str),
    /// A list.
    List(&'static [&'static str]),
}

/// The value that a policy sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `true` or `false`.
    Flag(bool),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// The options of one rule: the values from the policy, or else the defaults.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    pub(super) specs: &'static [OptionSpec],
    pub(super) set: &'a [(&'static str, Value)],
}

impl<'a> Options<'a> {
    fn value(&self, name: &str) -> Option<&'a Value> {
        self.set.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    fn default(&self, name: &str) -> Default {
        let spec = self.specs.iter().find(|s| s.name == name);
        debug_assert!(spec.is_some(), "option {name} is not declared");
        spec.map_or(Default::Unset, |s| s.default)
    }

    /// A flag; false when unset.
    pub fn flag(&self, name: &str) -> bool {
        match (self.value(name), self.default(name)) {
            (Some(Value::Flag(v)), _) => *v,
            (None, Default::Flag(v)) => v,
            _ => false,
        }
    }

    /// A text; `None` when unset.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        match (self.value(name), self.default(name)) {
            (Some(Value::Text(v)), _) => Some(v),
            (None, Default::Text(v)) => Some(v),
            _ => None,
        }
    }

    /// A list; empty when unset.
    pub fn list(&self, name: &str) -> Vec<&'a str> {
        self.list_if_set(name).unwrap_or_default()
    }

    /// Whether a glob of the option `allow` matches.
    pub fn allows(&self, text: &str) -> bool {
        glob::any(&self.list("allow"), text)
    }

    /// A list; `None` when unset.
    pub fn list_if_set(&self, name: &str) -> Option<Vec<&'a str>> {
        match (self.value(name), self.default(name)) {
            (Some(Value::List(v)), _) => Some(v.iter().map(String::as_str).collect()),
            (None, Default::List(v)) => Some(v.to_vec()),
            _ => None,
        }
    }
}

/// Whether a glob has a comparison where a version could be: `golang.org/x/net@<v0.30.0`.
fn compares_versions(glob: &str) -> bool {
    let version = glob.rsplit_once('@').map(|(_, version)| version);
    version.is_some_and(|version| version.starts_with(['<', '>', '=', '!', '~', '^']))
}
