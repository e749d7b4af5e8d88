//! Which function leads to which: call graphs of real programs of every architecture, and the chains of `gospect why`.

use crate::support::cli::{Scratch, run};
use crate::support::fixtures::{Fixture, fixtures};
use gospect::bytes::Limits;
use gospect::go::calls::{Graph, NoGraph};
use gospect::go::programs;
use std::collections::{BTreeMap, BTreeSet};

/// The counts of the graph of one program.
struct GraphCounts {
    functions: usize,
    unreached: Vec<String>,
}

fn graph(fixture: &Fixture) -> Option<Result<GraphCounts, NoGraph>> {
    let bytes = fixture.bytes();
    let mut seen = None;
    programs(&bytes.as_slice(), Limits::default(), &mut |_, tables| {
        seen = Some(Graph::read(tables).map(|graph| {
            let name = |f: usize| String::from_utf8_lossy(graph.name(f)).into_owned();
            let tree = graph.chain_tree();
            let all = 0..graph.functions();
            GraphCounts {
                functions: graph.functions(),
                unreached: all
                    .clone()
                    .filter(|f| !tree.is_reached(*f))
                    .map(name)
                    .collect(),
            }
        }));
    })
    .ok()?;
    seen
}

/// The linker keeps what something leads to, so nearly everything that it kept must be reached by what was seen.
#[test]
fn nearly_every_function_is_reached_on_every_architecture() {
    let mut by_port: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut examples: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    for fixture in fixtures().filter(|f| f.by_gc()) {
        // One of each kind: the rest differ in what is recorded, not in code.
        let mode = fixture.flags.iter().find(|f| f.starts_with("-buildmode"));
        // Objects are not linked: their calls lead nowhere yet.
        if mode.is_some_and(|m| m == "-buildmode=c-archive") {
            continue;
        }
        let kind = format!(
            "{:?} {}/{} {mode:?}",
            fixture.toolchain, fixture.goos, fixture.goarch
        );
        if !kinds.insert(kind) {
            continue;
        }
        let Some(Ok(seen)) = graph(fixture) else {
            continue;
        };
        let key = format!(
            "{} {}",
            fixture.goarch,
            fixture.toolchain.as_deref().unwrap_or("?")
        );
        // Marks of the linker, and what only C code calls, are not Go functions.
        let unreached: Vec<String> = seen
            .unreached
            .into_iter()
            .filter(|name| name.contains('.') && !name.starts_with('_'))
            .collect();
        let sum = by_port.entry(key.clone()).or_default();
        sum.0 += seen.functions;
        sum.1 += unreached.len();
        let examples = examples.entry(key).or_default();
        examples.extend(unreached.into_iter().take(20));
    }
    let mut poorly_reached = Vec::new();
    for (key, (functions, unreached)) in &by_port {
        if unreached * 200 > *functions {
            poorly_reached.push(format!(
                "{key}: {unreached} of {functions}: {:?}",
                examples[key]
            ));
        }
    }
    assert!(poorly_reached.is_empty(), "{}", poorly_reached.join("\n"));
    for arch in [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64le", "ppc64", "ppc64le",
        "riscv64", "s390x", "wasm",
    ] {
        let is_covered = by_port.keys().any(|k| k.starts_with(&format!("{arch} ")));
        assert!(is_covered, "no program for {arch}");
    }
}

#[test]
fn a_chain_leads_from_main_to_what_is_asked() {
    let scratch = Scratch::new();
    for id in [
        "1.27-linux-amd64-verify",
        "1.27-darwin-arm64-trimstrip",
        "1.27-aix-ppc64-strip",
        "1.19-windows-amd64-strip",
    ] {
        let path = scratch.put_fixture(id);
        let path = path.to_str().unwrap();
        let out = run(&[
            "why",
            "--format",
            "json",
            path,
            "main.main",
            "runtime.main",
            "fmt",
            "std",
        ]);
        assert_eq!(out.code, Some(0), "{id}: {}", out.stderr);
        let why: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
        assert_eq!(why["schema"], "gospect-why/1");
        let chain = |i: usize| why["answers"][i]["chains"][0].as_array().unwrap().clone();
        assert_eq!(chain(0)[0]["by"], "root");
        assert_eq!(chain(0).len(), 1);
        assert!(
            chain(0)[0]["file"].as_str().unwrap().ends_with("main.go"),
            "{id}: {why}"
        );
        let last = chain(1).pop().unwrap();
        assert_eq!(last["function"], "runtime.main");
        // The entry starts a goroutine with it, whose address is in a table on AIX.
        let is_seen = !id.contains("aix");
        assert_eq!(
            (&last["by"], &last["go"]),
            (&"value".into(), &is_seen.into()),
            "{id}"
        );
        assert_eq!(chain(0)[0]["go"], false, "{id}");
        assert_eq!(why["answers"][3]["subject"], "module");
    }
}

/// The runtime starts its sweeper with a `go` statement, through a wrapper that the compiler makes.
#[test]
fn goroutines_are_marked_and_wrappers_left_out() {
    let scratch = Scratch::new();
    for id in [
        "1.27-linux-amd64-verify",
        "1.27-linux-amd64-starting",
        "1.27-linux-arm64-starting",
        "1.27-darwin-arm64-trimstrip",
        "1.27-aix-ppc64-strip",
        "1.23-linux-riscv64-strip",
    ] {
        let path = scratch.put_fixture(id);
        let path = path.to_str().unwrap();
        let args = ["why", "--format", "json", path, "runtime.bgsweep"];
        let out = run(&args);
        let why: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
        let chain = why["answers"][0]["chains"][0].as_array().unwrap();
        let [.., gcenable, sweeper] = chain.as_slice() else {
            panic!("{id}: {why}");
        };
        assert_eq!(gcenable["function"], "runtime.gcenable", "{id}: {why}");
        assert_eq!(gcenable["by"], "call", "{id}");
        let line = gcenable["line"].as_u64().unwrap();
        assert!(
            gcenable["file"].as_str().unwrap().ends_with("mgc.go"),
            "{id}"
        );
        assert!(line > 150, "{id}: the line of the go statement, not {line}");
        assert_eq!(
            (&sweeper["by"], &sweeper["go"]),
            (&"value".into(), &true.into()),
            "{id}"
        );
        let text = run(&["why", path, "runtime.bgsweep"]).stdout;
        assert!(text.contains("\n  go     runtime.bgsweep "), "{id}: {text}");
        let is_certain = text.contains("each step is a call in the code, or starts a goroutine\n");
        assert_eq!(is_certain, !id.contains("aix"), "{id}: {text}");
        // A wrapper is shown if it is the function in question.
        let out = run(&["why", "--format", "json", path, "runtime.gcenable.gowrap1"]);
        let why: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
        let chain = why["answers"][0]["chains"][0].as_array().unwrap();
        assert_eq!(
            chain.last().unwrap()["function"],
            "runtime.gcenable.gowrap1",
            "{id}"
        );
    }
}

#[test]
fn an_unknown_name_gets_similar_names() {
    let scratch = Scratch::new();
    let path = scratch.put_fixture("1.27-linux-amd64-verify");
    let path = path.to_str().unwrap();
    let out = run(&[
        "why",
        path,
        "net/httq",
        "runtime.gopack",
        "example.com/nothing/like/it",
    ]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(
        out.stdout.contains("net/httq: not in this program"),
        "{}",
        out.stdout
    );
    assert!(
        out.stdout.contains("    runtime.gopark\n"),
        "{}",
        out.stdout
    );
    // Without a function table the answer is unknown.
    let other = scratch.put_fixture("1.27-linux-amd64-gccgo");
    let other = other.to_str().unwrap();
    let out = run(&["why", other, "main.main"]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(out.stdout.contains("no function table"), "{}", out.stdout);
    assert_eq!(run(&["why", "--strict", other, "main.main"]).code, Some(2));
    // Nor for a file that is not Go.
    let c = scratch.put_fixture("c-linux-amd64");
    assert_eq!(
        run(&["why", c.to_str().unwrap(), "main.main"]).code,
        Some(3)
    );
    let missing = run(&["why", "/nowhere", "main.main"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("/nowhere"), "{}", missing.stderr);
}

/// Each linked function of a vulnerability gets a chain; an ID whose functions are not in the program is not found.
#[test]
fn vulnerabilities_lead_to_their_functions() {
    let scratch = Scratch::new();
    let path = scratch.put_fixture("1.27-linux-amd64-verify");
    let path = path.to_str().unwrap();
    scratch.put(
        "db/GO-2030-0001.json",
        br#"{"schema_version":"1.3.1","id":"GO-2030-0001","modified":"2030-01-01T00:00:00Z","aliases":["CVE-2030-0001"],
        "affected":[{"package":{"name":"stdlib","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
        "ecosystem_specific":{"imports":[{"path":"fmt","symbols":["Fprintf","Sscanf"]}]}}],
        "database_specific":{"review_status":"REVIEWED"}}"#,
    );
    let db = scratch.path().join("db");
    let db = db.to_str().unwrap();
    let out = run(&[
        "why",
        "--db",
        db,
        "--format",
        "json",
        path,
        "CVE-2030-0001",
        "GO-2030-0002",
    ]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let why: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
    let answer = &why["answers"][0];
    assert_eq!(answer["subject"], "vulnerability", "{why}");
    let chain = answer["chains"][0].as_array().unwrap();
    assert_eq!(chain.last().unwrap()["function"], "fmt.Fprintf", "{why}");
    assert_eq!(why["answers"][1]["found"], false);
    let note = why["answers"][1]["note"].as_str().unwrap();
    assert!(note.contains("no such entry"), "{note}");
    // A directory is not a program, and the message says what to do.
    let out = run(&["why", scratch.path().to_str().unwrap(), "main.main"]);
    assert_eq!(out.code, Some(2));
    assert!(out.stderr.contains("gospect scan"), "{}", out.stderr);
}

/// `bytes` with every occurrence of a text replaced by another of the same length.
pub fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// The runtime calls initialisers by a list, whatever their names are.
#[test]
fn initialisers_are_known_by_their_list() {
    let scratch = Scratch::new();
    for id in [
        "1.27-linux-amd64-starting",
        "1.27-linux-arm64-starting",
        "1.21-linux-amd64-starting",
    ] {
        let whole = crate::support::fixtures::fixture(id);
        let bytes = replaced(
            whole.as_slice(),
            b"starting/starts.init.0\0",
            b"starting/starts.zKq9.b\0",
        );
        let path = scratch.put("renamed", &bytes);
        let out = run(&[
            "why",
            "--format",
            "json",
            path.to_str().unwrap(),
            "example.com/starting/starts.zKq9.b",
        ]);
        let why: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
        let chain = why["answers"][0]["chains"][0].as_array().unwrap();
        assert_eq!(
            (chain.len(), &chain[0]["by"]),
            (1, &"init".into()),
            "{id}: {why}"
        );
    }
}
