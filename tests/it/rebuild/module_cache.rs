//! What the module cache of the user decides about a rebuild.

use super::*;
use std::process::Command;
use test_support::archives::{ZipEntry, zip};
use test_support::skip;

/// A folder as module proxy, with one module.
fn proxy(scratch: &Scratch, files: &[(&str, &str)]) -> String {
    const VERSIONS: &str = "proxy/example.com/app/@v";
    let go_mod = "module example.com/app\n\ngo 1.21\n";
    let mut entries = vec![ZipEntry::deflated(
        "example.com/app@v1.0.0/go.mod",
        go_mod.as_bytes(),
    )];
    entries.extend(files.iter().map(|(name, text)| {
        ZipEntry::deflated(&format!("example.com/app@v1.0.0/{name}"), text.as_bytes())
    }));
    scratch.put(&format!("{VERSIONS}/list"), b"v1.0.0\n");
    scratch.put(&format!("{VERSIONS}/v1.0.0.zip"), &zip(&entries));
    scratch.put(&format!("{VERSIONS}/v1.0.0.mod"), go_mod.as_bytes());
    scratch.put(
        &format!("{VERSIONS}/v1.0.0.info"),
        b"{\"Version\": \"v1.0.0\"}",
    );
    format!("file://{}", scratch.path().join("proxy").display())
}

const LIBRARY: &str = "package lib\n\n//go:noinline\nfunc Add(a, b int) int { return a + b }\n";

/// What the go command is told when it installs a module of the proxy into a module cache of the test.
fn surroundings<'a>(proxy: &'a str, modules: &'a std::path::Path) -> [(&'static str, &'a str); 7] {
    [
        ("GOPROXY", proxy),
        ("GOSUMDB", "off"),
        ("GOMODCACHE", text_of(modules)),
        ("GOTOOLCHAIN", "local"),
        ("GOENV", "off"),
        ("GOFLAGS", "-modcacherw"),
        ("CGO_ENABLED", "0"),
    ]
}

/// Someone who can write to the module cache can change the unpacked source without changing the sum of the module.
#[test]
fn a_changed_module_cache_decides_nothing() {
    if !skip::needs(&["go", "diff"]) {
        return;
    }
    const MAIN: &str = "package main\n\nimport \"example.com/app/lib\"\n\nfunc main() { println(lib.Add(1, 2)) }\n";
    let scratch = Scratch::new();
    let proxy = proxy(&scratch, &[("lib/lib.go", LIBRARY), ("main.go", MAIN)]);
    let modules = scratch.path().join("modules");
    let surroundings = surroundings(&proxy, &modules);
    let folder = scratch.path().join("gopath");
    let install = || {
        let status = Command::new("go")
            .args(["install", "example.com/app@v1.0.0"])
            .envs(surroundings)
            .env("GOPATH", &folder)
            .status()
            .unwrap();
        assert!(status.success());
        folder.join("bin/app")
    };
    let cache = scratch.path().join("cache");
    let temporary = scratch.path().join("temporary");
    std::fs::create_dir_all(&temporary).unwrap();
    let rebuild = |program: &Path| {
        let mut all = command();
        all.args(["rebuild", "--build-cache", text_of(&cache)])
            .arg(program)
            .envs(surroundings)
            .env("TMPDIR", &temporary);
        finish(&mut all)
    };
    let result = rebuild(&install());
    assert_eq!(result.code, Some(0), "{}{}", result.stdout, result.stderr);
    assert!(
        result.stdout.contains("identical"),
        "{}{}",
        result.stdout,
        result.stderr
    );

    let library = modules.join("example.com/app@v1.0.0/lib/lib.go");
    let other = LIBRARY.replace("a + b", "a - b");
    std::fs::write(&library, other).unwrap();
    let result = rebuild(&install());
    assert_eq!(result.code, Some(1), "{}{}", result.stdout, result.stderr);
    assert!(
        result.stdout.contains("~ example.com/app/lib.Add"),
        "{}",
        result.stdout
    );
    assert!(
        result
            .stderr
            .contains("in the module cache of this user example.com/app@v1.0.0 is missing or not as downloaded"),
        "{}",
        result.stderr
    );
    // The genuine program, built elsewhere under the same path, is still found to be the same code.
    std::fs::write(&library, LIBRARY).unwrap();
    let genuine = install();
    std::fs::write(
        modules.join("example.com/app@v1.0.0/lib/more.go"),
        "package lib\n\nvar X = 1\n",
    )
    .unwrap();
    let result = rebuild(&genuine);
    assert_eq!(result.code, Some(0), "{}{}", result.stdout, result.stderr);
    assert!(result.stdout.contains("same-code"), "{}", result.stdout);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

/// The module cache of the user is used only if every module of the build could be downloaded and checked.
#[test]
fn a_module_that_cannot_be_checked_is_not_taken_from_the_cache() {
    if !skip::needs(&["go", "diff"]) {
        return;
    }
    let scratch = Scratch::new();
    let proxy = proxy(&scratch, &[("lib/lib.go", LIBRARY)]);
    let modules = scratch.path().join("modules");
    let user = scratch.path().join("user");
    let surroundings = surroundings(&proxy, &modules);
    scratch.put(
        "user/go.mod",
        b"module example.com/user\n\ngo 1.21\n\nrequire example.com/app v1.0.0\n",
    );
    scratch.put(
        "user/main.go",
        b"package main\n\nimport \"example.com/app/lib\"\n\nfunc main() { println(lib.Add(1, 2)) }\n",
    );
    let program = scratch.path().join("program");
    let go = |args: &[&str]| {
        let mut all = Command::new("go");
        all.args(args).current_dir(&user).envs(surroundings);
        assert!(all.status().unwrap().success(), "{args:?}");
    };
    let rebuild = || {
        let mut all = command();
        all.args(["rebuild", "--source", text_of(&user)])
            .args(["--build-cache", text_of(&scratch.path().join("cache"))])
            .arg(&program)
            .envs(surroundings);
        finish(&mut all)
    };
    go(&["mod", "tidy"]);
    go(&["build", "-buildvcs=false", "-o", text_of(&program)]);
    let honest = rebuild();
    assert_eq!(honest.code, Some(0), "{}{}", honest.stdout, honest.stderr);
    assert!(honest.stdout.contains("identical"), "{}", honest.stdout);

    // The unpacked library is changed. Its download is first damaged, then missing.
    let library = modules.join("example.com/app@v1.0.0/lib/lib.go");
    std::fs::write(&library, LIBRARY.replace("a + b", "a - b")).unwrap();
    go(&["build", "-buildvcs=false", "-o", text_of(&program)]);
    let download = modules.join("cache/download/example.com/app/@v/v1.0.0.zip");
    std::fs::write(&download, b"no archive").unwrap();
    let damaged = rebuild();
    std::fs::remove_file(&download).unwrap();
    std::fs::remove_dir_all(scratch.path().join("proxy")).unwrap();
    let missing = rebuild();
    for result in [damaged, missing] {
        assert_eq!(result.code, Some(2), "{}{}", result.stdout, result.stderr);
        assert!(!result.stdout.contains("identical"), "{}", result.stdout);
    }
}
