//! From the bytes of one file to the records of the Go programs in it.

use super::compiler::Compiler;
use super::identify::{self, Identity, Tables};
use super::modinfo::ModInfo;
use super::{experiment, full, godebug, module_list, parts};
use crate::bytes::{Budget, Counts, Limits, Part, ReadAt, Refusal, Window};
use crate::exe::packed::{self, Packer};
use crate::exe::{self, Fault, Image, Kind, Miss, Parts, Shape, SliceFault, Universal};
use crate::knowledge::go_version::GoVersion;
use crate::record::{Binary, Corroboration, Executable, Verdict};
use std::sync::atomic::{AtomicBool, Ordering};

/// How much to find out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// The record alone: a handful of small reads.
    BuildInfo,
    /// Everything, with the evidence.
    #[default]
    Full,
}

/// What to do with a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// How much to find out.
    pub level: Level,
    /// Make every effort even when nothing looks like Go: for files that a user named.
    pub named: bool,
    /// Bounds.
    pub limits: Limits,
    /// List the packages of the function table also of programs whose record lists modules.
    pub packages: bool,
    /// `GODEBUG` of the environment to assume at run time.
    pub godebug: Option<&'o str>,
    /// Memory that is shared with others who inspect at the same time.
    pub budget: Option<&'o Budget>,
    /// Set, and the record left out, where it would be much larger than an honest one: for who makes such records in another way.
    pub too_large: Option<&'o AtomicBool>,
    /// Also find out which bytes of the file belong to which part of the program.
    pub parts: bool,
}

/// One Go program found in a file.
#[derive(Clone, Debug)]
pub struct Found {
    /// Architecture of the slice, for universal Mach-O files.
    pub slice: Option<String>,
    /// Name of the member, for archives.
    pub member: Option<String>,
    /// Offset and size of the executable in the file.
    pub range: (u64, u64),
    /// Its record; `path` and `location` are left to whoever knows where the file is.
    pub binary: Binary,
    /// The parts of the executable, counted from its start; `None`: not asked for, or a packed file, whose bytes are those of the
    /// packer.
    pub parts: Option<Parts>,
}

/// What came of one file.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// The Go programs, in file order.
    pub found: Vec<Found>,
    /// What was wrong with the file although it was opened; also for files that are not Go.
    pub faults: Vec<String>,
    /// Parts of the file were cut off, so that not all of its facts are there, and nothing found does not mean nothing there.
    pub damage: Option<String>,
    /// Offset behind the last byte that the headers of the executable account for; `None`: they do not tell.
    pub end: Option<u64>,
    /// Packed, and with what; only when it could not be unpacked.
    pub packed: Option<String>,
    /// A limit was met, so that not all of the facts are there, and nothing found does not mean nothing there.
    pub refusal: Option<Refusal>,
    /// Further programs of the file, whose records take more memory than there is.
    pub untold: u64,
    /// What was read.
    pub counts: Counts,
    /// Bytes of memory that the records take.
    kept: u64,
}

/// Inspects one file: executable, universal file or archive.
///
/// # Errors
/// [`Miss::NotExecutable`] for everything else; other misses when the headers are damaged.
pub fn inspect(reader: &dyn ReadAt, options: &Options<'_>) -> Result<Inspection, Miss> {
    let window = Window::new(reader, options.limits.executable);
    let head = window.upto(0, 512).ok_or(Miss::Unreadable)?;
    let shape = exe::sniff(head).ok_or(Miss::NotExecutable)?;
    let mut inspection = Inspection::default();
    // What is around the executables keeps little: they are who may need the budget.
    let window = match shape {
        Shape::FatMachO | Shape::Archive => window.within_share(options.budget),
        _ => window.with_budget(options.budget),
    };
    let mut broken = None;
    match shape {
        Shape::FatMachO => {
            let universal = exe::universal(&window)?;
            let faults: Vec<String> = universal.faults.iter().map(SliceFault::text).collect();
            if universal.named.len() > universal.slices.len() {
                broken = Some(faults.join("; "));
            }
            inspection.faults.extend(faults);
            for slice in &universal.slices {
                let name = slice.arch.map_or_else(
                    || format!("cpu{}-{}", slice.cpu.0, slice.cpu.1),
                    str::to_owned,
                );
                let part = Part::new(reader, slice.offset, slice.size);
                let range = (slice.offset, slice.size);
                inspection.part(&part, range, Some(name), None, options);
            }
            inspection.doubt(&universal);
        }
        Shape::Archive => {
            let (members, wrong) = exe::members(&window)?;
            if let Some(wrong) = wrong {
                inspection.faults.push(wrong.to_string());
                broken = Some(wrong.to_string());
            }
            for member in members {
                let part = Part::new(reader, member.offset, member.size);
                inspection.part(
                    &part,
                    (member.offset, member.size),
                    None,
                    Some(member.name),
                    options,
                );
            }
        }
        _ => inspection.thin(&window, (0, reader.len()), None, None, options)?,
    }
    // What is wrong with the file explains more than what is wrong with its last part.
    inspection.damage = broken.or(inspection.damage.take());
    inspection.add(window.counts());
    let untold = inspection.untold;
    if let Some(first) = inspection.found.first_mut().filter(|_| untold > 0) {
        let note = format!(
            "{untold} more programs of the file are not told: their records take more memory than there is"
        );
        first.binary.notes.push(note);
    }
    Ok(inspection)
}

impl Inspection {
    /// Says at every program of a universal file what is wrong with its header.
    fn doubt(&mut self, universal: &Universal) {
        if universal.faults.is_empty() {
            return;
        }
        let named: Vec<&str> = universal
            .named
            .iter()
            .map(|s| s.arch.unwrap_or("?"))
            .collect();
        let texts: Vec<String> = universal.faults.iter().map(SliceFault::text).collect();
        for found in &mut self.found {
            found.binary.notes.extend(texts.iter().cloned());
            if let Some(rows) = &mut found.binary.corroboration {
                rows.push(Corroboration {
                    claim: "slices".to_owned(),
                    recorded: Some(named.join(", ")),
                    observed: Some(texts.join("; ")),
                    verdict: Verdict::Contradicted,
                    how: "the universal header was held against the slices that it names"
                        .to_owned(),
                });
            }
        }
    }

    /// One of several executables in a file. Who shares the memory with others may keep records in the share of a reader;
    /// who makes large records alone, in all of it, so that what is told does not depend on how many readers there are.
    fn part(
        &mut self,
        part: &Part<'_>,
        range: (u64, u64),
        slice: Option<String>,
        member: Option<String>,
        options: &Options<'_>,
    ) {
        if options
            .too_large
            .is_some_and(|over| over.load(Ordering::Relaxed))
        {
            return;
        }
        let window = Window::new(part, options.limits.executable).with_budget(options.budget);
        let label = slice.clone().or_else(|| member.clone());
        let before = self.found.len();
        match self.thin(&window, range, slice, member, options) {
            Ok(()) | Err(Miss::NotExecutable) => {}
            Err(miss) => {
                let text = format!("{}: {}", label.unwrap_or_default(), miss);
                if matches!(miss, Miss::Truncated(_)) {
                    self.damage.get_or_insert(text.clone());
                }
                self.faults.push(text);
            }
        }
        self.add(window.counts());
        let Some(last) = self.found.last().filter(|_| self.found.len() > before) else {
            return;
        };
        let weight = last.binary.weight();
        let most = match (options.budget, options.too_large) {
            (None, _) => options.limits.executable / 4,
            (Some(budget), Some(_)) => budget.share(),
            (Some(budget), None) => budget.total(),
        };
        if self.kept.saturating_add(weight) <= most {
            self.kept += weight;
            return;
        }
        self.found.pop();
        match options.too_large {
            Some(over) => over.store(true, Ordering::Relaxed),
            None => self.untold += 1,
        }
    }

    /// One executable. A packed one is read as the program that it unpacks to.
    fn thin(
        &mut self,
        window: &Window<'_>,
        range: (u64, u64),
        slice: Option<String>,
        member: Option<String>,
        options: &Options<'_>,
    ) -> Result<(), Miss> {
        let image = exe::open(window)?;
        self.faults.extend(image.faults.iter().map(fault_text));
        let mut program = read(&image, options);
        let cut = image.faults.iter().find(|fault| {
            cuts_headers(fault)
                || matches!(fault, Fault::Truncated(_) if program.is_some() || lacks_content(&image))
        });
        if let Some(cut) = cut {
            self.damage.get_or_insert_with(|| fault_text(cut));
        }
        self.end = Some(end_of(&image));
        if let Some(refusal) = window.refusal() {
            self.faults.push(refusal.to_string());
            self.refusal = Some(refusal);
        }
        if program.as_ref().is_none_or(|p| p.0.build_info.is_none())
            && let Some(packer) = packer(window, options.named)
        {
            match unpack(window, options) {
                Ok(Some(unpacked)) => program = Some((unpacked, None)),
                Ok(None) => {}
                Err(why) => {
                    self.packed = Some(format!(
                        "packed with {packer}, and cannot be unpacked: {why}"
                    ))
                }
            }
        }
        self.found.extend(program.map(|(binary, parts)| Found {
            slice,
            member,
            range,
            binary,
            parts,
        }));
        Ok(())
    }

    fn add(&mut self, counts: Counts) {
        self.counts.reads += counts.reads;
        self.counts.bytes += counts.bytes;
    }
}

/// Names the packer by the first bytes; for a named file by the last ones too, which is where packed libraries show it.
fn packer(window: &Window<'_>, named: bool) -> Option<Packer> {
    let head = window.get(0, window.len().min(packed::HEAD_WINDOW as u64))?;
    let tail = if named {
        let size = window.len().min(packed::TAIL_WINDOW as u64);
        window.get(window.len() - size, size).unwrap_or_default()
    } else {
        &[]
    };
    packed::detect(head, tail)
}

/// The record of the program inside a packed file; `None` when it is not Go.
fn unpack(window: &Window<'_>, options: &Options<'_>) -> Result<Option<Binary>, String> {
    let data = window.get(0, window.len()).ok_or("cannot be read")?;
    window.take_budget();
    let limit = options.limits.unpacked;
    let (reader, packer, notes): (Box<dyn ReadAt + '_>, _, Vec<&str>) = match options.level {
        Level::BuildInfo => {
            let (reader, packer) = packed::glance(data, limit).map_err(|e| e.to_string())?;
            (reader, packer, vec![])
        }
        Level::Full => {
            let unpacked = packed::unpack(data, limit).map_err(|e| e.to_string())?;
            let doubts = [
                (
                    !unpacked.verified,
                    "the packer's checksums could not be checked",
                ),
                (
                    !unpacked.complete,
                    "only the loaded parts of the program could be restored",
                ),
            ];
            let notes = doubts.iter().filter(|d| d.0).map(|d| d.1).collect();
            (Box::new(unpacked.image), unpacked.packer, notes)
        }
    };
    let inner = Window::new(&*reader, options.limits.executable);
    let image = exe::open(&inner).map_err(|miss| miss.to_string())?;
    // Unpacking is the effort; what comes out shows whether it is Go like any file.
    let options = Options {
        parts: false,
        ..*options
    };
    let binary = read(&image, &options).map(|(mut binary, _)| {
        binary.size = window.len();
        binary.executable.packed = Some(packer.name.to_owned());
        let lead = format!("read from the program that {packer} unpacks to");
        binary.notes.push(lead);
        binary.notes.extend(notes.into_iter().map(str::to_owned));
        binary
    });
    Ok(binary)
}

fn fault_text(fault: &Fault) -> String {
    match fault {
        Fault::Truncated(what) => format!("truncated: the {what} runs past the end of the file"),
        Fault::Malformed(what) => format!("malformed {what}"),
    }
}

/// Whether sections that have bytes of their own in the file lie outside of it. Separate debug files have none such: what they leave out is marked
/// so in their tables.
fn lacks_content(image: &Image<'_>) -> bool {
    let len = image.window().len();
    let is_outside = |offset: u64, size: u64| size > 0 && offset.saturating_add(size) > len;
    image.format != exe::Format::Elf
        || image.sections.is_empty()
        || image
            .sections
            .iter()
            .any(|s| is_outside(s.offset, s.file_size))
}

/// Behind the last byte of the file that a segment, a section or the table of sections takes.
fn end_of(image: &Image<'_>) -> u64 {
    let segments = image.segments.iter().map(|s| (s.offset, s.size));
    let sections = image.sections.iter().map(|s| (s.offset, s.file_size));
    let ends = segments
        .chain(sections)
        .map(|(offset, size)| offset.saturating_add(size));
    ends.chain([elf_table_end(image)]).max().unwrap_or(0)
}

/// Behind the table of sections of an ELF file (`e_shoff`, `e_shentsize` and `e_shnum` of its header).
fn elf_table_end(image: &Image<'_>) -> u64 {
    if image.format != exe::Format::Elf {
        return 0;
    }
    let (at, width, counts) = if image.bits == 64 {
        (0x28, 8, 0x3a)
    } else {
        (0x20, 4, 0x2e)
    };
    let number = |at: u64, width: u64| image.window().get(at, width).map_or(0, |b| image.number(b));
    let size = number(counts, 2).saturating_mul(number(counts + 2, 2));
    number(at, width).saturating_add(size)
}

/// Whether a fault hides parts of the file. A segment that is not all there does not: separate debug files are made that way.
fn cuts_headers(fault: &Fault) -> bool {
    match fault {
        Fault::Truncated(what) => !what.ends_with("segment") && !what.ends_with(" section"),
        Fault::Malformed(_) => false,
    }
}

/// Build-info texts longer than this, which no honest program has, become records one at a time.
const LONG_TEXT: usize = 256 << 10;

fn read(image: &Image<'_>, options: &Options<'_>) -> Option<(Binary, Option<Parts>)> {
    let tables = Tables::new(image, options.limits);
    let identity = identify::identify(&tables, options.named)?;
    let foreign = identity.foreign.as_ref();
    let raw = identity
        .version
        .map(|v| String::from_utf8_lossy(v).into_owned())
        .or_else(|| foreign.and_then(|f| f.version.clone()));
    let version = raw.as_deref().and_then(GoVersion::parse);
    if identity.modinfo.is_some_and(|text| text.len() > LONG_TEXT) {
        if let Some(too_large) = options.too_large {
            too_large.store(true, Ordering::Relaxed);
            return None;
        }
        image.window().take_budget();
    }
    let info = identity.modinfo.map(ModInfo::parse);
    let mut binary = record(&tables, &identity, info.as_ref(), raw, version.as_ref());
    if options.level == Level::Full {
        full::complete(
            &tables,
            &identity,
            info.as_ref(),
            version.as_ref(),
            options,
            &mut binary,
        );
    }
    let refusal = image.window().refusal();
    binary.notes.extend(refusal.map(|why| why.to_string()));
    let limit = options.limits.build_info;
    let parts = options
        .parts
        .then(|| parts::of(&tables, limit, identity.version));
    Some((binary, parts))
}

/// The record as far as the build info and the headers give it.
fn record(
    tables: &Tables<'_>,
    identity: &Identity<'_>,
    info: Option<&ModInfo<'_>>,
    raw: Option<String>,
    version: Option<&GoVersion>,
) -> Binary {
    let image = tables.image();
    let build_info = identity.source.is_some().then(|| {
        let version = raw.as_deref().unwrap_or_default();
        info.map_or_else(
            || ModInfo::default().to_record(version),
            |i| i.to_record(version),
        )
    });
    let is_damaged =
        info.is_some_and(|info| !(info.problems.is_empty() && info.unknown.is_empty()));
    let module_list = module_list::of_record(build_info.as_ref(), is_damaged, version);
    let foreign = identity.foreign.as_ref();
    let mut notes = identity.notes.clone();
    if raw.as_deref() == Some("unknown") {
        notes.push("the toolchain version was blanked, as obfuscators such as garble do: names of packages and functions may be made up too".to_owned());
    }
    if let Some(info) = info {
        let problems = info.problems.iter();
        notes.extend(problems.map(|p| format!("build info line {}: {}", p.line, p.message)));
        let unknown = info.unknown.iter().take(8);
        notes.extend(unknown.map(|l| {
            format!(
                "build info: line of unknown kind: {}",
                String::from_utf8_lossy(l)
            )
        }));
    }
    notes.extend(image.faults.iter().map(fault_text));
    let setting = |key: &str| {
        build_info
            .as_ref()
            .and_then(|b| b.setting(key))
            .filter(|v| !v.is_empty())
    };
    Binary {
        size: image.window().len(),
        executable: Executable {
            format: image.format.name().to_owned(),
            bits: image.bits,
            endian: if image.big_endian { "big" } else { "little" }.to_owned(),
            os: image.os.or(setting("GOOS")).map(str::to_owned),
            arch: image.arch.or(setting("GOARCH")).map(str::to_owned),
            kind: kind(image, setting("-buildmode")).to_owned(),
            build_id: identify::build_id(image),
            ..Executable::default()
        },
        go_version: version.and_then(release).map(str::to_owned),
        go_vendor: version
            .and_then(|v| v.vendor.clone())
            .or_else(|| foreign.and_then(|f| f.text.clone())),
        compiler: Some(
            foreign
                .map_or_else(
                    || setting("-compiler").unwrap_or(Compiler::Gc.name()),
                    |f| f.compiler.name(),
                )
                .to_owned(),
        ),
        main_package: build_info
            .as_ref()
            .map(|b| b.path.clone())
            .filter(|p| !p.is_empty()),
        build_info_source: identity.source,
        module_list: Some(module_list),
        experiments: experiment::recorded(version, setting("GOEXPERIMENT")),
        godebug: godebug::recorded(setting("DefaultGODEBUG")),
        go_version_raw: raw,
        build_info,
        notes,
        ..Binary::default()
    }
}

/// The release, or plain `devel` for a development build that names none.
fn release(version: &GoVersion) -> Option<&str> {
    version.release_text().or(version.devel.then_some("devel"))
}

/// The headers decide; the recorded build mode only names what they cannot tell apart.
fn kind(image: &Image<'_>, mode: Option<&str>) -> &'static str {
    match (image.kind, mode) {
        (Kind::Shared, Some("plugin")) => "plugin",
        // A static position-independent ELF program has no loader, as a library has none.
        (Kind::Shared, Some("pie" | "exe")) => "pie",
        (kind, _) => kind.name(),
    }
}
