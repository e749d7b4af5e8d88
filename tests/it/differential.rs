//! Comparison with other programs: goblin for sections and segments of every stored program, the system's `tar` and Python's
//! `zipfile` for entries of archives. (`parity.rs` compares with Go's own reader, `scripts/compare-go.py` does so on damaged
//! files.)

use crate::support::cli::Scratch;
use crate::support::{fixture, fixtures, needs};
use gospect::bytes::{Budget, Limits, Window};
use gospect::exe::{self, Format};
use gospect::source::archive::tar::{self, Ending, EntryKind, Flow};
use gospect::source::archive::{Feed, Scope, zip};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Name, address, size in memory, offset.
type Section = (String, u64, u64, u64);
/// Address, offset, bytes in the file, writable, executable.
type Segment = (u64, u64, u64, bool, bool);

fn ours(bytes: &[u8]) -> Option<(Format, BTreeSet<Section>, BTreeSet<Segment>)> {
    let window = Window::new(&bytes, 1 << 30);
    let image = exe::open(&window).ok()?;
    let sections = image.sections.iter().map(|s| {
        let name = String::from_utf8_lossy(&s.name).into_owned();
        (name, s.address, s.size, s.offset)
    });
    let segments = image
        .segments
        .iter()
        .map(|s| (s.address, s.offset, s.size, s.writable, s.executable));
    Some((image.format, sections.collect(), segments.collect()))
}

fn elf_of_goblin(bytes: &[u8]) -> (BTreeSet<Section>, BTreeSet<Segment>) {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let sections = elf.section_headers.iter().map(|s| {
        let name = elf.shdr_strtab.get_at(s.sh_name).unwrap_or_default();
        (name.to_owned(), s.sh_addr, s.sh_size, s.sh_offset)
    });
    let loaded = elf
        .program_headers
        .iter()
        .filter(|p| p.p_type == goblin::elf::program_header::PT_LOAD && p.p_filesz > 0);
    let segments = loaded.map(|p| {
        (
            p.p_vaddr,
            p.p_offset,
            p.p_filesz,
            p.is_write(),
            p.is_executable(),
        )
    });
    (sections.collect(), segments.collect())
}

fn macho_of_goblin(bytes: &[u8]) -> BTreeSet<Segment> {
    let macho = goblin::mach::MachO::parse(bytes, 0).unwrap();
    let segments = macho.segments.iter().filter(|s| s.filesize > 0);
    segments
        .map(|s| {
            (
                s.vmaddr,
                s.fileoff,
                s.filesize,
                s.initprot & 2 != 0,
                s.initprot & 4 != 0,
            )
        })
        .collect()
}

fn pe_of_goblin(bytes: &[u8]) -> BTreeSet<(u64, u64)> {
    let pe = goblin::pe::PE::parse(bytes).unwrap();
    let sections = pe
        .sections
        .iter()
        .filter(|s| s.size_of_raw_data > 0 && s.pointer_to_raw_data > 0);
    sections
        .map(|s| {
            (
                pe.image_base + u64::from(s.virtual_address),
                u64::from(s.pointer_to_raw_data),
            )
        })
        .collect()
}

#[test]
fn goblin_sees_the_same_segments_and_sections() {
    let (mut elf, mut macho, mut pe) = (0, 0, 0);
    for f in fixtures() {
        let bytes = f.bytes();
        let Some((format, sections, segments)) = ours(&bytes) else {
            continue;
        };
        match format {
            Format::Elf
                if f.goos != "none"
                    && goblin::elf::Elf::parse(&bytes)
                        .is_ok_and(|e| e.header.e_type != goblin::elf::header::ET_REL) =>
            {
                let (theirs, loaded) = elf_of_goblin(&bytes);
                let theirs: BTreeSet<_> = theirs.into_iter().filter(|s| !s.0.is_empty()).collect();
                let sections: BTreeSet<_> =
                    sections.into_iter().filter(|s| !s.0.is_empty()).collect();
                assert_eq!(sections, theirs, "{}", f.id);
                assert_eq!(segments, loaded, "{}", f.id);
                elf += 1;
            }
            // An object file has one segment with all sections one after the other.
            Format::MachO if !f.id.contains("object") => {
                let mapped: BTreeSet<_> = segments.into_iter().filter(|s| s.2 > 0).collect();
                assert_eq!(mapped, macho_of_goblin(&bytes), "{}", f.id);
                macho += 1;
            }
            Format::Pe if bytes.starts_with(b"MZ") => {
                let places: BTreeSet<_> = segments.iter().map(|s| (s.0, s.1)).collect();
                let theirs = pe_of_goblin(&bytes);
                assert!(
                    !places.is_empty() && places.is_subset(&theirs),
                    "{}: {places:x?} {theirs:x?}",
                    f.id
                );
                pe += 1;
            }
            _ => {}
        }
    }
    assert!(elf > 50 && macho >= 4 && pe >= 4, "{elf} {macho} {pe}");
}

fn scope() -> Scope {
    Scope::new(Limits::default(), Budget::default())
}

/// Type letter, name without final slash, and size of a file.
fn tar_entries(bytes: &[u8]) -> Vec<(char, String, u64)> {
    let mut found = Vec::new();
    tar::read(
        &mut Feed::at(&bytes),
        &scope(),
        Ending::Stream,
        &mut |entry, body| {
            let (kind, size) = match entry.kind {
                EntryKind::File => ('-', std::io::copy(body, &mut std::io::sink())?),
                EntryKind::HardLink(_) => ('h', 0),
                EntryKind::SymLink(_) => ('l', 0),
                EntryKind::Dir => ('d', 0),
                EntryKind::Other(_) | EntryKind::Unread(_) => ('?', 0),
            };
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            found.push((kind, name.trim_end_matches('/').to_owned(), size));
            Ok(Flow::Continue)
        },
    )
    .unwrap();
    found
}

fn sh(line: &str, dir: &Path) {
    let out = Command::new("sh")
        .args(["-ec", line])
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}

#[test]
#[cfg(unix)]
fn tar_lists_the_same_entries() {
    if !needs(&["tar"]) {
        return;
    }
    let scratch = Scratch::new();
    let program = fixture("1.27-linux-amd64-hello-trimstrip");
    scratch.put("in/usr/bin/app", &program);
    scratch.put("in/empty", b"");
    scratch.put("in/été", b"text");
    scratch.put(
        &format!("in/{}/{}", "d".repeat(90), "n".repeat(120)),
        b"long",
    );
    sh(
        "cd in && ln -s usr/bin/app soft && ln usr/bin/app hard && mkfifo pipe && mkdir d.d && truncate -s 3M holes && printf x >> holes && chmod 4711 usr/bin/app",
        scratch.path(),
    );
    for (format, more) in [
        ("v7", "--exclude=ddd* --exclude=pipe"),
        ("ustar", "--exclude=ddd*"),
        ("gnu", ""),
        ("gnu", "-S"),
        ("posix", ""),
        ("posix", "-S"),
        ("oldgnu", ""),
    ] {
        let line = format!(
            "tar --format={format} {more} --sort=name -cf a.tar -C in . && tar -tvf a.tar --numeric-owner --quoting-style=literal > list"
        );
        sh(&line, scratch.path());
        let list = std::fs::read_to_string(scratch.path().join("list")).unwrap();
        let theirs: Vec<(char, String, u64)> = list
            .lines()
            .map(|line| {
                // drwxr-xr-x 0/0 123 2026-01-02 03:04 NAME [-> TARGET | link to TARGET]
                let kind = line.chars().next().unwrap();
                let mut fields = line.split_whitespace();
                let size = fields.nth(2).unwrap().parse().unwrap();
                let name = fields.nth(2).unwrap();
                let kind = if kind == 'p' { '?' } else { kind };
                let size = if kind == '-' { size } else { 0 };
                (kind, name.trim_end_matches('/').to_owned(), size)
            })
            .collect();
        let bytes = std::fs::read(scratch.path().join("a.tar")).unwrap();
        assert_eq!(tar_entries(&bytes), theirs, "{format} {more}");
        assert!(theirs.len() > 7);
    }
}

#[test]
fn python_lists_the_same_zip_entries() {
    if !needs(&["python3"]) {
        return;
    }
    let scratch = Scratch::new();
    let make = "import zipfile as z, os\n\
        for name, method, force in (('s', 0, 0), ('d', 8, 0), ('b', 12, 0), ('big', 8, 1)):\n\
        \x20 with z.ZipFile(name + '.zip', 'w', method) as f:\n\
        \x20  f.comment = b'a comment'\n\
        \x20  f.mkdir('dir') if hasattr(f, 'mkdir') else None\n\
        \x20  for n, data in (('a/b.txt', b'x' * 70000), ('empty', b''), ('\\u00e9', os.urandom(3000)), ('../up', b'u'), ('/abs', b'v')):\n\
        \x20   with f.open(n, 'w', force_zip64=bool(force)) as o: o.write(data)\n\
        \x20 with z.ZipFile(name + '.zip') as f, open(name + '.list', 'w') as o:\n\
        \x20  for i in f.infolist(): print(i.orig_filename, i.file_size, i.CRC, sep='\\t', file=o)\n";
    let out = Command::new("python3")
        .args(["-c", make])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    for name in ["s", "d", "b", "big"] {
        let bytes = std::fs::read(scratch.path().join(format!("{name}.zip"))).unwrap();
        let mut found = Vec::new();
        zip::read(&bytes, &scope(), &mut |entry, content| {
            let mut crc = flate2::Crc::new();
            let mut body = Vec::new();
            std::io::Read::read_to_end(content.unwrap(), &mut body)?;
            crc.update(&body);
            found.push(format!(
                "{}\t{}\t{}",
                String::from_utf8_lossy(&entry.name),
                body.len(),
                crc.sum()
            ));
            Ok(Flow::Continue)
        })
        .unwrap();
        let list = std::fs::read_to_string(scratch.path().join(format!("{name}.list"))).unwrap();
        assert_eq!(found, list.lines().collect::<Vec<_>>(), "{name}");
        assert!(found.len() >= 5);
    }
}
