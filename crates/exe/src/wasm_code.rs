//! The functions of a WebAssembly module (core specification, binary format, import and code sections).

use super::image::Image;
use super::layout::Format;
use super::wasm::{CODE, IMPORT, leb, sections};
use gospect_bytes::Window;

/// More functions than this are not listed: the largest programs have half a million.
const LIMIT: u64 = 1 << 22;

/// The functions that a module defines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WasmFunctions {
    /// Number of functions that it imports; they come first in the numbering that calls use.
    pub imported: u64,
    /// Offset in the file and size in bytes of each body, in their order.
    pub bodies: Vec<(u64, u32)>,
}

impl WasmFunctions {
    /// Reads the sections; `None` when the file is not a module, or when its code section does not hold what it says.
    pub fn read(image: &Image<'_>) -> Option<Self> {
        if image.format != Format::Wasm {
            return None;
        }
        let window = image.window();
        let all = sections(window);
        let section = |id: u8| -> Option<Section<'_>> {
            let (_, start, size) = *all.iter().find(|section| section.0 == id)?;
            let end = start.checked_add(size).filter(|end| *end <= window.len())?;
            Some(Section {
                window,
                at: start,
                end,
            })
        };
        let imported = match section(IMPORT) {
            Some(imports) => imports.functions()?,
            None => 0,
        };
        Some(Self {
            imported,
            bodies: section(CODE)?.bodies()?,
        })
    }
}

/// The bytes of a section that says what a module is made of besides code and data: types, imports, functions, tables, globals, exports, start and
/// elements. `None`: it has none of this number (core specification, 5.5.2).
pub fn wasm_section<'a>(image: &'a Image<'_>, id: u8) -> Option<&'a [u8]> {
    if image.format != Format::Wasm {
        return None;
    }
    let window = image.window();
    let all = sections(window);
    let (_, start, size) = *all.iter().find(|section| section.0 == id)?;
    window.get(start, size)
}

/// The rest of a section.
struct Section<'w> {
    window: &'w Window<'w>,
    at: u64,
    end: u64,
}

impl Section<'_> {
    fn number(&mut self) -> Option<u64> {
        let bytes = self
            .window
            .upto(self.at, 10.min(self.end.checked_sub(self.at)?))?;
        let (value, used) = leb(bytes)?;
        self.at = self
            .at
            .checked_add(used as u64)
            .filter(|at| *at <= self.end)?;
        Some(value)
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|at| *at <= self.end)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.window.get(self.at, 1)?.first()?;
        self.skip(1)?;
        Some(byte)
    }

    /// The number of functions in the import section.
    fn functions(mut self) -> Option<u64> {
        let count = self.number()?;
        let mut functions = 0;
        // An import takes at least four bytes.
        for _ in 0..count.min(LIMIT).min((self.end - self.at) / 4) {
            for _ in ["module", "name"] {
                let length = self.number()?;
                self.skip(length)?;
            }
            match self.byte()? {
                0 => {
                    self.number()?;
                    functions += 1;
                }
                1 => {
                    self.byte()?;
                    self.limits()?;
                }
                2 => self.limits()?,
                3 => self.skip(2)?,
                _ => return None,
            }
        }
        Some(functions)
    }

    fn limits(&mut self) -> Option<()> {
        let has_most = self.byte()? & 1 == 1;
        self.number()?;
        if has_most {
            self.number()?;
        }
        Some(())
    }

    /// Offset and size of each body in the code section.
    fn bodies(mut self) -> Option<Vec<(u64, u32)>> {
        let size = self.end - self.at;
        let count = self.number()?;
        // A body takes at least two bytes.
        if count > LIMIT.min(size / 2) {
            return None;
        }
        let mut found = Vec::new();
        for _ in 0..count {
            let body = self.number()?;
            found.push((self.at, u32::try_from(body).ok()?));
            self.skip(body)?;
        }
        Some(found)
    }
}
