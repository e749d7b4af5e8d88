use super::*;
use gospect_record::{Module, Setting};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn program(modified: &str) -> Binary {
    let setting = |key: &str, value: &str| Setting {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let module = |path: &str, version: &str, sum: &str| Module {
        path: path.to_owned(),
        version: version.to_owned(),
        sum: sum.to_owned(),
        replace: None,
    };
    Binary {
        go_version: Some("go1.26.5".to_owned()),
        build_info: Some(BuildInfo {
            main: module("example.com/app", "v1.2.3", ""),
            deps: vec![
                module("a.example/a", "v1.0.0", "h1:a="),
                module("a.example/b", "v1.0.0", "h1:b="),
            ],
            settings: vec![
                setting("vcs.revision", COMMIT),
                setting("vcs.modified", modified),
            ],
            ..BuildInfo::default()
        }),
        ..Binary::default()
    }
}

fn checkout(go_sum: &str) -> Checkout {
    Checkout {
        folder: "src".to_owned(),
        revision: Some(COMMIT.to_owned()),
        tags: vec!["v1.2.3".to_owned()],
        changes: Some(Vec::new()),
        go_mod: Some("// Package\nmodule \"example.com/app\" // here\n\ngo 1.25.0\ntoolchain go1.26.0\nrequire (\n\tgo v1\n)\n".to_owned()),
        sums: vec![("src/go.sum".to_owned(), GoSum::parse(go_sum).unwrap())],
    }
}

const BOTH: &str = "a.example/a v1.0.0 h1:a=\na.example/b v1.0.0 h1:b=\n";

#[test]
fn a_checkout_of_the_commit_is_equal() {
    let said = judge(&checkout(BOTH), &program("false"));
    assert_eq!(
        said.sentence,
        "the program is commit 0123456789ab, which is tag v1.2.3, clean; all 2 of its sums are those of that go.sum"
    );
    let all: Vec<_> = said.checks.iter().map(|c| (c.what, c.verdict)).collect();
    assert_eq!(
        all,
        [
            (Aspect::Revision, Verdict::Equal),
            (Aspect::Modified, Verdict::Equal),
            (Aspect::Version, Verdict::Equal),
            (Aspect::Module, Verdict::Equal),
            (Aspect::GoLine, Verdict::Equal),
            (Aspect::Toolchain, Verdict::Equal),
            (Aspect::GoSum, Verdict::Equal),
        ]
    );
    assert_eq!(said.verdict, Verdict::Equal);
}

#[test]
fn what_differs_is_named() {
    type Case = (
        &'static str,
        fn(&mut Checkout, &mut Binary),
        Aspect,
        Verdict,
    );
    let cases: [Case; 9] = [
        (
            "commit",
            |c, _| c.revision = Some(COMMIT.replace('0', "f")),
            Aspect::Revision,
            Verdict::Different,
        ),
        (
            "no commit",
            |c, _| c.revision = None,
            Aspect::Revision,
            Verdict::Unknown,
        ),
        (
            "tag",
            |c, _| c.tags = vec!["v1.2.4".to_owned()],
            Aspect::Version,
            Verdict::Different,
        ),
        (
            "no tag",
            |c, _| c.tags.clear(),
            Aspect::Version,
            Verdict::Unknown,
        ),
        (
            "changes",
            |c, _| c.changes = Some(vec!["main.go".to_owned()]),
            Aspect::Modified,
            Verdict::Unknown,
        ),
        (
            "module",
            |c, _| c.go_mod = Some("module example.com/other\n".to_owned()),
            Aspect::Module,
            Verdict::Different,
        ),
        (
            "go line",
            |c, _| c.go_mod = Some("module example.com/app\ngo 1.27\n".to_owned()),
            Aspect::GoLine,
            Verdict::Different,
        ),
        (
            "missing",
            |c, _| c.sums[0].1 = GoSum::parse("a.example/a v1.0.0 h1:a=\n").unwrap(),
            Aspect::GoSum,
            Verdict::Unknown,
        ),
        (
            "other sum",
            |c, _| c.sums[0].1 = GoSum::parse("a.example/a v1.0.0 h1:x=\n").unwrap(),
            Aspect::GoSum,
            Verdict::Different,
        ),
    ];
    for (name, change, what, verdict) in cases {
        let (mut checkout, mut binary) = (checkout(BOTH), program("false"));
        change(&mut checkout, &mut binary);
        let said = judge(&checkout, &binary);
        let check = said.checks.iter().find(|c| c.what == what).unwrap();
        assert_eq!(check.verdict, verdict, "{name}: {check:?}");
        assert_eq!(
            said.verdict == Verdict::Different,
            verdict == Verdict::Different,
            "{name}"
        );
    }
    let said = judge(&checkout("a.example/a v1.0.0 h1:a=\n"), &program("true"));
    assert_eq!(
        said.sentence,
        "the program is commit 0123456789ab, which is tag v1.2.3, built with changes that no commit has; 1 of its modules are not in that go.sum"
    );
}

#[test]
fn a_program_built_with_changes_is_not_known_to_be_the_commit() {
    let checkout = checkout(BOTH);
    let mut dirty = program("false");
    let info = dirty.build_info.as_mut().unwrap();
    info.settings
        .retain(|setting| setting.key != "vcs.modified");
    info.main.version = "v1.2.3+dirty".to_owned();
    for binary in [program("true"), dirty] {
        let said = judge(&checkout, &binary);
        assert_eq!(said.verdict, Verdict::Unknown, "{said:?}");
        assert!(
            said.sentence
                .contains("which is tag v1.2.3, built with changes that no commit has"),
            "{}",
            said.sentence
        );
    }
}
