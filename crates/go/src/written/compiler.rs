//! Programs of other Go compilers: how they are recognised, and their version.
//!
//! gccgo keeps its export data in a section `.go_export` of every object and program (gcc/go/go-backend.c, GO_EXPORT_SECTION_NAME, GCC 4.6
//! to 14), and GCC names itself in `.comment`. TinyGo names itself as the producer: LLVM writes that to `.comment` in ELF, and to the
//! custom section `producers` in WebAssembly (compiler/compiler.go, `llvm.ident`; WebAssembly tool-conventions, ProducersSection.md).

use gospect_exe::{Format, Image, Kind, linkage};
pub use gospect_record::Compiler;
use std::ops::ControlFlow;

/// Most bytes of a `.comment` or `producers` section to read.
const TEXT_LIMIT: u64 = 4096;

/// What another compiler wrote about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The compiler.
    pub compiler: Compiler,
    /// Its own version: `gccgo (Debian 12.2.0-14) 12.2.0`, `TinyGo 0.33.0`.
    pub text: Option<String>,
    /// The Go release that it implements, if the program names one.
    pub version: Option<String>,
}

impl Foreign {
    fn new(compiler: Compiler, text: Option<String>) -> Self {
        Self {
            compiler,
            text,
            version: None,
        }
    }
}

/// The compiler, if not gc made the program. The headers nearly always decide; a static ELF program costs one small read.
pub fn foreign(image: &Image<'_>) -> Option<Foreign> {
    const GCCGO: &str = "gccgo";
    let tinygo = |version| Foreign::new(Compiler::TinyGo, Some(format!("TinyGo {version}")));
    match image.format {
        // Objects and export data are not programs.
        _ if image.kind == Kind::Object => None,
        Format::Wasm => producer(section(image, b"producers")?, b"TinyGo").map(tinygo),
        _ if image.section(b".go_export").is_some() => {
            let gcc = section(image, b".comment").and_then(|c| comment(c, "GCC: "));
            let text = gcc.map_or_else(|| GCCGO.to_owned(), |version| format!("{GCCGO} {version}"));
            Some(Foreign::new(Compiler::Gccgo, Some(text)))
        }
        // Without section names, the library that every such program needs still shows it.
        Format::Elf if image.sections.is_empty() && image.is_dynamic() => {
            let needed = linkage::describe(image).needed?;
            needed
                .iter()
                .any(|n| n.starts_with("libgo.so."))
                .then(|| Foreign::new(Compiler::Gccgo, Some(GCCGO.to_owned())))
        }
        Format::Elf if image.interpreter.is_none() && !image.is_dynamic() => {
            comment(section(image, b".comment")?, "TinyGo version ").map(tinygo)
        }
        _ => None,
    }
}

/// The version that libraries of gccgo up to GCC 11 hold as text, `go1.16.5 gccgo (Debian 11.2.0-10) 11.2.0`
/// (libgo/Makefile.am, zversion.go).
pub(crate) fn gccgo_version(image: &Image<'_>) -> Option<String> {
    const MARK: &[u8] = b" gccgo (";
    const AROUND: usize = 128;
    image.segments.iter().find_map(|segment| {
        image.scan(segment, 2 * AROUND, &mut |_, bytes| {
            for at in memchr::memmem::find_iter(bytes, MARK) {
                let before = bytes.get(at.saturating_sub(16)..at).unwrap_or_default();
                let Some(start) = memchr::memmem::rfind(before, b"go1") else {
                    continue;
                };
                let start = at - (before.len() - start);
                let rest = bytes.get(at..).unwrap_or_default();
                let rest = rest.get(..AROUND.min(rest.len())).unwrap_or_default();
                let Some(close) = memchr::memmem::find(rest, b") ") else {
                    continue;
                };
                let digits = rest[close + 2..]
                    .iter()
                    .take_while(|b| b.is_ascii_digit() || **b == b'.')
                    .count();
                let text = bytes.get(start..at + close + 2 + digits);
                if let Some(text) = text.and_then(|t| std::str::from_utf8(t).ok())
                    && digits > 0
                    && !text.contains(char::is_control)
                {
                    return ControlFlow::Break(text.to_owned());
                }
            }
            ControlFlow::Continue(())
        })
    })
}

fn section<'i>(image: &'i Image<'_>, name: &[u8]) -> Option<&'i [u8]> {
    let section = image.section(name)?;
    let size = section.file_size.min(TEXT_LIMIT);
    image.window().get(section.offset, size)
}

/// The rest of the first NUL-terminated text that begins with `start`.
fn comment(bytes: &[u8], start: &str) -> Option<String> {
    let mut texts = bytes.split(|&b| b == 0);
    let text = texts.find_map(|t| t.strip_prefix(start.as_bytes()))?;
    printable(text)
}

/// The version of Go's own compiler among the producers of a wasm module (src/cmd/link/internal/wasm/asm.go).
pub(crate) fn go_producer(image: &Image<'_>) -> Option<String> {
    producer(section(image, b"producers")?, b"Go cmd/compile")
}

/// The version of one tool in the `producers` section: a count of fields, each a name and a count of name and version pairs;
/// all lengths are LEB128.
fn producer(section: &[u8], tool: &[u8]) -> Option<String> {
    let mut rest = section;
    for _ in 0..length(&mut rest)? {
        text(&mut rest)?;
        for _ in 0..length(&mut rest)? {
            let (name, version) = (text(&mut rest)?, text(&mut rest)?);
            if name == tool {
                return printable(version);
            }
        }
    }
    None
}

fn length(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    for shift in (0..28).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn text<'s>(rest: &mut &'s [u8]) -> Option<&'s [u8]> {
    let size = length(rest)?;
    let (text, tail) = rest.split_at_checked(size)?;
    *rest = tail;
    Some(text)
}

fn printable(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let fits = text.len() <= 128 && !text.chars().any(char::is_control);
    (fits && !text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCERS: &[u8] = b"\x01\x0cprocessed-by\x02\x05clang\x0622.1.4\x06TinyGo\x060.38.0";

    #[test]
    fn tinygo_is_a_producer() {
        assert_eq!(producer(PRODUCERS, b"TinyGo").as_deref(), Some("0.38.0"));
        let rust = b"\x01\x0cprocessed-by\x01\x05rustc\x061.95.0";
        assert_eq!(producer(rust, b"TinyGo"), None);
        for cut in 0..PRODUCERS.len() {
            assert_eq!(producer(&PRODUCERS[..cut], b"TinyGo"), None, "cut at {cut}");
        }
        assert_eq!(producer(&[0xff; 64], b"TinyGo"), None);
    }

    #[test]
    fn comments_name_their_writer() {
        let text = b"Linker: LLD 17\0GCC: (Debian 12.2.0-14) 12.2.0\0";
        assert_eq!(
            comment(text, "GCC: ").as_deref(),
            Some("(Debian 12.2.0-14) 12.2.0")
        );
        assert_eq!(comment(text, "TinyGo version "), None);
        assert_eq!(
            comment(b"TinyGo version 0.33.0\0", "TinyGo version ").as_deref(),
            Some("0.33.0")
        );
        assert_eq!(comment(b"GCC: \0", "GCC: "), None);
    }
}
