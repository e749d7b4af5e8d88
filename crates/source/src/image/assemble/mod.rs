//! Combines layers and configuration: which program the container sees at which path, and which one it starts.

use super::catalog::{Catalog, LayerPlan, Plan, layer_uses};
use super::layer::{FoundFile, LayerProblem, LayerScan};
use super::overlay::Tree;
use super::{
    ImageOptions, ImageProblem, ImageScan, Layered, MOST_NAMES, Payload, StoreScan, command, rootfs,
};
use crate::archive::ArchiveError;
use gospect_record::{ImageRecord, ImageRef, LayerRecord, LayerRef, Rootfs};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

mod checks;
mod programs;

/// Most names without a place in the root that are reported one by one.
const MISPLACED: usize = 100;

/// Builds the images of a catalog from the scanned layers.
pub fn assemble<P: Payload>(
    catalog: Catalog,
    mut layers: HashMap<String, Arc<LayerScan<P>>>,
    options: &ImageOptions,
) -> StoreScan<P> {
    let mut left = layer_uses(&catalog.plans);
    let mut reported = HashSet::new();
    // Limits the time, not the memory: every image places the names of shared layers again, in a tree of its own that is dropped
    // with the image.
    let mut names = options.limits.entries.saturating_mul(32);
    let mut scan = StoreScan {
        problems: catalog.problems,
        ..StoreScan::default()
    };
    for plan in catalog.plans {
        let mut image = ImageScan {
            around: options.around.clone(),
            record: ImageRecord::default(),
            artifact: plan.artifact,
            programs: Vec::new(),
            problems: plan.problems.clone(),
        };
        let mut inside = Vec::new();
        Builder {
            plan: &plan,
            layers: &layers,
            options,
            image: &mut image,
            names: &mut names,
            reported: &mut reported,
            inside: &mut inside,
            unknown: None,
        }
        .build();
        for layer in &plan.layers {
            let layer_uses = left.entry(layer.blob.key.clone()).or_default();
            *layer_uses = layer_uses.saturating_sub(1);
            if *layer_uses == 0 {
                layers.remove(&layer.blob.key);
            }
        }
        scan.images.push(image);
        for within in inside {
            scan.images.extend(within.images);
            scan.problems.extend(within.problems);
        }
    }
    scan
}

struct Builder<'a, P> {
    plan: &'a Plan,
    layers: &'a HashMap<String, Arc<LayerScan<P>>>,
    options: &'a ImageOptions,
    image: &'a mut ImageScan<P>,
    names: &'a mut u64,
    /// Layers whose problems another image has reported.
    reported: &'a mut HashSet<String>,
    /// Images in archives that are files of layers.
    inside: &'a mut Vec<StoreScan<P>>,
    /// The uppermost layer that is missing or incomplete in the tree: it may hide or replace files of the layers below.
    unknown: Option<u32>,
}

impl<P: Payload> Builder<'_, P> {
    fn build(mut self) {
        let mut tree = Tree::default();
        for (i, layer) in self.plan.layers.iter().enumerate() {
            if let Some(scan) = self.begin(i as u32, layer)
                && layer.separate_file.is_none()
            {
                self.layer(i as u32, layer, &scan, &mut tree);
            }
        }
        self.record(&tree);
        self.binaries(&tree);
        for (i, layer) in self.plan.layers.iter().enumerate() {
            if let (Some(name), Some(scan)) =
                (&layer.separate_file, self.layers.get(&layer.blob.key))
            {
                let scan = Arc::clone(scan);
                self.add_separate_layer(i as u32, layer, name, &scan);
            }
        }
    }

    /// Adds the programs of a layer that is a file or an archive, not part of the root.
    fn add_separate_layer(
        &mut self,
        index: u32,
        plan: &LayerPlan,
        title: &str,
        scan: &LayerScan<P>,
    ) {
        let found: u64 = scan.found.iter().map(FoundFile::names).sum();
        let had = self.image.programs.len() as u64;
        let left = self.names.checked_sub(scan.names.len().max(found));
        let Some(left) = left.filter(|_| had + found <= MOST_NAMES) else {
            let text =
                "too many names of programs in all files together; those of this file are left out";
            let problem = LayerProblem {
                entries: Vec::new(),
                error: ArchiveError::limit(text),
                fatal: false,
            };
            return self.problem(index, plan, &problem);
        };
        *self.names = left;
        let layer = self.layer_ref(index, plan);
        for item in scan.loose(title.as_bytes()) {
            self.image.programs.push(Layered {
                item,
                layer: layer.clone(),
                visible: None,
                started: None,
            });
        }
    }

    /// Reports the problems of a layer. `None` when nothing of it was read.
    fn begin(&mut self, index: u32, plan: &LayerPlan) -> Option<Arc<LayerScan<P>>> {
        let first_use = self.reported.insert(plan.blob.key.clone());
        if let Some((error, fatal)) = &plan.skip {
            self.unknown = Some(index);
            self.problem(
                index,
                plan,
                &LayerProblem {
                    entries: Vec::new(),
                    error: error.clone(),
                    fatal: *fatal,
                },
            );
            return None;
        }
        let Some(scan) = self.layers.get(&plan.blob.key).cloned() else {
            self.unknown = Some(index);
            self.problem(index, plan, &LayerProblem::missing(plan.foreign));
            return None;
        };
        if first_use {
            self.inside.extend(scan.images.iter().cloned());
            for problem in &scan.problems {
                self.problem(index, plan, problem);
            }
        }
        if scan.problems.iter().any(|p| p.entries.is_empty()) {
            self.unknown = Some(index);
        }
        self.check_size(index, plan, &scan);
        self.check_digests(index, plan, &scan);
        Some(scan)
    }

    /// Puts the names of a layer on those of the layers below.
    fn layer(&mut self, index: u32, plan: &LayerPlan, scan: &LayerScan<P>, tree: &mut Tree) {
        match self.names.checked_sub(scan.names.len()) {
            Some(left) => *self.names = left,
            None => {
                self.unknown = Some(index);
                let error = ArchiveError::limit(
                    "too many names in all images together; the layer was left out",
                );
                self.problem(
                    index,
                    plan,
                    &LayerProblem {
                        entries: Vec::new(),
                        error,
                        fatal: false,
                    },
                );
                return;
            }
        }
        let mut misplaced = Vec::new();
        let mut more = 0u64;
        tree.apply(index, &scan.names, |m| {
            if misplaced.len() < MISPLACED {
                misplaced.push(LayerProblem::misplaced(&m.path, m.why));
            } else {
                more += 1;
            }
        });
        if more > 0 {
            misplaced.push(LayerProblem::misplaced(
                b"",
                &format!("{more} more names have no place in the root"),
            ));
        }
        for problem in &misplaced {
            self.problem(index, plan, problem);
        }
    }

    fn layer_ref(&self, index: u32, plan: &LayerPlan) -> LayerRef {
        let computed = self
            .layers
            .get(&plan.blob.key)
            .and_then(|s| s.digest)
            .map(|d| d.to_string());
        LayerRef {
            index,
            digest: plan.digest.clone().or(computed),
        }
    }

    fn image_ref(&self) -> ImageRef {
        ImageRef {
            reference: self.plan.reference.clone(),
            digest: self.plan.digest.clone(),
            platform: self.plan.platform.as_ref().map(ToString::to_string),
        }
    }

    fn problem(&mut self, index: u32, plan: &LayerPlan, problem: &LayerProblem) {
        let texts: Vec<String> = problem
            .entries
            .iter()
            .map(|e| String::from_utf8_lossy(e).into_owned())
            .collect();
        let place = if texts.is_empty() {
            format!("layer {index}")
        } else {
            texts.join("!")
        };
        let around = &self.options.around;
        let problem = ImageProblem {
            path: match around.prefix.as_str() {
                "" => format!("{}!{place}", self.plan.reference),
                prefix => format!("{prefix}{place}"),
            },
            entry: around.entry.iter().cloned().chain(texts).collect(),
            image: Some(self.image_ref()),
            layer: Some(self.layer_ref(index, plan)),
            error: problem.error.clone(),
            fatal: problem.fatal,
        };
        self.image.problems.push(problem);
    }

    fn record(&mut self, tree: &Tree) {
        let run = &self.plan.config.config;
        let steps = self.plan.config.created_by(self.plan.layers.len());
        let layers =
            self.plan
                .layers
                .iter()
                .zip(steps)
                .enumerate()
                .map(|(i, (layer, created_by))| LayerRecord {
                    digest: self.layer_ref(i as u32, layer).digest,
                    created_by,
                    size: self
                        .layers
                        .get(&layer.blob.key)
                        .map(|s| s.size)
                        .filter(|s| *s > 0)
                        .or(layer.blob.size),
                });
        let layers = layers.collect();
        let windows = self
            .plan
            .platform
            .as_ref()
            .is_some_and(|p| p.os == "windows");
        // A file that is not found may be in an unreadable layer, and a file that is found may be hidden by such a layer above it.
        let started = command::started(tree, run, windows).filter(|started| match &started.path {
            None => self.unknown.is_none(),
            Some(path) => {
                let found = tree.resolve(path.as_bytes()).and_then(|r| r.appearance);
                let layer = found
                    .and_then(|i| tree.appearances().get(i))
                    .map(|a| a.layer);
                self.unknown.is_none_or(|unknown| match layer {
                    Some(layer) => layer > unknown,
                    // The layer of any other file is not known: only an unreadable layer at the bottom cannot be above it.
                    None => unknown == 0,
                })
            }
        });
        let rootfs = Rootfs {
            started,
            // Windows has no loaders or certificate bundles at these paths.
            ..match windows {
                true => Rootfs::default(),
                false => rootfs::collect(tree, &run.env),
            }
        };
        let image = self.image_ref();
        self.image.record = ImageRecord {
            reference: image.reference,
            aliases: self.plan.aliases.clone(),
            digest: image.digest,
            platform: image.platform,
            env: run.env.clone(),
            entrypoint: run.entrypoint.clone(),
            cmd: run.cmd.clone(),
            user: run.user.clone(),
            working_dir: run.working_dir.clone(),
            labels: run.labels.clone(),
            layers,
            rootfs,
        };
    }
}
