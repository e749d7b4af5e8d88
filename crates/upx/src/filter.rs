//! Reverses UPX's filters, which made relative targets of calls and jumps absolute so that they compress better (`src/filter/`,
//! `doc/filter.txt`).

use super::UnpackError;

const CALL: u8 = 0xe8;
const JUMP: u8 = 0xe9;

/// Reverses filter `id` on `buf`, which was filtered as one piece. `cto` is the byte that marks changed calls, `add` the
/// address of the first byte as the filter counted it (zero except for PE).
pub(super) fn undo(id: u8, cto: u8, add: u32, buf: &mut [u8]) -> Result<(), UnpackError> {
    match id {
        0 => {}
        0x11..=0x19 => naive_calls(id, add, buf),
        0x24..=0x26 | 0x36 | 0x46 | 0x49 => marked_calls(id, cto, add, buf),
        0x50..=0x52 => arm_calls(id, add, buf),
        0x90..=0x93 => deltas(1, id, buf),
        0xa0..=0xa3 => deltas(2, id, buf),
        0xb0..=0xb3 => deltas(4, id, buf),
        0xd0 => ppc_branches(cto, add, buf),
        _ => return Err(UnpackError::Unsupported(format!("UPX filter {id:#04x}"))),
    }
    Ok(())
}

/// The four bytes at an offset as a number.
fn word(buf: &[u8], at: usize, big: bool) -> Option<u32> {
    let raw = buf.get(at..at + 4)?.try_into().ok()?;
    Some(if big {
        u32::from_be_bytes(raw)
    } else {
        u32::from_le_bytes(raw)
    })
}

fn put(buf: &mut [u8], at: usize, value: u32, big: bool) {
    if let Some(place) = buf.get_mut(at..at + 4) {
        place.copy_from_slice(&if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
}

/// Every x86 call and jump, marked or not; stored in one byte order, restored in the other.
fn naive_calls(id: u8, add: u32, buf: &mut [u8]) {
    // In each group of three filters: calls, jumps, both.
    let (call, jump) = [(true, false), (false, true), (true, true)][usize::from((id - 0x11) % 3)];
    let end = buf.len().saturating_sub(5);
    let mut at = 0;
    while at < end {
        let op = buf[at];
        at += 1;
        if call && op == CALL || jump && op == JUMP {
            let Some(stored) = word(buf, at, matches!(id, 0x14..=0x16)) else {
                return;
            };
            let value = stored.wrapping_sub(at as u32).wrapping_sub(add);
            put(buf, at, value, id >= 0x17);
            at += 4;
        }
    }
}

/// x86 calls, jumps and (0x49) conditional jumps whose stored target starts with the marker byte.
fn marked_calls(id: u8, cto: u8, add: u32, buf: &mut [u8]) {
    let (call, jump, conditional) = (id != 0x25, id != 0x24, id == 0x49);
    let end = buf.len().saturating_sub(5);
    let (mut at, mut last) = (0, 0);
    while at < end {
        let op = buf[at];
        let hit = call && op == CALL
            || jump && op == JUMP
            || conditional
                && at != last
                && at > 0
                && buf[at - 1] == 0x0f
                && (0x80..=0x8f).contains(&op);
        if hit && buf[at + 1] == cto {
            let Some(stored) = word(buf, at + 1, true) else {
                return;
            };
            let value = stored
                .wrapping_sub(at as u32 + 1)
                .wrapping_sub(add)
                .wrapping_sub(u32::from(cto) << 24);
            put(buf, at + 1, value, false);
            at += 4;
            last = at + 1;
        }
        at += 1;
    }
}

/// ARM calls (0x50 little endian, 0x51 big endian; 24 bits) and ARM64 branches (0x52; 26 bits), counted in instructions.
fn arm_calls(id: u8, add: u32, buf: &mut [u8]) {
    let end = buf.len().saturating_sub(4);
    let (opcode, wanted, mask): (u32, u32, u32) = if id == 0x52 {
        (0x7c00_0000, 0x1400_0000, 0x03ff_ffff)
    } else {
        (0x0f00_0000, 0x0b00_0000, 0x00ff_ffff)
    };
    for at in (0..end).step_by(4) {
        let big = id == 0x51;
        let Some(stored) = word(buf, at, big) else {
            return;
        };
        if stored & opcode == wanted {
            let target = stored.wrapping_sub(at as u32 / 4).wrapping_sub(add);
            put(buf, at, stored & !mask | target & mask, big);
        }
    }
}

/// PowerPC branches: the top four of the 26 bits hold the marker.
fn ppc_branches(cto: u8, add: u32, buf: &mut [u8]) {
    let end = buf.len().saturating_sub(3).min((1 << 22) + 1);
    for at in (0..end).step_by(4) {
        let Some(stored) = word(buf, at, true) else {
            return;
        };
        if stored >> 26 == 18 && stored >> 22 & 15 == u32::from(cto) {
            let target = (stored & 0x003f_fffc)
                .wrapping_sub(at as u32)
                .wrapping_sub(add);
            put(buf, at, stored & 0xfc00_0003 | target & 0x03ff_fffc, true);
        }
    }
}

/// Differences to the element one to four positions before, of one, two or four bytes.
fn deltas(width: usize, id: u8, buf: &mut [u8]) {
    let back = (usize::from(id & 3) + 1) * width;
    let len = buf.len() / width * width;
    let mut at = back;
    while at + width <= len {
        let mut carry = 0;
        for i in at..at + width {
            let sum = u16::from(buf[i]) + u16::from(buf[i - back]) + carry;
            buf[i] = sum as u8;
            carry = sum >> 8;
        }
        at += width;
    }
}
