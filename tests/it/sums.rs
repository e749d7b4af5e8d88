//! The last line of a scan adds up: every file that was looked at is Go, not Go, too small, or an archive.

use crate::support::cli::{Scratch, run};
use crate::support::fixture;
use crate::support::pack::Member::{File, HardLink};
use crate::support::pack::{docker_archive, gzip, tar, zip};
use serde_json::{Value, json};
use test_support::layouts::{Layout, tagged};

const APP: &str = "1.27-linux-amd64-strip";

/// The members that every container of these tests holds: two Go programs, one of them with a second name, a file that is not Go,
/// a small and an empty one, and an empty file compressed.
fn members() -> Vec<u8> {
    let app = fixture(APP);
    let text = b"no program\n".repeat(4000);
    let empty = gzip(b"");
    let packed = gzip(&app);
    tar(&[
        File("bin/app", &app),
        HardLink("bin/link", "bin/app"),
        File("bin/app.gz", &packed),
        File("text", &text),
        File("small", b"a few bytes"),
        File("empty", b""),
        File("empty.gz", &empty),
    ])
}

/// Numbers of the classes, in the order of the last line: files, programs, files with programs, not Go, too small, others.
fn classes(document: &Value) -> [u64; 6] {
    let reach = &document["reach"];
    let number = |name: &str| reach[name].as_u64().unwrap();
    let known = number("go_files") + number("not_go") + number("below_min_size");
    [
        number("files"),
        number("go"),
        number("go_files"),
        number("not_go"),
        number("below_min_size"),
        number("files") - known,
    ]
}

/// Scans with one thread and two, without a cache, and twice with one, and holds the numbers and the text against `wanted`.
fn check(target: &str, wanted: [u64; 6], line: &str) {
    let cache = Scratch::new();
    let cache = cache.path().join("cache");
    for (cache, jobs) in [
        ("off", "1"),
        ("off", "2"),
        (cache.to_str().unwrap(), "1"),
        (cache.to_str().unwrap(), "2"),
    ] {
        let options = ["scan", "--cache", cache, "--jobs", jobs];
        let out = run(&[&options[..], &["--format", "json", target]].concat());
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        assert_eq!(document["reach"]["unexamined"], 0, "{target} {document:#}");
        assert_eq!(classes(&document), wanted, "{target} {options:?}");
        let out = run(&[&options[..], &["--format", "table", target]].concat());
        let said = out.stdout.lines().find(|line| line.contains("Looked at"));
        assert!(
            said.unwrap().ends_with(line),
            "{target} {options:?}: {said:?}"
        );
    }
}

#[test]
fn a_folder_with_archives_adds_up() {
    let dir = Scratch::new();
    dir.put("app", &fixture(APP));
    dir.put("app.gz", &gzip(&fixture(APP)));
    dir.put("text", &b"no program\n".repeat(4000));
    dir.put("empty", b"");
    dir.put("a.tar", &members());
    dir.put("b.tgz", &gzip(&members()));
    dir.put("c-1.0-py3-none-any.whl", &zip("c/bin/app", &fixture(APP)));
    // Seven files, six members in each of the two archives, and one in the wheel.
    check(
        dir.path().to_str().unwrap(),
        [20, 9, 7, 3, 7, 3],
        ": 9 Go programs in 7 files, 3 not Go, 7 too small to be Go (--min-size), 3 archives. Not examined: 0.",
    );
}

#[test]
fn an_archive_is_a_file_however_it_is_named() {
    let dir = Scratch::new();
    let line = ": 3 Go programs in 2 files, 1 not Go, 3 too small to be Go (--min-size), 1 archive. Not examined: 0.";
    for (name, bytes) in [("a.tar", members()), ("a.tar.gz", gzip(&members()))] {
        let path = dir.put(name, &bytes);
        let path = path.to_str().unwrap();
        check(path, [7, 3, 2, 1, 3, 1], line);
        check(&format!("archive:{path}"), [7, 3, 2, 1, 3, 1], line);
    }
}

#[test]
fn images_add_up() {
    let dir = Scratch::new();
    let config = json!({"Entrypoint": ["/bin/app"]});
    let layers = [members(), tar(&[File("bin/other", &fixture(APP))])];
    let archive = dir.put(
        "image.tar",
        &docker_archive("app:1", "linux/amd64", &config, &layers),
    );
    let archive = archive.to_str().unwrap();
    let line = ": 4 Go programs in 3 files, 1 not Go, 3 too small to be Go (--min-size), 1 archive. Not examined: 0.";
    check(archive, [8, 4, 3, 1, 3, 1], line);
    check(
        &format!("docker-archive:{archive}"),
        [8, 4, 3, 1, 3, 1],
        line,
    );

    // Two images share a layer: its files are looked at once, its programs are in both.
    let mut layout = Layout::default();
    let shared = (members(), "+gzip");
    let config = r#"{"Entrypoint":["/bin/app"]}"#;
    let amd64 = layout.image(("linux", "amd64"), config, std::slice::from_ref(&shared));
    let arm64 = layout.image(("linux", "arm64"), config, &[shared]);
    let folder = layout.write(&[tagged(&amd64, "one"), tagged(&arm64, "two")]);
    check(
        folder.path().to_str().unwrap(),
        [6, 6, 2, 1, 3, 0],
        ": 6 Go programs in 2 files, 1 not Go, 3 too small to be Go (--min-size). Not examined: 0.",
    );
}

#[test]
fn files_not_examined_are_in_the_sum_too() {
    let dir = Scratch::new();
    dir.put("app", &fixture(APP));
    let unread = [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], &[0; 20_000]].concat();
    dir.put("unread.7z", &unread);
    let out = run(&["scan", dir.path().to_str().unwrap()]);
    assert!(
        out.stdout
            .contains(": 1 Go, 0 not Go, 1 archive or not examined. Not examined: 1."),
        "{}",
        out.stdout
    );
}
