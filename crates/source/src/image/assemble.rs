//! Combines layers and configuration: which program the container sees at which path, and which one it starts.

use super::catalog::{Catalog, LayerPlan, Plan, layer_uses};
use super::layer::{FoundFile, LayerProblem, LayerScan};
use super::overlay::{Appearance, Tree};
use super::owners::ImageRoot;
use super::{
    ImageOptions, ImageProblem, ImageScan, Layered, MOST_NAMES, Payload, PlacedProgram, StoreScan,
    command, rootfs,
};
use crate::archive::ArchiveError;
use crate::packages::{self, DatabaseLimits, Databases, Ownership};
use gospect_record::{ImageRecord, ImageRef, LayerRecord, LayerRef, Rootfs};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

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

/// What the image starts.
enum ImageStart {
    /// None of its files.
    Nothing,
    /// The program of this appearance.
    Program(usize),
    /// Unknown: a file that may start any program, or one in a layer that was not read.
    Unknown,
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

    /// Compares the size of the blob with the manifest. A scan with a digest has read the blob to its end.
    fn check_size(&mut self, index: u32, plan: &LayerPlan, scan: &LayerScan<P>) {
        let Some(want) = plan.blob.size.filter(|want| *want != scan.size) else {
            return;
        };
        if scan.digest.is_some() {
            let text = format!(
                "the layer has {} bytes, its manifest says {want}",
                scan.size
            );
            let problem = LayerProblem {
                entries: Vec::new(),
                error: ArchiveError::malformed(text),
                fatal: true,
            };
            self.problem(index, plan, &problem);
        }
    }

    /// Compares the digest of the tar with the configuration; the blob's own digest was checked while it was read.
    fn check_digests(&mut self, index: u32, plan: &LayerPlan, scan: &LayerScan<P>) {
        let Some(want) = plan.diff_id else { return };
        // A blob of a docker archive is the tar itself, unless its recorded digest is that of a blob.
        let as_stored = plan.blob.digest.is_none().then_some(scan.digest).flatten();
        let got = match (scan.diff_id, as_stored) {
            (Some(got), _) => got,
            (None, Some(got)) if !scan.compressed => got,
            _ => return,
        };
        if got != want {
            let error = ArchiveError::malformed(format!(
                "the layer's content has the digest {got}, the configuration says {want}"
            ));
            self.problem(
                index,
                plan,
                &LayerProblem {
                    entries: Vec::new(),
                    error,
                    fatal: true,
                },
            );
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

    /// What the image starts, as far as that is known.
    fn starts(&self, tree: &Tree) -> ImageStart {
        let record = &self.image.record;
        let configured = !(record.entrypoint.is_empty() && record.cmd.is_empty());
        match &record.rootfs.started {
            Some(started) => match &started.path {
                Some(path) => tree
                    .resolve(path.as_bytes())
                    .and_then(|r| r.appearance)
                    .map_or(ImageStart::Unknown, ImageStart::Program),
                None => ImageStart::Nothing,
            },
            None if configured => ImageStart::Unknown,
            None => ImageStart::Nothing,
        }
    }

    fn binaries(&mut self, tree: &Tree) {
        let started = self.starts(tree);
        let mut order: Vec<(Vec<u8>, usize)> = tree
            .appearances()
            .iter()
            .enumerate()
            .filter(|(_, a)| self.file(a).is_some_and(|file| !file.programs.is_empty()))
            .map(|(i, a)| (tree.path_of(a), i))
            .collect();
        order.sort();
        // A large record counts as several names.
        let mut names = 0;
        let kept = order.iter().take_while(|(_, i)| {
            let file = tree.appearances().get(*i).and_then(|a| self.file(a));
            names += file.map_or(1, FoundFile::names);
            names <= MOST_NAMES
        });
        let kept = kept.count();
        if kept < order.len() {
            let text = format!(
                "{} names of programs, the records of {kept} are kept",
                order.len()
            );
            let mut line = super::problem(self.options, &ArchiveError::limit(text), false);
            line.image = Some(self.image_ref());
            self.image.problems.push(line);
            order.truncate(kept);
        }
        let root = ImageRoot {
            tree,
            plan: self.plan,
            layers: self.layers,
        };
        let packages = match order.iter().any(|(_, i)| tree.is_visible(*i)) {
            true => self.packages(&root),
            false => Databases::default(),
        };
        for (path, i) in order {
            let Some(appearance) = tree.appearances().get(i) else {
                continue;
            };
            let Some(file) = self.file(appearance) else {
                continue;
            };
            let Some(plan) = self.plan.layers.get(appearance.layer as usize) else {
                continue;
            };
            let visible = tree.is_visible(i);
            // An unreadable layer may hide files of lower layers, but cannot make hidden files visible.
            let may_be_hidden = self.unknown.is_some_and(|u| appearance.layer < u);
            let layer = self.layer_ref(appearance.layer, plan);
            let shows = (!visible || !may_be_hidden).then_some(visible);
            let starts = match started {
                ImageStart::Program(one) => Some(one == i),
                ImageStart::Unknown if visible => None,
                _ => Some(false),
            };
            // A deleted or replaced file belongs to no package of the visible root.
            let owned = match visible && !packages.is_empty() {
                true => packages.owner(&root, &path, &mut |algorithm| {
                    Some(file.digests.as_ref()?.get(algorithm))
                }),
                false => Ownership::default(),
            };
            let placed = file.programs.iter().map(|item| {
                let mut item: PlacedProgram<P> = item.clone();
                if item.owned.owner.is_none() {
                    item.owned = owned.clone();
                }
                let nested = item.place.entries.len() > 1;
                match item.place.entries.first_mut() {
                    Some(first) => first.clone_from(&path),
                    None => item.place.entries.push(path.clone()),
                }
                if !nested {
                    item.place.mode = Some(file.mode);
                    (item.place.uid, item.place.gid) = (Some(file.uid), Some(file.gid));
                }
                Layered {
                    item,
                    layer: layer.clone(),
                    visible: shows,
                    started: if nested { Some(false) } else { starts },
                }
            });
            let placed: Vec<Layered<P>> = placed.collect();
            self.image.programs.extend(placed);
        }
    }

    /// The package databases of the visible root, which apply to all its files.
    fn packages(&mut self, root: &ImageRoot<'_, P>) -> Databases {
        let options = self.options;
        let bounds = DatabaseLimits::new(options.budget.total(), &options.limits);
        let mut problems = Vec::new();
        let database = Databases::open(root, bounds, &mut |problem| problems.push(problem));
        for packages::DatabaseProblem {
            path,
            reason,
            detail,
        } in problems
        {
            let mut entry = options.around.entry.clone();
            entry.push(path.clone());
            let detail = format!("database of packages: {detail}");
            self.image.problems.push(ImageProblem {
                path: format!("{}!{path}", self.plan.reference),
                entry,
                image: Some(self.image_ref()),
                layer: None,
                error: ArchiveError::new(reason, detail),
                fatal: false,
            });
        }
        database
    }

    fn file(&self, appearance: &Appearance) -> Option<&FoundFile<P>> {
        let plan = self.plan.layers.get(appearance.content_layer as usize)?;
        self.layers
            .get(&plan.blob.key)?
            .found
            .get(appearance.found as usize)
    }
}
