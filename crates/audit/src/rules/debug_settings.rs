//! Faults of GODEBUG settings: one table for programs (family `godebug`) and for deployment files (family `deployment`). The
//! families differ in where a setting comes from, in levels, and in the advice.

use super::prelude::Report;
use crate::known;
use crate::options::Options;
use gospect_record::{EffectiveSetting, GodebugStatus};
use std::collections::HashMap;

/// A GODEBUG setting of a program or in a deployment file.
pub(super) trait DebugSetting {
    /// The setting, with its effect in the release.
    fn setting(&self) -> &EffectiveSetting;
    /// `key=value` as written.
    fn pair(&self) -> String;
    /// The Go release, for use in messages.
    fn release(&self) -> &str;
    /// Its minor version, if it is a Go 1 release.
    fn minor(&self) -> Option<u32>;
    /// Go's name of the architecture of the program that reads it, if known.
    fn arch(&self) -> Option<&str>;
    /// A report with evidence, place and identity; its help says how to remove the setting.
    fn report(&self, message: String) -> Report;
}

/// A row of the table.
pub(super) struct SettingFault {
    /// The status of the settings that have this fault, see [`EffectiveSetting::status`].
    pub(super) status: GodebugStatus,
    /// Whether to ignore settings that an old `go` line explains: nobody wrote them.
    pub(super) unless_implied: bool,
    /// Whether to ignore settings that only builds and tests read: they may have old values on purpose.
    pub(super) only_running: bool,
    /// Makes the report, if there is something to say.
    pub(super) find: fn(&dyn DebugSetting, &Options) -> Option<Report>,
}

pub(super) const UNKNOWN: SettingFault = SettingFault {
    status: GodebugStatus::Unknown,
    unless_implied: false,
    only_running: false,
    find: |s, _| {
        let EffectiveSetting { key, value, .. } = s.setting();
        let release = s.release();
        // Go may know this CPU feature on other architectures.
        let why = match s.arch().filter(|_| key.starts_with("cpu.")) {
            Some(arch) => format!("{release} has no such switch on {arch}"),
            None => format!("{release} does not know it"),
        };
        let report = s.report(format!("GODEBUG key `{key}` does nothing: {why}"));
        // A key of a later release is not a typing error.
        let near = gospect_knowledge::nearest(key, known::debug_names()).filter(|n| n != key);
        Some(match near {
            Some(near) => report.help(format!(
                "did you mean `{near}={value}`? See `gospect explain {near}`"
            )),
            None => report,
        })
    },
};

pub(super) const REMOVED: SettingFault = SettingFault {
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

pub(super) const NO_EFFECT: SettingFault = SettingFault {
    status: GodebugStatus::NoEffect,
    unless_implied: true,
    only_running: false,
    find: |s, _| Some(s.report(format!("`GODEBUG={}` changes nothing", s.pair()))),
};

pub(super) const INSECURE: SettingFault = SettingFault {
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

pub(super) const DIAGNOSTIC: SettingFault = SettingFault {
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

/// The pairs of a list, read from last to first, because the last of a repeated key counts.
#[derive(Default)]
pub(super) struct Repeated<'t>(HashMap<&'t str, &'t str>);

impl<'t> Repeated<'t> {
    /// The fault of a pair that is followed by one with the same key.
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

/// Whether Go does not read a field: it has no `=`, or a character that no setting has.
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
    use crate::rules::godebug::setting;
    use crate::testing::*;

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
