//! Custom rules of the policy.

use crate::facts::shorten;
use crate::findings::Findings;
use crate::keys::KeyedRecord;
use crate::policy::Custom;
use crate::policy::condition::Unanswered;
use crate::rules::context::Ctx;
use crate::rules::policy::custom_rule;
use crate::rules::report::{Report, Sink, Subject};

use super::wishes::{self, Wish};

/// Asks the next build for what the custom rules that report the program want.
pub(super) fn ask(ctx: &Ctx<'_>) {
    for (custom, level) in ctx.policy.custom.iter().zip(ctx.custom_levels) {
        if level.is_none() || custom.when.holds(ctx.record) != Ok(true) {
            continue;
        }
        let (Wish::Ends(changes) | Wish::Open(changes)) = wishes::of(&custom.when, ctx.record);
        ctx.ask(&custom.id, custom_rule::META.code, &changes);
    }
}

/// Runs the custom rules on a program.
pub(super) fn run<'a>(ctx: &Ctx<'a>, subject: &Subject<'a>, findings: &mut Findings) {
    for (custom, level) in ctx.policy.custom.iter().zip(ctx.custom_levels) {
        let Some(level) = *level else { continue };
        let report = match custom.when.holds(ctx.record) {
            Ok(false) => continue,
            Ok(true) => {
                let report = found(custom, ctx.record);
                match wishes::of(&custom.when, ctx.record) {
                    Wish::Ends(changes) => {
                        let build = ctx.build(&changes);
                        let report = match custom.help.is_empty() {
                            true => report.help(format!("rebuild: `{}`", build.command)),
                            false => report,
                        };
                        report.mended_by(build)
                    }
                    Wish::Open(_) => report,
                }
            }
            Err(unanswered) => not_answered(custom, &unanswered),
        };
        let meta = &custom_rule::META;
        let sink = Sink::new(meta, level, Some(&custom.at), subject, findings);
        sink.named(&custom.id).report(report);
    }
}

/// The report of a custom rule: its text, with the values of the keys in its condition as evidence.
fn found(custom: &Custom, record: &KeyedRecord) -> Report {
    let report = Report::new(custom.message.clone()).help(custom.help.clone());
    let evidence = custom.when.evidence(record).into_iter();
    evidence.fold(report, |report, (key, values, others)| {
        let text = match (values.is_empty(), others) {
            (true, _) => "nothing".to_string(),
            (false, 0) => shorten(&values.join(", ")),
            (false, others) => format!("{}, and {others} more", shorten(&values.join(", "))),
        };
        report.see(key, text)
    })
}

/// The report of a custom rule whose condition depends on a build setting that nothing says.
fn not_answered(custom: &Custom, unanswered: &Unanswered) -> Report {
    let Unanswered { key, why } = unanswered;
    Report::new(format!("cannot be answered: {key} is not recorded; {why}"))
        .see("message", custom.message.clone())
        .salient(key.clone())
        .unanswered()
        .help(format!(
            "build with settings in the record, or set `{} = \"off\"` for these paths in [[overrides]]",
            custom.id
        ))
}

#[cfg(test)]
mod tests {
    use crate::testing::{binary, gopath, unset};
    use crate::{Auditor, Date, Finding, Level, Policy};
    use gospect_record::Binary;

    fn judge(policy: &Policy, program: &Binary) -> Vec<Finding> {
        let mut auditor = Auditor::new(policy, Date::parse("2026-11-30").unwrap());
        auditor.binary(program);
        auditor.finish().findings
    }

    /// A program of a release that records no settings.
    fn old(packages: &[&str]) -> Binary {
        let mut b = gopath(packages);
        b.go_version = Some("go1.16.15".to_owned());
        b.build_info.as_mut().unwrap().settings.clear();
        b
    }

    const OWN: &str = "[expect]\nversion = \"v9\"\n[[custom]]\nid = \"own\"\nlevel = \"error\"\nmessage = \"m\"\nnot = { key = \"port\", value = \"windows/amd64\" }\n";

    #[test]
    fn allowing_all_rules_keeps_what_the_policy_says_itself() {
        let found = |off: &[&str]| {
            let mut policy = Policy::load(OWN, "p.toml").unwrap();
            for name in off {
                policy.set_level(name, None).unwrap();
            }
            let findings = judge(&policy, &binary(|b| unset(b, "vcs.revision")));
            let rules = findings.into_iter().map(|f| f.rule);
            rules.collect::<Vec<_>>()
        };
        assert_eq!(found(&["all"]), ["unmet-expectation", "own"]);
        assert_eq!(found(&["*"]), ["unmet-expectation", "own"]);
        assert_eq!(found(&["all", "own"]), ["unmet-expectation"]);
        assert_eq!(found(&["all", "unmet-expectation"]), ["own"]);
    }

    #[test]
    fn evidence_is_what_matched() {
        let policy = "[[custom]]\nid = \"own\"\nlevel = \"error\"\nmessage = \"m\"\nall = [{ key = \"packages.path\", value = \"net/http/pprof\" }, { key = \"port\", op = \"!=\", value = \"plan9/386\" }]\n";
        let policy = Policy::load(policy, "p.toml").unwrap();
        let program = gopath(&["bufio", "bytes", "net/http/pprof"]);
        let mut all = judge(&policy, &program).into_iter();
        let own = all.find(|f| f.rule == "own").unwrap();
        let evidence = own.evidence.iter();
        let evidence = evidence.map(|e| (e.source.as_str(), e.value.as_str()));
        assert_eq!(
            evidence.collect::<Vec<_>>(),
            [
                ("packages.path", "net/http/pprof, and 2 more"),
                ("port", "linux/amd64")
            ]
        );
    }

    #[test]
    fn a_condition_on_an_unrecorded_setting_is_neither_met_nor_passed() {
        let found = |program: &Binary, condition: &str| {
            let policy = format!(
                "[[custom]]\nid = \"own\"\nlevel = \"error\"\nmessage = \"m\"\n{condition}"
            );
            let policy = Policy::load(&policy, "p.toml").unwrap();
            let mut findings = judge(&policy, program);
            findings.retain(|f| f.rule == "own");
            findings.pop().map(|f| (f.level, f.unanswered, f.message))
        };
        let unanswered = |key: &str| {
            let message = format!(
                "cannot be answered: {key} is not recorded; go1.16.15 records no build settings, Go 1.18 and newer do"
            );
            Some((Level::Error, true, message))
        };
        let met = Some((Level::Error, false, "m".to_owned()));
        let old = old(&["runtime/cgo"]);
        for (condition, expected) in [
            (
                "all = [{ key = \"-race\", value = \"true\" }]",
                unanswered("-race"),
            ),
            (
                "all = [{ key = \"-tags\", op = \"!=\", value = \"x\" }]",
                unanswered("-tags"),
            ),
            (
                "all = [{ key = \"-tags\", op = \"exists\" }]",
                unanswered("-tags"),
            ),
            // Another condition decides.
            (
                "all = [{ key = \"-race\", value = \"true\" }, { key = \"port\", value = \"windows/amd64\" }]",
                None,
            ),
            (
                "any = [{ key = \"-race\", value = \"true\" }, { key = \"port\", value = \"linux/amd64\" }]",
                met.clone(),
            ),
            // The program proves it.
            (
                "all = [{ key = \"CGO_ENABLED\", value = \"1\" }]",
                met.clone(),
            ),
            ("all = [{ key = \"CGO_ENABLED\", value = \"0\" }]", None),
            (
                "all = [{ key = \"-trimpath\", op = \"exists\" }]",
                met.clone(),
            ),
            // Whether a commit is recorded is known.
            (
                "all = [{ key = \"vcs.revision\", op = \"missing\" }]",
                met.clone(),
            ),
        ] {
            assert_eq!(found(&old, condition), expected, "{condition}");
        }
        // A flag that would be recorded is off.
        let new = binary(|_| ());
        let off =
            "all = [{ key = \"-race\", value = \"false\" }, { key = \"-race\", op = \"missing\" }]";
        assert_eq!(found(&new, off), met);
        let flags = found(
            &new,
            "all = [{ key = \"-ldflags\", op = \"contains\", value = \"-s\" }]",
        );
        assert!(flags.unwrap().2.ends_with(
            "-ldflags is not recorded; Go does not record it in a program that is built with -trimpath"
        ));
    }

    #[test]
    fn rules_asked_for_say_which_setting_nothing_says() {
        let found = |program: &Binary, rule: &str| {
            let mut policy = Policy::built_in();
            policy.set_level("all", None).unwrap();
            policy.set_level(rule, Some(Level::Error)).unwrap();
            let findings = judge(&policy, program).into_iter();
            findings.map(|f| f.message).collect::<Vec<_>>()
        };
        let why = "go1.16.15 records no build settings, Go 1.18 and newer do";
        let b = old(&["fmt"]);
        for (rule, key) in [
            ("race-detector", "-race"),
            ("sanitizer", "-msan"),
            ("coverage-instrumented", "-cover"),
            ("optimizations-disabled", "-gcflags"),
            ("dirty-tree", "vcs.modified"),
        ] {
            let message = format!("cannot be answered: {key} is not recorded; {why}");
            assert_eq!(found(&b, rule), [message]);
        }
        assert_eq!(found(&b, "cgo-enabled"), [""; 0]);
        assert_eq!(
            found(&old(&["runtime/cgo"]), "cgo-enabled"),
            ["built with cgo"]
        );
        assert_eq!(found(&b, "untrimmed-paths"), [""; 0]);
        let mut unstamped = binary(|_| ());
        unset(&mut unstamped, "vcs.modified");
        let message = "cannot be answered: vcs.modified is not recorded; the program was built without a commit";
        assert_eq!(found(&unstamped, "dirty-tree"), [message]);
        // The profile asks for nothing by name.
        assert!(
            judge(&Policy::built_in(), &b)
                .iter()
                .all(|f| !f.message.contains("-race"))
        );
    }
}
