//! Images in the list of `docker save` (`manifest.json`, which other tools write too).

use super::{DOCUMENTS, LAYERS, LayerPlan, Plan, Reader, same_name, short};
use crate::archive::ArchiveError;
use crate::image::digest::Digest;
use crate::image::manifest::Saved;
use crate::image::problem;
use crate::image::store::Blob;

impl Reader<'_> {
    /// Reads the list of `docker save`.
    pub(super) fn saved(&mut self, saved: &[Saved]) {
        for image in saved.iter().take(DOCUMENTS) {
            let called = |wish: &String| image.repo_tags.iter().any(|tag| same_name(tag, wish));
            if self
                .options
                .reference
                .as_ref()
                .is_some_and(|wish| !called(wish))
            {
                self.other_names.extend(image.repo_tags.iter().cloned());
                continue;
            }
            let mut tags = image.repo_tags.iter().cloned();
            let reference = tags
                .next()
                .unwrap_or_else(|| self.options.around.name.clone());
            let digest = config_digest(&image.config);
            // The name is that of a member, even if it looks like a digest.
            let blob = Blob {
                key: format!("./{}", image.config),
                digest,
                size: None,
            };
            let mut problems = Vec::new();
            let name = short(&image.config);
            let (config, config_digest) =
                self.configuration(&blob, &name, &reference, &mut problems);
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
                        separate_file: None,
                        skip: None,
                    }
                });
            let layers = layers.collect();
            self.catalog.plans.push(Plan {
                reference,
                aliases: tags.collect(),
                digest: None,
                config_digest,
                artifact: false,
                platform,
                config,
                layers,
                problems,
            });
        }
    }
}

/// The digest in a name of the form `<hex>.json` or `blobs/sha256/<hex>`.
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
