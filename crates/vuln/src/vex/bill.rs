//! A CycloneDX bill of materials that a VEX document refers to: its statements name components by BOM-Links
//! (cyclonedx.org/capabilities/bomlink), because a scanner that reads a bill matches nothing else.

use super::VexError;
use super::bill_programs::BillPrograms;
use super::components::components;
use super::purl::Pattern;
use crate::finding::Program;
use gospect_record::purl;
use serde_json::Value;
use std::collections::HashMap;

/// The identity of a bill, and the references of its components.
#[derive(Clone, Debug, Default)]
pub struct Bill {
    /// `serialNumber` without `urn:uuid:`.
    serial: String,
    version: u64,
    /// References of the components with a purl of this kind and path, with the purl.
    components: HashMap<String, Vec<(String, Pattern)>>,
    programs: BillPrograms,
}

impl Bill {
    /// Reads a bill.
    ///
    /// # Errors
    /// When it is not CycloneDX in JSON, or has no serial number, which BOM-Links need.
    pub fn parse(text: &[u8]) -> Result<Self, VexError> {
        let document: Value = serde_json::from_slice(text)?;
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        if text("bomFormat") != Some("CycloneDX") {
            return Err(VexError::NoBill);
        }
        let serial = text("serialNumber").and_then(|s| s.strip_prefix("urn:uuid:"));
        let serial = serial.filter(|s| is_uuid(s)).ok_or(VexError::NoSerial)?;
        let version = document.get("version").and_then(Value::as_u64);
        let mut bill = Self {
            serial: serial.to_owned(),
            version: version.unwrap_or(1),
            components: HashMap::new(),
            programs: BillPrograms::of(&document),
        };
        for component in components(&document) {
            let text = |key: &str| component.get(key).and_then(Value::as_str);
            let pattern = text("purl").and_then(Pattern::parse);
            if let (Some(reference), Some(pattern)) = (text("bom-ref"), pattern) {
                let same_name = bill.components.entry(pattern.name()).or_default();
                same_name.push((reference.to_owned(), pattern));
            }
        }
        Ok(bill)
    }

    /// BOM-Links to the components with any of these purls.
    pub fn links(&self, purls: &[String]) -> Vec<String> {
        let mut links = Vec::new();
        for wanted in purls.iter().filter_map(|purl| Pattern::parse(purl)) {
            let same_name = self.components.get(&wanted.name());
            for (reference, pattern) in same_name.into_iter().flatten() {
                if pattern.is_same_package(&wanted) {
                    links.push(self.link(reference));
                }
            }
        }
        links.sort_unstable();
        links.dedup();
        links
    }

    /// BOM-Links to components that a program of the bill uses which is none of these, with the name of one such program: what is true of these may
    /// not be true of that one.
    pub fn used_by_others(&self, judged: &[Program]) -> HashMap<String, &str> {
        let used = self.programs.used_by_others(judged).into_iter();
        used.map(|(reference, program)| (self.link(reference), program))
            .collect()
    }

    fn link(&self, reference: &str) -> String {
        let mut link = format!("urn:cdx:{}/{}#", self.serial, self.version);
        purl::encode(reference, &mut link);
        link
    }
}

/// Whether a text is a UUID in the usual form, in lower case.
fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-');
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_digit)
}
