//! Finds where each program of an image is: visible or hidden, started or not, and its package.

use super::Builder;
use crate::archive::ArchiveError;
use crate::image::layer::FoundFile;
use crate::image::overlay::{Appearance, Tree};
use crate::image::owners::ImageRoot;
use crate::image::{ImageProblem, Layered, MOST_NAMES, Payload, PlacedProgram, problem};
use crate::packages::{self, DatabaseLimits, Databases, Ownership};

/// What the image starts.
enum ImageStart {
    /// None of its files.
    Nothing,
    /// The program of this appearance.
    Program(usize),
    /// Unknown: a file that may start any program, or one in a layer that was not read.
    Unknown,
}

impl<P: Payload> Builder<'_, P> {
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

    pub(super) fn binaries(&mut self, tree: &Tree) {
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
            let mut line = problem(self.options, &ArchiveError::limit(text), false);
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
            let may_be_hidden = self.unreadable.is_some_and(|u| appearance.layer < u);
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
        let bounds = DatabaseLimits {
            changelogs: options.changelogs,
            ..DatabaseLimits::new(options.budget.total(), &options.limits)
        };
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
