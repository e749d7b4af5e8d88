//! Licences of modules, as somebody found them in their files: no program records them.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the files of one module say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licence {
    /// An identifier of the SPDX list (`MIT`), or an expression of several; `None`: unknown.
    pub expression: Option<String>,
    /// The file that has it, or why it is unknown.
    pub how: String,
}

/// Licences by path and version of the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licences(pub BTreeMap<(String, String), Licence>);

impl Licences {
    /// The licence of a module; `None`: nobody looked for it.
    pub(super) fn of(&self, path: &str, version: &str) -> Option<&Licence> {
        self.0.get(&(path.to_owned(), version.to_owned()))
    }
}

impl Licence {
    /// The `licenses` of CycloneDX; `None` when it is unknown.
    pub(super) fn cyclonedx(&self) -> Option<Value> {
        let expression = self.expression.as_deref()?;
        let is_identifier = expression
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        Some(match is_identifier {
            true => json!([{"license": {"id": expression}}]),
            false => json!([{ "expression": expression }]),
        })
    }

    /// The `licenseDeclared` of SPDX.
    pub(super) fn spdx(&self) -> &str {
        self.expression.as_deref().unwrap_or("NOASSERTION")
    }

    /// Where it was found, or why it is unknown.
    pub(super) fn property(&self) -> (&'static str, String) {
        let text = match self.expression {
            Some(_) => format!("of {}", self.how),
            None => format!("unknown: {}", self.how),
        };
        ("gospect:license", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_identifier_is_an_id() {
        for (expression, name) in [
            ("Apache-2.0", "/0/license/id"),
            ("MIT OR ISC", "/0/expression"),
            ("(MIT)", "/0/expression"),
            ("Apache-2.0+", "/0/expression"),
        ] {
            let licence = Licence {
                expression: Some(expression.to_owned()),
                how: String::new(),
            };
            let listed = licence.cyclonedx().unwrap();
            assert_eq!(listed.pointer(name), Some(&json!(expression)));
        }
    }
}
