//! CycloneDX, JSON. Source: the specification's schemas `bom-1.4.schema.json` to `bom-1.7.schema.json`; nothing here is newer than
//! 1.6. What an older version has no place for is left out.

use super::super::each::Each;
use super::component::{ModuleComponent, Toolchain};
use super::images::{BillImage, BillLayer, images};
use super::inventory::{Aggregate, of_package};
use super::licences::{Licence, Licences};
use super::spec::CycloneDx;
use super::{
    Digesting, Input, Inventory, Remarks, Subject, date, only_image, sha256_of, sha256_of_sum,
};
use gospect_record::purl;
use gospect_record::{Owner, OwnerSource, Word};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes the bill.
///
/// # Errors
/// Those of the writer.
pub fn write(input: &Input, out: &mut dyn Write) -> io::Result<()> {
    let bill = Bill {
        inventory: input.inventory,
        remarks: &Remarks::new(input.remarks),
        images: &images(input.inventory),
        spec: input.spec,
        licences: input.licences,
    };
    let mut document = Document {
        format: "CycloneDX",
        components: Each(|| bill.components()),
        compositions: bill.compositions(),
        dependencies: Each(|| bill.dependencies()),
        metadata: None,
        serial_number: None,
        spec: input.spec.name(),
        version: 1,
        vulnerabilities: input.vulnerabilities,
    };
    let mut digest = Digesting::of(&document)?;
    if input.subject.is_given() {
        digest = Digesting::of(&(digest, input.subject.name, input.subject.version))?;
    }
    document.serial_number = Some(serial_number(&digest));
    document.metadata = Some(bill.metadata(input.subject, input.time));
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// The document, with keys sorted by name.
#[derive(Serialize)]
struct Document<'v, C, D> {
    #[serde(rename = "bomFormat")]
    format: &'static str,
    components: C,
    compositions: Value,
    dependencies: D,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    #[serde(rename = "serialNumber", skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    #[serde(rename = "specVersion")]
    spec: &'static str,
    version: u8,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    vulnerabilities: &'v [Value],
}

/// A component, with keys sorted by name.
#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "bom-ref")]
    id: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Nested<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licenses: Option<Value>,
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<Cow<'a, str>>,
    r#type: &'static str,
    #[serde(skip_serializing_if = "is_left_out")]
    version: Option<&'a str>,
}

/// Most characters of a version (`version` in the schema of CycloneDX 1.7). A longer one is only in the package URL.
const VERSION_MAX: usize = 1024;

fn is_left_out(version: &Option<&str>) -> bool {
    version.is_none_or(|version| version.chars().count() > VERSION_MAX)
}

impl<'a> Component<'a> {
    fn new(
        r#type: &'static str,
        id: impl Into<Cow<'a, str>>,
        name: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            id: id.into(),
            components: None,
            cpe: None,
            evidence: None,
            hashes: None,
            licenses: None,
            name: name.into(),
            properties: None,
            purl: None,
            r#type,
            version: None,
        }
    }
}

/// The components inside an image or a layer.
enum Nested<'a> {
    Layers(Bill<'a>, &'a [BillLayer<'a>]),
    Programs(Bill<'a>, &'a [usize]),
}

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Layers(bill, layers) => {
                serializer.collect_seq(layers.iter().map(|layer| bill.layer(layer)))
            }
            Self::Programs(bill, numbers) => {
                serializer.collect_seq(numbers.iter().filter_map(|n| bill.program(*n)))
            }
        }
    }
}

/// The evidence for a component: the files in which it was found, and how.
#[derive(Serialize)]
struct Evidence<'a> {
    identity: Value,
    occurrences: Occurrences<'a>,
}

struct Occurrences<'a> {
    inventory: &'a Inventory,
    users: Cow<'a, [u32]>,
}

impl Serialize for Occurrences<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let programs = self.users.iter();
        let programs = programs.filter_map(|n| self.inventory.programs.get(*n as usize));
        serializer.collect_seq(programs.map(|program| json!({"location": program.path})))
    }
}

/// A component with its dependencies.
#[derive(Serialize)]
struct Edges {
    #[serde(rename = "dependsOn")]
    depends_on: Vec<String>,
    r#ref: String,
}

/// The data for the components.
#[derive(Clone, Copy)]
struct Bill<'a> {
    spec: CycloneDx,
    licences: Option<&'a Licences>,
    inventory: &'a Inventory,
    remarks: &'a Remarks<'a>,
    images: &'a [BillImage<'a>],
}

impl<'a> Bill<'a> {
    fn components(self) -> impl Iterator<Item = Component<'a>> {
        let inventory = self.inventory;
        let images = self.images.iter().map(move |image| self.image(image));
        let outside_images = inventory
            .outside_images()
            .filter_map(move |n| self.program(n));
        let modules = inventory.modules.iter().map(move |part| self.module(part));
        let toolchains = inventory.toolchains.iter();
        let toolchains = toolchains.map(move |(toolchain, users)| self.toolchain(toolchain, users));
        let packages = inventory.packages.iter();
        let packages = packages.map(move |(owner, users)| self.package(owner, users));
        images
            .chain(outside_images)
            .chain(packages)
            .chain(modules)
            .chain(toolchains)
    }

    /// The graph has one root, so that readers who start there reach everything.
    fn dependencies(self) -> impl Iterator<Item = Edges> {
        let inventory = self.inventory;
        let programs = 0..inventory.programs.len();
        let packages = inventory.packages.keys();
        let packages = packages.map(|owner| inventory.id_of_package(owner));
        let root = Edges {
            depends_on: programs
                .map(|n| inventory.id_of(n))
                .chain(packages)
                .collect(),
            r#ref: "subject".to_owned(),
        };
        let programs = inventory.programs.iter().enumerate();
        let programs = programs.map(|(number, program)| Edges {
            depends_on: inventory.dependency_ids(program),
            r#ref: inventory.id_of(number),
        });
        let packages = inventory.packages.iter().map(|(owner, users)| Edges {
            depends_on: users.iter().map(|n| inventory.id_of(*n as usize)).collect(),
            r#ref: inventory.id_of_package(owner),
        });
        std::iter::once(root).chain(programs).chain(packages)
    }

    fn metadata(self, given: Subject<'_>, time: u64) -> Value {
        let inventory = self.inventory;
        let mut subject =
            json!({"type": "file", "name": inventory.subject(), "bom-ref": "subject"});
        if let Some(image) = only_image(inventory, self.images) {
            subject["type"] = json!("container");
            subject["name"] = json!(image.reference);
            if let Some(digest) = image.digest {
                subject["version"] = json!(digest);
            }
        }
        if given.is_application(inventory, self.images) {
            subject["type"] = json!("application");
        }
        // A name of the user is one of something that may have another version.
        let version = given.version.or_else(|| {
            let own = inventory.version_of_subject();
            own.filter(|_| given.name.is_none())
        });
        for (key, words) in [("name", given.name), ("version", version)] {
            if let Some(words) = words {
                subject[key] = json!(words);
            }
        }
        let tool = &inventory.run.tool;
        let mut metadata = json!({
            "timestamp": date(time),
            "lifecycles": [{"phase": "post-build"}],
            "tools": {"components": [{"type": "application", "name": tool.name, "version": tool.version}]},
            "component": subject,
            "properties": self.reach(),
        });
        if self.spec < CycloneDx::V1_5
            && let Some(keys) = metadata.as_object_mut()
        {
            keys.remove("lifecycles");
            let tools = json!([{"name": tool.name, "version": tool.version}]);
            keys.insert("tools".to_owned(), tools);
        }
        metadata
    }

    /// What was not examined belongs in the bill, which would otherwise claim to be complete.
    fn reach(self) -> Vec<Value> {
        let inventory = self.inventory;
        let mut all = vec![property("gospect:schema", &inventory.run.schema)];
        let reach = &inventory.end.reach;
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
        for thing in &inventory.unexamined {
            all.push(property("gospect:unexamined", &super::not_examined(thing)));
        }
        let remarks = self.remarks.of(None);
        all.extend(remarks.map(|(name, value)| property(&name, &value)));
        all
    }

    /// The programs whose dependencies are all listed.
    fn compositions(self) -> Value {
        let refs_with = |aggregate: Aggregate| -> Vec<String> {
            let programs = self.inventory.programs.iter().enumerate();
            let programs = programs.filter(|(_, program)| program.aggregate == aggregate);
            let programs = programs.map(|(n, _)| self.inventory.id_of(n));
            // Only the Go programs of a package are listed.
            let packages = self.inventory.packages.keys();
            let packages = packages.filter(|_| aggregate == Aggregate::Incomplete);
            let packages = packages.map(|owner| self.inventory.id_of_package(owner));
            programs.chain(packages).collect()
        };
        let rows = Aggregate::ALL.map(|aggregate| (aggregate.name(), refs_with(aggregate)));
        rows.into_iter()
            .filter(|(_, refs)| !refs.is_empty())
            .map(|(aggregate, refs)| json!({"aggregate": aggregate, "dependencies": refs}))
            .collect()
    }

    fn image(self, image: &'a BillImage<'a>) -> Component<'a> {
        let facts = image.properties();
        Component {
            components: Some(Nested::Layers(self, &image.layers)),
            properties: (!facts.is_empty()).then(|| properties(facts)),
            version: image.digest,
            ..Component::new("container", image.id.as_str(), image.reference)
        }
    }

    fn layer(self, layer: &'a BillLayer<'a>) -> Component<'a> {
        Component {
            components: Some(Nested::Programs(self, &layer.programs)),
            hashes: sha256_of(layer.digest).map(hashes),
            properties: Some(properties(layer.properties())),
            ..Component::new("file", layer.id.as_str(), layer.name())
        }
    }

    fn program(self, number: usize) -> Option<Component<'a>> {
        let program = self.inventory.programs.get(number)?;
        let remarks = self.remarks.of(Some(number));
        let digest = program.sha256.as_ref().map(|hex| format!("sha256:{hex}"));
        let number = u32::try_from(number).ok()?;
        Some(Component {
            evidence: self.evidence("name", Cow::Owned(vec![number])),
            hashes: sha256_of(digest.as_deref()).map(hashes),
            properties: Some(properties(
                program.properties.iter().cloned().chain(remarks),
            )),
            purl: program.purl.as_deref().map(Cow::from),
            version: program.version.as_deref(),
            ..Component::new(
                "application",
                self.inventory.id_of(number as usize),
                program.name.as_str(),
            )
        })
    }

    /// A package of a distribution, which contains its programs.
    fn package(self, owner: &'a Owner, users: &'a [u32]) -> Component<'a> {
        let purl = purl::of_package(owner);
        let field = if purl.is_some() { "purl" } else { "name" };
        Component {
            evidence: self.evidence_by(
                field,
                Cow::from(users),
                &[(1.0, source_text(&owner.how))],
                "manifest-analysis",
            ),
            properties: Some(properties(of_package(owner))),
            purl: purl.map(Cow::from),
            version: Some(&owner.version),
            ..Component::new(
                "library",
                self.inventory.id_of_package(owner),
                owner.name.as_str(),
            )
        }
    }

    fn module(self, part: &'a ModuleComponent) -> Component<'a> {
        let key = &*part.key;
        let purl = key.purl();
        let field = if purl.is_some() { "purl" } else { "name" };
        let mut all = part.properties();
        let licence = self
            .licences
            .and_then(|all| all.of(&key.path, &key.version));
        all.extend(licence.map(Licence::property));
        let users = Cow::from(&part.users);
        Component {
            evidence: match key.by_functions {
                None => self.evidence(field, users),
                Some(_) => self.evidence_of(field, users, &[super::BY_FUNCTIONS]),
            },
            hashes: sha256_of_sum(&key.sum).map(|digest| hashes(&digest)),
            licenses: licence.and_then(Licence::cyclonedx),
            properties: (!all.is_empty()).then(|| properties(all)),
            purl: purl.map(Cow::from),
            version: Some(&*key.version).filter(|version| !version.is_empty()),
            ..Component::new("library", part.id(), &*key.path)
        }
    }

    fn toolchain(self, toolchain: &'a Toolchain, users: &'a [u32]) -> Component<'a> {
        let all = toolchain.properties();
        Component {
            cpe: toolchain.cpe(),
            evidence: self.evidence("purl", Cow::from(users)),
            properties: (!all.is_empty()).then(|| properties(all)),
            purl: Some(toolchain.purl().into()),
            version: Some(&toolchain.version),
            ..Component::new("library", toolchain.id(), "stdlib")
        }
    }

    fn evidence(self, field: &str, users: Cow<'a, [u32]>) -> Option<Evidence<'a>> {
        let mut ways: Vec<(f64, &str)> = Vec::new();
        for program in users.iter() {
            let Some(program) = self.inventory.programs.get(*program as usize) else {
                continue;
            };
            if !ways.contains(&program.evidence) {
                ways.push(program.evidence);
            }
        }
        ways.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.evidence_of(field, users, &ways)
    }

    fn evidence_of(
        self,
        field: &str,
        users: Cow<'a, [u32]>,
        ways: &[(f64, &str)],
    ) -> Option<Evidence<'a>> {
        self.evidence_by(field, users, ways, "binary-analysis")
    }

    fn evidence_by(
        self,
        field: &str,
        users: Cow<'a, [u32]>,
        ways: &[(f64, &str)],
        technique: &str,
    ) -> Option<Evidence<'a>> {
        if self.spec < CycloneDx::V1_5 {
            return None;
        }
        let methods: Vec<Value> = ways
            .iter()
            .map(|(confidence, how)| {
                json!({"technique": technique, "confidence": confidence, "value": how})
            })
            .collect();
        let confidence = ways.first().map(|(confidence, _)| confidence);
        let identity = json!({"field": field, "confidence": confidence, "methods": methods});
        Some(Evidence {
            identity: match self.spec {
                // Allowed in 1.6 too, where older parsers (cyclonedx-go before 0.10) take nothing else.
                CycloneDx::V1_4 | CycloneDx::V1_5 | CycloneDx::V1_6 => identity,
                CycloneDx::V1_7 => json!([identity]),
            },
            occurrences: Occurrences {
                inventory: self.inventory,
                users,
            },
        })
    }
}

/// How a package is known, as a text for people.
fn source_text(how: &Word<OwnerSource>) -> &'static str {
    match how.known() {
        Some(OwnerSource::Package) => "the package file that holds the program",
        Some(OwnerSource::Dpkg) => "the database of dpkg",
        Some(OwnerSource::Apk) => "the database of apk",
        _ => "the database of rpm",
    }
}

fn hashes(sha256: &str) -> Value {
    json!([{"alg": "SHA-256", "content": sha256}])
}

fn properties<N: AsRef<str>>(all: impl IntoIterator<Item = (N, String)>) -> Value {
    all.into_iter()
        .map(|(name, value)| property(name.as_ref(), &value))
        .collect()
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// A UUID of version 8 (RFC 9562: free-form) from a digest of the content.
fn serial_number(digest: &str) -> String {
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
