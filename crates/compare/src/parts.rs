//! Compares the parts that are not executed (build info, build ID, symbols, debug information, signature, headers), and what decides how the program is loaded.

use super::loading::{AreSame, loading};
use super::side::Side;
use gospect_exe::{Format, Image, Part, Section, parts};
use gospect_record::rebuild::{Difference, DifferentPart};
use gospect_record::{BuildInfo, Module};

/// Compares the parts that are not executed, and what decides how the program is loaded.
pub fn compare(old: &Side<'_, '_>, new: &Side<'_, '_>, are_same: &AreSame<'_>) -> Vec<Difference> {
    let mut all = build_info(&old.build_info(), &new.build_info());
    let recorded = |side: &Side<'_, '_>| side.facts.binary.executable.build_id.clone();
    let ids = (recorded(old), recorded(new));
    if ids.0 != ids.1 {
        let text = |id: Option<String>| id.unwrap_or_else(|| "none".to_owned());
        let (old_id, new_id) = (text(ids.0), text(ids.1));
        let pairs = old_id.bytes().zip(new_id.bytes());
        all.push(Difference {
            part: DifferentPart::BuildId,
            bytes: pairs
                .filter(|(old_byte, new_byte)| old_byte != new_byte)
                .count() as u64,
            what: build_id(&old_id, &new_id),
        });
    }
    all.extend(not_loaded(old, new));
    all.extend(loading(old, new, are_same));
    all
}

/// Which parts of the build ID differ: action of the link, action and content of the main package, content of the program
/// (src/cmd/go/internal/work/buildid.go).
fn build_id(old: &str, new: &str) -> String {
    let names = [
        "the inputs of the link",
        "the inputs of the main package",
        "the compiled main package",
        "the program",
    ];
    let (old_hashes, new_hashes): (Vec<&str>, Vec<&str>) =
        (old.split('/').collect(), new.split('/').collect());
    if old_hashes.len() != names.len() || new_hashes.len() != names.len() {
        return format!("Go build ID: `{old}` is `{new}`");
    }
    let differing: Vec<&str> = names
        .iter()
        .zip(old_hashes.iter().zip(&new_hashes))
        .filter(|(_, (old_hash, new_hash))| old_hash != new_hash)
        .map(|(name, _)| *name)
        .collect();
    format!("Go build ID: other hash of {}", differing.join(", "))
}

/// Lines of the build info that differ, as `go version -m` prints them.
fn build_info(old: &BuildInfo, new: &BuildInfo) -> Vec<Difference> {
    let (old_lines, new_lines) = (build_info_lines(old), build_info_lines(new));
    let mut all = Vec::new();
    let key = |line: &str| -> String {
        let mut words = line.split(['\t', '=']);
        let kind = words.next().unwrap_or_default();
        match kind {
            "go" | "path" => kind.to_owned(),
            _ => format!("{kind}\t{}", words.next().unwrap_or_default()),
        }
    };
    let short = |line: &str| line.replace('\t', " ");
    for line in old_lines.iter().filter(|line| !new_lines.contains(line)) {
        let other = new_lines
            .iter()
            .find(|other| key(other) == key(line) && !old_lines.contains(other));
        all.push(Difference {
            part: DifferentPart::Record,
            bytes: line.len().max(other.map_or(0, |other| other.len())) as u64,
            what: match other {
                Some(other) => format!("`{}` is `{}`", short(line), short(other)),
                None => format!("`{}` is only in the old program", short(line)),
            },
        });
    }
    let is_new = |line: &&String| {
        !old_lines.contains(line)
            && !old_lines
                .iter()
                .any(|other| key(other) == key(line) && !new_lines.contains(other))
    };
    all.extend(new_lines.iter().filter(is_new).map(|line| Difference {
        part: DifferentPart::Record,
        bytes: line.len() as u64,
        what: format!("`{}` is only in the new program", short(line)),
    }));
    all
}

/// The lines of build info.
fn build_info_lines(info: &BuildInfo) -> Vec<String> {
    let module = |kind: &str, module: &Module| {
        format!(
            "{kind}\t{}\t{}\t{}",
            module.path, module.version, module.sum
        )
    };
    let mut all = vec![
        format!("go\t{}", info.go_version),
        format!("path\t{}", info.path),
        module("mod", &info.main),
    ];
    for dep in &info.deps {
        all.push(module("dep", dep));
        all.extend(
            dep.replace
                .as_deref()
                .map(|other| module(&format!("=> of {}", dep.path), other)),
        );
    }
    all.extend(
        info.settings
            .iter()
            .map(|s| format!("build\t{}={}", s.key, s.value)),
    );
    all
}

/// Parts of a file that are not loaded, and what a difference in them is called.
const NOT_LOADED: [(DifferentPart, &str); 5] = [
    (DifferentPart::Symbols, "symbol table"),
    (
        DifferentPart::Debug,
        "symbols for debuggers and debug information",
    ),
    (DifferentPart::Signature, "signature"),
    (
        DifferentPart::Layout,
        "headers and tables of the loader: sizes and places",
    ),
    (DifferentPart::BuildId, "build ID notes"),
];

/// Compares the parts of the files that are not loaded into memory, and the headers.
fn not_loaded(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<Difference> {
    let (old_parts, new_parts) = (bytes_by_part(old.image), bytes_by_part(new.image));
    let mut all = Vec::new();
    for (part, name) in NOT_LOADED {
        let bytes_of = |parts: &[(DifferentPart, Vec<u8>)]| -> Vec<u8> {
            let of_part = parts.iter().filter(|(other, _)| *other == part);
            of_part.flat_map(|(_, bytes)| bytes).copied().collect()
        };
        let (old_bytes, new_bytes) = (bytes_of(&old_parts), bytes_of(&new_parts));
        if old_bytes == new_bytes {
            continue;
        }
        let pairs = old_bytes.iter().zip(&new_bytes);
        let unequal = pairs.filter(|(old_byte, new_byte)| old_byte != new_byte);
        let bytes = unequal.count() + old_bytes.len().abs_diff(new_bytes.len());
        all.push(Difference {
            part,
            bytes: bytes as u64,
            what: match (old_bytes.is_empty(), new_bytes.is_empty()) {
                (true, false) => format!("{name}: only in the new program"),
                (false, true) => format!("{name}: only in the old program"),
                _ => name.to_owned(),
            },
        });
    }
    all
}

/// The bytes of a file that are not loaded into memory, by part.
fn bytes_by_part(image: &Image<'_>) -> Vec<(DifferentPart, Vec<u8>)> {
    let window = image.window();
    let bytes_at = |offset: u64, size: u64| window.get(offset, size).unwrap_or_default().to_vec();
    let mut all = Vec::new();
    let is_elf = image.format == Format::Elf;
    if is_elf {
        let is_loaded = |section: &Section<'_>| section.address != 0;
        for section in &image.sections {
            let part = match section.name.as_ref() {
                b".note.gnu.build-id" => DifferentPart::BuildId,
                _ if is_loaded(section) || section.file_size == 0 => continue,
                b".symtab" | b".strtab" => DifferentPart::Symbols,
                b".shstrtab" => DifferentPart::Layout,
                _ => DifferentPart::Debug,
            };
            all.push((part, bytes_at(section.offset, section.file_size)));
        }
    }
    for (offset, size, part) in parts(image).runs() {
        let part = match part {
            Part::Debug if !is_elf => DifferentPart::Debug,
            Part::Signature => DifferentPart::Signature,
            Part::Other => DifferentPart::Layout,
            _ => continue,
        };
        all.push((part, bytes_at(offset, size)));
    }
    all
}
