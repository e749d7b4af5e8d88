//! The components of a bill: programs, modules, the standard library.

use super::*;

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
        let found = program_purl(&binary);
        let bare = found.as_deref().map(|p| p.split('@').next().unwrap());
        assert_eq!(bare, purl, "{package}");
    }
}
