//! Code of both programs, compared with addresses normalised.

use super::align::common_prefix;
use super::side::Side;
use super::x86::{self, Absolute};
use super::{wasm, words};
use gospect_go::calls::decode::{Code, decoder};

/// The addresses that an instruction of the old program and the same instruction of the new one use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    pub old: u64,
    pub new: u64,
    /// Whether they are certainly addresses, not numbers that look like addresses.
    pub is_certain: bool,
    /// The function of the old program with the instruction.
    pub function: u32,
}

/// Compares a piece of code of each program, and calls `pair` for each pair of addresses. `Err` has the offset of the first instruction that differs.
pub fn bodies(
    (old, old_bytes, old_start): (&Side<'_, '_>, &[u8], u64),
    (new, new_bytes, new_start): (&Side<'_, '_>, &[u8], u64),
    pair: &mut dyn FnMut(u64, u64, bool),
) -> Result<(), usize> {
    let arch = old.image.arch.unwrap_or_default();
    if old.image.arch != new.image.arch || old.image.big_endian != new.image.big_endian {
        return Err(0);
    }
    let is_x86 = matches!(arch, "amd64" | "386" | "amd64p32");
    let (old_bytes, new_bytes) = match is_x86 && old_bytes.len() != new_bytes.len() {
        // The last function of a section is followed by padding.
        true => (without_padding(old_bytes), without_padding(new_bytes)),
        false => (old_bytes, new_bytes),
    };
    let code = |side: &Side<'_, '_>, bytes, start| Code {
        bytes,
        start,
        big_endian: side.image.big_endian,
        toc: gospect_go::calls::toc(side.image),
        imported: side.imported(),
    };
    let both = (
        code(old, old_bytes, old_start),
        code(new, new_bytes, new_start),
    );
    let are_addresses = |old_value: u64, new_value: u64| {
        old.may_be_address(old_value) && new.may_be_address(new_value)
    };
    if old.is_wasm() {
        // Numbers have as many bytes as they need, so that functions of another length may be equal.
        return wasm::compare(both, &are_addresses, pair);
    }
    if old_bytes.len() != new_bytes.len() {
        return Err(common_prefix(old_bytes, new_bytes));
    }
    if is_x86 {
        let kind = absolute(old, arch, old_start);
        return x86::compare(both, kind, &are_addresses, pair);
    }
    match decoder(arch) {
        Some(decoder) => words::compare(both, (arch, decoder), &are_addresses, pair),
        None if old_bytes == new_bytes => Ok(()),
        None => Err(common_prefix(old_bytes, new_bytes)),
    }
}

/// Which operands of the code at an address may be absolute addresses.
fn absolute(side: &Side<'_, '_>, arch: &str, start: u64) -> Absolute {
    /// The linker lists code of C under the name of its package and section (src/cmd/link/internal/loadelf/ldelf.go).
    const SECTION_OF_C: &[u8] = b"(.text";
    /// There the Go assembler writes absolute addresses of functions of the C library (`useAbs`).
    const WITH_LIBC: [&str; 2] = ["solaris", "illumos"];
    if arch == "386" {
        return Absolute::Of386;
    }
    let name = side.rows.at(start).and_then(|row| side.rows.name(row));
    let is_go = name.is_some_and(|name| memchr::memmem::find(name, SECTION_OF_C).is_none());
    let os = side.image.os.unwrap_or_default();
    match is_go && !WITH_LIBC.contains(&os) {
        true => Absolute::OfGo,
        false => Absolute::OfC,
    }
}

fn without_padding(code: &[u8]) -> &[u8] {
    let padding = code.iter().rev().take_while(|byte| **byte == 0xcc).count();
    code.get(..code.len() - padding).unwrap_or_default()
}
