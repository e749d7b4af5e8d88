//! Versions of the bill formats, and what each has no place for.

/// A version of CycloneDX, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CycloneDx {
    /// 1.4: no evidence of where a component was found, no life cycle; tools are a plain list.
    V1_4,
    /// 1.5: evidence has one identity, not a list.
    V1_5,
    /// 1.6: evidence may have one identity or a list, and some parsers take only one.
    V1_6,
    /// 1.7: evidence has a list of identities.
    #[default]
    V1_7,
}

impl CycloneDx {
    /// All versions that can be written.
    pub const ALL: [Self; 4] = [Self::V1_4, Self::V1_5, Self::V1_6, Self::V1_7];

    /// The text of `specVersion`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_4 => "1.4",
            Self::V1_5 => "1.5",
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }

    /// The version with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }
}

/// A version of SPDX, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spdx {
    /// 2.3, which scanners read.
    #[default]
    V2_3,
    /// 3.0, as 3.0.1 corrects it: JSON-LD.
    V3_0,
}

impl Spdx {
    /// All versions that can be written.
    pub const ALL: [Self; 2] = [Self::V2_3, Self::V3_0];

    /// The version as `--spec-version` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_3 => "2.3",
            Self::V3_0 => "3.0",
        }
    }

    /// The version with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }
}
