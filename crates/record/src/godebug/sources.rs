//! The strings that hold settings, split as the runtime splits them.

pub use crate::GodebugOrigin;
use std::collections::BTreeMap;

impl GodebugOrigin {
    /// Its name in a sentence.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Toolchain => "the toolchain",
            Self::Recorded => "the recorded defaults",
            Self::Baked => "the built-in defaults",
            Self::Environment => "the environment",
        }
    }
}

/// One string of settings.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    pub origin: GodebugOrigin,
    pub text: &'a str,
    /// The values of each key, in order.
    values: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Source<'a> {
    pub fn new(origin: GodebugOrigin, text: &'a str) -> Self {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in pairs(text) {
            values.entry(key).or_default().push(value);
        }
        Self {
            origin,
            text,
            values,
        }
    }

    /// The values of a key, in order.
    pub fn values(&self, key: &str) -> &[&'a str] {
        self.values.get(key).map_or(&[], Vec::as_slice)
    }
}

/// Key and value of each field. Commas separate fields, the first `=` ends the key, and Go ignores a field without one
/// (src/runtime/runtime1.go parsegodebug, src/internal/godebug/godebug.go parse). Spaces are part of the text.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',').filter_map(|field| field.split_once('='))
}

/// Fields that Go skips because they have no `=`.
pub fn bare_fields(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .filter(|field| !field.is_empty() && !field.contains('='))
}

/// The pairs in the form of the record.
pub fn owned_pairs(text: Option<&str>) -> Option<Vec<(String, String)>> {
    text.map(|text| {
        pairs(text)
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    })
}
