//! Finds which files of the stages of a Dockerfile become part of an image.

use super::super::facts::Leaves;
use super::Stage;

/// Most copied paths of one file that are followed.
const MOST_LEAVING: usize = 20_000;

/// The files of each stage that become part of an image: all files of a stage of the image, and those that such a stage copies, directly or through other stages.
pub(super) fn leaves(stages: &[Stage], runs: &[bool]) -> Vec<Leaves> {
    let mut all: Vec<Leaves> = Vec::new();
    all.resize_with(stages.len(), Leaves::default);
    let mut left = MOST_LEAVING;
    // Later stages first, because a stage copies only from earlier ones.
    for (index, stage) in stages.iter().enumerate().rev() {
        let own = all.get(index).cloned().unwrap_or_default();
        let mut to = own.to;
        if runs.get(index) == Some(&true) && !stages.iter().any(|s| s.base == Some(index)) {
            to.push(stage.name.clone());
        }
        if let Some(slot) = all.get_mut(index) {
            slot.loose = stage.go_files && !stage.other_files;
            slot.all = !to.is_empty();
            slot.to.clone_from(&to);
        }
        if let Some(slot) = stage.base.and_then(|b| all.get_mut(b)) {
            slot.to.extend(to.iter().cloned());
            slot.paths.extend(own.paths.iter().cloned());
        }
        let takers = to.iter().chain(own.paths.iter().map(|(_, stage)| stage));
        let mut takers: Vec<&String> = takers.collect();
        takers.sort();
        takers.dedup();
        for (from, path) in &stage.copies {
            for taker in &takers {
                if let (Some(slot), true) = (all.get_mut(*from), left > 0) {
                    left -= 1;
                    slot.paths.push((path.clone(), (*taker).clone()));
                }
            }
        }
    }
    all
}
