use super::describe;
use crate as exe;
use gospect_bytes::{ReadAt, Window};
use gospect_record::{Linkage, Relro};

/// Writes bytes in one byte order.
struct ByteWriter {
    big: bool,
    bytes: Vec<u8>,
}

impl ByteWriter {
    fn new(big: bool) -> Self {
        Self {
            big,
            bytes: Vec::new(),
        }
    }

    fn put(&mut self, size: usize, value: u64) -> &mut Self {
        let all = value.to_be_bytes();
        let tail = &all[8 - size..];
        if self.big {
            self.bytes.extend(tail);
        } else {
            self.bytes.extend(tail.iter().rev());
        }
        self
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    fn pad(&mut self, to: usize) -> &mut Self {
        assert!(self.bytes.len() <= to, "{} > {to}", self.bytes.len());
        self.bytes.resize(to, 0);
        self
    }
}

const BASE: u64 = 0x40_0000;
const STRINGS: &[u8] =
    b"\0libc.so.6\0libm.so.6\0$ORIGIN/../lib\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_PRIVATE\0";

/// How the ELF programs of the tests differ.
#[derive(Clone, Copy)]
struct Elf {
    wide: bool,
    big: bool,
    kind: u64,
    /// Whether it has a loader, a dynamic section and RELRO.
    dynamic: bool,
    /// Value of `DT_FLAGS_1`.
    flags: u64,
    /// Flags of the stack header; `None` for no such header.
    stack: Option<u64>,
    /// Flags of the only loaded segment.
    load: u64,
}

const DYNAMIC: Elf = Elf {
    wide: true,
    big: false,
    kind: 3,
    dynamic: true,
    flags: 1,
    stack: Some(6),
    load: 4,
};

const STATIC: Elf = Elf {
    kind: 2,
    dynamic: false,
    ..DYNAMIC
};

/// Everything is at a fixed offset: headers, 0x200 loader, 0x240 strings, 0x300 version needs, 0x400 dynamic section.
fn elf(what: Elf) -> Vec<u8> {
    let word = if what.wide { 8 } else { 4 };
    let (header, entry) = if what.wide { (64, 56) } else { (52, 32) };
    let mut programs: Vec<(u64, u64, u64, u64)> = vec![(1, what.load, 0, 0x600)];
    if what.dynamic {
        programs.push((3, 4, 0x200, 28));
        programs.push((2, 6, 0x400, 16 * 2 * word as u64));
        programs.push((0x6474_e552, 4, 0x400, 0x100));
    }
    if let Some(flags) = what.stack {
        programs.push((0x6474_e551, flags, 0, 0));
    }
    let mut out = ByteWriter::new(what.big);
    out.raw(b"\x7fELF")
        .raw(&[1 + u8::from(what.wide), 1 + u8::from(what.big), 1])
        .pad(16);
    out.put(2, what.kind).put(2, 62).put(4, 1);
    out.put(word, BASE).put(word, header).put(word, 0);
    out.put(4, 0).put(2, header).put(2, entry);
    out.put(2, programs.len() as u64)
        .put(2, 0)
        .put(2, 0)
        .put(2, 0);
    for (kind, flags, offset, size) in programs {
        out.put(4, kind);
        if what.wide {
            out.put(4, flags);
        }
        out.put(word, offset).put(word, BASE + offset).put(word, 0);
        out.put(word, size).put(word, size);
        if !what.wide {
            out.put(4, flags);
        }
        out.put(word, 8);
    }
    out.pad(0x200).raw(b"/lib64/ld-linux-x86-64.so.2\0");
    out.pad(0x240).raw(STRINGS);
    let at = |name: &[u8]| memchr::memmem::find(STRINGS, name).unwrap() as u64;
    out.pad(0x300);
    // Two libraries; the second needs two versions.
    out.put(2, 1)
        .put(2, 1)
        .put(4, at(b"libm"))
        .put(4, 16)
        .put(4, 32);
    out.put(4, 0)
        .put(2, 0)
        .put(2, 2)
        .put(4, at(b"GLIBC_2.9"))
        .put(4, 0);
    out.put(2, 1)
        .put(2, 2)
        .put(4, at(b"libc"))
        .put(4, 16)
        .put(4, 0);
    out.put(4, 0)
        .put(2, 0)
        .put(2, 3)
        .put(4, at(b"GLIBC_2.34"))
        .put(4, 16);
    out.put(4, 0)
        .put(2, 0)
        .put(2, 4)
        .put(4, at(b"GLIBC_PRIVATE"))
        .put(4, 0);
    out.pad(0x400);
    for (tag, value) in [
        (1, at(b"libc")),
        (1, at(b"libm")),
        (29, at(b"$ORIGIN")),
        (15, at(b"libm")),
        (5, BASE + 0x240),
        (0x6fff_fffe, BASE + 0x300),
        (0x6fff_ffff, 2),
        (0x6fff_fffb, what.flags),
        (0, 0),
    ] {
        out.put(word, tag).put(word, value);
    }
    out.pad(0x600);
    out.bytes
}

fn read(bytes: &[u8]) -> Option<Linkage> {
    let reader = bytes.to_vec();
    let window = Window::new(&reader, u64::MAX);
    let image = exe::open(&window).ok()?;
    Some(describe(&image))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_dynamic_elf_program_in_every_width_and_byte_order() {
    for (wide, big) in [(true, false), (true, true), (false, false), (false, true)] {
        let got = read(&elf(Elf {
            wide,
            big,
            ..DYNAMIC
        }));
        let want = Linkage {
            is_static: Some(false),
            interpreter: some("/lib64/ld-linux-x86-64.so.2"),
            needed: Some(vec!["libc.so.6".to_owned(), "libm.so.6".to_owned()]),
            // The loader ignores the older DT_RPATH here, so it is not listed.
            rpath: Some(vec!["$ORIGIN/../lib".to_owned()]),
            pie: Some(true),
            relro: Some(Relro::Full.into()),
            nx: Some(true),
            glibc: some("2.34"),
            min_os: None,
            signed: None,
        };
        assert_eq!(got, Some(want), "wide {wide} big {big}");
    }
}

#[test]
fn a_static_elf_program_needs_nothing() {
    let got = read(&elf(STATIC)).unwrap();
    assert_eq!(
        (got.is_static, got.needed, got.pie),
        (Some(true), Some(Vec::new()), Some(false))
    );
    assert_eq!(
        (got.relro, got.interpreter, got.glibc),
        (Some(Relro::None.into()), None, None)
    );
}

#[test]
fn relro_is_full_only_when_all_is_bound_at_start() {
    let relro = |flags| read(&elf(Elf { flags, ..DYNAMIC })).unwrap().relro;
    assert_eq!(relro(0), Some(Relro::Partial.into()));
    assert_eq!(relro(1), Some(Relro::Full.into()));
}

#[test]
fn an_executable_stack_or_writable_code_ends_nx() {
    let nx = |stack, load| {
        let elf = elf(Elf {
            stack,
            load,
            ..STATIC
        });
        read(&elf).unwrap().nx
    };
    assert_eq!(nx(Some(6), 5), Some(true));
    assert_eq!(nx(Some(7), 5), Some(false));
    assert_eq!(nx(Some(6), 7), Some(false));
    assert_eq!(nx(None, 5), None);
}

#[test]
fn a_dynamic_section_that_is_cut_off_is_not_taken_for_none() {
    let got = read(&elf(DYNAMIC)[..0x420]).unwrap();
    assert_eq!((got.needed, got.relro), (None, None));
    assert_ne!(got.is_static, Some(true));
}

/// `LC_SEGMENT_64`, loader, two libraries, search path, minimum version and signature.
fn macho(flags: u64) -> Vec<u8> {
    let mut commands = ByteWriter::new(false);
    let string = |out: &mut ByteWriter, command: u64, text: &[u8], extra: usize| {
        let size = (12 + extra + text.len() + 1).next_multiple_of(8);
        let end = out.bytes.len() + size;
        out.put(4, command)
            .put(4, size as u64)
            .put(4, 12 + extra as u64);
        let at = out.bytes.len() + extra;
        out.pad(at).raw(text).pad(end);
    };
    commands
        .put(4, 0x19)
        .put(4, 72)
        .raw(b"__TEXT\0\0\0\0\0\0\0\0\0\0");
    commands
        .put(8, 1 << 32)
        .put(8, 0x1000)
        .put(8, 0)
        .put(8, 0x800);
    commands.put(4, 5).put(4, 5).put(4, 0).put(4, 0);
    string(&mut commands, 0xe, b"/usr/lib/dyld", 0);
    string(&mut commands, 0xc, b"/usr/lib/libSystem.B.dylib", 12);
    string(&mut commands, 0x8000_0018, b"@rpath/libextra.dylib", 12);
    string(&mut commands, 0x8000_001c, b"@loader_path/../lib", 0);
    commands
        .put(4, 0x32)
        .put(4, 24)
        .put(4, 1)
        .put(4, 0x000c_0302)
        .put(4, 0)
        .put(4, 0);
    commands.put(4, 0x1d).put(4, 16).put(4, 0x700).put(4, 0x100);
    let mut out = ByteWriter::new(false);
    out.put(4, 0xfeed_facf)
        .put(4, 0x0100_000c)
        .put(4, 0)
        .put(4, 2);
    out.put(4, 7)
        .put(4, commands.bytes.len() as u64)
        .put(4, flags)
        .put(4, 0);
    out.raw(&commands.bytes).pad(0x800);
    out.bytes
}

#[test]
fn a_macho_program() {
    let want = Linkage {
        is_static: Some(false),
        interpreter: some("/usr/lib/dyld"),
        needed: Some(vec![
            "/usr/lib/libSystem.B.dylib".to_owned(),
            "@rpath/libextra.dylib".to_owned(),
        ]),
        rpath: Some(vec!["@loader_path/../lib".to_owned()]),
        pie: Some(true),
        relro: None,
        nx: Some(true),
        glibc: None,
        min_os: some("12.3.2"),
        signed: Some(true),
    };
    assert_eq!(read(&macho(0x20_0000)), Some(want));
    // MH_ALLOW_STACK_EXECUTION, and not MH_PIE.
    let unprotected = read(&macho(0x2_0000)).unwrap();
    assert_eq!(
        (unprotected.nx, unprotected.pie),
        (Some(false), Some(false))
    );
}

/// One section at 0x1000 with the import directory; `certificates` is the data directory entry of the certificate table.
fn pe(flags: u64, certificates: (u64, u64)) -> Vec<u8> {
    let mut out = ByteWriter::new(false);
    out.raw(b"MZ")
        .pad(0x3c)
        .put(4, 0x80)
        .pad(0x80)
        .raw(b"PE\0\0");
    out.put(2, 0x8664)
        .put(2, 1)
        .pad(0x94)
        .put(2, 240)
        .put(2, 0x22);
    out.put(2, 0x20b)
        .pad(0x98 + 24)
        .put(8, BASE)
        .put(4, 0x1000)
        .put(4, 0x200);
    // Versions: system, image, subsystem.
    out.put(2, 10)
        .put(2, 0)
        .put(2, 1)
        .put(2, 0)
        .put(2, 6)
        .put(2, 1);
    out.pad(0x98 + 70).put(2, flags).pad(0x98 + 108).put(4, 16);
    out.put(8, 0).put(4, 0x1000).put(4, 40).put(8, 0).put(8, 0);
    out.put(4, certificates.0)
        .put(4, certificates.1)
        .pad(0x98 + 240);
    out.raw(b".idata\0\0")
        .put(4, 0x200)
        .put(4, 0x1000)
        .put(4, 0x200)
        .put(4, 0x200);
    out.pad(0x98 + 240 + 36).put(4, 0x4000_0040).pad(0x200);
    for name in [0x1080, 0x1090, 0] {
        out.put(4, 0).put(4, 0).put(4, 0).put(4, name).put(4, 0);
    }
    out.pad(0x280)
        .raw(b"kernel32.dll\0")
        .pad(0x290)
        .raw(b"ws2_32.dll\0")
        .pad(0x400);
    out.bytes
}

#[test]
fn a_pe_program() {
    let want = Linkage {
        is_static: Some(false),
        needed: Some(vec!["kernel32.dll".to_owned(), "ws2_32.dll".to_owned()]),
        pie: Some(true),
        nx: Some(true),
        min_os: some("6.1"),
        signed: Some(true),
        ..Linkage::default()
    };
    assert_eq!(read(&pe(0x140, (0x300, 0x100))), Some(want));
    let unprotected = read(&pe(0, (0, 0))).unwrap();
    assert_eq!(
        (unprotected.pie, unprotected.nx, unprotected.signed),
        (Some(false), Some(true), Some(false))
    );
    // On 32-bit x86 data can be run unless the header says that it need not.
    for (flags, nx) in [(0, false), (0x100, true)] {
        let mut x86 = pe(flags, (0, 0));
        x86[0x84..0x86].copy_from_slice(&0x14c_u16.to_le_bytes());
        assert_eq!(read(&x86).unwrap().nx, Some(nx), "{flags:#x}");
    }
    // A certificate table after the end of the file was cut off.
    assert_eq!(read(&pe(0, (0x300, 0x101))).unwrap().signed, Some(false));
}

/// The loader of Windows ignores the lower bits of the place of a section in the file.
#[test]
fn a_pe_section_is_read_where_windows_maps_it() {
    let mut program = pe(0x140, (0, 0));
    let place = 0x98 + 240 + 20;
    program[place..place + 4].copy_from_slice(&0x240_u32.to_le_bytes());
    // SectionAlignment and FileAlignment.
    for (alignment, library) in [(0x1000_u32, "kernel32.dll"), (0x200, "")] {
        program[0x98 + 32..0x98 + 36].copy_from_slice(&alignment.to_le_bytes());
        let needed = read(&program).unwrap().needed.unwrap_or_default();
        let first = needed.first().map_or("", String::as_str);
        assert_eq!(first, library, "{alignment:#x}");
    }
}

#[test]
fn an_xcoff_program() {
    for wide in [true, false] {
        let imports = b"/usr/lib:/lib\0\0\0\0libc.a\0shr_64.o\0/opt\0libx.so\0\0";
        let mut out = ByteWriter::new(true);
        let (header, at) = if wide { (24, 0x100) } else { (20, 0x100) };
        out.put(2, if wide { 0x1f7 } else { 0x1df })
            .put(2, 1)
            .pad(header);
        out.raw(b".loader\0");
        let word = if wide { 8 } else { 4 };
        out.put(word, 0).put(word, 0).put(word, 0x100).put(word, at);
        out.pad(header + if wide { 64 } else { 36 })
            .put(4, 0x1000)
            .pad(0x100);
        out.put(4, 2)
            .put(4, 0)
            .put(4, 0)
            .put(4, imports.len() as u64)
            .put(4, 3);
        if wide {
            out.put(4, 0).put(8, 0x40);
        } else {
            out.put(4, 0x40);
        }
        out.pad(0x140).raw(imports).pad(0x200);
        let got = read(&out.bytes).unwrap();
        let needed = ["libc.a(shr_64.o)", "/opt/libx.so"].map(str::to_owned);
        assert_eq!(got.needed, Some(needed.to_vec()), "wide {wide}");
        assert_eq!(
            got.rpath,
            Some(vec!["/usr/lib".to_owned(), "/lib".to_owned()])
        );
        assert_eq!(got.is_static, Some(false));
    }
}

#[test]
fn objects_have_no_linkage_yet() {
    let object = elf(Elf { kind: 1, ..STATIC });
    assert_eq!(read(&object), Some(Linkage::default()));
}

/// A large file that is zero but for the parts written.
struct Sparse {
    head: Vec<u8>,
    len: u64,
}

impl ReadAt for Sparse {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let n = buf.len().min(usize::try_from(self.len - offset).unwrap());
        buf[..n].fill(0);
        if let Some(rest) = self.head.get(usize::try_from(offset).unwrap()..) {
            let copied = n.min(rest.len());
            buf[..copied].copy_from_slice(&rest[..copied]);
        }
        Ok(n)
    }
}

#[test]
fn a_large_file_costs_a_few_small_reads() {
    for head in [elf(DYNAMIC), macho(0), pe(0, (0, 0))] {
        let reader = Sparse {
            head,
            len: 50 << 20,
        };
        let window = Window::new(&reader, u64::MAX);
        let image = exe::open(&window).unwrap();
        assert!(!describe(&image).needed.unwrap().is_empty());
        let counts = window.counts();
        assert!(counts.reads <= 8 && counts.bytes <= 64 << 10, "{counts:?}");
    }
}

#[test]
fn cut_and_flipped_files_end_in_an_answer() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let big = elf(Elf {
        wide: false,
        big: true,
        ..DYNAMIC
    });
    for whole in [
        elf(DYNAMIC),
        big,
        elf(STATIC),
        macho(0x20_0000),
        pe(0x140, (0x300, 0x100)),
    ] {
        for end in 0..whole.len() {
            if let Some(linkage) = read(&whole[..end]) {
                assert!(linkage.needed.is_none_or(|n| n.len() <= 2));
            }
        }
        for _ in 0..4000 {
            let mut bytes = whole.clone();
            for _ in 0..1 + next() % 4 {
                let at = usize::try_from(next()).unwrap() % bytes.len();
                bytes[at] = match next() % 4 {
                    0 => 0xff,
                    1 => 0,
                    _ => bytes[at] ^ 1 << (next() % 8),
                };
            }
            if let Some(linkage) = read(&bytes) {
                assert!(linkage.needed.is_none_or(|n| n.len() <= super::NAMES_LIMIT));
            }
        }
    }
}
