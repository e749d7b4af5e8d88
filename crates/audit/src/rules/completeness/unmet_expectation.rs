use crate::facts::{self, NOT_SET};
use crate::keys::{BuildSetting, is_flag};
use crate::known::{self, GoRelease};
use crate::policy::condition::Operator;
use crate::policy::{Expectation, Wanted};
use crate::rules::prelude::*;
use crate::rules::settings::unanswered;
use gospect_record::main_version::Closeness;

pub const META: Meta = Meta {
    code: "GS262",
    id: "unmet-expectation",
    summary: "a record key does not have the value expected",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("unmet_expectation.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.hidden() {
        return;
    }
    for e in ctx.expect {
        if ctx.record.setting(&e.key) == Some(BuildSetting::OfOtherArchitectures) {
            continue;
        }
        let have = match e.key.as_str() {
            "version" => Ok(versions(ctx)),
            key => ctx.record.answer(key),
        };
        let have = match have {
            Ok(have) => have,
            Err(why) => {
                sink.report(not_answered(ctx, e, &why));
                continue;
            }
        };
        let mut verdicts = have.iter().map(|value| match &e.wanted {
            Wanted::Value(expected) => holds(&e.key, expected, value),
            Wanted::Bound(operator, limit) => Wanted::holds_bound(*operator, limit, value),
        });
        let is_met = match e.key.as_str() {
            "version" => verdicts.any(|holds| holds),
            _ => !have.is_empty() && verdicts.all(|holds| holds),
        };
        if !is_met {
            sink.report(not_met(ctx, e, &have));
        }
    }
}

/// The report of an expectation that does not hold.
fn not_met(ctx: &Ctx, e: &Expectation, have: &[String]) -> Report {
    let recorded = ctx.binary.shown_version().filter(|_| e.key == "version");
    let setting = ctx.record.setting(&e.key);
    let shown = match (have, &setting) {
        (_, Some(BuildSetting::Unset | BuildSetting::Proven { value: "false", .. }))
            if is_flag(&e.key) =>
        {
            NOT_SET.to_owned()
        }
        ([], _) => recorded.unwrap_or("not recorded").to_owned(),
        // A module without a version, or a setting that is not recorded.
        (have, _) if have.iter().all(|v| v.is_empty()) => match e.key.starts_with("modules.") {
            true => "of unknown version".to_owned(),
            false => "empty".to_owned(),
        },
        (have, _) => have.join(", "),
    };
    let shown = facts::shorten(&shown);
    let message = format!("{} is {shown}, expected {}", e.key, e.wanted);
    let mut report = about(e, message).see(e.key.clone(), shown);
    if let Some(BuildSetting::Proven { by, .. }) = setting {
        report = report.see("not recorded", by);
    }
    report.help(match slash_stops(&e.wanted, have) {
        Some(wider) => format!("in globs `*` stops at `/`: `{}={wider}` holds", e.key),
        None => advice(ctx, &e.key, &e.wanted, have.is_empty()),
    })
}

/// The report of an expectation about a build setting that nothing in the program says.
fn not_answered(ctx: &Ctx, e: &Expectation, why: &str) -> Report {
    let message = format!("{} cannot be answered, expected {}: {why}", e.key, e.wanted);
    let help = match ctx.setting("-trimpath") {
        Some("true") => "expect what the flags do, such as `executable.debug_info=false` for -w, or check them where they are set".to_owned(),
        _ => unanswered::help(ctx, &e.key),
    };
    let report = about(e, message).see(e.key.clone(), "not recorded");
    report.unanswered().help(help)
}

/// A report about an expectation. A baseline accepts that this value is missing, not that any later one is.
fn about(e: &Expectation, message: String) -> Report {
    let report = Report::new(message).salient(e.key.clone());
    report.salient(e.wanted.to_string())
}

/// The version of the program. Beside a pseudo-version, which the go command made from a commit without a tag, also that of the
/// variables that hold the program's own version.
fn versions(ctx: &Ctx) -> Vec<String> {
    let Some(main) = ctx.binary.main_version() else {
        return Vec::new();
    };
    let is_pseudo = known::is_pseudo_version(main.value);
    let is_own = |name: &str| ctx.binary.closeness(name) == Some(Closeness::Own);
    let claims = ctx.binary.versions.iter().flatten();
    let mut own: Vec<String> = claims
        .filter(|claim| is_pseudo && claim.name.as_deref().is_some_and(is_own))
        .map(|claim| claim.value.clone())
        .collect();
    own.sort_unstable();
    own.dedup();
    match own.is_empty() {
        true => vec![main.value.to_owned()],
        false => own,
    }
}

/// Whether a value is the expected one. A commit may be shortened, as `git log --oneline` prints it; a version may have a leading
/// `v` on one side only, as tags have it and variables often do not.
fn holds(key: &str, expected: &str, value: &str) -> bool {
    let is_short_commit = is_hexadecimal_commit(key, expected) && expected.len() >= SHORTEST_COMMIT;
    let without_v = |version: &str| {
        let number = version.strip_prefix('v');
        let number = number.filter(|n| n.starts_with(|c: char| c.is_ascii_digit()));
        number.map(str::to_owned)
    };
    crate::spelling::matches_glob(expected, value)
        || (is_short_commit && value.starts_with(&expected.to_ascii_lowercase()))
        || (crate::spelling::is_version(key)
            && match (without_v(expected), without_v(value)) {
                (Some(expected), None) => crate::glob::matches(&expected, value),
                (None, Some(value)) => crate::glob::matches(expected, &value),
                _ => false,
            })
}

/// Whether the expectation is a commit, or the beginning of one, in hexadecimal digits.
fn is_hexadecimal_commit(key: &str, expected: &str) -> bool {
    key == "vcs.revision" && expected.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The expected glob with `**` for each `*`, if that matches the values.
fn slash_stops(wanted: &Wanted, have: &[String]) -> Option<String> {
    let Wanted::Value(glob) = wanted else {
        return None;
    };
    if !glob.contains('*') || glob.contains("**") || have.is_empty() {
        return None;
    }
    let wider = glob.replace('*', "**");
    let matches = have.iter().all(|value| crate::glob::matches(&wider, value));
    matches.then_some(wider)
}

/// The newest patch of the newest release that a glob or a release without a patch names. An older patch is not named.
fn newest_that_matches(glob: &str) -> Option<String> {
    let minors = (known::FIRST_TOOLCHAIN..=known::newest_minor()).rev();
    let mut releases = minors.map(known::newest_release_of);
    releases.find(|release| crate::spelling::matches_glob(glob, release))
}

/// What to do about an expectation that does not hold.
fn advice(ctx: &Ctx, key: &str, wanted: &Wanted, is_absent: bool) -> String {
    let rebuild = "`gospect scan FILE` shows the whole record; rebuild from the expected source and toolchain";
    let with = |change: BuildChange| format!("rebuild: `{}`", ctx.go_build(&[change]));
    match (key.strip_prefix("settings.").unwrap_or(key), wanted) {
        (key, Wanted::Value(commit))
            if is_hexadecimal_commit(key, commit) && commit.len() < SHORTEST_COMMIT =>
        {
            format!("give {SHORTEST_COMMIT} or more digits of the commit; {rebuild}")
        }
        ("go_version" | "build_info.GoVersion", Wanted::Value(release)) => {
            // Other rules ask for the newest patch, and the command can name only one release.
            match newest_that_matches(release) {
                Some(newest) => with(set("GOTOOLCHAIN", newest)),
                None => rebuild.to_owned(),
            }
        }
        ("go_version" | "build_info.GoVersion", Wanted::Bound(Operator::AtLeast, release)) => {
            if GoRelease::parse(release).is_some_and(|r| r.minor > known::newest_minor()) {
                let newest = known::newest_release();
                return format!("the newest Go that gospect knows is {newest}; {rebuild}");
            }
            with(set("GOTOOLCHAIN", known::release_from(release)))
        }
        ("vcs.modified" | "vcs.revision", Wanted::Value(_)) if is_absent => {
            with(set("-buildvcs", "true"))
        }
        ("version" | "vcs.revision", Wanted::Value(named)) if !named.contains(GLOB) => format!(
            "check out `{}` without changes, then `{}`",
            facts::shorten(named),
            ctx.go_build(&[])
        ),
        ("vcs.modified", Wanted::Value(value)) if value == "false" => format!(
            "`git status --porcelain` shows what is changed; commit or ignore, then `{}`",
            ctx.go_build(&[])
        ),
        (key, Wanted::Value(value)) if WHOLE_SETTINGS.contains(&key) && !value.contains(GLOB) => {
            with(match (key.starts_with('-'), value.as_str()) {
                (true, "false") => drop(key),
                _ => set(key, value.clone()),
            })
        }
        _ => rebuild.to_owned(),
    }
}

/// Characters that make a value a glob.
const GLOB: [char; 4] = ['*', '?', '[', '{'];

/// Build settings that are one word, which the next build can simply have.
const WHOLE_SETTINGS: [&str; 14] = [
    "-buildmode",
    "-race",
    "-tags",
    "-trimpath",
    "CGO_ENABLED",
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOMIPS",
    "GOPPC64",
    "GORISCV64",
];

/// Fewest digits of a shortened commit: the least that git prints by itself.
const SHORTEST_COMMIT: usize = 7;

#[cfg(test)]
#[path = "unmet_expectation_tests.rs"]
mod tests;
