//! Packages as a page: figures, and for each program its packages as areas and as a table.

use super::Program;
use crate::html::{PackageMap, Page, Tile, Tone};
use gospect_bytes::number;
use std::io::{self, Write};

pub(super) fn write(programs: &[Program], out: &mut dyn Write) -> io::Result<()> {
    let sum =
        |count: &dyn Fn(&Program) -> u64| programs.iter().map(count).fold(0, u64::saturating_add);
    let packages = sum(&|p| p.modules.iter().map(|m| m.packages.len() as u64).sum());
    let code = sum(&|p| p.code_bytes.unwrap_or_default());
    let modules = sum(&|p| p.modules.len() as u64);
    let plain = |number, one, many| Tile::of(number, one, many, Tone::Plain);
    let tiles = vec![
        plain(programs.len() as u64, "program", "programs"),
        plain(modules, "module", "modules"),
        plain(packages, "package", "packages"),
        plain(sum(&Program::functions), "function", "functions"),
        Tile {
            label: "of code".to_owned(),
            value: number::bytes(code),
            ..Tile::default()
        },
    ];
    let title = match programs {
        [program] => format!("Packages of {}", crate::style::clean(&program.path)),
        _ => "Packages".to_owned(),
    };
    let page = Page {
        title,
        about: vec![
            "Sizes are those of the function table: code, without data and symbols. What a package can do is named as capslock names it; a ? says that it depends on values at run time."
                .to_owned(),
        ],
        tiles,
        maps: programs.iter().map(PackageMap::of).collect(),
        ..Page::default()
    };
    page.write(out)
}
