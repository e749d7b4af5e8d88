//! The JSON documents of images: index, manifest, configuration, and the `manifest.json` of `docker save`.
//!
//! Sources: OCI image specification 1.1 (image-index.md, manifest.md, config.md, descriptor.md), Docker image manifest version 2
//! schema 2, Docker image specification 1.2 and 1.3 (`docker save`). Builders differ, so unknown keys are ignored and `null`
//! counts as absent.

use crate::archive::ArchiveError;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// Longest index or manifest in bytes: the limit of registries.
pub(crate) const MANIFEST_MAX: u64 = 4 << 20;
/// Longest image configuration in bytes.
pub(crate) const CONFIG_MAX: u64 = 8 << 20;

/// The kind of a blob, by the media type of its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// An index of manifests.
    Index,
    /// An image manifest.
    Manifest,
    /// An image configuration.
    Config,
    /// A layer of files.
    Layer,
    /// A layer that its publisher hosts elsewhere.
    ForeignLayer,
    /// An encrypted layer.
    EncryptedLayer,
    /// A manifest of Docker's schema 1, whose layers cannot be read.
    Schema1,
    /// Anything else.
    Other,
}

/// Media types by prefix, the most specific first.
const MEDIA: &[(&str, Media)] = &[
    ("application/vnd.oci.image.index.v1+json", Media::Index),
    (
        "application/vnd.docker.distribution.manifest.list.v2+json",
        Media::Index,
    ),
    (
        "application/vnd.oci.image.manifest.v1+json",
        Media::Manifest,
    ),
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        Media::Manifest,
    ),
    (
        "application/vnd.docker.distribution.manifest.v1+",
        Media::Schema1,
    ),
    ("application/vnd.oci.image.config.v1+json", Media::Config),
    (
        "application/vnd.docker.container.image.v1+json",
        Media::Config,
    ),
    (
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        Media::ForeignLayer,
    ),
    (
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        Media::ForeignLayer,
    ),
    ("application/vnd.oci.image.layer.v1.tar", Media::Layer),
    ("application/vnd.docker.image.rootfs.diff.tar", Media::Layer),
];

/// Media types that are asked of a registry.
#[cfg(feature = "registry")]
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
                          application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, \
                          application/vnd.oci.artifact.manifest.v1+json";

impl Media {
    /// The kind that this media type stands for.
    pub fn of(text: &str) -> Self {
        let found = MEDIA
            .iter()
            .find(|(prefix, _)| text.starts_with(prefix))
            .map_or(Self::Other, |(_, media)| *media);
        match found {
            Self::Layer | Self::ForeignLayer if text.ends_with("+encrypted") => {
                Self::EncryptedLayer
            }
            other => other,
        }
    }
}

/// A reference to a blob.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the blob.
    #[serde(default, deserialize_with = "or_default")]
    pub media_type: String,
    /// `algorithm:hex`.
    pub digest: String,
    /// Length in bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Annotations.
    #[serde(default, deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
    /// The platform of a manifest in an index.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// What kind of artifact the manifest is.
    #[serde(default)]
    pub artifact_type: Option<String>,
}

/// Operating system and machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// Operating system, by Go's name.
    #[serde(default, deserialize_with = "or_default")]
    pub os: String,
    /// Architecture, by Go's name.
    #[serde(default, deserialize_with = "or_default")]
    pub architecture: String,
    /// Variant, such as `v8`.
    #[serde(default, deserialize_with = "or_default")]
    pub variant: String,
}

impl Platform {
    /// Reads `os/arch[/variant]`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let mut next = || parts.next().map(str::to_owned);
        let platform = Self {
            os: next()?,
            architecture: next()?,
            variant: next().unwrap_or_default(),
        };
        (next().is_none() && !platform.os.is_empty() && !platform.architecture.is_empty())
            .then_some(platform)
    }

    /// Whether this platform is the wanted one. A wish without variant accepts any; `arm64` alone means `v8`.
    pub fn meets(&self, wish: &Self) -> bool {
        let variant = |p: &Self| match (p.architecture.as_str(), p.variant.as_str()) {
            ("arm64", "") => "v8".to_owned(),
            (_, v) => v.to_owned(),
        };
        self.os == wish.os
            && self.architecture == wish.architecture
            && (wish.variant.is_empty() || variant(self) == variant(wish))
    }

    /// Whether it is `unknown/unknown`, which builders use for manifests that are not images.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() {
            Ok(())
        } else {
            write!(f, "/{}", self.variant)
        }
    }
}

/// An index or a manifest: distinguished by content, because `mediaType` may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Its own media type.
    #[serde(default, deserialize_with = "or_default")]
    pub media_type: String,
    /// The manifests of an index.
    #[serde(default)]
    pub manifests: Option<Vec<Descriptor>>,
    /// The configuration of a manifest.
    #[serde(default)]
    pub config: Option<Descriptor>,
    /// The layers of a manifest, lowest first.
    #[serde(default, deserialize_with = "or_default")]
    pub layers: Vec<Descriptor>,
    /// Blobs of an artifact, as in the release candidates of specification 1.1.
    #[serde(default, deserialize_with = "or_default")]
    pub blobs: Vec<Descriptor>,
    /// Type of an artifact.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// Layers of a schema 1 manifest, which may have no media type.
    #[serde(default)]
    pub fs_layers: Option<IgnoredAny>,
}

impl Document {
    /// Why a document without references is not a manifest; `None` when it has references.
    pub(crate) fn empty_reason(&self) -> Option<ArchiveError> {
        if Media::of(&self.media_type) == Media::Schema1 || self.fs_layers.is_some() {
            return Some(ArchiveError::unsupported(FIRST_FORM));
        }
        let names_something = self.manifests.is_some()
            || self.config.is_some()
            || self.artifact_type.is_some()
            || !self.layers.is_empty()
            || !self.blobs.is_empty();
        (!names_something)
            .then(|| ArchiveError::malformed("neither an index nor a manifest: it names nothing"))
    }
}

/// The message for a manifest of Docker's schema 1.
pub(crate) const FIRST_FORM: &str =
    "a manifest of Docker's first form is not read; push the image again";

/// An image configuration.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Config {
    /// Operating system, by Go's name.
    #[serde(default, deserialize_with = "or_default")]
    pub os: String,
    /// Architecture, by Go's name.
    #[serde(default, deserialize_with = "or_default")]
    pub architecture: String,
    /// Variant, such as `v8`.
    #[serde(default, deserialize_with = "or_default")]
    pub variant: String,
    /// What a container runs.
    #[serde(default, deserialize_with = "or_default")]
    pub config: RunConfig,
    /// The layers, uncompressed.
    #[serde(default, deserialize_with = "or_default")]
    pub rootfs: RootFs,
    /// One entry for each build step.
    #[serde(default, deserialize_with = "or_default")]
    pub history: Vec<History>,
}

impl Config {
    /// The platform; `None` when it names none.
    pub fn platform(&self) -> Option<Platform> {
        (!self.os.is_empty() || !self.architecture.is_empty()).then(|| Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone(),
        })
    }

    /// The build step of each of `layers` layers; empty when the history does not match their number.
    pub fn created_by(&self, layers: usize) -> Vec<Option<String>> {
        let steps: Vec<_> = self
            .history
            .iter()
            .filter(|h| !h.empty_layer)
            .map(|h| h.created_by.clone())
            .collect();
        if steps.len() == layers {
            steps
        } else {
            vec![None; layers]
        }
    }
}

/// What a container runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunConfig {
    /// `KEY=VALUE` each.
    #[serde(default, deserialize_with = "or_default")]
    pub env: Vec<String>,
    /// ENTRYPOINT.
    #[serde(default, deserialize_with = "or_default")]
    pub entrypoint: Vec<String>,
    /// CMD.
    #[serde(default, deserialize_with = "or_default")]
    pub cmd: Vec<String>,
    /// USER.
    #[serde(default)]
    pub user: Option<String>,
    /// WORKDIR.
    #[serde(default)]
    pub working_dir: Option<String>,
    /// On Windows: the command is a complete command line.
    #[serde(default, deserialize_with = "or_default")]
    pub args_escaped: bool,
    /// LABEL.
    #[serde(default, deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
}

/// The uncompressed layers.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RootFs {
    /// SHA-256 of each layer's tar.
    #[serde(default, deserialize_with = "or_default")]
    pub diff_ids: Vec<String>,
}

/// A build step.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct History {
    /// The Dockerfile line.
    #[serde(default)]
    pub created_by: Option<String>,
    /// The step made no layer.
    #[serde(default, deserialize_with = "or_default")]
    pub empty_layer: bool,
}

/// One image in the `manifest.json` of `docker save`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Saved {
    /// Name of the configuration's member.
    pub config: String,
    /// Names of the image.
    #[serde(default, deserialize_with = "or_default")]
    pub repo_tags: Vec<String>,
    /// Names of the layers' members, lowest first.
    #[serde(default, deserialize_with = "or_default")]
    pub layers: Vec<String>,
}

/// Reads `null` as the default.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_of_both_families_are_known() {
        for (text, media) in [
            ("application/vnd.oci.image.layer.v1.tar+zstd", Media::Layer),
            (
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                Media::Layer,
            ),
            (
                "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
                Media::EncryptedLayer,
            ),
            (
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                Media::ForeignLayer,
            ),
            (
                "application/vnd.docker.distribution.manifest.v1+prettyjws",
                Media::Schema1,
            ),
            ("application/vnd.cncf.helm.config.v1+json", Media::Other),
            ("", Media::Other),
        ] {
            assert_eq!(Media::of(text), media, "{text}");
        }
    }

    #[test]
    fn nulls_and_missing_keys_are_defaults() {
        let config: Config = serde_json::from_str(
            r#"{"os":"linux","config":{"Env":null,"Cmd":null,"Labels":null},"history":null,"rootfs":null}"#,
        )
        .unwrap();
        assert!(config.config.env.is_empty() && config.history.is_empty());
        assert_eq!(config.platform().unwrap().to_string(), "linux/");
    }

    #[test]
    fn history_is_matched_only_when_it_accounts_for_every_layer() {
        let text = r#"{"history":[{"created_by":"ADD"},{"created_by":"ENV","empty_layer":true},{"created_by":"COPY"}]}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        assert_eq!(
            config.created_by(2),
            [Some("ADD".into()), Some("COPY".into())]
        );
        assert_eq!(config.created_by(3), [None, None, None]);
    }

    #[test]
    fn platforms_are_read_and_compared() {
        let arm = Platform::parse("linux/arm64").unwrap();
        assert!(Platform::parse("linux/arm64/v8").unwrap().meets(&arm));
        assert!(arm.meets(&Platform::parse("linux/arm64/v8").unwrap()));
        assert!(
            !Platform::parse("linux/arm/v6")
                .unwrap()
                .meets(&Platform::parse("linux/arm/v7").unwrap())
        );
        assert!(
            Platform::parse("linux/arm/v6")
                .unwrap()
                .meets(&Platform::parse("linux/arm").unwrap())
        );
        for bad in ["linux", "linux/", "/arm", "a/b/c/d"] {
            assert_eq!(Platform::parse(bad), None, "{bad}");
        }
    }
}
