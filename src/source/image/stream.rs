//! An image that can only be read forward, such as `docker save app | gospect scan -`: layers come before the
//! documents that name them, so each is searched as it comes and put into place at the end.

use super::assemble::{assemble, name};
use super::catalog;
use super::digest::Digest;
use super::layer::{LayerScan, scan, scan_file};
use super::manifest::{CONFIG_MAX, MANIFEST_MAX};
use super::store::{Blob, Blobs, Members, Top, member_name, read_short, tidy, top_of};
use super::{Examine, Options, Problem, Scan};
use crate::report::model::Unexamined;
use crate::source::archive;
use crate::source::archive::tar::{self, Ending, Flow, Kind};
use crate::source::archive::{ArchiveError, Feed, Scope, sniff, stream};
use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

/// Problems of one archive that get a line each.
const PROBLEMS: usize = 1000;

/// Names of the documents at the top of an image archive.
const TOP: &[&str] = &[
    "index.json",
    "manifest.json",
    "oci-layout",
    "repositories",
    "version",
    "VERSION",
];

/// Whether an archive member could be one of an image: documents at the top, `blobs/`, and what `docker save` wrote
/// before it used `blobs/` (`<64 hex digits>` as directory, `.json` or `.tar`) and crane and ko write still (`sha256:` and the digits,
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

/// Whether an uncompressed tar stream begins like an image: by the first file in its first 64 KiB.
///
/// # Errors
/// The stream's.
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
        // Extensions and directories come first and decide nothing.
        let passed = matches!(header.get(156), Some(b'x' | b'g' | b'L' | b'K'));
        if !passed {
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

/// Scans an uncompressed tar stream that may be an image ([`begins_like_image`]). When it turns out to be none
/// ([`Scan::not_image`]), what was found in its members is in [`Scan::loose`].
pub fn scan_stream(feed: &mut Feed<'_>, options: &Options, examine: &dyn Examine) -> Scan {
    let scope = Scope::new(options.limits, options.budget.clone());
    scan_stream_in(&scope, feed, options, examine)
}

/// The same for a stream that comes out of what `around` reads, such as a decompressor that holds memory.
pub fn scan_stream_in(
    around: &Scope,
    feed: &mut Feed<'_>,
    options: &Options,
    examine: &dyn Examine,
) -> Scan {
    let scope = around.nested();
    let mut met = Met {
        around,
        options,
        examine,
        documents: HashMap::new(),
        kept: 0,
        layers: HashMap::new(),
        order: Vec::new(),
        files: Vec::new(),
        problems: Vec::new(),
        members: Members::default(),
    };
    let end = tar::read(feed, &scope, Ending::Marker, &mut |entry, body| {
        if let Kind::Unread(error) = &entry.kind {
            met.problem(&entry.name, error.clone());
            return Ok(Flow::Continue);
        }
        if entry.name.len() > options.limits.path {
            let text = format!(
                "a name of {} bytes, {} are allowed",
                entry.name.len(),
                options.limits.path
            );
            met.problem(&entry.name, ArchiveError::limit(text));
            return Ok(Flow::Continue);
        }
        // What no image names may still be a program.
        let name =
            tidy(&entry.name).unwrap_or_else(|| String::from_utf8_lossy(&entry.name).into_owned());
        match &entry.kind {
            Kind::File => met.file(name, entry.size, body)?,
            Kind::HardLink(to) => met.members.link(name, &String::from_utf8_lossy(to), false),
            Kind::SymLink(to) => met.members.link(name, &String::from_utf8_lossy(to), true),
            _ => {}
        }
        Ok(Flow::Continue)
    });
    let mut scan = met.put_together();
    scan.end(end.err().as_ref(), options);
    scan
}

struct Met<'a> {
    /// Layers are read one after the other on this thread: while anything around them holds memory they do not wait for theirs.
    around: &'a Scope,
    options: &'a Options,
    examine: &'a dyn Examine,
    /// Short members that are not compressed: documents.
    documents: HashMap<String, Vec<u8>>,
    kept: u64,
    layers: HashMap<String, LayerScan>,
    /// Names of the layers as they came.
    order: Vec<String>,
    /// Members that are neither documents nor layers.
    files: Vec<LayerScan>,
    /// What is wrong with the archive or its entries.
    problems: Vec<ArchiveError>,
    members: Members,
}

impl Met<'_> {
    /// Something of the archive, or of the member of this name, that is not read.
    fn problem(&mut self, name: &[u8], mut error: ArchiveError) {
        if self.problems.len() >= PROBLEMS {
            return;
        }
        if !name.is_empty() {
            error.detail = format!(
                "{}, in entry {}",
                error.detail,
                archive::problem::shown(name)
            );
        }
        if self.problems.len() + 1 == PROBLEMS {
            error = ArchiveError::limit(format!("more than {PROBLEMS} problems in one archive"));
        }
        self.problems.push(error);
    }

    fn file(&mut self, name: String, size: u64, body: &mut dyn Read) -> io::Result<()> {
        let mut head = Vec::new();
        (&mut *body)
            .take(stream::HEAD as u64)
            .read_to_end(&mut head)?;
        let mut whole = head.chain(body);
        let document =
            sniff(&head).is_none() && matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
        if document
            && size <= CONFIG_MAX.max(MANIFEST_MAX)
            && self.kept + size <= self.options.limits.metadata
        {
            let bytes = read_short(&mut whole, CONFIG_MAX.max(MANIFEST_MAX), &name)?;
            self.kept += size;
            self.documents.insert(name, bytes);
            return Ok(());
        }
        if TOP.contains(&name.as_str()) || size == 0 {
            return Ok(());
        }
        if !matches!(
            sniff(&head),
            Some(archive::Kind::Codec(_) | archive::Kind::Format(archive::Format::Tar))
        ) {
            self.files.push(scan_file(
                &mut whole,
                &name,
                size,
                &self.around.nested(),
                self.options,
                self.examine,
            ));
            return Ok(());
        }
        let digest = name
            .strip_prefix("blobs/")
            .and_then(|rest| Digest::parse(&rest.replacen('/', ":", 1)));
        let blob = Blob {
            key: name.clone(),
            digest,
            size: Some(size),
        };
        let layer = scan(
            &mut whole,
            &blob,
            &self.around.nested(),
            self.options,
            self.examine,
        );
        self.order.push(name.clone());
        self.layers.insert(name, layer);
        Ok(())
    }

    fn put_together(mut self) -> Scan {
        let catalog = catalog::read(&self, self.options);
        if catalog.plans.is_empty()
            && !self.documents.contains_key("index.json")
            && !self.documents.contains_key("manifest.json")
        {
            return self.loose();
        }
        // From the names of members to the names that the documents use.
        let by_member: HashMap<String, Arc<LayerScan>> = self
            .layers
            .drain()
            .map(|(name, layer)| (name, Arc::new(layer)))
            .collect();
        let mut layers = HashMap::new();
        for plan in catalog.plans.iter().flat_map(|p| &p.layers) {
            let member = member_name(&plan.blob);
            if let Some(layer) = by_member.get(self.members.resolve(&member)) {
                layers.insert(plan.blob.key.clone(), Arc::clone(layer));
            }
        }
        drop(by_member);
        let mut scan = assemble(catalog, layers, self.options);
        let problems = self.problems.iter();
        scan.problems
            .extend(problems.map(|error| super::problem(self.options, error, false)));
        scan
    }

    /// No image after all.
    fn loose(self) -> Scan {
        let problems = self.problems.iter();
        let mut scan = Scan {
            not_image: true,
            problems: problems
                .map(|error| super::problem(self.options, error, false))
                .collect(),
            ..Scan::default()
        };
        let mut layers = self.layers;
        let layers = self
            .order
            .into_iter()
            .filter_map(|member| Some((layers.remove(&member)?, Some(member))));
        for (layer, member) in layers.chain(self.files.into_iter().map(|f| (f, None))) {
            for found in layer.found {
                for (place, mut binary) in found.binaries {
                    let slice = binary.location.slice.take();
                    let inner = binary.location.entry.pop().map(String::into_bytes);
                    binary.location = self.options.location();
                    binary.location.slice = slice;
                    binary.location.mode = place.mode;
                    binary.location.uid = place.uid;
                    binary.location.gid = place.gid;
                    let mut names: Vec<Vec<u8>> =
                        member.iter().map(|m| m.clone().into_bytes()).collect();
                    names.extend(place.entries.into_iter().chain(inner));
                    name(&mut binary, &names);
                    scan.loose.push(binary);
                }
            }
            for found in layer.problems {
                let names: Vec<_> = found
                    .entries
                    .iter()
                    .map(|e| String::from_utf8_lossy(e).into_owned())
                    .collect();
                let mut location = self.options.location();
                location.entry.extend(member.clone());
                location.entry.extend(names);
                let unexamined = Unexamined {
                    path: format!("{}!{}", self.options.name, location.entry.join("!")),
                    location,
                    reason: found.error.reason.as_str().to_owned(),
                    detail: found.error.detail,
                };
                scan.problems.push(Problem {
                    unexamined,
                    fatal: false,
                });
            }
        }
        scan
    }
}

impl Blobs for Met<'_> {
    fn top(&self) -> Result<Top, ArchiveError> {
        top_of(|name| Ok(self.documents.get(self.members.resolve(name)).cloned()))
    }

    fn open<'a>(&'a self, blob: &Blob) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError> {
        let member = member_name(blob);
        let document = self.documents.get(self.members.resolve(&member));
        Ok(document.map(|bytes| Box::new(bytes.as_slice()) as Box<dyn Read + Send>))
    }
}
