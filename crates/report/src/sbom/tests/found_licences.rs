//! Licences in a bill.

use super::*;

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
