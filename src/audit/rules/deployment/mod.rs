//! Deployment files: what they set and run that does not do what somebody believes. Rules of `gospect lint`.

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
pub mod malformed_memory_limit;
pub mod needless_experiment;
mod own_use;
pub mod refused_experiment;
pub mod refused_go_env_write;
pub mod refused_go_run_flag;
pub mod split_environment;

/// The family of the rules here.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Deployment;

#[cfg(test)]
pub(crate) mod testing;

use super::prelude::{FileCtx, Report};
use crate::audit::known;
use crate::deploy::{Deployment, Kind, Reader, Span, Toolchain, Variable, later};
use crate::knowledge::GoVersion;
use crate::knowledge::Row;
use crate::record::godebug::{Facts, assess};
use crate::record::{Binary, EffectiveSetting, GodebugOrigin, GodebugStatus};

/// The Go release to judge deployment files by.
#[derive(Clone, Debug, Default)]
pub struct Assumed {
    /// A release that goes before everything that files say.
    pub release: Option<GoVersion>,
    /// The program that is deployed: its release and its own defaults go before what files say of running programs.
    pub binary: Option<Box<Binary>>,
}

/// A Go release, and who says that it is this one.
pub(super) struct Judge {
    pub(super) version: GoVersion,
    pub(super) source: String,
    /// Nobody says so: the newest known release stands in.
    pub(super) guessed: bool,
    /// A later release may act as well.
    pub(super) at_least: bool,
}

impl Judge {
    /// Minor release; 0 for one without.
    pub(super) fn minor(&self) -> u32 {
        self.version.minor().unwrap_or(0)
    }

    /// `go1.27.3`.
    pub(super) fn name(&self) -> &str {
        self.version.release_text().unwrap_or(&self.version.raw)
    }
}

impl Assumed {
    /// The release for something in a file that is read by the program (`runs`) or by the `go` command.
    fn judge(&self, runs: bool, go: Option<&Toolchain>) -> Judge {
        let of = |version: GoVersion, source: &str| Judge {
            version,
            source: source.to_owned(),
            guessed: false,
            at_least: false,
        };
        if let Some(version) = &self.release {
            return of(version.clone(), "asked for");
        }
        let binary = self.binary.as_ref().filter(|_| runs);
        let program = binary.and_then(|b| GoVersion::parse(b.go_version_raw.as_deref()?));
        if let (Some(version), Some(binary)) = (program, binary) {
            return of(version, &binary.path);
        }
        if let Some((version, go)) = go.and_then(|go| Some((GoVersion::parse(&go.version)?, go))) {
            return Judge {
                at_least: go.at_least,
                ..of(version, &go.source)
            };
        }
        Judge {
            at_least: false,
            guessed: true,
            version: newest(),
            source: "the newest known release, since nothing tells which one".to_owned(),
        }
    }

    /// What a reader has to know about how a file is judged, one sentence each.
    pub fn remarks(&self, file: &Deployment) -> Vec<String> {
        let mut out = Vec::new();
        let depends =
            |v: &&Variable| matches!(&*v.name, "GODEBUG" | "GOEXPERIMENT") && !v.value.is_empty();
        for v in file.variables.iter().filter(depends) {
            let judge = self.judge(v.reader.runs(), v.go.as_ref().or(file.around.as_ref()));
            if judge.guessed {
                continue;
            }
            out.extend(Row::of(&judge.version).note(&judge.version));
        }
        out.sort();
        out.dedup();
        out
    }

    /// True when the newest known release stands in for one that nobody names.
    pub fn guesses(&self, file: &Deployment) -> bool {
        file.asks_release() && self.release.is_none() && self.binary.is_none()
    }
}

impl FileCtx<'_> {
    /// The release for something that is read by the program (`runs`) or by the `go` command; `go` is what the file says
    /// of the place.
    pub(super) fn judge(&self, runs: bool, go: Option<&Toolchain>) -> Judge {
        self.assumed.judge(runs, go.or(self.file.around.as_ref()))
    }
}

/// The newest release of the tables.
fn newest() -> GoVersion {
    let name = known::newest_release();
    GoVersion::parse(&name).unwrap_or(GoVersion {
        raw: name,
        release: None,
        devel: false,
        vendor: None,
        experiments: Vec::new(),
    })
}

/// Longest GODEBUG string whose settings are placed one by one; nobody writes a longer one.
const LONGEST: usize = 16 << 10;

/// A field of a list with commas as it stands in the file.
pub(super) struct Field<'a> {
    pub(super) text: &'a str,
    pub(super) at: Span,
    /// A later step puts in some of it: nothing can be said of it.
    pub(super) open: bool,
}

/// The fields of a GODEBUG string or another list with commas.
pub(super) fn fields(v: &Variable) -> Vec<Field<'_>> {
    let text = v.value.as_str();
    if text.len() > LONGEST {
        return Vec::new();
    }
    later::fields(text)
        .into_iter()
        .map(|range| {
            let field = text.get(range.clone()).unwrap_or_default();
            Field {
                text: field,
                at: v.value.span(range),
                open: later::is_open(field),
            }
        })
        .collect()
}

/// True when a field is not as Go reads it: no `=`, or something that no name of a setting has.
pub(in crate::audit::rules) fn malformed(field: &str) -> bool {
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

/// A setting of a GODEBUG variable as it will be read.
pub(super) struct Deployed<'a> {
    pub(super) variable: &'a Variable,
    pub(super) setting: EffectiveSetting,
    pub(super) judge: Judge,
    /// `key=value` as it stands in the file.
    pub(super) pair: &'a str,
    at: Span,
}

/// Every well-formed setting with this status that a GODEBUG variable of the file brings.
pub(super) fn settings<'a>(ctx: &FileCtx<'a>, status: GodebugStatus) -> Vec<Deployed<'a>> {
    let mut out = Vec::new();
    let all = ctx.file.variables.iter();
    let read = |v: &&Variable| v.reader != Reader::Nobody && !v.value.is_empty();
    for v in all.filter(|v| v.name == "GODEBUG").filter(read) {
        let fields = fields(v);
        if fields.is_empty() {
            continue;
        }
        let judge = || ctx.judge(v.reader.runs(), v.go.as_ref());
        let one = judge();
        // Where a later release may act, what it does not do any more is no fault.
        let later = (one.at_least
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
            if later.as_ref().is_some_and(|all| !all.iter().any(same)) {
                continue;
            }
            // What the file does not say, a later step may put in.
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

/// The first minor release since which a setting stops the program, as far as the tables go.
pub(super) fn first_fatal(ctx: &FileCtx, s: &Deployed) -> u32 {
    let fatal = |minor: &u32| {
        let name = format!("go1.{minor}");
        GoVersion::parse(&name).is_some_and(|version| {
            let all = effective(ctx, s.variable, &version);
            all.iter()
                .any(|e| e.key == s.setting.key && e.status == GodebugStatus::Fatal)
        })
    };
    let trees = &crate::knowledge::godebug::table().trees;
    let rows: Vec<u32> = trees.keys().rev().copied().take_while(fatal).collect();
    rows.last().copied().unwrap_or_else(known::newest_minor)
}

/// The list without expansions that hold commas: what they bring is not known, and what is inside is no setting.
fn known_fields(v: &Variable) -> String {
    let all = fields(v).into_iter().map(|f| f.text);
    let known: Vec<&str> = all.filter(|text| !text.contains(',')).collect();
    known.join(",")
}

/// The settings in force that come from this variable.
fn effective(ctx: &FileCtx, v: &Variable, version: &GoVersion) -> Vec<EffectiveSetting> {
    let binary = ctx.assumed.binary.as_ref().filter(|_| v.reader.runs());
    let info = binary.and_then(|b| b.build_info.as_ref());
    let linked = binary.and_then(|b| b.linked.as_ref());
    // A workflow or a script may run on any system.
    let linux = !matches!(ctx.file.kind, Kind::Ci | Kind::Shell | Kind::Make);
    let environment = known_fields(v);
    let facts = Facts {
        version,
        recorded: binary.and_then(|b| b.godebug.recorded.as_deref()),
        baked: binary.and_then(|b| b.godebug.baked.as_deref()),
        environment: Some(&environment),
        has_settings: info.is_some_and(|i| !i.settings.is_empty()),
        main_package: match binary {
            Some(b) => b.main_package.as_deref(),
            // Where the go command may be, it reads the settings that are meant for it.
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

/// A value as a person can read it: a long one is cut.
pub(super) fn clip(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Where something stands, for a person: `ENV GODEBUG (stage build)`.
pub(super) fn whose(v: &Variable) -> String {
    if v.scope.is_empty() {
        v.label.clone()
    } else {
        format!("{} ({})", v.label, v.scope)
    }
}

impl Deployed<'_> {
    /// What the setting stands behind, for a person.
    pub(super) fn name(&self) -> &'static str {
        if self.variable.baked {
            "-X runtime.godebugDefault"
        } else {
            "GODEBUG"
        }
    }

    /// A report about the setting: evidence, place and identity as every rule about GODEBUG gives them.
    pub(super) fn report(&self, message: String) -> Report {
        let mut report = Report::new(message);
        // Without a release that somebody names, nothing is sure enough for an error but what no release knows.
        if self.judge.guessed && self.setting.status != GodebugStatus::Unknown {
            report = report.at_most(crate::audit::Level::Warning);
        }
        report = report.see(whose(self.variable), self.pair).see(
            "judged by",
            format!("{} ({})", self.judge.name(), self.judge.source),
        );
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
