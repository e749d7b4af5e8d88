//! Bills of every stored program: each holds exactly the modules that `go version -m` lists, as they were built.

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use support::cli::{command, finish};
use support::fixtures::fixtures;

type Parts = BTreeSet<(String, String)>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What Go says: a replaced module as what took its place; a directory has no version of its own, so the original path stands.
fn recorded(info: &Value) -> Parts {
    let deps = info["Deps"].as_array().map(Vec::as_slice);
    let one = |module: &Value| match module.get("Replace") {
        Some(by) if !["", "(devel)"].contains(&by["Version"].as_str().unwrap_or("")) => {
            (text(&by["Path"]), text(&by["Version"]))
        }
        Some(_) => (text(&module["Path"]), String::new()),
        None => (text(&module["Path"]), text(&module["Version"])),
    };
    deps.unwrap_or_default().iter().map(one).collect()
}

/// Name of the program's file to the parts it depends on, of a CycloneDX bill.
fn cyclonedx(bill: &Value) -> BTreeMap<String, Parts> {
    let parts = bill["components"].as_array().unwrap();
    let by_ref: BTreeMap<_, _> = parts.iter().map(|p| (text(&p["bom-ref"]), p)).collect();
    let edges = bill["dependencies"].as_array().unwrap().iter();
    let edges: BTreeMap<_, _> = edges.map(|e| (text(&e["ref"]), &e["dependsOn"])).collect();
    let programs = parts.iter().filter(|p| p["type"] == "application");
    programs
        .map(|program| {
            let path = text(&program["evidence"]["occurrences"][0]["location"]);
            let own = edges[&text(&program["bom-ref"])].as_array().unwrap();
            let own = own.iter().map(|part| by_ref[&text(part)]);
            (
                path,
                own.map(|p| (text(&p["name"]), text(&p["version"])))
                    .collect(),
            )
        })
        .collect()
}

fn spdx(bill: &Value) -> BTreeMap<String, Parts> {
    let packages = bill["packages"].as_array().unwrap().iter();
    let packages: BTreeMap<_, _> = packages.map(|p| (text(&p["SPDXID"]), p)).collect();
    let mut found = BTreeMap::<String, Parts>::new();
    for relation in bill["relationships"].as_array().unwrap() {
        if relation["relationshipType"] == "DEPENDS_ON" {
            let program = packages[&text(&relation["spdxElementId"])];
            let part = packages[&text(&relation["relatedSpdxElement"])];
            let part = (text(&part["name"]), text(&part["versionInfo"]));
            found
                .entry(text(&program["packageFileName"]))
                .or_default()
                .insert(part);
        }
    }
    found
}

#[test]
fn every_module_that_go_lists_is_there_and_none_else() {
    for (format, read) in [
        (
            "cyclonedx",
            cyclonedx as fn(&Value) -> BTreeMap<String, Parts>,
        ),
        ("spdx", spdx),
    ] {
        let out = finish(command().current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "sbom",
            "--facts",
            "build-info",
            "--format",
            format,
            "testdata/fixtures",
        ]));
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let files = read(&serde_json::from_str(&out.stdout).unwrap());
        let mut compared = 0;
        for row in fixtures() {
            let Some(info) = &row.go_json else { continue };
            let path = format!("testdata/fixtures/{}.tar.xz!{}", row.group, row.id);
            let mut found = files
                .get(&path)
                .unwrap_or_else(|| panic!("{format}: nothing for {path}"))
                .clone();
            let toolchains: Vec<_> = found.iter().filter(|p| p.0 == "stdlib").cloned().collect();
            assert_eq!(toolchains.len(), 1, "{format}: {path}");
            assert!(
                text(&info["GoVersion"])
                    .trim_start_matches("devel ")
                    .starts_with(&toolchains[0].1),
                "{format}: {path}"
            );
            found.remove(&toolchains[0]);
            assert_eq!(found, recorded(info), "{format}: {path}");
            compared += 1;
        }
        assert!(compared > 80, "only {compared} programs were compared");
    }
}
