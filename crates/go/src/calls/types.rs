//! Type descriptors: the methods of a type that the program keeps, and the types that a descriptor names by offset
//! (src/internal/abi/type.go and src/runtime/type.go, Go 1.7 to 1.27; `moduledata.types` and `etypes`).

use crate::tables::Tables;
use crate::tables::pclntab::Layout;
use gospect_exe::Image;
use std::cell::Cell;

/// `abi.TFlagUncommon`.
const UNCOMMON: u8 = 1;
/// `abi.KindMask`.
const KIND_MASK: u8 = (1 << 5) - 1;
/// `abi.Interface`.
const INTERFACE: u8 = 20;
/// Most methods of one type to read.
const METHODS_LIMIT: u64 = 1 << 14;

/// The type descriptors of a program.
#[derive(Clone, Debug, Default)]
pub struct Types {
    /// Addresses of the type descriptors.
    range: (u64, u64),
    /// Start of the code.
    text: u64,
    /// Bits that offsets from the start of text are shifted by.
    shift: u32,
    /// Address of moduledata.
    moduledata: u64,
    /// The range of method tables, since Go 1.27; before, moduledata points at each.
    itabs: (u64, u64),
    /// Methods that may still be read, one for each byte of the range: lists of real types do not overlap, and each method
    /// takes sixteen bytes.
    methods_left: Cell<u64>,
}

/// Offsets of fields of `abi.Type`, for one size of pointers.
struct TypeLayout {
    flags: u64,
    kind: u64,
    /// `PtrToThis`, an offset from the start of types.
    pointer_to_this: u64,
    /// Size of the structure.
    size: u64,
}

const TYPE_64: TypeLayout = TypeLayout {
    flags: 20,
    kind: 23,
    pointer_to_this: 44,
    size: 48,
};
const TYPE_32: TypeLayout = TypeLayout {
    flags: 12,
    kind: 15,
    pointer_to_this: 28,
    size: 32,
};

/// Bytes between `abi.Type` and the methods by kind, for pointers of eight and of four bytes; other kinds have none. Maps
/// changed in Go 1.12, 1.14, 1.24 and 1.27.
const KIND_SIZES: [(u8, &[u64], &[u64]); 8] = [
    (17, &[24], &[12]),                         // array: element, slice, length
    (18, &[16], &[8]),                          // channel: element, direction
    (19, &[8], &[4]),                           // function: two counts of two bytes
    (20, &[32], &[16]),                         // interface: package, methods
    (21, &[80, 64, 40, 32], &[40, 32, 24, 20]), // map
    (22, &[8], &[4]),                           // pointer
    (23, &[8], &[4]),                           // slice
    (25, &[32], &[16]),                         // structure: package, fields
];

/// Word numbers of `types` and `etypes` in moduledata, by layout of the function table.
const RANGE_WORDS: [(Layout, &[(u64, u64)]); 4] = [
    (Layout::Go12, &[(25, 26)]),
    (Layout::Go116, &[(35, 36)]),
    (Layout::Go118, &[(35, 36)]),
    // Since Go 1.27 the length of the descriptors is between them.
    (Layout::Go120, &[(37, 38), (37, 39)]),
];

impl Types {
    /// Finds the range of types in moduledata.
    pub fn find(tables: &Tables<'_>, shift: u32) -> Self {
        let image = tables.image();
        let (Some(module), Some(table)) = (tables.moduledata(), tables.pclntab()) else {
            return Self::default();
        };
        let word = image.pointer_size();
        let field = |i: u64| image.pointer(module.address.checked_add(i * word)?);
        let places = RANGE_WORDS
            .iter()
            .find(|row| row.0 == table.layout)
            .map(|row| row.1);
        let range = places.unwrap_or_default().iter().find_map(|(from, to)| {
            let (from, to) = (field(*from)?, field(*to)?);
            let segment = image.segment_at(from)?;
            let is_code = from < module.text.1 && module.text.0 < to;
            (from < to && !is_code && to <= segment.end()).then_some((from, to))
        });
        let range = range.unwrap_or_default();
        // types, typedesclen, etypes, itaboffset, itabsize.
        let itabs = match places {
            Some([_, later]) if field(later.1) == Some(range.1) => {
                let start = field(later.1 + 1).and_then(|o| range.0.checked_add(o));
                let end = start
                    .zip(field(later.1 + 2))
                    .and_then(|(start, size)| start.checked_add(size));
                start.zip(end).unwrap_or_default()
            }
            _ => (0, 0),
        };
        Self {
            range,
            text: module.text.0,
            shift,
            moduledata: module.address,
            itabs,
            methods_left: Cell::new(range.1.saturating_sub(range.0)),
        }
    }

    /// Whether any types were found.
    pub fn is_known(&self) -> bool {
        self.range.1 > self.range.0
    }

    /// Whether a piece of data contains the start of moduledata.
    pub fn has_moduledata(&self, start: u64, end: u64) -> bool {
        self.is_known() && (start..end).contains(&self.moduledata)
    }

    /// The ranges of what moduledata lists.
    pub fn listed(&self) -> [(u64, u64); 2] {
        [self.range, self.itabs]
    }

    /// Whether an address is among the types.
    pub fn contains(&self, address: u64) -> bool {
        self.range.0 <= address && address < self.range.1
    }

    fn layout(image: &Image<'_>) -> &'static TypeLayout {
        match image.pointer_size() {
            4 => &TYPE_32,
            _ => &TYPE_64,
        }
    }

    /// Whether there may be a type descriptor at an address.
    fn is_plausible(&self, image: &Image<'_>, address: u64) -> bool {
        let layout = Self::layout(image);
        let Some(bytes) = image.bytes(address, layout.size) else {
            return false;
        };
        let at = |i: u64| bytes.get(i as usize).copied().unwrap_or_default();
        let kind = at(layout.kind) & KIND_MASK;
        let align = at(layout.flags + 1);
        let field_align = at(layout.flags + 2);
        let is_alignment = |value: u8| value.is_power_of_two() && value <= 16;
        (1..=26).contains(&kind)
            && is_alignment(align)
            && is_alignment(field_align)
            && at(layout.flags) < 128
    }

    /// Whether there is a method table of an interface (`runtime.itab`) at an address: an interface type, then a type.
    pub fn is_itab(&self, image: &Image<'_>, address: u64) -> bool {
        if !self.is_known() || self.contains(address) {
            return false;
        }
        let word = image.pointer_size();
        let Some(interface) = image.pointer(address).filter(|a| self.contains(*a)) else {
            return false;
        };
        let concrete = address.checked_add(word).and_then(|a| image.pointer(a));
        let layout = Self::layout(image);
        let kind = interface
            .checked_add(layout.kind)
            .and_then(|a| image.bytes(a, 1))
            .and_then(|b| b.first().copied());
        concrete.is_some_and(|a| self.contains(a))
            && kind.is_some_and(|k| k & KIND_MASK == INTERFACE)
    }

    /// Visits the code of each method that a type keeps.
    pub fn visit_methods(&self, image: &Image<'_>, address: u64, visit: &mut dyn FnMut(u64)) {
        let Some((list, count)) = self.method_list(image, address) else {
            return;
        };
        for i in 0..count {
            // name, type, code for interfaces, code for direct calls.
            let Some(bytes) = list.checked_add(i * 16).and_then(|a| image.bytes(a, 16)) else {
                return;
            };
            for at in [8, 12] {
                let offset = bytes.get(at..at + 4).map_or(0, |b| image.number(b));
                // 0 and -1: removed, or never reached.
                if offset != 0 && offset != u64::from(u32::MAX) {
                    let offset = offset.checked_shl(self.shift).unwrap_or(0);
                    visit(self.text.wrapping_add(offset));
                }
            }
        }
    }

    /// Visits the types that a descriptor names by offset: the pointer to it, and the types of its methods.
    pub fn visit_types_by_offset(
        &self,
        image: &Image<'_>,
        address: u64,
        visit: &mut dyn FnMut(u64),
    ) {
        if !self.contains(address) || !self.is_plausible(image, address) {
            return;
        }
        let layout = Self::layout(image);
        let offset = address
            .checked_add(layout.pointer_to_this)
            .and_then(|a| image.bytes(a, 4))
            .map_or(0, |b| image.number(b));
        let mut named = |offset: u64| {
            let other = self.range.0.wrapping_add(offset);
            if offset != 0 && self.contains(other) && self.is_plausible(image, other) {
                visit(other);
            }
        };
        named(offset);
        let Some((list, count)) = self.method_list(image, address) else {
            return;
        };
        for i in 0..count {
            let offset = list
                .checked_add(i * 16 + 4)
                .and_then(|a| image.bytes(a, 4))
                .map_or(0, |b| image.number(b));
            named(offset);
        }
    }

    /// Address and length of the methods of a type, which follow `abi.UncommonType`.
    fn method_list(&self, image: &Image<'_>, address: u64) -> Option<(u64, u64)> {
        if !self.contains(address) || !self.is_plausible(image, address) {
            return None;
        }
        let layout = Self::layout(image);
        let byte = |at: u64| -> Option<u8> {
            image
                .bytes(address.checked_add(at)?, 1)
                .and_then(|b| b.first().copied())
        };
        if byte(layout.flags)? & UNCOMMON == 0 {
            return None;
        }
        let kind = byte(layout.kind)? & KIND_MASK;
        let sizes = KIND_SIZES.iter().find(|row| row.0 == kind);
        let sizes = sizes.map_or(&[0][..], |row| match image.pointer_size() {
            4 => row.2,
            _ => row.1,
        });
        sizes.iter().find_map(|size| {
            let at = address.checked_add(layout.size)?.checked_add(*size)?;
            // pkgPath, mcount, xcount, moff, unused.
            let bytes = image.bytes(at, 16)?;
            let number = |from: usize, to: usize| bytes.get(from..to).map(|b| image.number(b));
            let (count, exported, offset) = (number(4, 6)?, number(6, 8)?, number(8, 12)?);
            let list = at.checked_add(offset)?;
            let fits = exported <= count
                && count <= METHODS_LIMIT
                && offset >= 16
                && number(12, 16)? == 0
                && image.bytes(list, count.checked_mul(16)?).is_some();
            if !fits {
                return None;
            }
            let left = self.methods_left.get().checked_sub(count)?;
            self.methods_left.set(left);
            Some((list, count))
        })
    }
}
