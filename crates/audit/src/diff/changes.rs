//! The list of changes of one pair of programs.

use super::{Change, Class, Direction};
use std::cmp::Ordering;

#[derive(Default)]
pub(super) struct Changes(pub(super) Vec<Change>);

impl Changes {
    /// Adds a change, unless both sides are equal. `worse` judges the new value.
    pub(super) fn value(
        &mut self,
        class: Class,
        key: &str,
        old: Option<&str>,
        new: Option<&str>,
        worse: bool,
    ) {
        let direction = match (old, new) {
            (a, b) if a == b => return,
            (None, _) => Direction::Added,
            (_, None) => Direction::Removed,
            _ => Direction::Changed,
        };
        self.push(class, key, direction, old, new, worse);
    }

    pub(super) fn push(
        &mut self,
        class: Class,
        key: &str,
        direction: Direction,
        old: Option<&str>,
        new: Option<&str>,
        worse: bool,
    ) {
        self.0.push(Change {
            class,
            key: key.into(),
            direction,
            old: old.map(Into::into),
            new: new.map(Into::into),
            worse,
            fixed: None,
            said: Vec::new(),
        });
    }
}

/// The direction of a change between ordered values; `None` when they cannot be compared.
pub(super) fn directed(order: Option<Ordering>) -> Direction {
    match order {
        Some(Ordering::Less) => Direction::Up,
        Some(Ordering::Greater) => Direction::Down,
        _ => Direction::Changed,
    }
}
