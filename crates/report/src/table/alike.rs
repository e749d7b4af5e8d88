//! Names that would be equal after a cut: the part in which they differ is shown instead of their beginning.

use super::{COLUMNS, Cell, Cut};
use crate::style::{Look, width};
use std::collections::{HashMap, HashSet};

/// Most rounds of cutting a group of rows. Each cut shows one more place in which some of them differ.
const ROUNDS: usize = 4;

/// The cells of names that need another cut, by column and row.
pub(super) fn resolve(
    rows: &[Vec<Cell>],
    widths: &[usize],
    look: &Look,
) -> HashMap<(usize, usize), String> {
    let mut changed = HashMap::new();
    for (index, (column, max)) in COLUMNS.iter().zip(widths).enumerate() {
        if !matches!(column.cut, Cut::Name) || *max == 0 {
            continue;
        }
        let text = |row: usize| Some(rows.get(row)?.get(index)?.first()?.0.as_str());
        let cut = (0..rows.len())
            .filter_map(|row| Some((row, text(row)?)))
            .filter(|(_, text)| width(text) > *max)
            .map(|(row, text)| (row, look.cut_name(text, *max)));
        let mut shown: Vec<(usize, String)> = cut.collect();
        for _ in 0..ROUNDS {
            let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
            for (row, cell) in &shown {
                groups.entry(cell).or_default().push(*row);
            }
            let mut next = Vec::new();
            for group in groups.values() {
                let texts: HashSet<&str> = group.iter().filter_map(|row| text(*row)).collect();
                if texts.len() < 2 {
                    continue;
                }
                let difference = common_prefix(&texts);
                for row in group {
                    let Some(text) = text(*row) else { continue };
                    let cell = look.cut_around(text, difference, *max);
                    changed.insert((index, *row), cell.clone());
                    next.push((*row, cell));
                }
            }
            shown = next;
        }
    }
    changed
}

/// The byte, at a character boundary, where the texts start to differ.
fn common_prefix(texts: &HashSet<&str>) -> usize {
    let mut all = texts.iter();
    let first = all.next().copied().unwrap_or_default();
    all.fold(first.len(), |common_prefix, text| {
        let equal = first.bytes().zip(text.bytes()).take(common_prefix);
        let mut end = equal.take_while(|(one, other)| one == other).count();
        while !first.is_char_boundary(end) {
            end -= 1;
        }
        end
    })
}
