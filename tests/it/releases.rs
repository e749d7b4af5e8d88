//! Every place that names a version of gospect names the same, and `scripts/release.py` changes all of them.

use crate::support::cli::{Output, Scratch, finish};
use crate::support::needs;
use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn release(root: &Path, args: &[&str]) -> Output {
    finish(
        Command::new("python3")
            .arg(format!("{ROOT}/scripts/release.py"))
            .env("GOSPECT_ROOT", root)
            .args(args),
    )
}

#[test]
fn every_version_agrees() {
    if !needs(&["python3"]) {
        return;
    }
    let out = release(Path::new(ROOT), &["--check"]);
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
    assert_eq!(
        out.stdout.trim(),
        format!("every version agrees: {VERSION}")
    );
}

/// What a release consists of, small: its own files of each kind, with the real recipes.
fn copy(scratch: &Scratch) {
    for file in [
        "Cargo.toml",
        "Cargo.lock",
        "fuzz/Cargo.lock",
        "python/pyproject.toml",
        "python/Cargo.toml",
        "crates/go/Cargo.toml",
        "action.yml",
        "docs/policy.md",
        "docs/verify.md",
        "scripts/install.sh",
    ] {
        scratch.put(file, &fs::read(format!("{ROOT}/{file}")).unwrap());
    }
    let changes = "# Changes\n\n## [Unreleased]\n\n### Fixed\n\n- Twice.\n\n### Added\n\n- New thing.\n\n### Fixed\n\n- Twice.\n- Once,\n  in two lines.\n\n\
         ## [0.0.1] - 2026-01-02\n\n### Added\n\n- First.\n";
    scratch.put("CHANGELOG.md", changes.as_bytes());
    scratch.put("src/rule.rs", format!("since: \"{VERSION}\",\n").as_bytes());
}

fn git(scratch: &Scratch, args: &[&str]) -> String {
    let out = finish(
        Command::new("git")
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(args)
            .current_dir(scratch.path()),
    );
    assert_eq!(out.code, Some(0), "{args:?}: {}", out.stderr);
    out.stdout
}

#[test]
fn cutting_a_release_changes_every_place_at_once() {
    if !needs(&["python3", "git"]) {
        return;
    }
    let scratch = Scratch::new();
    copy(&scratch);
    let read = |name: &str| fs::read_to_string(scratch.path().join(name)).unwrap();
    git(&scratch, &["init", "-q"]);
    git(&scratch, &["add", "."]);

    let cut = |args: &[&str]| release(scratch.path(), args);
    let dirty = cut(&["7.8.9", "--no-generate"]);
    assert_eq!(dirty.code, Some(1));
    assert!(dirty.stderr.contains("not committed"), "{}", dirty.stderr);
    git(&scratch, &["commit", "-q", "-m", "all"]);
    for (args, says) in [
        (
            &["0.0.1", "--no-generate"][..],
            "not newer than the last release, 0.0.1",
        ),
        (&["7.8.9", "--date", "2026-02-30"], "not a date"),
        (&["--next", "\u{663}.0.0"], "is not a version"),
        (&["--next", "7.8.9-a..b"], "is not a version"),
        (&["--next", "7.8.9-01"], "is not a version"),
        (&["07.8.9"], "is not a version"),
    ] {
        let refused = cut(args);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }

    // A new rule may already name the coming version, which is not released yet.
    scratch.put("src/rule.rs", b"since: \"7.8.9\",\n");
    git(&scratch, &["commit", "-qam", "rule"]);
    let out = cut(&["7.8.9", "--date", "2026-12-01", "--no-generate"]);
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
    assert!(
        out.stdout
            .contains("git tag --annotate --message 'gospect 7.8.9' v7.8.9"),
        "{}",
        out.stdout
    );
    assert_eq!(
        read("CHANGELOG.md"),
        "# Changes\n\n## [Unreleased]\n\n## [7.8.9] - 2026-12-01\n\n### Added\n\n- New thing.\n\n### Fixed\n\n- Twice.\n- Once,\n  in two lines.\n\n\
         ## [0.0.1] - 2026-01-02\n\n### Added\n\n- First.\n"
    );
    assert_eq!(
        cut(&["--check"]).stdout.trim(),
        "every version agrees: 7.8.9"
    );
    for (file, text) in [
        ("Cargo.toml", "[workspace.package]\nversion = \"7.8.9\""),
        ("Cargo.toml", "path = \"crates/go\", version = \"7.8.9\""),
        ("Cargo.lock", "name = \"gospect-go\"\nversion = \"7.8.9\""),
        (
            "fuzz/Cargo.lock",
            "name = \"gospect-go\"\nversion = \"7.8.9\"",
        ),
        ("docs/policy.md", "uses: gospect/gospect@v7.8.9"),
        ("docs/policy.md", "rev: v7.8.9"),
        ("docs/policy.md", "gospect/gospect:v7.8.9"),
        ("action.yml", "such as v7.8.9"),
        ("scripts/install.sh", "such as v7.8.9"),
    ] {
        assert!(read(file).contains(text), "{file}: {text}");
    }

    // One place that is left behind is named, whichever it is.
    for (file, from, to, says) in [
        ("docs/policy.md", "@v7.8.9", "@v7.8.8", "docs/policy.md:"),
        (
            "Cargo.toml",
            "path = \"crates/go\", version = \"7.8.9\"",
            "path = \"crates/go\", version = \"7.8.8\"",
            "Cargo.toml:",
        ),
        (
            "Cargo.lock",
            "name = \"gospect-go\"\nversion = \"7.8.9\"",
            "name = \"gospect-go\"\nversion = \"7.8.8\"",
            "gospect-go is 7.8.8",
        ),
        (
            "src/rule.rs",
            "7.8.9",
            "8.0.0",
            "src/rule.rs:1: since 8.0.0",
        ),
        ("CHANGELOG.md", " - 2026-12-01", "", "[7.8.9] has no date"),
        (
            "CHANGELOG.md",
            "## [Unreleased]\n",
            "## [Unreleased]\n\n### Added\n\n- More.\n",
            "--next VERSION",
        ),
    ] {
        let text = read(file);
        assert!(text.contains(from), "{file}: {from}");
        scratch.put(file, text.replace(from, to).as_bytes());
        let out = cut(&["--check"]);
        assert_eq!(out.code, Some(1), "{file}: {to}");
        assert!(out.stdout.contains(says), "{says}: {}", out.stdout);
        scratch.put(file, text.as_bytes());
    }

    // Work on the next release begins by setting its version.
    assert_eq!(cut(&["--next", "8.0.0"]).code, Some(0));
    assert_eq!(
        cut(&["--check"]).stdout.trim(),
        "every version agrees: 8.0.0"
    );
}
