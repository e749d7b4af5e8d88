//! Facts about a program that are not in its file: the environment in which it starts, and labels of its image.

use crate::record::{Binary, VersionClaim, VersionSource, environment};

/// Facts about the surroundings of all programs in one container, or of all that the user named.
pub(crate) struct Surroundings {
    /// The environment in which they start.
    pub variables: Vec<(String, String)>,
    /// Where that environment was found.
    pub environment: environment::EnvironmentSource,
    /// Name and value of a label that states a version.
    pub label: Option<(&'static str, String)>,
}

impl Surroundings {
    /// Adds the facts to a record.
    pub(super) fn apply(&self, binary: &mut Binary) {
        environment::assume(binary, &self.variables, self.environment);
        if let (Some(claims), Some((name, version))) = (&mut binary.versions, &self.label) {
            claims.push(VersionClaim {
                value: version.clone(),
                source: VersionSource::ImageLabel.into(),
                name: Some((*name).to_owned()),
            });
        }
    }
}
