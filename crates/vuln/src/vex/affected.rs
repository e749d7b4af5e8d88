//! The products that a vulnerability of a CycloneDX document is about.

use super::purl::decode;
use super::{Digests, Names, Product};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A component as far as statements need it.
#[derive(Default)]
struct Component<'d> {
    purl: Option<&'d str>,
    digests: Digests,
    /// Whether it is a product: something else than a library, or what the document is about, whatever its type.
    is_product: bool,
    /// References of the components that depend on it, or that it is in.
    users: Vec<&'d str>,
}

/// The components of a document.
pub(super) struct Components<'d> {
    by_reference: HashMap<&'d str, Component<'d>>,
    /// What the document is about (`metadata.component`).
    root: Option<Component<'d>>,
    root_reference: Option<&'d str>,
}

impl<'d> Component<'d> {
    fn of(value: &'d Value, is_root: bool) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let hashes = value.get("hashes").and_then(Value::as_array);
        let hashes = hashes.map_or(&[][..], Vec::as_slice);
        let sums = hashes.iter().filter(|hash| {
            let kind = hash.get("alg").and_then(Value::as_str);
            kind == Some("SHA-256")
        });
        let sums = sums.filter_map(|hash| hash.get("content")?.as_str());
        let is_library = matches!(text("type"), Some("library" | "framework") | None);
        Self {
            purl: text("purl"),
            digests: Digests {
                sha256: sums.map(str::to_owned).collect(),
                are_there: !hashes.is_empty(),
            },
            is_product: is_root || !is_library,
            users: Vec::new(),
        }
    }

    /// The library of this name as a part of it. Without purl and digest no program can be compared with it, so that it is none.
    fn with_part(&self, name: &str) -> Product {
        Product {
            names: Names(self.purl.iter().map(|purl| (*purl).to_owned()).collect()),
            digests: self.digests.clone(),
            parts: Some(vec![Names(vec![name.to_owned()])]),
        }
    }
}

impl<'d> Components<'d> {
    /// Reads them.
    pub fn of(document: &'d Value) -> Self {
        let metadata = document.get("metadata");
        let root = metadata.and_then(|metadata| metadata.get("component"));
        let root = root.filter(|root| root.is_object());
        let mut found = Self {
            by_reference: HashMap::new(),
            root: root.map(|root| Component::of(root, true)),
            root_reference: root.and_then(reference),
        };
        let mut nested_in: Vec<(&str, &str)> = Vec::new();
        let mut pending: Vec<(&Value, Option<&str>)> =
            root.into_iter().map(|c| (c, None)).collect();
        pending.extend(nested(document).map(|component| (component, None)));
        while let Some((component, parent)) = pending.pop() {
            let own = reference(component);
            pending.extend(nested(component).map(|inner| (inner, own.or(parent))));
            let Some(own) = own else {
                continue;
            };
            nested_in.extend(parent.map(|parent| (own, parent)));
            let is_root = found.root_reference == Some(own);
            let component = Component::of(component, is_root);
            found.by_reference.insert(own, component);
        }
        let rows = document.get("dependencies").and_then(Value::as_array);
        let uses = rows.into_iter().flatten().flat_map(|row| {
            let user = row.get("ref").and_then(Value::as_str);
            let used = row.get("dependsOn").and_then(Value::as_array);
            let used = used.into_iter().flatten().filter_map(Value::as_str);
            used.filter_map(move |used| Some((used, user?)))
        });
        for (used, user) in nested_in.into_iter().chain(uses) {
            if let Some(component) = found.by_reference.get_mut(used) {
                component.users.push(user);
            }
        }
        found
    }

    /// The products that a reference means: a program or image, or for a library whatever uses it in the document, directly or by other libraries.
    pub fn products(&self, reference: &str) -> Vec<Product> {
        // A link to the component of another bill: `urn:cdx:SERIAL/VERSION#REF`.
        let local = match reference.split_once('#') {
            Some((link, local)) if link.starts_with("urn:cdx:") => decode(local),
            _ => reference.to_owned(),
        };
        let component = self.by_reference.get(local.as_str());
        // The reference of a component of another bill is a name only if it is a purl.
        let unknown = match component.is_some() || local.starts_with("pkg:") {
            true => local.as_str(),
            false => reference,
        };
        let name = component.and_then(|c| c.purl).unwrap_or(unknown);
        let users = match component {
            Some(component) if component.is_product => Vec::new(),
            _ => self.users(&local),
        };
        if users.is_empty() {
            return vec![Product {
                digests: component.map_or_else(Digests::default, |c| c.digests.clone()),
                names: Names(vec![name.to_owned()]),
                parts: None,
            }];
        }
        users.iter().map(|user| user.with_part(name)).collect()
    }

    /// The products that use a library; what nothing uses is one too, unless the document says what it is about.
    fn users(&self, library: &str) -> Vec<&Component<'d>> {
        let mut products: BTreeMap<&str, &Component> = BTreeMap::new();
        let mut seen: HashSet<&str> = HashSet::from([library]);
        let mut pending = vec![library];
        let mut is_of_root = false;
        while let Some(used) = pending.pop() {
            let users = self.by_reference.get(used).map(|c| c.users.as_slice());
            let users = users.unwrap_or_default();
            if users.is_empty() {
                match (&self.root, self.by_reference.get(used)) {
                    (Some(_), _) => is_of_root = true,
                    (None, Some(top)) if used != library => {
                        products.insert(used, top);
                    }
                    (None, _) => {}
                }
            }
            for user in users {
                if Some(*user) == self.root_reference {
                    is_of_root = true;
                    continue;
                }
                match self.by_reference.get(user) {
                    Some(component) if component.is_product => {
                        products.insert(user, component);
                    }
                    _ if seen.insert(user) => pending.push(user),
                    _ => {}
                }
            }
        }
        let root = self.root.iter().filter(|_| is_of_root);
        products.into_values().chain(root).collect()
    }
}

fn reference(component: &Value) -> Option<&str> {
    component.get("bom-ref").and_then(Value::as_str)
}

fn nested(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.get("components").and_then(Value::as_array);
    list.into_iter().flatten()
}

/// The versions of an item of `affects` that are `unaffected`; `None`: it lists no versions, so that all are meant. Ranges are not compared.
pub(super) fn versions_that_are_not(affected: &Value) -> Option<Vec<&str>> {
    let versions = affected
        .get("versions")
        .filter(|versions| !versions.is_null())?;
    let versions = versions.as_array().into_iter().flatten();
    let unaffected = versions.filter(|version| {
        let status = version.get("status").and_then(Value::as_str);
        status == Some("unaffected")
    });
    Some(
        unaffected
            .filter_map(|version| version.get("version")?.as_str())
            .collect(),
    )
}

impl Product {
    /// The same of these versions only: of the library if it is about one, else of the product.
    pub(super) fn of_versions(&self, versions: &[&str]) -> Vec<Self> {
        let one = |version: &&str| {
            let mut product = self.clone();
            match &mut product.parts {
                Some(parts) => {
                    parts.iter_mut().for_each(|part| part.keep_version(version));
                    parts.retain(|part| !part.0.is_empty());
                }
                None => product.names.keep_version(version),
            }
            product
        };
        versions.iter().map(one).collect()
    }
}

impl Names {
    /// Keeps the purls of this version, and gives those without one this version.
    fn keep_version(&mut self, version: &str) {
        self.0 = self
            .0
            .iter()
            .filter_map(|name| of_version(name, version))
            .collect();
    }
}

/// A purl with this version; `None` if it has another one, or is no purl.
fn of_version(name: &str, version: &str) -> Option<String> {
    let end = name.find(['?', '#']).unwrap_or(name.len());
    let (path, rest) = name.split_at_checked(end)?;
    let bare = |version: &str| version.strip_prefix('v').unwrap_or(version).to_owned();
    let slash = path.strip_prefix("pkg:").and_then(|_| path.rfind('/'))?;
    match path.get(slash..)?.split_once('@') {
        Some((_, stated)) => (bare(&decode(stated)) == bare(version)).then(|| name.to_owned()),
        None => {
            let mut out = format!("{path}@");
            gospect_record::purl::encode(version, &mut out);
            Some(out + rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::vex::tests::marked;
    use serde_json::{Value, json};

    const NET: &str = "pkg:golang/golang.org/x/net@v0.30.0";
    const APP: &str = "pkg:golang/example.com/app@v1.0.0";
    const OTHER: &str = "pkg:golang/example.com/other@v9.9.9";

    /// Whether a document clears a finding of the module `net` in the program `app`.
    fn clears(root: &Value, components: &Value, uses: &[(&str, &str)], affects: &Value) -> bool {
        let rows: Vec<Value> = uses
            .iter()
            .map(|(user, used)| json!({ "ref": user, "dependsOn": [used] }))
            .collect();
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": { "component": root },
            "components": components, "dependencies": rows,
            "vulnerabilities": [{ "id": "CVE-2026-0001", "affects": affects, "analysis": { "state": "not_affected" } }],
        });
        marked(&document).is_some()
    }

    fn root(kind: &str, purl: &str) -> Value {
        json!({ "type": kind, "bom-ref": "root", "name": "x", "purl": purl })
    }

    fn library(reference: &str, purl: &str) -> Value {
        json!({ "type": "library", "bom-ref": reference, "purl": purl })
    }

    #[test]
    fn a_library_is_meant_as_part_of_what_uses_it() {
        let between = library("between", "pkg:golang/example.com/y@v1.0.0");
        let flat = json!([library("net", NET), between]);
        let nested = |purl: &str| json!([{ "type": "application", "bom-ref": "app", "purl": purl, "components": [library("net", NET)] }]);
        let unnamed = json!([library("net", NET), { "type": "container", "bom-ref": "image", "name": "image" }]);
        let direct: &[_] = &[("root", "net")];
        let by_library: &[_] = &[("root", "between"), ("between", "net")];
        let circle: &[_] = &[("root", "between"), ("between", "net"), ("net", "between")];
        let affects = json!([{ "ref": "net" }]);
        for (name, root, components, uses, fits) in [
            ("direct", root("application", OTHER), &flat, direct, false),
            ("direct", root("application", APP), &flat, direct, true),
            (
                "by a library",
                root("application", OTHER),
                &flat,
                by_library,
                false,
            ),
            (
                "by a library",
                root("application", APP),
                &flat,
                by_library,
                true,
            ),
            (
                "in a circle",
                root("application", OTHER),
                &flat,
                circle,
                false,
            ),
            ("in a circle", root("application", APP), &flat, circle, true),
            // cyclonedx-gomod and syft.
            (
                "a library as root",
                root("library", OTHER),
                &flat,
                by_library,
                false,
            ),
            (
                "a library as root",
                root("library", APP),
                &flat,
                by_library,
                true,
            ),
            (
                "without dependencies",
                root("application", OTHER),
                &flat,
                &[],
                false,
            ),
            (
                "without dependencies",
                root("application", APP),
                &flat,
                &[],
                true,
            ),
            (
                "a root without a purl",
                json!({ "type": "application", "bom-ref": "root", "name": "other" }),
                &flat,
                direct,
                false,
            ),
            (
                "a root without a reference",
                json!({ "type": "application", "purl": OTHER }),
                &flat,
                &[],
                false,
            ),
            (
                "nested",
                root("application", OTHER),
                &nested(OTHER),
                &[],
                false,
            ),
            (
                "nested",
                root("application", OTHER),
                &nested(APP),
                &[],
                true,
            ),
            ("nested", Value::Null, &nested(OTHER), &[], false),
            ("nested", Value::Null, &nested(APP), &[], true),
            (
                "a user without a purl",
                Value::Null,
                &unnamed,
                &[("image", "net")],
                false,
            ),
            (
                "a library on top",
                Value::Null,
                &json!([library("net", NET), library("main", OTHER)]),
                &[("main", "net")],
                false,
            ),
            (
                "a library on top",
                Value::Null,
                &json!([library("net", NET), library("main", APP)]),
                &[("main", "net")],
                true,
            ),
            ("alone", Value::Null, &flat, &[], true),
        ] {
            let found = clears(&root, components, uses, &affects);
            assert_eq!(found, fits, "{name}: {root} {uses:?}");
        }
        // A reference to something that is not in the document.
        for (root, fits) in [
            (root("application", OTHER), false),
            (root("application", APP), true),
            (Value::Null, true),
        ] {
            let found = clears(&root, &json!([]), &[], &json!([{ "ref": NET }]));
            assert_eq!(found, fits, "{root}");
        }
    }

    #[test]
    fn a_statement_that_affects_nothing_is_about_nothing() {
        let components = json!([library("net", NET)]);
        for affects in [json!([]), Value::Null] {
            assert!(!clears(
                &root("application", APP),
                &components,
                &[],
                &affects
            ));
            assert!(!clears(&Value::Null, &components, &[], &affects));
        }
    }

    #[test]
    fn only_versions_that_are_unaffected_are_cleared() {
        let bare = "pkg:golang/golang.org/x/net";
        let one = |version: &str, status: &str| json!({ "version": version, "status": status });
        for (purl, versions, fits) in [
            (
                bare,
                json!([one("v0.40.0", "unaffected"), one("v0.30.0", "affected")]),
                false,
            ),
            (
                bare,
                json!([one("v0.30.0", "unaffected"), one("v0.20.0", "affected")]),
                true,
            ),
            (bare, json!([one("0.30.0", "unaffected")]), true),
            (bare, json!([{ "version": "v0.30.0" }]), false),
            (
                bare,
                json!([{ "range": "vers:golang/>=0.1.0", "status": "unaffected" }]),
                false,
            ),
            (bare, json!([]), false),
            (bare, Value::Null, true),
            (NET, json!([one("v0.40.0", "unaffected")]), false),
            (NET, json!([one("v0.30.0", "unaffected")]), true),
        ] {
            let components = json!([library("net", purl)]);
            let affects = json!([{ "ref": "net", "versions": versions }]);
            for root in [Value::Null, root("application", APP)] {
                assert_eq!(
                    clears(&root, &components, &[], &affects),
                    fits,
                    "{purl} {versions}"
                );
            }
        }
        // Versions of the program itself.
        for (version, fits) in [("v1.0.0", true), ("v2.0.0", false)] {
            let root = root("application", "pkg:golang/example.com/app");
            let affects = json!([{ "ref": "root", "versions": [one(version, "unaffected")] }]);
            assert_eq!(clears(&root, &json!([]), &[], &affects), fits, "{version}");
        }
    }
}
