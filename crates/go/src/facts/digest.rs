//! Digests of executables and their parts, in one pass and in constant memory.

use gospect_bytes::ReadAt;
use gospect_exe::Parts;
use gospect_record::{Part, PartDigest};
use sha2::{Digest, Sha256};
use std::io;

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// SHA-256 of the executable at `range` (offset and size) of a file, and of each of its parts.
///
/// # Errors
/// When the bytes cannot be read, or end before the range does.
pub(crate) fn of(
    reader: &dyn ReadAt,
    (start, size): (u64, u64),
    parts: Option<&Parts>,
) -> io::Result<(String, Vec<PartDigest>)> {
    let mut whole = Sha256::new();
    let mut states: Vec<_> = Part::ALL
        .iter()
        .map(|part| (*part, 0u64, Sha256::new()))
        .collect();
    let mut runs = parts.into_iter().flat_map(Parts::runs).peekable();
    let mut done = 0;
    pieces(reader, start, size, &mut |mut bytes| {
        whole.update(bytes);
        while let Some(&(offset, length, part)) = runs.peek() {
            let left = offset.saturating_add(length).saturating_sub(done);
            let take = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let (these, rest) = bytes.split_at(take);
            if let Some(state) = states.iter_mut().find(|state| state.0 == part) {
                state.1 += take as u64;
                state.2.update(these);
            }
            done += take as u64;
            bytes = rest;
            if bytes.is_empty() && take as u64 != left {
                break;
            }
            runs.next();
        }
    })?;
    let found = states.into_iter().filter(|state| state.1 > 0);
    let found = found.map(|(part, size, state)| PartDigest {
        part: part.into(),
        size,
        sha256: hex(state),
    });
    Ok((hex(whole), found.collect()))
}

/// The digest of the bytes around the programs in a universal file or archive; `None` if there are none.
pub(crate) fn around(
    reader: &dyn ReadAt,
    programs: impl Iterator<Item = (u64, u64)>,
) -> Option<PartDigest> {
    let mut programs: Vec<_> = programs.collect();
    programs.sort_unstable();
    let (mut at, mut size) = (0, 0);
    let mut state = Sha256::new();
    for (start, length) in programs.into_iter().chain([(reader.len(), 0)]) {
        if start > at {
            pieces(reader, at, start - at, &mut |bytes| state.update(bytes)).ok()?;
            size += start - at;
        }
        at = at.max(start.saturating_add(length));
    }
    (size > 0).then(|| PartDigest {
        part: Part::Container.into(),
        size,
        sha256: hex(state),
    })
}

fn pieces(
    reader: &dyn ReadAt,
    start: u64,
    size: u64,
    take: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let length = usize::try_from(size).map_or(PIECE, |size| size.min(PIECE));
    let mut buffer = vec![0; length];
    let mut done = 0;
    while done < size {
        let want = usize::try_from(size - done).map_or(PIECE, |left| left.min(buffer.len()));
        let at = start
            .checked_add(done)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let read = reader.read_at(&mut buffer[..want], at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        take(&buffer[..read]);
        done += read as u64;
    }
    Ok(())
}

fn hex(state: Sha256) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(64);
    for byte in state.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_across_pieces_hash_as_their_bytes() {
        let file: Vec<u8> = (0..3 * PIECE as u32 + 17).map(|i| (i / 3) as u8).collect();
        let mut parts = Parts::new(file.len() as u64);
        let cut = PIECE as u64 - 5;
        parts.mark(cut, 10, Part::Record);
        parts.mark(cut + 10, 2 * PIECE as u64, Part::Code);
        parts.mark(100, 50, Part::Code);
        let (whole, found) = of(&&file[..], (0, file.len() as u64), Some(&parts)).unwrap();
        assert_eq!(whole, hex(Sha256::new_with_prefix(&file)));
        let code = [&file[100..150], &file[cut as usize + 10..][..2 * PIECE]].concat();
        let digest = |part: Part| found.iter().find(|p| p.part == part).unwrap();
        assert_eq!(
            digest(Part::Code).sha256,
            hex(Sha256::new_with_prefix(&code))
        );
        assert_eq!(
            digest(Part::Record).sha256,
            hex(Sha256::new_with_prefix(&file[cut as usize..][..10]))
        );
        assert_eq!(found.iter().map(|p| p.size).sum::<u64>(), file.len() as u64);
    }

    #[test]
    fn a_range_beyond_the_end_is_an_error_and_around_is_the_rest() {
        let file = [1u8, 2, 3, 4, 5, 6];
        assert!(of(&&file[..], (4, 10), None).is_err());
        assert!(of(&&file[..], (u64::MAX, 10), None).is_err());
        let rest = around(&&file[..], [(4, 1), (1, 2)].into_iter()).unwrap();
        assert_eq!(rest.sha256, hex(Sha256::new_with_prefix([1, 4, 6])));
        assert_eq!(rest.size, 3);
        assert_eq!(around(&&file[..], std::iter::once((0, 6))), None);
    }
}
