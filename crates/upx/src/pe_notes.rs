//! Undoes UPX's changes to a PE image before compression: relocated addresses and imports (`pefile.cpp`, `rebuildRelocs`,
//! `rebuildImports`; `packer.cpp`, `unoptimizeReloc`).

use super::UnpackError;
use super::view::View;

/// Longest name of a library or function to restore.
const NAME_MAX: usize = 1 << 10;
/// Longest list of imports.
const LIST_MAX: usize = 16 << 20;
/// Import descriptor: lookup table, time, forwarder, name of the library, address table.
const DESCRIPTOR: usize = 20;

/// Restores relocated addresses, which were stored big-endian and relative to the first section. The list has the distances
/// between them: in one byte below f0, otherwise in 20 bits, otherwise in 32. Returns their offsets.
pub(super) fn relocate(
    memory: &mut [u8],
    list: usize,
    base: u64,
    wide: bool,
) -> Result<Vec<u32>, UnpackError> {
    const BAD: UnpackError = UnpackError::Corrupt("the relocation list");
    let mut places = Vec::new();
    let mut at = list;
    let mut place: i64 = -4;
    loop {
        let view = View::little(memory);
        let step = match view.u8(at).ok_or(BAD)? {
            0 => return Ok(places),
            short @ 1..0xf0 => {
                at += 1;
                u32::from(short)
            }
            long => {
                let near = u32::from(long & 15) << 16 | u32::from(view.u16(at + 1).ok_or(BAD)?);
                at += 3;
                if near == 0 {
                    at += 4;
                    view.u32(at - 4).ok_or(BAD)?
                } else {
                    near
                }
            }
        };
        // Addresses do not overlap, which also bounds their number.
        if step < 4 {
            return Err(BAD);
        }
        place += i64::from(step);
        let start = usize::try_from(place).map_err(|_| BAD)?;
        let field = memory.get_mut(start..).ok_or(BAD)?;
        if wide {
            let field = field.first_chunk_mut::<8>().ok_or(BAD)?;
            *field = u64::from_be_bytes(*field).wrapping_add(base).to_le_bytes();
        } else {
            let field = field.first_chunk_mut::<4>().ok_or(BAD)?;
            *field = u32::from_be_bytes(*field)
                .wrapping_add(base as u32)
                .to_le_bytes();
        }
        places.push(u32::try_from(place).map_err(|_| BAD)?);
    }
}

/// Writes the base relocation table for `places` (relative to `base`) over `table`: a block for each page, with 16-bit entries
/// (Microsoft PE format, "The .reloc Section"). `None` when it does not fit.
pub(super) fn relocation_table(
    table: &mut [u8],
    places: &[u32],
    base: u32,
    wide: bool,
) -> Option<()> {
    let kind: u16 = if wide { 10 } else { 3 };
    let page = |place: &u32| base.wrapping_add(*place) & !0xfff;
    let mut at = 0;
    for block in places.chunk_by(|a, b| page(a) == page(b)) {
        let len = (8 + 2 * block.len()).next_multiple_of(4);
        let raw = table.get_mut(at..at + len)?;
        raw.fill(0);
        raw[..4].copy_from_slice(&page(block.first()?).to_le_bytes());
        raw[4..8].copy_from_slice(&u32::try_from(len).ok()?.to_le_bytes());
        for (entry, place) in raw[8..].chunks_exact_mut(2).zip(block) {
            entry.copy_from_slice(
                &(kind << 12 | (base.wrapping_add(*place) & 0xfff) as u16).to_le_bytes(),
            );
        }
        at += len;
    }
    Some(())
}

/// The data for restoring imports.
pub(super) struct Imports<'a> {
    /// Offset of UPX's list in memory.
    pub list: usize,
    /// Address of the names of libraries, then of functions; zero if the tables still have the addresses of the names.
    pub names: usize,
    /// Address of the original import directory.
    pub directory: usize,
    /// Address of the first byte of memory.
    pub base: usize,
    /// The import directory of the packed program and everything after it, with the names of libraries.
    pub packed: &'a [u8],
    /// Whether the tables are 64-bit.
    pub wide: bool,
}

/// Restores import tables and names. `None` when the list or the tables are inconsistent.
pub(super) fn imports(memory: &mut [u8], from: &Imports<'_>) -> Option<()> {
    let packed = View::little(from.packed);
    let end = memory.len().min(from.list.checked_add(LIST_MAX)?);
    let list = memory.get(from.list..end)?.to_vec();
    let list = View::little(&list);
    let mut image = Image {
        memory,
        base: from.base,
    };
    let mut library_name = from.names;
    let mut function_name = from
        .names
        .checked_add(library_names_len(list, from.packed)?)?;
    let mut descriptor = from.directory;
    let mut at = 0;
    while list.u32(at)? != 0 {
        let name = name(from.packed.get(list.size(at)?..)?)?;
        let mut thunk = list.size(at + 4)?.checked_add(from.base)?;
        let place = if from.names == 0 {
            image.size(descriptor + 12)?
        } else {
            library_name
        };
        image.put(place, name)?;
        image.put(descriptor + 12, &u32::try_from(place).ok()?.to_le_bytes())?;
        image.put(descriptor + 16, &u32::try_from(thunk).ok()?.to_le_bytes())?;
        library_name += name.len();
        descriptor += DESCRIPTOR;
        at += 8;
        loop {
            let value = match list.u8(at)? {
                0 => break,
                1 => {
                    let name = self::name(list.data.get(at + 1..)?)?;
                    let place = if from.names == 0 {
                        image.size(thunk)?
                    } else {
                        // A function's name follows a 16-bit hint at an even address.
                        function_name = function_name.next_multiple_of(2);
                        function_name
                    };
                    image.put(place.checked_add(2)?, name)?;
                    function_name += 2 + name.len();
                    at += 1 + name.len();
                    place as u64
                }
                0xff => {
                    at += 3;
                    u64::from(list.u16(at - 2)?) | if from.wide { 1 << 63 } else { 1 << 31 }
                }
                _ => {
                    at += 5;
                    let place = list.size(at - 4)?;
                    if from.wide {
                        packed.u64(place)?
                    } else {
                        u64::from(packed.u32(place)?)
                    }
                }
            };
            image.put_word(thunk, value, from.wide)?;
            thunk += if from.wide { 8 } else { 4 };
        }
        image.put_word(thunk, 0, from.wide)?;
        at += 1;
    }
    Some(())
}

/// Length of the names of all libraries, as an even number.
fn library_names_len(list: View<'_>, packed: &[u8]) -> Option<usize> {
    let (mut at, mut len) = (0, 0);
    while list.u32(at)? != 0 {
        len += name(packed.get(list.size(at)?..)?)?.len();
        at += 8;
        loop {
            at += match list.u8(at)? {
                0 => break,
                1 => 1 + name(list.data.get(at + 1..)?)?.len(),
                0xff => 3,
                _ => 5,
            };
        }
        at += 1;
    }
    Some(usize::next_multiple_of(len, 2))
}

/// A name with its terminating zero.
fn name(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().take(NAME_MAX).position(|byte| *byte == 0)?;
    bytes.get(..=end)
}

/// Memory by address.
struct Image<'a> {
    memory: &'a mut [u8],
    base: usize,
}

impl Image<'_> {
    fn size(&self, address: usize) -> Option<usize> {
        View::little(self.memory).size(address.checked_sub(self.base)?)
    }

    fn put(&mut self, address: usize, bytes: &[u8]) -> Option<()> {
        let at = address.checked_sub(self.base)?;
        self.memory
            .get_mut(at..at.checked_add(bytes.len())?)?
            .copy_from_slice(bytes);
        Some(())
    }

    fn put_word(&mut self, address: usize, value: u64, wide: bool) -> Option<()> {
        let raw = value.to_le_bytes();
        self.put(address, if wide { &raw } else { &raw[..4] })
    }
}
