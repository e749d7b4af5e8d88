//! Walks to many places in one part of a program, front to back, in pieces that are not kept.

use gospect_exe::Image;
use std::ops::ControlFlow;

/// What is done with the bytes from a place on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// They were enough.
    Enough,
    /// More of them are needed, if there are more.
    More,
    /// The walk ends.
    Stop,
}

/// Shows `look` each place with the bytes from there on, and whether they go up to the end of the part, which begins at `start` and has `size` bytes.
/// Places are distances from the start, in ascending order. Whether all were enough; `None` when the part cannot be read.
pub fn visit<T>(
    image: &Image<'_>,
    (start, size): (u64, u64),
    places: impl Iterator<Item = (u64, T)>,
    mut look: impl FnMut(&mut T, &[u8], bool) -> Look,
) -> Option<bool> {
    let mut places = places.peekable();
    let mut is_enough = true;
    image.pass(start, size, &mut |at, piece| {
        let is_last = at + piece.len() as u64 >= size;
        while let Some((place, item)) = places.peek_mut() {
            let from = place.checked_sub(at).map(usize::try_from);
            let Some(Ok(from)) = from else {
                is_enough = false;
                return ControlFlow::Break(());
            };
            let Some(bytes) = piece.get(from..).filter(|bytes| !bytes.is_empty()) else {
                return ControlFlow::Continue(piece.len());
            };
            match look(item, bytes, is_last) {
                Look::Enough => drop(places.next()),
                Look::More if !is_last => return ControlFlow::Continue(from),
                Look::More | Look::Stop => {
                    is_enough = false;
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Break(())
    })?;
    Some(is_enough && places.next().is_none())
}
