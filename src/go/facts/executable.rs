//! What the headers and the source files say about the file and its port.

use super::program::Program;
use crate::exe::{Image, Kind, dwarf};
use crate::go::written::build_id::build_id;
use crate::record::{Endian, Executable};

/// Systems whose files look alike from outside.
const ALIKE: &[(&str, &str)] = &[
    ("android", "linux"),
    ("illumos", "solaris"),
    ("ios", "darwin"),
];

/// Whether files for two systems look the same: one system, or two that cannot be told apart.
pub fn looks_alike(a: &str, b: &str) -> bool {
    a == b || ALIKE.contains(&(a, b)) || ALIKE.contains(&(b, a))
}

/// What the headers and the record say.
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

/// The same with what the tables add.
pub fn full(program: &Program<'_>) -> Executable {
    let recorded = recorded(program);
    Executable {
        os: system(program).or(recorded.os),
        go_symbols: Some(program.go_symbols()),
        debug_info: Some(dwarf::is_there(program.tables.image())),
        ..recorded
    }
}

/// The headers decide; the recorded build mode only names what they cannot tell apart.
fn kind(image: &Image<'_>, mode: Option<&str>) -> Kind {
    match (image.kind, mode) {
        (Kind::Shared, Some("plugin")) => Kind::Plugin,
        // A static position-independent ELF program has no loader, as a library has none.
        (Kind::Shared, Some("pie" | "exe")) => Kind::Pie,
        (kind, _) => kind,
    }
}

/// The system that the runtime's source files name, else the headers; the recorded one where it cannot be told from that.
fn system(program: &Program<'_>) -> Option<String> {
    let seen = program.files().os.or(program.tables.image().os)?;
    let recorded = program.setting("GOOS");
    let alike = recorded.filter(|recorded| ALIKE.contains(&(*recorded, seen)));
    Some(alike.unwrap_or(seen).to_owned())
}
