//! Combines layers and configuration: which program the container sees at which path, and which one it starts.

use super::catalog::{Catalog, LayerPlan, Plan, layer_uses};
use super::layer::{FoundFile, LayerProblem, LayerScan};
use super::overlay::Tree;
use super::owners::ImageRoot;
use super::{
    ImageOptions, ImageProblem, ImageScan, Layered, MOST_NAMES, Payload, StoreScan, accounts,
    command, rootfs,
};
use crate::archive::ArchiveError;
use gospect_record::{ImageRecord, ImageRef, LayerRecord, LayerRef, Rootfs};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

mod checks;
mod programs;

/// Most names without a place in the root that are reported one by one.
const MISPLACED_LIMIT: usize = 100;

/// Builds the images of a catalog from the scanned layers.
pub fn assemble<P: Payload>(
    catalog: Catalog,
    mut layers: HashMap<String, Arc<LayerScan<P>>>,
    options: &ImageOptions,
) -> StoreScan<P> {
    let mut uses_left = layer_uses(&catalog.plans);
    let mut reported = HashSet::new();
    // Limits the time, not the memory: every image places the names of shared layers again, in a tree of its own that is dropped
    // with the image.
    let mut names_left = options.limits.entries.saturating_mul(32);
    let mut scan = StoreScan {
        problems: catalog.problems,
        ..StoreScan::default()
    };
    for plan in catalog.plans {
        let mut image = ImageScan {
            around: options.around.clone(),
            record: ImageRecord::default(),
            environment_changes: Vec::new(),
            artifact: plan.artifact,
            programs: Vec::new(),
            problems: plan.problems.clone(),
        };
        let mut nested = Vec::new();
        Builder {
            plan: &plan,
            layers: &layers,
            options,
            image: &mut image,
            names_left: &mut names_left,
            reported: &mut reported,
            nested: &mut nested,
            unreadable: None,
        }
        .build();
        for layer in &plan.layers {
            let uses = uses_left.entry(layer.blob.key.clone()).or_default();
            *uses = uses.saturating_sub(1);
            if *uses == 0 {
                layers.remove(&layer.blob.key);
            }
        }
        scan.images.push(image);
        for inner in nested {
            scan.images.extend(inner.images);
            scan.problems.extend(inner.problems);
        }
    }
    scan
}

struct Builder<'a, P> {
    plan: &'a Plan,
    layers: &'a HashMap<String, Arc<LayerScan<P>>>,
    options: &'a ImageOptions,
    image: &'a mut ImageScan<P>,
    /// Names that may still be placed, in all images together.
    names_left: &'a mut u64,
    /// Layers whose problems another image has reported.
    reported: &'a mut HashSet<String>,
    /// Images in archives that are files of layers.
    nested: &'a mut Vec<StoreScan<P>>,
    /// The uppermost layer that is missing or incomplete in the tree: it may hide or replace files of the layers below.
    unreadable: Option<u32>,
}

impl<P: Payload> Builder<'_, P> {
    fn build(mut self) {
        let mut tree = Tree::default();
        for (i, layer) in self.plan.layers.iter().enumerate() {
            if let Some(scan) = self.begin(i as u32, layer)
                && layer.separate_file.is_none()
            {
                self.apply(i as u32, layer, &scan, &mut tree);
            }
        }
        self.fill_record(&tree);
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
        let program_names: u64 = scan.found.iter().map(FoundFile::names).sum();
        let before = self.image.programs.len() as u64;
        let left = self
            .names_left
            .checked_sub(scan.names.len().max(program_names));
        let Some(left) = left.filter(|_| before + program_names <= MOST_NAMES) else {
            let text =
                "too many names of programs in all files together; those of this file are left out";
            let problem = LayerProblem::of_layer(ArchiveError::limit(text), false);
            return self.problem(index, plan, &problem);
        };
        *self.names_left = left;
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
            self.unreadable = Some(index);
            let problem = LayerProblem::of_layer(error.clone(), *fatal);
            self.problem(index, plan, &problem);
            return None;
        }
        let Some(scan) = self.layers.get(&plan.blob.key).cloned() else {
            self.unreadable = Some(index);
            self.problem(index, plan, &LayerProblem::missing(plan.foreign));
            return None;
        };
        if first_use {
            self.nested.extend(scan.images.iter().cloned());
            for problem in &scan.problems {
                self.problem(index, plan, problem);
            }
        }
        if scan.problems.iter().any(|p| p.entries.is_empty()) {
            self.unreadable = Some(index);
        }
        self.check_size(index, plan, &scan);
        self.check_digests(index, plan, &scan);
        Some(scan)
    }

    /// Puts the names of a layer on those of the layers below.
    fn apply(&mut self, index: u32, plan: &LayerPlan, scan: &LayerScan<P>, tree: &mut Tree) {
        match self.names_left.checked_sub(scan.names.len()) {
            Some(left) => *self.names_left = left,
            None => {
                self.unreadable = Some(index);
                let error = ArchiveError::limit(
                    "too many names in all images together; the layer was left out",
                );
                self.problem(index, plan, &LayerProblem::of_layer(error, false));
                return;
            }
        }
        let mut misplaced = Vec::new();
        let mut more = 0u64;
        tree.apply(index, &scan.names, |name| {
            if misplaced.len() < MISPLACED_LIMIT {
                misplaced.push(LayerProblem::misplaced(&name.path, name.why));
            } else {
                more += 1;
            }
        });
        if more > 0 {
            let text = format!("{more} more names have no place in the root");
            misplaced.push(LayerProblem::of_layer(ArchiveError::malformed(text), false));
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

    /// Fills the record of the image.
    fn fill_record(&mut self, tree: &Tree) {
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
        let platform = self.plan.platform.as_ref();
        let is_windows = platform.is_some_and(|platform| platform.os == "windows");
        let start = command::started(tree, run, is_windows)
            .filter(|start| self.is_certain(tree, start.started.path.as_deref()));
        let (started, changes) = match start {
            Some(start) => (Some(start.started), start.changes),
            None => (None, Vec::new()),
        };
        self.image.environment_changes = changes;
        let user_id = self.user_id(tree).filter(|_| !is_windows);
        let rootfs = Rootfs {
            started,
            user_id,
            // Windows has no loaders or certificate bundles at these paths.
            ..match is_windows {
                true => Rootfs::default(),
                false => rootfs::collect(tree, &run.env),
            }
        };
        let image = self.image_ref();
        self.image.record = ImageRecord {
            reference: image.reference,
            aliases: self.plan.aliases.clone(),
            digest: image.digest,
            config_digest: self.plan.config_digest.clone(),
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

    /// The number of USER; unknown if a layer that is unreadable may have other accounts.
    fn user_id(&self, tree: &Tree) -> Option<u32> {
        let is_certain = self.is_certain(tree, std::str::from_utf8(accounts::PATH).ok());
        let root = ImageRoot {
            tree,
            plan: self.plan,
            layers: self.layers,
        };
        let user = self.plan.config.config.user.as_deref().unwrap_or_default();
        let accounts = is_certain.then(|| accounts::read(&root));
        accounts::user_id(user, &accounts.unwrap_or_default())
    }

    /// Whether the program at a path is certain in spite of layers that are unreadable: one that is not found may be in such a
    /// layer, and one that is found may be hidden by such a layer above it.
    fn is_certain(&self, tree: &Tree, path: Option<&str>) -> bool {
        let (Some(unreadable), Some(path)) = (self.unreadable, path) else {
            return self.unreadable.is_none();
        };
        let appearance = tree.resolve(path.as_bytes()).and_then(|r| r.appearance);
        let appearance = appearance.and_then(|i| tree.appearances().get(i));
        match appearance {
            Some(appearance) => appearance.layer > unreadable,
            // The layer of any other file is not known: only an unreadable layer at the bottom cannot be above it.
            None => unreadable == 0,
        }
    }
}
