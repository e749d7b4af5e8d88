//! The dynamic symbols of ELF files with their versions (gABI chapter 5; LSB, "Symbol Versioning").

use super::elf_tags::{
    DT_GNU_HASH, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DT_VERSYM,
};
use super::{Statements, number, text};
use crate::image::Image;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most versions of the libraries of a program.
const VERSIONS_LIMIT: usize = 1 << 14;

pub(super) struct Symbols<'i, 'w> {
    image: &'i Image<'w>,
    /// Addresses: symbols, their names, their version numbers.
    table: u64,
    strings: u64,
    numbers: Option<u64>,
    /// Names of versions by their numbers.
    versions: BTreeMap<u64, String>,
    /// What the tables of versions say, for the loader to check.
    stated: Vec<String>,
    /// Number of symbols.
    count: u64,
    /// Contents of the tables by which symbols are found.
    hashes: Vec<(&'static str, Vec<u64>)>,
    /// Addresses of the tables that were taken apart.
    tables: Vec<Range<u64>>,
    is_readable: bool,
}

impl<'i, 'w> Symbols<'i, 'w> {
    pub(super) fn of(image: &'i Image<'w>, tags: &[(u64, u64)]) -> Self {
        let tag = |wanted: u64| tags.iter().find(|t| t.0 == wanted).map(|t| t.1);
        let mut symbols = Self {
            image,
            table: tag(DT_SYMTAB).unwrap_or(0),
            strings: tag(DT_STRTAB).unwrap_or(0),
            numbers: tag(DT_VERSYM),
            versions: BTreeMap::new(),
            stated: Vec::new(),
            count: 0,
            hashes: Vec::new(),
            tables: Vec::new(),
            is_readable: true,
        };
        let parts = [
            tag(DT_HASH).map(|at| symbols.read_hash(at)),
            tag(DT_GNU_HASH).map(|at| symbols.read_gnu_hash(at)),
            tag(DT_VERNEED).map(|at| symbols.read_needed_versions(at)),
            tag(DT_VERDEF).map(|at| symbols.read_defined_versions(at)),
        ];
        symbols.is_readable = parts.into_iter().flatten().all(|part| part.is_some());
        symbols
    }

    fn word(&self, at: u64) -> Option<u64> {
        number(self.image, at, 4)
    }

    /// Notes that the bytes at an address are taken apart.
    fn cover(&mut self, address: u64, size: u64) {
        self.tables.push(address..address.saturating_add(size));
    }

    /// Reads `count` words of 32 bits.
    fn words(&self, at: u64, count: u64) -> Option<Vec<u64>> {
        let bytes = self.image.bytes(at, count.checked_mul(4)?)?;
        Some(
            bytes
                .chunks_exact(4)
                .map(|word| self.image.number(word))
                .collect(),
        )
    }

    /// `DT_HASH`: numbers of buckets and chains, buckets, chains. Each symbol has a chain.
    fn read_hash(&mut self, at: u64) -> Option<()> {
        // The words have 64 bits on s390x (its psABI) and Alpha.
        let size = if self.image.arch == Some("s390x") {
            8
        } else {
            4
        };
        let (buckets, chains) = (
            number(self.image, at, size)?,
            number(self.image, at.checked_add(size)?, size)?,
        );
        let all = buckets.checked_add(chains)?.checked_mul(size)?;
        self.cover(at, all.checked_add(2 * size)?);
        let bytes = self.image.bytes(at.checked_add(2 * size)?, all)?;
        let words = bytes.chunks_exact(usize::try_from(size).ok()?);
        let words = words.map(|word| self.image.number(word)).collect();
        self.hashes.push(("hash table of symbols", words));
        self.count = self.count.max(chains);
        Some(())
    }

    /// `DT_GNU_HASH`: numbers of buckets, of the first symbol in it and of words of its filter, a shift, the filter, buckets, chains. The last symbol of a
    /// chain has its lowest bit set.
    fn read_gnu_hash(&mut self, at: u64) -> Option<()> {
        let head = self.words(at, 4)?;
        let [buckets, first, filter, _] = *head.first_chunk::<4>()?;
        let filter_at = at.checked_add(16)?;
        let filter_size = filter.checked_mul(self.image.pointer_size() / 4)?;
        let buckets_at = filter_at.checked_add(filter_size.checked_mul(4)?)?;
        let mut all = self.words(filter_at, filter_size)?;
        let of_buckets = self.words(buckets_at, buckets)?;
        let chains_at = buckets_at.checked_add(buckets.checked_mul(4)?)?;
        let last = of_buckets.iter().max().copied().unwrap_or(0);
        let mut count = first;
        if last >= first {
            count = last;
            loop {
                let word = self.word(chains_at.checked_add((count - first).checked_mul(4)?)?)?;
                count = count.checked_add(1)?;
                if word & 1 == 1 {
                    break;
                }
            }
            all.extend(self.words(chains_at, count - first)?);
        }
        let chains = count.saturating_sub(first).checked_mul(4)?;
        self.cover(at, chains_at.checked_sub(at)?.checked_add(chains)?);
        let mut words = head;
        words.extend(of_buckets);
        words.extend(all);
        self.hashes.push(("GNU hash table of symbols", words));
        self.count = self.count.max(count);
        Some(())
    }

    fn text(&self, offset: u64) -> Option<String> {
        text(self.image, self.strings.checked_add(offset)?)
    }

    /// `DT_VERNEED`: for each library its versions (`Elfxx_Verneed`, `Elfxx_Vernaux`).
    fn read_needed_versions(&mut self, mut at: u64) -> Option<()> {
        loop {
            let form = number(self.image, at, 2)?;
            let count = number(self.image, at.checked_add(2)?, 2)?;
            let file = self.text(self.word(at.checked_add(4)?)?)?;
            let mut aux = at.checked_add(self.word(at.checked_add(8)?)?)?;
            self.cover(at, 16);
            for _ in 0..count {
                self.cover(aux, 16);
                let (hash, flags) = (self.word(aux)?, number(self.image, aux.checked_add(4)?, 2)?);
                let number_of = number(self.image, aux.checked_add(6)?, 2)?;
                let name = self.text(self.word(aux.checked_add(8)?)?)?;
                let stated =
                    format!("version {number_of} {name} of {file}, {hash:#x} {flags} {form}");
                self.add_version(number_of, name, stated)?;
                match self.word(aux.checked_add(12)?)? {
                    0 => break,
                    next => aux = aux.checked_add(next)?,
                }
            }
            match self.word(at.checked_add(12)?)? {
                0 => return Some(()),
                next => at = at.checked_add(next)?,
            }
        }
    }

    /// `DT_VERDEF`: the versions that the file has itself (`Elfxx_Verdef`, `Elfxx_Verdaux`).
    fn read_defined_versions(&mut self, mut at: u64) -> Option<()> {
        loop {
            let flags = number(self.image, at.checked_add(2)?, 2)?;
            let number_of = number(self.image, at.checked_add(4)?, 2)?;
            let aux = at.checked_add(self.word(at.checked_add(12)?)?)?;
            let name = self.text(self.word(aux)?)?;
            let stated = format!("own version {number_of} {name}, {flags}");
            self.cover(at, 20);
            self.cover(aux, 8);
            self.add_version(number_of, name, stated)?;
            match self.word(at.checked_add(16)?)? {
                0 => return Some(()),
                next => at = at.checked_add(next)?,
            }
        }
    }

    /// `None`: there are more than any file has, or they go round in circles.
    fn add_version(&mut self, number_of: u64, name: String, stated: String) -> Option<()> {
        self.versions.insert(number_of, name);
        self.stated.push(stated);
        (self.stated.len() <= VERSIONS_LIMIT).then_some(())
    }

    /// Name and version of a symbol.
    pub(super) fn name(&self, symbol: u64) -> Option<String> {
        let at = self.at(symbol)?;
        let name = self.text(self.word(at)?)?;
        let Some(numbers) = self.numbers else {
            return Some(name);
        };
        let number_of = number(self.image, numbers.checked_add(symbol.checked_mul(2)?)?, 2)?;
        // The highest bit hides the symbol from others; 0 is local, 1 without a version.
        let version = match number_of & 0x7fff {
            0 | 1 => None,
            number_of => self.versions.get(&number_of),
        };
        let hidden = if number_of & 0x8000 == 0 {
            ""
        } else {
            " (hidden)"
        };
        Some(match version {
            Some(version) => format!("{name}@{version}{hidden}"),
            None => format!("{name}@{number_of}"),
        })
    }

    fn at(&self, symbol: u64) -> Option<u64> {
        let size = if self.image.bits == 64 { 24 } else { 16 };
        self.table.checked_add(symbol.checked_mul(size)?)
    }

    /// Adds all symbols, the versions, and the tables by which symbols are found.
    pub(super) fn describe(&self, found: &mut Statements) -> Option<()> {
        for stated in &self.stated {
            found.push(stated.as_str(), &[], &[])?;
        }
        for (what, words) in &self.hashes {
            found.push(*what, words, &[])?;
        }
        found.tables.extend(self.tables.iter().cloned());
        // Symbol 0 has no name and no value.
        let size = if self.image.bits == 64 { 24 } else { 16 };
        if self.count > 0 {
            found.cover(
                self.table.checked_add(size)?,
                (self.count - 1).checked_mul(size)?,
            );
            if let Some(numbers) = self.numbers {
                let rest = (self.count - 1).checked_mul(2)?;
                found.cover(numbers.checked_add(2)?, rest);
            }
        }
        let is_64 = self.image.bits == 64;
        for symbol in 1..self.count {
            let at = self.at(symbol)?;
            let field = |offset: u64, size: u64| number(self.image, at.checked_add(offset)?, size);
            let (info, other, section, value, size) = match is_64 {
                true => (
                    field(4, 1)?,
                    field(5, 1)?,
                    field(6, 2)?,
                    field(8, 8)?,
                    field(16, 8)?,
                ),
                false => (
                    field(12, 1)?,
                    field(13, 1)?,
                    field(14, 2)?,
                    field(4, 4)?,
                    field(8, 4)?,
                ),
            };
            // The number of a section says no more than whether there is one: 0 is undefined.
            let is_defined = section != 0;
            let name = self.name(symbol)?;
            let numbers = [info, other, u64::from(is_defined), size];
            match is_defined && self.image.segment_at(value).is_some() {
                true => found.push(format!("symbol {name}"), &numbers, &[value])?,
                false => {
                    let numbers = [&numbers[..], &[value]].concat();
                    found.push(format!("symbol {name}"), &numbers, &[])?;
                }
            }
        }
        self.is_readable.then_some(())
    }
}
