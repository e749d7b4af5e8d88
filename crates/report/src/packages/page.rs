//! Packages as a page: figures, and for each program its packages as areas and as a table.

use super::Program;
use crate::html::{PackageMap, Page, Tile};
use gospect_bytes::number;
use std::io::{self, Write};

pub(super) fn write(programs: &[Program], out: &mut dyn Write) -> io::Result<()> {
    let sum =
        |count: &dyn Fn(&Program) -> u64| programs.iter().map(count).fold(0, u64::saturating_add);
    let packages = sum(&|p| p.modules.iter().map(|m| m.packages.len() as u64).sum());
    let code = sum(&|p| p.code_bytes.unwrap_or_default());
    let figures = [
        ("programs", number::thousands(programs.len() as u64)),
        (
            "modules",
            number::thousands(sum(&|p| p.modules.len() as u64)),
        ),
        ("packages", number::thousands(packages)),
        ("functions", number::thousands(sum(&Program::functions))),
        ("of code", number::bytes(code)),
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
        tiles: figures
            .into_iter()
            .map(|(label, value)| Tile { label: label.to_owned(), value, ..Tile::default() })
            .collect(),
        maps: programs.iter().map(PackageMap::of).collect(),
        ..Page::default()
    };
    page.write(out)
}
