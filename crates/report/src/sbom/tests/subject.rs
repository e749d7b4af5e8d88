//! What a bill is about.

use super::*;

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
