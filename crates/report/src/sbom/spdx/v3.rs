//! SPDX 3.0.1 as JSON-LD, from the packages and relationships of SPDX 2.3. Source: the model of the specification
//! (<https://spdx.github.io/spdx-spec/v3.0.1/>, profiles Core, Software and SimpleLicensing).
//!
//! Everything is an element with an address of its own: notes are `Annotation` elements about a package, a declared licence is an element
//! and a relationship to it. Addresses are those of SPDX 2.3 behind the namespace of the document.

use super::{Bill, SUBJECT};
use crate::each::Each;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The meaning of the names in the document.
const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
/// The one account of who made the elements and when.
const CREATION: &str = "_:creationinfo";
/// What SPDX 2.3 writes where nothing is known; SPDX 3.0 leaves it out.
const NOTHING: &str = "NOASSERTION";

#[derive(Serialize)]
struct Document<G> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@graph")]
    graph: G,
}

/// Writes the document with this name.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(
    bill: Bill<'_>,
    name: &str,
    namespace: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let elements = Elements { bill, namespace };
    let document = Document {
        context: CONTEXT,
        graph: Each(|| elements.all(name)),
    };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Makes elements of the bill.
#[derive(Clone, Copy)]
struct Elements<'a> {
    bill: Bill<'a>,
    namespace: &'a str,
}

impl<'a> Elements<'a> {
    fn all(self, name: &str) -> impl Iterator<Item = Value> + use<'a> {
        let packages = self.bill.packages();
        let packages = packages.flat_map(move |package| self.package(&package));
        // The document describes the subject as its root element.
        let relationships = self.bill.relationships();
        let relationships =
            relationships.filter(|all| text(all, "relationshipType") != "DESCRIBES");
        let relationships = relationships
            .enumerate()
            .map(move |(number, all)| self.relationship(number, &all));
        self.heads(name)
            .into_iter()
            .chain(packages)
            .chain(relationships)
    }

    /// Who made the bill and when, the document and the bill itself.
    fn heads(self, name: &str) -> [Value; 4] {
        let tool = &self.bill.inventory.run.tool;
        let creation = json!({
            "type": "CreationInfo",
            "@id": CREATION,
            "specVersion": "3.0.1",
            "created": self.bill.created,
            "createdBy": [self.address("agent")],
        });
        let mut agent = self.element("SoftwareAgent", "agent");
        agent.insert(
            "name".to_owned(),
            json!(format!("{} {}", tool.name, tool.version)),
        );
        let mut document = self.element("SpdxDocument", "document");
        document.extend([
            ("name".to_owned(), json!(name)),
            ("rootElement".to_owned(), json!([self.address("bom")])),
            (
                "profileConformance".to_owned(),
                json!(["core", "software", "simpleLicensing"]),
            ),
        ]);
        let mut bom = self.element("software_Sbom", "bom");
        bom.extend([
            ("name".to_owned(), json!(name)),
            ("rootElement".to_owned(), json!([self.address(SUBJECT)])),
            ("software_sbomType".to_owned(), json!(["analyzed"])),
        ]);
        [
            creation,
            Value::Object(agent),
            Value::Object(document),
            Value::Object(bom),
        ]
    }

    /// A package, its notes and its licence.
    fn package(self, package: &Value) -> Vec<Value> {
        let id = text(package, "SPDXID");
        let mut all = self.element("software_Package", id);
        let purpose = text(package, "primaryPackagePurpose").to_ascii_lowercase();
        all.insert("software_primaryPurpose".to_owned(), json!(purpose));
        for (from, to) in [
            ("name", "name"),
            ("versionInfo", "software_packageVersion"),
            // SPDX 3.0 has no field for the name of the file.
            ("packageFileName", "comment"),
        ] {
            if let Some(value) = package.get(from) {
                all.insert(to.to_owned(), value.clone());
            }
        }
        let hashes: Vec<Value> = list(package, "checksums")
            .map(|sum| {
                json!({"type": "Hash", "algorithm": "sha256", "hashValue": text(sum, "checksumValue")})
            })
            .collect();
        if !hashes.is_empty() {
            all.insert("verifiedUsing".to_owned(), Value::Array(hashes));
        }
        let mut identifiers = Vec::new();
        for reference in list(package, "externalRefs") {
            let locator = text(reference, "referenceLocator");
            match text(reference, "referenceType") {
                "purl" => {
                    all.insert("software_packageUrl".to_owned(), json!(locator));
                }
                _ => identifiers.push(json!({
                    "type": "ExternalIdentifier",
                    "externalIdentifierType": "cpe23",
                    "identifier": locator,
                })),
            }
        }
        if !identifiers.is_empty() {
            all.insert("externalIdentifier".to_owned(), Value::Array(identifiers));
        }
        let mut elements = vec![Value::Object(all)];
        let notes = list(package, "annotations").enumerate();
        elements.extend(notes.map(|(number, note)| {
            let mut all = self.element("Annotation", &format!("{id}-note-{number}"));
            all.extend([
                ("annotationType".to_owned(), json!("other")),
                ("statement".to_owned(), json!(text(note, "comment"))),
                ("subject".to_owned(), json!(self.address(id))),
            ]);
            Value::Object(all)
        }));
        let licence = text(package, "licenseDeclared");
        if licence != NOTHING {
            let of_licence = format!("{id}-licence");
            let mut all = self.element("simplelicensing_LicenseExpression", &of_licence);
            all.insert(
                "simplelicensing_licenseExpression".to_owned(),
                json!(licence),
            );
            elements.push(Value::Object(all));
            elements.push(self.relate(
                &format!("{id}-licensed"),
                id,
                "hasDeclaredLicense",
                &of_licence,
            ));
        }
        elements
    }

    fn relationship(self, number: usize, all: &Value) -> Value {
        let kind = match text(all, "relationshipType") {
            "DEPENDS_ON" => "dependsOn",
            _ => "contains",
        };
        self.relate(
            &format!("relationship-{number}"),
            text(all, "spdxElementId"),
            kind,
            text(all, "relatedSpdxElement"),
        )
    }

    fn relate(self, id: &str, from: &str, kind: &str, to: &str) -> Value {
        let mut all = self.element("Relationship", id);
        all.extend([
            ("from".to_owned(), json!(self.address(from))),
            ("relationshipType".to_owned(), json!(kind)),
            ("to".to_owned(), json!([self.address(to)])),
        ]);
        Value::Object(all)
    }

    /// The keys that every element has.
    fn element(self, kind: &str, id: &str) -> Map<String, Value> {
        [
            ("type", json!(kind)),
            ("spdxId", json!(self.address(id))),
            ("creationInfo", json!(CREATION)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    fn address(self, id: &str) -> String {
        format!("{}#{id}", self.namespace)
    }
}

fn text<'v>(object: &'v Value, key: &str) -> &'v str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(object: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    let list = object.get(key).and_then(Value::as_array);
    list.into_iter().flatten()
}
