//! An image that can only be read forward, such as `docker save app
//!  gospect scan -`. Layers come before the documents that name them, so each is scanned as it comes and put in its place at the
//! end.

use super::members::ImageCollector;
use super::store::tidy;
use super::{Examine, ImageOptions, Payload, StoreScan, problem};
use crate::archive::tar::{self, Ending, EntryKind, Flow};
use crate::archive::{self, ArchiveError, Feed, Scope};
use std::io;

/// Most problems of one archive that are reported one by one.
const PROBLEMS: usize = 1000;

/// Names of documents at the top of an image archive.
const TOP: &[&str] = &[
    "index.json",
    "manifest.json",
    "oci-layout",
    "repositories",
    "version",
    "VERSION",
];

/// Whether an archive member may belong to an image: documents at the top, `blobs/`, names from before `docker save` used `blobs/`
/// (`<64 hex digits>` as directory, `.json` or `.tar`), and names that crane and ko still write (`sha256:` and the digits,
/// `.tar.gz`).
pub fn looks_like_member(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or(name);
    let stem = first
        .strip_suffix(".json")
        .or(first.strip_suffix(".tar"))
        .or(first.strip_suffix(".tar.gz"))
        .unwrap_or(first);
    let stem = stem.strip_prefix("sha256:").unwrap_or(stem);
    TOP.contains(&name)
        || first == "blobs"
        || name.is_empty()
        || (stem.len() == 64 && stem.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether an uncompressed tar stream begins like an image, by the first file within its first 64 KiB.
///
/// # Errors
/// Errors of the stream.
pub fn begins_like_image(feed: &mut Feed<'_>) -> io::Result<bool> {
    let mut head = feed.peek(64 << 10)?;
    while let Some(header) = head.first_chunk::<512>() {
        let text = |range: std::ops::Range<usize>| {
            let field = header.get(range).unwrap_or_default();
            field.split(|&b| b == 0).next().unwrap_or_default()
        };
        let size = std::str::from_utf8(text(124..136).trim_ascii()).ok();
        let Some(size) = size.and_then(|t| usize::from_str_radix(t, 8).ok()) else {
            return Ok(false);
        };
        // Extension headers and directories come first and decide nothing.
        let not_a_program = matches!(header.get(156), Some(b'x' | b'g' | b'L' | b'K'));
        if !not_a_program {
            let Some(name) = tidy(text(0..100)).filter(|n| looks_like_member(n)) else {
                return Ok(false);
            };
            if !name.is_empty() && header.get(156) != Some(&b'5') {
                return Ok(true);
            }
        }
        head = head
            .get(size.saturating_add(1023) / 512 * 512..)
            .unwrap_or_default();
    }
    Ok(false)
}

/// Scans an uncompressed tar stream that may be an image ([`begins_like_image`]). If it is none ([`StoreScan::not_image`]), the
/// programs in its members are in [`StoreScan::loose`].
pub fn scan_stream<P: Payload>(
    feed: &mut Feed<'_>,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> StoreScan<P> {
    let scope = Scope::new(options.limits, options.budget.clone());
    scan_stream_in(&scope, feed, options, examine)
}

/// The same for a stream inside what `around` reads, such as the output of a decompressor that holds memory.
pub fn scan_stream_in<P: Payload>(
    around: &Scope,
    feed: &mut Feed<'_>,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> StoreScan<P> {
    let scope = around.nested();
    let mut images = ImageCollector::for_image_archive(options.clone(), examine, around);
    let mut problems: Vec<ArchiveError> = Vec::new();
    // Adds a problem of the archive, or of the member with this name.
    let mut note = |name: &[u8], mut error: ArchiveError| {
        if problems.len() >= PROBLEMS {
            return;
        }
        if !name.is_empty() {
            let shown = archive::problem::shown(name);
            error.detail = format!("{}, in entry {shown}", error.detail);
        }
        if problems.len() + 1 == PROBLEMS {
            error = ArchiveError::limit(format!("more than {PROBLEMS} problems in one archive"));
        }
        problems.push(error);
    };
    let end = tar::read(feed, &scope, Ending::Marker, &mut |entry, body| {
        if let EntryKind::Unread(error) = &entry.kind {
            note(&entry.name, error.clone());
            return Ok(Flow::Continue);
        }
        if entry.name.len() > options.limits.path {
            let text = format!(
                "a name of {} bytes, {} are allowed",
                entry.name.len(),
                options.limits.path
            );
            note(&entry.name, ArchiveError::limit(text));
            return Ok(Flow::Continue);
        }
        match &entry.kind {
            EntryKind::File if TOP.contains(&tidy(&entry.name).unwrap_or_default().as_str()) => {
                images.document(&entry.name, entry.size, &mut Feed::new(body))?;
            }
            EntryKind::File => {
                images.take(&entry.name, entry.size, &mut Feed::new(body))?;
            }
            EntryKind::HardLink(to) => images.link(&entry.name, to, false),
            EntryKind::SymLink(to) => images.link(&entry.name, to, true),
            _ => {}
        }
        Ok(Flow::Continue)
    });
    let mut scan = StoreScan {
        not_image: !images.has_top(),
        ..StoreScan::default()
    };
    let archive_images = images.finish();
    for within in archive_images.scans {
        scan.images.extend(within.images);
        scan.problems.extend(within.problems);
    }
    scan.loose = archive_images.loose;
    for (place, error) in archive_images.problems {
        let mut problem = problem(options, &error, false);
        let names = place.entries.iter();
        problem
            .entry
            .extend(names.map(|e| String::from_utf8_lossy(e).into_owned()));
        problem.path = format!("{}!{}", options.around.name, problem.entry.join("!"));
        scan.problems.push(problem);
    }
    let problems = problems.iter();
    scan.problems
        .extend(problems.map(|error| problem(options, error, false)));
    scan.end(end.err().as_ref(), options);
    scan
}
