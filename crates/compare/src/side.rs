//! One of the two programs: its functions, and the ranges of its memory.

use gospect_exe::{Format, Image, Section, WasmFunctions};
use gospect_go::calls::decode::{FIRST_FUNCTION, PLACE_BITS};
use gospect_go::tables::Tables;
use gospect_go::tables::pclntab::Layout;
use gospect_go::tables::rows::{Row, Rows};
use gospect_record::{Binary, BuildInfo};
use std::ops::Range;

/// A range of addresses.
pub type Addresses = Range<u64>;

/// The number of bytes in a range of addresses.
pub fn size(addresses: &Addresses) -> u64 {
    addresses.end.saturating_sub(addresses.start)
}

/// What the reader of Go facts says about one program.
pub struct ProgramFacts {
    /// Its record, with the facts that explain differences.
    pub binary: Binary,
    /// Offset after the last byte that the headers account for, if they say.
    pub end: Option<u64>,
}

/// One of the two programs.
pub struct Side<'t, 'i> {
    pub facts: &'t ProgramFacts,
    pub tables: &'t Tables<'i>,
    pub image: &'t Image<'i>,
    pub rows: Rows<'t, 'i>,
    /// The build ID in front of the functions, where the format has no note for it.
    pub build_id: Option<Addresses>,
    /// The functions of a WebAssembly module, whose code is not part of its memory.
    wasm: Option<WasmFunctions>,
    /// Addresses of segments and sections, zero-filled memory included. Sorted, without overlaps.
    memory: Vec<Addresses>,
    /// Zero-filled variables, by the moduledata.
    pub zeroed: Addresses,
    /// Initialised variables without pointers, by the moduledata.
    pub without_pointers: Addresses,
}

impl<'t, 'i> Side<'t, 'i> {
    /// Offset of the optional header of a PE file (`e_lfanew` and 24 bytes: the signature and the file header).
    pub fn pe_optional_header(&self) -> Option<u64> {
        let image = self.image;
        image.number(image.window().get(0x3c, 4)?).checked_add(24)
    }

    /// `None` without a function table.
    pub fn of(tables: &'t Tables<'i>, facts: &'t ProgramFacts) -> Option<Self> {
        let image = tables.image();
        let mut rows = Rows::read(tables)?;
        let build_id = take_build_id(&mut rows, image);
        let segments = image.segments.iter().filter(|s| !s.discardable);
        let sections = image.sections.iter().filter(|s| s.address != 0);
        let moduledata = tables.moduledata().zip(tables.pclntab());
        let without_pointers =
            moduledata.and_then(|(module, table)| module.without_pointers(image, table.layout));
        let zeroed = moduledata.and_then(|(module, table)| module.zeroed(image, table.layout));
        let zeroed = zeroed.map_or(0..0, |range| range.0..range.1);
        // WebAssembly leaves out zeros, those at the end of the data too.
        let unwritten = image.segments.last().map(|s| s.end()..zeroed.start);
        let unwritten = unwritten.filter(|_| image.format == Format::Wasm);
        let mut memory: Vec<Addresses> = segments
            .map(|s| s.address..s.end())
            .chain(sections.map(|s| s.address..s.address.saturating_add(s.size)))
            .chain([zeroed.clone()])
            .chain(unwritten)
            .collect();
        memory.sort_by_key(|range| range.start);
        Some(Self {
            facts,
            tables,
            image,
            rows,
            build_id,
            wasm: WasmFunctions::read(image),
            memory: merged(memory),
            zeroed,
            without_pointers: without_pointers.map_or(0..0, |range| range.0..range.1),
        })
    }

    /// The build info of the record; an empty one if the program has none.
    pub fn build_info(&self) -> BuildInfo {
        self.facts.binary.build_info.clone().unwrap_or_default()
    }

    /// Whether an address is in the memory of the program.
    pub fn holds(&self, address: u64) -> bool {
        let after = self.memory.partition_point(|range| range.start <= address);
        let range = after.checked_sub(1).and_then(|i| self.memory.get(i));
        range.is_some_and(|range| range.contains(&address))
    }

    /// Whether a number is likely an address of the program. Small and round numbers often are something else.
    pub fn is_likely_address(&self, number: u64) -> bool {
        const LOW: u64 = 0x40_0000;
        const PAGE: u64 = 0x1000;
        self.image.bits == 64 && number >= LOW && !number.is_multiple_of(PAGE) && self.holds(number)
    }

    /// Whether the bytes at an address are stored in the file. Those of zero-filled variables count as not stored, even where padding of the file
    /// reaches into them, as in PE files, whose sections are padded to 512 bytes.
    pub fn is_stored(&self, address: u64) -> bool {
        !self.zeroed.contains(&address) && self.image.segment_at(address).is_some()
    }

    /// The instructions of a function.
    pub fn code(&self, function: usize) -> Option<&'t [u8]> {
        let row = self.rows.all.get(function)?;
        let Some(wasm) = &self.wasm else {
            return self.image.bytes_upto(row.start, row.end - row.start);
        };
        let number = (row.start >> PLACE_BITS).checked_sub(FIRST_FUNCTION)?;
        let (offset, size) = *wasm.bodies.get(usize::try_from(number).ok()?)?;
        self.image.window().get(offset, u64::from(size))
    }

    /// Bytes of the code of a function.
    pub fn code_size(&self, function: usize) -> u64 {
        let size = |row: &Row| row.end - row.start;
        match &self.wasm {
            Some(_) => self.code(function).map_or(0, |code| code.len() as u64),
            None => self.rows.all.get(function).map_or(0, size),
        }
    }

    /// Number of functions that a WebAssembly module imports.
    pub fn imported(&self) -> u64 {
        self.wasm.as_ref().map_or(0, |wasm| wasm.imported)
    }

    /// Whether a number may be an address: of memory, or in WebAssembly of a function.
    pub fn may_be_address(&self, number: u64) -> bool {
        self.holds(number) || self.is_wasm() && self.rows.at(number).is_some()
    }

    /// Addresses of all functions together.
    pub fn text(&self) -> Addresses {
        let all = &self.rows.all;
        let (first, last) = (all.first(), all.last());
        first.map_or(0, |row| row.start)..last.map_or(0, |row| row.end)
    }

    /// Addresses of the function table.
    pub fn function_table(&self) -> Addresses {
        let Some(table) = self.tables.pclntab() else {
            return 0..0;
        };
        let start = table.address;
        let word = self.image.pointer_size();
        // `moduledata.pclntable`: the rest of the table since Go 1.16, all of it before (src/runtime/symtab.go).
        let field = match table.layout {
            Layout::Go12 => 0,
            _ => 13,
        };
        let module = self.tables.moduledata();
        let slice = module.and_then(|module| {
            let at = module.address.checked_add(field * word)?;
            let from = self.image.pointer(at)?;
            from.checked_add(self.image.word(at.checked_add(word)?)?)
        });
        let last = self
            .rows
            .all
            .iter()
            .map(|row| row.func)
            .max()
            .unwrap_or(start);
        // The last `_func` is followed by its tables, a few dozen words at most.
        let end = slice.filter(|end| *end >= last).unwrap_or(last + 64);
        start..end
    }

    /// Number of the field `text` of the moduledata; the fields before it describe the function table (src/runtime/symtab.go).
    pub fn moduledata_text_field(&self) -> u64 {
        match self.tables.pclntab().map(|table| table.layout) {
            Some(Layout::Go12) => 12,
            _ => 22,
        }
    }

    /// Whether a field of moduledata is a pointer by which the runtime finds functions: the start of a part of the function table, or of `findfunctab`, the
    /// index by address (src/runtime/symtab.go, `moduledata`).
    pub fn is_table_pointer(&self, address: u64) -> bool {
        const OF_GO12: &[u64] = &[0, 3, 6, 9];
        const OF_GO116: &[u64] = &[0, 1, 4, 7, 10, 13, 16, 19];
        let fields = match self.tables.pclntab().map(|table| table.layout) {
            Some(Layout::Go12) => OF_GO12,
            _ => OF_GO116,
        };
        let offset = address.wrapping_sub(self.moduledata().start);
        let word = self.image.pointer_size().max(1);
        offset.is_multiple_of(word) && fields.contains(&(offset / word))
    }

    /// Addresses of moduledata, in which the linker notes where everything else is.
    pub fn moduledata(&self) -> Addresses {
        /// Words with addresses: up to `itablinks` and `ptab` (src/runtime/symtab.go, Go 1.27).
        const WORDS: u64 = 64;
        let module = self.tables.moduledata();
        module.map_or(0..0, |m| {
            m.address..m.address + WORDS * self.image.pointer_size()
        })
    }

    /// Addresses, sizes and permissions of all that is loaded, with the names of the sections. Where two programs have the same, nothing has moved.
    pub fn layout(&self) -> Vec<(Vec<u8>, u64, u64, bool, bool)> {
        let loaded = self.image.segments.iter().filter(|s| !s.discardable);
        let segments = loaded.map(|s| (Vec::new(), s.address, s.size, s.writable, s.executable));
        let named = self.image.sections.iter().filter(|s| s.address != 0);
        let sections = named.map(|s| (s.name.to_vec(), s.address, s.size, false, false));
        segments.chain(sections).collect()
    }

    /// Whether an address is in none of the sections, of a program that has sections.
    pub fn is_outside_sections(&self, address: u64) -> bool {
        let mut named = self.image.sections.iter().filter(|s| s.address != 0);
        let holds = |s: &Section<'_>| address >= s.address && address - s.address < s.size;
        !self.image.sections.is_empty() && !named.any(holds)
    }

    /// The section that an address is in.
    pub fn section_at(&self, address: u64) -> Option<&Section<'i>> {
        let mut sections = self.image.sections.iter();
        sections.find(|s| s.address != 0 && address >= s.address && address - s.address < s.size)
    }

    /// Name of the section that an address is in.
    pub fn section_name(&self, address: u64) -> String {
        self.section_at(address).map_or_else(
            || "a segment".to_owned(),
            |s| String::from_utf8_lossy(&s.name).into_owned(),
        )
    }

    /// Name of a function.
    pub fn name(&self, function: usize) -> String {
        let name = self.rows.name(function).unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    }

    /// Source file and line of an address of a function.
    pub fn place(&self, function: usize, address: u64) -> Option<String> {
        let (file, line) = self.rows.line(function, address)?;
        Some(format!("{file}:{line}"))
    }

    /// Whether this is WebAssembly.
    pub fn is_wasm(&self) -> bool {
        self.image.format == Format::Wasm
    }
}

/// Merges ranges that overlap or touch.
fn merged(sorted: Vec<Addresses>) -> Vec<Addresses> {
    let mut all: Vec<Addresses> = Vec::new();
    for range in sorted {
        match all.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

/// Takes the build ID out of the functions: in PE and Mach-O files it is the first of them, a text and not code
/// (src/cmd/link/internal/ld/data.go, `textbuildid`).
fn take_build_id(rows: &mut Rows<'_, '_>, image: &Image<'_>) -> Option<Addresses> {
    let first = rows.all.first()?;
    let addresses = first.start..first.end;
    let is_text = matches!(rows.name(0)?, b"go:buildid" | b"go.buildid")
        && is_build_id(image.bytes(addresses.start, addresses.end - addresses.start)?);
    is_text.then(|| {
        rows.remove_first();
        addresses
    })
}

/// Whether bytes among code are the build ID and filling, and nothing that could be run.
pub fn is_build_id(bytes: &[u8]) -> bool {
    const END: &[u8] = b"\"\n \xff";
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_".contains(byte);
    let id = bytes.strip_prefix(b"\xff Go build ID: \"");
    id.is_some_and(|id| {
        let end = id.iter().take_while(|byte| is_plain(byte)).count();
        let filling = id.get(end..).and_then(|rest| rest.strip_prefix(END));
        filling.is_some_and(|filling| filling.iter().all(|byte| matches!(byte, 0 | 0xcc)))
    })
}
