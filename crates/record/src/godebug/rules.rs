//! How each release finds the value of a setting.
//!
//! There are three readers. The runtime parses its own variables as numbers at start: first the defaults, then the environment,
//! each from left to right, skipping what is not a number (src/runtime/runtime1.go parsegodebug). Package internal/godebug
//! takes texts: the last one in the environment, or else the last one in the defaults; a `#` begins a bisect pattern
//! (src/internal/godebug/godebug.go,
//! 1.21 and newer). Some other code searches the environment variable itself. Go 1.19 has no defaults, and its internal/godebug
//! took the first value instead of the last.

use super::language::LanguageRange;
use super::sources::{GodebugOrigin, Source};
use gospect_knowledge::godebug::Setting;

/// The last minor release without built-in defaults.
const NO_DEFAULTS: u32 = 19;
/// Since this release the runtime reads `+1` as a number (it replaced its own atoi by internal/strconv).
const PLUS_SIGN: u32 = 26;
/// Since this release gccheckmark turns asynchronous preemption off.
const CHECKMARK_STOPS_PREEMPTION: u32 = 25;
/// Since this release an old value of a removed setting stops the process.
pub const REMOVAL_IS_ENFORCED: u32 = 27;
/// The runtime reads it as a number, package time as a text that may have a bisect pattern (src/time/sleep.go, Go 1.23-1.26).
const READ_TWICE: &str = "asynctimerchan";
/// runtime.maxProfStackDepth (src/runtime/mprof.go).
const MAX_PROFILE_DEPTH: i64 = 1024;

/// What determines the values: the release and the strings.
#[derive(Debug)]
pub struct Rules<'a> {
    pub minor: u32,
    pub goos: Option<&'a str>,
    /// The defaults (the built-in string, or else the recorded one), then the environment; missing ones are left out.
    pub sources: Vec<Source<'a>>,
    /// The `go` lines that explain the recorded defaults.
    pub language: Option<LanguageRange>,
}

/// The value of a setting and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    pub value: String,
    pub origin: GodebugOrigin,
    /// The bisect pattern after `#`.
    pub pattern: Option<String>,
}

impl InForce {
    fn toolchain(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            origin: GodebugOrigin::Toolchain,
            pattern: None,
        }
    }
}

impl<'a> Rules<'a> {
    /// The sources that this release reads for a setting, weakest first.
    fn read<'s>(&'s self, setting: &Setting) -> impl DoubleEndedIterator<Item = &'s Source<'a>> {
        let env_only = setting.env_only || self.minor <= NO_DEFAULTS;
        self.sources
            .iter()
            .filter(move |s| s.origin == GodebugOrigin::Environment || !env_only)
    }

    /// The value in force of a setting that this release knows. `without` is a source to ignore.
    pub fn in_force(
        &self,
        setting: &Setting,
        key: &str,
        without: Option<GodebugOrigin>,
    ) -> InForce {
        let text = self.text(setting, key, without);
        let by_text =
            key == READ_TWICE && text.pattern.is_some() && self.acts(setting, &text.value);
        if setting.is_runtime(self.minor) && !by_text {
            return match self.number(setting, key, without) {
                Some((n, origin)) => InForce {
                    value: self.bounded(key, n).to_string(),
                    origin,
                    pattern: None,
                },
                None => {
                    InForce::toolchain(setting.runtime_default(self.minor, self.goos).to_string())
                }
            };
        }
        text
    }

    /// A text setting: the strongest string that names it decides.
    fn text(&self, setting: &Setting, key: &str, without: Option<GodebugOrigin>) -> InForce {
        for source in self
            .read(setting)
            .rev()
            .filter(|s| Some(s.origin) != without)
        {
            let values = source.values(key);
            let value = match self.minor {
                _ if searches_the_text(key) => {
                    found_in_text(source.text, key).or(values.last().copied())
                }
                ..=NO_DEFAULTS => values.first().copied(),
                _ => values.last().copied(),
            };
            let Some(value) = value else { continue };
            let cut = (self.minor > NO_DEFAULTS && !setting.env_only)
                .then(|| value.split_once('#'))
                .flatten();
            let (value, pattern) = cut.map_or((value, None), |(value, pattern)| {
                (value, Some(pattern.to_owned()))
            });
            return InForce {
                value: value.to_owned(),
                origin: source.origin,
                pattern,
            };
        }
        InForce::toolchain("")
    }

    /// A runtime variable: a later number replaces an earlier one.
    fn number(
        &self,
        setting: &Setting,
        key: &str,
        without: Option<GodebugOrigin>,
    ) -> Option<(i64, GodebugOrigin)> {
        let sources = self
            .read(setting)
            .rev()
            .filter(|s| Some(s.origin) != without);
        sources
            .filter_map(|source| Some((self.last_number(source, key)?, source.origin)))
            .next()
    }

    /// The last number for a runtime variable in one string.
    pub fn last_number(&self, source: &Source, key: &str) -> Option<i64> {
        source
            .values(key)
            .iter()
            .rev()
            .find_map(|value| self.parse(key, value))
    }

    /// Parses a number as the runtime of this release does.
    pub fn parse(&self, key: &str, text: &str) -> Option<i64> {
        let digits = match text.as_bytes() {
            [b'-', rest @ ..] => rest,
            [b'+', rest @ ..] if self.minor >= PLUS_SIGN => rest,
            whole => whole,
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let n: i64 = text.parse().ok()?;
        // memprofilerate is an int, all other variables are an int32.
        (key == "memprofilerate" || i32::try_from(n).is_ok()).then_some(n)
    }

    fn bounded(&self, key: &str, n: i64) -> i64 {
        if key == "profstackdepth" {
            n.min(MAX_PROFILE_DEPTH)
        } else {
            n
        }
    }

    /// Whether the value changes anything compared with the toolchain's default.
    pub fn acts(&self, setting: &Setting, value: &str) -> bool {
        if setting.is_runtime(self.minor) && !setting.names_values(self.minor) {
            value.parse() != Ok(setting.runtime_default(self.minor, self.goos))
        } else {
            setting.acts(self.minor, value)
        }
    }

    /// The number of a runtime variable that ends the process at start, and its source.
    pub fn deadly_number(&self, setting: &Setting, key: &str) -> Option<(i64, GodebugOrigin)> {
        let (from, min, max) = setting.lives.filter(|_| setting.is_runtime(self.minor))?;
        let deadly = |(n, _): &(i64, GodebugOrigin)| self.minor >= from && !(min..=max).contains(n);
        if setting.each_source {
            let mut each = self
                .read(setting)
                .filter_map(|s| Some((self.last_number(s, key)?, s.origin)));
            return each.find(deadly);
        }
        self.number(setting, key, None).filter(deadly)
    }

    /// The first old value of a removed setting in any string. One is enough, whatever follows (src/runtime/runtime1.go
    /// parsegodebug and src/runtime/proc.go main, Go 1.27).
    pub fn deadly_old_value(
        &self,
        setting: &Setting,
        key: &str,
    ) -> Option<(&'a str, GodebugOrigin)> {
        if self.minor < REMOVAL_IS_ENFORCED
            || setting.old_values.is_empty()
            || setting.is_known(self.minor)
        {
            return None;
        }
        let old = |value: &str| setting.old_values.contains(&value);
        self.sources.iter().rev().find_map(|source| {
            source
                .values(key)
                .iter()
                .find(|value| old(value))
                .map(|value| (*value, source.origin))
        })
    }

    /// gccheckmark forces asyncpreemptoff (src/runtime/runtime1.go parseRuntimeDebugVars).
    pub fn checkmark_stops_preemption(&self, gccheckmark: &Setting) -> bool {
        self.minor >= CHECKMARK_STOPS_PREEMPTION
            && self
                .number(gccheckmark, gccheckmark.name, None)
                .is_some_and(|(n, _)| n > 0)
    }
}

/// net/http looks for `http2debug=1` anywhere in the text of the variable, not for a pair.
fn searches_the_text(key: &str) -> bool {
    matches!(key, "http2debug" | "http2xconnect")
}

fn found_in_text(text: &str, key: &str) -> Option<&'static str> {
    let finds = |value: &str| {
        text.match_indices(key).any(|(at, _)| {
            text[at + key.len()..]
                .strip_prefix('=')
                .is_some_and(|v| v.starts_with(value))
        })
    };
    match key {
        "http2debug" if finds("2") => Some("2"),
        _ if finds("1") => Some("1"),
        _ => None,
    }
}
