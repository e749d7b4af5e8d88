//! The packages that are linked into programs, by module, with the number of their functions and the bytes of their code.

mod page;
pub(crate) mod program;
mod text;

pub use program::{Module, Package, Program, Unknown};

use super::csv;
use super::style::Look;
use gospect_record::Binary;
use std::io::{self, Write};

/// The schema of the JSON document.
pub const SCHEMA: &str = "gospect-packages/1";

/// How much to show of what packages can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// Nothing: it was not asked for.
    #[default]
    Nothing,
    /// The capabilities.
    Capabilities,
    /// Also the chain of calls that proves each.
    Chains,
}

/// The output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
    /// A row for each package of each program.
    Csv,
    /// A page with the packages drawn by size.
    Html,
}

/// Writes programs one by one.
pub struct Writer<'o> {
    format: Format,
    look: Look,
    shown: Shown,
    out: &'o mut dyn Write,
    written: u64,
    unknown: u64,
    unknown_capabilities: u64,
    /// The programs of a page, which is written at the end.
    waiting: Vec<Program>,
}

/// For how many programs something is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotKnown {
    /// Programs whose packages are unknown.
    pub packages: u64,
    /// Programs whose packages are known, but not what they can do.
    pub capabilities: u64,
}

impl<'o> Writer<'o> {
    /// Starts the output.
    ///
    /// # Errors
    /// Those of the writer, here and below.
    pub fn new(
        format: Format,
        look: Look,
        shown: Shown,
        out: &'o mut dyn Write,
    ) -> io::Result<Self> {
        match format {
            Format::Text | Format::Html => {}
            Format::Json => {
                let version = env!("CARGO_PKG_VERSION");
                write!(
                    out,
                    "{{\n  \"schema\": \"{SCHEMA}\",\n  \"tool\": {{\n    \"name\": \"gospect\",\n    \"version\": \"{version}\"\n  }},\n  \"programs\": ["
                )?;
            }
            Format::Csv => {
                let head = [
                    "path",
                    "module",
                    "version",
                    "package",
                    "functions",
                    "bytes",
                    "capabilities",
                ];
                csv::row(head.into_iter().map(str::to_owned), out)?;
            }
        }
        Ok(Self {
            format,
            look,
            shown,
            out,
            written: 0,
            unknown: 0,
            unknown_capabilities: 0,
            waiting: Vec::new(),
        })
    }

    /// Writes a program.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn program(&mut self, binary: &Binary) -> io::Result<()> {
        let program = Program::of(binary);
        self.unknown += u64::from(program.unknown.is_some());
        let lacks_capabilities = self.shown != Shown::Nothing && !program.has_capabilities();
        self.unknown_capabilities += u64::from(lacks_capabilities && program.unknown.is_none());
        let is_first = self.written == 0;
        self.written += 1;
        match self.format {
            Format::Text => {
                let mut text = String::new();
                if !is_first {
                    text.push('\n');
                }
                program.write(&self.look, self.shown, &mut text);
                self.out.write_all(self.look.finish(&text).as_bytes())
            }
            Format::Json => {
                let text = serde_json::to_string_pretty(&program).map_err(io::Error::from)?;
                let text = text.replace('\n', "\n    ");
                let comma = if is_first { "" } else { "," };
                write!(self.out, "{comma}\n    {text}")
            }
            Format::Csv => program.rows(self.out),
            Format::Html => {
                self.waiting.push(program);
                Ok(())
            }
        }
    }

    /// Ends the output. Returns how many programs are not known in full.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(self) -> io::Result<NotKnown> {
        if self.format == Format::Html {
            page::write(&self.waiting, self.out)?;
        }
        if self.format == Format::Json {
            let line = if self.written == 0 { "" } else { "\n  " };
            writeln!(self.out, "{line}]\n}}")?;
        }
        Ok(NotKnown {
            packages: self.unknown,
            capabilities: self.unknown_capabilities,
        })
    }
}

impl Program {
    fn rows(&self, out: &mut dyn Write) -> io::Result<()> {
        for module in &self.modules {
            for package in &module.packages {
                let cells = [
                    self.path.clone(),
                    module.path.clone().unwrap_or_default(),
                    module.version.clone().unwrap_or_default(),
                    package.path.clone(),
                    package.functions.to_string(),
                    package.bytes.to_string(),
                    package.capability_names().join(" "),
                ];
                csv::row(cells.into_iter(), out)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
