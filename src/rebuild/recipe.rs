//! Derives the recipe of a program from its record: toolchain, source, environment and flags.

use super::checkout::module_folder;
use super::evidence::{
    Stripped, claimed_version, inferred_linker_flags, is_word, module_cache, package, stripped,
    toolchain, uses_cgo,
};
use super::flags;
use super::no_recipe::NoRecipe;
use super::stamp::Stamp;
use crate::knowledge::modules;
use crate::knowledge::semver::Semver;
use crate::record::{Binary, BuildInfo, CPU_LEVELS};
use std::path::PathBuf;

/// What the user decides about the rebuild.
#[derive(Clone, Debug, Default)]
pub struct RecipeOptions {
    /// A folder with the source, instead of the module proxy.
    pub source: Option<PathBuf>,
    /// Module and version with the source.
    pub module: Option<(String, String)>,
    /// Whether the C compiler may be run.
    pub allow_cgo: bool,
    /// Linker flags to use instead of inferred ones, such as those that a comparison suggests.
    pub linker_flags: Option<String>,
}

/// Where the source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `go install PACKAGE@VERSION`.
    Install { module: String, version: String },
    /// A module, from the proxy, used as a checkout.
    Module { module: String, version: String },
    /// A folder with the module.
    Folder {
        folder: PathBuf,
        /// The folder of the module in its repository, with a slash at its end, or empty.
        prefix: String,
        /// Whether it must be copied, because it needs a replacement for its repository.
        copied: bool,
    },
    /// A command of the Go distribution.
    Distribution,
}

/// How a program is built again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The toolchain, such as `go1.26.5`.
    pub toolchain: String,
    /// Where the source comes from.
    pub source: Source,
    /// Import path of the main package.
    pub package: String,
    /// The recorded checksum of the main module.
    pub sum: Option<String>,
    /// Variables of the environment.
    pub environment: Vec<(String, String)>,
    /// Flags of `go build`.
    pub flags: Vec<String>,
    /// The module cache of the build host, if the program contains its path.
    pub module_cache: Option<String>,
    /// The stamp of the version control system.
    pub stamp: Option<Stamp>,
    /// Whether the linker flags were inferred, and may be wrong.
    pub infers_linker_flags: bool,
    /// The linker flags.
    pub linker_flags: Option<String>,
    /// Assumptions about what the record does not contain.
    pub assumed: Vec<String>,
}

/// Recorded settings that are environment variables of the `go` command, besides [`CPU_LEVELS`].
const ENVIRONMENT: [&str; 9] = [
    "CGO_ENABLED",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_LDFLAGS",
    "GOARCH",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOOS",
];
/// Recorded settings that are switches of `go build`.
const SWITCHES: [&str; 4] = ["-race", "-msan", "-asan", "-cover"];
/// Recorded settings that follow from others or from the source.
const DERIVED: [&str; 7] = [
    "-compiler",
    "DefaultGODEBUG",
    "vcs",
    "vcs.revision",
    "vcs.time",
    "vcs.modified",
    "-pgo",
];
/// The first minor release that records settings.
const RECORDS_SETTINGS: u32 = 18;

impl Recipe {
    /// Derives the recipe of a program.
    ///
    /// # Errors
    /// [`NoRecipe`] says what is missing, and what to do.
    pub fn of(binary: &Binary, options: &RecipeOptions) -> Result<Self, NoRecipe> {
        let mut assumed = Vec::new();
        if binary.executable.packed.is_some() {
            assumed.push(
                "the program is packed, and what unpacks it is not compared: unpack it first"
                    .to_owned(),
            );
        }
        let (toolchain, minor) = toolchain(binary, &mut assumed)?;
        let empty = BuildInfo::default();
        let info = binary.build_info.as_ref().unwrap_or(&empty);
        let package = package(binary)?;
        let mut recipe = Self {
            toolchain,
            source: Source::Distribution,
            package,
            sum: None,
            environment: Vec::new(),
            flags: Vec::new(),
            module_cache: None,
            stamp: Stamp::of(info),
            infers_linker_flags: false,
            linker_flags: None,
            assumed,
        };
        recipe.find_source(binary, info, options)?;
        recipe.set_environment(binary, info, minor, options)?;
        recipe.set_flags(binary, info, minor, options)?;
        Ok(recipe)
    }

    fn find_source(
        &mut self,
        binary: &Binary,
        info: &BuildInfo,
        options: &RecipeOptions,
    ) -> Result<(), NoRecipe> {
        let main = &info.main;
        let has_vcs = info.setting("vcs").is_some();
        if has_vcs && self.stamp.is_none() {
            self.assumed.push(format!(
                "its stamp ({}) is none of git and is not repeated",
                info.setting("vcs").unwrap_or_default()
            ));
        }
        if info.setting("vcs.modified") == Some("true") {
            self.assumed.push(
                "the checkout had changes that are not in its commit; the commit is built"
                    .to_owned(),
            );
        }
        if let Some(replacement) = &main.replace {
            self.assumed.push(format!(
                "the main module was replaced by {}; that is not repeated",
                replacement.path
            ));
        }
        if let Some(dir) = &options.source {
            let wanted = options
                .module
                .as_ref()
                .map_or(main.path.as_str(), |m| m.0.as_str());
            let (folder, prefix, has_repository) =
                module_folder(dir, wanted).ok_or_else(|| NoRecipe::NoModule {
                    dir: dir.display().to_string(),
                    module: wanted.to_owned(),
                })?;
            if !main.sum.is_empty() {
                self.assumed.push("it was built by `go install` from the module proxy; the source of --source has no sum to compare".to_owned());
            }
            self.source = Source::Folder {
                folder,
                prefix,
                copied: self.stamp.is_some() && !has_repository,
            };
            return Ok(());
        }
        if main.path.is_empty() && options.module.is_none() {
            if self.package.starts_with("cmd/") {
                self.source = Source::Distribution;
                return Ok(());
            }
            return Err(NoRecipe::NoMainModule {
                package: self.package.clone(),
                example: module_example(binary, &self.package),
            });
        }
        let (module, version) = match &options.module {
            Some((module, version)) => (module.clone(), version.clone()),
            None => (main.path.clone(), self.version(binary, info)?),
        };
        check_word(&module)?;
        check_word(&version)?;
        let is_install = !has_vcs && !main.sum.is_empty() && main.version == version;
        if main.version == version && !main.sum.is_empty() {
            self.sum = Some(main.sum.clone()).filter(|sum| is_word(sum));
        }
        if !is_install && !has_vcs {
            self.assumed.push(format!(
                "built in a folder without a repository, from the source of {module} {version}"
            ));
        }
        self.source = match is_install {
            true => Source::Install { module, version },
            false => Source::Module { module, version },
        };
        Ok(())
    }

    /// The version of the main module to fetch.
    fn version(&mut self, binary: &Binary, info: &BuildInfo) -> Result<String, NoRecipe> {
        let recorded = info.main.version.as_str();
        let clean = recorded
            .trim_end_matches(".dirty")
            .trim_end_matches("+dirty");
        if Semver::parse(clean).is_some() {
            return Ok(clean.to_owned());
        }
        if let Some(stamp) = &self.stamp {
            return Ok(stamp.revision.clone());
        }
        match claimed_version(binary) {
            Some((version, source)) => {
                self.assumed.push(format!(
                    "version {version} of {}, from the {source}",
                    info.main.path
                ));
                Ok(version)
            }
            None => Err(NoRecipe::NoVersion {
                module: info.main.path.clone(),
            }),
        }
    }

    fn set_environment(
        &mut self,
        binary: &Binary,
        info: &BuildInfo,
        minor: u32,
        options: &RecipeOptions,
    ) -> Result<(), NoRecipe> {
        let mut set = |key: &str, value: &str| -> Result<(), NoRecipe> {
            let is_flags = key.starts_with("CGO_") && key != "CGO_ENABLED";
            if is_flags && value.is_empty() {
                return Ok(());
            }
            if !is_flags && !is_word(value) {
                return Err(NoRecipe::BadSetting {
                    key: key.to_owned(),
                    value: value.to_owned(),
                });
            }
            self.environment.push((key.to_owned(), value.to_owned()));
            Ok(())
        };
        let has_cgo = binary.linked.as_ref().is_some_and(|_| uses_cgo(binary));
        for key in ENVIRONMENT.into_iter().chain(CPU_LEVELS) {
            let Some(value) = info.setting(key) else {
                continue;
            };
            if key.starts_with("CGO_") && key != "CGO_ENABLED" && !options.allow_cgo {
                continue;
            }
            set(key, value)?;
        }
        let port = [
            ("GOOS", &binary.executable.os),
            ("GOARCH", &binary.executable.arch),
        ];
        for (key, value) in port {
            if info.setting(key).is_none() {
                set(key, value.as_deref().ok_or(NoRecipe::NoPackage)?)?;
            }
        }
        if info.setting("CGO_ENABLED").is_none() {
            set("CGO_ENABLED", if has_cgo { "1" } else { "0" })?;
            self.assumed.push(
                match has_cgo {
                    true => "CGO_ENABLED=1: code of runtime/cgo is linked",
                    false => "CGO_ENABLED=0: no code of runtime/cgo is linked",
                }
                .to_owned(),
            );
        }
        if info.setting("GOEXPERIMENT").is_none() && !binary.experiments.suffix.is_empty() {
            let names = binary.experiments.suffix.join(",");
            if is_word(&names) {
                self.environment
                    .push(("GOEXPERIMENT".to_owned(), names.clone()));
                self.assumed.push(format!(
                    "GOEXPERIMENT={names}, from the version of the toolchain"
                ));
            }
        }
        if has_cgo && !options.allow_cgo {
            return Err(NoRecipe::Cgo);
        }
        if minor < RECORDS_SETTINGS {
            self.assumed.push(format!("the defaults of the architecture: Go 1.{minor} records no GOAMD64, GOARM and the like"));
        }
        Ok(())
    }

    fn set_flags(
        &mut self,
        binary: &Binary,
        info: &BuildInfo,
        minor: u32,
        options: &RecipeOptions,
    ) -> Result<(), NoRecipe> {
        let mut trimmed = info.setting("-trimpath") == Some("true");
        if minor < RECORDS_SETTINGS && binary.goroot.as_ref().and_then(|g| g.trimmed) == Some(true)
        {
            trimmed = true;
            self.assumed
                .push("-trimpath: no path of the build host is in it".to_owned());
        }
        match trimmed {
            true => self.flags.push("-trimpath".to_owned()),
            false => self.module_cache = module_cache(binary),
        }
        for setting in &info.settings {
            let (key, value) = (setting.key.as_str(), setting.value.as_str());
            match key {
                "-trimpath" | "-ldflags" => {}
                "-gcflags" => {
                    flags::check_compiler("-gcflags", value)?;
                    self.flags.push(format!("-gcflags={value}"));
                }
                "-asmflags" => {
                    flags::check_compiler("-asmflags", value)?;
                    self.flags.push(format!("-asmflags={value}"));
                }
                "-tags" if is_word(value) => self.flags.push(format!("-tags={value}")),
                "-buildmode" if value == "exe" => {}
                "-buildmode" if is_word(value) => self.flags.push(format!("-buildmode={value}")),
                _ if SWITCHES.contains(&key) && value == "true" => self.flags.push(key.to_owned()),
                _ if ENVIRONMENT.contains(&key)
                    || CPU_LEVELS.contains(&key)
                    || DERIVED.contains(&key) => {}
                _ if key.starts_with('-') || key.starts_with("GO") => {
                    self.assumed
                        .push(format!("its setting {key}={value} is not repeated"));
                }
                _ => {}
            }
        }
        self.set_profile(info, minor);
        if minor >= RECORDS_SETTINGS {
            let has_stamp = self.stamp.is_some() && !matches!(self.source, Source::Install { .. });
            self.flags.push(format!("-buildvcs={has_stamp}"));
        }
        self.set_linker_flags(binary, info, trimmed, minor, options)
    }

    fn set_profile(&mut self, info: &BuildInfo, minor: u32) {
        match info.setting("-pgo") {
            None if minor >= 21 => self.flags.push("-pgo=off".to_owned()),
            None => {}
            // By default, the `go` command uses the file with this name in the folder of the main package.
            Some(path) if path.rsplit(['/', '\\']).next() == Some("default.pgo") => {}
            Some(path) => self.assumed.push(format!(
                "the profile {path} is not at hand; built without -pgo"
            )),
        }
    }

    fn set_linker_flags(
        &mut self,
        binary: &Binary,
        info: &BuildInfo,
        trimmed: bool,
        minor: u32,
        options: &RecipeOptions,
    ) -> Result<(), NoRecipe> {
        let recorded = info.setting("-ldflags");
        let is_unknown = recorded.is_none() && (trimmed || minor < RECORDS_SETTINGS);
        let stripped = stripped(binary);
        let value = match (&options.linker_flags, recorded) {
            (Some(better), _) => Some(better.clone()),
            (None, Some(recorded)) => Some(recorded.to_owned()),
            (None, None) if is_unknown => inferred_linker_flags(binary, stripped),
            (None, None) => None,
        };
        self.infers_linker_flags = is_unknown;
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            flags::check_linker(&value, options.allow_cgo)?;
            self.flags.push(format!("-ldflags={value}"));
            if is_unknown {
                let why = match trimmed {
                    true => "-trimpath keeps the linker flags out of the record",
                    false => "this release does not record them",
                };
                self.assumed.push(format!(
                    "-ldflags={value}: {why}; inferred from missing symbols and from linker strings"
                ));
            }
            self.linker_flags = Some(value);
        } else if !is_unknown && stripped != Stripped::Not {
            self.assumed.push("symbols or debug information were removed after the build: the record has no -ldflags".to_owned());
        }
        Ok(())
    }
}

fn check_word(text: &str) -> Result<(), NoRecipe> {
    is_word(text)
        .then_some(())
        .ok_or_else(|| NoRecipe::BadModule(text.to_owned()))
}

/// How to name the module of a package that no record names: the shortest linked package above it is most likely the module, and
/// the program claims the version.
fn module_example(binary: &Binary, package: &str) -> String {
    let holds = |path: &&str| {
        let below = package.strip_prefix(path);
        below.is_some_and(|rest| rest.starts_with('/'))
    };
    let linked = binary.packages.iter().flatten().map(|p| p.path.as_str());
    let above = linked.filter(holds).min_by_key(|path| path.len());
    let module = above.or_else(|| modules::prefix(package));
    let version = claimed_version(binary).map(|(version, _)| version);
    match module {
        Some(module) => format!(
            "probably with --module {module}@{}",
            version.as_deref().unwrap_or("VERSION")
        ),
        None => "with --module PATH@VERSION".to_owned(),
    }
}
