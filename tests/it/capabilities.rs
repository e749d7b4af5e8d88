//! What packages can do, on stored programs of which one version of a dependency starts a process: in every report, from files and
//! from records.

use crate::support::cli::{Scratch, run};
use serde_json::Value;

const OLD: &str = "1.27-linux-amd64-capable-old";
const NEW: [&str; 3] = [
    "1.27-linux-amd64-capable-new",
    "1.27-darwin-arm64-capable-new",
    "1.21-linux-amd64-capable-new",
];

/// The package of a document with the given path.
fn package(document: &Value, path: &str) -> Value {
    let modules = document["programs"][0]["modules"].as_array().unwrap();
    let mut packages = modules
        .iter()
        .flat_map(|m| m["packages"].as_array().unwrap());
    packages.find(|p| p["path"] == path).unwrap().clone()
}

fn document(args: &[&str]) -> Value {
    let out = run(args);
    assert_eq!(out.code, Some(0), "{args:?}: {}", out.stderr);
    serde_json::from_str(&out.stdout).unwrap()
}

#[test]
fn a_package_can_do_what_its_functions_lead_to() {
    let scratch = Scratch::new();
    for (id, tool) in NEW
        .iter()
        .map(|id| (*id, &["EXEC", "READ_SYSTEM_STATE"][..]))
        .chain([(OLD, &["READ_SYSTEM_STATE"][..])])
    {
        let path = scratch.put_fixture(id);
        let path = path.to_str().unwrap();
        let found = document(&["packages", "--format", "json", path]);
        let package = |name: &str| package(&found, name);
        assert_eq!(
            package("example.com/tool")["capabilities"],
            serde_json::json!(tool)
        );
        // Safe whatever it calls, as in the list of capslock.
        assert_eq!(package("time")["capabilities"], serde_json::json!([]));
        let main = package("main");
        let chains = main["chains"].as_array().unwrap();
        let chain = |name: &str| chains.iter().find(|c| c["capability"] == name);
        // Main passes `os.Remove` on as a value, and calls the rest through the dependency.
        let files = chain("FILES").unwrap();
        assert_eq!(
            (&files["certain"], &files["direct"]),
            (&false.into(), &true.into()),
            "{id}"
        );
        let reads = chain("READ_SYSTEM_STATE").unwrap();
        assert_eq!(
            (&reads["certain"], &reads["direct"]),
            (&true.into(), &false.into()),
            "{id}"
        );
        assert_eq!(
            reads["chain"],
            serde_json::json!(["main.main", "example.com/tool.Name", "os.Getenv"]),
            "{id}"
        );
        assert_eq!(chain("EXEC").is_some(), tool.contains(&"EXEC"), "{id}");
        let text = run(&["packages", "--capabilities", path]).stdout;
        assert!(
            text.contains("example.com/tool.Name → os.Getenv\n"),
            "{text}"
        );
        assert!(
            text.contains("FILES? direct: main.main → os.Remove\n"),
            "{text}"
        );
        let text = run(&["packages", "--no-capabilities", path]).stdout;
        assert!(!text.contains("READ_SYSTEM_STATE"), "{text}");
    }
}

/// A package can do what the initialisers of the packages that it imports do, and what it borrows from the standard library.
#[test]
fn initialisers_of_imported_packages_count() {
    let scratch = Scratch::new();
    for id in [
        "1.27-linux-amd64-starting",
        "1.27-linux-arm64-starting",
        "1.21-linux-amd64-starting",
    ] {
        let path = scratch.put_fixture(id);
        let found = document(&[
            "packages",
            "--capabilities",
            "--format",
            "json",
            path.to_str().unwrap(),
        ]);
        let chain = |name: &str, capability: &str| {
            let package = package(&found, name);
            let chains = package["chains"].as_array().unwrap();
            let chain = chains.iter().find(|c| c["capability"] == capability);
            chain
                .unwrap_or_else(|| panic!("{id}: {name}: {capability}"))
                .clone()
        };
        let starts = "example.com/starting/starts";
        let expected = [
            (
                starts,
                "FILES",
                vec!["example.com/starting/starts.init.0", "os.Remove"],
            ),
            (
                "example.com/starting/between",
                "FILES",
                vec![
                    "example.com/starting/between.init",
                    "example.com/starting/starts.init",
                    "example.com/starting/starts.init.0",
                    "os.Remove",
                ],
            ),
            (
                "main",
                "READ_SYSTEM_STATE",
                vec!["main.init", "example.com/starting/starts.init", "os.Getenv"],
            ),
            (
                "example.com/starting/borrows",
                "ARBITRARY_EXECUTION",
                vec!["example.com/starting/borrows.Links", "reflect.typelinks"],
            ),
        ];
        for (name, capability, steps) in expected {
            let chain = chain(name, capability);
            assert_eq!(chain["chain"], serde_json::json!(steps), "{id}: {name}");
            assert_eq!(chain["certain"], true, "{id}: {name}");
        }
        // Nothing imports the package that borrows but main, and the standard library may borrow.
        let names = |name: &str| package(&found, name)["capabilities"].clone();
        assert_eq!(
            names("example.com/starting/between"),
            serde_json::json!(["FILES", "READ_SYSTEM_STATE"]),
            "{id}"
        );
        let main = names("main");
        assert!(
            !main.as_array().unwrap().contains(&"SYSTEM_CALLS".into()),
            "{id}: {main}"
        );
        assert!(
            !names("os").to_string().contains("ARBITRARY_EXECUTION"),
            "{id}"
        );
    }
}

/// What a package has inlined counts for the package whose source it is, and so does what the compiler makes for a type that embeds
/// another: neither is a call of an unexported function by `go:linkname`.
#[test]
fn inlined_code_counts_for_its_own_package() {
    let scratch = Scratch::new();
    for id in ["1.24-linux-amd64-inlining", "1.27-linux-amd64-inlining"] {
        let path = scratch.put_fixture(id);
        let found = document(&["packages", "--format", "json", path.to_str().unwrap()]);
        let names = |name: &str| package(&found, name)["capabilities"].clone();
        // `dirs.All.Mkdir.func1` is the literal of `os.Mkdir` that calls `syscall.Mkdir`.
        assert_eq!(
            names("example.com/inlining/dirs"),
            serde_json::json!(["FILES"]),
            "{id}"
        );
        // `embeds.file.os.close` only calls the method of *os.File that it is made for.
        let embeds = names("example.com/inlining/embeds");
        assert_eq!(
            embeds,
            serde_json::json!(["FILES", "OPERATING_SYSTEM"]),
            "{id}"
        );
        assert!(
            !names("main").to_string().contains("ARBITRARY_EXECUTION"),
            "{id}"
        );
    }
}

#[test]
fn a_page_draws_packages_by_size() {
    let scratch = Scratch::new();
    let path = scratch.put_fixture(NEW[0]);
    let path = path.to_str().unwrap();
    let out = run(&["packages", "--format", "html", path]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let data = out.stdout.split("application/json\">").nth(1).unwrap();
    let data = data.split("</script>").next().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let map = &data["maps"][0];
    let modules = map["modules"].as_array().unwrap();
    let tool = modules
        .iter()
        .find(|m| m["name"] == "example.com/tool v1.4.1")
        .unwrap();
    assert_eq!(tool["packages"][0][0], "example.com/tool");
    assert_eq!(tool["packages"][0][3], "EXEC READ_SYSTEM_STATE");
    let sum: u64 = modules.iter().map(|m| m["bytes"].as_u64().unwrap()).sum();
    assert_eq!(map["bytes"], sum);
    // A page waits for all programs, so it has to fit into memory.
    let out = run(&["packages", "--format", "html", "--memory", "1K", path]);
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    assert!(out.stderr.contains("--memory"), "{}", out.stderr);
}

#[test]
fn a_comparison_names_what_was_gained() {
    let scratch = Scratch::new();
    let [old, new] = [OLD, NEW[0]].map(|id| scratch.put_fixture(id));
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let sentence = "example.com/tool v1.4.1 can now start processes (EXEC): example.com/tool.Name → os.StartProcess";
    let out = run(&["diff", "--fail-on", "capability", old, new]);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    let flat = out.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(sentence), "{flat}");
    // In the other direction nothing is gained, but it is still a change.
    let back = document(&["diff", "--capabilities", "--format", "json", new, old]);
    let changes = back["pairs"][0]["changes"].as_array().unwrap();
    let lost: Vec<&Value> = changes
        .iter()
        .filter(|c| c["class"] == "capability")
        .collect();
    assert!(lost.iter().all(|c| c["direction"] == "removed"), "{lost:?}");
    assert!(lost.iter().any(
        |c| c["key"] == "example.com/tool v1.4.0" || c["old"] == "could start processes (EXEC)"
    ));
    // Capabilities were not asked for.
    let quiet = document(&["diff", "--format", "json", old, new]);
    assert!(!quiet.to_string().contains("start processes"));
    // Records answer as the files do, and say so when they cannot.
    let saved = |path: &str, flags: &[&str], name: &str| {
        let mut args = vec!["scan", "--format", "ndjson"];
        args.extend(flags);
        args.push(path);
        let out = run(&args);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let file = scratch.put(name, out.stdout.as_bytes());
        format!("records:{}", file.display())
    };
    let known = ["--capabilities"];
    let (a, b) = (saved(old, &known, "a"), saved(new, &known, "b"));
    let out = run(&["diff", "--fail-on", "capability", &a, &b]);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    assert!(out.stdout.contains("can now start processes"));
    let bare = saved(old, &[], "bare");
    let out = run(&["diff", "--fail-on", "capability", &bare, &b]);
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    assert!(out.stderr.contains("--capabilities"), "{}", out.stderr);
    // A record can only hold what was read.
    assert_eq!(run(&["scan", "--capabilities", &a]).code, Some(2));
}

#[test]
fn unknown_is_never_empty() {
    let scratch = Scratch::new();
    let path = scratch.put_fixture("1.27-linux-amd64-gccgo");
    let path = path.to_str().unwrap();
    let out = run(&["packages", path]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(out.stdout.contains("no function table"), "{}", out.stdout);
    assert_eq!(run(&["packages", "--strict", path]).code, Some(2));
    // Records that hold packages and no capabilities.
    let old = scratch.put_fixture(OLD);
    let scan = run(&[
        "scan",
        "--symbols",
        "--format",
        "ndjson",
        old.to_str().unwrap(),
    ]);
    let file = scratch.put("saved", scan.stdout.as_bytes());
    let records = format!("records:{}", file.display());
    let found = document(&["packages", "--format", "json", &records]);
    assert!(package(&found, "main")["capabilities"].is_null());
    let out = run(&["packages", "--strict", &records]);
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    assert!(
        out.stdout.contains("gospect scan --capabilities"),
        "{}",
        out.stdout
    );
    assert_eq!(
        run(&["packages", "--strict", "--no-capabilities", &records]).code,
        Some(0)
    );
}
