//! The object of a c-archive is read like a linked program: its relocations say what the linker would write.

use crate::support::{derive, fixture, fixtures};
use gospect::go::{Options, inspect};
use gospect::record::{Binary, BuildInfoSource, Claim, ExecutableKind, Format, Verdict};

fn program(bytes: &[u8], what: &str) -> Binary {
    let mut found = inspect(&bytes, &Options::default()).unwrap().found;
    assert_eq!(found.len(), 1, "{what}");
    *found.remove(0).record
}

#[test]
fn objects_of_every_format_answer_everything() {
    let mut formats = Vec::new();
    for f in fixtures().filter(|f| f.id.ends_with("-object")) {
        let binary = program(&f.bytes(), &f.id);
        formats.push(binary.executable.format.clone());
        assert_eq!(binary.executable.kind, ExecutableKind::Object, "{}", f.id);
        assert_eq!(binary.executable.os.as_deref(), Some(&*f.goos), "{}", f.id);
        assert_eq!(
            binary.build_info_source,
            Some(BuildInfoSource::Section.into()),
            "{}",
            f.id
        );
        let goroot = binary.goroot.as_ref().unwrap();
        assert_eq!(goroot.linked, Some(true), "{}", f.id);
        assert_eq!(
            (&goroot.value, &goroot.runtime),
            (&f.goroot, &f.goroot),
            "{}",
            f.id
        );
        assert_eq!(
            binary.godebug.recorded.as_deref(),
            Some(&*f.default_godebug),
            "{}",
            f.id
        );
        assert_eq!(binary.godebug.baked, binary.godebug.recorded, "{}", f.id);
        let strings = binary.linker_strings.as_ref().unwrap();
        let version = strings
            .iter()
            .find(|s| s.name.as_deref() == Some("main.version"));
        assert_eq!(
            version.map(|s| s.value.as_str()),
            Some("1.2.3"),
            "{}: {strings:?}",
            f.id
        );
        let rows = binary.corroboration.as_ref().unwrap();
        assert!(
            rows.iter().all(|r| r.verdict == Verdict::Confirmed),
            "{}: {rows:?}",
            f.id
        );
        assert!(binary.linked.as_ref().unwrap().functions > 1000, "{}", f.id);
    }
    formats.sort();
    assert_eq!(formats, [Format::Elf, Format::MachO, Format::Pe]);
}

#[test]
fn an_edited_record_of_an_object_is_contradicted() {
    for f in fixtures().filter(|f| f.id.ends_with("-object")) {
        let forged = derive::edit_blob(&f.bytes(), "CGO_ENABLED=0", "CGO_ENABLED=1");
        let rows = program(&forged, &f.id).corroboration.unwrap();
        let claim = rows.iter().find(|r| r.claim == Claim::BuildInfo).unwrap();
        assert_eq!(claim.verdict, Verdict::Contradicted, "{}", f.id);
    }
}

/// In an ELF object, symbols count from their section, not from the start of the file.
#[test]
fn the_go_object_inside_an_archive_has_its_second_copy() {
    let archive = fixture("1.27-linux-amd64-c-archive");
    let binary = program(&archive, "c-archive");
    let rows = binary.corroboration.as_ref().unwrap();
    let confirmed = |claim: Claim| {
        rows.iter().any(|r| {
            r.claim == claim && r.how.contains("own copy") && r.verdict == Verdict::Confirmed
        })
    };
    assert!(
        confirmed(Claim::BuildInfo) && confirmed(Claim::GoVersion),
        "{rows:?}"
    );
    assert_eq!(binary.godebug.baked, binary.godebug.recorded);
}
