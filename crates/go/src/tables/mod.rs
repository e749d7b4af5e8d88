//! The tables that the linker writes into every Go program for the program's own use, each found and read on first use.
//!
//! Uses the text that the toolchain wrote ([`super::written`]), and nothing else of `go`.

pub(crate) mod age;
mod build_version;
pub(crate) mod code_refs;
pub mod functions;
pub mod gosymtab;
pub(crate) mod inline_tree;
pub mod inlining;
pub(crate) mod linker_strings;
pub(crate) mod moduledata;
pub mod names;
pub(crate) mod old_inlining;
mod pc_values;
pub mod pclntab;
mod places;
pub mod rows;
pub(crate) mod whole_names;

pub(crate) use build_version::build_version;

use super::written::build_id::go_note;
use functions::Functions;
use gospect_bytes::Limits;
use gospect_exe::Image;
use gosymtab::Gosymtab;
use linker_strings::LinkerStrings;
use moduledata::Moduledata;
use pclntab::Pclntab;
use std::cell::OnceCell;

/// Most function tables to compare with moduledata when no section names the right one.
const TABLES: usize = 8;

/// The tables of one program, each found on first use.
pub struct Tables<'i> {
    image: &'i Image<'i>,
    limits: Limits,
    pclntab: OnceCell<Option<Pclntab>>,
    gosymtab: OnceCell<Option<Gosymtab>>,
    moduledata: OnceCell<Option<Moduledata>>,
    strings: OnceCell<LinkerStrings<'i>>,
    functions: OnceCell<Functions>,
}

impl<'i> Tables<'i> {
    /// The tables of an image; reads nothing yet.
    pub fn new(image: &'i Image<'i>, limits: Limits) -> Self {
        Self {
            image,
            limits,
            pclntab: OnceCell::new(),
            gosymtab: OnceCell::new(),
            moduledata: OnceCell::new(),
            strings: OnceCell::new(),
            functions: OnceCell::new(),
        }
    }

    /// The limits on reading the program.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The program.
    pub fn image(&self) -> &'i Image<'i> {
        self.image
    }

    /// The function table.
    pub fn pclntab(&self) -> Option<&Pclntab> {
        self.pclntab
            .get_or_init(|| {
                // A program may contain another one as data. Its own table is the one that its moduledata points at.
                let mut first = None;
                let mut tries = 0;
                let found = Pclntab::find_that(self.image, &mut |table| {
                    tries += 1;
                    first.get_or_insert(*table);
                    let module = Moduledata::find(self.image, table);
                    let runs = module.is_some();
                    if runs {
                        let _ = self.moduledata.set(module);
                    }
                    runs || tries == TABLES
                });
                match self.moduledata.get() {
                    None if first.is_some() => first,
                    _ => found,
                }
            })
            .as_ref()
    }

    /// The symbol table of Go 1.0 to 1.2.
    pub fn gosymtab(&self) -> Option<&Gosymtab> {
        self.gosymtab
            .get_or_init(|| Gosymtab::find(self.image))
            .as_ref()
    }

    /// Whether the sections are those of Go 1.0 or 1.1 after `-ldflags=-s`, with only the names of both tables left. Later
    /// releases need their tables to run.
    pub(crate) fn is_stripped_old(&self) -> bool {
        let image = self.image;
        let both = |symbols: &[u8], lines: &[u8]| {
            image.section(symbols).is_some_and(|s| s.size == 0)
                && image.section(lines).is_some_and(|s| s.size == 0)
        };
        (both(b".gosymtab", b".gopclntab") || both(b"__gosymtab", b"__gopclntab"))
            && self.pclntab().is_none()
            && go_note(image).is_none()
            && !image.sections.iter().any(|s| is_newer(&s.name))
    }

    /// The moduledata.
    pub fn moduledata(&self) -> Option<&Moduledata> {
        // Looking for the table may find moduledata too.
        let table = self.pclntab();
        self.moduledata
            .get_or_init(|| Moduledata::find(self.image, table?))
            .as_ref()
    }

    /// The functions, by the names in the function table or in its predecessor.
    pub fn functions(&self) -> &Functions {
        self.functions.get_or_init(|| Functions::read(self))
    }

    /// The linker strings.
    pub fn strings(&self) -> &LinkerStrings<'i> {
        self.strings.get_or_init(|| match self.moduledata() {
            Some(module) => LinkerStrings::read(self.image, module, self.limits.build_info),
            None => LinkerStrings::default(),
        })
    }
}

/// Whether a release after Go 1.1 introduced a section of this name.
fn is_newer(name: &[u8]) -> bool {
    [
        &b".itablink"[..],
        b"__itablink",
        b".go.buildinfo",
        b"__go_buildinfo",
    ]
    .contains(&name)
}
