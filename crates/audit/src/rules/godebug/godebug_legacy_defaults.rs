use super::{asked, implied};
use crate::known;
use crate::rules::prelude::*;
use gospect_record::GodebugStatus;
use std::collections::HashSet;

pub const META: Meta = Meta {
    code: "GS066",
    id: "godebug-legacy-defaults",
    summary: "an old `go` line keeps the behaviour of an old Go release",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("godebug_legacy_defaults.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let (Some(release), Some(line)) = (ctx.release, ctx.binary.godebug.language_version.as_deref())
    else {
        return;
    };
    let old: Vec<_> = asked(ctx, GodebugStatus::Ok)
        .filter(|s| implied(ctx, s))
        .collect();
    let weak: Vec<_> = old
        .iter()
        .filter_map(|s| Some((s, known::weakens(&s.key, &s.value, release.minor)?)))
        .collect();
    if old.is_empty() {
        return;
    }
    let (keeps, source) = if ctx.is_gopath() {
        (
            "GOPATH mode, which has the defaults of Go 1.20,".to_owned(),
            "GOPATH mode",
        )
    } else {
        (go_line(line), "go line")
    };
    let mut report = Report::new(format!(
        "{keeps} keeps {} old default{}, {} of them weaker",
        old.len(),
        if old.len() == 1 { "" } else { "s" },
        weak.len()
    ))
    .see(source, line)
    .salient(line);
    report = if ctx.is_gopath() {
        report.help(format!(
            "build in module mode, `{}`, with `go 1.{}` in go.mod; or name single settings with `//go:debug KEY=VALUE` in package main",
            ctx.go_build(&[set("GO111MODULE", "on")]),
            release.minor
        ))
    } else {
        report.help(format!(
        "`go mod edit -go=1.{} && go test ./...` in the main module (go.work where there is one), drop `default=go1.N` from its `godebug` block and \
         `//go:debug` lines, then rebuild",
        ctx.go_line(ctx.next_minor().unwrap_or(release.minor))
        ))
    };
    for (s, why) in &weak {
        report = report.see(format!("{}={}", s.key, s.value), *why);
    }
    let listed: HashSet<&str> = weak.iter().map(|(s, _)| s.key.as_str()).collect();
    let rest: Vec<String> = old
        .iter()
        .filter(|s| !listed.contains(s.key.as_str()))
        .map(|s| format!("{}={}", s.key, s.value))
        .collect();
    if !rest.is_empty() {
        report = report.see("also", rest.join(", "));
    }
    if weak.is_empty() {
        report = report.at_most(Level::Note);
    }
    sink.report(report);
}

/// The `go` line in words: what go.mod says, or the releases that it may name (`1.0-1.18`), which have the same defaults.
fn go_line(line: &str) -> String {
    match line.split_once('-') {
        Some((oldest, newest)) => format!("a `go` line from {oldest} to {newest} in go.mod"),
        None => format!("`go {line}` in go.mod"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::testing::*;

    #[test]
    fn one_finding_lists_all_and_names_the_weak() {
        let b = binary(|b| {
            b.godebug.language_version = Some("1.22".into());
            b.godebug.effective = Some(vec![
                setting("x509negativeserial", "1", "recorded", "ok"),
                setting("winsymlink", "0", "recorded", "ok"),
                setting("gctrace", "1", "environment", "ok"),
            ]);
        });
        let found = Setup {
            profile: "release",
            rule: "godebug-legacy-defaults",
            ..Setup::default()
        }
        .judge(&b);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .message
                .contains("2 old defaults, 1 of them weaker"),
            "{}",
            found[0].message
        );
        assert!(
            found[0].message.starts_with("`go 1.22` in go.mod keeps"),
            "{}",
            found[0].message
        );
        let of_a_range = change(b.clone(), |b| {
            b.godebug.language_version = Some("1.0-1.18".into())
        });
        let message = judge_one("godebug-legacy-defaults", &of_a_range)
            .remove(0)
            .message;
        assert!(
            message.starts_with("a `go` line from 1.0 to 1.18 in go.mod keeps"),
            "{message}"
        );
        assert!(judge_one("godebug-legacy-defaults", &binary(|_| ())).is_empty());
        let in_gopath_mode = change(gopath(&[]), |g| g.godebug = b.godebug.clone());
        let found = judge_one("godebug-legacy-defaults", &in_gopath_mode);
        assert!(found[0].message.starts_with("GOPATH mode"), "{found:?}");
        assert!(!found[0].message.contains("go.mod"));
    }
}
