use super::*;
use gospect_bytes::{Budget, Use};
use gospect_record::Document;
use serde_json::Value;
use std::collections::BTreeSet;
use test_support::records as sample;

fn remarks() -> Vec<Remark> {
    vec![
        Remark {
            binary: Some(0),
            rule: "stale-toolchain".into(),
            code: "GS001".into(),
            level: "warning".into(),
            message: sample::HOSTILE.into(),
            ..Remark::default()
        },
        Remark {
            rule: "mixed-releases".into(),
            level: "note".into(),
            message: "3 releases".into(),
            ..Remark::default()
        },
    ]
}

type Write = fn(&Input, &mut dyn std::io::Write) -> std::io::Result<()>;

fn bytes(write: Write, document: &Document, time: u64) -> Vec<u8> {
    bytes_of(write, document, time, spec::CycloneDx::default())
}

fn bytes_of(write: Write, document: &Document, time: u64, spec: spec::CycloneDx) -> Vec<u8> {
    let remarks = remarks();
    let mut inventory = Inventory::new(document.run.clone(), 64 << 20);
    for line in document.clone().lines() {
        inventory.push(&line).unwrap();
    }
    let mut out = Vec::new();
    write(
        &Input {
            spec,
            spdx: spec::Spdx::default(),
            licences: None,
            inventory: &inventory,
            remarks: &remarks,
            vulnerabilities: &[],
            subject: Subject::default(),
            time,
        },
        &mut out,
    )
    .unwrap();
    out
}

fn value(write: Write, document: &Document) -> Value {
    serde_json::from_slice(&bytes(write, document, 1_790_000_000)).unwrap()
}

/// A bill in a format and a version of SPDX, about what the user names.
fn bill_about(write: Write, spdx: spec::Spdx, subject: Subject, document: &Document) -> Value {
    let mut inventory = Inventory::new(document.run.clone(), 64 << 20);
    for line in document.clone().lines() {
        inventory.push(&line).unwrap();
    }
    let mut out = Vec::new();
    let input = Input {
        spec: spec::CycloneDx::default(),
        spdx,
        licences: None,
        inventory: &inventory,
        remarks: &[],
        vulnerabilities: &[],
        subject,
        time: 1_790_000_000,
    };
    write(&input, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn a_bill_is_about_the_release_that_the_user_names() {
    let document = sample::document();
    let named = Subject {
        name: Some("app"),
        version: Some("v1.4.2"),
    };
    let next = Subject {
        version: Some("v1.4.3"),
        ..named
    };
    let two = spec::Spdx::default();
    let three = spec::Spdx::V3_0;
    let cyclonedx = |subject| bill_about(cyclonedx::write, two, subject, &document);
    let spdx = |version, subject| bill_about(spdx::write, version, subject, &document);

    let component = &cyclonedx(named)["metadata"]["component"];
    assert_eq!(component["name"], "app");
    assert_eq!(component["version"], "v1.4.2");
    let bill = spdx(two, named);
    assert_eq!(bill["name"], "app");
    assert_eq!(bill["packages"][0]["name"], "app");
    assert_eq!(bill["packages"][0]["versionInfo"], "v1.4.2");
    let bill = spdx(three, named);
    let elements = bill["@graph"].as_array().unwrap();
    let of = |kind: &str| elements.iter().find(|element| element["type"] == kind);
    let subject = of("software_Package").unwrap();
    assert_eq!(subject["name"], "app");
    assert_eq!(subject["software_packageVersion"], "v1.4.2");
    assert_eq!(of("SpdxDocument").unwrap()["name"], "app");

    // Bills of two releases are two documents.
    let ids = [Subject::default(), named, next].map(|subject| {
        [
            cyclonedx(subject)["serialNumber"].clone(),
            spdx(two, subject)["documentNamespace"].clone(),
            spdx(three, subject)["@graph"][1]["spdxId"].clone(),
        ]
    });
    let [unnamed, first, second] = &ids;
    for number in 0..first.len() {
        assert!(first[number].is_string(), "{ids:?}");
        assert_ne!(unnamed[number], first[number]);
        assert_ne!(first[number], second[number]);
    }
}

#[test]
fn one_program_or_a_named_release_is_an_application() {
    let mut document = sample::document();
    let named = Subject {
        name: Some("app"),
        version: None,
    };
    let kinds = |document: &Document, subject| {
        let two = spec::Spdx::default();
        let cyclonedx = bill_about(cyclonedx::write, two, subject, document);
        let spdx = bill_about(spdx::write, two, subject, document);
        [
            cyclonedx["metadata"]["component"]["type"].clone(),
            spdx["packages"][0]["primaryPackagePurpose"].clone(),
        ]
    };
    assert!(document.binaries.len() > 1);
    assert_eq!(kinds(&document, Subject::default()), ["file", "OTHER"]);
    assert_eq!(kinds(&document, named), ["application", "APPLICATION"]);
    document
        .binaries
        .retain(|binary| binary.location.image.is_none());
    document.binaries.truncate(1);
    let one = kinds(&document, Subject::default());
    assert_eq!(one, ["application", "APPLICATION"]);
}

/// Names and versions of the libraries in either format.
fn libraries(bill: &Value) -> BTreeSet<(String, String)> {
    let rows = bill
        .get("packages")
        .or_else(|| bill.get("components"))
        .unwrap()
        .as_array()
        .unwrap();
    let is = |row: &Value| row["type"] == "library" || row["primaryPackagePurpose"] == "LIBRARY";
    let version = |row: &Value| {
        row.get("version")
            .or_else(|| row.get("versionInfo"))
            .cloned()
            .unwrap_or_default()
    };
    rows.iter()
        .filter(|row| is(row))
        .map(|row| {
            (
                row["name"].as_str().unwrap().to_owned(),
                version(row).as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn every_recorded_module_is_there_as_it_was_built_and_none_else() {
    let mut document = sample::document();
    document.binaries.truncate(2);
    let expected = [
        ("example.com/fork/sys", "v0.41.1"),
        ("github.com/BurntSushi/toml", ""),
        ("github.com/BurntSushi/toml", "v1.5.0"),
        ("golang.org/x/sys", "v0.41.0"),
        ("gopkg.in/yaml.v3", "v3.0.1"),
        ("stdlib", "go1.21.13"),
        ("stdlib", "go1.27.3"),
    ];
    for &Format {
        name: format,
        write,
        ..
    } in FORMATS
    {
        let found = libraries(&value(write, &document));
        let found: Vec<_> = found
            .iter()
            .map(|(name, version)| (name.as_str(), version.as_str()))
            .collect();
        assert_eq!(found, expected, "{format}");
    }
}

#[test]
fn each_binary_depends_on_its_own_modules() {
    let mut document = sample::document();
    document.binaries.truncate(2);
    let cyclonedx = value(cyclonedx::write, &document);
    let counts: Vec<_> = cyclonedx["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["dependsOn"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [2, 4, 4], "of what was scanned, and of each binary");
    let spdx = value(spdx::write, &document);
    let edges = spdx["relationships"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["relationshipType"] == "DEPENDS_ON");
    assert_eq!(edges.count(), 8);
}

#[test]
fn binaries_are_nested_by_image_and_layer() {
    let bill = value(cyclonedx::write, &sample::document());
    let image = &bill["components"][0];
    assert_eq!(
        (&image["type"], &image["name"]),
        (&"container".into(), &"registry.example/app:1.0".into())
    );
    let binary = &image["components"][0]["components"][0];
    assert_eq!(binary["type"], "application");
    assert_eq!(binary["version"], "1.0.3", "the best claim, not (devel)");
    assert_eq!(
        binary["purl"], "pkg:golang/example.com/hello@1.0.3",
        "what has a version has it in its purl"
    );
    let spdx = value(spdx::write, &sample::document());
    let purposes: Vec<_> = spdx["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["primaryPackagePurpose"].as_str().unwrap())
        .collect();
    assert_eq!(
        purposes[..4],
        ["OTHER", "CONTAINER", "ARCHIVE", "APPLICATION"]
    );
}

#[test]
fn module_sums_are_hashes_and_text() {
    let mut document = sample::document();
    document.binaries.truncate(1);
    // The sum in the samples is that of an empty list.
    let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for &Format {
        name: format,
        write,
        ..
    } in FORMATS
    {
        let text = String::from_utf8(bytes(write, &document, 0)).unwrap();
        assert_eq!(text.matches("h1:47DEQpj8HBSa").count(), 3, "{format}");
        assert_eq!(text.matches(hex).count(), 3, "{format}");
    }
    assert_eq!(
        sha256_of_sum("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").as_deref(),
        Some(hex)
    );
    for wrong in [
        "",
        "h1:",
        "h1:AAAA",
        "h2:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ] {
        assert_eq!(sha256_of_sum(wrong), None, "{wrong}");
    }
}

#[test]
fn every_component_has_evidence_of_the_files_it_was_seen_in() {
    let mut document = sample::document();
    document.binaries.truncate(2);
    let bill = value(cyclonedx::write, &document);
    let paths: Vec<_> = document.binaries.iter().map(|b| b.path.clone()).collect();
    let mut seen = 0;
    for part in bill["components"].as_array().unwrap() {
        if part["type"] != "library" {
            continue;
        }
        seen += 1;
        let evidence = &part["evidence"];
        assert!(
            evidence["identity"][0]["methods"][0]["confidence"]
                .as_f64()
                .unwrap()
                > 0.0
        );
        let users = bill["dependencies"].as_array().unwrap().iter();
        let users = users.filter(|d| d["ref"] != "subject").filter(|d| {
            d["dependsOn"]
                .as_array()
                .unwrap()
                .contains(&part["bom-ref"])
        });
        let files = evidence["occurrences"].as_array().unwrap();
        assert_eq!(files.len(), users.count());
        for file in files {
            assert!(paths.iter().any(|path| file["location"] == **path));
        }
    }
    assert_eq!(seen, 7);
}

#[test]
fn settings_verdicts_and_findings_are_kept() {
    let document = sample::document();
    let bill = value(cyclonedx::write, &document);
    let text = bill.to_string();
    for name in [
        "gospect:setting:-ldflags",
        "gospect:claim:go-version",
        "gospect:finding:stale-toolchain",
        "gospect:unexamined",
    ] {
        assert!(text.contains(name), "{name}");
        assert!(
            value(spdx::write, &document).to_string().contains(name),
            "{name}"
        );
    }
    let properties = bill["metadata"]["properties"].to_string();
    assert!(
        properties.contains("mixed-releases"),
        "findings about the whole scan stand at the top"
    );
}

#[test]
fn only_the_time_differs_between_two_runs() {
    let document = sample::document();
    for &Format {
        name: format,
        write,
        ..
    } in FORMATS
    {
        assert_eq!(
            bytes(write, &document, 7),
            bytes(write, &document, 7),
            "{format}"
        );
        let at = |time| String::from_utf8(bytes(write, &document, time)).unwrap();
        let (early, late) = (at(0), at(1_790_000_000));
        assert_ne!(early, late);
        assert_eq!(
            early.replace(&date(0), &date(1_790_000_000)),
            late,
            "{format}"
        );
        let mut other = document.clone();
        other.binaries[0].size += 1;
        let name = |v: Value| {
            v.get("serialNumber")
                .or_else(|| v.get("documentNamespace"))
                .unwrap()
                .clone()
        };
        assert_ne!(
            name(value(write, &document)),
            name(value(write, &other)),
            "{format}"
        );
    }
}

#[test]
fn dates() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_795_395_661, "2026-11-23T01:01:01Z"),
        (u64::MAX, "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(date(seconds), text);
    }
}

/// The schema of CycloneDX 1.7 has 1,024 characters for a version.
#[test]
fn a_version_that_the_schema_does_not_allow_is_only_in_the_package_url() {
    let bill = |length: usize| {
        let mut document = sample::document();
        document.binaries.truncate(1);
        let info = document.binaries[0].build_info.as_mut().unwrap();
        let module = &mut info.deps[0];
        module.path = "example.com/long".to_owned();
        module.version = format!("v1.0.0-{}", "a".repeat(length - 7));
        module.replace = None;
        let bill = value(cyclonedx::write, &document);
        let rows = bill["components"].as_array().unwrap();
        rows.iter()
            .find(|row| row["name"] == "example.com/long")
            .unwrap()
            .clone()
    };
    assert_eq!(bill(1024)["version"].as_str().unwrap().len(), 1024);
    let longer = bill(1025);
    assert_eq!(longer.get("version"), None);
    assert!(
        longer["purl"]
            .as_str()
            .unwrap()
            .ends_with(&"a".repeat(1018))
    );
}

/// Runs `scripts/validate-sbom.py` with the official schemas.
#[test]
fn both_formats_validate() {
    let script = test_support::root().join("scripts/validate-sbom.py");
    let dir = tempfile::tempdir().unwrap();
    let mut empty = sample::document();
    empty.binaries.clear();
    empty.images.clear();
    let mut command = std::process::Command::new("python3");
    command.arg(script);
    for &Format {
        name: format,
        write,
        ..
    } in FORMATS
    {
        for (kind, document) in [("full", &sample::document()), ("empty", &empty)] {
            let path = dir.path().join(format!("{format}-{kind}.json"));
            std::fs::write(&path, bytes(write, document, 1_790_000_000)).unwrap();
            command.arg(path);
        }
    }
    let Ok(output) = command.output() else {
        return test_support::skip::skipped("python3", "");
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(3) {
        return test_support::skip::skipped("jsonschema", "");
    }
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_name_left_out_is_a_column() {
    for name in ELSEWHERE {
        assert!(
            csv::COLUMNS.iter().any(|column| column.name == *name),
            "{name}"
        );
    }
}

#[test]
fn a_bill_beyond_the_memory_is_refused() {
    let document = sample::document();
    let push = |memory: u64| {
        let mut inventory = Inventory::new(document.run.clone(), memory);
        let mut lines = document.clone().lines();
        lines.try_for_each(|line| inventory.push(&line))
    };
    assert_eq!(push(1 << 20), Ok(()));
    assert_eq!(push(8 << 10), Err(Budget::of(8 << 10, Use::Bill).full()));
}

#[test]
fn a_development_tree_is_no_release() {
    let raw = "devel go1.28-8a1b2c3d4e Mon Nov 2 10:00:00 2026 +0000";
    let mut document = sample::document();
    document.binaries.truncate(1);
    document.binaries[0].go_version = Some("go1.28".into());
    document.binaries[0].go_version_raw = Some(raw.into());
    for &Format { name, write, .. } in FORMATS {
        let found = libraries(&value(write, &document));
        let found: Vec<_> = found.iter().filter(|(name, _)| name == "stdlib").collect();
        assert_eq!(found, [&("stdlib".to_owned(), raw.to_owned())], "{name}");
    }
}

#[test]
fn the_purl_of_a_program_without_modules_is_that_of_its_certain_module() {
    let mut binary = sample::clean();
    binary.build_info.as_mut().unwrap().main = gospect_record::Module::default();
    for (package, purl) in [
        (
            "github.com/cli/cli/v2/cmd/gh",
            Some("pkg:golang/github.com/cli/cli/v2"),
        ),
        (
            "github.com/cli/cli/cmd/gh",
            Some("pkg:golang/github.com/cli/cli"),
        ),
        (
            "gopkg.in/odd.v2/cmd/odd",
            Some("pkg:golang/gopkg.in/odd.v2"),
        ),
        ("example.org/a/b", Some("pkg:golang/example.org/a/b")),
        ("main", None),
        ("command-line-arguments", None),
        ("cmd/go", None),
    ] {
        binary.main_package = Some(package.to_owned());
        let found = super::program_purl(&binary);
        let bare = found.as_deref().map(|p| p.split('@').next().unwrap());
        assert_eq!(bare, purl, "{package}");
    }
}

#[test]
fn older_versions_leave_out_what_they_have_no_place_for() {
    let bill = |spec| -> Value {
        let bytes = bytes_of(cyclonedx::write, &sample::document(), 1_790_000_000, spec);
        serde_json::from_slice(&bytes).unwrap()
    };
    let newest = bill(spec::CycloneDx::V1_7);
    for version in spec::CycloneDx::ALL {
        let bill = bill(version);
        assert_eq!(bill["specVersion"], version.name());
        let components = bill["components"].as_array().unwrap();
        let evidence = |key: &str| {
            components
                .iter()
                .filter(|c| c.pointer(key).is_some())
                .count()
        };
        let (with_list, with_one) = (
            evidence("/evidence/identity/0"),
            evidence("/evidence/identity/field"),
        );
        match version.name() {
            "1.4" => assert_eq!(
                (evidence("/evidence"), bill["metadata"].get("lifecycles")),
                (0, None)
            ),
            "1.5" | "1.6" => assert!(with_one > 0 && with_list == 0),
            _ => assert!(with_one == 0 && with_list > 0),
        }
        let tool = if version.name() == "1.4" {
            "/metadata/tools/0/name"
        } else {
            "/metadata/tools/components/0/name"
        };
        assert_eq!(bill.pointer(tool), Some(&Value::from("gospect")));
        // Nothing else differs.
        assert_eq!(libraries(&bill), libraries(&newest));
        assert_eq!(bill["dependencies"], newest["dependencies"]);
        assert_eq!(bill["compositions"], newest["compositions"]);
    }
    assert_eq!(spec::CycloneDx::parse("1.3"), None);
    for format in FORMATS.iter().filter(|f| f.name == "cyclonedx") {
        let names = spec::CycloneDx::ALL.map(spec::CycloneDx::name);
        assert_eq!(format.versions, names);
    }
}

#[test]
fn licences_that_somebody_found_are_listed_and_others_said_to_be_unknown() {
    let document = sample::document();
    let mut inventory = Inventory::new(document.run.clone(), 64 << 20);
    for line in document.clone().lines() {
        inventory.push(&line).unwrap();
    }
    let mut modules: Vec<(String, String)> = inventory
        .modules()
        .map(|(path, version)| (path.to_owned(), version.to_owned()))
        .collect();
    modules.sort();
    modules.dedup();
    assert!(modules.len() > 2, "{modules:?}");
    let found = ["MIT", "BSD-3-Clause AND MPL-2.0"].map(|text| Some(text.to_owned()));
    let found = found.into_iter().chain(std::iter::repeat(None));
    let licences = modules
        .iter()
        .cloned()
        .zip(found.map(|expression| licences::Licence {
            expression,
            how: "LICENSE".to_owned(),
        }));
    let licences = licences::Licences(licences.collect());
    let versioned = |write: Write, licences, spdx| -> Value {
        let mut out = Vec::new();
        let input = Input {
            spec: spec::CycloneDx::default(),
            spdx,
            licences,
            inventory: &inventory,
            remarks: &[],
            vulnerabilities: &[],
            subject: Subject::default(),
            time: 1_790_000_000,
        };
        write(&input, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    };
    let bill = |write, licences| versioned(write, licences, spec::Spdx::V2_3);
    let cyclonedx = bill(cyclonedx::write, Some(&licences));
    let components = cyclonedx["components"].as_array().unwrap();
    let with = |pointer: &str, value: &str| {
        let is = |c: &&Value| c.pointer(pointer) == Some(&Value::from(value));
        components.iter().filter(is).count()
    };
    assert_eq!(with("/licenses/0/license/id", "MIT"), 1);
    assert_eq!(
        with("/licenses/0/expression", "BSD-3-Clause AND MPL-2.0"),
        1
    );
    let text = cyclonedx.to_string();
    assert!(text.contains("of LICENSE") && text.contains("unknown: LICENSE"));
    let spdx = bill(spdx::write, Some(&licences));
    let packages = spdx["packages"].as_array().unwrap();
    let declared = |value: &str| {
        packages
            .iter()
            .filter(|p| p["licenseDeclared"] == value)
            .count()
    };
    assert_eq!(
        (declared("MIT"), declared("BSD-3-Clause AND MPL-2.0")),
        (1, 1)
    );
    assert_ne!(
        spdx["documentNamespace"],
        bill(spdx::write, None)["documentNamespace"]
    );
    assert!(
        !bill(cyclonedx::write, None)
            .to_string()
            .contains("gospect:license")
    );
}

/// SPDX 3.0 says the same as 2.3, in elements with addresses that all exist.
#[test]
fn spdx_3_has_what_spdx_2_has() {
    let document = sample::document();
    let old = value(spdx::write, &document);
    let mut inventory = Inventory::new(document.run.clone(), 64 << 20);
    for line in document.clone().lines() {
        inventory.push(&line).unwrap();
    }
    let remarks = remarks();
    let mut out = Vec::new();
    let modules: Vec<_> = inventory
        .modules()
        .map(|(p, v)| (p.to_owned(), v.to_owned()))
        .collect();
    let mit = licences::Licence {
        expression: Some("MIT".to_owned()),
        how: "LICENSE".to_owned(),
    };
    let licences = licences::Licences(
        modules
            .iter()
            .cloned()
            .map(|key| (key, mit.clone()))
            .collect(),
    );
    let input = Input {
        spec: spec::CycloneDx::default(),
        spdx: spec::Spdx::V3_0,
        licences: Some(&licences),
        inventory: &inventory,
        remarks: &remarks,
        vulnerabilities: &[],
        subject: Subject::default(),
        time: 1_790_000_000,
    };
    spdx::write(&input, &mut out).unwrap();
    let new: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        new["@context"],
        "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
    );
    let graph = new["@graph"].as_array().unwrap();
    let of = |kind: &str| {
        graph
            .iter()
            .filter(|e| e["type"] == kind)
            .collect::<Vec<_>>()
    };
    let texts = |all: &[&Value], key: &str| -> BTreeSet<String> {
        all.iter()
            .filter_map(|e| Some(e.get(key)?.as_str()?.to_owned()))
            .collect()
    };
    let old_packages: Vec<&Value> = old["packages"].as_array().unwrap().iter().collect();
    let packages = of("software_Package");
    assert_eq!(packages.len(), old_packages.len());
    assert_eq!(texts(&packages, "name"), texts(&old_packages, "name"));
    assert_eq!(
        texts(&packages, "software_packageVersion"),
        texts(&old_packages, "versionInfo")
    );
    assert!(
        packages
            .iter()
            .any(|p| p["verifiedUsing"][0]["algorithm"] == "sha256")
    );
    let relationships = of("Relationship");
    let count = |kind: &str| {
        relationships
            .iter()
            .filter(|r| r["relationshipType"] == kind)
            .count()
    };
    let old_count = |kind: &str| {
        let all = old["relationships"].as_array().unwrap();
        all.iter().filter(|r| r["relationshipType"] == kind).count()
    };
    assert_eq!(count("contains"), old_count("CONTAINS"));
    assert_eq!(count("dependsOn"), old_count("DEPENDS_ON"));
    assert_eq!(
        count("hasDeclaredLicense"),
        of("simplelicensing_LicenseExpression").len()
    );
    assert!(count("hasDeclaredLicense") > 0);
    let notes = old_packages
        .iter()
        .filter_map(|p| Some(p.get("annotations")?.as_array()?.len()));
    assert!(of("Annotation").len() >= notes.sum());
    // Each address stands once, and what is referred to is there.
    let elements: Vec<&Value> = graph.iter().collect();
    let addresses = texts(&elements, "spdxId");
    assert_eq!(
        addresses.len() + 1,
        graph.len(),
        "the account of who made them has no address"
    );
    for relationship in &relationships {
        assert!(addresses.contains(relationship["from"].as_str().unwrap()));
        assert!(addresses.contains(relationship["to"][0].as_str().unwrap()));
    }
    for root in [of("SpdxDocument"), of("software_Sbom")] {
        assert!(addresses.contains(root[0]["rootElement"][0].as_str().unwrap()));
    }
}
