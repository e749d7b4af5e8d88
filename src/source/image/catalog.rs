//! Which images a store has and which blobs they are made of, from its metadata alone.

use super::digest::Digest;
use super::manifest::{
    CONFIG_MAX, Config, Descriptor, Document, MANIFEST_MAX, Media, Platform, Saved,
};
use super::store::{Blob, Blobs, Top, parse, read_short};
use super::{Options, Problem, problem};
use crate::source::archive::{ArchiveError, Reason};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Layers of one image; runtimes stop at a few hundred.
const LAYERS: usize = 1000;
/// Manifests and indexes that one source may have.
const DOCUMENTS: usize = 10_000;
/// An annotation that buildkit puts on manifests that describe another one.
const ATTESTATION: &str = "vnd.docker.reference.type";
/// The full name that containerd gives an image in a layout.
const FULL_NAME: &str = "io.containerd.image.name";
/// The tag of an image in a layout (OCI image specification, annotations.md).
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// One image to be scanned.
pub struct Plan {
    pub reference: String,
    pub aliases: Vec<String>,
    pub digest: Option<String>,
    pub platform: Option<Platform>,
    pub config: Config,
    pub layers: Vec<LayerPlan>,
    pub problems: Vec<Problem>,
}

/// One layer of it.
#[derive(Clone)]
pub struct LayerPlan {
    pub blob: Blob,
    /// What the descriptor says, for the record.
    pub digest: Option<String>,
    pub diff_id: Option<Digest>,
    /// Its publisher keeps it elsewhere: missing is no fault.
    pub foreign: bool,
    /// Why it is not to be read.
    pub skip: Option<(ArchiveError, bool)>,
}

/// What a store has.
#[derive(Default)]
pub struct Catalog {
    pub plans: Vec<Plan>,
    pub problems: Vec<Problem>,
}

/// Reads the metadata of a store.
pub fn read(store: &dyn Blobs, options: &Options) -> Catalog {
    let mut reader = Reader {
        store,
        options,
        catalog: Catalog::default(),
        seen: HashMap::new(),
        documents: 0,
        other_platforms: Vec::new(),
    };
    match store.top() {
        Err(error) => reader.problem(&error, true),
        Ok(Top::Saved(saved)) => reader.saved(&saved),
        Ok(Top::Document(bytes, digest)) => match parse::<Document>(&bytes, "the index") {
            Err(error) => reader.problem(&error, true),
            Ok(document) => reader.top(document, digest),
        },
    }
    let Reader {
        mut catalog,
        mut other_platforms,
        ..
    } = reader;
    if let (Some(wish), true) = (
        &options.platform,
        catalog.plans.is_empty() && !other_platforms.is_empty(),
    ) {
        other_platforms.sort();
        other_platforms.dedup();
        let text = format!(
            "no image for {wish}; there is {}",
            other_platforms.join(", ")
        );
        catalog.problems.push(problem(
            options,
            &ArchiveError::new(Reason::Unreadable, text),
            true,
        ));
    } else if catalog.plans.is_empty() && catalog.problems.is_empty() {
        let text = match &options.reference {
            Some(reference) => format!("no image is called {reference}"),
            None => "it has no image".to_owned(),
        };
        catalog.problems.push(problem(
            options,
            &ArchiveError::new(Reason::Unreadable, text),
            true,
        ));
    }
    catalog
}

struct Reader<'a> {
    store: &'a dyn Blobs,
    options: &'a Options,
    catalog: Catalog,
    /// Documents that were read, and the plans that came of them.
    seen: HashMap<Digest, Vec<usize>>,
    documents: usize,
    other_platforms: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, error: &ArchiveError, fatal: bool) {
        self.catalog
            .problems
            .push(problem(self.options, error, fatal));
    }

    /// The document that everything starts from: no descriptor points to the index of a layout.
    fn top(&mut self, document: Document, digest: Option<Digest>) {
        let name = self.options.name.clone();
        let Some(manifests) = &document.manifests else {
            self.image(&document, digest, None, &name);
            return;
        };
        // An index that has a digest is one image for many platforms; the index of a layout is a list of images.
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
                continue;
            }
            let reference = match (descriptor.annotations.get(FULL_NAME), tag) {
                (Some(full), _) => full.clone(),
                // Some builders put the full name where the tag belongs.
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

    /// Follows a descriptor of an index. Returns the plans it led to.
    fn descriptor(
        &mut self,
        descriptor: &Descriptor,
        reference: &str,
        depth: u32,
        top: bool,
    ) -> Vec<usize> {
        // A statement about an image holds no files: nothing is missed by passing over it.
        if descriptor.annotations.contains_key(ATTESTATION) {
            return Vec::new();
        }
        let platform = descriptor.platform.as_ref();
        if platform.is_some_and(Platform::is_unknown) {
            let text = format!("{} is a manifest for no platform", descriptor.digest);
            self.not_image(reference, &text);
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
        if Media::of(&descriptor.media_type) == Media::Schema1 {
            self.problem(
                &ArchiveError::unsupported(format!(
                    "{reference}: a manifest of Docker's first form is not read; push the image again"
                )),
                false,
            );
            return Vec::new();
        }
        if depth >= self.options.limits.depth || self.documents >= DOCUMENTS {
            self.problem(
                &ArchiveError::limit(format!(
                    "{reference}: indexes nested too deep or too many manifests at {digest}"
                )),
                false,
            );
            return Vec::new();
        }
        self.documents += 1;
        let document = match self.fetch::<Document>(
            &Blob::of(digest, descriptor.size),
            MANIFEST_MAX,
            "the manifest",
            true,
        ) {
            Ok(Some(document)) => document,
            // Archives of one platform keep the index of all of them.
            Ok(None) => {
                let platform = descriptor
                    .platform
                    .as_ref()
                    .map(|p| format!(" of {p}"))
                    .unwrap_or_default();
                let text =
                    format!("{reference}: the manifest {digest}{platform} is listed but not here");
                self.other_platforms.extend(
                    descriptor
                        .platform
                        .as_ref()
                        .map(|p| format!("{p} (not here)")),
                );
                self.problem(&ArchiveError::new(Reason::Unreadable, text), top);
                return Vec::new();
            }
            Err(error) => {
                let error =
                    ArchiveError::new(error.reason, format!("{reference}: {}", error.detail));
                self.problem(&error, true);
                return Vec::new();
            }
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

    /// A manifest: its configuration and layers.
    fn image(
        &mut self,
        document: &Document,
        digest: Option<Digest>,
        platform: Option<&Platform>,
        reference: &str,
    ) -> Option<usize> {
        let media = document.config.as_ref().map(|c| Media::of(&c.media_type));
        let (Some(config), Some(Media::Config), None) =
            (&document.config, media, &document.artifact_type)
        else {
            let kind = document
                .artifact_type
                .as_deref()
                .or(document.config.as_ref().map(|c| c.media_type.as_str()));
            let text = format!(
                "it is no container image but {:?}",
                short(kind.unwrap_or("something unnamed"))
            );
            self.not_image(reference, &text);
            return None;
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
        let config = match self.fetch::<Config>(&blob, CONFIG_MAX, "the configuration", false) {
            Ok(Some(config)) => config,
            other => {
                // Programs in the layers are found without it.
                let missing = || {
                    ArchiveError::new(
                        Reason::Unreadable,
                        format!("the configuration {config_digest} is missing"),
                    )
                };
                let error = other.err().unwrap_or_else(missing);
                problems.push(problem(
                    self.options,
                    &ArchiveError::new(error.reason, format!("{reference}: {}", error.detail)),
                    true,
                ));
                Config::default()
            }
        };
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
            platform,
            config,
            layers,
            problems,
        });
        Some(self.catalog.plans.len() - 1)
    }

    /// The images of `docker save`'s own list.
    fn saved(&mut self, saved: &[Saved]) {
        for image in saved.iter().take(DOCUMENTS) {
            let called = |wish: &String| image.repo_tags.iter().any(|tag| same_name(tag, wish));
            if self
                .options
                .reference
                .as_ref()
                .is_some_and(|wish| !called(wish))
            {
                continue;
            }
            let mut tags = image.repo_tags.iter().cloned();
            let reference = tags.next().unwrap_or_else(|| self.options.name.clone());
            let digest = config_digest(&image.config);
            // The name of a member, also where it looks like a digest.
            let blob = Blob {
                key: format!("./{}", image.config),
                digest,
                size: None,
            };
            let mut problems = Vec::new();
            let config = match self.fetch::<Config>(&blob, CONFIG_MAX, "the configuration", false) {
                Ok(Some(config)) => config,
                other => {
                    let missing = || {
                        ArchiveError::new(
                            Reason::Unreadable,
                            format!("the configuration {} is missing", short(&image.config)),
                        )
                    };
                    let error = other.err().unwrap_or_else(missing);
                    problems.push(problem(
                        self.options,
                        &ArchiveError::new(error.reason, format!("{reference}: {}", error.detail)),
                        true,
                    ));
                    Config::default()
                }
            };
            let platform = config.platform();
            if platform.as_ref().is_some_and(|p| !self.is_wanted(p)) {
                continue;
            }
            if image.layers.len() > LAYERS {
                let error = ArchiveError::limit(format!(
                    "{reference}: {} layers, {LAYERS} are read",
                    image.layers.len()
                ));
                problems.push(problem(self.options, &error, false));
            }
            let layers = image
                .layers
                .iter()
                .take(LAYERS)
                .enumerate()
                .map(|(i, name)| {
                    let digest = blob_path_digest(name);
                    LayerPlan {
                        blob: Blob {
                            key: name.clone(),
                            digest,
                            size: None,
                        },
                        digest: digest.map(|d| d.to_string()),
                        diff_id: config.rootfs.diff_ids.get(i).and_then(|d| Digest::parse(d)),
                        foreign: false,
                        skip: None,
                    }
                });
            let layers = layers.collect();
            self.catalog.plans.push(Plan {
                reference,
                aliases: tags.collect(),
                digest: None,
                platform,
                config,
                layers,
                problems,
            });
        }
    }

    fn is_wanted(&mut self, platform: &Platform) -> bool {
        let wanted = self
            .options
            .platform
            .as_ref()
            .is_none_or(|wish| platform.meets(wish));
        if !wanted {
            self.other_platforms.push(platform.to_string());
        }
        wanted
    }

    fn not_image(&mut self, reference: &str, text: &str) {
        let error = ArchiveError::unsupported(format!("{reference}: {text}"));
        let mut line = problem(self.options, &error, false);
        line.unexamined.reason = "not-image".to_owned();
        self.catalog.problems.push(line);
    }

    /// Reads and checks a JSON blob.
    fn fetch<T: serde::de::DeserializeOwned>(
        &self,
        blob: &Blob,
        most: u64,
        what: &str,
        manifest: bool,
    ) -> Result<Option<T>, ArchiveError> {
        let opened = if manifest {
            self.store.open_manifest(blob)?
        } else {
            self.store.open(blob)?
        };
        let Some(mut reader) = opened else {
            return Ok(None);
        };
        let bytes = read_short(&mut reader, most.min(self.options.limits.metadata), what)?;
        if let Some(want) = blob.digest {
            let got = want.same_of(&bytes);
            if got != want {
                return Err(ArchiveError::malformed(format!(
                    "{what} {want} has the digest {got}"
                )));
            }
        }
        parse(&bytes, what).map(Some)
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
        (_, Media::Layer | Media::ForeignLayer) => None,
        (_, Media::EncryptedLayer) => Some((
            ArchiveError::new(
                Reason::Encrypted,
                format!("the layer is encrypted ({kind})"),
            ),
            false,
        )),
        _ => Some((
            ArchiveError::unsupported(format!("the layer is of the unknown type {kind:?}")),
            false,
        )),
    };
    LayerPlan {
        blob: Blob {
            key: descriptor.digest.clone(),
            digest,
            size: descriptor.size,
        },
        digest: Some(descriptor.digest.clone()),
        diff_id: diff_id.and_then(|d| Digest::parse(d)),
        foreign: media == Media::ForeignLayer,
        skip,
    }
}

/// `<hex>.json` and `blobs/sha256/<hex>` name what they hold.
fn config_digest(name: &str) -> Option<Digest> {
    let hex = name.strip_suffix(".json").unwrap_or_default();
    blob_path_digest(name)
        .or_else(|| Digest::parse(name))
        .or_else(|| Digest::parse(&format!("sha256:{hex}")))
}

fn blob_path_digest(name: &str) -> Option<Digest> {
    let (algorithm, hex) = name.strip_prefix("blobs/")?.split_once('/')?;
    Digest::parse(&format!("{algorithm}:{hex}"))
}

/// Whether a name in an archive is what somebody asked for: `app` is `docker.io/library/app:latest`.
fn same_name(name: &str, wish: &str) -> bool {
    let full = |text: &str| {
        let text = text.strip_prefix("docker.io/").unwrap_or(text);
        let text = text.strip_prefix("library/").unwrap_or(text);
        let last = text.rsplit('/').next().unwrap_or(text);
        if last.contains([':', '@']) {
            text.to_owned()
        } else {
            format!("{text}:latest")
        }
    };
    name == wish || full(name) == full(wish)
}

/// Text from a document in a message: not too long.
fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

/// The plans' layers by key, so that the last image that needs a layer can let go of it.
pub fn uses(plans: &[Plan]) -> HashMap<String, usize> {
    let mut uses = HashMap::new();
    for layer in plans.iter().flat_map(|p| &p.layers) {
        match uses.entry(layer.blob.key.clone()) {
            Entry::Vacant(new) => {
                new.insert(1);
            }
            Entry::Occupied(mut old) => *old.get_mut() += 1,
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::same_name;

    #[test]
    fn names_are_compared_as_people_write_them() {
        assert!(same_name("docker.io/library/app:latest", "app"));
        assert!(same_name("example.test/app:1.0", "example.test/app:1.0"));
        assert!(same_name("localhost:5000/app:latest", "localhost:5000/app"));
        assert!(!same_name("app:1.0", "app"));
        assert!(!same_name("other/app:latest", "app"));
    }
}
