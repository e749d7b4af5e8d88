//! Mach-O: load commands (Apple's `mach-o/loader.h`).

use super::{NAMES_LIMIT, endian, has_writable_code, search_path, text};
use crate::image::Image;
use crate::layout::Kind;
use goblin::mach::header::MH_ALLOW_STACK_EXECUTION;
use goblin::mach::load_command::{CommandVariant as Command, LoadCommand};
use gospect_record::Linkage;

/// Larger load commands were refused when the image was opened.
const COMMANDS_LIMIT: u64 = 16 << 20;

pub(super) fn describe(image: &Image<'_>) -> Option<Linkage> {
    let window = image.window();
    let header = window.get(0, 28)?;
    let field = |at: usize| header.get(at..at + 4).map(|b| image.number(b));
    let (size, flags) = (field(20)?, field(24)?);
    let start = if image.bits == 64 { 32 } else { 28 };
    let mut rest = window.get(start, size.min(COMMANDS_LIMIT))?;
    let mut linkage = Linkage::default();
    let (mut needed, mut paths) = (Vec::new(), Vec::new());
    // Every command starts with its type and size. A size below 8 would make the loop stand still.
    while let Some(size) = rest.get(4..8).map(|b| image.number(b)).filter(|&s| s >= 8) {
        let Some((bytes, after)) = usize::try_from(size)
            .ok()
            .and_then(|size| rest.split_at_checked(size))
        else {
            break;
        };
        rest = after;
        let string = |at: u32| text(bytes.get(usize::try_from(at).ok()?..)?);
        let Ok(command) = LoadCommand::parse(bytes, &mut 0, endian(image)) else {
            continue;
        };
        match command.command {
            Command::LoadDylib(c)
            | Command::LoadWeakDylib(c)
            | Command::ReexportDylib(c)
            | Command::LazyLoadDylib(c)
            | Command::LoadUpwardDylib(c) => needed.extend(string(c.dylib.name)),
            Command::Rpath(c) => paths.extend(string(c.path)),
            Command::LoadDylinker(c) => linkage.interpreter = string(c.name),
            // A file for two platforms has two; the first is its main platform.
            Command::BuildVersion(c) => {
                linkage.min_os.get_or_insert_with(|| version(c.minos));
            }
            Command::VersionMinMacosx(c)
            | Command::VersionMinIphoneos(c)
            | Command::VersionMinTvos(c)
            | Command::VersionMinWatchos(c) => {
                linkage.min_os.get_or_insert_with(|| version(c.version));
            }
            Command::CodeSignature(c) if c.datasize > 0 => linkage.signed = Some(true),
            _ => {}
        }
    }
    needed.truncate(NAMES_LIMIT);
    paths.truncate(NAMES_LIMIT);
    let stack = flags & u64::from(MH_ALLOW_STACK_EXECUTION) != 0;
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
fn version(packed: u32) -> String {
    let (major, minor, patch) = (packed >> 16, packed >> 8 & 0xff, packed & 0xff);
    if patch == 0 {
        format!("{major}.{minor}")
    } else {
        format!("{major}.{minor}.{patch}")
    }
}
