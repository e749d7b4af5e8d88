//! Compares two builds of a Go program.
//!
//! Two builds of the same source by the same toolchain have the same instructions, but a longer build info or another linker string moves what
//! comes after it, and with it every address. So code is compared with addresses normalised:
//!
//! 1. `functions`: pairs functions by name, and compares their instructions without the operands that are addresses; `x86`, `words` and `wasm` know where
//!    these operands are. Each pair of operands gives an address of the old program and the same address in the new one.
//! 2. `data`: aligns (`align`) everything else (`regions`) that is loaded into memory, with these pairs as hints, and compares it; pointers in data are pairs too.
//! 3. The pairs are checked against the alignment: a function that now refers to other data differs.
//! 4. `parts`: build info, build ID, symbols, debug information, signature; `tables`: the function table; `loading`: where the program starts;
//!    `unexplained`: all loaded bytes that none of these looks at.
//! 5. `explain`: what explains the differences.
//!
//! Never reads files, never prints, and never calls two programs equal when a part of them was not compared.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod align;
mod code;
mod data;
mod explain;
mod functions;
mod harmless;
mod loading;
mod pages;
mod parts;
mod records;
mod regions;
mod side;
mod tables;
mod unexplained;
mod wasm;
mod words;
mod x86;

use gospect_bytes::{Limits, ReadAt};
use gospect_exe::OpenError;
use gospect_go::{Level, Options, inspect, programs};
use gospect_record::rebuild::{Comparison, Difference, DifferentPart, FUNCTIONS_SHOWN, Outcome};
use side::{ProgramFacts, Side};

/// Why two programs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum NotCompared {
    /// A file is not an executable, or cannot be read.
    #[error("{0}")]
    Unread(OpenError),
    /// A file is not a Go program.
    #[error("the {0} program is not Go, or is a library without functions of its own")]
    NotGo(&'static str),
    /// A universal file lacks the architecture.
    #[error("the {which} program has no slice for {slice}")]
    NoSlice {
        /// `old` or `new`.
        which: &'static str,
        /// The architecture.
        slice: String,
    },
    /// There is no function table.
    #[error(
        "the {0} program has no function table that can be read, so that its code cannot be taken apart"
    )]
    NoFunctions(&'static str),
}

/// Compares two programs. Of a universal Mach-O file the slice is compared that `slice` names, else the first.
///
/// # Errors
/// [`NotCompared`] when one of them is not a Go program with a function table.
pub fn compare(
    old: &dyn ReadAt,
    new: &dyn ReadAt,
    slice: Option<&str>,
    limits: Limits,
) -> Result<Comparison, NotCompared> {
    let old_facts = read_facts(old, slice, limits)?;
    let new_facts = read_facts(new, slice, limits)?;
    if is_equal(old, new) {
        return Ok(identical(old, &old_facts, slice, limits));
    }
    let mut result = None;
    let mut missing_in = "old";
    let is_wanted = |found: Option<&str>| slice.is_none() || slice == found;
    programs(old, limits, &mut |old_slice, old_tables| {
        if result.is_some() || !is_wanted(old_slice) {
            return;
        }
        missing_in = "new";
        let of_new = programs(new, limits, &mut |new_slice, new_tables| {
            if result.is_some()
                || new_slice != old_slice && old_slice.is_some() && new_slice.is_some()
            {
                return;
            }
            let old_side = Side::of(old_tables, &old_facts);
            let new_side = Side::of(new_tables, &new_facts);
            result = Some(match (old_side, new_side) {
                (Some(old_side), Some(new_side)) => Ok(compare_sides(&old_side, &new_side)),
                (None, _) => Err(NotCompared::NoFunctions("old")),
                (_, None) => Err(NotCompared::NoFunctions("new")),
            });
        });
        if let Err(error) = of_new {
            result.get_or_insert(Err(NotCompared::Unread(error)));
        }
    })
    .map_err(NotCompared::Unread)?;
    match (result, slice) {
        (Some(result), _) => result,
        (None, None) => Err(NotCompared::NotGo(missing_in)),
        (None, Some(slice)) => Err(NotCompared::NoSlice {
            which: missing_in,
            slice: slice.to_owned(),
        }),
    }
}

fn read_facts(
    reader: &dyn ReadAt,
    slice: Option<&str>,
    limits: Limits,
) -> Result<ProgramFacts, NotCompared> {
    let options = Options {
        level: Level::Full,
        named: true,
        limits,
        ..Options::default()
    };
    let inspection = inspect(reader, &options).map_err(NotCompared::Unread)?;
    let end = inspection.end;
    let mut programs = inspection.found.into_iter();
    let wanted = programs.find(|p| slice.is_none() || p.slice.as_deref() == slice);
    Ok(ProgramFacts {
        binary: wanted.map(|program| *program.record).unwrap_or_default(),
        end,
    })
}

/// Bytes of each file that are compared at once.
const BUFFER_SIZE: usize = 1 << 16;

fn is_equal(old: &dyn ReadAt, new: &dyn ReadAt) -> bool {
    if old.len() != new.len() {
        return false;
    }
    let mut buffers = [vec![0; BUFFER_SIZE], vec![0; BUFFER_SIZE]];
    let mut offset = 0;
    while offset < old.len() {
        let size = BUFFER_SIZE.min(usize::try_from(old.len() - offset).unwrap_or(BUFFER_SIZE));
        let [old_buffer, new_buffer] = &mut buffers;
        let pieces = (old_buffer.get_mut(..size), new_buffer.get_mut(..size));
        let (Some(old_piece), Some(new_piece)) = pieces else {
            return false;
        };
        let is_read = fill(old, old_piece, offset).and(fill(new, new_piece, offset));
        if is_read.is_none() || old_piece != new_piece {
            return false;
        }
        offset += size as u64;
    }
    true
}

/// Reads exactly as many bytes as the buffer has.
fn fill(reader: &dyn ReadAt, buffer: &mut [u8], offset: u64) -> Option<()> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match reader.read_at(rest, offset + done as u64) {
            Ok(read) if read > 0 => done += read,
            _ => return None,
        }
    }
    Some(())
}

/// The comparison of a program with a copy of it.
fn identical(
    reader: &dyn ReadAt,
    facts: &ProgramFacts,
    slice: Option<&str>,
    limits: Limits,
) -> Comparison {
    let mut count = 0;
    let _ = programs(reader, limits, &mut |found, tables| {
        if count == 0 && (slice.is_none() || slice == found) {
            count = Side::of(tables, facts).map_or(0, |side| side.rows.all.len() as u64);
        }
    });
    Comparison {
        verdict: Outcome::Identical,
        functions_equal: count,
        functions: count,
        differences: Vec::new(),
        changed: Vec::new(),
        more_changed: 0,
        explanations: Vec::new(),
        strings: Vec::new(),
    }
}

/// Compares two programs whose files differ.
fn compare_sides(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Comparison {
    let mut functions = functions::compare(old, new);
    let data = data::compare(old, new, &functions.pairs, &|from, to| {
        functions.is_same_code(old, new, from, to)
    });
    functions.check(old, new, &data);
    let mut differences: Vec<Difference> = Vec::new();
    let changed = functions.changed(old, new);
    if functions.different_bytes > 0 || !changed.is_empty() {
        differences.push(Difference {
            part: DifferentPart::Code,
            bytes: functions.different_bytes,
            what: format!(
                "{} of {} functions differ",
                changed.len(),
                functions.count()
            ),
        });
    }
    let is_same_code = changed.is_empty();
    // When functions differ, pointers to them differ too, and say nothing more.
    if is_same_code {
        differences.extend(functions.changed_pointers(old, new, &data));
        differences.extend(functions.changed_moduledata(old, new, &data));
    }
    differences.extend(pages::packed(old, new));
    differences.extend(tables::compare(old, new, is_same_code, &|from, to| {
        functions.is_same(old, new, &data, from, to)
    }));
    differences.extend(parts::compare(old, new, &|from, to| {
        functions.is_same(old, new, &data, from, to) || data.is_same_text(from, to)
    }));
    differences.extend(data.changed_code(old, new, &|from, to| {
        functions.is_same(old, new, &data, from, to)
    }));
    differences.extend(unexplained::compare(old, new, &data));
    differences.extend(data.differences);
    // The files differ, so something does, if only in parts that are neither loaded nor known.
    if differences.is_empty() {
        differences.push(Difference {
            part: DifferentPart::Layout,
            bytes: 0,
            what: "bytes that are not loaded".to_owned(),
        });
    }
    differences.sort();
    differences.dedup();
    let is_harmless = differences.iter().all(|d| d.part.is_harmless());
    let strings = explain::strings(old, new, &functions);
    let explanations = explain::explain(old, new, &functions, &changed, &strings, is_harmless);
    let more_changed = changed.len().saturating_sub(FUNCTIONS_SHOWN) as u64;
    Comparison {
        verdict: match is_harmless {
            true => Outcome::SameCode,
            false => Outcome::Different,
        },
        functions_equal: functions.equal(),
        functions: functions.count(),
        differences,
        changed: changed.into_iter().take(FUNCTIONS_SHOWN).collect(),
        more_changed,
        explanations,
        strings,
    }
}

#[cfg(test)]
mod tests;
