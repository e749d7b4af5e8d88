//! What is linked into a program, by its function table: the names of functions (`scan --symbols`) and the packages (`gospect packages`).

use crate::support::cli::{Output, Scratch, run, run_in};
use crate::support::{fixture, fixtures, needs, old_program};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Most bytes that a name may take in a line of NDJSON.
const BYTES_A_NAME: f64 = 7.0;

/// The record of a file with its functions.
fn record(path: &Path) -> Value {
    let out = run(&[
        "scan",
        "--symbols",
        "--format=json",
        &path.to_string_lossy(),
    ]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    document["binaries"][0].clone()
}

/// The functions of a record as `package.name`, by the reader that `docs/query.md` shows to others.
fn names(record: &Value) -> BTreeSet<String> {
    let functions: gospect::record::Functions =
        serde_json::from_value(record["functions"].clone()).unwrap();
    let all = functions.packages().flat_map(|package| {
        let names = functions.names(package);
        names.map(move |name| format!("{package}.{name}"))
    });
    all.collect()
}

fn put(scratch: &Scratch, id: &str) -> Value {
    record(&scratch.put(id, &fixture(id)))
}

#[test]
fn strip_changes_no_name_of_any_release() {
    let scratch = Scratch::new();
    let mut pairs = vec![
        (
            "1.27-linux-amd64-plain".to_owned(),
            "1.27-linux-amd64-strip".to_owned(),
        ),
        (
            "1.27-linux-amd64-deps".to_owned(),
            "1.27-linux-amd64-deps-strip".to_owned(),
        ),
        (
            "1.27-darwin-amd64-w".to_owned(),
            "1.27-darwin-amd64-strip".to_owned(),
        ),
        (
            "1.27-windows-amd64-w".to_owned(),
            "1.27-windows-amd64-strip".to_owned(),
        ),
        (
            "1.27-aix-ppc64-w".to_owned(),
            "1.27-aix-ppc64-strip".to_owned(),
        ),
        (
            "1.27-plan9-amd64-w".to_owned(),
            "1.27-plan9-amd64-strip".to_owned(),
        ),
    ];
    for minor in [19, 21, 22, 23, 24, 25, 26] {
        let id = |end: &str| format!("1.{minor}-linux-amd64-{end}");
        pairs.push((id("w"), id("strip")));
    }
    for (whole, stripped) in &pairs {
        let (whole, stripped) = (put(&scratch, whole), put(&scratch, stripped));
        let id = &whole["path"];
        assert_eq!(whole["functions"], stripped["functions"], "{id}");
        assert_eq!(whole["packages"], stripped["packages"], "{id}");
        assert_eq!(whole["functions"]["complete"], true, "{id}");
        assert_eq!(whole["functions"]["source"], "function-table", "{id}");
    }
}

#[test]
fn names_are_those_of_the_vulnerability_database() {
    let scratch = Scratch::new();
    for id in ["1.19-linux-amd64-deps", "1.27-linux-amd64-called"] {
        let record = put(&scratch, id);
        let names = names(&record);
        for name in [
            "runtime.main",
            "runtime.newproc1",
            "runtime.mheap.alloc",
            "runtime.init",
        ] {
            assert!(names.contains(name), "{id}: {name}");
        }
        for name in &names {
            let own = name.rsplit('/').next().unwrap();
            assert!(
                !own.contains(['(', '[', '·', ' ', '{'])
                    && !own.contains("-fm")
                    && !own.contains(".func1"),
                "{id}: {name}"
            );
            assert!(
                own.matches('.').count() <= 2 + usize::from(own.contains(".v")),
                "{id}: {name}"
            );
        }
        let own: &[&str] = match id {
            "1.27-linux-amd64-called" => &["example.com/called.main", "example.com/lib.Name"],
            _ => &["example.com/deps.main"],
        };
        assert!(own.iter().all(|name| names.contains(*name)), "{id}");
        // The main package has its import path.
        assert!(!names.iter().any(|name| name.starts_with("main.")), "{id}");
    }
}

#[test]
fn a_name_takes_few_bytes_in_a_record() {
    let scratch = Scratch::new();
    for id in [
        "1.27-linux-amd64-hello",
        "1.27-linux-amd64-deps",
        "1.27-js-wasm-hello",
        "1.27-linux-arm-strip",
    ] {
        let record = put(&scratch, id);
        let functions = &record["functions"];
        let size = functions.to_string().len() as f64;
        let count = functions["names"].as_f64().unwrap();
        assert!(count > 1000.0, "{id}");
        assert!(
            size / count <= BYTES_A_NAME,
            "{id}: {size} bytes for {count} names"
        );
    }
}

#[test]
fn an_incomplete_list_of_functions_is_marked() {
    let scratch = Scratch::new();
    // No function table: the symbol table names something at most.
    let gccgo = put(&scratch, "1.27-linux-amd64-gccgo");
    assert!(
        gccgo
            .get("functions")
            .is_none_or(|f| f["complete"] == false)
    );
    // Small functions that are inlined everywhere leave no name before Go 1.9.
    for (name, main) in [
        ("go1.0-plain", true),
        ("go1.1-plain", true),
        ("go1.2-plain", true),
        ("go1.3-w", true),
    ] {
        let record = record(&scratch.put(name, &old_program(name)));
        assert_eq!(record["functions"]["complete"], false, "{name}");
        let names = names(&record);
        assert!(
            names.contains("fmt.Println") || names.len() > 200,
            "{name}: {}",
            names.len()
        );
        assert_eq!(names.iter().any(|n| n.ends_with(".main")), main, "{name}");
    }
    // Without symbols asked for there is nothing, so that plain scans pay nothing.
    let path = scratch.put("plain", &fixture("1.27-linux-amd64-hello"));
    let out = run(&["scan", "--format=json", &path.to_string_lossy()]);
    assert!(!out.stdout.contains("\"functions\":{") && !out.stdout.contains("\"packages\":"));
}

#[test]
fn records_keep_the_functions_and_damaged_ones_are_refused() {
    let scratch = Scratch::new();
    scratch.put("app", &fixture("1.27-linux-amd64-deps-strip"));
    let first = run_in(
        scratch.path(),
        &["scan", "--symbols", "--format=ndjson", "app"],
    );
    scratch.put("all.ndjson", first.stdout.as_bytes());
    let again = run_in(
        scratch.path(),
        &["scan", "--format=ndjson", "records:all.ndjson"],
    );
    assert_eq!(first.stdout, again.stdout);
    let out = run_in(scratch.path(), &["scan", "--symbols", "records:all.ndjson"]);
    assert_eq!(out.code, Some(2));
    assert!(out.stderr.contains("--symbols"), "{}", out.stderr);
    let out = run_in(
        scratch.path(),
        &["scan", "--symbols", "--facts=build-info", "app"],
    );
    assert_eq!(out.code, Some(2));
    let damaged = first.stdout.replacen("\"names\":", "\"names\":1", 1);
    scratch.put("lies.ndjson", damaged.as_bytes());
    let out = run_in(scratch.path(), &["scan", "records:lies.ndjson"]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr.contains("line 2") && out.stderr.contains("functions: "),
        "{}",
        out.stderr
    );
}

#[test]
fn the_reader_that_the_documentation_shows_reads_them() {
    if !needs(&["python3"]) {
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/query.md");
    let page = std::fs::read_to_string(page).unwrap();
    let script = page.split("```python\n").nth(1).unwrap();
    let script = script.split("```").next().unwrap();
    assert!(script.lines().count() <= 20);
    let scratch = Scratch::new();
    let path = scratch.put("app", &fixture("1.27-linux-amd64-deps-strip"));
    let out = run(&[
        "scan",
        "--symbols",
        "--format=ndjson",
        "-o",
        &scratch.path().join("r").to_string_lossy(),
        &path.to_string_lossy(),
    ]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let read = std::process::Command::new("python3")
        .args(["-c", script])
        .stdin(std::fs::File::open(scratch.path().join("r")).unwrap())
        .output()
        .unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    let read: BTreeSet<String> = read
        .lines()
        .map(|line| line.split('\t').skip(1).collect::<Vec<_>>().join("."))
        .collect();
    assert_eq!(read, names(&record(&path)));
}

#[test]
fn damaged_tables_cost_no_result() {
    let scratch = Scratch::new();
    let whole = fixture("1.27-linux-386-w");
    for seed in 0..12 {
        let from = whole.len() / 3;
        let bytes = crate::support::derive::flip_bits(&whole, from..whole.len(), seed, 4000);
        let path = scratch.put("damaged", &bytes);
        for args in [
            &["scan", "--symbols", "--format=json"][..],
            &["packages", "--format=json"],
        ] {
            let path = path.to_string_lossy();
            let out = run(&[args, &[&*path]].concat());
            assert_ne!(out.code, Some(101), "{seed}: {}", out.stderr);
            assert!(serde_json::from_str::<Value>(&out.stdout).is_ok(), "{seed}");
        }
    }
}

fn packages(output: &Output) -> Vec<Value> {
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(document["schema"], "gospect-packages/1");
    document["programs"].as_array().unwrap().clone()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn packages_are_listed_by_module_for_every_format_and_age() {
    let scratch = Scratch::new();
    let mut seen = 0;
    for row in fixtures() {
        let is_one = ["-strip", "-hello", "-deps"]
            .iter()
            .any(|end| row.id.ends_with(end));
        if !is_one || !row.by_gc() {
            continue;
        }
        seen += 1;
        let path = scratch.put("app", &row.bytes());
        let out = run(&["packages", "--format=json", &path.to_string_lossy()]);
        assert_eq!(out.code, Some(0), "{}: {}", row.id, out.stderr);
        let program = &packages(&out)[0];
        let bytes = number(&program["code_bytes"]);
        assert!(bytes > 200_000 && bytes < row.size, "{}: {bytes}", row.id);
        let modules = program["modules"].as_array().unwrap();
        let std = modules.iter().find(|m| m["path"] == "std").unwrap();
        assert_eq!(
            std["version"].as_str(),
            row.toolchain.as_deref(),
            "{}",
            row.id
        );
        let mut sum = 0;
        for module in modules {
            let packages = module["packages"].as_array().unwrap();
            let own: u64 = packages.iter().map(|p| number(&p["bytes"])).sum();
            assert_eq!(own, number(&module["bytes"]), "{}", row.id);
            assert!(packages.is_sorted_by_key(|p| std::cmp::Reverse(number(&p["bytes"]))));
            sum += own;
        }
        assert_eq!(sum, bytes, "{}", row.id);
    }
    assert!(seen > 40, "{seen}");
    for name in ["go1.0-plain", "go1.1-plain", "go1.2-plain", "go1.3-w"] {
        let path = scratch.put("app", &old_program(name));
        let out = run(&["packages", "--format=json", &path.to_string_lossy()]);
        let bytes = number(&packages(&out)[0]["code_bytes"]);
        assert!(bytes > 30_000, "{name}: {bytes}");
    }
}

#[test]
fn modules_have_the_versions_that_are_linked() {
    let scratch = Scratch::new();
    scratch.put("app", &fixture("1.27-linux-amd64-called"));
    let out = run_in(scratch.path(), &["packages", "--format=csv", "app"]);
    let rows: BTreeSet<&str> = out
        .stdout
        .lines()
        .filter_map(|line| line.rsplitn(4, ',').nth(3))
        .filter(|row| row.contains("example.com"))
        .collect();
    assert!(
        rows.contains("app,example.com/lib,v1.0.0,example.com/lib"),
        "{rows:?}"
    );
    let text = run_in(scratch.path(), &["packages", "app"]).stdout;
    assert!(
        text.contains("std go1.27.3") && text.contains("  runtime\n"),
        "{text}"
    );
    let card = run_in(scratch.path(), &["scan", "app"]).stdout;
    assert!(card.contains("largest packages (10 of "), "{card}");
}

#[test]
fn a_program_without_a_function_table_is_no_empty_program() {
    let scratch = Scratch::new();
    scratch.put("app", &fixture("1.27-linux-amd64-gccgo"));
    let out = run_in(scratch.path(), &["packages", "app"]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(
        out.stdout.contains("not known: no function table"),
        "{}",
        out.stdout
    );
    let out = run_in(
        scratch.path(),
        &["packages", "--strict", "--format=json", "app"],
    );
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    let program = &packages(&out)[0];
    assert_eq!(program["code_bytes"], Value::Null);
    assert_eq!(program["unknown"], "no-function-table");
    // No Go program, and records that hold no packages.
    scratch.put("empty", b"");
    assert_eq!(run_in(scratch.path(), &["packages", "empty"]).code, Some(3));
    scratch.put("other", &fixture("1.27-linux-amd64-hello"));
    let out = run_in(scratch.path(), &["scan", "--format=ndjson", "other"]);
    scratch.put("r.ndjson", out.stdout.as_bytes());
    let out = run_in(scratch.path(), &["packages", "records:r.ndjson"]);
    assert!(out.stdout.contains("scan --symbols"), "{}", out.stdout);
}

#[test]
fn diff_shows_packages_and_code_by_module() {
    let scratch = Scratch::new();
    scratch.put("old/app", &fixture("1.27-linux-amd64-one-strip"));
    scratch.put("new/app", &fixture("1.27-linux-amd64-called"));
    for side in ["old", "new"] {
        let out = run_in(
            scratch.path(),
            &["scan", "--symbols", "--format=ndjson", side],
        );
        scratch.put(&format!("{side}.ndjson"), out.stdout.as_bytes());
    }
    let files = ["old/app", "new/app"];
    let pairs = |targets: [&str; 2], flags: &[&str]| {
        let out = run_in(
            scratch.path(),
            &[&["diff", "--format=json"], flags, &targets[..]].concat(),
        );
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        document["pairs"].as_array().unwrap().clone()
    };
    assert!(
        pairs(files, &[])
            .iter()
            .all(|pair| pair.get("packages").is_none())
    );
    for targets in [files, ["records:old.ndjson", "records:new.ndjson"]] {
        let found = pairs(targets, &["--packages"]);
        let changes = found.iter().find_map(|pair| pair.get("packages"));
        let changes = changes.unwrap_or_else(|| panic!("{found:?}"));
        let gained = changes["gained"].as_array().unwrap();
        assert!(gained.iter().any(|p| p == "example.com/lib"), "{changes}");
        let modules = changes["modules"].as_array().unwrap();
        let lib = modules.iter().find(|m| m["path"] == "example.com/lib");
        assert_eq!(lib.unwrap()["old_bytes"], 0, "{changes}");
    }
    let text = run_in(
        scratch.path(),
        &["diff", "--packages", "old/app", "new/app"],
    )
    .stdout;
    assert!(
        text.contains("+ packages") && text.contains("~ code"),
        "{text}"
    );
}
