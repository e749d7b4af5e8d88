//! JSON arrays that are written member by member. A tree of all members would take several times the memory of the records.

use serde::{Serialize, Serializer};

/// An array of the items of an iterator; the function makes the iterator anew each time that the array is written.
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
