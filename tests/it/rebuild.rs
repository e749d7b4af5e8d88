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
            .contains("is not one; extract the programs first"),
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
mod builds {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    use test_support::archives::{ZipEntry, zip};
    use test_support::skip;

    /// A source tree whose module is that of the fixtures.
    fn source(scratch: &Scratch) -> PathBuf {
        scratch.put("app/go.mod", b"module example.com/app\n\ngo 1.18\n");
        scratch.put(
            "app/lib/lib.go",
            b"package lib\n\n// Add adds.\n//\n//go:noinline\nfunc Add(a, b int) int { return a + b }\n",
        );
        scratch.put(
            "app/main.go",
            b"package main\n\nimport \"example.com/app/lib\"\n\nvar version = \"dev\"\n\nfunc main() { println(version, lib.Add(1, 2)) }\n",
        );
        scratch.path().join("app")
    }

    /// A command that stands in for `go`.
    fn stand_in(scratch: &Scratch, body: &str) -> PathBuf {
        let go = scratch.put("stand-in/go", format!("#!/bin/sh\n{body}\n").as_bytes());
        std::fs::set_permissions(&go, std::fs::Permissions::from_mode(0o755)).unwrap();
        go
    }

    /// Runs `rebuild` with a folder for temporary files that must be empty at the end.
    fn rebuild(scratch: &Scratch, args: &[&str], program: &Path) -> crate::support::cli::Output {
        let temporary = scratch.path().join("temporary");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut all = command();
        all.arg("rebuild")
            .args(args)
            .arg(program)
            .env("TMPDIR", &temporary);
        let result = finish(&mut all);
        let left = std::fs::read_dir(&temporary).unwrap().count();
        assert_eq!(left, 0, "something is left behind: {}", result.stderr);
        result
    }

    #[test]
    fn each_failure_is_one_line_that_says_what_to_do() {
        let scratch = Scratch::new();
        let program = scratch.put("program", &rebuild_fixture("amd64-base"));
        let answer = "case $* in version) exit 0 ;; *GOVERSION) echo go1.27.3 ;; 'env '*) : ;;";
        for (body, want) in [
            ("exit 127", "there is no `go` command"),
            (
                "case $* in version) exit 0 ;; *GOVERSION) echo 'go: download go1.27.3 for linux/amd64: toolchain not available' >&2; exit 1 ;; esac",
                "go1.27.3 cannot be had",
            ),
            (
                "case $* in version) exit 0 ;; *GOVERSION) echo go1.20 ;; esac",
                "is older than Go 1.21",
            ),
            (
                &format!(
                    "{answer} *) echo 'go: module: reading http://proxy/@v/v1.info: 404 Not Found' >&2; exit 1 ;; esac"
                ),
                "the source is not to be had",
            ),
            (
                &format!(
                    "{answer} *) echo 'Get http://proxy: dial tcp 127.0.0.1:1: connect: connection refused' >&2; exit 1 ;; esac"
                ),
                "no module proxy answers",
            ),
            (
                &format!(
                    "{answer} *) echo 'write /x: no space left on device' >&2; exit 1 ;; esac"
                ),
                "the disk is full",
            ),
            (
                &format!(
                    "{answer} *) echo 'verifying module: checksum mismatch' >&2; exit 1 ;; esac"
                ),
                "a sum does not match",
            ),
            (
                &format!(
                    "{answer} *) echo 'go: GOVCS disallows using git for private example.com/app' >&2; exit 1 ;; esac"
                ),
                "a module is private",
            ),
            (
                &format!(
                    "{answer} 'mod '*) mkdir -p m; echo ' \"Dir\": \"'$PWD/m'\"' ;; *) echo '# example.com/app' >&2; echo './main.go:3:1: undefined: x' >&2; exit 1 ;; esac"
                ),
                "the build failed: ./main.go:3:1: undefined: x",
            ),
        ] {
            let go = stand_in(&scratch, body);
            let args = [
                "--quiet",
                "--go",
                text_of(&go),
                "--module",
                "example.com/app@v1.0.0",
            ];
            let result = rebuild(&scratch, &args, &program);
            assert_eq!(result.code, Some(2), "{body}: {}", result.stderr);
            assert!(result.stderr.contains(want), "{body}: {}", result.stderr);
            assert_eq!(result.stderr.lines().count(), 1, "{}", result.stderr);
            assert!(result.stdout.contains("not-built"), "{}", result.stdout);
        }
    }

    #[test]
    fn an_interrupted_build_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let program = scratch.put("program", &rebuild_fixture("amd64-base"));
        let [building, built] = ["building", "built"].map(|name| scratch.path().join(name));
        let build = format!(
            "touch {}; sleep 60; touch {}",
            text_of(&building),
            text_of(&built)
        );
        let go = stand_in(
            &scratch,
            &format!(
                "case $* in version) exit 0 ;; *GOVERSION) echo go1.27.3 ;; 'env '*) : ;; *) {build} ;; esac"
            ),
        );
        let temporary = scratch.path().join("temporary");
        std::fs::create_dir_all(&temporary).unwrap();
        let mut all = command();
        all.args([
            "rebuild",
            "--go",
            text_of(&go),
            "--module",
            "example.com/app@v1.0.0",
        ]);
        all.arg(&program).env("TMPDIR", &temporary);
        all.stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let mut child = all.spawn().unwrap();
        while !building.exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let killed = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let output = child.wait_with_output().unwrap();
        assert!(!built.exists(), "the build went on");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains("interrupted; nothing is left behind"),
            "{stderr}"
        );
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    }

    /// Builds in a folder with the `go` of this machine.
    fn go_build(folder: &Path, args: &[&str], to: &Path) {
        let status = Command::new("go")
            .arg("build")
            .args(args)
            .arg("-o")
            .arg(to)
            .current_dir(folder)
            .env("GOFLAGS", "")
            .env("GOENV", "off")
            .env("CGO_ENABLED", "0")
            .env("GOTOOLCHAIN", "local")
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// A longer record moves the stubs, the relocations and the zero-filled variables that relocations lead to.
    #[test]
    fn a_position_independent_program_that_has_moved_is_the_same_code() {
        if !skip::needs(&["go"]) {
            return;
        }
        let scratch = Scratch::new();
        let folder = source(&scratch);
        let [base, record] = ["base", "record"].map(|name| scratch.path().join(name));
        let flags = ["-trimpath", "-buildvcs=false", "-buildmode=pie"];
        go_build(&folder, &flags, &base);
        let tags = format!("-tags={}", "a_tag_that_makes_the_record_longer,".repeat(8));
        go_build(&folder, &[&flags[..], &[&tags]].concat(), &record);
        let [base, record] = [base, record].map(|file| std::fs::read(file).unwrap());
        let result = compared(&base, &record);
        assert_eq!(
            result.verdict,
            Outcome::SameCode,
            "{:?}",
            result.differences
        );

        use object::{Object, ObjectSection};
        let file = object::File::parse(&record[..]).unwrap();
        let Some(range) = file.section_by_name(".rela").and_then(|s| s.file_range()) else {
            return;
        };
        // The last relocation gets the address of another variable.
        let addend = (range.0 + range.1) as usize - 8;
        let mut edited = record.clone();
        edited[addend] ^= 8;
        assert_eq!(compared(&base, &edited).verdict, Outcome::Different);
    }

    /// The linker sorts texts by their length, so that a longer record stands behind others.
    #[test]
    fn a_longer_record_may_stand_behind_other_texts() {
        if !skip::needs(&["go"]) {
            return;
        }
        let scratch = Scratch::new();
        let folder = source(&scratch);
        let texts = (2..60).map(|i| format!("\t\"{}\",\n", format!("text {i} ").repeat(i)));
        let texts: String = texts.collect();
        let code = format!(
            "package main\n\nvar texts = []string{{\n{texts}}}\n\nfunc init() {{ println(len(texts[len(version)])) }}\n"
        );
        scratch.put("app/texts.go", code.as_bytes());
        let [base, record] = ["base", "record"].map(|name| scratch.path().join(name));
        let flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w"];
        go_build(&folder, &flags, &base);
        let tags = format!("-tags={}", "a_tag_that_makes_the_record_longer,".repeat(8));
        go_build(&folder, &[&flags[..], &[&tags]].concat(), &record);
        let [base, record] = [base, record].map(|file| std::fs::read(file).unwrap());
        for (old, new) in [(&base, &record), (&record, &base)] {
            let result = compared(old, new);
            let what = format!("{:?}", result.differences);
            assert_eq!(result.verdict, Outcome::SameCode, "{what}");
        }
    }

    /// The record of a trimmed build has no linker flags: the rebuild finds out that it was stripped, and which variable was set.
    #[test]
    fn a_stripped_build_is_rebuilt_to_the_byte() {
        if !skip::needs(&["go"]) {
            return;
        }
        let scratch = Scratch::new();
        let folder = source(&scratch);
        let program = scratch.path().join("released");
        let flags = [
            "-trimpath",
            "-buildvcs=false",
            "-ldflags=-s -w -X main.version=1.2.3",
        ];
        go_build(&folder, &flags, &program);
        let statement = scratch.path().join("statement.json");
        let cache = scratch.path().join("cache");
        let common = [
            "--quiet",
            "--source",
            text_of(&folder),
            "--build-cache",
            text_of(&cache),
        ];
        let args = [
            &common[..],
            &["--format", "json", "--attestation", text_of(&statement)],
        ]
        .concat();
        let result = rebuild(&scratch, &args, &program);
        assert_eq!(result.code, Some(0), "{} {}", result.stdout, result.stderr);
        let json: Value = serde_json::from_str(&result.stdout).unwrap();
        assert_eq!(json["verdict"], "identical", "{}", result.stdout);
        assert_eq!(json["sha256"]["released"], json["sha256"]["rebuilt"]);
        let assumed = json["assumed"].to_string();
        assert!(assumed.contains("-X main.version=1.2.3"), "{assumed}");
        let statement: Value = serde_json::from_slice(&std::fs::read(&statement).unwrap()).unwrap();
        assert_eq!(statement["predicate"]["verdict"], "identical");
        assert_eq!(
            statement["subject"][0]["digest"]["sha256"],
            json["sha256"]["released"]
        );
        let schema =
            std::fs::read_to_string(test_support::root().join("docs/rebuild.schema.json")).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        test_support::schema::whole(&schema, &schema, &json).unwrap();

        scratch.put(
            "app/lib/lib.go",
            b"package lib\n\n// Add adds.\n//\n//go:noinline\nfunc Add(a, b int) int { return a - b }\n",
        );
        let args = [&common[..], &["--format", "json"]].concat();
        let result = rebuild(&scratch, &args, &program);
        assert_eq!(result.code, Some(1), "{}", result.stderr);
        let json: Value = serde_json::from_str(&result.stdout).unwrap();
        assert_eq!(json["verdict"], "different");
        assert_eq!(json["changed"][0]["function"], "example.com/app/lib.Add");
        test_support::schema::whole(&schema, &schema, &json).unwrap();
        let markdown = rebuild(
            &scratch,
            &[&common[..], &["--format", "markdown"]].concat(),
            &program,
        );
        assert!(
            markdown.stdout.starts_with("## gospect rebuild: different"),
            "{}",
            markdown.stdout
        );
    }

    /// The stamp comes from a repository, but the rebuild has only the source.
    #[test]
    fn the_stamp_of_a_repository_is_made_again_without_it() {
        if !skip::needs(&["go", "git"]) {
            return;
        }
        let scratch = Scratch::new();
        let folder = source(&scratch);
        let git = |args: &[&str]| {
            let status = Command::new("git")
                .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
                .args(args)
                .current_dir(&folder)
                .env("HOME", scratch.path())
                .stdout(std::process::Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
        };
        git(&["init", "-q"]);
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "one"]);
        git(&["tag", "v1.4.0"]);
        let tagged = scratch.path().join("tagged");
        go_build(
            &folder,
            &["-trimpath", "-buildvcs=true", "-tags=netgo"],
            &tagged,
        );
        scratch.put("app/note.txt", b"more");
        let dirty = scratch.path().join("dirty");
        go_build(&folder, &["-trimpath", "-buildvcs=true"], &dirty);
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "two"]);
        let after = scratch.path().join("after");
        go_build(&folder, &["-trimpath", "-buildvcs=true"], &after);
        std::fs::remove_dir_all(folder.join(".git")).unwrap();
        let cache = scratch.path().join("cache");
        for program in [tagged, dirty, after] {
            let args = [
                "--quiet",
                "--source",
                text_of(&folder),
                "--build-cache",
                text_of(&cache),
            ];
            let result = rebuild(&scratch, &args, &program);
            assert_eq!(result.code, Some(0), "{}{}", result.stdout, result.stderr);
            assert!(result.stdout.contains("identical"), "{}", result.stdout);
        }
    }

    /// A folder as module proxy, with one module.
    fn proxy(scratch: &Scratch, files: &[(&str, &str)]) -> String {
        const VERSIONS: &str = "proxy/example.com/app/@v";
        let go_mod = "module example.com/app\n\ngo 1.21\n";
        let mut entries = vec![ZipEntry::deflated(
            "example.com/app@v1.0.0/go.mod",
            go_mod.as_bytes(),
        )];
        entries.extend(files.iter().map(|(name, text)| {
            ZipEntry::deflated(&format!("example.com/app@v1.0.0/{name}"), text.as_bytes())
        }));
        scratch.put(&format!("{VERSIONS}/list"), b"v1.0.0\n");
        scratch.put(&format!("{VERSIONS}/v1.0.0.zip"), &zip(&entries));
        scratch.put(&format!("{VERSIONS}/v1.0.0.mod"), go_mod.as_bytes());
        scratch.put(
            &format!("{VERSIONS}/v1.0.0.info"),
            b"{\"Version\": \"v1.0.0\"}",
        );
        format!("file://{}", scratch.path().join("proxy").display())
    }

    const LIBRARY: &str = "package lib\n\n//go:noinline\nfunc Add(a, b int) int { return a + b }\n";

    /// What the go command is told when it installs a module of the proxy into a module cache of the test.
    fn surroundings<'a>(
        proxy: &'a str,
        modules: &'a std::path::Path,
    ) -> [(&'static str, &'a str); 7] {
        [
            ("GOPROXY", proxy),
            ("GOSUMDB", "off"),
            ("GOMODCACHE", text_of(modules)),
            ("GOTOOLCHAIN", "local"),
            ("GOENV", "off"),
            ("GOFLAGS", "-modcacherw"),
            ("CGO_ENABLED", "0"),
        ]
    }

    /// Someone who can write to the module cache can change the unpacked source without changing the sum of the module.
    #[test]
    fn a_changed_module_cache_decides_nothing() {
        if !skip::needs(&["go", "diff"]) {
            return;
        }
        const MAIN: &str = "package main\n\nimport \"example.com/app/lib\"\n\nfunc main() { println(lib.Add(1, 2)) }\n";
        let scratch = Scratch::new();
        let proxy = proxy(&scratch, &[("lib/lib.go", LIBRARY), ("main.go", MAIN)]);
        let modules = scratch.path().join("modules");
        let surroundings = surroundings(&proxy, &modules);
        let folder = scratch.path().join("gopath");
        let install = || {
            let status = Command::new("go")
                .args(["install", "example.com/app@v1.0.0"])
                .envs(surroundings)
                .env("GOPATH", &folder)
                .status()
                .unwrap();
            assert!(status.success());
            folder.join("bin/app")
        };
        let cache = scratch.path().join("cache");
        let temporary = scratch.path().join("temporary");
        std::fs::create_dir_all(&temporary).unwrap();
        let rebuild = |program: &Path| {
            let mut all = command();
            all.args(["rebuild", "--build-cache", text_of(&cache)])
                .arg(program)
                .envs(surroundings)
                .env("TMPDIR", &temporary);
            finish(&mut all)
        };
        let result = rebuild(&install());
        assert_eq!(result.code, Some(0), "{}{}", result.stdout, result.stderr);
        assert!(
            result.stdout.contains("identical"),
            "{}{}",
            result.stdout,
            result.stderr
        );

        let library = modules.join("example.com/app@v1.0.0/lib/lib.go");
        let other = LIBRARY.replace("a + b", "a - b");
        std::fs::write(&library, other).unwrap();
        let result = rebuild(&install());
        assert_eq!(result.code, Some(1), "{}{}", result.stdout, result.stderr);
        assert!(
            result.stdout.contains("~ example.com/app/lib.Add"),
            "{}",
            result.stdout
        );
        assert!(
            result
                .stderr
                .contains("in the module cache of this user example.com/app@v1.0.0 is missing or not as downloaded"),
            "{}",
            result.stderr
        );
        // The genuine program, built elsewhere under the same path, is still found to be the same code.
        std::fs::write(&library, LIBRARY).unwrap();
        let genuine = install();
        std::fs::write(
            modules.join("example.com/app@v1.0.0/lib/more.go"),
            "package lib\n\nvar X = 1\n",
        )
        .unwrap();
        let result = rebuild(&genuine);
        assert_eq!(result.code, Some(0), "{}{}", result.stdout, result.stderr);
        assert!(result.stdout.contains("same-code"), "{}", result.stdout);
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    }

    /// The module cache of the user is used only if every module of the build could be downloaded and checked.
    #[test]
    fn a_module_that_cannot_be_checked_is_not_taken_from_the_cache() {
        if !skip::needs(&["go", "diff"]) {
            return;
        }
        let scratch = Scratch::new();
        let proxy = proxy(&scratch, &[("lib/lib.go", LIBRARY)]);
        let modules = scratch.path().join("modules");
        let user = scratch.path().join("user");
        let surroundings = surroundings(&proxy, &modules);
        scratch.put(
            "user/go.mod",
            b"module example.com/user\n\ngo 1.21\n\nrequire example.com/app v1.0.0\n",
        );
        scratch.put(
            "user/main.go",
            b"package main\n\nimport \"example.com/app/lib\"\n\nfunc main() { println(lib.Add(1, 2)) }\n",
        );
        let program = scratch.path().join("program");
        let go = |args: &[&str]| {
            let mut all = Command::new("go");
            all.args(args).current_dir(&user).envs(surroundings);
            assert!(all.status().unwrap().success(), "{args:?}");
        };
        let rebuild = || {
            let mut all = command();
            all.args(["rebuild", "--source", text_of(&user)])
                .args(["--build-cache", text_of(&scratch.path().join("cache"))])
                .arg(&program)
                .envs(surroundings);
            finish(&mut all)
        };
        go(&["mod", "tidy"]);
        go(&["build", "-buildvcs=false", "-o", text_of(&program)]);
        let honest = rebuild();
        assert_eq!(honest.code, Some(0), "{}{}", honest.stdout, honest.stderr);
        assert!(honest.stdout.contains("identical"), "{}", honest.stdout);

        // The unpacked library is changed. Its download is first damaged, then missing.
        let library = modules.join("example.com/app@v1.0.0/lib/lib.go");
        std::fs::write(&library, LIBRARY.replace("a + b", "a - b")).unwrap();
        go(&["build", "-buildvcs=false", "-o", text_of(&program)]);
        let download = modules.join("cache/download/example.com/app/@v/v1.0.0.zip");
        std::fs::write(&download, b"no archive").unwrap();
        let damaged = rebuild();
        std::fs::remove_file(&download).unwrap();
        std::fs::remove_dir_all(scratch.path().join("proxy")).unwrap();
        let missing = rebuild();
        for result in [damaged, missing] {
            assert_eq!(result.code, Some(2), "{}{}", result.stdout, result.stderr);
            assert!(!result.stdout.contains("identical"), "{}", result.stdout);
        }
    }
}
