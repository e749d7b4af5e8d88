//! `gospect vuln` and related options, on stored programs and a small database: its entries name functions that these programs certainly link, or do not.

use crate::support::cli::{Scratch, run};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A document about the standard library.
fn entry(id: &str, fixed: Option<&str>, package: &str, symbols: &[&str]) -> Value {
    let mut events = vec![json!({ "introduced": "0" })];
    events.extend(fixed.map(|at| json!({ "fixed": at })));
    json!({
        "schema_version": "1.3.1", "id": id, "modified": "2026-01-02T03:04:05Z", "published": "2026-01-02T03:04:05Z",
        "aliases": [id.replace("GO-", "CVE-")],
        "affected": [{
            "package": { "name": "stdlib", "ecosystem": "Go" }, "ranges": [{ "type": "SEMVER", "events": events }],
            "ecosystem_specific": { "imports": [{ "path": package, "symbols": symbols }] },
        }],
        "database_specific": { "review_status": "REVIEWED" },
    })
}

/// Every program has `runtime.schedinit`; none has the other names.
fn database(scratch: &Scratch) -> PathBuf {
    for document in [
        entry("GO-2026-9001", Some("1.99.0"), "runtime", &["schedinit"]),
        entry(
            "GO-2026-9002",
            None,
            "runtime",
            &["nobodyCallsThis", "mheap.nor.this"],
        ),
        entry("GO-2026-9003", Some("1.99.0"), "net/rpc/jsonrpc", &["Dial"]),
        entry("GO-2026-9004", Some("1.5.0"), "runtime", &["schedinit"]),
    ] {
        let id = document["id"].as_str().unwrap();
        scratch.put(&format!("db/{id}.json"), document.to_string().as_bytes());
    }
    scratch.path().join("db")
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The programs of the JSON document, and the exit code.
fn judged(scratch: &Scratch, more: &[&str]) -> (Vec<Value>, i32) {
    let database = text(&database(scratch));
    let mut args = vec![
        "vuln", "--quiet", "--cache", "off", "--db", &database, "--format", "json",
    ];
    args.extend(more);
    let out = run(&args);
    let value: Value = serde_json::from_str(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr));
    assert_eq!(value["schema"], "gospect-vuln/1");
    assert_eq!(value["database"]["entries"], 4);
    (
        value["programs"].as_array().unwrap().clone(),
        out.code.unwrap(),
    )
}

/// `ID level` of every finding, sorted.
fn levels(program: &Value) -> Vec<String> {
    let text = |f: &Value, key: &str| f[key].as_str().unwrap().to_owned();
    let findings = program["findings"].as_array().unwrap().iter();
    let mut found: Vec<String> = findings
        .map(|f| format!("{} {}", text(f, "id"), text(f, "level")))
        .collect();
    found.sort();
    found
}

const EXPECTED: [&str; 3] = [
    "GO-2026-9001 symbol",
    "GO-2026-9002 package",
    "GO-2026-9003 module",
];

/// Programs with and without symbols, of every format that the fixtures have.
fn programs(scratch: &Scratch) -> Vec<PathBuf> {
    let wanted = |id: &&String| {
        ["amd64", "arm64", "windows", "darwin", "wasm"]
            .iter()
            .any(|port| id.contains(port))
    };
    let ids: Vec<String> = crate::support::fixtures::fixtures()
        .map(|f| f.id.clone())
        .collect();
    let chosen = ids.iter().filter(wanted).take(12);
    chosen.map(|id| scratch.put_fixture(id)).collect()
}

#[test]
fn stripped_programs_of_every_format_are_judged_by_their_functions() {
    let scratch = Scratch::new();
    let mut seen = 0;
    for path in programs(&scratch) {
        let (found, code) = judged(&scratch, &[&text(&path)]);
        let Some(program) = found.first() else {
            continue;
        };
        let unjudged = program["unjudged"].as_array().unwrap();
        if unjudged.iter().any(|row| row["why"] == "no-functions") {
            continue;
        }
        assert_eq!(levels(program), EXPECTED, "{}", path.display());
        assert_eq!(code, 1);
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn records_with_functions_give_the_same_answers_as_files() {
    let scratch = Scratch::new();
    let path = programs(&scratch).remove(0);
    let (files, _) = judged(&scratch, &[&text(&path)]);
    let records = scratch.path().join("records.ndjson");
    for (symbols, same) in [(true, true), (false, false)] {
        let (target, output) = (text(&path), text(&records));
        let mut args = vec![
            "scan", "--quiet", "--format", "ndjson", "-o", &output, &target,
        ];
        args.extend(symbols.then_some("--symbols"));
        let out = run(&args);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let (found, code) = judged(&scratch, &[&format!("records:{}", text(&records))]);
        assert_eq!(found == files, same);
        if !symbols {
            let why = &found[0]["unjudged"];
            assert!(why.to_string().contains("no-functions"), "{why}");
            assert_eq!(code, 0, "a level above `module` needs names");
        }
    }
}

#[test]
fn exit_codes_follow_level_fix_vex_and_strictness() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let vex = |status: &str| {
        let document = json!({
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
            "statements": [{
                "vulnerability": { "name": "CVE-2026-9001" }, "status": status, "justification": "vulnerable_code_not_in_execute_path",
                "products": [{ "@id": "pkg:golang/stdlib" }],
            }],
        });
        text(&scratch.put(&format!("{status}.json"), document.to_string().as_bytes()))
    };
    let (cleared, affected) = (vex("not_affected"), vex("affected"));
    for (more, code) in [
        (vec!["--level", "symbol"], 1),
        (vec!["--vex", &cleared], 0),
        (vec!["--vex", &affected], 1),
        (vec!["--vex", &cleared, "--level", "package"], 1),
        (
            vec!["--vex", &cleared, "--level", "package", "--only-fixed"],
            0,
        ),
        (
            vec!["--vex", &cleared, "--level", "module", "--only-fixed"],
            1,
        ),
    ] {
        let mut args = more.clone();
        args.push(&program);
        assert_eq!(judged(&scratch, &args).1, code, "{more:?}");
    }
    let (found, _) = judged(&scratch, &["--vex", &cleared, &program]);
    let first = found[0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["id"] == "GO-2026-9001");
    let vex = &first.unwrap()["vex"];
    assert_eq!(vex["status"], "not_affected");
    assert_eq!(vex["justification"], "vulnerable_code_not_in_execute_path");
    assert_eq!(vex["source"], cleared);
    let database = text(&database(&scratch));
    let strange = text(&scratch.put("strange.json", b"{}"));
    let nothing = text(&scratch.put("empty/readme.txt", b"no program"));
    for (args, code) in [
        (vec!["--db", &database, "--vex", &strange, &program], 2),
        (
            vec!["--db", &database, "--vex", "missing.json", &program],
            2,
        ),
        (vec!["--db", "missing", &program], 2),
        (vec!["--db", &database, &nothing], 3),
    ] {
        let mut all = vec!["vuln", "--quiet", "--cache", "off"];
        all.extend(&args);
        let out = run(&all);
        assert_eq!(out.code, Some(code), "{args:?}: {}", out.stderr);
        assert!(
            code == 3 || out.stderr.trim_end().lines().count() == 1,
            "{}",
            out.stderr
        );
    }
}

#[test]
fn audit_diff_and_sbom_use_the_database_on_request() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let database = text(&database(&scratch));
    let ask = |args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(["--quiet", "--cache", "off", "--db", &database]);
        run(&all)
    };
    let plain = run(&["audit", "--quiet", &program]);
    assert!(!plain.stdout.contains("GO-2026"));
    let policy = text(&scratch.put("policy.toml", b"[rules]\nvulnerable-symbol = \"warning\"\n"));
    for (args, level) in [
        (
            vec!["audit", "--vulns", &program],
            "error[vulnerable-symbol]",
        ),
        (
            vec!["audit", "--policy", &policy, &program],
            "warning[vulnerable-symbol]",
        ),
        (
            vec!["audit", "-W", "vulnerable-symbol", &program],
            "warning[vulnerable-symbol]",
        ),
    ] {
        let out = ask(&args);
        let line = out.stdout.lines().find(|l| l.contains(level));
        let line = line.unwrap_or_else(|| panic!("{args:?}: {} {}", out.stdout, out.stderr));
        assert!(line.contains("GO-2026-9001 (CVE-2026-9001)"), "{line}");
    }
    let bill = ask(&["sbom", "--vulns", &program]);
    let bill: Value = serde_json::from_str(&bill.stdout).unwrap();
    let states: Vec<(&str, &str)> = bill["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| {
            (
                v["id"].as_str().unwrap(),
                v["analysis"]["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [
            ("GO-2026-9001", "exploitable"),
            ("GO-2026-9002", "not_affected"),
            ("GO-2026-9003", "not_affected")
        ]
    );
    let library = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == "stdlib");
    assert_eq!(
        bill["vulnerabilities"][0]["affects"][0]["ref"],
        library.unwrap()["bom-ref"]
    );
    assert_eq!(
        ask(&["sbom", "--vulns", "--format", "spdx", &program]).code,
        Some(2)
    );
    let same = ask(&["diff", "--fail-on", "vulnerability", &program, &program]);
    assert_eq!(same.code, Some(0), "{}", same.stderr);
    // As `vuln` does, only vulnerabilities of which a function is linked count, and the others are said.
    let old = text(&scratch.put_fixture("1.27-linux-amd64-gccgo"));
    let number = |level: &str| {
        let out = ask(&[
            "diff",
            "--vulns",
            "--level",
            level,
            "--format=json",
            &old,
            &program,
        ]);
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        let changes = document["pairs"][0]["changes"].as_array().unwrap().iter();
        let known = changes.filter(|c| c["class"] == "vulnerability").count();
        (known, document["vulnerabilities_below"].as_u64())
    };
    assert_eq!(
        ["symbol", "package", "module"].map(number),
        [(1, Some(1)), (1, Some(1)), (2, None)]
    );
    let said = run(&[
        "diff",
        "--vulns",
        "--cache=off",
        "--db",
        &database,
        &old,
        &program,
    ])
    .stderr;
    let message = "1 change of vulnerabilities below level symbol not counted; `--level module`";
    assert!(said.contains(message), "{said}");
}

/// A family turns its rules on, as does a glob; each of them reports what it is for. All rules at once ask for no database.
#[test]
fn each_rule_about_vulnerabilities_reports_when_its_family_is_named() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let second = text(&programs(&scratch).remove(1));
    let other = text(&scratch.put_fixture("1.27-linux-amd64-gccgo"));
    let database = text(&database(&scratch));
    let findings = |args: &[&str]| -> Vec<(String, String)> {
        let mut all = vec!["audit", "--quiet", "--format", "json", "--today=2026-11-22"];
        all.extend(["--cache", "off", "--db", &database]);
        all.extend(args);
        let out = run(&all);
        let document: Value = serde_json::from_str(&out.stdout)
            .unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr));
        let findings = document["findings"].as_array().unwrap().iter();
        let texts = |f: &Value| {
            let text = |key: &str| f[key].as_str().unwrap_or_default().to_owned();
            (text("rule"), text("message"))
        };
        findings.map(texts).collect()
    };
    for named in ["vulnerabilities", "*vulner*"] {
        let found = findings(&["-Aall", "-W", named, &program, &second, &other]);
        for (rule, what) in [
            ("vulnerable-symbol", "GO-2026-9001"),
            ("vulnerable-package", "GO-2026-9002"),
            ("vulnerable-module", "GO-2026-9003"),
            ("vulnerabilities-unjudged", ""),
            ("stale-vulnerability-database", "324 days old"),
            ("vulnerable-fleet", "GO-2026-9001"),
        ] {
            let is_there = found
                .iter()
                .any(|(r, message)| r == rule && message.contains(what));
            assert!(is_there, "{named}: {rule}: {found:#?}");
        }
    }
    for args in [vec!["-Wall", &program], vec!["-W", "*", &program]] {
        let found = findings(&args);
        assert!(
            !found.iter().any(|(rule, _)| rule.contains("vulnerab")),
            "{found:#?}"
        );
    }
}

/// A missing file is reported neither as a program without vulnerabilities nor as an empty bill.
#[test]
fn a_missing_file_is_not_reported_as_clean() {
    let scratch = Scratch::new();
    let database = text(&database(&scratch));
    let missing = text(&scratch.path().join("missing"));
    let output = text(&scratch.path().join("output"));
    let ask = |args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(["--quiet", &missing]);
        run(&all)
    };
    for format in [
        "text",
        "sarif",
        "openvex",
        "cyclonedx-vex",
        "markdown",
        "html",
        "junit",
        "github",
        "gitlab",
    ] {
        let out = ask(&[
            "vuln", "--cache", "off", "--db", &database, "--format", format,
        ]);
        assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""), "{format}");
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    }
    let json = ask(&[
        "vuln", "--cache", "off", "--db", &database, "--format", "json",
    ]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["unexamined"][0]["path"], missing);
    for format in ["cyclonedx", "spdx"] {
        let out = ask(&["sbom", "--format", format]);
        assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""), "{format}");
    }
    let out = ask(&["sbom", "-o", &output]);
    assert_eq!(out.code, Some(2));
    assert!(!Path::new(&output).exists());
    // What can be read is still judged.
    let program = text(&programs(&scratch).remove(0));
    let out = ask(&["vuln", "--cache", "off", "--db", &database, &program]);
    assert_eq!(out.code, Some(2));
    assert!(out.stdout.contains("GO-2026-9001"), "{}", out.stdout);
    assert!(out.stdout.contains("not examined: 1 ("), "{}", out.stdout);
    assert_eq!(ask(&["sbom", &program]).code, Some(2));
    assert!(!ask(&["sbom", &program]).stdout.is_empty());
}

#[test]
fn findings_need_not_fail_the_command() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    assert_eq!(judged(&scratch, &[&program]).1, 1);
    let (found, code) = judged(&scratch, &["--exit-zero", &program]);
    assert_eq!((levels(&found[0]).len(), code), (3, 0));
    let missing = text(&scratch.path().join("missing"));
    assert_eq!(judged(&scratch, &["--exit-zero", &program, &missing]).1, 2);
}

/// Every linked function is reached by a chain that begins where the program does.
#[test]
fn chains_of_calls_lead_to_what_is_linked() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let (found, _) = judged(&scratch, &["--why", &program]);
    let findings = found[0]["findings"].as_array().unwrap();
    for finding in findings {
        let is_linked = finding["level"] == "symbol";
        assert_eq!(finding.get("chains").is_some(), is_linked, "{finding}");
    }
    let chain = findings[0]["chains"][0].as_array().unwrap();
    assert_eq!(chain.last().unwrap()["function"], "runtime.schedinit");
    assert_eq!(chain[0]["by"], "root");
    assert!(found[0].get("without_chains").is_none());
    let (plain, _) = judged(&scratch, &[&program]);
    assert!(plain[0]["findings"][0].get("chains").is_none());
}

/// The chains are made while the program is read, so they are the same wherever it is.
#[test]
fn chains_of_programs_in_archives_and_images_are_those_of_the_file() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let chains = |target: &str, options: &[&str]| {
        let mut args = vec!["--why", target];
        args.extend(options);
        let (found, _) = judged(&scratch, &args);
        assert!(found[0].get("without_chains").is_none(), "{target}");
        let findings = found[0]["findings"].as_array().unwrap().clone();
        findings
            .iter()
            .map(|f| f["chains"].clone())
            .collect::<Vec<_>>()
    };
    let of_file = chains(&program, &[]);
    assert!(of_file.iter().any(|chains| !chains[0].is_null()));
    let bytes = std::fs::read(&program).unwrap();
    let layer = test_support::layouts::tar_of(&[("bin/app", &bytes)]);
    let archive = text(&scratch.put("all.tar", &layer));
    let within = test_support::layouts::tar_of(&[("inner.tar", &layer)]);
    let nested = text(&scratch.put("nested.tar", &within));
    let mut layout = test_support::layouts::Layout::default();
    let manifest = layout.image(("linux", "amd64"), "{}", &[(layer.clone(), "+gzip")]);
    let image = text(&scratch.put("image.tar", &layout.tar(&[manifest])));
    for target in [&archive, &nested, &image] {
        assert_eq!(chains(target, &[]), of_file, "{target}");
        // Little memory, but enough for the tables of this program: records wait in a temporary file, together with their chains.
        assert_eq!(chains(target, &["--memory", "6MiB"]), of_file, "{target}");
    }
}

/// The changelog of the package that owns a program is read in a root and in an image, is kept in records, and clears no finding.
#[test]
fn the_changelog_of_the_owner_is_shown_and_clears_nothing() {
    let scratch = Scratch::new();
    let program = std::fs::read(programs(&scratch).remove(0)).unwrap();
    let status = "Package: acme\nStatus: install ok installed\nVersion: 1.0-2+deb12u1\nArchitecture: amd64\n";
    let changelog = "acme (1.0-2+deb12u1) bookworm-security; urgency=high\n\n  * Backport the fix of CVE-2026-9001\n";
    let changelog = test_support::archives::gzip(changelog.as_bytes());
    let place = "usr/share/doc/acme/changelog.Debian.gz";
    let files: [(&str, &[u8]); 5] = [
        ("etc/os-release", b"ID=debian\nVERSION_ID=12\n"),
        ("usr/bin/acme", &program),
        ("var/lib/dpkg/info/acme.list", b"/usr/bin/acme\n"),
        ("var/lib/dpkg/status", status.as_bytes()),
        (place, &changelog),
    ];
    for (name, body) in files {
        scratch.put(&format!("root/{name}"), body);
    }
    let root = text(&scratch.path().join("root"));
    let layer = test_support::layouts::tar_of(&files);
    let mut layout = test_support::layouts::Layout::default();
    let manifest = layout.image(("linux", "amd64"), "{}", &[(layer, "+gzip")]);
    let image = text(&scratch.put("image.tar", &layout.tar(&[manifest])));
    let ndjson = scratch.path().join("all.ndjson");
    let scanned = run(&[
        "scan",
        "--symbols",
        "--format",
        "ndjson",
        "-o",
        &text(&ndjson),
        &root,
    ]);
    assert_eq!(scanned.code, Some(0), "{}", scanned.stderr);
    let records = format!("records:{}", text(&ndjson));
    for target in [&root, &image, &records] {
        let (found, code) = judged(&scratch, &[target]);
        assert_eq!(code, 1, "{target}");
        let findings = found[0]["findings"].as_array().unwrap();
        let fix = &findings[0]["owner_fix"];
        assert_eq!(fix["package"], "acme", "{target}: {}", found[0]);
        assert_eq!(fix["version"], "1.0-2+deb12u1");
        assert_eq!(fix["line"], "* Backport the fix of CVE-2026-9001");
        assert_eq!(fix["source"], format!("/{place}"));
        assert!(findings[1].get("owner_fix").is_none());
    }
    let database = text(&database(&scratch));
    let out = run(&["vuln", "--cache", "off", "--db", &database, &image]);
    assert_eq!(out.code, Some(1));
    let text = out.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("named in the changelog of acme 1.0-2+deb12u1: \"* Backport the fix"),
        "{text}"
    );
    assert!(!text.contains("ask them"), "{text}");
    let out = run(&[
        "vuln", "--cache", "off", "--db", &database, "--level", "package", &image,
    ]);
    assert!(out.stdout.contains("ask them"), "{}", out.stdout);
}

/// Notes on modules come from the newest go.mod file in the module cache or at a proxy, and change no exit code.
#[cfg(feature = "registry")]
#[test]
fn retracted_and_deprecated_modules_are_noted_when_asked() {
    use crate::support::cli::{command, finish};
    let scratch = Scratch::new();
    let database = text(&database(&scratch));
    let program = text(&scratch.put_fixture("1.27-linux-amd64-called"));
    let folder = "cache/download/example.com/lib/@v";
    let go_mod = "// Deprecated: use example.com/lib/v2.\nmodule example.com/lib\n\n\
        retract [v1.0.0, v1.0.9] // Loses data.\n";
    scratch.put(&format!("{folder}/list"), b"v1.0.0\nv1.4.0\n");
    scratch.put(&format!("{folder}/v1.0.0.mod"), b"module example.com/lib\n");
    scratch.put(&format!("{folder}/v1.4.0.mod"), go_mod.as_bytes());
    let proxy = format!("file://{}", text(&scratch.path().join("cache/download")));
    let ask = |place: &str, more: &[&str]| {
        let mut command = command();
        command
            .env("GOMODCACHE", scratch.path())
            .env("GOENV", "off")
            .env("GOSUMDB", "off");
        command.env("GOPROXY", if place == "cache" { "off" } else { &proxy });
        command.args(["vuln", "--cache", "off", "--db", &database, "--exit-zero"]);
        finish(
            command
                .args(["--retracted", place])
                .args(more)
                .arg(&program),
        )
    };
    for place in ["cache", "goproxy"] {
        let out = ask(place, &["--format", "json"]);
        assert_eq!(out.code, Some(0), "{place}: {}", out.stderr);
        let value: Value = serde_json::from_str(&out.stdout).unwrap();
        let mut wanted = json!([{
            "module": "example.com/lib", "version": "v1.0.0", "retracted": "Loses data.",
            "deprecated": "use example.com/lib/v2.", "said_by": "v1.4.0",
        }]);
        if place == "goproxy" {
            wanted[0]["unchecked"] = json!("GOSUMDB=off");
        }
        assert_eq!(
            value["programs"][0]["module_notes"]["notes"], wanted,
            "{place}"
        );
        let out = ask(place, &[]);
        let unchecked = if place == "goproxy" {
            ", not checked: GOSUMDB=off"
        } else {
            ""
        };
        for line in [
            "retracted: example.com/lib v1.0.0: Loses data. (go.mod of v1.4.0",
            "deprecated: example.com/lib: use example.com/lib/v2. (go.mod of v1.4.0",
        ] {
            let line = format!("{line}{unchecked})");
            assert!(out.stdout.contains(&line), "{place}: {}", out.stdout);
        }
    }
    // A module that is not in the cache is unknown, and the output says so.
    std::fs::remove_dir_all(scratch.path().join("cache")).unwrap();
    let out = ask("cache", &[]);
    assert_eq!(out.code, Some(0));
    let why = "--retracted: go.mod files: example.com/lib is not in the module cache";
    assert!(out.stderr.contains(why), "{}", out.stderr);
    let unknown = "not known whether they are retracted or deprecated: example.com/lib";
    assert!(out.stdout.contains(unknown), "{}", out.stdout);
    let (plain, _) = judged(&scratch, &[&program]);
    assert!(plain[0].get("module_notes").is_none());
}

/// `audit --severity` shows what lists say, and a policy may report only what is exploited.
#[test]
fn audit_shows_severities_and_can_report_only_what_is_exploited() {
    let scratch = Scratch::new();
    let database = text(&database(&scratch));
    let program = text(&programs(&scratch).remove(0));
    let kev = br#"{"catalogVersion":"2026.11.05","vulnerabilities":[{"cveID":"CVE-2026-9001"}]}"#;
    let kev = text(&scratch.put("kev.json", kev));
    let policy = "[rules]\nvulnerable-symbol = { level = \"error\", only-exploited = true }\n\
        vulnerable-package = { level = \"error\", only-exploited = true }\n";
    let policy = text(&scratch.put("gospect.toml", policy.as_bytes()));
    let audit = |more: &[&str]| {
        let mut args = vec![
            "audit", "--quiet", "--cache", "off", "--db", &database, "--policy", &policy,
            "--format", "json", &program,
        ];
        args.extend(more);
        let out = run(&args);
        let value: Value =
            serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", out.stderr));
        let found = value["findings"].as_array().unwrap().clone();
        let of = |rule: &str| {
            let own = found.iter().find(|f| f["rule"] == rule);
            own.map(|f| f["message"].as_str().unwrap().to_owned())
        };
        (of("vulnerable-symbol"), of("vulnerable-package"))
    };
    let (linked, package) = audit(&["--severity", &kev]);
    let linked = linked.unwrap();
    assert!(
        linked.contains("GO-2026-9001") && linked.contains("exploited"),
        "{linked}"
    );
    assert_eq!(package, None);
    // Without a list nothing is left out.
    let (linked, package) = audit(&[]);
    assert!(linked.is_some() && package.unwrap().contains("GO-2026-9002"));
    let broken = text(&scratch.put("broken.json", b"{"));
    let out = run(&["audit", "--quiet", "--severity", &broken, &program]);
    assert_eq!(
        (out.code, out.stderr.lines().count()),
        (Some(2), 1),
        "{}",
        out.stderr
    );
}

/// An old database is an error for every command that asks it, if the user says how old it may be.
#[test]
fn every_command_refuses_a_database_that_is_too_old() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    // Its newest document is of 2026-01-02.
    let folder = database(&scratch);
    let old = text(&folder);
    for command in ["vuln", "audit --vulns", "sbom --vulns", "diff --vulns"] {
        let mut args: Vec<&str> = command.split(' ').collect();
        args.extend(["--cache", "off", "--db", &old, &program]);
        if command.starts_with("diff") {
            args.push(&program);
        }
        let fine = run(&args);
        assert_ne!(fine.code, Some(2), "{command}: {}", fine.stderr);
        assert!(
            fine.stderr.contains("days old"),
            "{command}: {}",
            fine.stderr
        );
        args.extend(["--max-db-age", "90"]);
        let out = run(&args);
        assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""), "{command}");
        assert_eq!(out.stderr.lines().count(), 1, "{command}: {}", out.stderr);
        assert!(
            out.stderr.contains("of 2026-01-02 is"),
            "{command}: {}",
            out.stderr
        );
        args.extend(["--max-db-age", "100000"]);
        args.retain(|arg| *arg != "90");
        let position = args.iter().position(|arg| *arg == "--max-db-age").unwrap();
        args.remove(position);
        assert_ne!(run(&args).code, Some(2), "{command}");
    }
}

/// The bill of a program and the statements on it belong together.
#[test]
fn statements_on_a_bill_name_its_components() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let database = text(&database(&scratch));
    let bill = text(&scratch.path().join("bill.json"));
    let out = run(&["sbom", "--quiet", "-o", &bill, &program]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let ask = |format: &str, bill: &str| {
        run(&[
            "vuln", "--quiet", "--cache", "off", "--db", &database, "--format", format, "--bom",
            bill, &program,
        ])
    };
    let vex: Value = serde_json::from_str(&ask("cyclonedx-vex", &bill).stdout).unwrap();
    let bill_text = std::fs::read_to_string(&bill).unwrap();
    let document: Value = serde_json::from_str(&bill_text).unwrap();
    let serial = document["serialNumber"].as_str().unwrap();
    let serial = serial.trim_start_matches("urn:uuid:");
    let rows = vex["vulnerabilities"].as_array().unwrap();
    let ids: Vec<&str> = rows.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["CVE-2026-9001", "CVE-2026-9002", "CVE-2026-9003"]);
    for row in rows {
        let link = row["affects"][0]["ref"].as_str().unwrap();
        assert!(link.starts_with(&format!("urn:cdx:{serial}/1#")), "{link}");
    }
    assert_eq!(ask("openvex", &bill).code, Some(2));
    for (name, content) in [
        ("empty", "{}"),
        ("no", "no JSON"),
        ("serial", r#"{"bomFormat":"CycloneDX"}"#),
    ] {
        let path = text(&scratch.put(name, content.as_bytes()));
        let out = ask("cyclonedx-vex", &path);
        assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""), "{name}");
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    }
}

#[test]
fn audit_waives_what_vex_documents_dismiss() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let database = text(&database(&scratch));
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{
            "vulnerability": { "name": "CVE-2026-9001" }, "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
            "products": [{ "@id": "pkg:golang/stdlib" }],
        }],
    });
    let vex = text(&scratch.put("vex.json", document.to_string().as_bytes()));
    let ask = |args: &[&str]| {
        let mut all = vec![
            "audit",
            "--quiet",
            "--cache",
            "off",
            "--db",
            &database,
            "-Aall",
            "-D",
            "vulnerable-symbol",
            "--format",
            "json",
        ];
        all.extend(args);
        all.push(&program);
        let out = run(&all);
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        (out.code.unwrap(), document["findings"][0]["waived"].clone())
    };
    assert_eq!(ask(&[]), (1, Value::Null));
    let (code, waived) = ask(&["--vex", &vex]);
    assert_eq!(code, 0);
    assert_eq!(
        waived["reason"],
        format!("vulnerable_code_not_in_execute_path ({vex})")
    );
    let out = run(&["audit", "--quiet", "--vex", &program, &program]);
    assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""));
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
}

/// Statements about nothing are said by both commands, and decisions leave as they came.
#[test]
fn what_is_wrong_with_own_statements_is_said() {
    let scratch = Scratch::new();
    let program = text(&programs(&scratch).remove(0));
    let database = text(&database(&scratch));
    let document = |name: &str, product: &str, reason: Value| {
        let mut statement = json!({
            "vulnerability": "CVE-2026-9001", "status": "not_affected", "products": [product],
        });
        if !reason.is_null() {
            statement["justification"] = reason;
        }
        let document =
            json!({ "@context": "https://openvex.dev/ns/v0.2.0", "statements": [statement] });
        text(&scratch.put(name, document.to_string().as_bytes()))
    };
    let word = "vulnerable_code_not_in_execute_path";
    let wrong = document("wrong.json", "pkg:golang/std", json!(word));
    let bare = document("bare.json", "pkg:golang/stdlib", Value::Null);
    let right = document("right.json", "pkg:golang/stdlib", json!(word));
    let unmatched = format!(
        "gospect: {wrong}: 1 of 1 statement matches no finding: CVE-2026-9001 is about pkg:golang/std; {program} would match as pkg:golang/"
    );
    let lacking = format!(
        "gospect: {bare}: not_affected without a `justification` or an `impact_statement`, which OpenVEX requires: statement 1"
    );
    for command in [&["vuln"][..], &["audit", "--vulns"]] {
        let ask = |args: &[&str]| {
            let mut all = command.to_vec();
            all.extend(["--cache", "off", "--db", &database]);
            all.extend(args);
            all.push(&program);
            run(&all)
        };
        let out = ask(&["--vex", &wrong, "--vex", &bare]);
        let lines: Vec<&str> = out.stderr.lines().collect();
        assert!(
            lines.iter().any(|line| line.starts_with(&unmatched)),
            "{lines:?}"
        );
        assert!(lines.contains(&lacking.as_str()), "{lines:?}");
        assert!(!out.stderr.contains(&format!("{bare}: 1 of")), "{lines:?}");
        assert_eq!(
            ask(&["--vex", &right]).stderr,
            ask(&[]).stderr,
            "{command:?}"
        );
        let quiet = ask(&["--quiet", "--vex", &wrong, "--vex", &bare]);
        assert_eq!(quiet.stderr, "", "{command:?}");
    }
    for (format, key) in [
        ("openvex", format!("\"justification\": \"{word}\"")),
        (
            "cyclonedx-vex",
            "\"justification\": \"code_not_reachable\"".to_owned(),
        ),
    ] {
        let out = run(&[
            "vuln", "--quiet", "--cache", "off", "--db", &database, "--vex", &right, "--format",
            format, &program,
        ]);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        assert!(out.stdout.contains(&key), "{}", out.stdout);
        assert!(out.stdout.contains("right.json)"), "{}", out.stdout);
    }
}
