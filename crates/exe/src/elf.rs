//! ELF: 32 and 64 bits, both byte orders, executables, libraries and objects (System V gABI, chapters 4 and 5).
//!
//! A program runs by its program headers alone: the section table may be absent or wrong. Then only the segments are known.

use super::elf_fixups;
use super::error::{Fault, OpenError};
use super::image::Image;
use super::layout::{Format, Kind, Section, Segment, SymbolTable, Symbols};
use gospect_bytes::{Window, short};
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use std::borrow::Cow;

/// Largest section name table to read; a larger one is not that of a Go program.
const NAMES_LIMIT: u64 = 1 << 20;
/// How large section names usually are, and the largest section table to read together with them.
const NAMES_USUAL: u64 = 512;
const TABLE_USUAL: u64 = 8 << 10;
/// More sections than any linker writes for a program; objects with a section per function stay below it too.
const SECTIONS_LIMIT: usize = 1 << 16;
/// Longer section names are cut. The longest one with a meaning has 30 bytes.
const NAME_LIMIT: usize = 256;
/// Bytes in front of the table of `.eh_frame_hdr`, and of each entry of it and of `.ARM.exidx` (Linux Standard Base 5.0, "DWARF Extensions";
/// EHABI for the Arm architecture, section 6).
const UNWIND_HEADER: u64 = 12;
const UNWIND_ENTRY: u64 = 8;
/// More notes segments than any linker writes.
const NOTES_LIMIT: usize = 64;

/// Machine, required byte order (`None`: any), required bits, Go's name.
const ARCHES: &[(elf::Machine, Option<bool>, u8, &str)] = &[
    (elf::EM_X86_64, None, 64, "amd64"),
    (elf::EM_AARCH64, Some(false), 64, "arm64"),
    (elf::EM_AARCH64, Some(true), 64, "arm64be"),
    (elf::EM_386, None, 32, "386"),
    (elf::EM_ARM, Some(false), 32, "arm"),
    (elf::EM_ARM, Some(true), 32, "armbe"),
    (elf::EM_MIPS, Some(true), 32, "mips"),
    (elf::EM_MIPS, Some(false), 32, "mipsle"),
    (elf::EM_MIPS, Some(true), 64, "mips64"),
    (elf::EM_MIPS, Some(false), 64, "mips64le"),
    (elf::EM_PPC64, Some(true), 64, "ppc64"),
    (elf::EM_PPC64, Some(false), 64, "ppc64le"),
    (elf::EM_PPC, None, 32, "ppc"),
    (elf::EM_S390, None, 64, "s390x"),
    (elf::EM_S390, None, 32, "s390"),
    (elf::EM_RISCV, None, 64, "riscv64"),
    (elf::EM_RISCV, None, 32, "riscv"),
    (elf::EM_LOONGARCH, None, 64, "loong64"),
    (elf::EM_SPARCV9, None, 64, "sparc64"),
];

/// `EI_OSABI` values that Go's linker writes (src/cmd/link/internal/ld/elf.go, Go 1.27); 0 says nothing.
const SYSTEMS: &[(elf::OsAbi, &str)] = &[
    (elf::ELFOSABI_LINUX, "linux"),
    (elf::ELFOSABI_FREEBSD, "freebsd"),
    (elf::ELFOSABI_NETBSD, "netbsd"),
    (elf::ELFOSABI_OPENBSD, "openbsd"),
    (elf::ELFOSABI_SOLARIS, "solaris"),
];

/// Dynamic loaders that name their system.
const LOADERS: &[(&str, &str)] = &[
    ("/system/bin/linker", "android"),
    ("/lib64/ld-linux", "linux"),
    ("/lib/ld-", "linux"),
    ("/lib/ld64", "linux"),
    ("/libexec/ld-elf.so", "freebsd"),
    ("/usr/libexec/ld-elf.so.2", "dragonfly"),
    ("/usr/libexec/ld.elf_so", "netbsd"),
    ("/libexec/ld.elf_so", "netbsd"),
    ("/usr/libexec/ld.so", "openbsd"),
    ("/usr/lib/ld.so.1", "solaris"),
    ("/lib/amd64/ld.so.1", "solaris"),
    ("/usr/lib/amd64/ld.so.1", "solaris"),
    ("/lib/64/ld.so.1", "solaris"),
];

pub(super) fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    let ident = window.upto(0, 16).ok_or(OpenError::Unreadable)?;
    match ident.get(4) {
        Some(1) => read::<elf::FileHeader32<Endianness>>(window, 32),
        Some(2) => read::<elf::FileHeader64<Endianness>>(window, 64),
        _ => Err(OpenError::Malformed("ELF class")),
    }
}

/// The header of a file of 32 or of 64 bits.
trait ElfHeader: FileHeader<Endian = Endianness> {}

impl<E: FileHeader<Endian = Endianness>> ElfHeader for E {}

fn read<'a, E: ElfHeader>(window: &'a Window<'_>, bits: u8) -> Result<Image<'a>, OpenError> {
    let header = E::parse(window).map_err(|_| OpenError::Truncated("ELF header"))?;
    let endian = header
        .endian()
        .map_err(|_| OpenError::Malformed("ELF byte order"))?;
    let mut image = Image::new(window, Format::Elf, bits, endian == Endianness::Big);
    image.read_fixups = elf_fixups::read;
    let machine = header.e_machine(endian);
    image.arch = ARCHES
        .iter()
        .find(|a| a.0 == machine && a.1.is_none_or(|big| big == image.big_endian) && a.2 == bits)
        .map(|a| a.3);
    let abi = header.e_ident().os_abi;
    image.os = SYSTEMS.iter().find(|s| s.0 == abi).map(|s| s.1);

    read_segments(header, endian, window, &mut image);
    read_sections(header, endian, window, &mut image);
    image.kind = match header.e_type(endian) {
        elf::ET_REL => Kind::Object,
        elf::ET_DYN if image.interpreter.is_some() => Kind::Pie,
        elf::ET_DYN => Kind::Shared,
        _ => Kind::Exe,
    };
    if let Some(loader) = image.interpreter {
        let named = LOADERS.iter().find(|l| loader.starts_with(l.0.as_bytes()));
        image.os = named.map(|l| l.1).or(image.os);
    }
    if image.kind == Kind::Object {
        lay_out_sections(header, endian, window, &mut image);
    } else if image.segments.is_empty() && image.faults.is_empty() {
        image.fault(Fault::Malformed("ELF program headers: nothing is loaded"));
    }
    Ok(image)
}

fn read_segments<'a, E: ElfHeader>(
    header: &E,
    endian: Endianness,
    window: &'a Window<'_>,
    image: &mut Image<'a>,
) {
    let Ok(programs) = header.program_headers(endian, window) else {
        return image.fault(Fault::Truncated("ELF program headers"));
    };
    for program in programs {
        let offset = program.p_offset(endian).into();
        let file_size = program.p_filesz(endian).into();
        let flags = program.p_flags(endian);
        match program.p_type(endian) {
            elf::PT_LOAD => {
                if offset
                    .checked_add(file_size)
                    .is_none_or(|end| end > window.len())
                {
                    image.fault(Fault::Truncated("ELF segment"));
                }
                image.segments.push(Segment {
                    address: program.p_vaddr(endian).into(),
                    size: file_size.min(window.len().saturating_sub(offset)),
                    offset,
                    writable: flags.contains(elf::PF_W),
                    executable: flags.contains(elf::PF_X),
                    discardable: false,
                });
            }
            elf::PT_INTERP if file_size <= 4096 && image.interpreter.is_none() => {
                image.interpreter = window.get(offset, file_size).map(until_nul);
            }
            elf::PT_DYNAMIC => image.dynamic = Some((offset, file_size)),
            elf::PT_NOTE if image.notes.len() < NOTES_LIMIT => {
                image.notes.push((offset, file_size))
            }
            elf::PT_GNU_EH_FRAME => {
                let table = file_size.saturating_sub(UNWIND_HEADER);
                image.unwind_entries = Some(table / UNWIND_ENTRY);
            }
            elf::PT_ARM_EXIDX if header.e_machine(endian) == elf::EM_ARM => {
                image.unwind_entries = Some(file_size / UNWIND_ENTRY);
            }
            _ => {}
        }
    }
}

/// The section table. Linkers other than Go's put the section names right before it, so one read fetches both.
fn section_headers<'a, E: ElfHeader>(
    header: &E,
    endian: Endianness,
    window: &'a Window<'_>,
) -> Option<&'a [E::SectionHeader]> {
    let table: u64 = header.e_shoff(endian).into();
    let size = u64::from(header.e_shnum(endian)) * u64::from(header.e_shentsize(endian));
    if size > 0 && size <= TABLE_USUAL && table > NAMES_USUAL {
        window.prefetch(table - NAMES_USUAL, NAMES_USUAL + size);
    }
    header.section_headers(endian, window).ok()
}

fn read_sections<'a, E: ElfHeader>(
    header: &E,
    endian: Endianness,
    window: &'a Window<'_>,
    image: &mut Image<'a>,
) {
    let Some(headers) = section_headers(header, endian, window) else {
        return image.fault(Fault::Truncated("ELF section table"));
    };
    if headers.is_empty() {
        return;
    }
    if headers.len() > SECTIONS_LIMIT {
        return image.fault(Fault::Malformed(
            "ELF section table: more sections than any linker writes",
        ));
    }
    let names = header
        .shstrndx(endian, window)
        .ok()
        .and_then(|i| headers.get(i as usize))
        .and_then(|names| {
            let size: u64 = names.sh_size(endian).into();
            window.get(names.sh_offset(endian).into(), size.min(NAMES_LIMIT))
        });
    if names.is_none() {
        image.fault(Fault::Truncated("ELF section names"));
    }
    let names = names.unwrap_or_default();
    image.sections.reserve_exact(headers.len());
    for section in headers {
        let at = section.sh_name(endian) as usize;
        let name = names
            .get(at..at.saturating_add(NAME_LIMIT).min(names.len()))
            .map(until_nul);
        let kind = section.sh_type(endian);
        let size = section.sh_size(endian).into();
        let offset = section.sh_offset(endian).into();
        // Loaded sections are checked as part of their segment.
        let flags = section.sh_flags(endian);
        let is_loaded = flags.contains(elf::SHF_ALLOC);
        let has_bytes = kind != elf::SHT_NOBITS && kind != elf::SHT_NULL && !is_loaded;
        if has_bytes
            && offset
                .checked_add(size)
                .is_none_or(|end| end > window.len())
        {
            image.fault(Fault::Truncated("ELF section"));
        }
        image.sections.push(Section {
            name: Cow::Borrowed(name.unwrap_or_default()),
            address: section.sh_addr(endian).into(),
            size,
            offset,
            file_size: if kind == elf::SHT_NOBITS { 0 } else { size },
        });
        if kind == elf::SHT_SYMTAB
            && let Some(strings) = headers.get(section.sh_link(endian) as usize)
        {
            image.symbol_table = Some(SymbolTable {
                layout: Symbols::Elf,
                offset,
                size,
                strings: strings.sh_offset(endian).into(),
                strings_size: strings.sh_size(endian).into(),
            });
        }
    }
}

/// Gives each allocated section of an object an address of its own, because all of them start at 0 until they are linked.
fn lay_out_sections<'a, E: ElfHeader>(
    header: &E,
    endian: Endianness,
    window: &'a Window<'_>,
    image: &mut Image<'a>,
) {
    let Some(headers) = section_headers(header, endian, window) else {
        return;
    };
    let mut next = 0x1_0000u64;
    for (section, raw) in image.sections.iter_mut().zip(headers) {
        let flags = raw.sh_flags(endian);
        if section.file_size == 0 || !flags.contains(elf::SHF_ALLOC) {
            continue;
        }
        let size = section
            .file_size
            .min(window.len().saturating_sub(section.offset));
        section.address = next;
        image.segments.push(Segment {
            address: next,
            size,
            offset: section.offset,
            writable: flags.contains(elf::SHF_WRITE),
            executable: flags.contains(elf::SHF_EXECINSTR),
            discardable: false,
        });
        next = next.saturating_add(size).saturating_add(0x1_ffff) & !0xffff;
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes
        .get(..short::find(0, bytes).unwrap_or(bytes.len()))
        .unwrap_or_default()
}
