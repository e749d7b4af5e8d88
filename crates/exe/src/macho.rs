//! Mach-O: thin files of both widths and byte orders (Apple's `mach-o/loader.h`).

use super::error::{Fault, OpenError};
use super::image::Image;
use super::layout::{Format, Kind, Section, Segment, SymbolTable, Symbols};
use super::macho_fixups;
use gospect_bytes::Window;
use object::Endianness;
use object::macho;
use object::read::macho::{LoadCommandVariant, MachHeader, Section as _, Segment as _};
use std::borrow::Cow;

/// Most bytes of load commands to read; dyld itself refuses far less.
const COMMANDS_LIMIT: u32 = 16 << 20;

/// CPU types and Go's names.
pub(super) const ARCHES: &[(macho::CpuType, &str)] = &[
    (macho::CPU_TYPE_X86_64, "amd64"),
    (macho::CPU_TYPE_ARM64, "arm64"),
    (macho::CPU_TYPE_X86, "386"),
    (macho::CPU_TYPE_ARM, "arm"),
    (macho::CPU_TYPE_POWERPC64, "ppc64"),
    (macho::CPU_TYPE_POWERPC, "ppc"),
];

pub(super) fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    match window.upto(0, 4).and_then(|b| b.first_chunk::<4>()) {
        Some([0xfe, 0xed, 0xfa, 0xce] | [0xce, 0xfa, 0xed, 0xfe]) => {
            read::<macho::MachHeader32<Endianness>>(window, 32)
        }
        _ => read::<macho::MachHeader64<Endianness>>(window, 64),
    }
}

fn read<'a, M>(window: &'a Window<'_>, bits: u8) -> Result<Image<'a>, OpenError>
where
    M: MachHeader<Endian = Endianness>,
{
    let header = M::parse(window, 0).map_err(|_| OpenError::Truncated("Mach-O header"))?;
    let endian = header
        .endian()
        .map_err(|_| OpenError::Malformed("Mach-O byte order"))?;
    let mut image = Image::new(window, Format::MachO, bits, endian == Endianness::Big);
    image.read_fixups = macho_fixups::read;
    let cpu = header.cputype(endian);
    image.arch = ARCHES.iter().find(|a| a.0 == cpu).map(|a| a.1);
    image.os = Some("darwin");
    image.kind = match header.filetype(endian) {
        macho::MH_OBJECT => Kind::Object,
        macho::MH_DYLIB | macho::MH_BUNDLE => Kind::Shared,
        _ if header.flags(endian).contains(macho::MH_PIE) => Kind::Pie,
        _ => Kind::Exe,
    };
    if header.sizeofcmds(endian) > COMMANDS_LIMIT {
        return Err(OpenError::Malformed("Mach-O load commands"));
    }
    let Ok(mut commands) = header.load_commands(endian, window, 0) else {
        return Err(OpenError::Truncated("Mach-O load commands"));
    };
    loop {
        let command = match commands.next() {
            Ok(Some(command)) => command,
            Ok(None) => break,
            Err(_) => {
                image.fault(Fault::Malformed("Mach-O load command"));
                break;
            }
        };
        if let Ok(Some((segment, sections))) = M::Segment::from_command(command) {
            read_segment::<M>(segment, sections, endian, window, &mut image);
            continue;
        }
        match command.variant() {
            Ok(LoadCommandVariant::Symtab(table)) => {
                let entry = if bits == 64 { 16 } else { 12 };
                image.symbol_table = Some(SymbolTable {
                    layout: Symbols::MachO,
                    offset: table.symoff.get(endian).into(),
                    size: u64::from(table.nsyms.get(endian)) * entry,
                    strings: table.stroff.get(endian).into(),
                    strings_size: table.strsize.get(endian).into(),
                });
            }
            Ok(LoadCommandVariant::BuildVersion(version, _))
                if is_ios(version.platform.get(endian).0) =>
            {
                image.os = Some("ios")
            }
            _ => {}
        }
    }
    if image.segments.is_empty() && image.faults.is_empty() {
        image.fault(Fault::Malformed("Mach-O load commands: nothing is loaded"));
    }
    Ok(image)
}

/// `PLATFORM_IOS` and `PLATFORM_IOSSIMULATOR`.
fn is_ios(platform: u32) -> bool {
    matches!(platform, 2 | 7)
}

fn read_segment<'a, M>(
    segment: &M::Segment,
    data: &'a [u8],
    endian: Endianness,
    window: &'a Window<'_>,
    image: &mut Image<'a>,
) where
    M: MachHeader<Endian = Endianness>,
{
    let (offset, file_size) = (
        segment.fileoff(endian).into(),
        segment.filesize(endian).into(),
    );
    if offset
        .checked_add(file_size)
        .is_none_or(|end| end > window.len())
    {
        image.fault(Fault::Truncated("Mach-O segment"));
    }
    let protection = segment.initprot(endian);
    // An object has one segment that only lists its sections, which can lie anywhere in the file.
    if image.kind != Kind::Object {
        image.segments.push(Segment {
            address: segment.vmaddr(endian).into(),
            size: file_size.min(window.len().saturating_sub(offset)),
            offset,
            writable: protection.contains(macho::VM_PROT_WRITE),
            executable: protection.contains(macho::VM_PROT_EXECUTE),
            // `__DWARF` is mapped without any permission.
            discardable: !protection.contains(macho::VM_PROT_READ)
                || segment.name() == macho::SEG_LINKEDIT.as_bytes(),
        });
    }
    let Ok(sections) = segment.sections(endian, data) else {
        return image.fault(Fault::Truncated("Mach-O sections"));
    };
    for section in sections {
        let size = section.size(endian).into();
        let offset: u64 = section.offset(endian).into();
        if image.kind == Kind::Object {
            let home = section.segment_name();
            if offset > 0 && home != b"__DWARF" {
                image.segments.push(Segment {
                    address: section.addr(endian).into(),
                    size: u64::min(size, window.len().saturating_sub(offset)),
                    offset,
                    writable: home.starts_with(b"__DATA"),
                    executable: section.name() == b"__text",
                    discardable: false,
                });
            }
        }
        image.sections.push(Section {
            name: Cow::Borrowed(section.name()),
            address: section.addr(endian).into(),
            size,
            offset,
            file_size: if offset == 0 { 0 } else { size },
        });
    }
}
