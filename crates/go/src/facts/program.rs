//! One Go program, with everything that its facts are derived from.

use super::debug_paths;
use super::paths::SourceFiles;
use crate::identify::Identity;
use crate::options::{Asked, Options, Wanted};
use crate::tables::Tables;
use crate::tables::age::Age;
use crate::written::modinfo::ModInfo;
use gospect_knowledge::go_version::GoVersion;
use gospect_record::BuildInfo;
use std::cell::OnceCell;

/// A Go program. Whatever only some facts need is read when the first of them asks for it.
pub struct Program<'i> {
    /// The tables that the linker wrote.
    pub tables: Tables<'i>,
    /// The build info, and where it was found.
    pub identity: Identity<'i>,
    /// The version of the toolchain as text.
    pub version_text: Option<String>,
    /// The version, if it can be parsed.
    pub version: Option<GoVersion>,
    /// The module text, parsed.
    pub modinfo: Option<ModInfo<'i>>,
    /// The build info as the record holds it.
    pub build_info: Option<BuildInfo>,
    /// Whether to list the packages even if the build info lists modules.
    pub list_packages: bool,
    /// Whether to find out what each package can do.
    pub capabilities: bool,
    /// Whether to name all linked functions.
    pub symbols: bool,
    /// About which of them the caller asks, where not about all.
    pub asked: Option<Asked<'i>>,
    /// To what chains of calls are wanted.
    pub wanted: Option<Wanted<'i>>,
    /// Value of `GODEBUG` to assume at run time.
    pub environment: Option<&'i str>,
    files: OnceCell<SourceFiles>,
    go_symbols: OnceCell<bool>,
}

impl<'i> Program<'i> {
    /// Parses the build info that was found and reads nothing else yet.
    pub fn new(tables: Tables<'i>, identity: Identity<'i>, options: &Options<'i>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let foreign = identity.foreign.as_ref();
        let version_text = identity
            .version
            .map(text)
            .or_else(|| foreign.and_then(|f| f.version.clone()));
        let modinfo = identity.modinfo.map(ModInfo::parse);
        let build_info = identity.source.map(|_| {
            let version = version_text.as_deref().unwrap_or_default();
            let empty = ModInfo::default();
            modinfo.as_ref().unwrap_or(&empty).to_record(version)
        });
        Self {
            version: version_text.as_deref().and_then(GoVersion::parse),
            version_text,
            modinfo,
            build_info,
            list_packages: options.packages,
            capabilities: options.capabilities,
            symbols: options.symbols,
            asked: options.asked,
            wanted: options.wanted,
            environment: options.godebug,
            tables,
            identity,
            files: OnceCell::new(),
            go_symbols: OnceCell::new(),
        }
    }

    /// The value of a recorded setting, unless it is empty.
    pub fn recorded(&self, key: &str) -> Option<&str> {
        self.setting(key).filter(|value| !value.is_empty())
    }

    /// The value of a recorded setting, which may be empty.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.build_info.as_ref()?.setting(key)
    }

    /// Whether any setting is recorded; only then does a missing one say something.
    pub fn has_settings(&self) -> bool {
        self.build_info
            .as_ref()
            .is_some_and(|info| !info.settings.is_empty())
    }

    /// The minor release of the toolchain.
    pub fn minor(&self) -> Option<u32> {
        self.version.as_ref()?.minor()
    }

    /// The import path of the main package, as recorded.
    pub fn main_package(&self) -> Option<&str> {
        let path = self.build_info.as_ref()?.path.as_str();
        (!path.is_empty()).then_some(path)
    }

    /// The import path derived from the path of `main.go`, where none is recorded.
    pub fn guessed_main(&self) -> Option<&str> {
        let guess = self.files().main_guess.as_deref();
        guess.filter(|_| self.main_package().is_none())
    }

    /// What the vendor of the toolchain, or another compiler, calls itself.
    pub fn vendor(&self) -> Option<&str> {
        let vendor = self.version.as_ref().and_then(|v| v.vendor.as_deref());
        vendor.or_else(|| self.identity.foreign.as_ref()?.text.as_deref())
    }

    /// The releases that may have built a program that names none.
    pub fn age(&self) -> Option<Age> {
        let is_named = self
            .version
            .as_ref()
            .is_some_and(|v| v.release_text().is_some() || v.devel);
        if is_named || self.identity.foreign.is_some() {
            return None;
        }
        let files = self.files();
        Some(Age::of(&self.tables)?.with_files(files.below_src_pkg, &files.old_runtime))
    }

    /// The source files, and the other paths of the build host.
    pub fn files(&self) -> &SourceFiles {
        self.files.get_or_init(|| {
            let (mut files, known) = SourceFiles::read(&self.tables);
            debug_paths::add(&self.tables, &known, &mut files);
            if let Some(info) = &self.build_info {
                files.add_settings(info);
            }
            files
        })
    }

    /// Whether there is a symbol table with Go's names. It has had `runtime.text` since Go 1.5; older
    /// tables are recognised by functions of the runtime.
    pub fn go_symbols(&self) -> bool {
        let names = [
            &b"runtime.text"[..],
            b"runtime.buildVersion",
            b"runtime.goexit",
        ];
        *self.go_symbols.get_or_init(|| {
            names
                .iter()
                .any(|name| self.tables.image().has_symbol(name))
        })
    }
}
