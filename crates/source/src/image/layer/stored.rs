//! A layer scan as bytes, for the cache: what is in a layer depends only on its bytes and on the options of the run.
//!
//! ```text
//! length of the JSON text (8 bytes, little-endian) | JSON text | names (see `names.rs`) | kept files, one after the other
//! ```

use super::{FoundFile, LayerProblem, LayerScan};
use crate::image::digest::Digest;
use crate::image::kept::KeptFiles;
use crate::image::names::Names;
use crate::image::stored::{StoredProblem, StoredProgram, is_lasting_problem};
use crate::image::{ImageOptions, LayerCounts};
use crate::packages::Digests;
use serde::{Deserialize, Serialize};
use std::io::Read;

/// Number of this form; part of the name of every entry.
pub const FORM: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Stored {
    digest: String,
    diff_id: Option<String>,
    size: u64,
    compressed: bool,
    is_file: bool,
    is_cut: bool,
    counts: LayerCounts,
    names: u64,
    names_bytes: u64,
    found: Vec<StoredFile>,
    problems: Vec<StoredProblem>,
    /// Lengths of the kept files.
    kept: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    uid: u64,
    gid: u64,
    mode: u32,
    programs: Vec<StoredProgram>,
    digests: Option<Box<Digests>>,
    kept: Option<u32>,
}

/// Whether a scan depends only on the bytes of the layer. Images inside layers are rare and are not stored.
fn is_lasting<P>(scan: &LayerScan<P>) -> bool {
    let lasting = |problem: &LayerProblem| !problem.fatal && is_lasting_problem(&problem.error);
    scan.images.is_empty() && scan.problems.iter().all(lasting)
}

/// The bytes of a scan; `None` if it is not to be stored. `encode` writes a program.
pub fn write<P>(
    scan: &LayerScan<P>,
    counts: &LayerCounts,
    encode: &dyn Fn(&P) -> Option<String>,
) -> Option<Vec<u8>> {
    if !is_lasting(scan) {
        return None;
    }
    let mut kept = Vec::new();
    let mut lengths = Vec::new();
    for number in 0..scan.kept.count() {
        let file = scan.kept.open(number)?;
        let mut bytes = vec![0; usize::try_from(file.len()).ok()?];
        let read = file.read_at(&mut bytes, 0).ok()?;
        if read < bytes.len() || kept.len() as u64 + file.len() > crate::cache::MAX_RESULT {
            return None;
        }
        lengths.push(file.len());
        kept.append(&mut bytes);
    }
    let found = scan.found.iter().map(|file| {
        let programs = file.programs.iter();
        let programs = programs.map(|item| StoredProgram::of(item, encode));
        Some(StoredFile {
            uid: file.uid,
            gid: file.gid,
            mode: file.mode,
            programs: programs.collect::<Option<_>>()?,
            digests: file.digests.clone(),
            kept: file.kept,
        })
    });
    let problems = scan.problems.iter();
    let problems = problems.map(|problem| StoredProblem::of(&problem.entries, &problem.error));
    let stored = Stored {
        digest: scan.digest?.to_string(),
        diff_id: scan.diff_id.map(|digest| digest.to_string()),
        size: scan.size,
        compressed: scan.compressed,
        is_file: scan.is_file,
        is_cut: scan.is_cut,
        counts: counts.clone(),
        names: scan.names.len(),
        names_bytes: scan.names.as_bytes().len() as u64,
        found: found.collect::<Option<_>>()?,
        problems: problems.collect(),
        kept: lengths,
    };
    let text = serde_json::to_vec(&stored).ok()?;
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(&text);
    bytes.extend_from_slice(scan.names.as_bytes());
    bytes.append(&mut kept);
    Some(bytes)
}

/// The scan in these bytes; `None` if they are not what [`write`] wrote. `decode` reads a program whose name has this many bytes.
pub fn read<P>(
    bytes: &[u8],
    options: &ImageOptions,
    decode: &dyn Fn(&str, usize) -> Option<P>,
) -> Option<(LayerScan<P>, LayerCounts)> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (text, rest) = rest.split_at_checked(length)?;
    let stored: Stored = serde_json::from_slice(text).ok()?;
    let (names, mut rest) = rest.split_at_checked(usize::try_from(stored.names_bytes).ok()?)?;
    let mut kept = KeptFiles::new(options.budget.total());
    for length in stored.kept {
        let (file, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        kept.keep(&mut file.take(length), length).ok()?.ok()?;
        rest = after;
    }
    kept.finish();
    let digest = |text: &str| Digest::parse(text);
    let found = stored.found.iter().map(|file| {
        let programs = file.programs.iter().map(|item| item.program(decode));
        Some(FoundFile {
            uid: file.uid,
            gid: file.gid,
            mode: file.mode,
            programs: programs.collect::<Option<_>>()?,
            digests: file.digests.clone(),
            kept: file.kept,
        })
    });
    let problems = stored.problems.iter().map(|problem| {
        let (entries, error) = problem.problem()?;
        Some(LayerProblem {
            entries,
            error,
            fatal: false,
        })
    });
    let scan = LayerScan {
        names: Names::from_bytes(names, stored.names),
        found: found.collect::<Option<_>>()?,
        kept,
        problems: problems.collect::<Option<_>>()?,
        problem_memory: None,
        is_cut: stored.is_cut,
        digest: Some(digest(&stored.digest)?),
        diff_id: match &stored.diff_id {
            Some(text) => Some(digest(text)?),
            None => None,
        },
        size: stored.size,
        compressed: stored.compressed,
        is_file: stored.is_file,
        images: Vec::new(),
    };
    Some((scan, stored.counts))
}
