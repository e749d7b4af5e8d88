//! Records held against small databases.

use super::database::Database;
use super::testing::{database, entry, functions_of, program};
use super::{Finding, Level, Precision, Program, Unjudged, UnjudgedReason, VersionFrom, judge};
use gospect_record::{Binary, FunctionSource, Module, VersionClaim, VersionSource};
use serde_json::json;

mod absent;
mod contradicted;
mod lists;
mod ports;

const NET: &str = "golang.org/x/net";

/// Replaces the first dependency of a program.
fn replace_first(binary: &mut Binary, path: &str, version: &str) {
    let by = Module {
        path: path.into(),
        version: version.into(),
        ..Module::default()
    };
    binary.build_info.as_mut().unwrap().deps[0].replace = Some(Box::new(by));
}

fn judged(binary: &Binary, database: &Database) -> Program {
    judge(binary, database).unwrap()
}

/// `ID level` of every finding.
fn short(program: &Program) -> Vec<String> {
    let short = |f: &Finding| format!("{} {}", f.id, f.level.name());
    program.findings.iter().map(short).collect()
}

fn why(program: &Program) -> Vec<(Option<&str>, UnjudgedReason)> {
    let rows = program.unjudged.iter();
    rows.map(|row: &Unjudged| (row.module.as_deref(), row.why))
        .collect()
}

#[test]
fn the_level_says_how_much_is_linked() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/http2: Framer.ReadFrame Server.Serve"],
        ),
        entry(
            "GO-2026-0002",
            NET,
            "introduced 0, fixed 0.36.0",
            &["golang.org/x/net/http2: Transport.RoundTrip"],
        ),
        entry(
            "GO-2026-0003",
            NET,
            "introduced 0, fixed 0.37.0",
            &["golang.org/x/net/proxy: Dial"],
        ),
        entry(
            "GO-2026-0004",
            NET,
            "introduced 0",
            &["golang.org/x/net/http2"],
        ),
        entry(
            "GO-2026-0005",
            NET,
            "introduced 0",
            &["golang.org/x/net/proxy"],
        ),
        entry("GO-2026-0006", NET, "introduced 0", &[]),
        entry("GO-2026-0007", NET, "introduced 0, fixed 0.20.0", &[]),
        entry("GO-2026-0008", NET, "introduced 0.31.0", &[]),
        entry("GO-2026-0009", "golang.org/x/text", "introduced 0", &[]),
        // Not linked: no package of the module is.
        entry("GO-2026-0010", "golang.org/x/crypto", "introduced 0", &[]),
        // Its own module inside the directory of another.
        entry("GO-2026-0011", "golang.org/x/net/sub", "introduced 0", &[]),
    ]);
    let binary = program(
        &[
            (NET, "v0.30.0"),
            ("golang.org/x/crypto", "v0.1.0"),
            ("golang.org/x/net/sub", "v0.1.0"),
            ("golang.org/x/networks", "v0.1.0"),
        ],
        &[
            (
                "golang.org/x/net/http2",
                &["Framer.ReadFrame", "Transport.dial", "init"],
            ),
            ("golang.org/x/networks", &["Dial"]),
            ("golang.org/x/net/sub/deep", &["F"]),
            ("runtime", &["main"]),
        ],
    );
    let program = judged(&binary, &database);
    assert_eq!(
        short(&program),
        [
            "GO-2026-0001 symbol",
            "GO-2026-0004 symbol",
            "GO-2026-0006 symbol",
            "GO-2026-0011 symbol",
            "GO-2026-0002 package",
            "GO-2026-0010 module",
            "GO-2026-0003 module",
            "GO-2026-0005 module",
        ]
    );
    let find = |id: &str| program.findings.iter().find(|f| f.id == id).unwrap();
    let first = find("GO-2026-0001");
    assert_eq!(first.symbols, ["golang.org/x/net/http2.Framer.ReadFrame"]);
    assert_eq!(first.packages, ["golang.org/x/net/http2"]);
    assert_eq!(
        (first.version.as_deref(), first.fixed.as_deref()),
        (Some("v0.30.0"), Some("v0.38.0"))
    );
    assert_eq!((first.names, first.absent), (Precision::Symbols, false));
    assert_eq!(first.aliases, ["CVE-2026-0001"]);
    assert_eq!(first.summary.as_deref(), Some("Summary of GO-2026-0001"));
    assert!(find("GO-2026-0002").absent && find("GO-2026-0003").absent);
    // Without names of functions, nothing proves that one is absent: a package may be linked for its variables.
    assert!(!find("GO-2026-0005").absent);
    assert!(!find("GO-2026-0006").absent && !find("GO-2026-0010").absent);
    assert_eq!(find("GO-2026-0006").packages, ["golang.org/x/net/http2"]);
    assert_eq!(find("GO-2026-0004").fixed, None);
    assert_eq!(program.unjudged, []);
}

#[test]
fn the_standard_library_is_judged_by_the_toolchain() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            "stdlib",
            "introduced 0, fixed 1.23.8, introduced 1.24.0-0, fixed 1.24.3",
            &["net/http: Server.Serve"],
        ),
        entry("GO-2026-0002", "toolchain", "introduced 0", &["cmd/go"]),
    ]);
    let cases = [
        ("go1.24.2", "go1.24.2", Some("go1.24.3"), None),
        ("go1.24.3", "go1.24.3", None, None),
        ("go1.23.7", "go1.23.7", Some("go1.23.8"), None),
        ("go1.24rc2", "go1.24rc2", Some("go1.24.3"), None),
        ("go1.19", "go1.19", Some("go1.23.8"), None),
        ("go1.24.2-X:nodwarf5", "go1.24.2", Some("go1.24.3"), None),
        ("go1.24.2 X:simd", "go1.24.2", Some("go1.24.3"), None),
        (
            "go1.24.2-fips",
            "go1.24.2",
            Some("go1.24.3"),
            Some(UnjudgedReason::VendorToolchain),
        ),
        (
            "go1.24.3 (Red Hat 1.24.3-1.el9)",
            "go1.24.3",
            None,
            Some(UnjudgedReason::VendorToolchain),
        ),
        (
            "go1.24-devel_abc Mon",
            "go1.24",
            Some("go1.24.3"),
            Some(UnjudgedReason::Devel),
        ),
        (
            "devel go1.25-abc Mon",
            "go1.25",
            None,
            Some(UnjudgedReason::Devel),
        ),
        ("devel +abc Mon", "", None, Some(UnjudgedReason::Devel)),
        ("strange", "", None, Some(UnjudgedReason::NoVersion)),
    ];
    for (raw, version, fixed, unjudged) in cases {
        let mut binary = program(&[], &[("net/http", &["Server.Serve"])]);
        binary.go_version_raw = Some(raw.to_owned());
        binary.go_version = (!version.is_empty()).then(|| version.to_owned());
        let program = judged(&binary, &database);
        let certain = program.findings.iter().find(|f| f.level == Level::Symbol);
        assert_eq!(certain.and_then(|f| f.fixed.as_deref()), fixed, "{raw}");
        let row = program
            .unjudged
            .iter()
            .find(|row| row.module.as_deref() == Some("stdlib"));
        assert_eq!(row.map(|row| row.why), unjudged, "{raw}");
    }
    // The commands of the distribution are held against both.
    let mut command = program(&[], &[("cmd/go", &["main"])]);
    command.main_package = Some("cmd/go".to_owned());
    command.build_info = None;
    let program = judged(&command, &database);
    assert_eq!(
        short(&program),
        ["GO-2026-0002 symbol", "GO-2026-0001 module"]
    );
}

#[test]
fn both_sides_of_a_replacement_are_asked() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/http2: F"],
        ),
        entry(
            "GO-2026-0002",
            "example.com/fork",
            "introduced 0",
            &["example.com/fork/http2: F"],
        ),
    ]);
    let replaced = |path: &str, version: &str| {
        let mut binary = program(&[(NET, "v0.30.0")], &[("golang.org/x/net/http2", &["F"])]);
        replace_first(&mut binary, path, version);
        let program = judged(&binary, &database);
        let of = |f: &Finding| {
            assert_eq!(f.replaced.as_deref(), Some("golang.org/x/net@v0.30.0"));
            (f.id.clone(), f.level, f.version.clone(), f.version_from)
        };
        program.findings.iter().map(of).collect::<Vec<_>>()
    };
    let one = |id: &str, version: Option<&str>, from| {
        (
            id.to_owned(),
            Level::Symbol,
            version.map(str::to_owned),
            from,
        )
    };
    use VersionFrom::{Module as Listed, Replaced};
    // The same path: the version that is linked.
    assert_eq!(replaced(NET, "v0.38.0"), []);
    assert_eq!(
        replaced(NET, "v0.37.0"),
        [one("GO-2026-0001", Some("v0.37.0"), Listed)]
    );
    // A directory and a fork with numbers of its own: nobody knows better than the version that was asked for.
    assert_eq!(replaced("./net", ""), [one("GO-2026-0001", None, Replaced)]);
    let fork = replaced("example.com/fork", "v0.0.0-20260102030405-abcdefabcdef");
    let linked = Some("v0.0.0-20260102030405-abcdefabcdef");
    assert_eq!(
        fork,
        [
            one("GO-2026-0002", linked, Listed),
            one("GO-2026-0001", linked, Replaced)
        ]
    );
    // A fork that goes on counting has its own number.
    assert_eq!(
        replaced("example.com/fork", "v0.38.1"),
        [one("GO-2026-0002", Some("v0.38.1"), Listed)]
    );
}

/// `require example.com/x v0.0.0` with `replace example.com/x => ./x`: nobody asked for a version.
#[test]
fn a_placeholder_is_no_version() {
    let vulnerable = "golang.org/x/net/http2: F";
    let database = database(&[entry(
        "GO-2026-0001",
        NET,
        "introduced 1.2.0, fixed 1.3.0",
        &[vulnerable],
    )]);
    for (required, is_placeholder) in [
        ("v0.0.0", true),
        ("v0.0.0-00010101000000-000000000000", true),
        ("v2.0.0-00010101000000-000000000000", true),
        ("v0.0.0-unpublished", true),
        ("v0.0.0-20260102030405-abcdefabcdef", false),
        ("v1.1.0", false),
    ] {
        for (path, version) in [
            ("./net", ""),
            ("../net", "(devel)"),
            ("example.com/fork", "v0.0.0-20260102030405-abcdefabcdef"),
        ] {
            let mut binary = program(&[(NET, required)], &[("golang.org/x/net/http2", &["F"])]);
            replace_first(&mut binary, path, version);
            let program = judged(&binary, &database);
            let (findings, reasons): (&[&str], Vec<_>) = match is_placeholder {
                true => (
                    &["GO-2026-0001 package"],
                    vec![(Some(NET), UnjudgedReason::NoVersion)],
                ),
                false => (&[], vec![]),
            };
            assert_eq!(short(&program), findings, "{required} {path}");
            assert_eq!(why(&program), reasons, "{required} {path}");
        }
    }
    // The authors of a module may have called a version that.
    let listed = program(&[(NET, "v0.0.0")], &[]);
    assert_eq!(why(&judged(&listed, &database)), []);
}

#[test]
fn the_module_of_a_program_made_of_files_is_not_judged() {
    let database = database(&[entry("GO-2026-0001", NET, "introduced 1.2.0", &[])]);
    let mut binary = program(&[(NET, "v0.30.0")], &[]);
    let info = binary.build_info.as_mut().unwrap();
    info.main = Module::default();
    info.path = "command-line-arguments".to_owned();
    binary.main_package = Some(info.path.clone());
    let reason = (Some("command-line-arguments"), UnjudgedReason::Devel);
    assert_eq!(why(&judged(&binary, &database)), [reason]);
    binary.build_info.as_mut().unwrap().path = "command-line-arguments.test".to_owned();
    assert_eq!(why(&judged(&binary, &database)), [reason]);
}

/// With GOFIPS140 the packages of a frozen module are linked, under paths of their own.
#[test]
fn frozen_packages_are_found_and_lack_fixes() {
    let package = "crypto/internal/fips140/ecdsa";
    let named = |symbol: &str| vec![format!("{package}: {symbol}")];
    let entry = |id: &str, fixed: &str, symbol: &str| {
        let imports = named(symbol);
        let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
        entry(
            id,
            "stdlib",
            &format!("introduced 0, fixed {fixed}"),
            &imports,
        )
    };
    let database = database(&[
        entry("GO-2026-0001", "1.99.0", "Verify"),
        entry("GO-2026-0002", "1.99.0", "Missing"),
        entry("GO-2026-0003", "1.24.1", "Verify"),
        entry("GO-2026-0004", "1.24.1", "Missing"),
    ]);
    let frozen = "crypto/internal/fips140/v1.0.0-c2097c7c/ecdsa";
    for (path, is_frozen) in [(frozen, true), (package, false)] {
        let program = judged(&program(&[], &[(path, &["Verify"])]), &database);
        assert_eq!(
            short(&program),
            ["GO-2026-0001 symbol", "GO-2026-0002 package"]
        );
        let absent: Vec<bool> = program.findings.iter().map(|f| f.absent).collect();
        assert_eq!(absent, [false, true]);
        let reasons = match is_frozen {
            true => vec![(Some("stdlib"), UnjudgedReason::FipsModule)],
            false => vec![],
        };
        assert_eq!(why(&program), reasons);
        let entries = program.unjudged.iter().flat_map(|row| &row.entries);
        let entries: Vec<&String> = entries.collect();
        assert_eq!(entries.contains(&&"GO-2026-0003".to_owned()), is_frozen);
        assert!(entries.len() <= 1);
    }
}

#[test]
fn a_main_module_without_version_is_what_it_claims() {
    let database = database(&[entry(
        "GO-2026-0001",
        "example.com/app",
        "introduced 0, fixed 2.0.0",
        &["example.com/app: main"],
    )]);
    let mut binary = program(&[], &[("example.com/app", &["main"])]);
    let main = |binary: &mut Binary, version: &str| {
        binary.build_info.as_mut().unwrap().main.version = version.to_owned();
    };
    main(&mut binary, "(devel)");
    let unknown = judged(&binary, &database);
    assert_eq!(unknown.findings, []);
    assert_eq!(
        why(&unknown),
        [(Some("example.com/app"), UnjudgedReason::Devel)]
    );
    assert_eq!(unknown.unjudged[0].entries, ["GO-2026-0001"]);
    binary.versions = Some(vec![VersionClaim {
        value: "1.4.0".into(),
        source: VersionSource::XFlag.into(),
        name: Some("main.version".into()),
    }]);
    let claimed = judged(&binary, &database);
    assert_eq!(short(&claimed), ["GO-2026-0001 symbol"]);
    let finding = &claimed.findings[0];
    assert_eq!(
        (finding.version.as_deref(), finding.version_from),
        (Some("1.4.0"), VersionFrom::Claim)
    );
    assert_eq!(claimed.unjudged, []);
    main(&mut binary, "v2.0.0+dirty");
    assert_eq!(judged(&binary, &database).findings, []);
}

#[test]
fn without_a_function_table_the_level_stays_below_symbol() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0",
            &["golang.org/x/net/http2: F"],
        ),
        entry(
            "GO-2026-0002",
            NET,
            "introduced 0",
            &["golang.org/x/net/proxy: F"],
        ),
    ]);
    let mut binary = program(&[(NET, "v0.30.0")], &[]);
    let linked: &[(&str, &[&str])] = &[("golang.org/x/net/http2", &["F"])];
    binary.functions = Some(functions_of(linked, FunctionSource::SymbolTable, false));
    let program = judged(&binary, &database);
    assert_eq!(
        short(&program),
        ["GO-2026-0001 package", "GO-2026-0002 module"]
    );
    assert!(
        program
            .findings
            .iter()
            .all(|f| !f.absent && f.symbols.is_empty())
    );
    assert_eq!(why(&program), [(Some(NET), UnjudgedReason::NoFunctions)]);
    binary.functions = None;
    let program = judged(&binary, &database);
    assert_eq!(
        short(&program),
        ["GO-2026-0001 module", "GO-2026-0002 module"]
    );
    assert_eq!(why(&program), [(Some(NET), UnjudgedReason::NoFunctions)]);
    // A table that is cut proves nothing that is not in it.
    binary.functions = Some(functions_of(linked, FunctionSource::FunctionTable, false));
    let program = judged(&binary, &database);
    assert_eq!(
        short(&program),
        ["GO-2026-0001 symbol", "GO-2026-0002 module"]
    );
    assert!(program.findings.iter().all(|f| !f.absent));
    assert_eq!(why(&program), [(Some(NET), UnjudgedReason::NoFunctions)]);
    // What it names is judged.
    let found = self::database(&[entry(
        "GO-2026-0001",
        NET,
        "introduced 0",
        &["golang.org/x/net/http2: F"],
    )]);
    assert_eq!(why(&judged(&binary, &found)), []);
}
