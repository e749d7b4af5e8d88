//! ELF: program headers, dynamic section and version needs (System V gABI chapter 5; LSB, "Symbol Versioning").

use super::{NAMES_LIMIT, has_writable_code, search_path, text_at};
use crate::elf_fixups;
use crate::image::Image;
use crate::layout::Kind;
use gospect_record::{Linkage, Relro};
use object::elf::{
    DF_1_NOW, DF_1_PIE, DF_BIND_NOW, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_RPATH,
    DT_RUNPATH, DT_STRTAB, DT_VERNEED, DT_VERNEEDNUM, DynamicTag, FileHeader32, FileHeader64, PF_X,
    PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP, ProgramFlags, ProgramType, Vernaux, Verneed,
};
use object::pod::Pod;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, pod};

/// Most bytes of version needs to read; a program that needs a dozen libraries has about 1 KiB.
const NEEDS_LIMIT: u64 = 16 << 10;

pub(super) fn describe(image: &Image<'_>) -> Option<Linkage> {
    let programs = program_headers(image)?;
    let program = |wanted: ProgramType| programs.iter().find(|(kind, _)| *kind == wanted);
    let tags = elf_fixups::dynamic(image);
    // A dynamic section that cannot be read says nothing about libraries; that is not the same as needing none.
    let known = !image.is_dynamic() || !tags.is_empty();
    let values = |wanted: DynamicTag| {
        let of_tag = move |tag: &&(u64, u64)| tag.0 == wanted.0.cast_unsigned();
        tags.iter().filter(of_tag).map(|tag| tag.1)
    };
    let tag = |wanted: DynamicTag| values(wanted).next();
    let flag = |wanted: DynamicTag, bit: u64| tag(wanted).is_some_and(|flags| flags & bit != 0);
    let strings = tag(DT_STRTAB);
    let names = |wanted: DynamicTag| -> Vec<String> {
        values(wanted)
            .take(NAMES_LIMIT)
            .filter_map(|offset| text_at(image, strings?.checked_add(offset)?))
            .collect()
    };
    // The loader ignores DT_RPATH when there is a DT_RUNPATH.
    let paths = [DT_RUNPATH, DT_RPATH].into_iter().map(names);
    let now =
        tag(DT_BIND_NOW).is_some() || flag(DT_FLAGS, DF_BIND_NOW.0) || flag(DT_FLAGS_1, DF_1_NOW.0);
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
        pie: Some(image.kind != Kind::Exe || flag(DT_FLAGS_1, DF_1_PIE.0)),
        relro: known.then(|| relro.into()),
        nx: nx(image, program(PT_GNU_STACK)),
        glibc: glibc(image, strings, tag(DT_VERNEED), tag(DT_VERNEEDNUM)),
        min_os: None,
        signed: None,
    })
}

/// Type and flags of every program header.
fn program_headers(image: &Image<'_>) -> Option<Vec<(ProgramType, ProgramFlags)>> {
    if image.bits == 64 {
        program_headers_of::<FileHeader64<Endianness>>(image)
    } else {
        program_headers_of::<FileHeader32<Endianness>>(image)
    }
}

fn program_headers_of<E>(image: &Image<'_>) -> Option<Vec<(ProgramType, ProgramFlags)>>
where
    E: FileHeader<Endian = Endianness>,
{
    let (window, endian) = (image.window(), image.endian());
    let headers = E::parse(window)
        .ok()?
        .program_headers(endian, window)
        .ok()?;
    let kinds = headers
        .iter()
        .map(|h| (h.p_type(endian), h.p_flags(endian)));
    Some(kinds.collect())
}

/// Whether the stack is not executable. Without a stack header the answer is unknown: the kernel decides by architecture, and
/// the BSDs never make a stack executable.
fn nx(image: &Image<'_>, stack: Option<&(ProgramType, ProgramFlags)>) -> Option<bool> {
    if has_writable_code(image) {
        return Some(false);
    }
    stack.map(|(_, flags)| !flags.contains(PF_X))
}

/// The highest `GLIBC_` version that a needed library must have.
fn glibc(
    image: &Image<'_>,
    strings: Option<u64>,
    needs: Option<u64>,
    count: Option<u64>,
) -> Option<String> {
    let bytes = image.bytes_upto(needs?, NEEDS_LIMIT)?;
    let count = usize::try_from(count?).ok()?;
    needed_versions(bytes, count, image.endian())
        .into_iter()
        .filter_map(|name| text_at(image, strings?.checked_add(name.into())?))
        .filter_map(|name| Some((numbers(name.strip_prefix("GLIBC_")?)?, name)))
        .max_by(|a, b| a.0.cmp(&b.0))
        .map(|(_, name)| name.trim_start_matches("GLIBC_").to_owned())
}

/// Where in the string table the names of versions are, library by library. `object` reads this table only by its section header, which a stripped
/// program does not have.
fn needed_versions(bytes: &[u8], libraries: usize, endian: Endianness) -> Vec<u32> {
    let mut names = Vec::new();
    let needs = chain(bytes, 0, |need: &Verneed<Endianness>| {
        need.vn_next.get(endian)
    });
    for (at, need) in needs.take(libraries) {
        let versions = chain(
            bytes,
            at.saturating_add(need.vn_aux.get(endian) as usize),
            |version: &Vernaux<Endianness>| version.vna_next.get(endian),
        );
        let room = NAMES_LIMIT.saturating_sub(names.len());
        names.extend(
            versions
                .take(room.min(need.vn_cnt.get(endian).into()))
                .map(|(_, version)| version.vna_name.get(endian)),
        );
        if names.len() >= NAMES_LIMIT {
            break;
        }
    }
    names
}

/// The structures of a chain with their offsets. `next` gives the distance to the next one, which is 0 in the last.
fn chain<T: Pod>(
    bytes: &[u8],
    start: usize,
    next: impl Fn(&T) -> u32,
) -> impl Iterator<Item = (usize, &T)> {
    let read = move |at: usize| Some((at, pod::from_bytes::<T>(bytes.get(at..)?).ok()?.0));
    std::iter::successors(read(start), move |&(at, entry)| {
        let distance = usize::try_from(next(entry)).ok().filter(|&d| d > 0)?;
        read(at.checked_add(distance)?)
    })
}

/// `2.34` as numbers; `None` for `PRIVATE` and `ABI_DT_RELR`, which are not versions.
fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}
