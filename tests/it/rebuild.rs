//! Rebuilding programs: what a comparison of two builds says, and how `gospect rebuild` ends.

use crate::support::cli::{Scratch, command, finish, run};
use crate::support::fixtures::{fixture, rebuild_fixture};
use gospect::bytes::Limits;
use gospect::compare::compare;
use gospect::record::rebuild::{Comparison, DifferentPart, Outcome};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn compared(old: &[u8], new: &[u8]) -> Comparison {
    compare(&old, &new, None, Limits::default()).unwrap()
}

fn pair(old: &str, new: &str) -> Comparison {
    compared(&rebuild_fixture(old), &rebuild_fixture(new))
}

/// All pairs of builds: of Linux for five architectures, PE, Mach-O and WebAssembly.
const PORTS: [&str; 8] = [
    "amd64", "arm64", "386", "s390x", "ppc64le", "windows", "darwin", "js",
];

#[test]
fn the_same_file_is_identical() {
    let result = pair("amd64-base", "amd64-base");
    assert_eq!(result.verdict, Outcome::Identical);
    assert!(result.functions > 1000);
    assert_eq!(result.functions, result.functions_equal);
}

/// A longer record moves data, and with it the addresses in code.
#[test]
fn another_record_over_equal_code_is_the_same_code() {
    for arch in PORTS {
        let result = pair(&format!("{arch}-base"), &format!("{arch}-record"));
        assert_eq!(
            result.verdict,
            Outcome::SameCode,
            "{arch}: {:?}",
            result.differences
        );
        assert_eq!(result.functions, result.functions_equal, "{arch}");
        let lines: Vec<&str> = result.differences.iter().map(|d| d.what.as_str()).collect();
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("`build -tags=a_tag")),
            "{arch}: {lines:?}"
        );
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("Go build ID: other hash of the inputs of the link")),
            "{arch}: {lines:?}"
        );
    }
}

#[test]
fn a_changed_function_is_named_with_its_line() {
    for arch in PORTS {
        let result = pair(&format!("{arch}-base"), &format!("{arch}-function"));
        assert_eq!(result.verdict, Outcome::Different, "{arch}");
        let names: Vec<&str> = result.changed.iter().map(|f| f.function.as_str()).collect();
        assert_eq!(names, ["example.com/app/lib.Add"], "{arch}");
        let place = result.changed[0].place.as_deref().unwrap();
        // WebAssembly counts blocks, not instructions.
        let line = if arch == "js" {
            "lib/lib.go:"
        } else {
            "lib/lib.go:7"
        };
        assert!(place.contains(line), "{arch}: {place}");
        assert!(
            result.explanations[0].ends_with("1 of example.com/app"),
            "{arch}: {:?}",
            result.explanations
        );
    }
}

#[test]
fn missing_symbols_are_no_difference_of_code() {
    let result = pair("amd64-base", "amd64-symbols");
    assert_eq!(
        result.verdict,
        Outcome::SameCode,
        "{:?}",
        result.differences
    );
    let has = |part| result.differences.iter().any(|d| d.part == part);
    assert!(
        has(DifferentPart::Symbols) && has(DifferentPart::Debug) && has(DifferentPart::BuildId)
    );
}

#[test]
fn differences_of_two_builds_are_explained() {
    for (old, new, why) in [
        (
            "amd64-base",
            "amd64-string",
            "another string set by the linker (-X): a variable",
        ),
        ("amd64-string", "amd64-other-string", "`1.2.3` and `1.2.4`"),
        (
            "amd64-base",
            "amd64-v3",
            "another setting: GOAMD64=v1 and GOAMD64=v3",
        ),
        ("amd64-base", "amd64-constant", "other constants"),
        ("amd64-base", "amd64-release", "another Go release: "),
        (
            "amd64-base",
            "amd64-patched",
            "only functions of the standard library differ: a patched toolchain",
        ),
        (
            "amd64-module-v1.0.0",
            "amd64-module-v1.1.0",
            "example.com/dep: and v1.0.0 and v1.1.0 and 1 of the functions that differ are its own",
        ),
        (
            "windows-base",
            "windows-string",
            "another string set by the linker (-X): a variable",
        ),
        (
            "darwin-base",
            "darwin-string",
            "another string set by the linker (-X): a variable",
        ),
        (
            "js-base",
            "js-string",
            "another string set by the linker (-X): a variable",
        ),
        (
            "amd64-base",
            "arm64-base",
            "another setting: GOARCH=amd64 and GOARCH=arm64",
        ),
    ] {
        for (a, b) in [(old, new), (new, old)] {
            let result = pair(a, b);
            assert_eq!(result.verdict, Outcome::Different, "{a} {b}");
            let words: Vec<&str> = why.split(" and ").collect();
            let all = result.explanations.join("\n");
            assert!(
                words
                    .iter()
                    .all(|word| all.contains(word.trim_start_matches("another setting: "))),
                "{a} {b}: {all}"
            );
        }
    }
    // Strings and constants leave every function as it is.
    for (old, new) in [
        ("amd64-base", "amd64-string"),
        ("amd64-base", "amd64-constant"),
        ("windows-base", "windows-string"),
        ("darwin-base", "darwin-string"),
        ("js-base", "js-string"),
    ] {
        let result = pair(old, new);
        assert_eq!(
            result.functions, result.functions_equal,
            "{new}: {:?}",
            result.changed
        );
    }
}

/// A toolchain with one changed function changes that function and moves what comes after it, and nothing else.
#[test]
fn a_patched_toolchain_is_recognised_by_its_function() {
    let result = pair("amd64-base", "amd64-patched");
    let names: Vec<&str> = result.changed.iter().map(|f| f.function.as_str()).collect();
    assert_eq!(names, ["runtime.printbool"]);
    let parts: Vec<&str> = result.differences.iter().map(|d| d.what.as_str()).collect();
    assert!(
        !parts.iter().any(|what| what.starts_with(".go.type")),
        "{parts:?}"
    );
}

/// Two patch releases that compile a program to the same code: the records name them, and no code differs.
#[test]
fn another_release_with_the_same_code_is_named() {
    let result = pair("amd64-release", "amd64-patch-release");
    assert_eq!(
        result.verdict,
        Outcome::SameCode,
        "{:?}",
        result.differences
    );
    assert!(
        result
            .explanations
            .iter()
            .any(|why| why.starts_with("another patch release of Go: go1.26.6 and go1.26.8")),
        "{:?}",
        result.explanations
    );
    let lines: Vec<&str> = result.differences.iter().map(|d| d.what.as_str()).collect();
    assert!(
        lines.contains(&"`go go1.26.6` is `go go1.26.8`"),
        "{lines:?}"
    );
}

/// Two patch releases with different runtimes: all functions that differ are of the standard library, and the releases explain them.
#[test]
fn another_patch_release_explains_another_runtime() {
    let result = pair("amd64-first-release", "amd64-release");
    assert_eq!(result.verdict, Outcome::Different);
    let why = &result.explanations;
    assert_eq!(why[0], "another patch release of Go: go1.26.0 and go1.26.6");
    assert!(!why.iter().any(|why| why.contains("toolchain")), "{why:?}");
    let names: Vec<&str> = result.changed.iter().map(|f| f.function.as_str()).collect();
    assert!(names.contains(&"internal/cpu.processOptions"), "{names:?}");
    assert!(result.functions_equal > 1400, "{}", result.functions_equal);
}

/// The build ID is a text before the code. What comes after it is code.
#[test]
fn code_after_the_build_id_is_code() {
    for port in ["windows", "darwin"] {
        let base = rebuild_fixture(&format!("{port}-base"));
        let mark = b"\xff Go build ID: \"";
        let at = memchr::memmem::find(&base, mark).unwrap();
        let end = at + memchr::memmem::find(&base[at..], b"\"\n \xff").unwrap() + 4;
        let mut other_id = base.to_vec();
        other_id[at + mark.len() + 3] ^= 1;
        let result = compared(&base, &other_id);
        assert_eq!(result.verdict, Outcome::SameCode, "{port}");
        assert!(
            result
                .differences
                .iter()
                .any(|d| d.part == DifferentPart::BuildId),
            "{port}: {:?}",
            result.differences
        );
        // In the padding after it, and in place of the text.
        for place in [end + 2, at + mark.len() + 20] {
            let mut edited = other_id.clone();
            edited[place..place + 2].copy_from_slice(b"\xeb\xfe");
            let result = compared(&base, &edited);
            assert_eq!(result.verdict, Outcome::Different, "{port} at {place}");
        }
    }
}

/// Headers and tables that decide where a program starts or what it calls do not count as layout.
#[test]
fn another_entry_is_different() {
    let windows = rebuild_fixture("windows-base");
    let mut edited = windows.to_vec();
    let header = u32::from_le_bytes(edited[0x3c..0x40].try_into().unwrap()) as usize;
    // AddressOfEntryPoint.
    edited[header + 24 + 16] ^= 0x20;
    assert_eq!(compared(&windows, &edited).verdict, Outcome::Different);

    let darwin = rebuild_fixture("darwin-base");
    let mut edited = darwin.to_vec();
    let mut at = 32;
    // LC_MAIN.
    while edited[at..at + 4] != [0x28, 0, 0, 0x80] {
        at += u32::from_le_bytes(edited[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    edited[at + 8] ^= 0x20;
    assert_eq!(compared(&darwin, &edited).verdict, Outcome::Different);

    let js = rebuild_fixture("js-base");
    let sections = wasm_sections(&js);
    // Types, imports, functions, exports, elements.
    for id in [1, 2, 3, 7, 9] {
        let (start, size) = sections[&id];
        let mut edited = js.to_vec();
        edited[start + size - 1] ^= 1;
        if let Ok(result) = compare(&&js[..], &&edited[..], None, Limits::default()) {
            assert_eq!(result.verdict, Outcome::Different, "section {id}");
        }
    }
}

/// Offset and size of the sections of a WebAssembly module.
fn wasm_sections(module: &[u8]) -> std::collections::HashMap<u8, (usize, usize)> {
    let mut all = std::collections::HashMap::new();
    let mut at = 8;
    while at < module.len() {
        let id = module[at];
        let (mut size, mut shift) = (0usize, 0);
        loop {
            at += 1;
            size |= usize::from(module[at] & 0x7f) << shift;
            shift += 7;
            if module[at] < 0x80 {
                break;
            }
        }
        at += 1;
        all.insert(id, (at, size));
        at += size;
    }
    all
}

/// The module data says which initialisers are run and where types and tables of the garbage collector are.
#[test]
fn edited_module_data_is_different() {
    use object::{Object, ObjectSection};
    let base = rebuild_fixture("amd64-base");
    let file = object::File::parse(&base[..]).unwrap();
    let section = file.section_by_name(".go.module").unwrap();
    let (offset, size) = section.file_range().unwrap();
    let words = size / 8;
    let others = [
        rebuild_fixture("amd64-base"),
        rebuild_fixture("amd64-record"),
    ];
    let mut tried = 0;
    for word in 0..words {
        let at = (offset + word * 8) as usize;
        let mut edited = base.to_vec();
        edited[at] ^= 0x40;
        for other in &others {
            let Ok(result) = compare(&&edited[..], &&other[..], None, Limits::default()) else {
                continue;
            };
            tried += 1;
            assert_eq!(
                result.verdict,
                Outcome::Different,
                "word {word}: {:?}",
                result.differences
            );
        }
    }
    assert!(tried > 40, "{tried}");
}

/// The record of the FIPS 140 module says over what its sum is.
#[test]
fn an_edited_fips_record_is_different() {
    use object::{Object, ObjectSection};
    let base = rebuild_fixture("amd64-base");
    let file = object::File::parse(&base[..]).unwrap();
    let section = file.section_by_name(".go.fipsinfo").unwrap();
    let (offset, size) = section.file_range().unwrap();
    assert!(size >= 120);
    for at in (offset + 16..offset + 120).step_by(8) {
        let mut edited = base.to_vec();
        edited[at as usize] ^= 0x10;
        let result = compared(&base, &edited);
        assert_eq!(result.verdict, Outcome::Different, "{}", at - offset);
    }
}

/// Edits a copy of a program and asserts that it is another one, because of what its loader does.
fn assert_loaded_otherwise(program: &[u8], what: &str, edit: &dyn Fn(&mut [u8])) {
    let mut edited = program.to_vec();
    edit(&mut edited);
    assert_ne!(edited, program, "{what}");
    let result = compared(program, &edited);
    assert_eq!(result.verdict, Outcome::Different, "{what}");
    let is_said = |d: &gospect::record::rebuild::Difference| d.part == DifferentPart::Data;
    assert!(result.differences.iter().any(is_said), "{what}");
}

/// Swaps two pieces of the same size.
fn swap(bytes: &mut [u8], first: usize, second: usize, size: usize) {
    let (front, back) = bytes.split_at_mut(second);
    front[first..first + size].swap_with_slice(&mut back[..size]);
}

/// What is bound to which place, and what runs before the entry point, is more than layout.
#[test]
fn another_instruction_to_the_elf_loader_is_different() {
    use object::{Object, ObjectSection};
    let program = fixture("1.27-linux-amd64-cgo");
    let file = object::File::parse(&program[..]).unwrap();
    let range = |name: &str| {
        let (offset, size) = file.section_by_name(name).unwrap().file_range().unwrap();
        (offset as usize, size as usize)
    };
    let ((relocations, size), (symbols, _)) = (range(".rela.plt"), range(".dynsym"));
    assert!(size >= 48);
    // The symbols of two calls through the table of procedures.
    assert_loaded_otherwise(&program, "bindings", &|bytes| {
        swap(bytes, relocations + 8, relocations + 24 + 8, 8);
    });
    // The names of two symbols.
    assert_loaded_otherwise(&program, "names", &|bytes| {
        swap(bytes, symbols + 24, symbols + 48, 4);
    });
    let (dynamic, size) = range(".dynamic");
    let tag = |wanted: u64| {
        let all = (dynamic..dynamic + size).step_by(16);
        let read = |at: usize| u64::from_le_bytes(program[at..at + 8].try_into().unwrap());
        let found = all.into_iter().find(|at| read(*at) == wanted);
        found.map(|at| (at, read(at + 8)))
    };
    let (debug, _) = tag(21).unwrap();
    let (_, table) = tag(3).unwrap();
    // DT_INIT, DT_FINI, DT_PREINIT_ARRAY, DT_TEXTREL, DT_AUDIT, DT_AUXILIARY.
    for added in [12u64, 13, 32, 22, 0x6fff_fefc, 0x7fff_fffd] {
        let value = if added > 0xffff { 1 } else { table };
        assert_loaded_otherwise(&program, &format!("tag {added:#x}"), &|bytes| {
            bytes[debug..debug + 8].copy_from_slice(&added.to_le_bytes());
            bytes[debug + 8..debug + 16].copy_from_slice(&value.to_le_bytes());
        });
    }
    // Fewer relocations.
    let (at, size) = tag(2).unwrap();
    assert_loaded_otherwise(&program, "fewer relocations", &|bytes| {
        bytes[at + 8..at + 16].copy_from_slice(&(size - 24).to_le_bytes());
    });
}

#[test]
fn another_instruction_to_the_loader_of_windows_is_different() {
    let program = rebuild_fixture("windows-base");
    let header = u32::from_le_bytes(program[0x3c..0x40].try_into().unwrap()) as usize;
    let directories = header + 24 + 112;
    // Delayed imports, thread storage, load configuration, managed code.
    for number in [9, 10, 13, 14] {
        assert_loaded_otherwise(&program, &format!("directory {number}"), &|bytes| {
            // The directory of imports is some address with bytes behind it.
            let at = directories + 8 * number;
            let imports = bytes[directories + 8..directories + 12].to_vec();
            bytes[at..at + 4].copy_from_slice(&imports);
            bytes[at + 4] = 40;
        });
    }
    let name = b"VirtualAlloc\0";
    let found = memchr::memmem::find(&program, name).unwrap();
    assert_loaded_otherwise(&program, "name of an import", &|bytes| bytes[found] ^= 0x20);
}

#[test]
fn another_instruction_to_the_loader_of_macos_is_different() {
    let program = rebuild_fixture("darwin-base");
    let name = b"_open\0";
    for found in memchr::memmem::find_iter(&program, name) {
        assert_loaded_otherwise(&program, "name of a symbol", &|bytes| {
            bytes[found + 1] = b'x';
        });
    }
    let mut at = 32;
    // LC_DYLD_INFO_ONLY.
    while program[at..at + 4] != [0x22, 0, 0, 0x80] {
        at += u32::from_le_bytes(program[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    // Offsets and sizes of the programs for rebasing and for binding.
    for field in [at + 8, at + 16] {
        let number = |at: usize| u32::from_le_bytes(program[at..at + 4].try_into().unwrap());
        let (offset, size) = (number(field) as usize, number(field + 4) as usize);
        if size > 0 {
            assert_loaded_otherwise(&program, "no program", &|bytes| {
                bytes[offset..offset + size].fill(0);
            });
        }
    }
}

/// Whichever byte of code or data is edited, the programs are different, even if a longer record moves everything as well.
#[test]
fn an_edited_byte_of_code_or_data_is_never_missed() {
    for (port, tries) in [("amd64", 10), ("windows", 4), ("darwin", 4), ("js", 4)] {
        edited_bytes(port, tries);
    }
}

fn edited_bytes(port: &str, tries: usize) {
    let base = rebuild_fixture(&format!("{port}-base"));
    let record = rebuild_fixture(&format!("{port}-record"));
    let mut state = 11u64;
    let mut random = move |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % n
    };
    for (name, (offset, size)) in sections(port, &base) {
        for _ in 0..tries {
            let at = (offset + random(size)) as usize;
            // Padding between functions and constants is never run.
            let around = &base[at.saturating_sub(8)..at + 8];
            if base[at] == 0xcc || around.iter().filter(|b| **b == 0).count() > 6 {
                continue;
            }
            let mut edited = base.to_vec();
            edited[at] ^= 0x10;
            for other in [&base, &record] {
                // A module that is damaged by the edit cannot be read.
                let Ok(result) = compare(&&edited[..], &&other[..], None, Limits::default()) else {
                    assert_eq!(port, "js");
                    continue;
                };
                assert_eq!(
                    result.verdict,
                    Outcome::Different,
                    "{port} {name} at {at:#x}: {:?}",
                    result.differences
                );
            }
        }
    }
}

/// Offsets and sizes of sections with code and data.
fn sections(port: &str, program: &[u8]) -> Vec<(&'static str, (u64, u64))> {
    use object::{Object, ObjectSection};
    if port == "js" {
        let all = wasm_sections(program);
        let section = |id: u8| (all[&id].0 as u64, all[&id].1 as u64);
        return vec![("code", section(10)), ("data", section(11))];
    }
    let names: &[&str] = match port {
        "windows" => &[".text", ".rdata", ".data"],
        "darwin" => &["__text", "__rodata", "__noptrdata", "__data"],
        _ => &[".text", ".rodata", ".noptrdata", ".data", ".go.type"],
    };
    let file = object::File::parse(program).unwrap();
    let range = |name: &str| file.section_by_name(name).unwrap().file_range().unwrap();
    names.iter().map(|name| (*name, range(name))).collect()
}

/// Damaged programs give a result or an error, never a panic.
/// What unpacks a program is a program of its own.
#[test]
fn a_packed_program_is_never_the_same_code() {
    let program = rebuild_fixture("amd64-base");
    let packed = crate::support::upx::pack(&program);
    let mut started_elsewhere = packed.clone();
    started_elsewhere[24] ^= 8;
    assert_eq!(compared(&packed, &packed).verdict, Outcome::Identical);
    for (old, new) in [
        (&packed, &started_elsewhere),
        (&packed, &*program),
        (&*program, &packed),
    ] {
        let result = compared(old, new);
        assert_eq!(result.verdict, Outcome::Different);
        let is_named = |what: &str| what.starts_with("packed with UPX");
        assert!(result.differences.iter().any(|d| is_named(&d.what)));
    }
}

#[test]
fn damaged_programs_are_compared_or_refused() {
    let base = rebuild_fixture("amd64-base");
    for cut in [0, 3, 64, 4096, 300_000, 700_000, 1_000_000, base.len() - 1] {
        for (a, b) in [(&base[..cut], &base[..]), (&base[..], &base[..cut])] {
            if let Ok(result) = compare(&a, &b, None, Limits::default()) {
                assert_ne!(result.verdict, Outcome::Identical, "{cut}");
            }
        }
    }
    let mut state = 5u64;
    for _ in 0..30 {
        let mut edited = base.to_vec();
        for _ in 0..200 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let at = (state >> 33) as usize % edited.len();
            edited[at] = (state >> 20) as u8;
        }
        if let Ok(result) = compare(
            &edited.as_slice(),
            &base.as_slice(),
            None,
            Limits::default(),
        ) {
            assert_ne!(result.verdict, Outcome::Identical);
        }
    }
}

#[test]
fn diff_shows_the_code_of_two_programs() {
    let scratch = Scratch::new();
    let old = scratch.put("old", &rebuild_fixture("amd64-base"));
    let new = scratch.put("new", &rebuild_fixture("amd64-function"));
    let args = |format: &str| -> Vec<PathBuf> {
        ["diff", "--code", "--format", format]
            .iter()
            .map(PathBuf::from)
            .chain([old.clone(), new.clone()])
            .collect()
    };
    let text = run(&args("text"));
    assert_eq!(text.code, Some(0), "{}", text.stderr);
    assert!(
        text.stdout
            .contains("code: different; 1,480 of 1,481 functions equal"),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout
            .contains("~ example.com/app/lib.Add (example.com/app/lib/lib.go:7)"),
        "{}",
        text.stdout
    );
    let json: Value = serde_json::from_str(&run(&args("json")).stdout).unwrap();
    assert_eq!(json["code"]["verdict"], "different");
    assert!(
        run(&args("markdown"))
            .stdout
            .contains("### Code: different")
    );
    let folder = run(&[
        "diff",
        "--code",
        scratch.path().to_str().unwrap(),
        new.to_str().unwrap(),
    ]);
    assert_eq!(folder.code, Some(2));
    assert!(
        folder
            .stderr
            .contains("a directory, and this command takes one program"),
        "{}",
        folder.stderr
    );
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The recipe needs nothing: no go, no network. It is a script that a shell can read.
#[test]
fn the_recipe_is_a_shell_script() {
    let scratch = Scratch::new();
    let program = scratch.put("app", &rebuild_fixture("amd64-string"));
    let mut rebuild = command();
    rebuild
        .args(["rebuild", "--recipe", "--module", "example.com/app@v1.2.3"])
        .arg(&program)
        .env("PATH", "");
    let result = finish(&mut rebuild);
    assert_eq!(result.code, Some(0), "{}", result.stderr);
    let script = result.stdout;
    for part in [
        "#!/bin/sh\n",
        "export GOTOOLCHAIN=go1.27.3 CGO_ENABLED=0 GOARCH=amd64 GOOS=linux GOAMD64=v1",
        "mod download -json example.com/app@v1.2.3",
        "build -trimpath -pgo=off -buildvcs=false '-ldflags=-s -w'",
        "# - -ldflags=-s -w: -trimpath keeps the linker flags out of the record",
    ] {
        assert!(script.contains(part), "no {part} in\n{script}");
    }
    #[cfg(unix)]
    {
        let file = scratch.put("recipe.sh", script.as_bytes());
        let checked = std::process::Command::new("sh")
            .arg("-n")
            .arg(file)
            .status()
            .unwrap();
        assert!(checked.success());
    }
    // Without a version there is nothing to fetch, and the line says what to give.
    let program = scratch.put("app", &rebuild_fixture("amd64-base"));
    let result = run(&["rebuild", "--recipe", text_of(&program)]);
    assert_eq!(result.code, Some(2));
    assert!(
        result.stderr.contains("--module example.com/app@VERSION"),
        "{}",
        result.stderr
    );
    // No Go program.
    let other = scratch.put("note", b"no program");
    assert_eq!(run(&["rebuild", text_of(&other)]).code, Some(3));
}

#[cfg(unix)]
mod builds;
#[cfg(unix)]
mod module_cache;
