//! CycloneDX, JSON. Source: the specification's schema `bom-1.7.schema.json`; nothing here is newer than 1.6.

use super::{
    Entry, Image, Input, Inventory, Key, Layer, Part, date, hex, name, program_purl, purl,
    sha256_of, sha256_of_sum,
};
use crate::report::model::{Binary, BuildInfoSource, Verdict};
use crate::report::terms;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// Version of the specification that is written.
pub const SPEC: &str = "1.7";

/// Writes the bill.
///
/// # Errors
/// Those of the writer.
pub fn write(input: &Input, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &bill(input)).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

fn bill(input: &Input) -> Value {
    let inventory = Inventory::new(input);
    let mut components: Vec<Value> = inventory
        .images
        .iter()
        .map(|image| of_image(image, &inventory))
        .collect();
    components.extend(
        inventory
            .loose()
            .filter_map(|index| inventory.binaries.get(index))
            .map(of_binary),
    );
    components.extend(
        inventory
            .modules
            .iter()
            .map(|(key, part)| of_module(key, part)),
    );
    components.extend(
        inventory
            .toolchains
            .iter()
            .map(|(version, part)| of_toolchain(version, part)),
    );
    // The graph has one root, so that readers who walk it from there reach everything.
    let programs: Vec<&str> = inventory.binaries.iter().map(|e| e.id.as_str()).collect();
    let mut dependencies = vec![json!({"ref": "subject", "dependsOn": programs})];
    let edges = inventory
        .binaries
        .iter()
        .map(|e| json!({"ref": e.id, "dependsOn": e.depends}));
    dependencies.extend(edges);
    let run = &input.document.run;
    let mut subject = object([
        ("type", json!("file")),
        ("name", json!(inventory.subject)),
        ("bom-ref", json!("subject")),
    ]);
    if let ([image], None) = (inventory.images.as_slice(), inventory.loose().next()) {
        subject.insert("type".into(), json!("container"));
        subject.insert("name".into(), json!(image.reference));
        put(&mut subject, "version", image.digest);
    }
    let mut bill = object([
        ("bomFormat", json!("CycloneDX")),
        ("specVersion", json!(SPEC)),
        ("version", json!(1)),
        ("components", json!(components)),
        ("dependencies", json!(dependencies)),
        ("compositions", compositions(&inventory)),
    ]);
    let serial = serial_number(&bill);
    bill.insert("serialNumber".into(), json!(serial));
    bill.insert(
        "metadata".into(),
        json!({
            "timestamp": date(input.time),
            "lifecycles": [{"phase": "post-build"}],
            "tools": {"components": [{"type": "application", "name": run.tool.name, "version": run.tool.version}]},
            "component": subject,
            "properties": reach(input),
        }),
    );
    Value::Object(bill)
}

/// What was not looked at belongs to the bill: a list without it would claim to be whole.
fn reach(input: &Input) -> Value {
    let mut all = vec![property("gospect:schema", &input.document.run.schema)];
    let reach = &input.document.end.reach;
    for (name, count) in [
        ("files", reach.files),
        ("go", reach.go),
        ("unexamined", reach.unexamined),
    ] {
        all.push(property(
            &format!("gospect:reach:{name}"),
            &count.to_string(),
        ));
    }
    for thing in &input.document.unexamined {
        all.push(property(
            "gospect:unexamined",
            &format!("{}: {} ({})", thing.path, thing.reason, thing.detail),
        ));
    }
    for remark in input
        .remarks
        .iter()
        .filter(|remark| remark.binary.is_none())
    {
        all.push(property(
            &format!("gospect:finding:{}", remark.rule),
            &format!("{}: {}", remark.level, remark.message),
        ));
    }
    Value::Array(all)
}

/// A record lists every module that is linked in; without one nobody knows.
fn compositions(inventory: &Inventory) -> Value {
    let of = |known: bool| -> Vec<&str> {
        let entries = inventory
            .binaries
            .iter()
            .filter(|e| e.binary.build_info.is_some() == known);
        entries.map(|entry| entry.id.as_str()).collect()
    };
    let rows = [("complete", of(true)), ("unknown", of(false))];
    rows.into_iter()
        .filter(|(_, refs)| !refs.is_empty())
        .map(|(aggregate, refs)| json!({"aggregate": aggregate, "dependencies": refs}))
        .collect()
}

fn of_image(image: &Image, inventory: &Inventory) -> Value {
    let mut all = object([
        ("type", json!("container")),
        ("bom-ref", json!(image.id)),
        ("name", json!(image.reference)),
        (
            "components",
            image
                .layers
                .iter()
                .map(|layer| of_layer(layer, inventory))
                .collect(),
        ),
    ]);
    put(&mut all, "version", image.digest);
    if let Some(platform) = image.platform {
        all.insert(
            "properties".into(),
            json!([property("gospect:platform", platform)]),
        );
    }
    Value::Object(all)
}

fn of_layer(layer: &Layer, inventory: &Inventory) -> Value {
    let entries = layer
        .binaries
        .iter()
        .filter_map(|index| inventory.binaries.get(*index));
    let number = layer
        .index
        .map_or_else(|| "unknown".to_owned(), |index| index.to_string());
    let mut all = object([
        ("type", json!("file")),
        ("bom-ref", json!(layer.id)),
        (
            "name",
            json!(
                layer
                    .digest
                    .map_or_else(|| format!("layer {number}"), str::to_owned)
            ),
        ),
        ("components", entries.map(of_binary).collect()),
    ]);
    if let Some(digest) = sha256_of(layer.digest) {
        all.insert("hashes".into(), hashes(digest));
    }
    let mut properties = vec![property("gospect:layer", &number)];
    properties.extend(
        layer
            .record
            .and_then(|r| r.created_by.as_deref())
            .map(|by| property("gospect:created_by", by)),
    );
    all.insert("properties".into(), Value::Array(properties));
    Value::Object(all)
}

fn of_binary(entry: &Entry) -> Value {
    let binary = entry.binary;
    let mut all = object([
        ("type", json!("application")),
        ("bom-ref", json!(entry.id)),
        ("name", json!(name(binary))),
        ("evidence", evidence("name", &[binary])),
        (
            "properties",
            entry
                .properties
                .iter()
                .map(|(name, value)| property(name, value))
                .collect(),
        ),
    ]);
    put(&mut all, "version", terms::shown_version(binary));
    put(&mut all, "purl", program_purl(binary).as_deref());
    if let Some(digest) = sha256_of(
        binary
            .sha256
            .as_ref()
            .map(|hex| format!("sha256:{hex}"))
            .as_deref(),
    ) {
        all.insert("hashes".into(), hashes(digest));
    }
    Value::Object(all)
}

/// How the record of a binary was found. The confidence orders the ways; it is no probability.
fn found(binary: &Binary) -> (f64, &'static str) {
    match binary.build_info_source {
        _ if !terms::claims(binary, Verdict::Contradicted).is_empty() => {
            (0.3, "contradicted by other evidence in the file")
        }
        Some(BuildInfoSource::Section) => (1.0, "build info in its section"),
        Some(BuildInfoSource::Segment) => (0.9, "build info in the data segment"),
        Some(BuildInfoSource::LinkerStrings) => (0.9, "the linker's strings"),
        Some(BuildInfoSource::Scan) => (0.7, "found by searching the file"),
        None => (0.5, "names and strings in the file"),
    }
}

/// Where a component was seen: in which files, and by which way of reading them.
fn evidence(field: &str, binaries: &[&Binary]) -> Value {
    let mut ways: Vec<(f64, &str)> = Vec::new();
    for binary in binaries {
        let way = found(binary);
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways.sort_by(|a, b| b.0.total_cmp(&a.0));
    let methods: Vec<Value> = ways
        .iter()
        .map(|(confidence, how)| {
            json!({"technique": "binary-analysis", "confidence": confidence, "value": how})
        })
        .collect();
    let occurrences: Vec<Value> = binaries
        .iter()
        .map(|binary| json!({"location": binary.path}))
        .collect();
    json!({
        "identity": [{
            "field": field,
            "confidence": ways.first().map(|(confidence, _)| confidence),
            "methods": methods,
        }],
        "occurrences": occurrences,
    })
}

fn of_module(key: &Key, part: &Part) -> Value {
    let purl = purl::of_module(key.path, key.version);
    let field = if purl.is_some() { "purl" } else { "name" };
    let mut all = object([
        ("type", json!("library")),
        ("bom-ref", json!(part.id)),
        ("name", json!(key.path)),
        ("evidence", evidence(field, &part.users)),
    ]);
    if let Some(digest) = sha256_of_sum(key.sum) {
        all.insert("hashes".into(), hashes(&digest));
    }
    put(
        &mut all,
        "version",
        Some(key.version).filter(|version| !version.is_empty()),
    );
    put(&mut all, "purl", purl.as_deref());
    let properties: Vec<_> = key
        .properties()
        .iter()
        .map(|(name, value)| property(name, value))
        .collect();
    if !properties.is_empty() {
        all.insert("properties".into(), Value::Array(properties));
    }
    Value::Object(all)
}

fn of_toolchain(version: &str, part: &Part) -> Value {
    let mut all = object([
        ("type", json!("library")),
        ("bom-ref", json!(part.id)),
        ("evidence", evidence("purl", &part.users)),
        ("name", json!("stdlib")),
        ("version", json!(version)),
        ("purl", json!(purl::of_stdlib(version))),
    ]);
    put(&mut all, "cpe", purl::cpe(version).as_deref());
    Value::Object(all)
}

fn hashes(sha256: &str) -> Value {
    json!([{"alg": "SHA-256", "content": sha256}])
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
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

/// A UUID of version 8 (RFC 9562: free-form) from the content.
fn serial_number(bill: &Map<String, Value>) -> String {
    let digest = hex(&Sha256::digest(Value::Object(bill.clone()).to_string()));
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-8{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    )
}
