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
        Some(match expression.contains(' ') {
            true => json!([{ "expression": expression }]),
            false => json!([{"license": {"id": expression}}]),
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
