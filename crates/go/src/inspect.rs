//! Reads the records of the Go programs in one file.

mod extent;
mod unpack;

use super::facts::notes::fault_text;
use super::facts::{Program, digest, parts};
use super::identify::identify;
use super::options::{Digests, Level, Options};
use super::record;
use super::tables::Tables;
use extent::{cuts_headers, end_of, lacks_content};
use gospect_bytes::{Part, ReadAt, ReadCounts, Window, WindowLimit};
use gospect_exe::{self as exe, Fault, FileType, Image, OpenError, Parts, SliceFault, Universal};
use gospect_record::{Binary, Claim, Corroboration, FoundProgram, ProgramPlace, Verdict};
use unpack::{packer, unpack};

/// The result for one file.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// The Go programs, in file order. Their places are empty: the caller knows where the file is.
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
    pub left_out: u64,
    /// What was read.
    pub counts: ReadCounts,
    /// Bytes of memory that the records of slices and members take.
    kept: u64,
    /// Offset and size of each program in `found`.
    ranges: Vec<(u64, u64)>,
}

/// An executable in a file.
struct Executable<'r> {
    /// The whole file.
    file: &'r dyn ReadAt,
    /// Offset and size in the file.
    range: (u64, u64),
    slice: Option<String>,
    member: Option<String>,
}

/// How large a record may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RecordSize {
    /// As that of a real program. Many such records are made at once.
    Usual,
    /// Any size. Such records are made one at a time.
    Any,
}

/// Why an executable gave no record.
enum NotRead {
    /// It cannot be opened.
    Open(OpenError),
    /// Its record is larger than [`RecordSize::Usual`].
    TooLarge,
}

impl From<OpenError> for NotRead {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
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
    let mut window = match shape {
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
            let slices = universal.slices.iter().map(|slice| Executable {
                file: reader,
                range: (slice.offset, slice.size),
                slice: Some(slice.arch.map_or_else(
                    || format!("cpu{}-{}", slice.cpu.0, slice.cpu.1),
                    str::to_owned,
                )),
                member: None,
            });
            inspection.executables(&slices.collect::<Vec<_>>(), options);
            inspection.note_faults(&universal);
        }
        FileType::Archive => {
            let (members, wrong) = exe::members(&window)?;
            if let Some(wrong) = wrong {
                inspection.faults.push(wrong.to_string());
                broken = Some(wrong.to_string());
            }
            let members = members.into_iter().map(|member| Executable {
                file: reader,
                range: (member.offset, member.size),
                slice: None,
                member: Some(member.name),
            });
            inspection.executables(&members.collect::<Vec<_>>(), options);
        }
        _ => {
            let whole = Executable {
                file: reader,
                range: (0, reader.len()),
                slice: None,
                member: None,
            };
            let mut read = inspection.executable(&window, &whole, RecordSize::Usual, options);
            if let Err(NotRead::TooLarge) = read {
                read = read_large(&mut window, options, |window| {
                    inspection.executable(window, &whole, RecordSize::Any, options)
                });
            }
            if let Err(NotRead::Open(error)) = read {
                return Err(error);
            }
        }
    }
    // Damage of the whole file explains more than damage of its last part.
    inspection.damage = broken.or(inspection.damage.take());
    inspection.add(window.counts());
    inspection.digest_around(reader, options);
    let left_out = inspection.left_out;
    if let Some(first) = inspection.found.first_mut().filter(|_| left_out > 0) {
        let note = format!(
            "{left_out} more programs of the file are not reported: their records need more memory than there is"
        );
        first.record.notes.push(note);
    }
    Ok(inspection)
}

/// Reads an executable whose record is very large, with the bytes that its window has already. The window takes the whole budget,
/// so that no other such record is made at the same time.
fn read_large<T: Send>(
    window: &mut Window<'_>,
    options: &Options<'_>,
    read: impl FnOnce(&Window<'_>) -> Result<T, NotRead> + Send,
) -> Result<T, NotRead> {
    let mut read = Some(read);
    let mut result = Err(NotRead::Open(OpenError::Unreadable));
    let mut work = || {
        // Only an exclusive reference of a window may go to another thread.
        let window: &Window<'_> = &mut *window;
        window.take_budget();
        if let Some(read) = read.take() {
            result = read(window);
        }
    };
    match options.run_large {
        Some(run) => run(&mut work),
        None => work(),
    }
    result
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
            found.record.notes.extend(texts.iter().cloned());
            if let Some(rows) = &mut found.record.corroboration {
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

    /// Reads several executables of a file. Their records may take the share of one reader. From the first on that needs more, no
    /// other such file is read at the same time, and they may take the whole budget.
    fn executables(&mut self, all: &[Executable<'_>], options: &Options<'_>) {
        let without_budget = options.limits.executable / 4;
        let (share, total) = options
            .budget
            .map_or((without_budget, without_budget), |budget| {
                (budget.share(), budget.total())
            });
        let mut rest = all.iter();
        while let Some(executable) = rest.next() {
            let part = executable.part();
            let mut window =
                Window::new(&part, options.limits.executable).with_budget(options.budget);
            let is_read = self.part(&window, executable, RecordSize::Usual, options);
            if is_read && self.kept <= share {
                self.add(window.counts());
                continue;
            }
            let large = read_large(&mut window, options, |window| {
                if !is_read {
                    self.part(window, executable, RecordSize::Any, options);
                }
                self.add(window.counts());
                self.leave_out_beyond(total);
                let mut grant = window.release_budget();
                for executable in rest {
                    let part = executable.part();
                    let window = Window::new(&part, options.limits.executable)
                        .with_budget(options.budget)
                        .with_grant(grant);
                    self.part(&window, executable, RecordSize::Any, options);
                    self.add(window.counts());
                    self.leave_out_beyond(total);
                    grant = window.release_budget();
                }
                Ok(())
            });
            if large.is_err() {
                self.faults.push(OpenError::Unreadable.to_string());
            }
            return;
        }
    }

    /// Reads one of several executables; `false`: its record is too large.
    fn part(
        &mut self,
        window: &Window<'_>,
        executable: &Executable<'_>,
        size: RecordSize,
        options: &Options<'_>,
    ) -> bool {
        let before = self.found.len();
        match self.executable(window, executable, size, options) {
            Ok(()) | Err(NotRead::Open(OpenError::NotExecutable)) => {}
            Err(NotRead::TooLarge) => return false,
            Err(NotRead::Open(error)) => {
                let name = executable.slice.as_ref().or(executable.member.as_ref());
                let text = format!("{}: {error}", name.map_or("", String::as_str));
                if matches!(error, OpenError::Truncated(_)) {
                    self.damage.get_or_insert(text.clone());
                }
                self.faults.push(text);
            }
        }
        let added = self.found.iter().skip(before);
        let added: u64 = added.map(|found| found.record.size_in_memory()).sum();
        self.kept = self.kept.saturating_add(added);
        true
    }

    /// Leaves out the last record if all of them take more than `most` bytes.
    fn leave_out_beyond(&mut self, most: u64) {
        if self.kept > most
            && let Some(last) = self.found.pop()
        {
            self.ranges.pop();
            self.kept -= last.record.size_in_memory();
            self.left_out += 1;
        }
    }

    /// Reads one executable. A packed one is read as the program that it unpacks to.
    fn executable(
        &mut self,
        window: &Window<'_>,
        executable: &Executable<'_>,
        size: RecordSize,
        options: &Options<'_>,
    ) -> Result<(), NotRead> {
        let image = exe::open(window)?;
        let mut program = read(&image, size, options)?;
        self.faults.extend(image.faults.iter().map(fault_text));
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
                Err(why) => {
                    self.packed = Some(format!(
                        "packed with {packer}, and cannot be unpacked: {why}"
                    ))
                }
            }
        }
        if let Some((mut record, parts)) = program {
            if options.digests != Digests::None
                && let Ok((whole, parts)) =
                    digest::of(executable.file, executable.range, parts.as_ref())
            {
                record.sha256 = Some(whole);
                record.parts = (options.digests == Digests::Parts).then_some(parts);
            }
            self.ranges.push(executable.range);
            self.found.push(FoundProgram {
                place: ProgramPlace::default(),
                slice: executable.slice.clone(),
                member: executable.member.clone(),
                record: Box::new(record),
            });
        }
        Ok(())
    }

    /// Adds the digest of the bytes around the programs of a universal file or archive to the first program.
    fn digest_around(&mut self, file: &dyn ReadAt, options: &Options<'_>) {
        if options.digests != Digests::Parts {
            return;
        }
        if let Some(first) = self.found.first_mut()
            && let Some(around) = digest::around(file, self.ranges.iter().copied())
        {
            first.record.parts.get_or_insert_default().push(around);
        }
    }

    fn add(&mut self, counts: ReadCounts) {
        self.counts.reads += counts.reads;
        self.counts.bytes += counts.bytes;
    }
}

impl<'r> Executable<'r> {
    /// Its bytes in the file.
    fn part(&self) -> Part<'r> {
        Part::new(self.file, self.range.0, self.range.1)
    }
}

/// A longer build-info text than any real program has. Its record takes many times as much memory.
const LONG_TEXT: usize = 256 << 10;

/// The record of one executable, and its parts if their digests are wanted; `Ok(None)`: it is not Go.
fn read(
    image: &Image<'_>,
    size: RecordSize,
    options: &Options<'_>,
) -> Result<Option<(Binary, Option<Parts>)>, NotRead> {
    let tables = Tables::new(image, options.limits);
    let Some(identity) = identify(&tables, options.named) else {
        return Ok(None);
    };
    let is_large = identity.modinfo.is_some_and(|text| text.len() > LONG_TEXT);
    if is_large && size == RecordSize::Usual {
        return Err(NotRead::TooLarge);
    }
    let mut program = Program::new(tables, identity, options);
    let parts = (options.digests == Digests::Parts)
        .then(|| parts::of(&program.tables, program.identity.version));
    let mut binary = match options.level {
        Level::BuildInfo => record::recorded(&mut program),
        Level::Full => record::full(program),
    };
    let limit_reached = image.window().limit_reached();
    binary
        .notes
        .extend(limit_reached.map(|why| why.to_string()));
    Ok(Some((binary, parts)))
}
