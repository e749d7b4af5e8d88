//! Nothing is skipped silently: links that are not followed, formats that are recognised and not read, truncated programs, and
//! arguments without effect.

use crate::support::cli::{Scratch, run};
use crate::support::fixture;
use crate::support::pack::Member::File;
use crate::support::pack::{gzip, tar, zip};
use serde_json::Value;

const APP: &str = "1.27-linux-amd64-strip";
const WINDOWS: &str = "1.27-windows-amd64-strip";

fn json(args: &[&str]) -> Value {
    let out = run(&[&["scan", "--format=json", "--facts=build-info"], args].concat());
    serde_json::from_str(&out.stdout).unwrap()
}

/// Path below the directory, reason and detail of each file not examined.
fn unexamined(document: &Value, dir: &std::path::Path) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let dir = format!("{}/", dir.display());
    let all = document["unexamined"].as_array().unwrap().iter();
    all.map(|u| {
        (
            text(&u["path"]).replace(&dir, ""),
            text(&u["reason"]),
            text(&u["detail"]),
        )
    })
    .collect()
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_tree_of_nothing_but_links_is_not_examined() {
        let dir = Scratch::new();
        dir.put("store/app", &fixture(APP));
        let profile = dir.path().join("profile/share/bin");
        std::fs::create_dir_all(&profile).unwrap();
        dir.put("profile/README", b"a small text\n");
        symlink(dir.path().join("store/app"), profile.join("app")).unwrap();
        symlink("app", profile.join("other")).unwrap();
        let target = dir.path().join("profile");
        let target = target.to_str().unwrap();
        let document = json(&[target]);
        assert_eq!(document["reach"]["links"], 2);
        assert_eq!(document["reach"]["unexamined"], 1);
        let not_examined = unexamined(&document, dir.path());
        assert_eq!(
            (not_examined[0].0.as_str(), not_examined[0].1.as_str()),
            ("profile", "link")
        );
        assert!(
            not_examined[0].2.contains("2 symbolic links")
                && not_examined[0].2.contains("--follow")
        );

        assert_eq!(run(&["scan", target]).code.unwrap_or(-1), 0);
        let strict = run(&["scan", "--strict", target]);
        assert_eq!(strict.code.unwrap_or(-1), 2);
        assert!(strict.stdout.contains("2 links not followed (--follow)"));
        let followed = json(&["--follow", target]);
        assert_eq!(followed["reach"]["go"], 2);
        assert_eq!(followed["reach"]["links"], 0);
        assert_eq!(
            run(&["scan", "--strict", "--follow", target])
                .code
                .unwrap_or(-1),
            0
        );
    }

    #[test]
    fn links_beside_what_was_looked_at_and_links_to_nothing_are_only_counted() {
        let dir = Scratch::new();
        dir.put("mixed/app", &fixture(APP));
        std::fs::create_dir(dir.path().join("dead")).unwrap();
        symlink("app", dir.path().join("mixed/link")).unwrap();
        symlink("nowhere", dir.path().join("dead/link")).unwrap();
        for name in ["mixed", "dead"] {
            let target = dir.path().join(name);
            let target = target.to_str().unwrap();
            let out = run(&["scan", "--strict", "--format=json", target]);
            let document: Value = serde_json::from_str(&out.stdout).unwrap();
            assert_eq!(
                (out.code.unwrap_or(-1), &document["reach"]["links"]),
                (0, &1.into()),
                "{name}"
            );
        }
        // A target among several is reported separately.
        let only = dir.path().join("only");
        std::fs::create_dir(&only).unwrap();
        symlink("../mixed/app", only.join("app")).unwrap();
        let mixed = dir.path().join("mixed");
        for jobs in ["1", "4"] {
            let document = json(&["-j", jobs, only.to_str().unwrap(), mixed.to_str().unwrap()]);
            assert_eq!(unexamined(&document, dir.path()).len(), 1);
            assert_eq!(
                document["unexamined"][0]["location"]["target"],
                only.to_str().unwrap()
            );
        }
    }

    #[test]
    fn where_a_followed_link_leads_is_excluded_too() {
        let dir = Scratch::new();
        let app = fixture(APP);
        dir.put("tree/app", &app);
        dir.put("tree/private/app", &app);
        dir.put("store/tools/deep/app", &app);
        let link = |to: &str, name: &str| symlink(to, dir.path().join("tree").join(name)).unwrap();
        link("private/app", "by-file");
        link("private", "by-dir");
        link("../store/tools", "tools");
        let tree = dir.path().join("tree");
        let paths = |exclude: &str| -> Vec<String> {
            let document = json(&["--follow", "--exclude", exclude, tree.to_str().unwrap()]);
            let all = document["binaries"].as_array().unwrap().iter();
            let prefix = format!("{}/", tree.display());
            all.map(|b| b["path"].as_str().unwrap().replace(&prefix, ""))
                .collect()
        };
        let real = std::fs::canonicalize(dir.path()).unwrap();
        assert_eq!(paths("private"), ["app", "tools/deep/app"]);
        assert_eq!(
            paths(&format!("{}/private", tree.display())),
            ["app", "tools/deep/app"]
        );
        let not_tools = ["app", "by-dir/app", "by-file"];
        for exclude in ["store", "tools", "deep"] {
            assert_eq!(paths(exclude), not_tools, "{exclude}");
        }
        // A file in a directory that a link leads to has two paths.
        assert_eq!(
            paths(&format!("{}/store/tools/deep", real.display())),
            not_tools
        );
    }
}

#[test]
fn arguments_without_effect_are_reported() {
    let dir = Scratch::new();
    dir.put("tree/app", &fixture(APP));
    dir.put("tree/notes.txt", &[b'a'; 20_000]);
    let tree = dir.path().join("tree");
    let tree = tree.to_str().unwrap();
    let args = [
        "scan",
        "--exclude=*.txt",
        "--exclude=*.tex",
        "--platform=linux/arm64",
        tree,
    ];
    let out = run(&args);
    assert_eq!(out.code.unwrap_or(-1), 0);
    assert!(
        out.stderr.contains("--exclude *.tex: matched nothing"),
        "{}",
        out.stderr
    );
    assert!(!out.stderr.contains("*.txt"), "{}", out.stderr);
    assert!(
        out.stderr
            .contains("--platform linux/arm64: no image matches"),
        "{}",
        out.stderr
    );
    let quiet = run(&[&["scan", "--quiet", "--strict"], &args[1..]].concat());
    assert_eq!(
        (quiet.code.unwrap_or(-1), quiet.stderr.as_str()),
        (0, ""),
        "nothing was missed"
    );

    let list = dir.put("list", format!("{tree}\nnowhere\n").as_bytes());
    let out = run(&["scan", "--files-from", list.to_str().unwrap()]);
    assert_eq!(out.code.unwrap_or(-1), 2);
    assert!(out.stderr.contains("nowhere"), "{}", out.stderr);
    let empty = dir.put("empty", b"\n");
    let out = run(&["scan", "--files-from", empty.to_str().unwrap()]);
    assert_eq!(out.code.unwrap_or(-1), 0);
    assert!(out.stderr.contains("the list is empty"), "{}", out.stderr);
}

#[test]
fn a_truncated_program_is_reported_whatever_was_found() {
    let dir = Scratch::new();
    let mac = "1.27-darwin-arm64-w";
    for id in [APP, WINDOWS, mac] {
        let whole = fixture(id);
        for part in [30, 50, 70, 95] {
            let path = dir.put("cut", &whole[..whole.len() * part / 100]);
            let out = run(&["scan", "--strict", "--format=json", path.to_str().unwrap()]);
            let document: Value = serde_json::from_str(&out.stdout).unwrap();
            let not_examined = unexamined(&document, dir.path());
            assert!(
                not_examined.iter().any(|s| s.1 == "truncated"),
                "{id} {part}%: {document}"
            );
            assert_eq!(out.code.unwrap_or(-1), 2, "{id} {part}%");
        }
        let path = dir.put("whole", &whole);
        assert_eq!(
            run(&["scan", "--strict", path.to_str().unwrap()])
                .code
                .unwrap_or(-1),
            0,
            "{id}"
        );
    }
    // Inside an archive, too, record and problem are both reported.
    let whole = fixture(APP);
    let cut = &whole[..whole.len() * 95 / 100];
    let path = dir.put("a.tgz", &gzip(&tar(&[File("bin/cut", cut)])));
    let document = json(&[path.to_str().unwrap()]);
    assert_eq!(document["reach"]["go"], 1);
    let not_examined = unexamined(&document, dir.path());
    assert_eq!(not_examined.len(), 1, "{document}");
    assert_eq!(
        (not_examined[0].0.as_str(), not_examined[0].1.as_str()),
        ("a.tgz!bin/cut", "truncated")
    );
}

/// A file of a format that is only recognised, long enough to be examined.
fn foreign(offset: usize, magic: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(magic);
    // Bytes that do not compress.
    let mut rng = crate::support::rng::Rng::new(7);
    bytes.extend((0..60_000).map(|_| rng.below(256) as u8));
    bytes
}

#[test]
fn formats_that_are_not_read_are_named_wherever_they_are() {
    let dir = Scratch::new();
    let seven = foreign(0, b"7z\xbc\xaf\x27\x1c\0\x04");
    let iso = foreign(32769, b"CD001\x01");
    let app = fixture(APP);
    dir.put("tree/a.7z", &seven);
    dir.put("tree/disk", &iso);
    dir.put("tree/b.zip", &zip("inner/b.7z", &seven));
    dir.put(
        "tree/c.tgz",
        &gzip(&tar(&[File("disk.iso", &iso), File("app", &app)])),
    );
    dir.put("tree/d.iso.gz", &gzip(&iso));
    dir.put(
        "tree/e.tar",
        &tar(&[
            File("packed.gz", &gzip(&seven)),
            File("text", &[b'a'; 20_000]),
        ]),
    );
    dir.put(
        "tree/letter.doc",
        &foreign(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    );
    dir.put("tree/zeros", &[0; 40_000]);
    dir.put("tree/small.7z", &seven[..1000]);
    let tree = dir.path().join("tree");
    for jobs in ["1", "4"] {
        let document = json(&["-j", jobs, tree.to_str().unwrap()]);
        let not_examined = unexamined(&document, &tree);
        let short: Vec<_> = not_examined
            .iter()
            .map(|s| (s.0.as_str(), s.1.as_str(), s.2.split(':').next().unwrap()))
            .collect();
        assert_eq!(
            short,
            [
                ("a.7z", "unsupported", "a 7z archive"),
                ("b.zip!inner/b.7z", "unsupported", "a 7z archive"),
                ("c.tgz!disk.iso", "unsupported", "an ISO 9660 image"),
                ("d.iso.gz", "unsupported", "an ISO 9660 image"),
                ("disk", "unsupported", "an ISO 9660 image"),
                ("e.tar!packed.gz", "unsupported", "a 7z archive"),
            ]
        );
        // The document, the zeros and the text.
        assert_eq!(document["reach"]["not_go"], 3);
    }
    assert_eq!(run(&["scan", tree.to_str().unwrap()]).code.unwrap_or(-1), 0);
    assert_eq!(
        run(&["scan", "--strict", tree.to_str().unwrap()])
            .code
            .unwrap_or(-1),
        2
    );
    assert_eq!(
        json(&["--no-archives", tree.to_str().unwrap()])["reach"]["unexamined"],
        0
    );
    let named = tree.join("a.7z");
    let out = run(&["scan", named.to_str().unwrap()]);
    assert_eq!(out.code.unwrap_or(-1), 0);
    assert!(
        out.stdout
            .contains("a 7z archive: this format is not looked into"),
        "{}",
        out.stdout
    );
    assert!(!out.stderr.contains("not a Go program"), "{}", out.stderr);
}

/// Archives that other tools run or load as one file: read where their format is that of an archive, otherwise named.
#[test]
fn archives_behind_scripts_and_headers_are_read_or_named() {
    let dir = Scratch::new();
    let archive = zip("bin/app", &fixture(APP));
    let packed = gzip(&tar(&[File("app", &fixture(APP))]));
    let script = b"#!/bin/sh\ntail -n +3 $0 | tar xz\nexit\n";
    let with = |front: &[u8], rest: &[u8]| [front, rest].concat();
    dir.put("tree/a.pyz", &with(b"#!/usr/bin/env python3\n", &archive));
    let crx = with(b"Cr24\x03\0\0\0\x64\0\0\0", &[0; 100]);
    dir.put("tree/b.crx", &with(&crx, &archive));
    let asar = b"\x04\0\0\0\x50\0\0\0\x4c\0\0\0\x48\0\0\0{\"files\":{\"app\":{\"size\":1720480}}}";
    dir.put("tree/c.asar", &with(asar, &fixture(APP)));
    dir.put("tree/d.run", &with(script, &packed));
    dir.put("tree/e.tar", &tar(&[File("d.run", &with(script, &packed))]));
    dir.put("tree/script", &script.repeat(500));
    let tree = dir.path().join("tree");
    let document = json(&[tree.to_str().unwrap()]);
    let binaries = document["binaries"].as_array().unwrap().iter();
    let paths: Vec<_> = binaries
        .map(|b| b["path"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    let not_examined = unexamined(&document, &tree);
    let short: Vec<_> = not_examined
        .iter()
        .map(|u| (u.0.as_str(), u.2.split(':').next().unwrap()))
        .collect();
    assert_eq!(
        short,
        [
            ("c.asar", "an Electron archive (asar)"),
            ("d.run", "a script with data behind it"),
            ("e.tar!d.run", "a script with data behind it"),
        ]
    );
    assert_eq!(document["reach"]["not_go"], 1);
}
