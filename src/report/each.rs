//! JSON arrays that are written member by member: a tree of all of them would take several times the memory of what it shows.

use serde::{Serialize, Serializer};

/// An array of what the function goes through; it is called once for each time that the array is written.
pub(super) struct Each<F>(pub F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
