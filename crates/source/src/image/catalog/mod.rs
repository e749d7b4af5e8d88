//! Lists the images of a store and the blobs they consist of, from metadata alone.

use crate::archive::{ArchiveError, Reason};
use crate::image::digest::Digest;
use crate::image::manifest::{CONFIG_MAX, Config, Document, Platform};
use crate::image::store::{Blob, Blobs, DOCUMENTS, Top, parse, read_short};
use crate::image::{ImageOptions, ImageProblem, OTHER_PLATFORM, problem};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

mod oci;
mod saved;

/// Most layers of one image; runtimes support a few hundred.
const LAYERS: usize = 1000;

/// One image to scan.
pub struct Plan {
    pub reference: String,
    pub aliases: Vec<String>,
    pub digest: Option<String>,
    /// Digest of the configuration; `None`: it could not be read.
    pub config_digest: Option<String>,
    /// Set for an artifact: its layers are separate files and archives, and nothing is started.
    pub artifact: bool,
    pub platform: Option<Platform>,
    pub config: Config,
    pub layers: Vec<LayerPlan>,
    pub problems: Vec<ImageProblem>,
}

/// One layer of an image.
#[derive(Clone)]
pub struct LayerPlan {
    pub blob: Blob,
    /// The digest in the descriptor, for the record.
    pub digest: Option<String>,
    pub diff_id: Option<Digest>,
    /// The publisher hosts the layer elsewhere, so its absence is not a fault.
    pub foreign: bool,
    /// The layer is not part of a root file system but a file or archive with this name.
    pub separate_file: Option<String>,
    /// Why the layer is not to be read, and whether that is fatal.
    pub skip: Option<(ArchiveError, bool)>,
}

/// The images of a store.
#[derive(Default)]
pub struct Catalog {
    pub plans: Vec<Plan>,
    pub problems: Vec<ImageProblem>,
}

/// Reads the metadata of a store.
pub fn read(store: &dyn Blobs, options: &ImageOptions) -> Catalog {
    let mut reader = Reader {
        store,
        options,
        catalog: Catalog::default(),
        seen: HashMap::new(),
        documents: 0,
        is_cut: false,
        other_platforms: Vec::new(),
        other_names: Vec::new(),
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
        other_names,
        ..
    } = reader;
    if let (Some(wish), true) = (
        &options.platform,
        catalog.plans.is_empty() && !other_platforms.is_empty(),
    ) {
        other_platforms.sort();
        other_platforms.dedup();
        let text = format!(
            "{OTHER_PLATFORM}{wish}; there is {}",
            other_platforms.join(", ")
        );
        catalog.problems.push(problem(
            options,
            &ArchiveError::new(Reason::Unreadable, text),
            true,
        ));
    } else if catalog.plans.is_empty() && catalog.problems.is_empty() {
        let text = match &options.reference {
            Some(reference) => format!("no image is called {reference}{}", there_is(&other_names)),
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
    options: &'a ImageOptions,
    catalog: Catalog,
    /// Documents read so far, and the plans made from them.
    seen: HashMap<Digest, Vec<usize>>,
    documents: usize,
    /// Set when some manifests were not read and that was reported.
    is_cut: bool,
    other_platforms: Vec<String>,
    /// Names of images that are not the one asked for.
    other_names: Vec<String>,
}

/// Most names of images that a message lists.
const NAMED: usize = 8;

/// `; there is a, b and 3 more`; empty when no image has a name.
fn there_is(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| short(name)).collect();
    match (names.len(), names.len() - shown.len()) {
        (0, _) => String::new(),
        (_, 0) => format!("; there is {}", shown.join(", ")),
        (_, more) => format!("; there is {} and {more} more", shown.join(", ")),
    }
}

impl Reader<'_> {
    fn problem(&mut self, error: &ArchiveError, fatal: bool) {
        self.catalog
            .problems
            .push(problem(self.options, error, fatal));
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

    /// Reads the configuration of an image, called `name` in messages, with its digest. Programs in the layers can be found without it, so an unreadable one is only a problem.
    fn configuration(
        &self,
        blob: &Blob,
        name: &str,
        reference: &str,
        problems: &mut Vec<ImageProblem>,
    ) -> (Config, Option<String>) {
        let missing = || {
            ArchiveError::new(
                Reason::Unreadable,
                format!("the configuration {name} is missing"),
            )
        };
        let what = "the configuration";
        let read = self.bytes(blob, CONFIG_MAX, what, false);
        let read = read.and_then(|bytes| match bytes {
            Some(bytes) => {
                let digest = blob.digest.unwrap_or_else(|| Digest::of(&bytes));
                parse::<Config>(&bytes, what).map(|config| Some((config, Some(digest.to_string()))))
            }
            None => Ok(None),
        });
        let error = match read {
            Ok(Some(read)) => return read,
            Ok(None) => missing(),
            Err(error) => error,
        };
        let error = ArchiveError::new(error.reason, format!("{reference}: {}", error.detail));
        problems.push(problem(self.options, &error, true));
        (Config::default(), None)
    }

    /// Reads a JSON blob and checks its digest and size.
    fn fetch<T: serde::de::DeserializeOwned>(
        &self,
        blob: &Blob,
        most: u64,
        what: &str,
        manifest: bool,
    ) -> Result<Option<T>, ArchiveError> {
        let bytes = self.bytes(blob, most, what, manifest)?;
        bytes.map(|bytes| parse(&bytes, what)).transpose()
    }

    /// Reads a short blob and checks its digest and size.
    fn bytes(
        &self,
        blob: &Blob,
        most: u64,
        what: &str,
        manifest: bool,
    ) -> Result<Option<Vec<u8>>, ArchiveError> {
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
        if let Some(want) = blob.size.filter(|want| *want != bytes.len() as u64) {
            return Err(ArchiveError::malformed(format!(
                "{what} {} has {} bytes, its descriptor says {want}",
                short(&blob.key),
                bytes.len()
            )));
        }
        Ok(Some(bytes))
    }
}

/// Whether a name in an archive is the one asked for: `app` means `docker.io/library/app:latest`.
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

/// Text from a document, shortened for a message.
fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

/// How often the plans use each layer, by key, so that the last image that needs a layer can drop it.
pub fn layer_uses(plans: &[Plan]) -> HashMap<String, usize> {
    let mut layer_uses = HashMap::new();
    for layer in plans.iter().flat_map(|p| &p.layers) {
        match layer_uses.entry(layer.blob.key.clone()) {
            Entry::Vacant(new) => {
                new.insert(1);
            }
            Entry::Occupied(mut old) => *old.get_mut() += 1,
        }
    }
    layer_uses
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
