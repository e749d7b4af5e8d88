//! GODEBUG: how the program at run time departs from the defaults of its release.

pub mod environment_value_ignored;
pub mod godebug_diagnostic;
pub mod godebug_environment_override;
pub mod godebug_fatal;
pub mod godebug_insecure;
pub mod godebug_legacy_defaults;
pub mod godebug_malformed;
pub mod godebug_no_effect;
pub mod godebug_record_differs;
pub mod godebug_removed;
pub mod godebug_repeated;
pub mod godebug_unknown;
pub mod goroot_environment;
pub mod inert_environment;
pub mod memory_limit_malformed;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Godebug;

use super::debug_settings::{DebugSetting, SettingFault};
use super::prelude::{Ctx, Report, Sink, argument, without_definition};
use crate::known;
use gospect_record::{EffectiveSetting, GodebugOrigin, GodebugStatus};

/// Settings in force that somebody set (not the toolchain's own), with this status.
fn asked<'a>(ctx: &Ctx<'a>, status: GodebugStatus) -> impl Iterator<Item = &'a EffectiveSetting> {
    let all = ctx.binary.godebug.effective.as_deref().unwrap_or_default();
    all.iter().filter(move |s| {
        s.status == status && (s.origin != GodebugOrigin::Toolchain || is_ignored(ctx, s))
    })
}

/// Whether the environment sets the key but the toolchain's default stays in force: `gctrace=true`, `panicnil=`.
fn is_ignored(ctx: &Ctx, s: &EffectiveSetting) -> bool {
    let environment = ctx.binary.godebug.environment.as_deref();
    s.status == GodebugStatus::NoEffect
        && environment.is_some_and(|e| {
            e.split(',')
                .any(|f| f.split_once('=').is_some_and(|(key, _)| key == s.key))
        })
}

/// Where a value of a setting comes from, and the value: the one of the environment, if that is not in force, or else the one in force.
fn origin_and_value<'s>(ctx: &'s Ctx, s: &'s EffectiveSetting) -> (&'s str, &'s str) {
    let fields = ctx
        .binary
        .godebug
        .environment
        .as_deref()
        .unwrap_or_default();
    let of_environment = fields
        .split(',')
        .rev()
        .filter_map(|f| f.split_once('='))
        .find(|(key, _)| *key == s.key);
    match of_environment.filter(|_| s.origin == GodebugOrigin::Toolchain) {
        Some((_, value)) => ("environment", value),
        None => (s.origin.as_str(), s.value.as_str()),
    }
}

/// Whether the variables of an image set the GODEBUG that the program starts with.
fn is_set_by(variables: &[String], ctx: &Ctx) -> bool {
    let mut all = variables.iter().rev();
    let value = all.find_map(|variable| variable.strip_prefix("GODEBUG="));
    value == ctx.binary.godebug.environment.as_deref()
}

/// Whether an old `go` line of the main module explains the value, so that nobody wrote it.
fn implied(ctx: &Ctx, setting: &EffectiveSetting) -> bool {
    let Some(line) = ctx.binary.godebug.language_version.as_deref() else {
        return false;
    };
    setting.origin != GodebugOrigin::Environment
        && known::implied(
            &setting.key,
            &setting.value,
            line,
            ctx.release.map_or(0, |r| r.minor),
        )
}

/// Where a value comes from, in words, and how to remove it.
fn undo(ctx: &Ctx, s: &EffectiveSetting) -> String {
    let key = &s.key;
    let (origin, value) = origin_and_value(ctx, s);
    let is_environment = origin == "environment";
    // Without the environment the program has the value that is built in.
    if is_environment && is_built_in(ctx, s) {
        let built_in = EffectiveSetting {
            origin: GodebugOrigin::Baked.into(),
            ..s.clone()
        };
        return format!(
            "{}; it is built into the program too: {}",
            undo_environment(ctx, key, value),
            undo(ctx, &built_in)
        );
    }
    match origin {
        "environment" => undo_environment(ctx, key, value),
        // The built-in string equals the recorded one unless somebody set it by hand.
        "baked" if !recorded(ctx, s) => {
            format!(
                "drop `-X runtime.godebugDefault=...` from -ldflags: `{}`",
                ctx.go_build(&[without_definition("runtime.godebugDefault")])
            )
        }
        _ if implied(ctx, s) && ctx.is_gopath() => {
            "build in module mode, `GO111MODULE=on go build`, with a new `go` line: GOPATH mode has the defaults of Go 1.20"
                .to_string()
        }
        _ if ctx.is_gopath() => {
            format!("look for `//go:debug {key}=` in package main, then rebuild")
        }
        _ if implied(ctx, s) => format!(
            "raise the `go` line of the main module: `go mod edit -go=1.{}`, then rebuild",
            ctx.go_line(ctx.next_minor().unwrap_or_else(known::newest_minor))
        ),
        _ => format!(
            "`go mod edit -dropgodebug={}`, look for `//go:debug {key}=` in package main, then rebuild",
            argument(key)
        ),
    }
}

/// How to take a setting out of the environment.
fn undo_environment(ctx: &Ctx, key: &str, value: &str) -> String {
    let place = match ctx.image {
        Some(image) if is_set_by(&image.env, ctx) => "`ENV GODEBUG=` in the Dockerfile",
        Some(_) => "the ENTRYPOINT or CMD in the Dockerfile",
        None => "GODEBUG in the environment",
    };
    format!("take `{key}={value}` out of {place}")
}

/// Whether a program has this value without an environment that sets it.
fn is_built_in(ctx: &Ctx, s: &EffectiveSetting) -> bool {
    let godebug = &ctx.binary.godebug;
    let pairs = godebug
        .baked_pairs
        .as_ref()
        .or(godebug.recorded_pairs.as_ref());
    pairs.is_some_and(|pairs| pairs.iter().any(|(k, v)| (k, v) == (&s.key, &s.value)))
}

/// Whether the build info has this value too.
fn recorded(ctx: &Ctx, s: &EffectiveSetting) -> bool {
    let pairs = ctx.binary.godebug.recorded.as_deref().unwrap_or_default();
    pairs
        .split(',')
        .any(|p| p.split_once('=') == Some((s.key.as_str(), s.value.as_str())))
}

/// A setting in the record of a program.
struct Recorded<'c, 'r> {
    ctx: &'c Ctx<'r>,
    setting: &'r EffectiveSetting,
}

impl DebugSetting for Recorded<'_, '_> {
    fn setting(&self) -> &EffectiveSetting {
        self.setting
    }

    fn pair(&self) -> String {
        format!(
            "{}={}",
            self.setting.key,
            origin_and_value(self.ctx, self.setting).1
        )
    }

    fn release(&self) -> &str {
        self.ctx.version()
    }

    fn minor(&self) -> Option<u32> {
        self.ctx.release.map(|r| r.minor)
    }

    fn arch(&self) -> Option<&str> {
        self.ctx.binary.executable.arch.as_deref()
    }

    fn report(&self, message: String) -> Report {
        let (ctx, s) = (self.ctx, self.setting);
        let (origin, value) = origin_and_value(ctx, s);
        let mut report =
            Report::new(message).see(format!("GODEBUG ({origin})"), format!("{}={value}", s.key));
        if let Some(note) = &s.note {
            report = report.see("note", note.clone());
        }
        report
            .salient(s.key.clone())
            .salient(s.origin.as_str())
            .help(undo(ctx, s))
    }
}

/// Reports the settings of a program that have this fault.
fn judge(ctx: &Ctx, sink: &mut Sink, fault: &SettingFault) {
    for setting in asked(ctx, fault.status) {
        if fault.unless_implied && implied(ctx, setting) {
            continue;
        }
        let setting = Recorded { ctx, setting };
        if let Some(report) = (fault.find)(&setting, &ctx.options) {
            sink.report(report);
        }
    }
}

/// Makes an effective setting for tests.
#[cfg(test)]
pub(crate) fn setting(key: &str, value: &str, origin: &str, status: &str) -> EffectiveSetting {
    EffectiveSetting {
        key: key.into(),
        value: value.into(),
        origin: origin.into(),
        status: status.into(),
        note: None,
    }
}
