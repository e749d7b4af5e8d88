//! Databases and records for tests.

use gospect_record::{
    Binary, BuildInfo, Executable, FunctionSource, Functions, Module, ModuleList, functions,
};
use gospect_vuln::database::{About, Builder, Database, parse};
use serde_json::{Value, json};

/// A database of these documents.
pub fn database(documents: &[Value]) -> Database {
    let mut builder = Builder::default();
    for document in documents {
        let document = parse(document.to_string().as_bytes()).unwrap().unwrap();
        builder.add(document).unwrap();
    }
    let about = About {
        source: "test".to_owned(),
        date: Some("2026-11-05T00:00:00Z".to_owned()),
    };
    builder.finish(&about, true).unwrap()
}

/// A document about one module: events as `introduced 0, fixed 1.2.3`, imports as `path: symbol symbol`.
pub fn entry(id: &str, module: &str, events: &str, imports: &[&str]) -> Value {
    let events: Vec<Value> = events
        .split(", ")
        .filter_map(|e| e.split_once(' '))
        .map(|(kind, at)| json!({ kind: at }))
        .collect();
    let imports: Vec<Value> = imports
        .iter()
        .map(|import| match import.split_once(": ") {
            Some((path, symbols)) => {
                json!({ "path": path, "symbols": symbols.split(' ').collect::<Vec<_>>() })
            }
            None => json!({ "path": import }),
        })
        .collect();
    json!({
        "schema_version": "1.3.1", "id": id, "modified": "2026-01-02T03:04:05Z", "aliases": [id.replace("GO-", "CVE-")],
        "summary": format!("Summary of {id}"),
        "affected": [{
            "package": { "name": module, "ecosystem": "Go" },
            "ranges": [{ "type": "SEMVER", "events": events }],
            "ecosystem_specific": { "imports": imports },
        }],
        "database_specific": { "review_status": "REVIEWED" },
    })
}

/// A program with functions as `package.Function`, complete.
pub fn program(modules: &[(&str, &str)], linked: &[(&str, &[&str])]) -> Binary {
    let module = |(path, version): &(&str, &str)| Module {
        path: (*path).to_owned(),
        version: (*version).to_owned(),
        ..Module::default()
    };
    Binary {
        path: "dist/app".to_owned(),
        executable: Executable {
            os: Some("linux".to_owned()),
            arch: Some("amd64".to_owned()),
            ..Executable::default()
        },
        go_version: Some("go1.24.2".to_owned()),
        go_version_raw: Some("go1.24.2".to_owned()),
        main_package: Some("example.com/app".to_owned()),
        module_list: Some(ModuleList::Recorded.into()),
        build_info: Some(BuildInfo {
            path: "example.com/app".to_owned(),
            main: module(&("example.com/app", "v1.0.0")),
            deps: modules.iter().map(module).collect(),
            ..BuildInfo::default()
        }),
        functions: Some(functions_of(linked, FunctionSource::FunctionTable, true)),
        ..Binary::default()
    }
}

/// Functions by package.
pub fn functions_of(
    linked: &[(&str, &[&str])],
    source: FunctionSource,
    complete: bool,
) -> Functions {
    let mut builder = functions::Builder::default();
    for (package, names) in linked {
        let place = builder.package(package);
        for name in *names {
            builder.add(place, name.as_bytes(), b"");
        }
    }
    builder.finish(source, complete)
}
