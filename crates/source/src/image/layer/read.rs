//! Reads one blob: decompresses it, computes its digest and hands over its entries.

use super::{ARCHIVE_LIMITS, FoundFile, LayerProblem, LayerScan, wrong_digest};
use crate::archive::stream::Counted;
use crate::archive::tar::{self, Ending, Entry, Flow};
use crate::archive::{
    self, ArchiveError, Codec, Feed, Place, Reason, Scope, Walker, Want, decompress, sniff, stream,
};
use crate::foreign;
use crate::image::accounts;
use crate::image::catalog::LayerPlan;
use crate::image::digest::Hasher;
use crate::image::digester::{Digester, Hashing};
use crate::image::names::{Name, NameKind};
use crate::image::pipe::pipe;
use crate::image::store::{Blob, Blobs};
use crate::image::{Collector, Examine, ImageOptions, Payload, Walked};
use gospect_bytes::guard::{FAULT, guarded};
use std::io::{self, Read};

/// Reads the blobs of one store.
pub struct BlobReader<'a, P> {
    /// The store.
    pub store: &'a dyn Blobs,
    /// What the caller wants.
    pub options: &'a ImageOptions,
    /// Examines the files.
    pub examine: &'a dyn Examine<P>,
    /// Whether there is a processor for a thread of its own that computes the digests of each blob.
    pub is_spare: bool,
}

impl<P: Payload> BlobReader<'_, P> {
    /// Reads one blob.
    pub fn read(&self, plan: &LayerPlan) -> LayerScan<P> {
        let mut reader = match self.store.open(&plan.blob) {
            Ok(Some(reader)) => reader,
            Ok(None) => return LayerScan::failed(LayerProblem::missing(plan.foreign)),
            Err(error) => return LayerScan::failed(LayerProblem::of_layer(error, true)),
        };
        let scope = Scope::new(self.options.limits, self.options.budget.clone());
        let layer = scan(
            &mut reader,
            (&plan.blob, self.is_spare),
            plan.separate_file.as_deref(),
            &scope,
            self.options,
            self.examine,
        );
        // Entries of archives were counted while they were read.
        if layer.is_file {
            self.examine.entry_seen(layer.size);
        }
        self.examine.bytes_read(layer.size);
        layer
    }
}

/// Reads a blob to its end. Without `name` it is a layer; with `name` it is a layer if it is a tar archive of any compression,
/// else a file of this name. `is_spare` as in [`BlobReader`].
pub fn scan<P: Payload>(
    reader: &mut dyn Read,
    (blob, is_spare): (&Blob, bool),
    name: Option<&str>,
    scope: &Scope,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> LayerScan<P> {
    let mut scan = LayerScan::with_limits(options);
    let hasher = blob
        .digest
        .as_ref()
        .map_or_else(Hasher::sha256, Hasher::like);
    let mut digester = Some(Digester::new(hasher, is_spare));
    let tar_hasher = options.verify_diffid.then(Hasher::sha256);
    let mut tar_digester = tar_hasher.map(|hasher| Digester::new(hasher, is_spare));
    let (mut size, mut tar_size) = (0, 0);
    let is_long = blob.size.is_none_or(|size| size >= LONG);
    let result = guarded(|| {
        let raw = Hashing {
            inner: &mut *reader,
            digester: &mut digester,
            count: &mut size,
        };
        let mut reader = TarReader {
            name,
            scope,
            digester: &mut tar_digester,
            size: &mut tar_size,
            options,
            examine,
            scan: &mut scan,
        };
        reader.decompress(Box::new(raw), is_spare && is_long)
    });
    let fault = || Err(ArchiveError::new(Reason::Internal, FAULT));
    let result = result.unwrap_or_else(fault);
    scan.kept.finish();
    let is_complete = result.is_ok();
    // Read on even after an error: a wrong digest explains a broken stream, not the other way round.
    // The bound counts from the start of the blob, because another thread may have decompressed some bytes more than were taken.
    let bound = options.limits.expanded.saturating_mul(2);
    let rest_bound = bound.saturating_add(LONG).saturating_sub(size);
    let hashing = Hashing {
        inner: reader,
        digester: &mut digester,
        count: &mut size,
    };
    let rest = io::copy(&mut hashing.take(rest_bound), &mut io::sink());
    scan.size = size;
    if rest.is_ok() {
        scan.digest = digester.and_then(Digester::finish);
        if scan.digest.is_none() {
            scan.problem(Vec::new(), ArchiveError::new(Reason::Internal, FAULT), true);
        }
    }
    if is_complete && let Some(digester) = tar_digester {
        scan.diff_id = digester.finish();
        if scan.diff_id.is_none() {
            scan.problem(Vec::new(), ArchiveError::new(Reason::Internal, FAULT), true);
        }
    }
    if let Err(error) = result {
        scan.problem(Vec::new(), error, false);
    }
    match rest {
        Err(error) => scan.problem(Vec::new(), error.into(), true),
        Ok(_) => {
            if let (Some(want), Some(got)) = (blob.digest, scan.digest)
                && want != got
            {
                scan.problem(Vec::new(), wrong_digest(got, want), true);
            }
        }
    }
    scan
}

/// Bytes of a blob from which on it is worth a thread to decompress it: more than that thread is ever ahead.
const LONG: u64 = 1 << 20;

/// Reads the tar archive in a blob. Without `name` everything is taken for one.
struct TarReader<'r, P> {
    name: Option<&'r str>,
    scope: &'r Scope,
    digester: &'r mut Option<Digester>,
    size: &'r mut u64,
    options: &'r ImageOptions,
    examine: &'r dyn Examine<P>,
    scan: &'r mut LayerScan<P>,
}

impl<P: Payload> TarReader<'_, P> {
    /// Decompresses the blob and reads what is in it, with `is_spare` on two threads. Only gzip and zstd, which layers have: what else takes memory
    /// from the budget may have to wait for it in the middle of a member, while the other thread holds some.
    fn decompress(&mut self, raw: Box<dyn Read + '_>, is_spare: bool) -> Result<(), ArchiveError> {
        let mut plain = decompress(raw, self.scope)?;
        self.scan.compressed = plain.codec().is_some();
        let is_ahead = matches!(plain.codec(), Some(Codec::Gzip | Codec::Zstd));
        if !(is_spare && is_ahead) {
            return self.read(&mut plain);
        }
        plain.expand_ahead();
        let scope = self.scope;
        pipe(&mut plain, &mut |expanded| {
            self.read(&mut Counted::new(expanded, scope))
        })
    }

    fn read(&mut self, plain: &mut dyn Read) -> Result<(), ArchiveError> {
        let mut hashing;
        let tar: &mut dyn Read = if self.digester.is_some() {
            hashing = Hashing {
                inner: plain,
                digester: self.digester,
                count: self.size,
            };
            &mut hashing
        } else {
            plain
        };
        let mut feed = Feed::new(tar);
        let (options, examine, scope) = (self.options, self.examine, self.scope);
        if let Some(name) = self.name
            && !is_tar(&mut feed)?
        {
            self.scan.is_file = true;
            return one_file(&mut feed, name, scope, options, examine, self.scan);
        }
        let mut files = LayerReader {
            options,
            examine,
            scope,
            head: vec![0; stream::HEAD],
            scan: self.scan,
        };
        tar::read(&mut feed, scope, Ending::Marker, &mut |entry, body| {
            files.entry(entry, body)
        })?;
        tar::pass_padding(&mut feed)
    }
}

/// Whether a tar archive comes next; one without entries is all zeros.
fn is_tar(feed: &mut Feed<'_>) -> io::Result<bool> {
    let head = feed.peek(1024)?;
    let is_empty = head.len() == 1024 && head.iter().all(|byte| *byte == 0);
    Ok(is_empty
        || matches!(
            sniff(head),
            Some(archive::StreamKind::Format(archive::Format::Tar))
        ))
}

/// Reads the rest as one file.
fn one_file<P: Payload>(
    feed: &mut Feed<'_>,
    name: &str,
    scope: &Scope,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
    scan: &mut LayerScan<P>,
) -> Result<(), ArchiveError> {
    let place = Place {
        entries: vec![name.as_bytes().to_vec()],
        ..Place::default()
    };
    let collector = Collector::new(examine, options, Walked::Artifact, ARCHIVE_LIMITS);
    let walker = Walker {
        receiver: &collector,
        scope,
    };
    let read = walker.stream(feed, &place, options.depth);
    scan.collected(collector, &place, (0, 0, 0o644));
    read.map(|_| ())
}

/// Receives the entries of one layer.
struct LayerReader<'s, P> {
    options: &'s ImageOptions,
    examine: &'s dyn Examine<P>,
    scope: &'s Scope,
    head: Vec<u8>,
    scan: &'s mut LayerScan<P>,
}

impl<P: Payload> LayerReader<'_, P> {
    fn entry(&mut self, entry: &Entry, body: &mut dyn Read) -> io::Result<Flow> {
        if let tar::EntryKind::Unread(error) = &entry.kind {
            let mut name = entry.name.clone();
            name.truncate(self.options.limits.path);
            let entries = Some(name).filter(|name| !name.is_empty());
            self.scan
                .problem(entries.into_iter().collect(), error.clone(), false);
            return Ok(Flow::Continue);
        }
        if entry.name.len() > self.options.limits.path {
            let text = format!(
                "a name of {} bytes, {} are allowed",
                entry.name.len(),
                self.options.limits.path
            );
            let name = entry.name.get(..200).unwrap_or(&entry.name).to_vec();
            self.scan
                .problem(vec![name], ArchiveError::limit(text), false);
            return Ok(Flow::Continue);
        }
        let kind = match &entry.kind {
            tar::EntryKind::File => {
                let found = self.file(entry, body)?;
                NameKind::File {
                    found,
                    empty: entry.size == 0,
                }
            }
            tar::EntryKind::HardLink(to) => NameKind::HardLink(to),
            tar::EntryKind::SymLink(to) => NameKind::Symlink(to),
            tar::EntryKind::Dir => NameKind::Dir,
            tar::EntryKind::Other(_) | tar::EntryKind::Unread(_) => NameKind::Other,
        };
        self.scan.names.push(&Name {
            path: &entry.name,
            kind,
            mode: entry.mode,
        });
        Ok(Flow::Continue)
    }

    /// Keeps a file of a package database, or the accounts, until all layers are known.
    fn database(&mut self, entry: &Entry, body: &mut dyn Read) -> io::Result<Option<u32>> {
        let kept = match self.scan.kept.keep(body, entry.size)? {
            Ok(kept) => kept,
            Err(error) => {
                self.scan.problem(vec![entry.name.clone()], error, false);
                return Ok(None);
            }
        };
        let found = u32::try_from(self.scan.found.len()).ok();
        self.scan.found.push(FoundFile {
            uid: 0,
            gid: 0,
            mode: 0,
            programs: Vec::new(),
            digests: None,
            kept: Some(kept),
        });
        Ok(found)
    }

    /// Reads a regular file. Most are not programs: they cost one short copy of their first bytes.
    fn file(&mut self, entry: &Entry, body: &mut dyn Read) -> io::Result<Option<u32>> {
        self.examine.entry_seen(entry.size);
        if accounts::is_accounts(&entry.name, entry.size) || self.examine.keeps(&entry.name) {
            self.examine.not_a_program(entry.size);
            return self.database(entry, body);
        }
        if self.examine.too_small(entry.size) {
            return Ok(None);
        }
        let mut len = fill(body, &mut self.head[..stream::SHORT_HEAD])?;
        if stream::needs_more(&self.head[..len]) {
            len += fill(body, &mut self.head[len..])?;
        } else if foreign::needs_more(&self.head[..len]) {
            self.head.resize(foreign::DEEP, 0);
            len += fill(body, &mut self.head[len..])?;
            self.head.resize(stream::HEAD.max(len), 0);
        }
        let head = &self.head[..len];
        let place = Place {
            entries: vec![entry.name.clone()],
            mode: Some(entry.mode),
            uid: Some(entry.uid),
            gid: Some(entry.gid),
        };
        let nested = self.options.archives && sniff(head).is_some();
        if !nested && self.examine.wants(&place, head, Some(entry.size)) == Want::Skip {
            return Ok(None);
        }
        let collector = Collector::new(
            self.examine,
            self.options,
            Walked::LayerFile,
            ARCHIVE_LIMITS,
        );
        let mut whole = head.chain(body);
        let mut feed = Feed::new(&mut whole);
        let walker = Walker {
            receiver: &collector,
            scope: self.scope,
        };
        let read = walker.file(&mut feed, entry.size, &place, self.options.depth);
        let owner = (entry.uid, entry.gid, entry.mode);
        let found = self.scan.collected(collector, &place, owner);
        read?;
        Ok(found)
    }
}

/// Reads until `out` is full or the body ends.
fn fill(body: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while let Some(rest) = out.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match body.read(rest)? {
            0 => break,
            n => len += n,
        }
    }
    Ok(len)
}
