//! Records edited by hand are detected by the program's second copy, unchanged ones are never suspected, and a removed record is
//! read from that copy.

use crate::support::fixtures::{Fixture, fixtures};
use crate::support::{derive, fixture};
use gospect::go::{Level, Options, inspect};
use gospect::record::{Binary, Verdict};
use memchr::memmem;
use object::{Object, ObjectSection};

/// Every program in a file, with full facts.
fn programs(bytes: &[u8]) -> Vec<Binary> {
    let options = Options {
        level: Level::Full,
        named: true,
        ..Options::default()
    };
    let found = inspect(&bytes, &options).map_or_else(|_| Vec::new(), |i| i.found);
    found.into_iter().map(|f| *f.record).collect()
}

fn program(bytes: &[u8], what: &str) -> Binary {
    let mut all = programs(bytes);
    assert_eq!(all.len(), 1, "{what}: {} programs", all.len());
    all.remove(0)
}

/// Claims that the evidence contradicts.
fn contradicted(binary: &Binary) -> Vec<&str> {
    let rows = binary.corroboration.as_deref().unwrap_or_default();
    rows.iter()
        .filter(|r| r.verdict == Verdict::Contradicted)
        .map(|r| r.claim.as_str())
        .collect()
}

/// Linked programs with both the blob and the linker's copy. Plugins have only the blob; wasm and objects have another layout.
fn has_two_copies(f: &Fixture) -> bool {
    let other = ["-buildmode=plugin", "-buildmode=c-archive"];
    f.toolchain.is_some()
        && f.by_gc()
        && !f.is_bare()
        && f.goarch != "wasm"
        && f.program != "other"
        && !f.flags.iter().any(|flag| other.contains(&flag.as_str()))
}

/// The text with the last character of a field changed; `find` selects the field.
fn bend(text: &[u8], find: impl Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    let lines = String::from_utf8_lossy(text.get(16..text.len().checked_sub(16)?)?).into_owned();
    let field = lines.lines().find_map(find)?;
    let at = memmem::find(text, field.as_bytes())? + field.len() - 1;
    let mut out = text.to_vec();
    out[at] = match out[at] {
        b'0' => b'1',
        b'1' => b'0',
        b'9' => b'8',
        digit @ b'2'..=b'8' => digit + 1,
        b'x' => b'y',
        _ => b'x',
    };
    Some(out)
}

/// Selects a whole line with this start and a value that is not empty.
fn line(start: &'static str) -> impl Fn(&str) -> Option<String> {
    move |l| (l.starts_with(start) && !l.ends_with(['=', '\t'])).then(|| l.to_owned())
}

/// Selects the first three fields of a module line: kind, path, version.
fn module(kind: &'static str) -> impl Fn(&str) -> Option<String> {
    move |l| {
        let fields: Vec<&str> = l.split('\t').collect();
        (fields[0] == kind && fields.len() > 2 && !fields[2].is_empty())
            .then(|| fields[..3].join("\t"))
    }
}

#[test]
fn every_edit_of_the_record_is_contradicted() {
    type Find = Box<dyn Fn(&str) -> Option<String>>;
    let edits: Vec<(&str, Find)> = vec![
        ("main package", Box::new(line("path\t"))),
        ("main module version", Box::new(module("mod"))),
        ("dependency version", Box::new(module("dep"))),
        ("cgo", Box::new(line("build\tCGO_ENABLED="))),
        ("architecture", Box::new(line("build\tGOARCH="))),
        ("compiler", Box::new(line("build\t-compiler="))),
        ("link flags", Box::new(line("build\t-ldflags="))),
        ("GODEBUG", Box::new(line("build\tDefaultGODEBUG="))),
        ("revision", Box::new(line("build\tvcs.revision="))),
    ];
    let mut seen = vec![0; edits.len()];
    let mut programs = 0;
    for f in fixtures().filter(|f| has_two_copies(f)) {
        let honest = f.bytes();
        programs += 1;
        for (i, (what, find)) in edits.iter().enumerate() {
            let Some(text) = bend(&derive::find_blob(&honest).modinfo, find) else {
                continue;
            };
            let forged = derive::rewrite_blob(&honest, |blob| blob.modinfo = text);
            let binary = program(&forged, &f.id);
            assert!(
                !contradicted(&binary).is_empty(),
                "{}: {what} edited and not noticed",
                f.id
            );
            seen[i] += 1;
        }
    }
    assert!(programs >= 100, "only {programs} programs");
    for ((what, _), seen) in edits.iter().zip(seen) {
        assert!(seen > 0, "no program to edit the {what} of");
    }
}

#[test]
fn an_edited_version_is_contradicted() {
    for f in fixtures().filter(|f| has_two_copies(f)) {
        let honest = f.bytes();
        // The patch release, the minor release, and a vendor's text instead.
        for version in ["go1.99", "go1.9", "devel", "go1-a"] {
            let forged = derive::rewrite_blob(&honest, |blob| {
                blob.version = version.as_bytes().to_vec();
            });
            let binary = program(&forged, &f.id);
            assert!(
                !contradicted(&binary).is_empty(),
                "{}: {version} not noticed",
                f.id
            );
        }
        let forged = derive::rewrite_blob(&honest, |blob| {
            let last = blob.version.last_mut().unwrap();
            *last = if *last == b'3' { b'2' } else { b'3' };
        });
        let binary = program(&forged, &f.id);
        assert!(
            !contradicted(&binary).is_empty(),
            "{}: the patch release was edited and not noticed",
            f.id
        );
    }
}

#[test]
fn a_line_taken_out_or_a_record_emptied_is_contradicted() {
    for f in fixtures().filter(|f| has_two_copies(f)) {
        let honest = f.bytes();
        let without_line = derive::rewrite_blob(&honest, |blob| {
            let at = memmem::find(&blob.modinfo, b"build\t").expect("a setting");
            let end = at + memchr::memchr(b'\n', &blob.modinfo[at..]).unwrap() + 1;
            blob.modinfo.drain(at..end);
        });
        let emptied = derive::rewrite_blob(&honest, |blob| blob.modinfo.clear());
        let unmarked = derive::rewrite_blob(&honest, |blob| blob.modinfo[..16].fill(b'X'));
        for (what, forged) in [
            ("a line", without_line),
            ("the text", emptied),
            ("its mark", unmarked),
        ] {
            let binary = program(&forged, &f.id);
            assert!(
                !contradicted(&binary).is_empty(),
                "{}: {what} removed and not noticed",
                f.id
            );
        }
    }
}

#[test]
fn honest_programs_are_never_contradicted() {
    for f in fixtures().filter(|f| !f.is_lying()) {
        for binary in programs(&f.bytes()) {
            let claims = contradicted(&binary);
            assert!(claims.is_empty(), "{}: {claims:?}", f.id);
        }
    }
}

#[test]
fn a_version_edited_in_both_copies_is_compared_with_the_tables() {
    for (id, from, to) in [
        ("1.27-linux-amd64-strip", "go1.27.3", "go1.17.3"),
        ("1.19-linux-amd64-strip", "go1.19.8", "go1.27.8"),
        ("1.27-windows-amd64-strip", "go1.27.3", "go1.19.3"),
    ] {
        let mut forged = fixture(id).to_vec();
        let places: Vec<usize> = memmem::find_iter(&forged, from).collect();
        assert!(places.len() >= 2, "{id}");
        for at in places {
            forged[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
        let binary = program(&forged, id);
        assert_eq!(binary.go_version.as_deref(), Some(to), "{id}");
        assert!(!contradicted(&binary).is_empty(), "{id}: not noticed");
    }
}

#[test]
fn a_record_that_was_removed_is_recovered_in_full() {
    for f in fixtures().filter(|f| has_two_copies(f)) {
        let honest = f.bytes();
        let want = program(&honest, &f.id);
        assert!(want.build_info.is_some(), "{}", f.id);
        let blob = derive::find_blob(&honest);
        let mut destroyed = honest.to_vec();
        destroyed[blob.start..blob.end].fill(0);
        let mut variants = vec![
            ("magic erased", derive::erase_magic(&honest)),
            ("blob destroyed", destroyed),
        ];
        if honest.starts_with(b"\x7fELF") {
            variants.push(("no sections", derive::drop_section_headers(&honest)));
            let bare = derive::drop_section_headers(&derive::erase_magic(&honest));
            variants.push(("no sections, no magic", bare));
            let renamed = derive::rename_section(&honest, ".go.buildinfo", ".not.here");
            variants.push(("section renamed", renamed));
        }
        if f.goos == "darwin" {
            let renamed = derive::rename_section(&honest, "__go_buildinfo", "__not_here");
            variants.push(("section renamed", renamed));
        }
        for (what, file) in variants {
            let got = program(&file, &f.id);
            assert_eq!(got.build_info, want.build_info, "{}: {what}", f.id);
            assert_eq!(got.go_version_raw, want.go_version_raw, "{}: {what}", f.id);
            assert_eq!(got.main_package, want.main_package, "{}: {what}", f.id);
            assert_eq!(contradicted(&got), contradicted(&want), "{}: {what}", f.id);
        }
    }
}

#[test]
fn the_older_layout_has_no_second_copy_to_compare_with() {
    for id in ["1.27-linux-amd64-w", "1.19-linux-amd64-w"] {
        let binary = program(&derive::pointer_format(&fixture(id)), id);
        let claims = contradicted(&binary);
        assert!(
            !claims.contains(&"build-info") && !claims.contains(&"GoVersion"),
            "{id}: {claims:?}"
        );
    }
}

/// Windows ignores this flag when it loads a program, so we must ignore it too.
#[test]
fn sections_marked_as_discardable_hide_nothing() {
    let mut checked = 0;
    for f in fixtures().filter(|f| f.goos == "windows" && f.by_gc()) {
        let honest = f.bytes();
        let mut marked = honest.to_vec();
        let word = |at: usize| u32::from_le_bytes(honest[at..at + 4].try_into().unwrap());
        let header = word(0x3c) as usize;
        if honest.get(..2) != Some(b"MZ") || &honest[header..header + 4] != b"PE\0\0" {
            continue;
        }
        let half = |at: usize| usize::from(honest[at]) | usize::from(honest[at + 1]) << 8;
        let table = header + 24 + half(header + 20);
        for i in 0..half(header + 6) {
            // IMAGE_SCN_MEM_DISCARDABLE, in the last byte of the flags.
            marked[table + i * 40 + 39] |= 0x02;
        }
        assert_eq!(programs(&honest), programs(&marked), "{}", f.id);
        checked += 1;
    }
    assert!(checked > 3, "only {checked} checked");
}

/// A program may contain another as data, including its function table: only the table that the moduledata points to counts.
#[test]
fn a_function_table_in_data_is_not_the_programs() {
    let mut checked = 0;
    for f in fixtures().filter(|f| f.goos == "windows" && f.by_gc()) {
        let honest = f.bytes();
        let word = |at: usize| u32::from_le_bytes(honest[at..at + 4].try_into().unwrap()) as usize;
        let header = word(0x3c);
        if honest.get(..2) != Some(b"MZ") || &honest[header..header + 4] != b"PE\0\0" {
            continue;
        }
        let half = |at: usize| usize::from(honest[at]) | usize::from(honest[at + 1]) << 8;
        let table = header + 24 + half(header + 20);
        let sections = (0..half(header + 6)).map(|i| table + i * 40);
        let mut data = sections.filter(|&at| honest[at..].starts_with(b".rdata\0"));
        let Some(start) = data.next().map(|at| word(at + 20)) else {
            continue;
        };
        let magics = memmem::find_iter(&honest[start..], b"\xff\xff\xff\0\0");
        let real = magics
            .map(|at| start + at - 1)
            .find(|&at| matches!(honest[at], 0xf0 | 0xf1) && matches!(honest[at + 7], 4 | 8));
        let Some(real) = real.filter(|real| real - start > 8192) else {
            continue;
        };
        let mut decoy = honest.to_vec();
        decoy.copy_within(real..real + 2048, start);
        let (before, after) = (program(&honest, &f.id), program(&decoy, &f.id));
        assert_eq!(after.goroot, before.goroot, "{}", f.id);
        assert_eq!(after.linked, before.linked, "{}", f.id);
        assert_eq!(contradicted(&after), contradicted(&before), "{}", f.id);
        checked += 1;
    }
    assert!(checked > 3, "only {checked} checked");
}

/// A walk rejects most other programs by their section names; those of a static program may have been changed.
#[test]
fn a_static_program_without_any_name_of_go_is_found_unless_another_linker_made_it() {
    let mut file = fixture("1.27-linux-amd64-strip").to_vec();
    let note = b"\x04\0\0\0Go\0\0";
    let at = file.windows(note.len()).position(|w| w == note).unwrap();
    file[at..at + note.len()].fill(0);
    let parsed = object::File::parse(&*file).unwrap();
    let names: Vec<String> = parsed
        .sections()
        .filter_map(|s| Some(s.name().ok()?.to_owned()))
        .filter(|name| name.contains("go") || name.contains("typelink"))
        .collect();
    assert!(names.len() > 3, "{names:?}");
    for (i, name) in names.iter().enumerate() {
        file = derive::rename_section(&file, name, &format!(".x{i}"));
    }
    let found = |file: &[u8], named: bool| {
        let options = Options {
            named,
            ..Options::default()
        };
        let inspection = inspect(&file, &options).unwrap();
        inspection
            .found
            .first()
            .map(|f| f.record.go_version.clone())
    };
    let version = Some(Some("go1.27.3".to_owned()));
    assert_eq!(found(&file, false), version);
    let other = derive::rename_section(&file, ".shstrtab", ".eh_frame");
    assert_eq!(found(&other, false), None);
    assert_eq!(found(&other, true), version);
}
