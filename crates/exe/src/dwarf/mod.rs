//! DWARF, as far as it names directories and compilers: the file tables of `.debug_line` and the first entry of each unit of
//! `.debug_info` (DWARF 2 to 5, <https://dwarfstd.org>).
//!
//! `gimli` parses them. It wants whole sections in memory, but these are often compressed and large. So each section is
//! expanded from front to back through a small buffer, and `gimli` gets one unit at a time, cut off after the part that is
//! needed. Types, functions and line programs are skipped.

mod stream;

use super::image::Image;
use super::layout::Section;
use gimli::{
    Abbreviations, AttributeValue, DebugAbbrev, DebugAbbrevOffset, DebugInfo, DebugLine,
    DebugLineOffset, EndianSlice, Reader, RunTimeEndian, UnitType, constants,
};
use std::cell::OnceCell;
use std::ops::ControlFlow;
use stream::Stream;

/// Most bytes to read of one section, after expansion. The largest programs known (over 100 MB) have 40 MB of line programs.
const SECTION_LIMIT: u64 = 96 << 20;
/// Most bytes to read of one string section or of the abbreviations, after expansion.
const STRINGS_LIMIT: u64 = 16 << 20;
/// Largest file table to read. The largest packages have some thousand files, and `gimli` takes up to a hundred times the bytes
/// of an entry.
const TABLE_LIMIT: u64 = 512 << 10;
/// The first entry of a unit must end within this many bytes.
const ENTRY_LIMIT: u64 = 16 << 10;
/// Largest table of abbreviations (those of large C files have some thousand bytes), and the most to parse of all tables.
const ABBREVIATIONS_LIMIT: usize = 64 << 10;
const ALL_ABBREVIATIONS_LIMIT: usize = 256 << 20;
/// Longest name; a longer one has lost its end mark.
const NAME_LIMIT: usize = 4096;

/// `line_base`, `line_range` and `opcode_base` of line programs by Go's linker (`LINE_BASE`, `LINE_RANGE`, `OPCODE_BASE` in
/// src/cmd/link/internal/ld/dwarf.go, Go 1.20 to 1.27). GCC, Clang and GNU as write -5 or -3, 14 or 12, and 10 or 13.
const OF_GO: (i8, u8, u8) = (-4, 10, 11);

type Bytes<'d> = EndianSlice<'d, RunTimeEndian>;

/// A section, by its name in each format.
struct SectionNames {
    /// Name in ELF and PE; `.z` in place of `.` marks a compressed section.
    dotted: &'static str,
    /// Names in Mach-O: in full, and cut to the 16 bytes of the format.
    macho: [&'static str; 2],
    /// Name in XCOFF.
    xcoff: &'static str,
}

const LINE: SectionNames = SectionNames {
    dotted: "debug_line",
    macho: ["__debug_line", "__zdebug_line"],
    xcoff: ".dwline",
};
const LINE_STR: SectionNames = SectionNames {
    dotted: "debug_line_str",
    macho: ["__debug_line_str", "__zdebug_line_st"],
    xcoff: "",
};
const STR: SectionNames = SectionNames {
    dotted: "debug_str",
    macho: ["__debug_str", "__zdebug_str"],
    xcoff: ".dwstr",
};
const INFO: SectionNames = SectionNames {
    dotted: "debug_info",
    macho: ["__debug_info", "__zdebug_info"],
    xcoff: ".dwinfo",
};
const ABBREV: SectionNames = SectionNames {
    dotted: "debug_abbrev",
    macho: ["__debug_abbrev", "__zdebug_abbrev"],
    xcoff: ".dwabrev",
};

impl SectionNames {
    fn find<'i>(&self, image: &'i Image<'_>) -> Option<&'i Section<'i>> {
        image.sections.iter().find(|s| {
            let name: &[u8] = &s.name;
            let rest = name.strip_prefix(b".z").or(name.strip_prefix(b"."));
            s.file_size > 0
                && (rest == Some(self.dotted.as_bytes())
                    || self.macho.iter().any(|m| m.as_bytes() == name)
                    || (!self.xcoff.is_empty() && self.xcoff.as_bytes() == name))
        })
    }

    fn open<'i>(&self, image: &'i Image<'_>, limit: u64) -> Option<Stream<'i>> {
        Stream::open(image, self.find(image)?, limit)
    }

    /// The section up to the limit.
    fn read(&self, image: &Image<'_>) -> Vec<u8> {
        self.open(image, STRINGS_LIMIT)
            .map(Stream::rest)
            .unwrap_or_default()
    }
}

/// Whether the file has a section for debug information.
pub fn is_there(image: &Image<'_>) -> bool {
    INFO.find(image).is_some()
}

/// Whether a C compiler or another linker than Go's wrote some of the units: Go's linker writes texts in place, C compilers in
/// a section of their own.
pub fn has_foreign_units(image: &Image<'_>) -> bool {
    is_there(image) && STR.find(image).is_some()
}

/// The source files of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileTable<'d> {
    /// Directories as recorded. The first is the directory of the compilation: empty up to DWARF 4, which records it elsewhere.
    pub directories: Vec<&'d [u8]>,
    /// File names, each with the index of its directory.
    pub files: Vec<(&'d [u8], usize)>,
    /// Whether this is DWARF 4 or older.
    pub is_old: bool,
    /// Whether the table has the parameters that only Go's linker chooses: no C compiler or assembler wrote it.
    pub is_of_go: bool,
}

/// What the first entry of a unit says (DWARF 5, section 3.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unit<'d> {
    /// `DW_AT_language`; 22 is Go.
    pub language: u64,
    /// `DW_AT_producer`: the compiler and its version.
    pub producer: &'d [u8],
    /// `DW_AT_comp_dir`: the directory of the compilation.
    pub directory: &'d [u8],
    /// Whether this is DWARF 4 or older.
    pub is_old: bool,
}

impl Unit<'_> {
    /// Whether the unit was compiled from Go.
    pub fn is_go(&self) -> bool {
        self.language == u64::from(constants::DW_LANG_Go.0)
    }
}

/// Visits the file table of every unit of the line programs (DWARF 5, section 6.2.4), in file order, until the callback breaks.
pub fn file_tables<B>(
    image: &Image<'_>,
    visit: &mut dyn FnMut(&FileTable<'_>) -> ControlFlow<B>,
) -> Option<B> {
    let mut stream = LINE.open(image, SECTION_LIMIT)?;
    let strings = StringSections::new(image);
    let mut buf = Vec::new();
    loop {
        let unit = stream.unit(&mut buf, &file_table_end)?;
        // A table that gimli cannot read is skipped.
        let Ok(program) = DebugLine::from(unit).program(DebugLineOffset(0), 8, None, None) else {
            continue;
        };
        let header = program.header();
        let is_old = header.version() < 5;
        let mut table = FileTable {
            // Up to DWARF 4 the recorded directories count from 1.
            directories: Vec::from_iter(is_old.then_some(&b""[..])),
            files: Vec::with_capacity(header.file_names().len()),
            is_old,
            is_of_go: (
                header.line_base(),
                header.line_range(),
                header.opcode_base(),
            ) == OF_GO,
        };
        let directories = header.include_directories().iter();
        table
            .directories
            .extend(directories.map(|d| strings.text(*d)));
        let files = header.file_names().iter().map(|file| {
            let directory = usize::try_from(file.directory_index()).unwrap_or(usize::MAX);
            (strings.text(file.path_name()), directory)
        });
        table.files.extend(files);
        if let ControlFlow::Break(found) = visit(&table) {
            return Some(found);
        }
    }
}

/// Where the file table of a unit ends, from the start of the unit.
fn file_table_end(unit: Bytes<'_>) -> gimli::Result<u64> {
    let mut rest = unit;
    let (_, format) = rest.read_initial_length()?;
    if rest.read_u16()? == 5 {
        rest.skip(2)?;
    }
    let header = rest.read_length(format)? as u64;
    Ok(header.min(TABLE_LIMIT) + (unit.len() - rest.len()) as u64)
}

/// Visits the first entry of every unit, in file order, until the callback breaks. `limit` bounds the expanded bytes to read.
pub fn units<B>(
    image: &Image<'_>,
    limit: u64,
    visit: &mut dyn FnMut(&Unit<'_>) -> ControlFlow<B>,
) -> Option<B> {
    let mut stream = INFO.open(image, limit.min(SECTION_LIMIT))?;
    let section = ABBREV.read(image);
    let mut abbreviations = AbbreviationTables::new(EndianSlice::new(&section, endian(image)));
    let strings = StringSections::new(image);
    let mut buf = Vec::new();
    loop {
        let unit = stream.unit(&mut buf, &|_| Ok(ENTRY_LIMIT))?;
        if let Some(unit) = first_entry(unit, &mut abbreviations, &strings)
            && let ControlFlow::Break(found) = visit(&unit)
        {
            return Some(found);
        }
    }
}

fn first_entry<'d>(
    unit: Bytes<'d>,
    abbreviations: &mut AbbreviationTables<'_>,
    strings: &'d StringSections<'_>,
) -> Option<Unit<'d>> {
    let header = DebugInfo::from(unit).units().next().ok()??;
    if matches!(
        header.type_(),
        UnitType::Type { .. } | UnitType::SplitType { .. }
    ) {
        return None;
    }
    let abbreviations = abbreviations.at(header.debug_abbrev_offset())?;
    let mut entry = header.entries_raw(abbreviations, None).ok()?;
    let abbreviation = entry.read_abbreviation().ok()??;
    let mut unit = Unit {
        is_old: header.version() < 5,
        ..Unit::default()
    };
    for attribute in abbreviation.attributes() {
        // What was read before an unknown form of a later standard still counts.
        let Ok(attribute) = entry.read_attribute(*attribute) else {
            break;
        };
        match (attribute.name(), attribute.value()) {
            (constants::DW_AT_language, AttributeValue::Language(language)) => {
                unit.language = language.0.into();
            }
            (constants::DW_AT_producer, text) => unit.producer = strings.text(text),
            (constants::DW_AT_comp_dir, text) => unit.directory = strings.text(text),
            _ => {}
        }
    }
    Some(unit)
}

/// `.debug_abbrev`: which attributes an entry has. The last table is cached, because all units of Go's linker share one.
struct AbbreviationTables<'d> {
    section: Bytes<'d>,
    last: Option<(usize, Abbreviations)>,
    /// Bytes that may still be parsed. Otherwise a hostile file could make every unit ask for another long table.
    left: usize,
}

impl<'d> AbbreviationTables<'d> {
    fn new(section: Bytes<'d>) -> Self {
        Self {
            section,
            last: None,
            left: ALL_ABBREVIATIONS_LIMIT,
        }
    }

    fn at(&mut self, offset: DebugAbbrevOffset) -> Option<&Abbreviations> {
        let at = offset.0;
        if self.last.as_ref().is_none_or(|last| last.0 != at) {
            let rest = self.section.slice().get(at..)?;
            let rest = rest.get(..rest.len().min(ABBREVIATIONS_LIMIT))?;
            let table = EndianSlice::new(rest, self.section.endian());
            self.left = self.left.checked_sub(rest.len())?;
            let table = DebugAbbrev::from(table).abbreviations(DebugAbbrevOffset(0));
            self.last = Some((at, table.ok()?));
        }
        self.last.as_ref().map(|last| &last.1)
    }
}

fn endian(image: &Image<'_>) -> RunTimeEndian {
    match image.big_endian {
        true => RunTimeEndian::Big,
        false => RunTimeEndian::Little,
    }
}

/// The string sections, each read when the first name points into it.
struct StringSections<'i> {
    image: &'i Image<'i>,
    str: OnceCell<Vec<u8>>,
    line_str: OnceCell<Vec<u8>>,
}

impl<'i> StringSections<'i> {
    fn new(image: &'i Image<'i>) -> Self {
        Self {
            image,
            str: OnceCell::new(),
            line_str: OnceCell::new(),
        }
    }

    /// The text that a value holds or points at; empty for a value that is not a text.
    fn text<'s>(&'s self, value: AttributeValue<Bytes<'s>>) -> &'s [u8] {
        let (section, at) = match value {
            AttributeValue::String(text) => return text.slice(),
            AttributeValue::DebugStrRef(at) => {
                (self.str.get_or_init(|| STR.read(self.image)), at.0)
            }
            AttributeValue::DebugLineStrRef(at) => (
                self.line_str.get_or_init(|| LINE_STR.read(self.image)),
                at.0,
            ),
            _ => return b"",
        };
        let text = section.get(at..).unwrap_or_default();
        let text = text.get(..text.len().min(NAME_LIMIT)).unwrap_or_default();
        text.get(..memchr::memchr(0, text).unwrap_or(0))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Format;
    use gospect_bytes::Window;
    use std::borrow::Cow;

    /// A unit of DWARF 4 with one directory and two files; `wide` means 64-bit lengths.
    fn unit(wide: bool) -> Vec<u8> {
        unit_with(wide, (-5, 14, 2))
    }

    /// The same with these values of `line_base`, `line_range` and `opcode_base`.
    fn unit_with(wide: bool, (base, range, opcodes): (i8, u8, u8)) -> Vec<u8> {
        let number = |n: usize| match wide {
            true => (n as u64).to_le_bytes().to_vec(),
            false => (n as u32).to_le_bytes().to_vec(),
        };
        let table: Vec<u8> = [
            &[1, 1, 1, base.to_le_bytes()[0], range, opcodes][..],
            &vec![0; usize::from(opcodes) - 1],
            b"/src\0\0a.go\0\x01\0\0/b.h\0\0\0\0\0",
        ]
        .concat();
        let program = [7; 40];
        let body = [
            &4u16.to_le_bytes()[..],
            &number(table.len()),
            &table,
            &program,
        ]
        .concat();
        let escape: &[u8] = if wide { &[0xff; 4] } else { &[] };
        [escape, &number(body.len()), &body].concat()
    }

    fn image<'w>(window: &'w Window<'_>, size: usize) -> Image<'w> {
        let mut image = Image::new(window, Format::Elf, 64, false);
        image.sections.push(Section {
            name: Cow::Borrowed(b".debug_line"),
            address: 0,
            size: size as u64,
            offset: 0,
            file_size: size as u64,
        });
        image
    }

    fn tables(section: &[u8]) -> Vec<String> {
        let window = Window::new(&section, 1 << 20);
        let image = image(&window, section.len());
        let mut all = Vec::new();
        file_tables::<()>(&image, &mut |table| {
            all.push(format!(
                "{:?}",
                table
                    .files
                    .iter()
                    .map(|(name, directory)| {
                        let directory = table.directories[*directory].escape_ascii();
                        format!("{directory}:{}", name.escape_ascii())
                    })
                    .collect::<Vec<_>>()
            ));
            ControlFlow::Continue(())
        });
        all
    }

    #[test]
    fn tables_of_go_are_recognised_by_their_parameters() {
        for (parameters, want) in [
            ((-4, 10, 11), true),
            ((-5, 14, 13), false),
            ((-3, 12, 10), false),
            ((-4, 14, 11), false),
        ] {
            let section = unit_with(false, parameters);
            let window = Window::new(&section, 1 << 20);
            let image = image(&window, section.len());
            let found = file_tables(&image, &mut |table| ControlFlow::Break(table.is_of_go));
            assert_eq!(found, Some(want), "{parameters:?}");
        }
    }

    const WANT: &str = r#"["/src:a.go", ":/b.h"]"#;

    #[test]
    fn every_unit_is_read_whatever_the_width_of_its_lengths() {
        let section = [unit(false), unit(true), unit(false)].concat();
        assert_eq!(tables(&section), [WANT; 3]);
    }

    #[test]
    fn a_unit_that_is_damaged_or_of_another_version_is_passed_over() {
        let mut other = unit(false);
        other[4] = 9;
        let mut cut = unit(false);
        // The header now says that it ends inside the second name.
        cut[6] -= 4;
        let section = [other, cut, unit(true)].concat();
        assert_eq!(tables(&section), [WANT]);
    }

    #[test]
    fn a_section_that_ends_inside_a_unit_gives_the_units_before() {
        let section = [unit(false), unit(true)].concat();
        for len in unit(false).len()..section.len() {
            assert_eq!(tables(&section[..len])[0], WANT, "{len}");
        }
        for len in 0..unit(false).len() {
            assert!(tables(&section[..len]).len() <= 1, "{len}");
        }
    }
}
