//! The Go build ID: in an ELF note, a wasm custom section, or before the code (src/cmd/internal/buildid/buildid.go, Go 1.27).

use gospect_exe::{Format, Image, Segment};
use memchr::memmem;

/// The Go build ID, from the place where the format has it.
pub fn build_id(image: &Image<'_>) -> Option<String> {
    let text = match image.format {
        Format::Elf => go_note(image)?.to_vec(),
        Format::Wasm => {
            let section = image
                .section(b"go:buildid")
                .or_else(|| image.section(b"go.buildid"))?;
            let bytes = image
                .window()
                .get(section.offset, section.file_size.min(512))?;
            let (at, size) = quoted(bytes).unwrap_or((0, bytes.len()));
            bytes.get(at..at.checked_add(size)?)?.to_vec()
        }
        _ => {
            let (address, size) = text_build_id(image)?;
            image.bytes(address, size)?.to_vec()
        }
    };
    let text = String::from_utf8(text).ok()?;
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then_some(text)
}

/// The Go build ID in the ELF notes segments: name `Go\0\0`, type 4 (src/cmd/link/internal/ld/elf.go).
pub(crate) fn go_note<'i>(image: &'i Image<'_>) -> Option<&'i [u8]> {
    image.notes.iter().find_map(|&(offset, size)| {
        let bytes = image.window().get(offset, size.min(4096))?;
        let mut rest = bytes;
        while rest.len() >= 12 {
            let name_size = image.number(&rest[..4]);
            let text_size = image.number(&rest[4..8]);
            let kind = image.number(&rest[8..12]);
            let text = 12usize
                .checked_add(usize::try_from(name_size.checked_next_multiple_of(4)?).ok()?)?;
            let end = text.checked_add(usize::try_from(text_size).ok()?)?;
            if kind == 4 && rest.get(12..16) == Some(b"Go\0\0") {
                return rest.get(text..end);
            }
            rest = rest.get(end.checked_next_multiple_of(4)?..)?;
        }
        None
    })
}

/// Address and size of the build ID at the start of the text, for formats without notes or custom sections.
pub(crate) fn text_build_id(image: &Image<'_>) -> Option<(u64, u64)> {
    if matches!(image.format, Format::Elf | Format::Wasm) {
        return None;
    }
    let segments = image.segments.iter().filter(|s| s.executable);
    let first: Option<&Segment> = segments.min_by_key(|s| s.offset);
    // The text of Mach-O files follows the load commands; its section header tells where.
    let text = image.section(b"__text").map(|s| s.address);
    let start = text.or(first.map(|s| s.address))?;
    let bytes = image.bytes_upto(start, 512)?;
    let (at, size) = quoted(bytes)?;
    Some((start.checked_add(at as u64)?, size as u64))
}

/// Offset and size of the build ID after its mark.
fn quoted(bytes: &[u8]) -> Option<(usize, usize)> {
    const MARK: &[u8] = b"\xff Go build ID: \"";
    let at = memmem::find(bytes, MARK)? + MARK.len();
    Some((at, memchr::memchr(b'"', bytes.get(at..)?)?))
}
