//! Executable formats, and Go's tables inside them.

use gospect_bytes::{Limits, ReadAt, Window};
use gospect_exe::dwarf as debug_info;
use gospect_exe::packed as packer;
use gospect_exe::{self as exe, FileType, Image, linkage};
use gospect_go::facts::packages;
use gospect_go::tables::Tables;
use gospect_go::tables::gosymtab::Gosymtab;
use gospect_go::tables::inlining;
use gospect_go::tables::names::NameRuns;
use gospect_go::tables::pclntab::Pclntab;
use gospect_go::{self as go, Level, Options};
use gospect_record::Functions;
use std::cell::Cell;
use std::io;
use std::ops::ControlFlow;

/// Bytes that are read piece by piece, as a file is, and never handed out whole.
struct File<'d>(&'d [u8]);

impl ReadAt for File<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }
}

/// Opens the bytes when they are of that shape, once from memory and once as a file, and asks for everything there is.
fn open(data: &[u8], shape: FileType, look: &dyn Fn(&Image<'_>)) {
    if exe::sniff(data) != Some(shape) {
        return;
    }
    let (memory, file) = (Window::new(&data, 1 << 30), File(data));
    let file = Window::new(&file, 1 << 30);
    let (a, b) = (exe::open(&memory), exe::open(&file));
    assert_eq!(
        a.as_ref().err(),
        b.as_ref().err(),
        "memory and file disagree"
    );
    if let (Ok(a), Ok(b)) = (a, b) {
        assert_eq!((&a.segments, &a.sections), (&b.segments, &b.sections));
        look(&a);
        touch(&b);
    }
}

fn touch(image: &Image<'_>) {
    for segment in image.segments.iter().take(64) {
        if let Some(bytes) = image.bytes_upto(segment.address, segment.size.min(4096)) {
            assert!(bytes.len() as u64 <= segment.size);
        }
        let _ = image.word(segment.end().wrapping_sub(4));
        let _ = image.pointer(segment.address);
        let _ = go::written::go_string::go_string(image, segment.address, 4096);
    }
    for section in image.sections.iter().take(64) {
        let _ = image.bytes(section.address, section.size);
        let _ = image.section(&section.name);
    }
    let _ = image.first_writable_section();
    let mut symbols = 0;
    image.symbols::<()>(&mut |symbol| {
        symbols += symbol.name.len();
        ControlFlow::Continue(())
    });
    let _ = (
        image.has_symbol(b"runtime.text"),
        image.symbol_address(b"main"),
    );
    let _ = image.fixups();
    let _ = linkage::describe(image);
    let _ = go::written::compiler::foreign(image);
    let _ = go::facts::fips::checksum(image);
}

/// Reads ELF, and compares its view with goblin's: what both know must be the same.
pub fn elf(data: &[u8]) {
    open(data, FileType::Elf, &|image| {
        touch(image);
        let Ok(other) = goblin::elf::Elf::parse(data) else {
            return;
        };
        // Equal numbers in both headers: the reader must have taken the fields from the same places.
        for section in &image.sections {
            assert!(
                other.section_headers.iter().any(|s| {
                    s.sh_addr == section.address && s.sh_offset == section.offset
                        || other.header.e_type == goblin::elf::header::ET_REL
                }),
                "goblin has no section like {section:?}"
            );
        }
        if other.header.e_type != goblin::elf::header::ET_REL {
            for segment in &image.segments {
                assert!(
                    other
                        .program_headers
                        .iter()
                        .any(|p| p.p_vaddr == segment.address
                            && p.p_offset == segment.offset
                            && p.p_filesz >= segment.size),
                    "goblin has no segment like {segment:?}"
                );
            }
        }
    });
}

/// Reads thin Mach-O.
pub fn macho(data: &[u8]) {
    open(data, FileType::MachO, &touch);
}

/// Takes universal Mach-O apart, and inspects its slices.
pub fn fat(data: &[u8]) {
    if exe::sniff(data) != Some(FileType::FatMachO) {
        return;
    }
    let window = Window::new(&data, 1 << 30);
    if let Ok((slices, _)) = exe::slices(&window) {
        for slice in slices {
            let end = slice.offset.checked_add(slice.size);
            assert!(end.is_some_and(|end| end <= data.len() as u64), "{slice:?}");
        }
    }
    inspect(data);
}

/// Reads PE.
pub fn pe(data: &[u8]) {
    open(data, FileType::Pe, &touch);
}

/// Reads COFF objects.
pub fn coff(data: &[u8]) {
    open(data, FileType::Coff, &touch);
}

/// Reads XCOFF.
pub fn xcoff(data: &[u8]) {
    open(data, FileType::Xcoff, &touch);
}

/// Reads Plan 9 executables.
pub fn plan9(data: &[u8]) {
    open(data, FileType::Plan9, &touch);
}

/// Reads WebAssembly modules.
pub fn wasm(data: &[u8]) {
    open(data, FileType::Wasm, &touch);
}

/// Lists the members of an archive of objects, and inspects them.
pub fn ar(data: &[u8]) {
    if exe::sniff(data) != Some(FileType::Archive) {
        return;
    }
    let window = Window::new(&data, 1 << 30);
    if let Ok((members, _)) = exe::members(&window) {
        for member in members {
            let end = member.offset.checked_add(member.size);
            assert!(
                end.is_some_and(|end| end <= data.len() as u64),
                "{member:?}"
            );
        }
    }
    inspect(data);
}

/// Names packers and unpacks.
pub fn packed(data: &[u8]) {
    const MOST: u64 = 1 << 20;
    let tail = data.get(data.len().saturating_sub(packer::TAIL_WINDOW)..);
    let head = data.get(..packer::HEAD_WINDOW).unwrap_or(data);
    let _ = packer::detect(head, tail.unwrap_or_default());
    match packer::unpack(data, MOST) {
        Ok(unpacked) => assert!(unpacked.image.len() as u64 <= MOST),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Everything that is done with a named file.
pub fn inspect(data: &[u8]) {
    let limits = Limits {
        unpacked: 1 << 20,
        ..Limits::default()
    };
    for level in [Level::BuildInfo, Level::Full] {
        let options = Options {
            level,
            named: true,
            limits,
            godebug: Some("panicnil=1,x=2"),
            packages: true,
            symbols: true,
            ..Options::default()
        };
        let Ok(inspection) = go::inspect(&File(data), &options) else {
            continue;
        };
        // Names are folded when they are asked for, and what is written is read again.
        for functions in inspection
            .found
            .iter()
            .filter_map(|f| f.record.functions.as_ref())
        {
            let text = serde_json::to_string(functions).unwrap_or_default();
            let read: Option<Functions> = serde_json::from_str(&text).ok();
            assert_eq!(read.as_ref(), Some(functions));
        }
    }
}

/// A program whose one segment holds these bytes. The first byte chooses the width, the byte order, and whether the
/// sections of Go's tables all lie over them.
fn program(data: &[u8]) -> Option<(Vec<u8>, u64)> {
    let (&choice, body) = data.split_first()?;
    let (wide, big, named) = (choice & 1 == 0, choice & 2 != 0, choice & 4 != 0);
    let order = |bytes: &[u8]| -> Vec<u8> {
        if big {
            bytes.iter().rev().copied().collect()
        } else {
            bytes.to_vec()
        }
    };
    let half = |n: u16| order(&n.to_le_bytes());
    let quarter = |n: u32| order(&n.to_le_bytes());
    let word = |n: u64| {
        if wide {
            order(&n.to_le_bytes())
        } else {
            quarter(n as u32)
        }
    };
    let names = NAMES.concat();
    let start = 0x80u64;
    let names_at = start + body.len() as u64;
    let table = names_at + names.len() as u64;
    let count = if named { NAMES.len() as u16 } else { 0 };
    let mut file = b"\x7fELF".to_vec();
    file.extend([if wide { 2 } else { 1 }, if big { 2 } else { 1 }, 1]);
    file.resize(16, 0);
    let machine = match (wide, big) {
        (true, false) => 62,
        (true, true) => 21,
        (false, false) => 3,
        (false, true) => 8,
    };
    file.extend([half(2), half(machine), quarter(1)].concat());
    let header = if wide { 64 } else { 52 };
    let address = BASE + start;
    file.extend(
        [
            word(address),
            word(header),
            word(if named { table } else { 0 }),
        ]
        .concat(),
    );
    file.extend(quarter(0));
    let sizes = if wide {
        [64, 56, 1, 64]
    } else {
        [52, 32, 1, 40]
    };
    file.extend(sizes.map(half).concat());
    file.extend([half(count), half(u16::from(named))].concat());
    let size = word(body.len() as u64);
    let place = [
        word(start),
        word(address),
        word(address),
        size.clone(),
        size.clone(),
    ]
    .concat();
    if wide {
        file.extend([quarter(1), quarter(6), place, word(4096)].concat());
    } else {
        file.extend([quarter(1), place, quarter(6), word(4096)].concat());
    }
    file.resize(start as usize, 0);
    file.extend(body);
    file.extend(names.as_bytes());
    let mut name_at = 0;
    for (i, name) in NAMES.iter().enumerate().take(usize::from(count)) {
        let rest = [word(0), word(0)].concat();
        let link = [quarter(0), quarter(0)].concat();
        let (kind, at, address, len) = match i {
            0 => (0, 0, 0, 0),
            1 => (3, names_at, 0, names.len() as u64),
            _ => (1, start, address, body.len() as u64),
        };
        let place = [word(address), word(at), word(len)].concat();
        file.extend([quarter(name_at), quarter(kind), word(3), place, link, rest].concat());
        name_at += name.len() as u32;
    }
    Some((file, address))
}

const BASE: u64 = 0x40_0000;
const NAMES: [&str; 7] = [
    "\0",
    ".shstrtab\0",
    ".go.buildinfo\0",
    ".gopclntab\0",
    ".gosymtab\0",
    ".go.module\0",
    ".data\0",
];

fn in_program(data: &[u8], look: &dyn Fn(&Image<'_>, u64)) {
    if let Some((file, address)) = program(data) {
        let window = Window::new(&file, 1 << 30);
        let image = exe::open(&window).expect("the program around the bytes is sound");
        assert!(image.segments.len() <= 1, "{:?}", image.segments);
        look(&image, address);
    }
}

/// Finds and decodes the build-info blob.
pub fn buildinfo(data: &[u8]) {
    in_program(data, &|image, _| {
        for limit in [64, 16 << 20] {
            for blob in [
                go::written::buildinfo::find_in_section(image, limit),
                go::written::buildinfo::find_in_segments(image, limit),
            ]
            .into_iter()
            .flatten()
            {
                assert!(blob.modinfo.is_none_or(|m| m.len() as u64 <= limit));
                let _ = go::written::buildinfo::looks_like_go(blob.version);
            }
        }
    });
}

/// Parses the function table wherever it may begin.
pub fn pclntab(data: &[u8]) {
    in_program(data, &|image, address| {
        let tables = [Pclntab::parse(image, address), Pclntab::find(image)];
        for table in tables.into_iter().flatten() {
            let mut count = 0u64;
            table.function_names::<()>(image, &mut |_| {
                count += 1;
                ControlFlow::Continue(())
            });
            table.source_files::<()>(image, &mut |_| {
                count += 1;
                ControlFlow::Continue(())
            });
            table.name_pieces(image, &mut |from, names| {
                let mut start = 0;
                for name in names.split_inclusive(|b| *b == 0) {
                    if let Some(name) = name.strip_suffix(&[0]).filter(|name| !name.is_empty()) {
                        assert_eq!(table.name(image, from + start), Some(name));
                    }
                    start += name.len() as u64;
                }
                for run in NameRuns::of(names).runs {
                    assert!(run.start < run.end && run.end as usize <= names.len());
                }
            });
            let _ = table.has_function(image, b"runtime.main");
            let _ = table.old_main_file(image);
        }
    });
}

/// Reads the symbol table of Go 1.0 to 1.2.
pub fn gosymtab(data: &[u8]) {
    symbol_table(data);
    if let Some((file, _)) = program(data) {
        inspect(&file);
    }
}

/// How many functions and source files it has.
pub(super) fn symbol_table(data: &[u8]) -> (u64, usize) {
    let seen = Cell::new((0, 0));
    in_program(data, &|image, _| {
        let Some(table) = Gosymtab::find(image) else {
            return;
        };
        let mut functions = 0;
        table.function_names(image, &mut |_| functions += 1);
        assert_eq!(functions, table.functions);
        let sources = table.sources(image);
        let held: usize = sources.files.iter().map(String::len).sum();
        // Each path is made of elements that the table holds, in two bytes each.
        assert!(held <= data.len() * data.len(), "{held} bytes of paths");
        seen.set((functions, sources.files.len()));
    });
    seen.get()
}

/// Finds the module data and what hangs on it: linker strings, packages, paths, inlined calls.
pub fn moduledata(data: &[u8]) {
    in_program(data, &|image, _| {
        let tables = Tables::new(image, Limits::default());
        let _ = tables.moduledata();
        let strings = tables.strings();
        let _ = (strings.modinfo(), strings.versions().count());
        for package in packages::read(&tables, None).into_iter().flatten() {
            assert!(package.bytes <= data.len() as u64 && !package.path.is_empty());
        }
        let _ = go::facts::paths::SourceFiles::read(&tables);
        for minor in [None, Some(20), Some(27)] {
            let _ = inlining::ranges(&tables, b"runtime.GOROOT", minor);
        }
    });
    if let Some((file, _)) = program(data) {
        inspect(&file);
    }
}

/// Reads debug information. The first byte tells word size and byte order, five lengths follow, two bytes each, and then that many bytes for each
/// of the sections; the ELF file around them is made here.
pub fn dwarf(data: &[u8]) {
    debug_information(data);
}

/// How many files and units it names.
pub(super) fn debug_information(data: &[u8]) -> (usize, usize) {
    let seen = Cell::new((0, 0));
    let Some(file) = with_sections(data) else {
        return seen.get();
    };
    open(&file, FileType::Elf, &|image| {
        let (mut files, mut units) = (0, 0);
        let _ = debug_info::has_foreign_units(image);
        debug_info::file_tables::<()>(image, &mut |table| {
            files += table.files.len();
            ControlFlow::Continue(())
        });
        debug_info::units::<()>(image, u64::MAX, &mut |unit| {
            units += 1;
            assert!(unit.producer.len() <= file.len() && unit.directory.len() <= file.len());
            ControlFlow::Continue(())
        });
        // Each takes some bytes at the least.
        assert!(files <= file.len() && units <= file.len());
        seen.set((files, units));
    });
    seen.get()
}

fn with_sections(data: &[u8]) -> Option<Vec<u8>> {
    const NAMES: [&str; 6] = [
        ".debug_info",
        ".debug_abbrev",
        ".debug_line",
        ".debug_line_str",
        ".debug_str",
        ".names",
    ];
    let (&[flags], rest) = data.split_first_chunk::<1>()?;
    let (lengths, mut rest) = rest.split_first_chunk::<10>()?;
    let mut bodies = Vec::new();
    for length in lengths.as_chunks::<2>().0 {
        let length = usize::from(u16::from_le_bytes(*length));
        let (body, after) = rest.split_at(length.min(rest.len()));
        bodies.push(body);
        rest = after;
    }
    let names = format!("\0{}\0", NAMES.join("\0"));
    bodies.push(names.as_bytes());

    let (wide, big) = (flags & 1 != 0, flags & 2 != 0);
    let (word, head, row) = if wide { (8, 64, 64) } else { (4, 52, 40) };
    let put = |out: &mut Vec<u8>, fields: &[(u64, usize)]| {
        for &(value, width) in fields {
            if big {
                out.extend(&value.to_be_bytes()[8 - width..]);
            } else {
                out.extend(&value.to_le_bytes()[..width]);
            }
        }
    };
    let mut file = b"\x7fELF".to_vec();
    file.extend([1 + u8::from(wide), 1 + u8::from(big), 1]);
    file.resize(16, 0);
    let table = head + bodies.iter().map(|b| b.len()).sum::<u64>();
    put(&mut file, &[(2, 2), (62, 2), (1, 4), (0, word), (0, word)]);
    put(&mut file, &[(table, word), (0, 4), (head, 2), (0, 2)]);
    put(&mut file, &[(0, 2), (row, 2), (7, 2), (6, 2)]);
    let mut rows = vec![0; row as usize];
    let mut name = 1;
    for (body, text) in bodies.iter().zip(NAMES) {
        let (at, size) = (file.len() as u64, body.len());
        put(&mut rows, &[(name, 4), (1, 4), (0, word), (0, word)]);
        put(&mut rows, &[(at, word), (size, word), (0, 4), (0, 4)]);
        put(&mut rows, &[(1, word), (0, word)]);
        name += text.len() as u64 + 1;
        file.extend(*body);
    }
    file.extend(rows);
    Some(file)
}
