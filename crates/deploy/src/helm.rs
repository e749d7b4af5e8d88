//! `values.yaml` of a Helm chart: environments that its templates pass to containers.

use super::collect::Collector;
use super::compose::named_pairs;
use super::facts::Reader;
use super::place::Place;
use super::text::{Span, Text};
use super::yaml::{Node, Value};

/// Keys that conventionally contain an environment.
const ENVIRONMENTS: [&str; 10] = [
    "env",
    "envs",
    "envVars",
    "envvars",
    "environment",
    "extraEnv",
    "extraEnvs",
    "extraEnvVars",
    "additionalEnv",
    "additionalEnvVars",
];

/// Reads all documents.
pub fn values(documents: &[Node], out: &mut Collector) {
    for document in documents {
        document.walk(&mut |above, key, value| {
            if ENVIRONMENTS.contains(&key.str()) {
                let place = Place {
                    scope: scope(above),
                    // Only the templates show which program gets it.
                    reader: Reader::SomeProgram,
                    ..Place::default()
                };
                out.variables(environment(value), &format!("{} ", key.str()), &place);
            }
        });
    }
}

/// Whether the values contain an environment.
pub fn has_environment(documents: &[Node]) -> bool {
    let mut found = false;
    for document in documents {
        document.walk(&mut |_, key, _| found |= ENVIRONMENTS.contains(&key.str()));
    }
    found
}

fn scope(above: &[&Node]) -> String {
    let keys = above.windows(2).filter_map(|pair| {
        let [parent, child] = pair else { return None };
        let all = parent.pairs().into_iter();
        let found = all.into_iter().find(|(_, v)| std::ptr::eq(*v, *child));
        found.map(|(key, _)| key.str().to_owned())
    });
    let mut path: Vec<String> = keys.collect();
    path.insert(0, "values".to_owned());
    path.join(".")
}

/// `NAME: value`, or a list of `{name, value}`.
fn environment(node: &Node) -> Vec<(String, Text, Span)> {
    let Value::Sequence(_) = node.value else {
        return named_pairs(node);
    };
    let entry = |item: &Node| {
        let name = item.get("name")?.text()?;
        let value = item.get("value")?.text()?.clone();
        let at = value.whole();
        Some((name.as_str().to_owned(), value, at))
    };
    node.items().into_iter().filter_map(entry).collect()
}
