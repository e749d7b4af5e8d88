//! The file and its port, from the headers and the paths of the source files.

use super::program::Program;
use crate::written::build_id::build_id;
use gospect_exe::{Image, Kind, dwarf};
use gospect_knowledge::ports::also_builds;
use gospect_record::{Endian, Executable};

/// Whether files for two systems may look the same.
pub(crate) fn looks_alike(a: &str, b: &str) -> bool {
    a == b || also_builds(a) == Some(b) || also_builds(b) == Some(a)
}

/// The facts that the headers and the build info give.
pub fn recorded(program: &Program<'_>) -> Executable {
    let image = program.tables.image();
    Executable {
        format: image.format.into(),
        bits: image.bits,
        endian: if image.big_endian {
            Endian::Big
        } else {
            Endian::Little
        }
        .into(),
        os: image.os.or(program.recorded("GOOS")).map(str::to_owned),
        arch: image.arch.or(program.recorded("GOARCH")).map(str::to_owned),
        kind: kind(image, program.recorded("-buildmode")).into(),
        build_id: build_id(image),
        ..Executable::default()
    }
}

/// The same facts, completed from the tables.
pub fn full(program: &Program<'_>) -> Executable {
    let recorded = recorded(program);
    Executable {
        os: system(program).or(recorded.os),
        go_symbols: Some(program.go_symbols()),
        debug_info: Some(dwarf::is_there(program.tables.image())),
        ..recorded
    }
}

/// The kind by the headers; the recorded build mode only settles what the headers leave open.
fn kind(image: &Image<'_>, mode: Option<&str>) -> Kind {
    match (image.kind, mode) {
        (Kind::Shared, Some("plugin")) => Kind::Plugin,
        // Like a library, a static position-independent ELF program has no loader.
        (Kind::Shared, Some("pie" | "exe")) => Kind::Pie,
        (kind, _) => kind,
    }
}

/// The system by the runtime's source files, or else by the headers. The recorded system replaces it where files of both look
/// alike.
fn system(program: &Program<'_>) -> Option<String> {
    let seen = program.files().os.or(program.tables.image().os)?;
    let recorded = program.setting("GOOS");
    let alike = recorded.filter(|recorded| also_builds(recorded) == Some(seen));
    Some(alike.unwrap_or(seen).to_owned())
}
