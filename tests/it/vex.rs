//! VEX documents about stored programs: what is not in one of them may be in another of the same name.

use crate::support::cli::{Scratch, run};
use crate::support::fixture;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use test_support::layouts::{Layout, tar_of};

/// An entry about one function of the standard library; of one without `fixed` all versions are affected.
fn entry(id: &str, fixed: Option<&str>, package: &str, symbol: &str) -> Value {
    let mut events = vec![json!({ "introduced": "0" })];
    events.extend(fixed.map(|fixed| json!({ "fixed": fixed })));
    json!({
        "schema_version": "1.3.1", "id": id, "modified": "2026-01-02T03:04:05Z", "aliases": [id.replace("GO-", "CVE-")],
        "affected": [{
            "package": { "name": "stdlib", "ecosystem": "Go" },
            "ranges": [{ "type": "SEMVER", "events": events }],
            "ecosystem_specific": { "imports": [{ "path": package, "symbols": [symbol] }] },
        }],
    })
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Makes a database of these entries.
fn put(scratch: &Scratch, entries: &[Value]) {
    for entry in entries {
        let name = format!("db/{}.json", entry["id"].as_str().unwrap());
        scratch.put(&name, entry.to_string().as_bytes());
    }
}

/// Runs `vuln` with a database of these entries.
fn vuln(scratch: &Scratch, entries: &[Value], args: &[&str]) -> (Value, Option<i32>) {
    put(scratch, entries);
    let database = text(&scratch.path().join("db"));
    let mut all = vec!["vuln", "--quiet", "--cache=off", "--db", &database];
    all.extend(args);
    let out = run(&all);
    let value = serde_json::from_str(&out.stdout);
    let value = value.unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr));
    (value, out.code)
}

/// `runtime.futex` is in programs for Linux and in none for Windows.
#[test]
fn the_document_about_one_port_clears_no_other() {
    let scratch = Scratch::new();
    let linux = text(&scratch.put("linux/app", &fixture("1.27-linux-amd64-strip")));
    let windows = text(&scratch.put("windows/app", &fixture("1.27-windows-amd64-strip")));
    let entries = [entry("GO-2026-9001", None, "runtime", "futex")];
    let document = |args: &[&str]| {
        let args = [&["--format=openvex"][..], args].concat();
        vuln(&scratch, &entries, &args).0
    };
    let names_of = |document: &Value, status: &str| -> Vec<String> {
        let statements = document["statements"].as_array().unwrap().iter();
        let fitting = statements.filter(|statement| statement["status"] == status);
        let products = fitting.flat_map(|statement| statement["products"].as_array().unwrap());
        products
            .map(|product| product["@id"].as_str().unwrap().to_owned())
            .collect()
    };
    let module = "pkg:golang/example.com/goroot".to_owned();
    let both = document(&["--unversioned", &windows, &linux]);
    assert!(names_of(&both, "affected").contains(&module), "{both:#}");
    let cleared = names_of(&both, "not_affected");
    assert!(
        !cleared.contains(&module) && !cleared.is_empty(),
        "{both:#}"
    );
    let alone = document(&["--unversioned", &windows]);
    assert!(names_of(&alone, "not_affected").contains(&module));
    let cleared = names_of(&document(&[&windows]), "not_affected");
    assert!(!cleared.contains(&module) && !cleared.is_empty());
    for (name, document) in [("both.json", &both), ("alone.json", &alone)] {
        let path = text(&scratch.put(name, document.to_string().as_bytes()));
        for (program, code, cleared) in [(&linux, 1, false), (&windows, 0, true)] {
            let args = ["--format=json", "--level=module", "--vex", &path, program];
            let (found, exit) = vuln(&scratch, &entries, &args);
            let vex = &found["programs"][0]["findings"][0]["vex"];
            assert_eq!(vex["status"] == "not_affected", cleared, "{name} {program}");
            assert_eq!(exit, Some(code), "{name} {program}");
        }
    }
}

/// Programs and files that make an image be not examined whole, and the options that leave out parts of it.
type Part<'p> = (Vec<(&'p str, Vec<u8>)>, &'p [&'p str]);

/// A kind of archive that is not read, a broken archive, a program that is cut, and options.
fn parts_not_examined(program: &[u8]) -> Vec<Part<'static>> {
    let archive = [&b"7z\xbc\xaf\x27\x1c"[..], &[1; 40_000]].concat();
    let broken_zip = [&b"PK\x03\x04"[..], &[1; 40_000]].concat();
    vec![
        (vec![("srv/a.7z", archive)], &[]),
        (vec![("srv/a.zip", broken_zip)], &[]),
        (vec![("usr/bin/cut", program[..200_000].to_vec())], &[]),
        (vec![], &["--exclude=**/srv/*"]),
        (vec![], &["--no-archives"]),
        (vec![], &["--min-size=1M"]),
    ]
}

/// The files of a layer: a program, and others.
fn layer(program: &[u8], others: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let others = others.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
    let files: Vec<(&str, &[u8])> = [("usr/bin/app", program)]
        .into_iter()
        .chain(others)
        .collect();
    tar_of(&files)
}

/// An image with these files.
fn image(program: &[u8], others: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let mut layout = Layout::default();
    let layer = layer(program, others);
    let image = layout.image(("windows", "amd64"), "{}", &[(layer, "")]);
    let name = r#""annotations":{"org.opencontainers.image.ref.name":"app:1.0"}"#;
    layout.write(&[format!("{image},{name}")])
}

/// What is stated of an image is about everything in it: also about what was not examined, or was left out.
#[test]
fn nothing_is_absent_from_an_image_that_was_not_examined_whole() {
    let windows = fixture("1.27-windows-amd64-strip");
    let entries = [entry("GO-2026-9001", None, "runtime", "futex")];
    let asked = |others: &[(&str, Vec<u8>)], args: &[&str]| -> BTreeMap<String, String> {
        let folder = image(&windows, others);
        let target = format!("oci-dir:{}", folder.path().display());
        let scratch = Scratch::new();
        let args = [&["--format=openvex", "--unversioned", &target], args].concat();
        let (document, _) = vuln(&scratch, &entries, &args);
        let mut by_product = BTreeMap::new();
        for statement in document["statements"].as_array().unwrap() {
            for product in statement["products"].as_array().unwrap() {
                let product = product["@id"].as_str().unwrap().to_owned();
                let status = statement["status"].as_str().unwrap().to_owned();
                assert_eq!(by_product.insert(product, status), None, "{document:#}");
            }
        }
        by_product
    };
    let whole = asked(&[("etc/text", b"text".to_vec())], &[]);
    let names: Vec<&str> = whole.keys().map(String::as_str).collect();
    assert!(
        names.iter().any(|name| name.starts_with("pkg:oci/app@"))
            && names.contains(&"pkg:golang/example.com/goroot"),
        "{names:?}"
    );
    assert!(whole.values().all(|status| status == "not_affected"));
    // A tag names the images of all platforms.
    for (name, status) in asked(&[], &["--platform=windows/amd64"]) {
        let is_tag = name.contains("&tag=");
        assert_eq!(status == "under_investigation", is_tag, "{name} {status}");
    }
    for (others, args) in parts_not_examined(&windows) {
        let stated = asked(&others, args);
        let open = stated
            .values()
            .all(|status| status == "under_investigation");
        assert!(open && !stated.is_empty(), "{args:?} {stated:#?}");
    }
}

/// The same in a bill of the image or archive, and in statements on such a bill: what was not examined may use its components too.
#[test]
fn nothing_is_absent_from_a_bill_of_what_was_not_examined_whole() {
    let windows = fixture("1.27-windows-amd64-strip");
    let entries = [entry("GO-2026-9001", None, "runtime", "futex")];
    let states = |document: &Value| -> Vec<String> {
        let rows = document["vulnerabilities"].as_array().unwrap();
        let state = |row: &Value| row["analysis"]["state"].as_str().unwrap().to_owned();
        rows.iter().map(state).collect()
    };
    // The state in the bill, and in the statements on it.
    let asked = |target: &str, scratch: &Scratch, args: &[&str]| -> [Vec<String>; 2] {
        let bill = text(&scratch.path().join("bill.json"));
        let with_args = |first: &[&str]| {
            let (document, code) = vuln(scratch, &entries, &[first, &[target], args].concat());
            assert_ne!(code, Some(2));
            states(&document)
        };
        let database = text(&scratch.path().join("db"));
        put(scratch, &entries);
        let own = [
            "sbom",
            "--quiet",
            "--cache=off",
            "--vulns",
            "--db",
            &database,
            target,
        ];
        let out = run(&[&own[..], args].concat());
        scratch.put("bill.json", out.stdout.as_bytes());
        let written = serde_json::from_str(&out.stdout);
        let written: Value = written.unwrap_or_else(|e| panic!("{e}: {}", out.stderr));
        let statements = with_args(&["--format=cyclonedx-vex", "--bom", &bill]);
        [states(&written), statements]
    };
    let whole = (vec![("etc/text", b"text".to_vec())], &[][..]);
    for (index, (others, args)) in [whole]
        .into_iter()
        .chain(parts_not_examined(&windows))
        .enumerate()
    {
        let state = if index == 0 {
            "not_affected"
        } else {
            "in_triage"
        };
        let scratch = Scratch::new();
        let folder = image(&windows, &others);
        let image = format!("oci-dir:{}", folder.path().display());
        let archive = text(&scratch.put("app.tar", &layer(&windows, &others)));
        for target in [&image, &archive] {
            // Without archives there is none to make a bill of.
            if args.contains(&"--no-archives") && *target == archive {
                continue;
            }
            let [bill, statements] = asked(target, &scratch, args);
            assert_eq!(
                (bill.as_slice(), statements.as_slice()),
                (&[state.to_owned()][..], &[state.to_owned()][..]),
                "{target} {args:?}"
            );
        }
    }
}

#[test]
fn packages_of_a_frozen_fips_module_are_found() {
    let scratch = Scratch::new();
    let program = text(&scratch.put_fixture("1.27-linux-amd64-fips-v1"));
    let package = "crypto/internal/fips140/sha256";
    let entries = [
        entry("GO-2026-9001", None, package, "New"),
        entry("GO-2026-9002", Some("1.24.1"), package, "New"),
        entry("GO-2026-9003", None, package, "nobodyCallsThis"),
    ];
    let args = ["--format=json", "--strict", &program];
    let (found, code) = vuln(&scratch, &entries, &args);
    let program = &found["programs"][0];
    let levels = program["findings"].as_array().unwrap().iter();
    let levels = levels.map(|f| (f["id"].as_str(), f["level"].as_str(), f["absent"].as_bool()));
    assert_eq!(
        levels.collect::<Vec<_>>(),
        [
            (Some("GO-2026-9001"), Some("symbol"), Some(false)),
            (Some("GO-2026-9003"), Some("package"), Some(true)),
        ]
    );
    let row = json!({ "module": "stdlib", "why": "fips-module", "entries": ["GO-2026-9002"] });
    assert_eq!(program["unjudged"], json!([row]));
    assert_eq!(code, Some(2));
}

#[test]
fn the_module_of_a_program_made_of_files_is_not_judged() {
    let scratch = Scratch::new();
    let program = text(&scratch.put_fixture("1.27-linux-amd64-loose"));
    let entries = [entry("GO-2026-9001", None, "runtime", "nobodyCallsThis")];
    let (found, code) = vuln(&scratch, &entries, &["--format=json", "--strict", &program]);
    let rows = &found["programs"][0]["unjudged"];
    let row = json!({ "module": "command-line-arguments", "why": "devel" });
    assert_eq!((rows, code), (&json!([row]), Some(2)));
    let (vex, _) = vuln(&scratch, &entries, &["--format=openvex", &program]);
    let statements = vex["statements"].as_array().unwrap();
    assert!(!statements.is_empty());
    assert!(
        !vex.to_string().contains("command-line-arguments"),
        "{vex:#}"
    );
}
