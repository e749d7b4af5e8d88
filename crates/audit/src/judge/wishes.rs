//! What custom rules that report a program want of its next build, so that the build that other findings advise does not repeat it.

use crate::fix::{BuildChange, ListSetting, drop, open, set};
use crate::keys::{self, KeyedRecord};
use crate::known::{self, GoRelease};
use crate::policy::condition::{Condition, Operator};

/// What the next build does about a condition that holds.
#[derive(Debug, PartialEq)]
pub(super) enum Wish {
    /// With these changes the condition does not hold.
    Ends(Vec<BuildChange>),
    /// No build is known that ends it; the values of these settings are left open.
    Open(Vec<BuildChange>),
}

/// The wish of a condition that holds for the record.
pub(super) fn of(when: &Condition, record: &KeyedRecord) -> Wish {
    match ending(when, record) {
        Some(changes) => Wish::Ends(changes),
        None => {
            let keys = when.keys().into_iter();
            let settings = keys.map(|key| key.strip_prefix("settings.").unwrap_or(key));
            let repeated = settings.filter(|key| REPEATED.contains(key));
            let recorded = repeated.filter(|key| record.values(key).iter().any(|v| !v.is_empty()));
            Wish::Open(recorded.map(open).collect())
        }
    }
}

/// Settings that a build repeats as they are recorded, and that are not two-valued.
const REPEATED: [&str; 9] = [
    "-asmflags",
    "-buildmode",
    "-gcflags",
    "-ldflags",
    "-tags",
    "GOAMD64",
    "GOARM64",
    "GOEXPERIMENT",
    "GOFIPS140",
];

/// Changes with which the condition does not hold; `None`: none are known.
fn ending(when: &Condition, record: &KeyedRecord) -> Option<Vec<BuildChange>> {
    match when {
        Condition::All(list) => list.iter().find_map(|one| ending(one, record)),
        Condition::Any(list) => {
            let holding = list.iter().filter(|one| one.holds(record) != Ok(false));
            let changes: Option<Vec<_>> = holding.map(|one| ending(one, record)).collect();
            changes.map(|all| all.concat())
        }
        Condition::Not(_) => None,
        Condition::Test {
            key,
            operator,
            values,
        } => {
            let key = key.strip_prefix("settings.").unwrap_or(key);
            let have = record.answer(key).ok()?;
            test(key, &have, *operator, values)
        }
    }
}

/// Changes with which a test does not hold that holds for `have`.
fn test(
    key: &str,
    have: &[String],
    operator: Operator,
    values: &[String],
) -> Option<Vec<BuildChange>> {
    let now = have.first().map(String::as_str);
    let first = values.first().map(String::as_str);
    let one = match (key, operator) {
        ("CGO_ENABLED", o) if o.is_equality() => set(key, if now == Some("1") { "0" } else { "1" }),
        (key, o) if keys::is_flag(key) && (o.is_equality() || o == Operator::Exists) => {
            match now == Some("true") {
                true => drop(key),
                false => set(key, "true"),
            }
        }
        ("-tags", Operator::Contains) => {
            let tags = now?.split([',', ' ']);
            let unwanted = tags.filter(|tag| values.iter().any(|value| tag.contains(value)));
            let without = |tag: &str| BuildChange::Without(ListSetting::Tags, tag.to_owned());
            let changes: Vec<BuildChange> = unwanted.map(without).collect();
            return (!changes.is_empty()).then_some(changes);
        }
        ("go_version", Operator::Less) => set("GOTOOLCHAIN", known::release_from(first?)),
        ("go_version", Operator::NotEquals | Operator::NotIn) => set(
            "GOTOOLCHAIN",
            first.filter(|v| GoRelease::parse(v).is_some())?,
        ),
        (key, Operator::NotEquals | Operator::NotIn) if REPEATED.contains(&key) => set(key, first?),
        _ => return None,
    };
    Some(vec![one])
}

#[cfg(test)]
mod tests {
    use crate::testing::{Setup, binary, set as with, unset};
    use gospect_record::Binary;

    /// The build that is advised for a program with two findings of the catalogue, and whether it mends the custom rule.
    fn build(program: &Binary, condition: &str) -> (String, bool) {
        let policy =
            format!("[[custom]]\nid = \"own\"\nmessage = \"m\"\nhelp = \"h\"\n{condition}\n");
        let setup = Setup {
            profile: "release",
            policy: &policy,
            ..Setup::default()
        };
        let findings = setup.judge(program);
        let own = findings.iter().find(|f| f.rule == "own").expect(condition);
        assert_eq!((own.message.as_str(), own.help.as_str()), ("m", "h"));
        let other = findings
            .iter()
            .find(|f| f.rule == "untrimmed-paths")
            .unwrap();
        (
            other.build.as_ref().unwrap().command.clone(),
            own.build.is_some(),
        )
    }

    #[test]
    fn the_build_does_not_contradict_custom_rules() {
        let program = binary(|b| {
            b.goroot.as_mut().unwrap().trimmed = Some(false);
            unset(b, "-trimpath");
            with(b, "-tags", "debug,netgo");
            with(b, "CGO_ENABLED", "1");
            with(b, "-ldflags", "-s");
            with(b, "-race", "true");
        });
        for (condition, part, ends) in [
            (
                "all = [{ key = \"-tags\", op = \"contains\", value = \"debug\" }]",
                " -tags=netgo ",
                true,
            ),
            (
                "all = [{ key = \"-tags\", op = \"glob\", value = \"*debug*\" }]",
                " -tags=… ",
                false,
            ),
            (
                "all = [{ key = \"settings.CGO_ENABLED\", value = \"1\" }]",
                "CGO_ENABLED=0 ",
                true,
            ),
            (
                "all = [{ key = \"-ldflags\", op = \"contains\", value = \"-s\" }]",
                " -ldflags=… ",
                false,
            ),
            (
                "all = [{ key = \"go_version\", op = \"<\", value = \"go1.28\" }]",
                "GOTOOLCHAIN=go1.28 ",
                true,
            ),
            (
                "not = { key = \"-tags\", value = \"netgo\" }",
                " -tags=… ",
                false,
            ),
            (
                "any = [{ key = \"CGO_ENABLED\", value = \"1\" }, { key = \"-race\", value = \"true\" }]",
                "CGO_ENABLED=0 go build -trimpath -tags",
                true,
            ),
        ] {
            let (command, is_mended) = build(&program, condition);
            assert!(command.contains(part), "{condition}: {command}");
            assert_eq!(is_mended, ends, "{condition}: {command}");
        }
    }
}
