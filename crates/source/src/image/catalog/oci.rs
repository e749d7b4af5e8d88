//! Images described by indexes and manifests (OCI image specification; Docker's schema 2 has the same structure).

use super::{LAYERS, LayerPlan, Plan, Reader, same_name, short};
use crate::archive::{ArchiveError, Reason};
use crate::image::digest::Digest;
use crate::image::manifest::{
    Config, Descriptor, Document, FIRST_FORM, MANIFEST_MAX, Media, Platform,
};
use crate::image::problem;
use crate::image::store::Blob;

/// Annotation that BuildKit puts on manifests that describe another manifest.
const ATTESTATION: &str = "vnd.docker.reference.type";
/// Annotation with the full name that containerd gives an image in a layout.
const FULL_NAME: &str = "io.containerd.image.name";
/// The tag of an image in a layout (OCI image specification, annotations.md).
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation with the file name of an artifact's layer.
const TITLE: &str = "org.opencontainers.image.title";

impl Reader<'_> {
    /// Reads the first document: no descriptor points to the index of a layout.
    pub(super) fn top(&mut self, document: Document, digest: Option<Digest>) {
        let name = self.options.around.name.clone();
        let Some(manifests) = &document.manifests else {
            self.image(&document, digest, None, &name);
            return;
        };
        // An index with a digest is one image for many platforms; the index of a layout is a list of images.
        if digest.is_some() {
            self.index(manifests, &name, 0);
            return;
        }
        for descriptor in manifests {
            let tag = descriptor
                .annotations
                .get(FULL_NAME)
                .or_else(|| descriptor.annotations.get(REF_NAME));
            if let Some(wish) = &self.options.reference
                && !self.is_called(descriptor, wish)
            {
                // An image without a name can be asked for by its digest.
                let name = tag.unwrap_or(&descriptor.digest).clone();
                self.other_names.push(name);
                continue;
            }
            let reference = match (descriptor.annotations.get(FULL_NAME), tag) {
                (Some(full), _) => full.clone(),
                // Some builders write the full name instead of the tag.
                (None, Some(tag)) if tag.contains(['/', ':']) => tag.clone(),
                (None, Some(tag)) => format!("{name}:{tag}"),
                (None, None) => name.clone(),
            };
            self.descriptor(descriptor, &reference, 0, true);
        }
    }

    fn is_called(&self, descriptor: &Descriptor, wish: &str) -> bool {
        let names =
            [FULL_NAME, REF_NAME].map(|key| descriptor.annotations.get(key).map(String::as_str));
        names
            .into_iter()
            .flatten()
            .any(|name| same_name(name, wish))
            || descriptor.digest == wish.trim_start_matches('@')
    }

    fn index(&mut self, manifests: &[Descriptor], reference: &str, depth: u32) -> Vec<usize> {
        let mut plans = Vec::new();
        for descriptor in manifests {
            plans.extend(self.descriptor(descriptor, reference, depth, false));
        }
        plans
    }

    /// Follows a descriptor in an index. Returns the plans it led to.
    fn descriptor(
        &mut self,
        descriptor: &Descriptor,
        reference: &str,
        depth: u32,
        top: bool,
    ) -> Vec<usize> {
        // An attestation holds no files, so nothing is missed by skipping it.
        if descriptor.annotations.contains_key(ATTESTATION) {
            return Vec::new();
        }
        let Some(digest) = Digest::parse(&descriptor.digest) else {
            self.problem(
                &ArchiveError::unsupported(format!(
                    "{reference}: the digest {:?} is of no known form",
                    short(&descriptor.digest)
                )),
                true,
            );
            return Vec::new();
        };
        if let Some(platform) = &descriptor.platform
            && !platform.os.is_empty()
            && !platform.is_unknown()
            && !self.is_wanted(platform)
        {
            return Vec::new();
        }
        if let Some(plans) = self.seen.get(&digest).cloned() {
            for &plan in &plans {
                let plan = &mut self.catalog.plans[plan];
                if plan.reference != reference && !plan.aliases.iter().any(|a| a == reference) {
                    plan.aliases.push(reference.to_owned());
                }
            }
            return plans;
        }
        if !self.may_read(descriptor, digest, reference, depth) {
            return Vec::new();
        }
        self.documents += 1;
        // Set before reading, so that an index that leads back to itself ends here, and a missing document is requested only once.
        self.seen.insert(digest, Vec::new());
        let Some(document) = self.document(descriptor, digest, reference, top) else {
            return Vec::new();
        };
        let plans = match &document.manifests {
            Some(manifests) => self.index(manifests, reference, depth + 1),
            None => self
                .image(
                    &document,
                    Some(digest),
                    descriptor.platform.as_ref(),
                    reference,
                )
                .into_iter()
                .collect(),
        };
        self.seen.insert(digest, plans.clone());
        plans
    }

    /// Whether a document has a known form and is within the limits. If not, that is reported.
    fn may_read(
        &mut self,
        descriptor: &Descriptor,
        digest: Digest,
        reference: &str,
        depth: u32,
    ) -> bool {
        let most = self.store.most_documents();
        let deepest = self.options.limits.depth;
        let error = if Media::of(&descriptor.media_type) == Media::Schema1 {
            ArchiveError::unsupported(format!("{reference}: {FIRST_FORM}"))
        } else if self.documents >= most {
            if std::mem::replace(&mut self.is_cut, true) {
                return false;
            }
            ArchiveError::limit(format!(
                "{reference}: more than {most} manifests and indexes"
            ))
        } else if depth >= deepest {
            ArchiveError::limit(format!(
                "{reference}: an index inside {deepest} indexes at {digest}"
            ))
        } else {
            return true;
        };
        self.problem(&error, false);
        false
    }

    /// Fetches the document of a descriptor. A problem is reported, and gives `None`.
    fn document(
        &mut self,
        descriptor: &Descriptor,
        digest: Digest,
        reference: &str,
        top: bool,
    ) -> Option<Document> {
        let blob = Blob::of(digest, descriptor.size);
        match self.fetch::<Document>(&blob, MANIFEST_MAX, "the manifest", true) {
            Ok(Some(document)) => Some(document),
            // An archive for one platform may keep the index of all platforms.
            Ok(None) => {
                let platform = descriptor.platform.as_ref();
                let of = platform.map(|p| format!(" of {p}")).unwrap_or_default();
                let text = format!("{reference}: the manifest {digest}{of} is listed but not here");
                let missing = platform.map(|p| format!("{p} (not here)"));
                self.other_platforms.extend(missing);
                self.problem(&ArchiveError::new(Reason::Unreadable, text), top);
                None
            }
            Err(error) => {
                let text = format!("{reference}: {}", error.detail);
                self.problem(&ArchiveError::new(error.reason, text), true);
                None
            }
        }
    }

    /// Reads a manifest: its configuration and layers.
    fn image(
        &mut self,
        document: &Document,
        digest: Option<Digest>,
        platform: Option<&Platform>,
        reference: &str,
    ) -> Option<usize> {
        if let Some(why) = document.empty_reason() {
            let error = ArchiveError::new(why.reason, format!("{reference}: {}", why.detail));
            self.problem(&error, true);
            return None;
        }
        let media = document.config.as_ref().map(|c| Media::of(&c.media_type));
        // Builders mark manifests that are not images with `unknown/unknown`, whatever the media type of their configuration.
        let is_image = media == Some(Media::Config)
            && document.artifact_type.is_none()
            && !platform.is_some_and(Platform::is_unknown);
        let config = match &document.config {
            Some(config) if is_image => config,
            _ => return Some(self.artifact(document, digest, reference)),
        };
        let Some(config_digest) = Digest::parse(&config.digest) else {
            self.problem(
                &ArchiveError::unsupported(format!(
                    "{reference}: the configuration's digest is of no known form"
                )),
                true,
            );
            return None;
        };
        let mut problems = Vec::new();
        let blob = Blob::of(config_digest, config.size);
        let name = config_digest.to_string();
        let (config, config_digest) = self.configuration(&blob, &name, reference, &mut problems);
        let platform = config.platform().or(platform.cloned());
        if platform.as_ref().is_some_and(|p| !self.is_wanted(p)) {
            return None;
        }
        if document.layers.len() > LAYERS {
            let error = ArchiveError::limit(format!(
                "{reference}: {} layers, {LAYERS} are read",
                document.layers.len()
            ));
            problems.push(problem(self.options, &error, false));
        }
        let diff_ids = &config.rootfs.diff_ids;
        if !problems.iter().any(|p| p.fatal) && diff_ids.len() != document.layers.len() {
            let text = format!(
                "{reference}: the configuration names {} layers, the manifest {}",
                diff_ids.len(),
                document.layers.len()
            );
            problems.push(problem(self.options, &ArchiveError::malformed(text), false));
        }
        let layers = document.layers.iter().take(LAYERS).enumerate();
        let layers = layers.map(|(i, l)| layer(l, diff_ids.get(i))).collect();
        let digest = digest.map(|d| d.to_string());
        self.catalog.plans.push(Plan {
            reference: reference.to_owned(),
            aliases: Vec::new(),
            digest,
            config_digest,
            artifact: false,
            platform,
            config,
            layers,
            problems,
        });
        Some(self.catalog.plans.len() - 1)
    }

    /// Reads the manifest of an artifact: of ORAS, a plugin, a chart, a WebAssembly module, an attestation. Its layers are files
    /// or archives.
    fn artifact(&mut self, document: &Document, digest: Option<Digest>, reference: &str) -> usize {
        let all = document.layers.len() + document.blobs.len();
        let mut problems = Vec::new();
        if all > LAYERS {
            let error =
                ArchiveError::limit(format!("{reference}: {all} layers, {LAYERS} are read"));
            problems.push(problem(self.options, &error, false));
        }
        let layers = document.layers.iter().chain(&document.blobs).take(LAYERS);
        let layers = layers.map(|descriptor| LayerPlan {
            separate_file: Some(title(descriptor)),
            ..layer(descriptor, None)
        });
        self.catalog.plans.push(Plan {
            reference: reference.to_owned(),
            aliases: Vec::new(),
            digest: digest.map(|d| d.to_string()),
            config_digest: None,
            artifact: true,
            platform: None,
            config: Config::default(),
            layers: layers.collect(),
            problems,
        });
        self.catalog.plans.len() - 1
    }
}

/// The name of a layer that is a file: its title without `..` and a leading `/`, or its digest if it has no title.
fn title(descriptor: &Descriptor) -> String {
    let title = descriptor.annotations.get(TITLE).map(String::as_str);
    let parts = title.unwrap_or_default().split('/');
    let parts: Vec<&str> = parts
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    match parts.as_slice() {
        [] => descriptor.digest.clone(),
        parts => parts.join("/"),
    }
}

fn layer(descriptor: &Descriptor, diff_id: Option<&String>) -> LayerPlan {
    let digest = Digest::parse(&descriptor.digest);
    let media = Media::of(&descriptor.media_type);
    let kind = short(&descriptor.media_type);
    let skip = match (digest, media) {
        (None, _) => Some((
            ArchiveError::unsupported(format!(
                "the digest {:?} is of no known form",
                short(&descriptor.digest)
            )),
            true,
        )),
        (_, Media::Layer | Media::ForeignLayer | Media::Other) => None,
        (_, Media::EncryptedLayer) => Some((
            ArchiveError::new(
                Reason::Encrypted,
                format!("the layer is encrypted ({kind})"),
            ),
            false,
        )),
        _ => Some((
            ArchiveError::unsupported(format!("the layer is of the type {kind:?}")),
            false,
        )),
    };
    // For an unknown kind of layer nothing says where its files belong.
    let separate_file = (media == Media::Other).then(|| title(descriptor));
    LayerPlan {
        blob: Blob {
            key: descriptor.digest.clone(),
            digest,
            size: descriptor.size,
        },
        digest: Some(descriptor.digest.clone()),
        diff_id: diff_id.and_then(|d| Digest::parse(d)),
        foreign: media == Media::ForeignLayer,
        separate_file,
        skip,
    }
}
