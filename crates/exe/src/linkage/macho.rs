//! Mach-O: load commands (Apple's `mach-o/loader.h`).

use super::{NAMES_LIMIT, has_writable_code, search_path};
use crate::image::Image;
use crate::layout::Kind;
use gospect_record::Linkage;
use object::Endianness;
use object::macho::{
    LC_CODE_SIGNATURE, LcStr, MH_ALLOW_STACK_EXECUTION, MachHeader32, MachHeader64, Version,
};
use object::read::macho::{LoadCommandVariant as Command, MachHeader};

pub(super) fn describe(image: &Image<'_>) -> Option<Linkage> {
    if image.bits == 64 {
        read::<MachHeader64<Endianness>>(image)
    } else {
        read::<MachHeader32<Endianness>>(image)
    }
}

fn read<M>(image: &Image<'_>) -> Option<Linkage>
where
    M: MachHeader<Endian = Endianness>,
{
    let (window, endian) = (image.window(), image.endian());
    let header = M::parse(window, 0).ok()?;
    let mut linkage = Linkage::default();
    let (mut needed, mut paths) = (Vec::new(), Vec::new());
    // The table was small enough when the image was opened. A command that cannot be read is the last one.
    let commands = header.load_commands(endian, window, 0).ok()?;
    for command in commands.map_while(Result::ok) {
        let string = |text: LcStr<Endianness>| {
            let text = command.string(endian, text).ok()?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        match command.variant() {
            Ok(Command::Dylib(library)) => needed.extend(string(library.dylib.name)),
            Ok(Command::Rpath(rpath)) => paths.extend(string(rpath.path)),
            Ok(Command::LoadDylinker(loader)) => linkage.interpreter = string(loader.name),
            // A file for two platforms has two; the first is its main platform.
            Ok(Command::BuildVersion(build, _)) => {
                let least = version(build.minos.get(endian));
                linkage.min_os.get_or_insert(least);
            }
            Ok(Command::VersionMin(system)) => {
                let least = version(system.version.get(endian));
                linkage.min_os.get_or_insert(least);
            }
            Ok(Command::LinkeditData(data))
                if command.cmd() == LC_CODE_SIGNATURE && data.datasize.get(endian) > 0 =>
            {
                linkage.signed = Some(true);
            }
            _ => {}
        }
    }
    needed.truncate(NAMES_LIMIT);
    paths.truncate(NAMES_LIMIT);
    let stack = header.flags(endian).contains(MH_ALLOW_STACK_EXECUTION);
    Some(Linkage {
        is_static: Some(linkage.interpreter.is_none() && needed.is_empty()),
        needed: Some(needed),
        rpath: search_path(paths),
        pie: Some(image.kind != Kind::Exe),
        nx: Some(!stack && !has_writable_code(image)),
        signed: Some(linkage.signed == Some(true)),
        ..linkage
    })
}

/// Packed `xxxx.yy.zz` as text; the last number only when it is not 0.
fn version(packed: Version) -> String {
    let packed = packed.0;
    let (major, minor, patch) = (packed >> 16, packed >> 8 & 0xff, packed & 0xff);
    if patch == 0 {
        format!("{major}.{minor}")
    } else {
        format!("{major}.{minor}.{patch}")
    }
}
