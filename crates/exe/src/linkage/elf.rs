//! ELF: program headers, dynamic section and version needs (System V gABI chapter 5; LSB, "Symbol Versioning").

use super::{NAMES_LIMIT, endian, has_writable_code, search_path, text_at};
use crate::elf_fixups;
use crate::image::Image;
use crate::layout::Kind;
use goblin::container::{Container, Ctx};
use goblin::elf::dynamic::{
    DF_1_NOW, DF_1_PIE, DF_BIND_NOW, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_RPATH,
    DT_RUNPATH, DT_STRTAB, DT_VERNEED, DT_VERNEEDNUM,
};
use goblin::elf::program_header::{PF_X, PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP, ProgramHeader};
use goblin::elf::section_header::{SHT_GNU_VERNEED, SectionHeader};
use goblin::elf::symver::VerneedSection;
use gospect_record::{Linkage, Relro};

/// Most bytes of version needs to read; a program that needs a dozen libraries has about 1 KiB.
const NEEDS_LIMIT: u64 = 16 << 10;

pub(super) fn describe(image: &Image<'_>) -> Option<Linkage> {
    let programs = program_headers(image)?;
    let program = |kind: u32| programs.iter().find(|p| p.p_type == kind);
    let tags = elf_fixups::dynamic(image);
    // A dynamic section that cannot be read says nothing about libraries; that is not the same as needing none.
    let known = !image.is_dynamic() || !tags.is_empty();
    let tag = |wanted: u64| tags.iter().find(|t| t.0 == wanted).map(|t| t.1);
    let flag = |wanted: u64, bit: u64| tag(wanted).is_some_and(|v| v & bit != 0);
    let strings = tag(DT_STRTAB);
    let names = |wanted: u64| -> Vec<String> {
        let offsets = tags.iter().filter(|t| t.0 == wanted).take(NAMES_LIMIT);
        offsets
            .filter_map(|t| text_at(image, strings?.checked_add(t.1)?))
            .collect()
    };
    // The loader ignores DT_RPATH when there is a DT_RUNPATH.
    let paths = [DT_RUNPATH, DT_RPATH].into_iter().map(names);
    let now =
        tag(DT_BIND_NOW).is_some() || flag(DT_FLAGS, DF_BIND_NOW) || flag(DT_FLAGS_1, DF_1_NOW);
    let relro = match (program(PT_GNU_RELRO), now) {
        (None, _) => Relro::None,
        (Some(_), false) => Relro::Partial,
        (Some(_), true) => Relro::Full,
    };
    let alone = program(PT_INTERP).is_none() && tag(DT_NEEDED).is_none();
    Some(Linkage {
        is_static: known.then_some(alone),
        interpreter: image
            .interpreter
            .map(|loader| String::from_utf8_lossy(loader).into_owned()),
        needed: known.then(|| names(DT_NEEDED)),
        rpath: paths.map(search_path).find_map(|path| path),
        // Libraries are position independent too; a static PIE without a loader has a flag for it.
        pie: Some(image.kind != Kind::Exe || flag(DT_FLAGS_1, DF_1_PIE)),
        relro: known.then(|| relro.into()),
        nx: nx(image, program(PT_GNU_STACK)),
        glibc: glibc(image, strings, tag(DT_VERNEED), tag(DT_VERNEEDNUM)),
        min_os: None,
        signed: None,
    })
}

/// `object` checked the table when the image was opened, and its bytes are in the window.
fn program_headers(image: &Image<'_>) -> Option<Vec<ProgramHeader>> {
    let window = image.window();
    // The fields e_phoff, e_phentsize and e_phnum of the file header.
    let (container, table, shape) = if image.bits == 64 {
        (Container::Big, (32, 8), 54)
    } else {
        (Container::Little, (28, 4), 42)
    };
    let context = Ctx::new(container, endian(image));
    let field = |at: u64, size: u64| window.get(at, size).map(|b| image.number(b));
    let count = field(shape + 2, 2)?;
    let size = ProgramHeader::size(context);
    if field(shape, 2)? != size as u64 {
        return None;
    }
    let bytes = window.get(field(table.0, table.1)?, count.checked_mul(size as u64)?)?;
    ProgramHeader::parse(bytes, 0, usize::try_from(count).ok()?, context).ok()
}

/// Whether the stack is not executable. Without a stack header the answer is unknown: the kernel decides by architecture, and
/// the BSDs never make a stack executable.
fn nx(image: &Image<'_>, stack: Option<&ProgramHeader>) -> Option<bool> {
    if has_writable_code(image) {
        return Some(false);
    }
    stack.map(|s| s.p_flags & PF_X == 0)
}

/// The highest `GLIBC_` version that a needed library must have.
fn glibc(
    image: &Image<'_>,
    strings: Option<u64>,
    needs: Option<u64>,
    count: Option<u64>,
) -> Option<String> {
    let bytes = image.bytes_upto(needs?, NEEDS_LIMIT)?;
    // goblin finds the table by its section header, which a stripped file does not have. So it is given one made from the
    // dynamic section.
    let section = SectionHeader {
        sh_type: SHT_GNU_VERNEED,
        sh_size: bytes.len() as u64,
        sh_info: u32::try_from(count?).ok()?,
        ..SectionHeader::default()
    };
    let container = if image.bits == 64 {
        Container::Big
    } else {
        Container::Little
    };
    let context = Ctx::new(container, endian(image));
    let table = VerneedSection::parse(bytes, &[section], context).ok()??;
    let versions = table.into_iter().flat_map(|need| (&need).into_iter());
    versions
        .take(NAMES_LIMIT)
        .filter_map(|version| text_at(image, strings?.checked_add(version.vna_name as u64)?))
        .filter_map(|name| Some((numbers(name.strip_prefix("GLIBC_")?)?, name)))
        .max_by(|a, b| a.0.cmp(&b.0))
        .map(|(_, name)| name.trim_start_matches("GLIBC_").to_owned())
}

/// `2.34` as numbers; `None` for `PRIVATE` and `ABI_DT_RELR`, which are not versions.
fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}
