//! Reads the records of the Go programs in one file.

use super::facts::Program;
use super::facts::notes::fault_text;
use super::facts::parts;
use super::identify::{identify, rules_out};
use super::options::{Level, Options};
use super::record;
use super::tables::Tables;
use gospect_bytes::{Part, ReadAt, ReadCounts, Window, WindowLimit};
use gospect_exe::packed::{self, Packer};
use gospect_exe::{self as exe, Fault, FileType, Image, OpenError, Parts, SliceFault, Universal};
use gospect_record::{Binary, Claim, Corroboration, Verdict};
use std::fmt::Display;

/// One Go program found in a file.
#[derive(Clone, Debug)]
pub struct FoundProgram {
    /// Architecture of the slice, for universal Mach-O files.
    pub slice: Option<String>,
    /// Name of the member, for archives.
    pub member: Option<String>,
    /// Offset and size of the executable in the file.
    pub range: (u64, u64),
    /// Its record, without `path` and `location`: the caller knows where the file is.
    pub binary: Binary,
    /// The parts of the executable, counted from its start; `None` when not asked for, or when the file is packed and its bytes
    /// are the packer's.
    pub parts: Option<Parts>,
}

/// The result for one file.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// The Go programs, in file order.
    pub found: Vec<FoundProgram>,
    /// Damage in a file that could still be opened, Go or not.
    pub faults: Vec<String>,
    /// Set when parts of the file are missing: then facts are missing too, and a program may have been overlooked.
    pub damage: Option<String>,
    /// Offset after the last byte that the headers of the executable account for; `None` when they do not say.
    pub end: Option<u64>,
    /// The packer, when the file could not be unpacked.
    pub packed: Option<String>,
    /// Set when a limit was reached: then facts are missing, and a program may have been overlooked.
    pub limit_reached: Option<WindowLimit>,
    /// Number of further programs whose records do not fit in memory.
    pub untold: u64,
    /// Set when the records are much larger than those of real programs and [`Options::refuse_large`] was set. `found` is then
    /// incomplete.
    pub too_large: bool,
    /// What was read.
    pub counts: ReadCounts,
    /// Bytes of memory that the records take.
    kept: u64,
}

/// Inspects one file: executable, universal file or archive.
///
/// # Errors
/// [`OpenError::NotExecutable`] for any other file; other errors when the headers are damaged.
pub fn inspect(reader: &dyn ReadAt, options: &Options<'_>) -> Result<Inspection, OpenError> {
    let window = Window::new(reader, options.limits.executable);
    let head = window.upto(0, 512).ok_or(OpenError::Unreadable)?;
    let shape = exe::sniff(head).ok_or(OpenError::NotExecutable)?;
    let mut inspection = Inspection::default();
    // The reader of a universal file or archive caches little, so that the executables in it can have the budget.
    let window = match shape {
        FileType::FatMachO | FileType::Archive => window.within_share(options.budget),
        _ => window.with_budget(options.budget),
    };
    let mut broken = None;
    match shape {
        FileType::FatMachO => {
            let universal = exe::universal(&window)?;
            let faults: Vec<String> = universal.faults.iter().map(SliceFault::to_string).collect();
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
            inspection.note_faults(&universal);
        }
        FileType::Archive => {
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
    // Damage of the whole file explains more than damage of its last part.
    inspection.damage = broken.or(inspection.damage.take());
    inspection.add(window.counts());
    let untold = inspection.untold;
    if let Some(first) = inspection.found.first_mut().filter(|_| untold > 0) {
        let note = format!(
            "{untold} more programs of the file are not reported: their records need more memory than there is"
        );
        first.binary.notes.push(note);
    }
    Ok(inspection)
}

impl Inspection {
    /// Adds the faults of a universal header to the notes of each of its programs.
    fn note_faults(&mut self, universal: &Universal) {
        if universal.faults.is_empty() {
            return;
        }
        let named: Vec<&str> = universal
            .named
            .iter()
            .map(|s| s.arch.unwrap_or("?"))
            .collect();
        let texts: Vec<String> = universal.faults.iter().map(SliceFault::to_string).collect();
        for found in &mut self.found {
            found.binary.notes.extend(texts.iter().cloned());
            if let Some(rows) = &mut found.binary.corroboration {
                rows.push(Corroboration {
                    claim: Claim::Slices.into(),
                    recorded: Some(named.join(", ")),
                    observed: Some(texts.join("; ")),
                    verdict: Verdict::Contradicted.into(),
                    how: "the universal header was held against the slices that it names"
                        .to_owned(),
                });
            }
        }
    }

    /// Reads one of several executables in a file. With [`Options::refuse_large`] the records of a file may take the share of
    /// one reader. Otherwise the caller reads no other such file at the same time, and they may take all of it.
    fn part(
        &mut self,
        part: &Part<'_>,
        range: (u64, u64),
        slice: Option<String>,
        member: Option<String>,
        options: &Options<'_>,
    ) {
        if self.too_large {
            return;
        }
        let window = Window::new(part, options.limits.executable).with_budget(options.budget);
        let label = slice.clone().or_else(|| member.clone());
        let before = self.found.len();
        match self.thin(&window, range, slice, member, options) {
            Ok(()) | Err(OpenError::NotExecutable) => {}
            Err(error) => {
                let text = format!("{}: {}", label.unwrap_or_default(), error);
                if matches!(error, OpenError::Truncated(_)) {
                    self.damage.get_or_insert(text.clone());
                }
                self.faults.push(text);
            }
        }
        self.add(window.counts());
        let Some(last) = self.found.last().filter(|_| self.found.len() > before) else {
            return;
        };
        let weight = last.binary.size_in_memory();
        let most = match options.budget {
            None => options.limits.executable / 4,
            Some(budget) if options.refuse_large => budget.share(),
            Some(budget) => budget.total(),
        };
        if self.kept.saturating_add(weight) <= most {
            self.kept += weight;
            return;
        }
        self.found.pop();
        self.too_large = options.refuse_large;
        self.untold += u64::from(!options.refuse_large);
    }

    /// Reads one executable. A packed one is read as the program that it unpacks to.
    fn thin(
        &mut self,
        window: &Window<'_>,
        range: (u64, u64),
        slice: Option<String>,
        member: Option<String>,
        options: &Options<'_>,
    ) -> Result<(), OpenError> {
        let image = exe::open(window)?;
        self.faults.extend(image.faults.iter().map(fault_text));
        let mut program = match read(&image, options) {
            Ok(program) => program,
            Err(TooLarge) => {
                self.too_large = true;
                return Ok(());
            }
        };
        let cut = image.faults.iter().find(|fault| {
            cuts_headers(fault)
                || matches!(fault, Fault::Truncated(_) if program.is_some() || lacks_content(&image))
        });
        if let Some(cut) = cut {
            self.damage.get_or_insert_with(|| fault_text(cut));
        }
        self.end = Some(end_of(&image));
        if let Some(limit_reached) = window.limit_reached() {
            self.faults.push(limit_reached.to_string());
            self.limit_reached = Some(limit_reached);
        }
        if program.as_ref().is_none_or(|p| p.0.build_info.is_none())
            && let Some(packer) = packer(window, options.named)
        {
            match unpack(window, options) {
                Ok(Some(unpacked)) => program = Some((unpacked, None)),
                Ok(None) => {}
                Err(NotUnpacked::TooLarge(TooLarge)) => self.too_large = true,
                Err(NotUnpacked::Broken(why)) => {
                    self.packed = Some(format!(
                        "packed with {packer}, and cannot be unpacked: {why}"
                    ))
                }
            }
        }
        self.found
            .extend(program.map(|(binary, parts)| FoundProgram {
                slice,
                member,
                range,
                binary,
                parts,
            }));
        Ok(())
    }

    fn add(&mut self, counts: ReadCounts) {
        self.counts.reads += counts.reads;
        self.counts.bytes += counts.bytes;
    }
}

/// The packer by the first bytes; for a named file also by the last bytes, where packed libraries name it.
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

/// A record is much larger than those of real programs, and the caller asked to refuse such records.
struct TooLarge;

/// Why a packed program gave no record.
enum NotUnpacked {
    TooLarge(TooLarge),
    Broken(String),
}

/// The record of the program in a packed file; `None` when it is not Go.
fn unpack(window: &Window<'_>, options: &Options<'_>) -> Result<Option<Binary>, NotUnpacked> {
    let broken = |error: &dyn Display| NotUnpacked::Broken(error.to_string());
    let data = window
        .get(0, window.len())
        .ok_or_else(|| broken(&OpenError::Unreadable))?;
    window.take_budget();
    let limit = options.limits.unpacked;
    if is_surely_other(data, options) {
        return Ok(None);
    }
    let (reader, packer, notes): (Box<dyn ReadAt + '_>, _, Vec<&str>) = match options.level {
        Level::BuildInfo => {
            let (reader, packer) = packed::glance(data, limit).map_err(|e| broken(&e))?;
            (reader, packer, vec![])
        }
        Level::Full => {
            let unpacked = packed::unpack(data, limit).map_err(|e| broken(&e))?;
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
    let image = exe::open(&inner).map_err(|error| broken(&error))?;
    // The unpacked program is read like any file, without the extra effort for named ones.
    let options = Options {
        parts: false,
        ..*options
    };
    let program = read(&image, &options).map_err(NotUnpacked::TooLarge)?;
    Ok(program.map(|(mut binary, _)| {
        binary.size = window.len();
        binary.executable.packed = Some(packer.name.to_owned());
        let lead = format!("read from the program that {packer} unpacks to");
        binary.notes.push(lead);
        binary.notes.extend(notes.into_iter().map(str::to_owned));
        binary
    }))
}

/// Whether the first blocks of a packed file tell that the program in it is not Go: a packed program of another language costs next to
/// nothing.
fn is_surely_other(data: &[u8], options: &Options<'_>) -> bool {
    let Some(reader) = packed::outline(data, options.limits.unpacked, options.level == Level::Full)
    else {
        return false;
    };
    let window = Window::new(&*reader, options.limits.executable);
    exe::open(&window).is_ok_and(|image| rules_out(&image))
}

/// Whether sections with bytes in the file lie outside of it. A separate debug file has none of those: its tables mark the
/// sections that it leaves out.
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

/// The offset after the last byte of any segment, section or section table.
fn end_of(image: &Image<'_>) -> u64 {
    let segments = image.segments.iter().map(|s| (s.offset, s.size));
    let sections = image.sections.iter().map(|s| (s.offset, s.file_size));
    let ends = segments
        .chain(sections)
        .map(|(offset, size)| offset.saturating_add(size));
    ends.chain([elf_table_end(image)]).max().unwrap_or(0)
}

/// The offset after the section table of an ELF file (`e_shoff`, `e_shentsize` and `e_shnum` of its header).
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

/// Whether a fault hides parts of the file. An incomplete segment does not: separate debug files are made that way.
fn cuts_headers(fault: &Fault) -> bool {
    match fault {
        Fault::Truncated(what) => !what.ends_with("segment") && !what.ends_with(" section"),
        Fault::Malformed(_) => false,
    }
}

/// Longer build-info text than any real program has; such records are made one at a time.
const LONG_TEXT: usize = 256 << 10;

/// The record of one executable, and its parts; `Ok(None)`: it is not Go.
fn read(
    image: &Image<'_>,
    options: &Options<'_>,
) -> Result<Option<(Binary, Option<Parts>)>, TooLarge> {
    let tables = Tables::new(image, options.limits);
    let Some(identity) = identify(&tables, options.named) else {
        return Ok(None);
    };
    if identity.modinfo.is_some_and(|text| text.len() > LONG_TEXT) {
        if options.refuse_large {
            return Err(TooLarge);
        }
        image.window().take_budget();
    }
    let program = Program::new(tables, identity, options);
    let parts = options
        .parts
        .then(|| parts::of(&program.tables, program.identity.version));
    let mut binary = match options.level {
        Level::BuildInfo => record::recorded(program),
        Level::Full => record::full(program),
    };
    let limit_reached = image.window().limit_reached();
    binary
        .notes
        .extend(limit_reached.map(|why| why.to_string()));
    Ok(Some((binary, parts)))
}
