//! SPDX 2.3, JSON. Source: the specification's `spdx-schema.json` and its chapters on packages and relationships.
//!
//! SPDX 2 has no bag of properties, so what it has no field for is an annotation of the package, `name: value`.

use super::{
    Entry, Input, Inventory, Key, date, hex, name, program_purl, purl, sha256_of, sha256_of_sum,
};
use crate::report::terms;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The package that stands for everything scanned.
const SUBJECT: &str = "SPDXRef-subject";

/// Writes the bill.
///
/// # Errors
/// Those of the writer.
pub fn write(input: &Input, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &bill(input)).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Packages and relationships as they are collected.
struct Bill {
    packages: Vec<Value>,
    relationships: Vec<Value>,
    created: String,
    annotator: String,
}

fn bill(input: &Input) -> Value {
    let inventory = Inventory::new(input);
    let run = &input.document.run;
    let tool = format!("Tool: {}-{}", run.tool.name, run.tool.version);
    let mut bill = Bill {
        packages: Vec::new(),
        relationships: Vec::new(),
        created: date(input.time),
        annotator: tool.clone(),
    };
    let mut subject = package(SUBJECT, &inventory.subject, "OTHER");
    let mut notes = Vec::new();
    for thing in &input.document.unexamined {
        notes.push((
            "gospect:unexamined".to_owned(),
            format!("{}: {} ({})", thing.path, thing.reason, thing.detail),
        ));
    }
    for remark in input
        .remarks
        .iter()
        .filter(|remark| remark.binary.is_none())
    {
        notes.push((
            format!("gospect:finding:{}", remark.rule),
            format!("{}: {}", remark.level, remark.message),
        ));
    }
    bill.annotate(&mut subject, &notes);
    bill.packages.push(Value::Object(subject));
    bill.relate("SPDXRef-DOCUMENT", "DESCRIBES", SUBJECT);
    images(&inventory, &mut bill);
    for entry in inventory
        .loose()
        .filter_map(|index| inventory.binaries.get(index))
    {
        bill.binary(entry, SUBJECT);
    }
    for (key, part) in &inventory.modules {
        bill.module(key, &part.id);
    }
    for (version, part) in &inventory.toolchains {
        bill.toolchain(version, &part.id);
    }
    // The time is no part of the content: the same bill made twice has one namespace.
    let content = json!([
        bill.relationships,
        inventory
            .modules
            .values()
            .map(|p| &p.id)
            .collect::<Vec<_>>(),
        inventory
            .binaries
            .iter()
            .map(|e| &e.properties)
            .collect::<Vec<_>>()
    ]);
    let digest = hex(&Sha256::digest(content.to_string()));
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": inventory.subject,
        "documentNamespace": format!("https://spdx.org/spdxdocs/gospect-{digest}"),
        "creationInfo": {"created": bill.created, "creators": [tool]},
        "packages": bill.packages,
        "relationships": bill.relationships,
    })
}

fn images(inventory: &Inventory, bill: &mut Bill) {
    for image in &inventory.images {
        let id = reference(&image.id);
        let mut all = package(&id, image.reference, "CONTAINER");
        put(&mut all, "versionInfo", image.digest);
        let platform = image
            .platform
            .map(|platform| ("gospect:platform".to_owned(), platform.to_owned()));
        bill.annotate(&mut all, platform.as_slice());
        bill.packages.push(Value::Object(all));
        bill.relate(SUBJECT, "CONTAINS", &id);
        for layer in &image.layers {
            let number = layer
                .index
                .map_or_else(|| "unknown".to_owned(), |index| index.to_string());
            let layer_id = reference(&layer.id);
            let name = layer
                .digest
                .map_or_else(|| format!("layer {number}"), str::to_owned);
            let mut all = package(&layer_id, &name, "ARCHIVE");
            checksum(&mut all, layer.digest);
            let mut notes = vec![("gospect:layer".to_owned(), number)];
            let by = layer.record.and_then(|record| record.created_by.clone());
            notes.extend(by.map(|by| ("gospect:created_by".to_owned(), by)));
            bill.annotate(&mut all, &notes);
            bill.packages.push(Value::Object(all));
            bill.relate(&id, "CONTAINS", &layer_id);
            for entry in layer
                .binaries
                .iter()
                .filter_map(|index| inventory.binaries.get(*index))
            {
                bill.binary(entry, &layer_id);
            }
        }
    }
}

impl Bill {
    fn binary(&mut self, entry: &Entry, inside: &str) {
        let binary = entry.binary;
        let id = reference(&entry.id);
        let mut all = package(&id, name(binary), "APPLICATION");
        put(&mut all, "versionInfo", terms::shown_version(binary));
        put(&mut all, "packageFileName", Some(&binary.path));
        checksum(
            &mut all,
            binary
                .sha256
                .as_ref()
                .map(|hex| format!("sha256:{hex}"))
                .as_deref(),
        );
        references(
            &mut all,
            &[("PACKAGE-MANAGER", "purl", program_purl(binary))],
        );
        self.annotate(&mut all, &entry.properties);
        self.packages.push(Value::Object(all));
        self.relate(inside, "CONTAINS", &id);
        for part in &entry.depends {
            self.relate(&id, "DEPENDS_ON", &reference(part));
        }
    }

    fn module(&mut self, key: &Key, id: &str) {
        let mut all = package(&reference(id), key.path, "LIBRARY");
        let digest = sha256_of_sum(key.sum).map(|hex| format!("sha256:{hex}"));
        checksum(&mut all, digest.as_deref());
        put(
            &mut all,
            "versionInfo",
            Some(key.version).filter(|version| !version.is_empty()),
        );
        references(
            &mut all,
            &[(
                "PACKAGE-MANAGER",
                "purl",
                purl::of_module(key.path, key.version),
            )],
        );
        let notes: Vec<_> = key
            .properties()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        self.annotate(&mut all, &notes);
        self.packages.push(Value::Object(all));
    }

    fn toolchain(&mut self, version: &str, id: &str) {
        let mut all = package(&reference(id), "stdlib", "LIBRARY");
        put(&mut all, "versionInfo", Some(version));
        references(
            &mut all,
            &[
                ("PACKAGE-MANAGER", "purl", Some(purl::of_stdlib(version))),
                ("SECURITY", "cpe23Type", purl::cpe(version)),
            ],
        );
        self.packages.push(Value::Object(all));
    }

    fn relate(&mut self, from: &str, how: &str, to: &str) {
        self.relationships.push(
            json!({"spdxElementId": from, "relationshipType": how, "relatedSpdxElement": to}),
        );
    }

    fn annotate(&self, package: &mut Map<String, Value>, notes: &[(String, String)]) {
        let all: Vec<_> = notes
            .iter()
            .map(|(name, value)| {
                json!({
                    "annotationDate": self.created,
                    "annotationType": "OTHER",
                    "annotator": self.annotator,
                    "comment": format!("{name}: {value}"),
                })
            })
            .collect();
        if !all.is_empty() {
            package.insert("annotations".into(), Value::Array(all));
        }
    }
}

fn reference(id: &str) -> String {
    format!("SPDXRef-{id}")
}

/// What every package must say, whatever is known.
fn package(id: &str, name: &str, purpose: &str) -> Map<String, Value> {
    let fields = [
        ("SPDXID", json!(id)),
        ("name", json!(name)),
        ("primaryPackagePurpose", json!(purpose)),
        ("downloadLocation", json!("NOASSERTION")),
        ("filesAnalyzed", json!(false)),
        ("licenseConcluded", json!("NOASSERTION")),
        ("licenseDeclared", json!("NOASSERTION")),
        ("copyrightText", json!("NOASSERTION")),
    ];
    fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn put(object: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), json!(value));
    }
}

fn checksum(package: &mut Map<String, Value>, digest: Option<&str>) {
    if let Some(hex) = sha256_of(digest) {
        package.insert(
            "checksums".into(),
            json!([{"algorithm": "SHA256", "checksumValue": hex}]),
        );
    }
}

fn references(package: &mut Map<String, Value>, rows: &[(&str, &str, Option<String>)]) {
    let all: Vec<_> = rows
        .iter()
        .filter_map(|(category, kind, locator)| {
            let locator = locator.as_ref()?;
            Some(json!({"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}))
        })
        .collect();
    if !all.is_empty() {
        package.insert("externalRefs".into(), Value::Array(all));
    }
}
