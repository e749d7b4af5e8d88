//! Why a product is not affected, in the words of the formats.

/// A word for why a product is not affected: OpenVEX 0.2.0 ("Status Justifications") has five, CycloneDX 1.6 ("impactAnalysisJustification") nine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Justification {
    openvex: Option<&'static str>,
    cyclonedx: Option<&'static str>,
    /// The word as it was read.
    word: &'static str,
}

/// Each word, and the one of OpenVEX and of CycloneDX that means the same; `None`: the format has none.
const WORDS: [(&str, Option<&str>, Option<&str>); 14] = [
    (
        "component_not_present",
        Some("component_not_present"),
        Some("code_not_present"),
    ),
    (
        "vulnerable_code_not_present",
        Some("vulnerable_code_not_present"),
        Some("code_not_present"),
    ),
    (
        "vulnerable_code_not_in_execute_path",
        Some("vulnerable_code_not_in_execute_path"),
        Some("code_not_reachable"),
    ),
    (
        "vulnerable_code_cannot_be_controlled_by_adversary",
        Some("vulnerable_code_cannot_be_controlled_by_adversary"),
        None,
    ),
    (
        "inline_mitigations_already_exist",
        Some("inline_mitigations_already_exist"),
        Some("protected_by_mitigating_control"),
    ),
    (
        "code_not_present",
        Some("vulnerable_code_not_present"),
        Some("code_not_present"),
    ),
    (
        "code_not_reachable",
        Some("vulnerable_code_not_in_execute_path"),
        Some("code_not_reachable"),
    ),
    (
        "requires_configuration",
        None,
        Some("requires_configuration"),
    ),
    ("requires_dependency", None, Some("requires_dependency")),
    ("requires_environment", None, Some("requires_environment")),
    (
        "protected_by_compiler",
        Some("inline_mitigations_already_exist"),
        Some("protected_by_compiler"),
    ),
    (
        "protected_at_runtime",
        Some("inline_mitigations_already_exist"),
        Some("protected_at_runtime"),
    ),
    (
        "protected_at_perimeter",
        None,
        Some("protected_at_perimeter"),
    ),
    (
        "protected_by_mitigating_control",
        Some("inline_mitigations_already_exist"),
        Some("protected_by_mitigating_control"),
    ),
];

impl Justification {
    /// The code is not in the program, as far as its functions prove it.
    pub const CODE_NOT_PRESENT: Self = Self {
        openvex: Some("vulnerable_code_not_present"),
        cyclonedx: Some("code_not_present"),
        word: "vulnerable_code_not_present",
    };

    /// Reads a word of either format; `None`: it is prose, or a word of another format.
    pub fn parse(text: &str) -> Option<Self> {
        let row = WORDS.iter().find(|(word, ..)| *word == text);
        row.map(|(word, openvex, cyclonedx)| Self {
            openvex: *openvex,
            cyclonedx: *cyclonedx,
            word,
        })
    }

    /// The word as it was read.
    pub fn word(self) -> &'static str {
        self.word
    }

    /// OpenVEX's word; `None`: it has none that means the same.
    pub fn openvex(self) -> Option<&'static str> {
        self.openvex
    }

    /// CycloneDX's word; `None`: it has none that means the same.
    pub fn cyclonedx(self) -> Option<&'static str> {
        self.cyclonedx
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_format_stays_itself_in_that_format() {
        for (word, openvex, cyclonedx) in WORDS {
            let read = Justification::parse(word).unwrap();
            assert_eq!(read.word(), word);
            assert!(openvex == Some(word) || cyclonedx == Some(word), "{word}");
            for translated in [openvex, cyclonedx].into_iter().flatten() {
                assert!(Justification::parse(translated).is_some(), "{translated}");
            }
        }
        assert_eq!(
            Justification::parse("vulnerable_code_not_present"),
            Some(Justification::CODE_NOT_PRESENT)
        );
        assert_eq!(Justification::parse("the parser is never called"), None);
    }
}
