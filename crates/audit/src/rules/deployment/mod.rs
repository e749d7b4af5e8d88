//! Rules of `gospect lint`: settings and commands of deployment files that do not have the intended effect.

pub mod build_without_trimpath;
mod built_files;
pub mod deployed_godebug_diagnostic;
pub mod deployed_godebug_fatal;
pub mod deployed_godebug_insecure;
pub mod deployed_godebug_malformed;
pub mod deployed_godebug_no_effect;
pub mod deployed_godebug_removed;
pub mod deployed_godebug_repeated;
pub mod deployed_godebug_unknown;
pub mod godebug_build_only;
pub mod goroot_final_ignored;
pub mod goroot_final_read;
pub mod goroot_variable;
pub mod ignored_runtime_value;
pub mod inert_variable;
pub mod inert_x_flag;
mod linker_flags;
pub mod malformed_memory_limit;
mod mended;
pub mod needless_experiment;
mod own_use;
pub mod refused_experiment;
pub mod refused_go_env_write;
pub mod refused_go_run_flag;
mod shipping;
pub mod split_environment;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Deployment;

#[cfg(test)]
pub(crate) mod testing;

use super::debug_settings::{DebugSetting, SettingFault, malformed};
use super::prelude::{FileCtx, Report, Sink};
use crate::assumed::{Judge, newest};
use crate::known;
use gospect_deploy::{Kind, Reader, Span, Variable, placeholder};
use gospect_knowledge::GoVersion;
use gospect_record::godebug::{Facts, assess};
use gospect_record::{EffectiveSetting, GodebugOrigin, GodebugStatus};

/// Longest GODEBUG string whose settings get places of their own. Real ones are shorter.
const MAX_LENGTH: usize = 16 << 10;

/// A field of a comma-separated list, as written.
pub(super) struct Field<'a> {
    pub(super) text: &'a str,
    pub(super) at: Span,
    /// Whether it has a placeholder that a later step replaces, so that its value is unknown.
    pub(super) open: bool,
}

/// The fields of a GODEBUG string or another comma-separated list.
pub(super) fn fields(v: &Variable) -> Vec<Field<'_>> {
    let text = v.value.as_str();
    if text.len() > MAX_LENGTH {
        return Vec::new();
    }
    placeholder::fields(text)
        .into_iter()
        .map(|range| {
            let field = text.get(range.clone()).unwrap_or_default();
            Field {
                text: field,
                at: v.value.span(range),
                open: placeholder::is_unresolved(field),
            }
        })
        .collect()
}

/// A setting of a GODEBUG variable.
pub(super) struct Deployed<'a> {
    pub(super) variable: &'a Variable,
    pub(super) setting: EffectiveSetting,
    pub(super) judge: Judge,
    /// `key=value`, as written.
    pub(super) pair: &'a str,
    at: Span,
}

/// Every well-formed setting with this status in the GODEBUG variables of the file.
pub(super) fn settings<'a>(ctx: &FileCtx<'a>, status: GodebugStatus) -> Vec<Deployed<'a>> {
    let mut out = Vec::new();
    for v in read_by_somebody(ctx, "GODEBUG").filter(|v| !v.value.is_empty()) {
        let fields = fields(v);
        if fields.is_empty() {
            continue;
        }
        let judge = || ctx.judge(v.reader.runs(), v.go.as_ref());
        let one = judge();
        // If a later release is possible, report only what is wrong in that too.
        let may_be_later = (one.at_least
            && matches!(
                status,
                GodebugStatus::Unknown | GodebugStatus::Removed | GodebugStatus::NoEffect
            ))
        .then(|| effective(ctx, v, &newest()));
        for setting in effective(ctx, v, &one.version) {
            let pair = format!("{}={}", setting.key, setting.value);
            let key = |f: &&Field| f.text.split('=').next() == Some(&setting.key);
            let field = fields
                .iter()
                .rev()
                .find(|f| f.text == pair)
                .or_else(|| fields.iter().rev().find(key));
            let Some(field) = field.filter(|_| setting.status == status) else {
                continue;
            };
            let same = |s: &EffectiveSetting| s.key == setting.key && s.status == status;
            if may_be_later
                .as_ref()
                .is_some_and(|all| !all.iter().any(same))
            {
                continue;
            }
            // A later step may replace it.
            if field.open || malformed(field.text) {
                continue;
            }
            out.push(Deployed {
                variable: v,
                judge: judge(),
                at: field.at,
                pair: field.text,
                setting,
            });
        }
    }
    out
}

/// Reports the settings of a file that are wrong.
fn judge(ctx: &FileCtx, sink: &mut Sink, fault: &SettingFault) {
    for s in settings(ctx, fault.status) {
        // A program built with GOFIPS140 has `fips140=on` by default, which `off` changes.
        let may_be_on = s.setting.key == "fips140" && ctx.assumed.binary.is_none();
        if (fault.status == GodebugStatus::NoEffect && may_be_on)
            || (fault.only_running && !s.variable.reader.runs())
        {
            continue;
        }
        if let Some(report) = (fault.find)(&s, &ctx.options) {
            sink.report(report);
        }
    }
}

/// The first minor release in which a setting stops the program, if the tables have one.
pub(super) fn first_fatal(ctx: &FileCtx, s: &Deployed) -> u32 {
    let fatal = |minor: &u32| {
        let name = format!("go1.{minor}");
        GoVersion::parse(&name).is_some_and(|version| {
            let all = effective(ctx, s.variable, &version);
            all.iter()
                .any(|e| e.key == s.setting.key && e.status == GodebugStatus::Fatal)
        })
    };
    let trees = gospect_knowledge::godebug::table().trees.iter();
    let minors = trees.rev().map(|tree| tree.0);
    let rows: Vec<u32> = minors.take_while(fatal).collect();
    rows.last().copied().unwrap_or_else(known::newest_minor)
}

/// The list without expansions that contain commas. Their values are unknown, and their content is not a setting.
fn known_fields(v: &Variable) -> String {
    let all = fields(v).into_iter().map(|f| f.text);
    let known: Vec<&str> = all.filter(|text| !text.contains(',')).collect();
    known.join(",")
}

/// The effective settings of this variable.
fn effective(ctx: &FileCtx, v: &Variable, version: &GoVersion) -> Vec<EffectiveSetting> {
    effective_in(ctx, v, version, &known_fields(v))
}

/// The effective settings if the variable had this value.
fn effective_in(
    ctx: &FileCtx,
    v: &Variable,
    version: &GoVersion,
    environment: &str,
) -> Vec<EffectiveSetting> {
    let binary = ctx.assumed.binary.as_ref().filter(|_| v.reader.runs());
    let info = binary.and_then(|b| b.build_info.as_ref());
    let linked = binary.and_then(|b| b.linked.as_ref());
    // A workflow or a script may run on any system.
    let linux = !matches!(ctx.file.kind, Kind::Ci | Kind::Shell | Kind::Make);
    let facts = Facts {
        version,
        recorded: binary.and_then(|b| b.godebug.recorded.as_deref()),
        baked: binary.and_then(|b| b.godebug.baked.as_deref()),
        environment: Some(environment),
        has_settings: info.is_some_and(|i| !i.settings.is_empty()),
        main_package: match binary {
            Some(b) => b.main_package.as_deref(),
            // If the `go` command may be there, it reads the settings for it.
            None => {
                (!matches!(v.reader, Reader::Program | Reader::SomeProgram)).then_some("cmd/go")
            }
        },
        goos: binary.map_or(linux.then_some("linux"), |b| b.executable.os.as_deref()),
        goarch: binary.map_or(v.arch.as_deref(), |b| b.executable.arch.as_deref()),
        crypto_linked: linked.filter(|l| l.functions > 0).map(|l| l.crypto),
        unfit_for_fips: None,
    };
    let named = |s: &EffectiveSetting| {
        s.origin == GodebugOrigin::Environment || s.status == GodebugStatus::NoEffect
    };
    assess(&facts)
        .effective
        .unwrap_or_default()
        .into_iter()
        .filter(named)
        .collect()
}

/// A value for people; long ones are cut.
pub(super) fn clip(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The variables of that name that any program reads.
pub(super) fn read_by_somebody<'a>(
    ctx: &FileCtx<'a>,
    name: &'a str,
) -> impl Iterator<Item = &'a Variable> {
    let all = ctx.file.variables.iter();
    all.filter(move |v| v.name == name && v.reader != Reader::Nobody)
}

/// The variables of that name that a build reads.
pub(super) fn read_by_builds<'a>(
    ctx: &FileCtx<'a>,
    name: &'a str,
) -> impl Iterator<Item = &'a Variable> {
    let all = ctx.file.variables.iter();
    all.filter(move |v| v.name == name && v.reader.builds())
}

/// A finding about a variable, at its assignment unless the rule sets another place. Its fingerprint has the scope, the value and `salient`,
/// which together distinguish it from other findings of the rule.
pub(super) fn about(v: &Variable, message: impl Into<String>, salient: &[&str]) -> Report {
    let report = Report::new(message)
        .see(whose(v), clip(v.value.as_str()))
        .on(v.at);
    let report = salient.iter().fold(report, |r, part| r.salient(*part));
    report.salient(v.scope.clone())
}

/// Adds the release that a finding is judged by, and the source of the release.
pub(super) fn judged(report: Report, judge: &Judge) -> Report {
    report.see("judged by", format!("{} ({})", judge.name(), judge.source))
}

/// A place for people: `ENV GODEBUG (stage build)`.
fn whose(v: &Variable) -> String {
    if v.scope.is_empty() {
        v.label.clone()
    } else {
        format!("{} ({})", v.label, v.scope)
    }
}

impl Deployed<'_> {
    /// The variable with the setting, for people.
    pub(super) fn name(&self) -> &'static str {
        if self.variable.baked {
            "-X runtime.godebugDefault"
        } else {
            "GODEBUG"
        }
    }
}

impl DebugSetting for Deployed<'_> {
    fn setting(&self) -> &EffectiveSetting {
        &self.setting
    }

    fn pair(&self) -> String {
        self.pair.to_owned()
    }

    fn release(&self) -> &str {
        self.judge.name()
    }

    fn minor(&self) -> Option<u32> {
        Some(self.judge.minor())
    }

    fn arch(&self) -> Option<&str> {
        self.variable.arch.as_deref()
    }

    fn report(&self, message: String) -> Report {
        let mut report = Report::new(message);
        // If no file names a release, only what is wrong in every release is an error.
        if self.judge.guessed && self.setting.status != GodebugStatus::Unknown {
            report = report.at_most(crate::Level::Warning);
        }
        report = judged(report.see(whose(self.variable), self.pair), &self.judge);
        if let Some(note) = &self.setting.note {
            report = report.see("note", note.clone());
        }
        report
            .on(self.at)
            .salient(self.setting.key.clone())
            .salient(self.variable.scope.clone())
            .help(format!(
                "take `{}` out of {}",
                self.pair, self.variable.label
            ))
    }
}
