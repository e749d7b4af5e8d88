//! XCOFF: the import file IDs of the loader section (AIX documentation, "XCOFF Object File Format"), which goblin does not
//! read.

use super::{NAMES_LIMIT, search_path};
use crate::image::Image;
use gospect_record::Linkage;

/// Most bytes of import file IDs to read.
const IMPORTS_LIMIT: u64 = 64 << 10;

/// An ID has three texts: path, file and archive member. The first ID is the library search path.
pub(super) fn describe(image: &Image<'_>) -> Option<Linkage> {
    let section = image.section(b".loader")?;
    let window = image.window();
    let header = window.get(section.offset, 32)?;
    let field = |at: usize, size: usize| header.get(at..at + size).map(|b| image.number(b));
    // l_istlen has the same offset in both widths, l_impoff does not.
    let size = field(12, 4)?.min(IMPORTS_LIMIT);
    let offset = if image.bits == 64 {
        field(24, 8)?
    } else {
        field(20, 4)?
    };
    let bytes = window.get(section.offset.checked_add(offset)?, size)?;
    let mut texts = bytes
        .split(|&b| b == 0)
        .map(|text| String::from_utf8_lossy(text).into_owned());
    let paths: Vec<String> = texts
        .by_ref()
        .take(3)
        .next()?
        .split(':')
        .map(str::to_owned)
        .collect();
    let texts: Vec<String> = texts.skip(2).collect();
    let needed: Vec<String> = texts
        .chunks_exact(3)
        .take(NAMES_LIMIT)
        .map(|id| {
            let file = match &*id[0] {
                "" => id[1].clone(),
                path => format!("{path}/{}", id[1]),
            };
            match &*id[2] {
                "" => file,
                member => format!("{file}({member})"),
            }
        })
        .collect();
    Some(Linkage {
        is_static: Some(needed.is_empty()),
        needed: Some(needed),
        rpath: search_path(paths),
        ..Linkage::default()
    })
}
