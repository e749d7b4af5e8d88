//! Programs as text, for results that the cache keeps between runs (`--cache`).

use super::program::Program;
use super::spool::Spool;
use crate::record::{Binary, FoundProgram, ProgramPlace};
use serde::{Deserialize, Serialize};

/// Version of the facts. Raise it when the record of an unchanged program changes: results of the cache with another version are not used.
/// `tests/it/cache.rs` compares it with the records of stored programs.
pub const FACTS: u32 = 3;

/// A program without its place.
#[derive(Serialize, Deserialize)]
struct Stored {
    slice: Option<String>,
    member: Option<String>,
    record: Box<Binary>,
}

/// The program as text; `None` if its record can no longer be read.
pub(super) fn encode(program: &Program) -> Option<String> {
    let stored = Stored {
        slice: program.slice.clone(),
        member: program.member.clone(),
        record: program.record.clone().open().ok()?,
    };
    serde_json::to_string(&stored).ok()
}

/// The program in a text. Puts its record into the spool; `name_length` is the length of its name in its container, in bytes.
pub(super) fn decode(text: &str, spool: &Spool, name_length: usize) -> Option<Program> {
    // From bytes, as the spool and `records:` read programs, so that the reader of a record is built for one kind of input.
    let stored: Stored = serde_json::from_slice(text.as_bytes()).ok()?;
    Some(FoundProgram {
        place: ProgramPlace::default(),
        slice: stored.slice,
        member: stored.member,
        record: spool.put(stored.record, name_length).ok()?,
    })
}
