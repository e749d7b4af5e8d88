//! Pointers of a COFF object: the relocations of each section (Microsoft PE format, "COFF Relocations"), applied to the
//! addresses that the image gives to the sections.

use super::fixups::Fixups;
use super::image::Image;
use object::LittleEndian as LE;
use object::pe::{self, ImageFileHeader};
use object::read::coff::{CoffHeader, Symbol};

/// Go's name of the architecture, and its relocation type for a word of pointer size.
const TYPES: [(&str, pe::RelocationType); 3] = [
    ("amd64", pe::IMAGE_REL_AMD64_ADDR64),
    ("386", pe::IMAGE_REL_I386_DIR32),
    ("arm64", pe::IMAGE_REL_ARM64_ADDR64),
];

/// Reads the fixups of an object.
pub(super) fn read(image: &Image<'_>, fixups: &mut Fixups<'_>) -> Option<()> {
    let absolute = TYPES.iter().find(|t| Some(t.0) == image.arch)?.1;
    let window = image.window();
    let mut offset = 0;
    let header = ImageFileHeader::parse(window, &mut offset).ok()?;
    let headers = header.sections(window, offset).ok()?;
    let symbols = header.symbols(window).ok()?;
    for (header, section) in headers.iter().zip(&image.sections) {
        let relocations = header.coff_relocations(window);
        for r in fixups.take(relocations.unwrap_or_default()) {
            let place = section
                .address
                .checked_add(r.virtual_address.get(LE).into());
            let symbol = symbols.symbol(r.symbol());
            if let (Ok(symbol), Some(place)) = (symbol, place)
                && r.typ.get(LE) == absolute
                && let Some(section) = symbol.section_number().index()
                && let Some(section) = u64::from(section).checked_sub(1)
                && let Some(start) = image.in_section(section, symbol.value().into())
                && let Some(addend) = image.word(place)
            {
                fixups.push(place, start.wrapping_add(addend))?;
            }
        }
    }
    Some(())
}
