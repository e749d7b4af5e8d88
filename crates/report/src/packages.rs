//! The packages that are linked into programs, by module, with the number of their functions and the bytes of their code.

use super::csv;
use super::style::{Look, Tone, clean};
use gospect_bytes::number;
use gospect_record::{Binary, LinkedPackage, Location};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The schema of the JSON document.
pub const SCHEMA: &str = "gospect-packages/1";

/// Why the packages of a program are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// The program has no readable function table.
    NoFunctionTable,
    /// The record was written without packages.
    NotRecorded,
}

impl Unknown {
    fn text(self) -> &'static str {
        match self {
            Self::NoFunctionTable => "no function table",
            Self::NotRecorded => {
                "these records hold none; write them with `gospect scan --symbols --format ndjson`"
            }
        }
    }
}

/// A program and its packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Location as text for people.
    pub path: String,
    /// Location as data.
    pub location: Location,
    /// Version of the toolchain.
    pub go_version: Option<String>,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// Bytes of code of all packages; `None`: unknown.
    pub code_bytes: Option<u64>,
    /// Why the packages are unknown; `None`: they are known.
    pub unknown: Option<Unknown>,
    /// The modules, largest first.
    pub modules: Vec<Module>,
}

/// The packages of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Its path, `std` for the standard library; `None`: the module of these packages is unknown.
    pub path: Option<String>,
    /// Its version as linked, after replacement; for `std` that of the toolchain; `None`: unknown.
    pub version: Option<String>,
    /// Number of functions in its packages.
    pub functions: u64,
    /// Bytes of their code.
    pub bytes: u64,
    /// Its packages, largest first.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Its import path.
    pub path: String,
    /// Number of its functions, including those that exist only inlined.
    pub functions: u64,
    /// Bytes of their code.
    pub bytes: u64,
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
}

/// Writes programs one by one.
pub struct Writer<'o> {
    format: Format,
    look: Look,
    out: &'o mut dyn Write,
    written: u64,
    unknown: u64,
}

impl Program {
    /// The packages of a program.
    pub fn of(binary: &Binary) -> Self {
        let rows = binary.packages.as_deref();
        let has_table = binary.linked.as_ref().is_some_and(|l| l.functions > 0);
        let unknown = match (rows, has_table) {
            (Some([_, ..]), _) => None,
            (Some([]) | None, false) => Some(Unknown::NoFunctionTable),
            (Some([]), true) => None,
            (None, true) => Some(Unknown::NotRecorded),
        };
        let rows = rows.unwrap_or_default();
        let sum = rows.iter().fold(0u64, |sum, p| sum.saturating_add(p.bytes));
        Self {
            path: binary.path.clone(),
            location: binary.location.clone(),
            go_version: binary.go_version.clone(),
            main_package: binary.main_package.clone(),
            code_bytes: unknown.is_none().then_some(sum),
            unknown,
            modules: modules(binary, rows),
        }
    }

    fn functions(&self) -> u64 {
        let all = self.modules.iter().map(|m| m.functions);
        all.fold(0, u64::saturating_add)
    }
}

/// The modules of packages, largest first.
fn modules(binary: &Binary, rows: &[LinkedPackage]) -> Vec<Module> {
    let mut all: BTreeMap<Option<&str>, Module> = BTreeMap::new();
    for row in rows {
        let module = all.entry(row.module.as_deref()).or_default();
        module.functions = module.functions.saturating_add(row.functions);
        module.bytes = module.bytes.saturating_add(row.bytes);
        module.packages.push(Package {
            path: row.path.clone(),
            functions: row.functions,
            bytes: row.bytes,
        });
    }
    let modules = all.into_iter().map(|(path, mut module)| {
        module.path = path.map(str::to_owned);
        module.version = path.and_then(|path| version(binary, path));
        // The sort is stable: packages of equal size stay in path order.
        module.packages.sort_by_key(|p| std::cmp::Reverse(p.bytes));
        module
    });
    let mut modules: Vec<Module> = modules.collect();
    modules.sort_by_key(|m| std::cmp::Reverse(m.bytes));
    modules
}

fn version(binary: &Binary, path: &str) -> Option<String> {
    if path == "std" {
        return binary.go_version.clone();
    }
    let info = binary.build_info.as_ref()?;
    let module = info.deps.iter().chain([&info.main]);
    let module = module.into_iter().find(|module| module.path == path)?;
    let module = module.replace.as_deref().unwrap_or(module);
    (!module.version.is_empty()).then(|| module.version.clone())
}

impl<'o> Writer<'o> {
    /// Starts the output.
    ///
    /// # Errors
    /// Those of the writer, here and below.
    pub fn new(format: Format, look: Look, out: &'o mut dyn Write) -> io::Result<Self> {
        match format {
            Format::Text => {}
            Format::Json => {
                let version = env!("CARGO_PKG_VERSION");
                write!(
                    out,
                    "{{\n  \"schema\": \"{SCHEMA}\",\n  \"tool\": {{\n    \"name\": \"gospect\",\n    \"version\": \"{version}\"\n  }},\n  \"programs\": ["
                )?;
            }
            Format::Csv => {
                let head = ["path", "module", "version", "package", "functions", "bytes"];
                csv::row(head.into_iter().map(str::to_owned), out)?;
            }
        }
        Ok(Self {
            format,
            look,
            out,
            written: 0,
            unknown: 0,
        })
    }

    /// Writes a program.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn program(&mut self, binary: &Binary) -> io::Result<()> {
        let program = Program::of(binary);
        self.unknown += u64::from(program.unknown.is_some());
        let is_first = self.written == 0;
        self.written += 1;
        match self.format {
            Format::Text => {
                let mut text = String::new();
                if !is_first {
                    text.push('\n');
                }
                program.write(&self.look, &mut text);
                self.out.write_all(self.look.finish(&text).as_bytes())
            }
            Format::Json => {
                let text = serde_json::to_string_pretty(&program).map_err(io::Error::from)?;
                let text = text.replace('\n', "\n    ");
                let comma = if is_first { "" } else { "," };
                write!(self.out, "{comma}\n    {text}")
            }
            Format::Csv => program.rows(self.out),
        }
    }

    /// Ends the output. Returns the number of programs whose packages are unknown.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(self) -> io::Result<u64> {
        if self.format == Format::Json {
            let line = if self.written == 0 { "" } else { "\n  " };
            writeln!(self.out, "{line}]\n}}")?;
        }
        Ok(self.unknown)
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
                ];
                csv::row(cells.into_iter(), out)?;
            }
        }
        Ok(())
    }
}

impl Program {
    fn write(&self, look: &Look, text: &mut String) {
        let _ = writeln!(text, "{}", look.paint(Tone::Title, &clean(&self.path)));
        if let Some(why) = self.unknown {
            let why = format!("packages not known: {}", why.text());
            let _ = writeln!(text, "  {}", look.paint(Tone::Warn, &why));
            return;
        }
        let all = self.code_bytes.unwrap_or_default();
        let packages = self.modules.iter().map(|m| m.packages.len() as u64).sum();
        let _ = writeln!(
            text,
            "  {} of code, {} in {} of {}",
            number::bytes(all),
            number::count(self.functions(), "function", "functions"),
            number::count(packages, "package", "packages"),
            number::count(self.modules.len() as u64, "module", "modules"),
        );
        let head = format!(
            "{:>10}  {:>6}  {:>9}  module, package",
            "code", "share", "functions"
        );
        let _ = writeln!(text, "\n{}", look.paint(Tone::Label, &head));
        for module in &self.modules {
            let path = module.path.as_deref().unwrap_or("module not known");
            let version = module.version.as_deref().unwrap_or_default();
            let name = format!("{} {}", clean(path), clean(version));
            let name = look.paint(Tone::Title, name.trim_end());
            line(text, module.bytes, all, module.functions, &name);
            for package in &module.packages {
                let name = format!("  {}", clean(&package.path));
                line(text, package.bytes, all, package.functions, &name);
            }
        }
    }
}

fn line(text: &mut String, bytes: u64, all: u64, functions: u64, name: &str) {
    let _ = writeln!(
        text,
        "{:>10}  {:>6}  {:>9}  {name}",
        number::bytes(bytes),
        share(bytes, all),
        number::thousands(functions),
    );
}

/// A part as a percentage, with one decimal.
fn share(part: u64, whole: u64) -> String {
    let thousandths = u128::from(part) * 1000;
    match thousandths.checked_div(u128::from(whole)) {
        Some(n) => format!("{}.{}%", n / 10, n % 10),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_record::{BuildInfo, Linked};
    use test_support::records as sample;

    fn program() -> Binary {
        let row = |path: &str, module: Option<&str>, functions, bytes| LinkedPackage {
            path: path.into(),
            module: module.map(str::to_owned),
            functions,
            bytes,
        };
        let mut replaced = sample::module("example.com/old", "v1.0.0");
        replaced.replace = Some(Box::new(sample::module("example.com/new", "v1.1.0")));
        Binary {
            path: "bin/app".into(),
            go_version: Some("go1.27.3".into()),
            build_info: Some(BuildInfo {
                deps: vec![replaced],
                ..BuildInfo::default()
            }),
            linked: Some(Linked {
                functions: 9,
                ..Linked::default()
            }),
            packages: Some(vec![
                row("a.org/x", None, 1, 100),
                row("example.com/old/in", Some("example.com/old"), 2, 500),
                row("fmt", Some("std"), 3, 200),
                row("runtime", Some("std"), 3, 1200),
            ]),
            ..Binary::default()
        }
    }

    #[test]
    fn modules_and_packages_come_largest_first() {
        let program = Program::of(&program());
        assert_eq!((program.code_bytes, program.unknown), (Some(2000), None));
        let modules: Vec<_> = program
            .modules
            .iter()
            .map(|m| {
                (
                    m.path.as_deref(),
                    m.version.as_deref(),
                    m.bytes,
                    m.functions,
                )
            })
            .collect();
        assert_eq!(
            modules,
            [
                (Some("std"), Some("go1.27.3"), 1400, 6),
                (Some("example.com/old"), Some("v1.1.0"), 500, 2),
                (None, None, 100, 1),
            ]
        );
        let first = &program.modules[0].packages;
        assert_eq!(
            first.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(),
            ["runtime", "fmt"]
        );
    }

    #[test]
    fn nothing_known_is_never_nothing_there() {
        let mut binary = program();
        binary.packages = None;
        assert_eq!(Program::of(&binary).unknown, Some(Unknown::NotRecorded));
        binary.linked = None;
        let program = Program::of(&binary);
        assert_eq!(program.unknown, Some(Unknown::NoFunctionTable));
        assert_eq!(program.code_bytes, None);
        let mut out = Vec::new();
        let mut writer = Writer::new(Format::Text, Look::PLAIN, &mut out).unwrap();
        writer.program(&binary).unwrap();
        assert_eq!(writer.end().unwrap(), 1);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("not known: no function table"), "{text}");
    }

    #[test]
    fn a_row_for_each_package_in_csv() {
        let mut out = Vec::new();
        let mut writer = Writer::new(Format::Csv, Look::PLAIN, &mut out).unwrap();
        writer.program(&program()).unwrap();
        assert_eq!(writer.end().unwrap(), 0);
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), 5);
        assert_eq!(rows[1], "bin/app,std,go1.27.3,runtime,3,1200");
        assert_eq!(rows[4], "bin/app,,,a.org/x,1,100");
    }

    #[test]
    fn the_document_is_whole_with_any_number_of_programs() {
        for count in 0..3 {
            let mut out = Vec::new();
            let mut writer = Writer::new(Format::Json, Look::PLAIN, &mut out).unwrap();
            for _ in 0..count {
                writer.program(&program()).unwrap();
            }
            writer.end().unwrap();
            let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(document["schema"], SCHEMA);
            let programs = document["programs"].as_array().unwrap();
            assert_eq!(programs.len(), count);
            let same = serde_json::to_value(Program::of(&program())).unwrap();
            assert!(programs.iter().all(|program| *program == same));
        }
    }
}
