//! What the names of functions prove to be absent.

use super::{NET, judged, short};
use crate::Precision;
use crate::testing::{database, entry, functions_of, program};
use gospect_record::{Binary, FunctionSource};

/// The IDs of the findings whose functions are certainly not in the program.
fn absent(binary: &Binary, entries: &[(&str, &[&str])]) -> Vec<String> {
    let entries = entries.iter();
    let entries = entries.map(|(id, imports)| entry(id, NET, "introduced 0", imports));
    let program = judged(binary, &database(&entries.collect::<Vec<_>>()));
    let absent = program.findings.into_iter().filter(|f| f.absent);
    let mut ids: Vec<String> = absent.map(|finding| finding.id).collect();
    ids.sort();
    ids
}

const LINKED: &[(&str, &[&str])] = &[
    ("golang.org/x/net/http2", &["Server.Serve", "init"]),
    ("runtime", &["main"]),
];

const ENTRIES: &[(&str, &[&str])] = &[
    (
        "GO-2026-0001",
        &["golang.org/x/net/http2: Dial Framer.ReadFrame"],
    ),
    ("GO-2026-0002", &["golang.org/x/net/proxy: Dial"]),
    // A package without functions, alone and beside one with functions.
    ("GO-2026-0003", &["golang.org/x/net/proxy"]),
    (
        "GO-2026-0004",
        &["golang.org/x/net/http2: Dial", "golang.org/x/net/proxy"],
    ),
    ("GO-2026-0005", &[]),
    // A type: its methods are linked.
    ("GO-2026-0006", &["golang.org/x/net/http2: Server"]),
    ("GO-2026-0007", &["golang.org/x/net/http2: Serve"]),
    ("GO-2026-0008", &["golang.org/x/net/http2: Server.Serve"]),
];

#[test]
fn only_functions_are_proven_absent() {
    let binary = program(&[(NET, "v0.30.0")], LINKED);
    let proven = ["GO-2026-0001", "GO-2026-0002", "GO-2026-0007"];
    assert_eq!(absent(&binary, ENTRIES), proven);
}

#[test]
fn only_a_whole_function_table_proves_it() {
    let mut binary = program(&[(NET, "v0.30.0")], LINKED);
    for (source, complete) in [
        (FunctionSource::FunctionTable, false),
        (FunctionSource::SymbolTable, true),
        (FunctionSource::Dwarf, true),
    ] {
        let name = format!("{source:?} {complete}");
        binary.functions = Some(functions_of(LINKED, source, complete));
        assert_eq!(absent(&binary, ENTRIES), [""; 0], "{name}");
    }
}

/// A record may have a source that a newer gospect wrote.
#[test]
fn a_source_of_functions_that_is_not_known_proves_nothing() {
    let mut binary = program(&[(NET, "v0.30.0")], LINKED);
    let text = serde_json::to_value(&binary.functions).unwrap();
    for (source, proven) in [("function-table", 3), ("symbol-table", 0), ("zzz", 0)] {
        let mut text = text.clone();
        text["source"] = source.into();
        binary.functions = serde_json::from_value(text).unwrap();
        assert_eq!(absent(&binary, ENTRIES).len(), proven, "{source}");
    }
}

/// The version decides whether the code is vulnerable; while it is not known, a function that is linked is not absent.
#[test]
fn a_linked_function_of_an_unknown_version_is_not_absent() {
    let entries = [
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/http2: Server.Serve"],
        ),
        entry(
            "GO-2026-0002",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/http2: Dial"],
        ),
    ];
    let program = judged(&program(&[(NET, "")], LINKED), &database(&entries));
    assert_eq!(
        short(&program),
        ["GO-2026-0001 package", "GO-2026-0002 package"]
    );
    let absent: Vec<bool> = program.findings.iter().map(|f| f.absent).collect();
    assert_eq!(absent, [false, true]);
}

/// The only symbol of GO-2026-4610 is a variable, which leaves no name in a program.
#[test]
fn a_symbol_that_is_a_variable_counts_as_its_package() {
    let (cli, package) = (
        "github.com/docker/cli",
        "github.com/docker/cli/cli-plugins/manager",
    );
    let named = |symbols: &str| {
        let import = format!("{package}: {symbols}");
        database(&[entry("GO-2026-4610", cli, "introduced 0", &[&import])])
    };
    let with = program(&[(cli, "v28.0.0")], &[(package, &["ListPlugins"])]);
    let without = program(&[(cli, "v28.0.0")], &[("main", &["main"])]);
    for (symbols, binary, level, precision) in [
        (
            "defaultSystemPluginDirs",
            &with,
            "symbol",
            Precision::Packages,
        ),
        (
            "defaultSystemPluginDirs",
            &without,
            "module",
            Precision::Packages,
        ),
        (
            "defaultSystemPluginDirs Run",
            &with,
            "package",
            Precision::Symbols,
        ),
        (
            "defaultSystemPluginDirs ListPlugins",
            &with,
            "symbol",
            Precision::Symbols,
        ),
    ] {
        let program = judged(binary, &named(symbols));
        assert_eq!(
            short(&program),
            [format!("GO-2026-4610 {level}")],
            "{symbols}"
        );
        let finding = &program.findings[0];
        assert_eq!(
            (finding.names, finding.absent),
            (precision, false),
            "{symbols}"
        );
    }
    assert!(judged(&with, &named("Run")).findings[0].absent);
}
