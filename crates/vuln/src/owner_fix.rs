//! What the package of a distribution says about a vulnerability of its program.

use gospect_record::Binary;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The changelog of the package that owns a program names a vulnerability: most often because its fix was taken into that version. It is
/// shown, but the finding still counts, because nothing in the program proves the fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerFix {
    /// The package.
    pub package: String,
    /// Version of the package whose entry names it, the newest one; `None`: the entry does not say.
    pub version: Option<String>,
    /// The line that names it.
    pub line: String,
    /// The file that was read, absolute in its root.
    pub source: String,
}

impl OwnerFix {
    /// What the changelog of the owner says about the vulnerability with these names.
    pub fn of<'n>(binary: &Binary, ids: impl Iterator<Item = &'n str>) -> Option<Self> {
        let owner = binary.owner.as_ref()?;
        let changelog = binary.owner_changelog.as_ref()?;
        let names = &changelog.names;
        let mut named = ids.filter_map(|id| names.iter().find(|name| name.id == id));
        let name = named.next()?;
        Some(Self {
            package: owner.name.clone(),
            version: name.version.clone(),
            line: name.line.clone(),
            source: name.file.as_ref().unwrap_or(&changelog.file).clone(),
        })
    }
}

/// `named in the changelog of acme 1.2-3+deb12u2: "Backport the fix of CVE-2023-45288" (/usr/share/doc/acme/changelog.Debian.gz)`.
impl fmt::Display for OwnerFix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "named in the changelog of {}", self.package)?;
        if let Some(version) = &self.version {
            write!(f, " {version}")?;
        }
        write!(f, ": \"{}\" ({})", self.line, self.source)
    }
}
