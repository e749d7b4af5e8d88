//! A bug in a reader costs only the file being read.

use super::*;
use crate::bytes::guard::FAULT;
use crate::bytes::guard::test_panic::{self, TRIGGER};
use crate::deploy::Problem;
use deployments::{NotReadReason, Search, SearchResult};
use std::fs;
use std::path::Path;
use test_support::archives::{ZipEntry, tar, zip};
use test_support::fixtures::fixture;
use test_support::layouts::{Layout, tagged, tar_of};

/// Paths of the programs in a scan, and paths and reasons of files not examined.
fn scanned(targets: &[Named], threads: usize) -> (Vec<String>, Vec<String>, bool) {
    let options = Options {
        jobs: threads,
        ..Options::default()
    };
    let (mut programs, mut others) = (Vec::new(), Vec::new());
    let outcome = run(targets, &options, &mut |event| {
        match event {
            Event::Program(program) => programs.push(program.place.path),
            Event::Unexamined { thing, .. } => {
                others.push(format!(
                    "{}: {}: {}",
                    thing.path, thing.reason, thing.detail
                ));
            }
            _ => {}
        }
        true
    });
    (programs, others, outcome.unwrap().failed)
}

/// Bytes that begin like a program and make the program reader panic.
fn trap() -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    bytes.extend(TRIGGER.as_bytes());
    bytes.resize(32 << 10, 0);
    bytes
}

#[test]
fn a_reader_that_panics_costs_one_file_only() {
    test_panic::arm();
    let program = fixture("1.27-linux-amd64-hello-strip");
    let root = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    let good = |name: &str| put(name, &program);
    let layout = |entries: &[(&str, &[u8])]| {
        let mut layout = Layout::default();
        let own: (Vec<u8>, &str) = (tar_of(&[("own", &program)]), "");
        let image = layout.image(("linux", "amd64"), "{}", &[(tar_of(entries), "+gzip"), own]);
        layout.tar(&[tagged(&image, "1")])
    };
    let mut programs = vec![good("a")];
    // A program, named by the user or found in a walk.
    let bare = put("b", &trap());
    programs.push(good("c"));
    // In an archive: a panic at a program, and one between entries.
    let inner = put(
        "d.tar",
        &tar(&[("x", &program), ("bad", &trap()), ("y", &program)]),
    );
    programs.extend(["x", "y"].map(|entry| format!("{inner}!{entry}")));
    let names = [("x", &program[..]), (TRIGGER, b"text"), ("y", &program)];
    let walker = put("e.tar", &tar(&names));
    programs.push(format!("{walker}!x"));
    let entries = names.map(|(name, body)| ZipEntry::deflated(name, body));
    let directory = put("f.zip", &zip(&entries));
    programs.push(format!("{directory}!x"));
    // In a layer: a panic at a program, and one between entries. The other layer is read.
    let candidate = put(
        "g.tar",
        &layout(&[("bin/x", &program), ("bin/bad", &trap())]),
    );
    let layer = put(
        "h.tar",
        &layout(&[("bin/x", &program), (TRIGGER, &program)]),
    );
    // The package database of the root that contains all of them.
    let database = put(
        "var/lib/dpkg/status",
        format!("Package: {TRIGGER}\n\n").as_bytes(),
    );
    let database = database.trim_end_matches("/status").to_owned();
    programs.push(good("z"));

    let target = root.path().to_string_lossy().into_owned();
    let targets = [(target.clone(), Target::Path(root.path().to_owned()))];
    for threads in [1, 4] {
        let (found, others, _) = scanned(&targets, threads);
        for path in &programs {
            assert_eq!(
                found.iter().filter(|p| *p == path).count(),
                1,
                "{path} of {found:?}"
            );
        }
        for image in [&candidate, &layer] {
            let own = |p: &&String| {
                p.contains("/own") && others.iter().any(|o| o.contains(image.as_str()))
            };
            assert_eq!(found.iter().filter(own).count(), 2, "{found:?}");
        }
        let fault = |path: &str, detail: &str| {
            let begins = format!("{path}: internal-error: {detail}{FAULT}");
            let reported = others.iter().filter(|other| **other == begins).count();
            assert_eq!(reported, 1, "{begins} in {others:#?}");
        };
        for path in [&bare, &walker, &directory] {
            fault(path, "");
        }
        fault(&format!("{inner}!bad"), "");
        fault(&database, "database of packages: ");
        let of = |image: &str| {
            let reported = |other: &&String| other.starts_with(image) && other.contains(FAULT);
            others.iter().filter(reported).count()
        };
        assert_eq!((of(&candidate), of(&layer)), (1, 1), "{others:#?}");
        assert_eq!(others.len(), 7, "{others:#?}");
    }

    // Each as its own target, between two others.
    for path in [&bare, &inner, &walker, &directory, &candidate, &layer] {
        let paths = [&programs[0], path, &programs[1]];
        let targets = paths.map(|p| (p.clone(), Target::Path(p.into())));
        let (found, others, _) = scanned(&targets, 2);
        assert!(
            found.contains(&programs[0]) && found.contains(&programs[1]),
            "{path}"
        );
        assert!(
            others
                .iter()
                .any(|o| o.contains("internal-error: ") && o.starts_with(path)),
            "{others:?}"
        );
    }
}

#[test]
fn a_panic_at_a_deployment_file_costs_only_that_file() {
    test_panic::arm();
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    fs::write(path("a.env"), "GODEBUG=x=1\n").unwrap();
    fs::write(path("b.env"), format!("GODEBUG=x=1\n# {TRIGGER}\n")).unwrap();
    fs::write(path("c"), format!("#!/bin/sh\ngo build . # {TRIGGER}\n")).unwrap();
    fs::write(path("d.env"), "GODEBUG=x=1\n").unwrap();
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    let search = Search::new(true, None);
    let name = |path: &str| {
        Path::new(path)
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned()
    };
    let named = [root.path().to_owned(), path("b.env")];
    deployments::run(&named, &search, &mut |found| {
        match found {
            SearchResult::File(file) => read.push(name(&file.path)),
            SearchResult::NotRead(p) => {
                let NotReadReason::Problem { problem, .. } = p.why else {
                    panic!("{}", p.why);
                };
                assert_eq!(
                    (&problem, problem.to_string().as_str()),
                    (&Problem::Internal, FAULT)
                );
                unread.push((name(&p.path), p.named));
            }
        }
        true
    })
    .unwrap();
    assert_eq!(read, ["a.env", "d.env"]);
    let bad = |name: &str, named| (name.to_owned(), named);
    assert_eq!(
        unread,
        [bad("b.env", false), bad("c", false), bad("b.env", true)]
    );
}

#[test]
fn hard_links_without_room_are_read_each_by_itself() {
    let program = fixture("1.27-linux-amd64-hello-strip");
    let root = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for dir in ["a", "b"] {
        fs::create_dir(root.path().join(dir)).unwrap();
    }
    for i in 0..12 {
        let name = |dir: &str| root.path().join(dir).join(format!("p{i:02}"));
        fs::write(name("a"), program.as_slice()).unwrap();
        fs::hard_link(name("a"), name("b")).unwrap();
        names.push(name("a").to_string_lossy().into_owned());
    }
    names.extend_from_within(..);
    for name in &mut names[12..] {
        *name = name.replace("/a/p", "/b/p");
    }
    let target = root.path().to_string_lossy().into_owned();
    // Room for the names of eight waiting programs.
    let options = Options {
        memory: 40 << 10,
        ..Options::default()
    };
    let (mut programs, mut others) = (Vec::new(), Vec::new());
    run(
        &[(target, Target::Path(root.path().to_owned()))],
        &options,
        &mut |event| {
            match event {
                Event::Program(program) => programs.push(program.place.path),
                other => others.push(other),
            }
            true
        },
    )
    .unwrap();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(programs, names);
}
