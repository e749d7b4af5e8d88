//! Changes that several programs share, such as all ports of a release: they are shown once.

use super::names::Names;
use crate::findings::Listing;
use gospect_audit::diff::{Change, Class, Diff, Direction, Pair};
use std::collections::BTreeMap;

/// Changes that the same programs share.
pub struct Group<'d> {
    /// The programs, in the order of the diff.
    pub pairs: Vec<&'d Pair>,
    /// Their names, in the same order.
    pub names: Vec<String>,
    /// The changes, in the order of the first program.
    pub changes: Vec<&'d Change>,
}

/// A program with the changes that it shares with no other.
pub struct OwnChanges<'d> {
    /// The program.
    pub pair: &'d Pair,
    /// Its name.
    pub name: String,
    /// Its changes without those of the groups.
    pub changes: Vec<&'d Change>,
}

/// What makes two changes the same.
pub(super) type Key<'d> = (
    Class,
    &'d str,
    Direction,
    [Option<&'d str>; 3],
    &'d [String],
);

pub(super) fn key(change: &Change) -> Key<'_> {
    (
        change.class,
        change.key.as_str(),
        change.direction,
        [&change.old, &change.new, &change.fixed].map(Option::as_deref),
        &change.said,
    )
}

/// Returns the changes that at least two programs share, and every program with the changes that it has alone. Shared changes for the worse come
/// first, then those that most programs share. With [`Listing::All`] nothing is shared; with [`Listing::Summary`] only changes of
/// [`Diff::is_in_summary`] are listed. A program that is new or gone shares none of its changes.
pub fn groups(diff: &Diff, listing: Listing) -> (Vec<Group<'_>>, Vec<OwnChanges<'_>>) {
    let all = listing == Listing::All;
    let names = Names::of(diff);
    let all_pairs: Vec<&Pair> = diff.all().collect();
    let mut holders: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (index, pair) in diff.all().enumerate() {
        let compared = pair.old.is_some() && pair.new.is_some() && !all;
        for change in pair.changes.iter().filter(|_| compared) {
            let holders = holders.entry(key(change)).or_default();
            // A program may have one change twice, as that of two modules of one name.
            if holders.last() != Some(&index) {
                holders.push(index);
            }
        }
    }
    holders.retain(|_, pairs| pairs.len() > 1);
    let mut groups: Vec<(Vec<usize>, Group<'_>)> = Vec::new();
    let mut group_indexes: BTreeMap<&[usize], usize> = BTreeMap::new();
    let mut programs = Vec::new();
    for (index, pair) in diff.all().enumerate() {
        let mut unshared = Vec::new();
        for change in &pair.changes {
            match holders.get(&key(change)) {
                None => unshared.push(change),
                // A program that is new or gone keeps its changes.
                Some(sharing) if !sharing.contains(&index) => unshared.push(change),
                Some(pairs) if pairs.first() == Some(&index) => {
                    let group_index = *group_indexes.entry(pairs).or_insert_with(|| {
                        let sharing = pairs.iter().filter_map(|n| all_pairs.get(*n).copied());
                        let sharing: Vec<&Pair> = sharing.collect();
                        let group = Group {
                            names: sharing.iter().map(|pair| names.name(pair)).collect(),
                            pairs: sharing,
                            changes: Vec::new(),
                        };
                        groups.push((pairs.clone(), group));
                        groups.len() - 1
                    });
                    if let Some((_, group)) = groups.get_mut(group_index) {
                        group.changes.push(change);
                    }
                }
                Some(_) => {}
            }
        }
        programs.push(OwnChanges {
            pair,
            name: names.name(pair),
            changes: unshared,
        });
    }
    groups.sort_by_key(|(pairs, group)| {
        let is_worse = group.changes.iter().any(|change| change.worse);
        (!is_worse, std::cmp::Reverse(pairs.len()))
    });
    let mut groups: Vec<Group<'_>> = groups.into_iter().map(|(_, group)| group).collect();
    for group in &mut groups {
        group.changes.sort_by_key(|change| !change.worse);
    }
    if listing == Listing::Summary {
        let lists = groups.iter_mut().map(|group| &mut group.changes);
        let lists = lists.chain(programs.iter_mut().map(|program| &mut program.changes));
        lists.for_each(|changes| changes.retain(|change| diff.is_in_summary(change)));
        groups.retain(|group| !group.changes.is_empty());
        programs.retain(|program| !program.changes.is_empty());
    }
    (groups, programs)
}

impl Group<'_> {
    /// Whether all its programs are the same bytes on both sides, so that only their surroundings changed.
    pub fn is_same_bytes(&self) -> bool {
        self.pairs.iter().all(|pair| pair.same_bytes)
    }
}

/// Says how many programs a group has, and names up to `max_names` of them.
pub fn heading(group: &Group<'_>, max_names: usize) -> String {
    let names = group.names.iter().take(max_names).map(String::as_str);
    let names: Vec<&str> = names.collect();
    let more = match group.pairs.len().saturating_sub(max_names) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = match group.pairs.iter().any(|pair| pair.is_image()) {
        true => "images",
        false => "programs",
    };
    format!("{} {what}: {}{more}", group.pairs.len(), names.join(", "))
}
