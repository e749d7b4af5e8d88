//! SPDX 2.3, JSON. Source: the specification's `spdx-schema.json` and its chapters on packages and relationships. SPDX 3.0 is made from it.
//!
//! SPDX 2 has no general properties, so facts without a field are annotations of the package, as `name: value`.

mod v3;

use super::component::{ModuleComponent, Toolchain};
use super::images::{BillImage, BillLayer, images};
use super::inventory::of_package;
use super::licences::{Licence, Licences};
use super::spec::Spdx;
use super::{Digesting, Input, Inventory, Remarks, Subject, date, sha256_of, sha256_of_sum};
use crate::each::Each;
use gospect_record::Owner;
use gospect_record::purl;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The package that stands for the whole target.
const SUBJECT: &str = "SPDXRef-subject";

/// Writes the bill.
///
/// # Errors
/// Those of the writer.
pub fn write(input: &Input, out: &mut dyn Write) -> io::Result<()> {
    let inventory = input.inventory;
    let tool = &inventory.run.tool;
    let tool = format!("Tool: {}-{}", tool.name, tool.version);
    let bill = Bill {
        inventory,
        remarks: &Remarks::new(input.remarks),
        images: &images(inventory),
        created: &date(input.time),
        annotator: &tool,
        licences: input.licences,
        given: input.subject,
    };
    let relationships = Each(|| bill.relationships());
    // The time is not part of the content: the same bill made twice has the same namespace.
    let mut digest = Digesting::of(&(
        &relationships,
        Each(|| inventory.modules.iter().map(|part| part.id())),
        Each(|| (0..inventory.programs.len()).map(|number| bill.notes(number))),
    ))?;
    if input.licences.is_some() {
        let licence =
            |part: &ModuleComponent| bill.licence(part).map(|licence| licence.spdx().to_owned());
        let licences: Vec<_> = inventory.modules.iter().map(licence).collect();
        digest = Digesting::of(&(digest, licences))?;
    }
    if input.subject.is_given() {
        digest = Digesting::of(&(digest, input.subject.name, input.subject.version))?;
    }
    let namespace = format!("https://spdx.org/spdxdocs/gospect-{digest}");
    if input.spdx == Spdx::V3_0 {
        let namespace = format!("{namespace}-3.0");
        return v3::write(bill, &bill.name(), &namespace, out);
    }
    let document = Document {
        id: "SPDXRef-DOCUMENT",
        creation: json!({"created": bill.created, "creators": [tool]}),
        data_license: "CC0-1.0",
        namespace,
        name: bill.name(),
        packages: Each(|| bill.packages()),
        relationships,
        version: "SPDX-2.3",
    };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// The document, with keys sorted by name.
#[derive(Serialize)]
struct Document<P, R> {
    #[serde(rename = "SPDXID")]
    id: &'static str,
    #[serde(rename = "creationInfo")]
    creation: Value,
    #[serde(rename = "dataLicense")]
    data_license: &'static str,
    #[serde(rename = "documentNamespace")]
    namespace: String,
    name: String,
    packages: P,
    relationships: R,
    #[serde(rename = "spdxVersion")]
    version: &'static str,
}

/// The data for the packages and relationships.
#[derive(Clone, Copy)]
struct Bill<'a> {
    inventory: &'a Inventory,
    remarks: &'a Remarks<'a>,
    images: &'a [BillImage<'a>],
    created: &'a str,
    annotator: &'a str,
    licences: Option<&'a Licences>,
    given: Subject<'a>,
}

impl<'a> Bill<'a> {
    fn packages(self) -> impl Iterator<Item = Value> + 'a {
        let inventory = self.inventory;
        let images = self.images.iter().flat_map(move |image| {
            let layers = image.layers.iter().flat_map(move |layer| {
                let programs = layer.programs.iter();
                std::iter::once(self.layer(layer))
                    .chain(programs.filter_map(move |n| self.program(*n)))
            });
            std::iter::once(self.image(image)).chain(layers)
        });
        let outside_images = inventory
            .outside_images()
            .filter_map(move |n| self.program(n));
        let modules = inventory.modules.iter().map(move |part| self.module(part));
        let toolchains = inventory.toolchains.keys();
        let toolchains = toolchains.map(move |toolchain| self.toolchain(toolchain));
        let owners = inventory.packages.keys();
        let owners = owners.map(move |owner| self.owner(owner));
        std::iter::once(self.subject())
            .chain(images)
            .chain(outside_images)
            .chain(owners)
            .chain(modules)
            .chain(toolchains)
    }

    fn relationships(self) -> impl Iterator<Item = Value> + 'a {
        let images = self.images.iter().flat_map(move |image| {
            let image_id = reference(&image.id);
            let first = relate(SUBJECT, "CONTAINS", &image_id);
            let layers = image.layers.iter().flat_map(move |layer| {
                let id = reference(&layer.id);
                let first = relate(&image_id, "CONTAINS", &id);
                let programs = layer.programs.iter();
                std::iter::once(first)
                    .chain(programs.flat_map(move |number| self.edges(*number, &id)))
            });
            std::iter::once(first).chain(layers)
        });
        let outside_images = self.inventory.outside_images();
        std::iter::once(relate("SPDXRef-DOCUMENT", "DESCRIBES", SUBJECT))
            .chain(images)
            .chain(outside_images.flat_map(move |number| self.edges(number, SUBJECT)))
            .chain(self.owned())
    }

    /// What contains a program, and its dependencies.
    fn edges(self, number: usize, inside: &str) -> impl Iterator<Item = Value> + use<'a> {
        let id = reference(&self.inventory.id_of(number));
        let first = relate(inside, "CONTAINS", &id);
        let program = self.inventory.programs.get(number);
        let depends = program.map(|program| self.inventory.dependency_ids(program));
        let depends = depends.into_iter().flatten();
        std::iter::once(first)
            .chain(depends.map(move |part| relate(&id, "DEPENDS_ON", &reference(&part))))
    }

    /// What distribution packages contain.
    fn owned(self) -> impl Iterator<Item = Value> + use<'a> {
        let inventory = self.inventory;
        inventory.packages.iter().flat_map(move |(owner, users)| {
            let id = reference(&inventory.id_of_package(owner));
            let first = relate(SUBJECT, "CONTAINS", &id);
            std::iter::once(first).chain(users.iter().map(move |number| {
                relate(
                    &id,
                    "CONTAINS",
                    &reference(&inventory.id_of(*number as usize)),
                )
            }))
        })
    }

    /// A distribution package.
    fn owner(self, owner: &Owner) -> Value {
        let id = reference(&self.inventory.id_of_package(owner));
        let mut all = package(&id, &owner.name, "INSTALL");
        put(&mut all, "versionInfo", Some(&owner.version));
        references(
            &mut all,
            &[("PACKAGE-MANAGER", "purl", purl::of_package(owner))],
        );
        self.annotate(&mut all, of_package(owner));
        Value::Object(all)
    }

    /// The name of what the bill is about.
    fn name(self) -> String {
        let given = self.given.name.map(str::to_owned);
        given.unwrap_or_else(|| self.inventory.subject())
    }

    fn subject(self) -> Value {
        let purpose = match self.given.is_application(self.inventory, self.images) {
            true => "APPLICATION",
            false => "OTHER",
        };
        let mut all = package(SUBJECT, &self.name(), purpose);
        let own = self.inventory.version_of_subject();
        let own = own.filter(|_| self.given.name.is_none());
        put(&mut all, "versionInfo", self.given.version.or(own));
        let unexamined = self.inventory.unexamined.iter();
        let unexamined =
            unexamined.map(|t| ("gospect:unexamined".to_owned(), super::not_examined(t)));
        self.annotate(&mut all, unexamined.chain(self.remarks.of(None)));
        Value::Object(all)
    }

    fn image(self, image: &BillImage) -> Value {
        let mut all = package(&reference(&image.id), image.reference, "CONTAINER");
        put(&mut all, "versionInfo", image.digest);
        self.annotate(&mut all, image.properties());
        Value::Object(all)
    }

    fn layer(self, layer: &BillLayer) -> Value {
        let mut all = package(&reference(&layer.id), &layer.name(), "ARCHIVE");
        checksum(&mut all, layer.digest);
        self.annotate(&mut all, layer.properties());
        Value::Object(all)
    }

    fn program(self, number: usize) -> Option<Value> {
        let program = self.inventory.programs.get(number)?;
        let id = reference(&self.inventory.id_of(number));
        let mut all = package(&id, &program.name, "APPLICATION");
        put(&mut all, "versionInfo", program.version.as_deref());
        put(&mut all, "packageFileName", Some(&program.path));
        let digest = program.sha256.as_ref().map(|hex| format!("sha256:{hex}"));
        checksum(&mut all, digest.as_deref());
        references(
            &mut all,
            &[("PACKAGE-MANAGER", "purl", program.purl.clone())],
        );
        self.annotate(&mut all, self.notes(number));
        Some(Value::Object(all))
    }

    /// The annotations of a program.
    fn notes(self, number: usize) -> Vec<(String, String)> {
        let program = self.inventory.programs.get(number);
        let properties = program
            .into_iter()
            .flat_map(|p| p.properties.iter().cloned());
        properties.chain(self.remarks.of(Some(number))).collect()
    }

    /// The licence of a module, if somebody looked for it.
    fn licence(self, part: &ModuleComponent) -> Option<&'a Licence> {
        self.licences?.of(&part.key.path, &part.key.version)
    }

    fn module(self, part: &ModuleComponent) -> Value {
        let key = &part.key;
        let mut all = package(&reference(&part.id()), &key.path, "LIBRARY");
        let digest = sha256_of_sum(&key.sum).map(|hex| format!("sha256:{hex}"));
        checksum(&mut all, digest.as_deref());
        let version = Some(&*key.version).filter(|version| !version.is_empty());
        put(&mut all, "versionInfo", version);
        references(&mut all, &[("PACKAGE-MANAGER", "purl", key.purl())]);
        let licence = self.licence(part);
        if let Some(licence) = licence {
            all.insert("licenseDeclared".into(), json!(licence.spdx()));
        }
        let notes = part.properties().into_iter();
        let notes = notes.chain(licence.map(Licence::property));
        self.annotate(
            &mut all,
            notes.map(|(name, value)| (name.to_owned(), value)),
        );
        Value::Object(all)
    }

    fn toolchain(self, toolchain: &Toolchain) -> Value {
        let mut all = package(&reference(&toolchain.id()), "stdlib", "LIBRARY");
        put(&mut all, "versionInfo", Some(&toolchain.version));
        references(
            &mut all,
            &[
                ("PACKAGE-MANAGER", "purl", Some(toolchain.purl())),
                ("SECURITY", "cpe23Type", toolchain.cpe()),
            ],
        );
        let notes = toolchain.properties().into_iter();
        self.annotate(
            &mut all,
            notes.map(|(name, value)| (name.to_owned(), value)),
        );
        Value::Object(all)
    }

    fn annotate(
        self,
        package: &mut Map<String, Value>,
        notes: impl IntoIterator<Item = (String, String)>,
    ) {
        let notes = notes.into_iter();
        let all: Vec<_> = notes
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

fn relate(from: &str, how: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": how, "relatedSpdxElement": to})
}

fn reference(id: &str) -> String {
    format!("SPDXRef-{id}")
}

/// The keys that every package must have.
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
