//! Tests of the test data: the stored programs, and the makers of variants.

use std::collections::BTreeSet;

use crate::support::derive::{self, MAGIC};
use crate::support::{boundaries, fixture, fixtures};
use gospect::go::{Options, inspect};
use memchr::memmem;
use object::{Object, ObjectSection, ObjectSymbol};
use sha2::{Digest, Sha256};

#[test]
fn every_stored_program_is_the_one_that_was_built() {
    let mut ids = BTreeSet::new();
    for f in fixtures() {
        let bytes = f.bytes();
        let digest: String = Sha256::digest(&*bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(
            (digest, bytes.len() as u64),
            (f.sha256.clone(), f.size),
            "{}",
            f.id
        );
        assert!(ids.insert(&f.id), "{} twice", f.id);
    }
    assert!(ids.len() >= 100, "{} programs", ids.len());
}

#[test]
fn an_elf_without_section_headers_has_no_sections_but_its_segments() {
    for id in [
        "1.27-linux-amd64-w",
        "1.27-linux-386-w",
        "1.27-linux-s390x-strip",
        "1.21-linux-mips-strip",
    ] {
        let file = derive::drop_section_headers(&fixture(id));
        let parsed = object::File::parse(&*file).unwrap();
        assert_eq!(parsed.sections().count(), 0, "{id}");
        assert!(
            object::ObjectSegment::size(&parsed.segments().next().unwrap()) > 0,
            "{id}"
        );
    }
}

#[test]
fn a_renamed_section_is_found_by_its_new_name_only() {
    let rows = [
        ("1.27-linux-amd64-strip", ".go.buildinfo", ".not.here"),
        ("1.27-linux-s390x-strip", ".go.buildinfo", ".not.here"),
        ("1.27-darwin-arm64-w", "__go_buildinfo", "__not_here"),
        ("1.27-windows-amd64-strip", ".data", ".dotx"),
    ];
    for (id, from, to) in rows {
        let file = derive::rename_section(&fixture(id), from, to);
        let parsed = object::File::parse(&*file).unwrap();
        let names: Vec<_> = parsed
            .sections()
            .map(|s| s.name().unwrap().to_owned())
            .collect();
        assert!(
            names.iter().any(|n| n == to) && !names.iter().any(|n| n == from),
            "{id}: {names:?}"
        );
    }
}

#[test]
fn universal_files_hold_their_slices() {
    use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
    let (a, b) = (
        fixture("1.27-darwin-amd64-strip"),
        fixture("1.27-darwin-arm64-w"),
    );
    let slices: [&[u8]; 2] = [&a, &b];
    let narrow = derive::fat(&slices);
    let parsed = MachOFatFile32::parse(&*narrow).unwrap();
    let stored: Vec<_> = parsed
        .arches()
        .iter()
        .map(|s| s.data(&*narrow).unwrap())
        .collect();
    assert!(stored == slices);
    let wide = derive::fat64(&slices);
    let parsed = MachOFatFile64::parse(&*wide).unwrap();
    let stored: Vec<_> = parsed
        .arches()
        .iter()
        .map(|s| s.data(&*wide).unwrap())
        .collect();
    assert!(stored == slices);
}

#[test]
fn editing_the_blob_leaves_the_second_copy_alone() {
    let honest = fixture("1.27-linux-amd64-deps-strip");
    let rows = [
        ("go1.27.3", "go1.9"),
        ("CGO_ENABLED=0", "CGO_ENABLED=1"),
        ("example.com/dep\tv1.2.3", "example.com/dep\tv1.2.9"),
    ];
    for (from, to) in rows {
        let edited = derive::edit_blob(&honest, from, to);
        assert_eq!(edited.len(), honest.len());
        let blob = derive::find_blob(&edited);
        let strings = [blob.version, blob.modinfo].concat();
        assert!(
            memmem::find(&strings, from.as_bytes()).is_none()
                && memmem::find(&strings, to.as_bytes()).is_some()
        );
        let outside = [&edited[..blob.start], &edited[blob.end..]].concat();
        assert!(
            memmem::find(&outside, from.as_bytes()).is_some(),
            "{from} has no second copy"
        );
    }
}

#[test]
fn an_erased_magic_is_nowhere_in_the_file() {
    let file = derive::erase_magic(&fixture("1.27-windows-amd64-w"));
    assert!(memmem::find(&file, MAGIC).is_none());
}

#[test]
fn the_old_format_points_at_the_string_variables() {
    for id in [
        "1.27-linux-amd64-w",
        "1.27-linux-386-w",
        "1.19-linux-amd64-w",
    ] {
        let file = derive::pointer_format(&fixture(id));
        let l = derive::Layout::of_elf(&file);
        let word = l.pick(4, 8);
        let at = memmem::find(&file, MAGIC).unwrap();
        let parsed = object::File::parse(&*file).unwrap();
        let read = |address: u64, len: u64| {
            let s = parsed
                .sections()
                .find_map(|s| s.data_range(address, len).ok().flatten());
            s.unwrap_or_else(|| panic!("{id}: {address:#x} is not mapped"))
                .to_vec()
        };
        let header = l.get(&file, at + 16, word);
        let (text, len) = (
            l.get(&read(header, word as u64), 0, word),
            l.get(&read(header + word as u64, word as u64), 0, word),
        );
        assert_eq!(
            read(text, len),
            crate::support::fixtures::row(id)
                .toolchain
                .as_ref()
                .unwrap()
                .as_bytes()
        );
        assert!(parsed.symbols().any(|s| s.name() == Ok("runtime.modinfo")
            && s.address() == l.get(&file, at + 16 + word, word)));
    }
}

#[test]
fn flipped_bits_depend_on_the_seed_alone() {
    let file = fixture("1.27-plan9-386-strip");
    let flip = |seed| derive::flip_bits(&file, 0..256, seed, 4);
    assert_eq!(flip(7), flip(7));
    assert_ne!(flip(7), flip(8));
    assert!(flip(7)[256..] == file[256..] && flip(7) != **file);
}

#[test]
fn boundaries_are_known_for_every_format() {
    for f in fixtures() {
        let cuts = boundaries::header_boundaries(&f.bytes());
        assert!(
            cuts.len() > 14 && cuts.windows(2).all(|w| w[0] < w[1]),
            "{}: {cuts:?}",
            f.id
        );
    }
}

#[test]
fn the_go_object_of_an_archive_is_an_elf_object() {
    let member = derive::ar_member(&fixture("1.27-linux-amd64-c-archive"), "go.o");
    assert_eq!(
        object::File::parse(&*member).unwrap().kind(),
        object::ObjectKind::Relocatable
    );
}

#[test]
fn experiments_and_versions_are_those_of_the_build() {
    let (mut experiments, mut versions) = (0, 0);
    for f in fixtures().filter(|f| f.by_gc() && !f.is_lying() && f.toolchain.is_some()) {
        let options = Options {
            named: true,
            ..Options::default()
        };
        for found in inspect(&*f.bytes(), &options).unwrap().found {
            if let Some(ran) = &f.ran {
                assert_eq!(
                    found.record.go_version_raw.as_ref(),
                    Some(&ran.version),
                    "{}",
                    f.id
                );
                versions += 1;
            }
            // Objects compiled without the go command have no list.
            if let Some(enabled) = &found.record.experiments.enabled
                && !f.tool_tags.is_empty()
            {
                let mut built: Vec<&str> = f
                    .tool_tags
                    .iter()
                    .filter_map(|t| t.strip_prefix("goexperiment."))
                    .collect();
                built.sort_unstable();
                assert_eq!(enabled, &built, "{}", f.id);
                experiments += 1;
            }
        }
    }
    assert!(
        experiments > 100 && versions > 50,
        "{experiments} and {versions} checked"
    );
}
