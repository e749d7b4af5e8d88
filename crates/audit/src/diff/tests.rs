use super::*;
use crate::testing::{binary, change, dep, set, unset};
use gospect_record::{Corroboration, EffectiveSetting, Linkage, PathLeak};

fn changes(old: impl FnOnce(&mut Binary), new: impl FnOnce(&mut Binary)) -> Vec<Change> {
    let d = diff(&[binary(old)], &[binary(new)]);
    d.pairs.into_iter().flat_map(|p| p.changes).collect()
}

#[test]
fn each_class_of_change_is_seen_once_and_directed() {
    let effective = |value: &str| {
        Some(vec![EffectiveSetting {
            key: "tls10server".into(),
            value: value.into(),
            origin: "recorded".into(),
            status: "ok".into(),
            note: None,
        }])
    };
    type Case = (
        Class,
        Direction,
        bool,
        Box<dyn Fn(&mut Binary)>,
        Box<dyn Fn(&mut Binary)>,
    );
    let go = |v: &'static str| {
        Box::new(move |b: &mut Binary| b.go_version = Some(v.into())) as Box<dyn Fn(&mut Binary)>
    };
    let with = |v: &'static str| {
        Box::new(move |b: &mut Binary| dep(b, "example.com/lib", v, None))
            as Box<dyn Fn(&mut Binary)>
    };
    let cases: Vec<Case> = vec![
        (
            Class::Toolchain,
            Direction::Up,
            false,
            go("go1.9.2"),
            go("go1.26.10"),
        ),
        (
            Class::Toolchain,
            Direction::Down,
            true,
            go("go1.26.10"),
            go("go1.26.9"),
        ),
        (
            Class::Module,
            Direction::Up,
            false,
            with("v1.9.0"),
            with("v1.10.0"),
        ),
        (
            Class::Module,
            Direction::Down,
            true,
            with("v1.10.0"),
            with("v1.9.0"),
        ),
        (
            Class::Module,
            Direction::Added,
            false,
            Box::new(|_| ()),
            with("v1.0.0"),
        ),
        (
            Class::Module,
            Direction::Removed,
            false,
            with("v1.0.0"),
            Box::new(|_| ()),
        ),
        (
            Class::Module,
            Direction::Changed,
            true,
            with("v1.0.0"),
            Box::new(|b| dep(b, "example.com/lib", "v1.0.0", Some(("../lib", "")))),
        ),
        (
            Class::Setting,
            Direction::Changed,
            true,
            Box::new(|b| set(b, "-race", "false")),
            Box::new(|b| set(b, "-race", "true")),
        ),
        (
            Class::Setting,
            Direction::Removed,
            true,
            Box::new(|_| ()),
            Box::new(|b| unset(b, "-trimpath")),
        ),
        (
            Class::Godebug,
            Direction::Changed,
            true,
            Box::new(move |b| {
                (b.go_version, b.godebug.effective) = (Some("go1.26.1".into()), effective("0"))
            }),
            Box::new(move |b| {
                (b.go_version, b.godebug.effective) = (Some("go1.26.1".into()), effective("1"))
            }),
        ),
        (
            Class::Experiment,
            Direction::Added,
            false,
            Box::new(|b| b.experiments.enabled = Some(vec![])),
            Box::new(|b| b.experiments.enabled = Some(vec!["arenas".into()])),
        ),
        (
            Class::Goroot,
            Direction::Changed,
            true,
            Box::new(|_| ()),
            Box::new(|b| b.goroot.as_mut().unwrap().trimmed = Some(false)),
        ),
        (
            Class::Paths,
            Direction::Added,
            true,
            Box::new(|b| b.paths = Some(vec![])),
            Box::new(|b| {
                b.paths = Some(vec![PathLeak {
                    prefix: "/home/a/".into(),
                    kind: "home".into(),
                    ..PathLeak::default()
                }])
            }),
        ),
        (
            Class::Linkage,
            Direction::Changed,
            true,
            Box::new(|b| {
                b.linkage = Some(Linkage {
                    is_static: Some(true),
                    ..Linkage::default()
                })
            }),
            Box::new(|b| {
                b.linkage = Some(Linkage {
                    is_static: Some(false),
                    ..Linkage::default()
                })
            }),
        ),
        (
            Class::Integrity,
            Direction::Changed,
            true,
            Box::new(|b| b.corroboration = Some(vec![])),
            Box::new(|b| {
                b.corroboration = Some(vec![Corroboration {
                    claim: "go-version".into(),
                    verdict: gospect_record::Verdict::Contradicted.into(),
                    ..Corroboration::default()
                }])
            }),
        ),
        (
            Class::Source,
            Direction::Changed,
            true,
            Box::new(|b| set(b, "vcs.modified", "false")),
            Box::new(|b| set(b, "vcs.modified", "true")),
        ),
        (
            Class::Content,
            Direction::Changed,
            false,
            Box::new(|b| b.sha256 = Some("aa".into())),
            Box::new(|b| b.sha256 = Some("bb".into())),
        ),
    ];
    for (class, direction, worse, old, new) in cases {
        let got = changes(old, new);
        assert_eq!(got.len(), 1, "{class:?} {got:#?}");
        assert_eq!(
            (got[0].class, got[0].direction, got[0].worse),
            (class, direction, worse),
            "{got:#?}"
        );
    }
}

#[test]
fn build_info_that_go_no_longer_reads_is_for_the_worse() {
    let at = |place: &'static str| move |b: &mut Binary| b.build_info_source = Some(place.into());
    let seen = |old, new| {
        let all = changes(at(old), at(new));
        let rows = all.iter().map(|c| (c.class, c.key.clone(), c.worse));
        rows.collect::<Vec<_>>()
    };
    let change = |worse| vec![(Class::Integrity, "build_info_source".to_owned(), worse)];
    for hidden in ["segment", "linker-strings", "scan"] {
        assert_eq!(seen("section", hidden), change(true));
        assert_eq!(seen(hidden, "section"), change(false));
    }
    assert_eq!(seen("section", "section"), []);
}

#[test]
fn a_fact_that_one_side_lacks_is_no_change() {
    // A full record, compared with one of the build info alone.
    let got = changes(
        |_| (),
        |b| {
            (
                b.goroot,
                b.linkage,
                b.linked,
                b.godebug.effective,
                b.experiments.enabled,
            ) = (None, None, None, None, None);
            (b.executable.go_symbols, b.executable.debug_info) = (None, None);
        },
    );
    assert_eq!(got, []);
}

#[test]
fn programs_are_paired_through_version_bumps_and_moves() {
    let at = |target: &str, path: &str, main: &str, os: &str| {
        binary(|b| {
            b.location.target = target.into();
            b.path = format!("{target}/{path}");
            b.main_package = Some(main.into());
            b.executable.os = Some(os.into());
        })
    };
    let old = [
        at(
            "old",
            "app_1.2.0_linux.tar.gz!app",
            "example.com/app",
            "linux",
        ),
        at(
            "old",
            "app_1.2.0_darwin.tar.gz!app",
            "example.com/app",
            "darwin",
        ),
        at("old", "bin/tool", "example.com/tool", "linux"),
        at("old", "bin/gone", "example.com/gone", "linux"),
    ];
    let new = [
        at("new", "bin/new", "example.com/new", "linux"),
        at("new", "usr/bin/tool", "example.com/tool", "linux"),
        at(
            "new",
            "app_1.3.0_darwin.tar.gz!app",
            "example.com/app",
            "darwin",
        ),
        change(
            at(
                "new",
                "app_1.3.0_linux.tar.gz!app",
                "example.com/app",
                "linux",
            ),
            |b| b.go_version = Some("go1.26.1".into()),
        ),
    ];
    let d = diff(&old, &new);
    assert_eq!(d.unchanged, 2);
    let seen: Vec<(Class, Option<&str>)> = d
        .pairs
        .iter()
        .map(|p| (p.changes[0].class, p.main_package.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (Class::Toolchain, Some("example.com/app")),
            (Class::Added, Some("example.com/new")),
            (Class::Removed, Some("example.com/gone"))
        ]
        .into_iter()
        .collect::<Vec<_>>()
    );
    assert!(d.has(&[Class::Removed]) && !d.has(&[Class::Module]));
    assert_eq!(diff(&old, &old).pairs, []);
}

#[test]
fn classes_are_read_with_a_hint() {
    assert_eq!(
        Class::parse_list("module, toolchain").unwrap(),
        [Class::Module, Class::Toolchain]
    );
    let any = Class::parse_list("any").unwrap();
    assert_eq!(any, Class::ALL);
    assert!(
        Class::parse_list("modul")
            .unwrap_err()
            .hint
            .contains("`module`")
    );
}

/// Records from elsewhere may have lists so long that a search per item would take for ever.
#[test]
fn long_lists_are_compared_without_a_search_for_each() {
    use gospect_record::{Corroboration, EffectiveSetting, Linkage, PathLeak, Verdict};
    let count = 200_000;
    let long = |odd: bool| {
        binary(|b| {
            let name = |i: usize| format!("n{i}");
            let is_odd = |i: usize| odd && i == count / 2;
            b.corroboration = Some(
                (0..count)
                    .map(|i| Corroboration {
                        claim: name(i).as_str().into(),
                        verdict: if is_odd(i) {
                            Verdict::Contradicted.into()
                        } else {
                            Verdict::Confirmed.into()
                        },
                        ..Corroboration::default()
                    })
                    .collect(),
            );
            b.paths = Some(
                (0..count)
                    .map(|i| PathLeak {
                        prefix: name(i),
                        kind: if is_odd(i) { "home" } else { "temp" }.into(),
                        ..PathLeak::default()
                    })
                    .collect(),
            );
            b.godebug.effective = Some(
                (0..count)
                    .map(|i| EffectiveSetting {
                        key: name(i),
                        value: if is_odd(i) { "1" } else { "0" }.into(),
                        ..EffectiveSetting::default()
                    })
                    .collect(),
            );
            b.linkage = Some(Linkage {
                needed: Some((0..count).filter(|i| !is_odd(*i)).map(name).collect()),
                ..Linkage::default()
            });
        })
    };
    let found = diff(&[long(false)], &[long(true)]);
    let mut classes: Vec<_> = found.changes().map(|c| c.class).collect();
    classes.sort_unstable();
    assert_eq!(
        classes,
        [
            Class::Godebug,
            Class::Paths,
            Class::Linkage,
            Class::Integrity
        ]
    );
}

/// A program whose record was taken out must not pass a gate because there is nothing to compare.
#[test]
fn what_is_no_longer_known_is_a_change_for_the_worse() {
    let old = binary(|b| b.experiments.enabled = Some(Vec::new()));
    let wiped = binary(|b| {
        b.go_version = None;
        b.build_info = None;
        b.godebug = Default::default();
        b.experiments = Default::default();
    });
    let changes = super::compare::compare(&old, &wiped);
    for (class, key) in [
        (Class::Toolchain, "go_version"),
        (Class::Setting, "build settings"),
        (Class::Experiment, "experiments"),
        (Class::Source, "build info"),
    ] {
        let change = changes.iter().find(|c| c.class == class && c.key == key);
        let change = change.unwrap_or_else(|| panic!("{key}: {changes:?}"));
        assert_eq!(change.new.as_deref(), Some("unknown"));
        assert!(change.worse, "{key}");
        let meaning = change.meaning().map(|meaning| meaning.text);
        assert!(
            meaning.is_some_and(|text| text.contains("no longer")),
            "{key}: {meaning:?}"
        );
    }
    // That something is known now is no change.
    let back = super::compare::compare(&wiped, &old);
    assert!(back.iter().all(|c| c.old.as_deref() != Some("unknown")));
}

#[test]
fn a_program_that_needs_a_newer_system_is_worse() {
    let needs = |glibc: &'static str, min_os: &'static str| {
        move |b: &mut Binary| {
            b.linkage = Some(Linkage {
                glibc: Some(glibc.into()),
                min_os: Some(min_os.into()),
                ..Linkage::default()
            });
        }
    };
    let seen = |old, new| -> Vec<(String, Direction, bool)> {
        let changes = changes(old, new).into_iter();
        let rows = changes.map(|c| (c.key.to_string(), c.direction, c.worse));
        rows.collect()
    };
    let row = |key: &str, direction, worse| (key.to_owned(), direction, worse);
    assert_eq!(
        seen(needs("2.9", "10.15"), needs("2.34", "11.0")),
        [
            row("glibc", Direction::Up, true),
            row("min_os", Direction::Up, true)
        ]
    );
    assert_eq!(
        seen(needs("2.34", "11.0"), needs("2.9", "10.15")),
        [
            row("glibc", Direction::Down, false),
            row("min_os", Direction::Down, false)
        ]
    );
    assert_eq!(
        seen(needs("2.34", "11.0"), needs("2.x", "11.0")),
        [row("glibc", Direction::Changed, false)]
    );
}

#[test]
fn variables_of_the_environment_are_compared() {
    let with = |limit: &'static str| {
        move |b: &mut Binary| b.environment = Some(vec![("GOMEMLIMIT".into(), limit.into())])
    };
    let changes = changes(|_| (), with("512MiB"));
    let values: Vec<_> = changes
        .iter()
        .map(|c| (c.class, &*c.key, c.new.as_deref()))
        .collect();
    assert_eq!(
        values,
        [(Class::Godebug, "GOMEMLIMIT", Some("512MiB (environment)"))]
    );
}

#[test]
fn a_goroot_of_the_environment_is_compared() {
    let with = |root: &'static str| {
        move |b: &mut Binary| b.environment = Some(vec![("GOROOT".into(), root.into())])
    };
    let changes = changes(with("/usr/local/go"), with("/opt/go"));
    let values: Vec<_> = changes
        .iter()
        .map(|c| (&*c.key, c.new.as_deref()))
        .collect();
    assert_eq!(values, [("runtime.GOROOT()", Some("/opt/go"))]);
}
