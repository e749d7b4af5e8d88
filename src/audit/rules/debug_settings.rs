//! What is wrong with a GODEBUG setting: one table for the records of programs (family `godebug`) and for deployment files (family
//! `deployment`). The families differ in where a setting comes from, in levels, and in what to type.

use super::prelude::Report;
use crate::audit::known;
use crate::audit::options::Options;
use crate::record::{EffectiveSetting, GodebugStatus};
use std::collections::HashMap;

/// A GODEBUG setting as a record or a deployment file has it.
pub(super) trait DebugSetting {
    /// The setting, with what the release makes of it.
    fn setting(&self) -> &EffectiveSetting;
    /// `key=value` as it was written.
    fn pair(&self) -> String;
    /// The Go release, for messages.
    fn release(&self) -> &str;
    /// Its minor version, where it is a Go 1 release.
    fn minor(&self) -> Option<u32>;
    /// Go's name of the architecture of whoever reads it, where that is known.
    fn arch(&self) -> Option<&str>;
    /// A report with evidence, place and identity; its help says how to be rid of the setting.
    fn report(&self, message: String) -> Report;
}

/// A row of the table.
pub(super) struct Fault {
    /// Status of the settings that are looked at, see [`EffectiveSetting::status`].
    pub(super) status: GodebugStatus,
    /// Settings that an old `go` line explains are left alone: nobody wrote them.
    pub(super) unless_implied: bool,
    /// Settings that only builds and tests read are left alone: they have old values on purpose.
    pub(super) only_running: bool,
    /// The report, when there is something to say.
    pub(super) find: fn(&dyn DebugSetting, &Options) -> Option<Report>,
}

pub(super) const UNKNOWN: Fault = Fault {
    status: GodebugStatus::Unknown,
    unless_implied: false,
    only_running: false,
    find: |s, _| {
        let EffectiveSetting { key, value, .. } = s.setting();
        let release = s.release();
        // Go may know the switch of a processor, on other processors.
        let why = match s.arch().filter(|_| key.starts_with("cpu.")) {
            Some(arch) => format!("{release} has no such switch on {arch}"),
            None => format!("{release} does not know it"),
        };
        let report = s.report(format!("GODEBUG key `{key}` does nothing: {why}"));
        // A key of a later release is no typing mistake.
        let near = crate::knowledge::nearest(key, known::debug_names()).filter(|n| n != key);
        Some(match near {
            Some(near) => report.help(format!(
                "did you mean `{near}={value}`? See `gospect explain {near}`"
            )),
            None => report,
        })
    },
};

pub(super) const REMOVED: Fault = Fault {
    status: GodebugStatus::Removed,
    unless_implied: false,
    only_running: false,
    find: |s, _| {
        let (key, release) = (&s.setting().key, s.release());
        Some(s.report(format!(
            "GODEBUG key `{key}` is gone in {release} and does nothing"
        )))
    },
};

pub(super) const NO_EFFECT: Fault = Fault {
    status: GodebugStatus::NoEffect,
    unless_implied: true,
    only_running: false,
    find: |s, _| Some(s.report(format!("`GODEBUG={}` changes nothing", s.pair()))),
};

pub(super) const INSECURE: Fault = Fault {
    status: GodebugStatus::Ok,
    unless_implied: true,
    only_running: true,
    find: |s, options| {
        let EffectiveSetting { key, value, .. } = s.setting();
        let why = known::weakens(key, value, s.minor()?)?.trim_end_matches('.');
        let (pair, allow) = (s.pair(), options.list("allow"));
        let is_allowed = allow.contains(&key.as_str()) || allow.contains(&pair.as_str());
        (!is_allowed).then(|| s.report(format!("`GODEBUG={pair}` weakens security: {why}")))
    },
};

pub(super) const DIAGNOSTIC: Fault = Fault {
    status: GodebugStatus::Ok,
    unless_implied: false,
    only_running: true,
    find: |s, options| {
        let EffectiveSetting { key, value, .. } = s.setting();
        if matches!(value.as_str(), "" | "0") || options.list("allow").contains(&key.as_str()) {
            return None;
        }
        let cost = known::diagnostic(key)?.trim_end_matches('.');
        Some(s.report(format!(
            "diagnostic setting `GODEBUG={key}={value}` is on: {cost}"
        )))
    },
};

/// The pairs of a list so far, from the last to the first: of a key that is there twice the last counts.
#[derive(Default)]
pub(super) struct Repeated<'t>(HashMap<&'t str, &'t str>);

impl<'t> Repeated<'t> {
    /// What is wrong with this pair, when a later one has the same key.
    pub(super) fn find(&mut self, key: &'t str, value: &'t str) -> Option<String> {
        let Some(later) = self.0.get(key) else {
            self.0.insert(key, value);
            return None;
        };
        Some(if *later == value {
            format!("GODEBUG key `{key}` stands twice")
        } else {
            format!("`{key}={value}` is overridden by `{key}={later}` in the same string")
        })
    }
}

/// True when a field is not as Go reads it: no `=`, or something that no name of a setting has.
pub(super) fn malformed(field: &str) -> bool {
    if field.is_empty() {
        return false;
    }
    let name = |key: &str| {
        !key.is_empty()
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'*'))
    };
    match field.split_once('=') {
        None => true,
        Some((key, value)) => {
            !name(key)
                || value
                    .contains(|c: char| c.is_whitespace() || matches!(c, ';' | '=' | '"' | '\''))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::rules::godebug::setting;
    use crate::audit::testing::*;

    #[test]
    fn a_key_of_a_later_release_is_no_typing_mistake() {
        let b = binary(|b| {
            let early = setting("asynctimerchan", "1", "environment", "unknown");
            b.godebug.effective = Some(vec![early]);
        });
        let found = judge_one("godebug-unknown", &b);
        assert!(
            found[0].help.starts_with("take `asynctimerchan=1` out"),
            "{}",
            found[0].help
        );
    }
}
