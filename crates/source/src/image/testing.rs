//! Programs of tests, and what a scan of images says in short.

use super::*;
use crate::archive::Reason;
use std::fmt::Write as _;
pub(crate) use test_support::layouts::*;

/// In these tests a program is the text of its file.
impl Payload for String {}

/// Takes files that begin with `EXE:` for programs, and carries the rest of their content.
pub(super) struct Programs;

impl Examine<String> for Programs {
    fn wants(&self, _: &Place, head: &[u8], _: Option<u64>) -> Want {
        if head.starts_with(b"EXE:") {
            Want::Whole
        } else {
            Want::Skip
        }
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<String, ArchiveError>> {
        let mut bytes = vec![0; candidate.bytes.len() as usize];
        candidate.bytes.read_at(&mut bytes, 0).unwrap();
        let text = String::from_utf8_lossy(&bytes[4..]).into_owned();
        if text.starts_with("broken") {
            return vec![Err(ArchiveError::new(Reason::Packed, "cannot be unpacked"))];
        }
        vec![Ok(text)]
    }
}

/// `path=content layer visible started`, one program a line, after the image's reference and platform.
pub(crate) fn shown(scan: &StoreScan<String>) -> String {
    let mut text = String::new();
    for image in &scan.images {
        let _ = writeln!(
            text,
            "{} {}",
            image.record.reference,
            image.record.platform.as_deref().unwrap_or("-")
        );
        for program in &image.programs {
            assert!(program.layer.digest.is_some());
            let started = match program.started {
                None => " started?",
                Some(true) => " started",
                Some(false) => "",
            };
            let visible = if program.visible == Some(false) {
                " hidden"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "  {}{}={} {}{visible}{started}",
                image.around.prefix,
                path(program),
                program.item.program,
                program.layer.index
            );
        }
    }
    text
}

/// Path of a program in its image.
pub(crate) fn path(program: &Layered<String>) -> String {
    String::from_utf8_lossy(&program.item.place.entries.join(&b'!')).into_owned()
}

pub(super) fn problems(scan: &StoreScan<String>) -> Vec<String> {
    let all = scan
        .problems
        .iter()
        .chain(scan.images.iter().flat_map(|i| &i.problems));
    let mark = |p: &ImageProblem| if p.fatal { "fatal " } else { "" };
    all.map(|p| {
        format!(
            "{}{} {}: {}",
            mark(p),
            p.error.reason.as_str(),
            p.path,
            p.error.detail
        )
    })
    .collect()
}
