//! Kustomize: generators of ConfigMaps and Secrets, patches inside the file, and JSON patches of an environment.

use super::collect::Collector;
use super::facts::Reader;
use super::kubernetes;
use super::place::Place;
use super::template::within;
use super::text::Source;
use super::yaml::{self, Node};

/// Reads all documents.
pub fn read(source: &Source, documents: &[Node], out: &mut Collector) {
    // Generators, and patches that are written as YAML.
    kubernetes::read(documents, out);
    for document in documents {
        for key in ["configMapGenerator", "secretGenerator"] {
            for generator in document.get(key).map(Node::items).unwrap_or_default() {
                for file in ["env", "envs"] {
                    for name in generator.get(file).map(Node::items).unwrap_or_default() {
                        if let Some(name) = name.text() {
                            out.env_file(name.clone());
                        }
                    }
                }
            }
        }
        let lists = ["patches", "patchesStrategicMerge", "patchesJson6902"];
        for item in lists
            .iter()
            .flat_map(|key| document.get(key).map(Node::items).unwrap_or_default())
        {
            let patch = item.get("patch").unwrap_or(item).text();
            let Some(text) = patch.filter(|text| text.as_str().contains('\n')) else {
                continue;
            };
            // A patch that is not valid YAML on its own is ignored.
            let inside = within(source, text).and_then(|source| yaml::read(&source).ok());
            if let Some(documents) = inside {
                kubernetes::read(&documents, out);
                operations(&documents, out);
            }
        }
    }
}

/// `- {op: add, path: /spec/.../env/-, value: {name: NAME, value: ...}}`.
pub fn operations(documents: &[Node], out: &mut Collector) {
    let place = Place {
        scope: "patch".into(),
        reader: Reader::SomeProgram,
        ..Place::default()
    };
    for operation in documents.iter().flat_map(Node::items) {
        let path = operation.get("path").map_or("", Node::str);
        let op = operation.get("op").map_or("", Node::str);
        if !path.contains("/env") || !matches!(op, "add" | "replace") {
            continue;
        }
        let Some(value) = operation.get("value") else {
            continue;
        };
        let entries = if value.is_sequence() {
            value.items()
        } else {
            vec![value]
        };
        let mut all = Vec::new();
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(Node::text);
            if let (Some(name), Some(value)) = (text("name"), text("value")) {
                all.push((name.as_str().to_owned(), value.clone(), value.whole()));
            }
        }
        out.variables(all, "env ", &place);
    }
}
