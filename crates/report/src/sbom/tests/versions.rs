//! The versions of CycloneDX and SPDX.

use super::*;

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
