//! Facts of a program besides its build settings: the toolchain, what was stripped, C code, claimed versions.

use super::no_recipe::NoRecipe;
use crate::knowledge::GoVersion;
use crate::knowledge::semver::Semver;
use crate::record::{Binary, Compiler, Format, VersionClaim, VersionSource, Word};

/// Which of symbols and debug information are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stripped {
    Not,
    Debug,
    All,
}

pub fn stripped(binary: &Binary) -> Stripped {
    // WebAssembly never has such symbols and debug information, so nothing follows from their absence.
    if binary.executable.format.known() == Some(Format::Wasm) {
        return Stripped::Not;
    }
    match (binary.executable.go_symbols, binary.executable.debug_info) {
        (Some(false), Some(false)) => Stripped::All,
        (_, Some(false)) => Stripped::Debug,
        _ => Stripped::Not,
    }
}

/// Infers linker flags: `-s -w` from missing symbols and debug information, `-X` from the linker strings whose variables are known.
pub fn inferred_linker_flags(binary: &Binary, stripped: Stripped) -> Option<String> {
    let mut words = match stripped {
        Stripped::Not => Vec::new(),
        Stripped::Debug => vec!["-w".to_owned()],
        Stripped::All => vec!["-s".to_owned(), "-w".to_owned()],
    };
    if binary.executable.build_id.is_none() {
        words.push("-buildid=".to_owned());
    }
    for string in binary.linker_strings.iter().flatten() {
        if let Some(name) = &string.name {
            words.extend(set_string(name, &string.value));
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// The flags that set a variable; `None` when they cannot be quoted.
pub fn set_string(name: &str, value: &str) -> Option<String> {
    let text = format!("{name}={value}");
    let is_plain = !text.contains(char::is_whitespace) && !text.contains(['\'', '"']);
    match (is_plain, text.contains('\''), text.contains('"')) {
        (true, ..) => Some(format!("-X {text}")),
        (_, false, _) => Some(format!("-X '{text}'")),
        (_, _, false) => Some(format!("-X \"{text}\"")),
        _ => None,
    }
    .filter(|text| !text.contains(['\n', '\0']))
}

/// A version that the program claims outside of the record of its module, and the source of the claim: a linker string, the name of its file or of a folder around it,
/// a label of its image.
pub fn claimed_version(binary: &Binary) -> Option<(String, String)> {
    let claims = binary.versions.iter().flatten();
    let is_own = |claim: &&VersionClaim| claim.source.known() != Some(VersionSource::MainModule);
    let versions = claims.filter(is_own).filter_map(|claim| {
        let text = format!("v{}", claim.value.trim_start_matches('v'));
        let is_version = Semver::parse(&text).is_some() && is_word(&text);
        is_version.then_some((text, claim.source.as_str().to_owned()))
    });
    let in_path = version_in_path(&binary.path).map(|text| (text, "path of the file".to_owned()));
    versions.chain(in_path).next()
}

/// The module cache in the paths of the build host: the folder in front of the toolchain or of a module with its version, or the one
/// that GOPATH has by default.
pub fn module_cache(binary: &Binary) -> Option<String> {
    const DEFAULT_END: &str = "/pkg/mod";
    const TOOLCHAIN: &str = "/golang.org/toolchain@";
    let paths = binary.paths.iter().flatten();
    let roots = binary
        .goroot
        .iter()
        .filter_map(|goroot| goroot.value.as_deref());
    let seen = paths.flat_map(|path| [path.prefix.as_str(), path.example.as_str()]);
    let seen: Vec<&str> = seen.chain(roots).filter(|p| p.starts_with('/')).collect();
    let info = binary.build_info.as_ref();
    let modules = info.map(|info| std::iter::once(&info.main).chain(&info.deps));
    let modules = modules
        .into_iter()
        .flatten()
        .filter(|module| !module.path.is_empty() && !module.version.is_empty())
        .map(|module| format!("/{}@{}/", escaped(&module.path), escaped(&module.version)));
    let ends = std::iter::once(TOOLCHAIN.to_owned()).chain(modules);
    let in_front = ends.filter_map(|end| {
        let path = seen.iter().find(|path| path.contains(&end))?;
        path.split(&end).next().map(str::to_owned)
    });
    let by_default = seen.iter().filter_map(|path| {
        Some(
            path.get(..path.find(DEFAULT_END)? + DEFAULT_END.len())?
                .to_owned(),
        )
    });
    let mut all = in_front.chain(by_default);
    all.find(|folder| !folder.is_empty())
}

/// A module path or version as folders of the module cache spell it (golang.org/x/mod/module `EscapePath`).
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            all.push('!');
        }
        all.push(c.to_ascii_lowercase());
    }
    all
}

/// Whether runtime/cgo is linked.
pub fn uses_cgo(binary: &Binary) -> bool {
    let packages = binary.packages.iter().flatten();
    packages
        .map(|p| p.path.as_str())
        .any(|path| path == "runtime/cgo")
}

pub fn toolchain(binary: &Binary, assumed: &mut Vec<String>) -> Result<(String, u32), NoRecipe> {
    if let Some(compiler) = binary
        .compiler
        .as_ref()
        .filter(|c| c.known() != Some(Compiler::Gc))
    {
        return Err(NoRecipe::Compiler(Word::as_str(compiler).to_owned()));
    }
    let raw = binary
        .go_version_raw
        .as_deref()
        .or(binary.go_version.as_deref());
    let raw = raw.ok_or(NoRecipe::NoRelease)?;
    let version = GoVersion::parse(raw).ok_or(NoRecipe::NoRelease)?;
    if version.devel {
        return Err(NoRecipe::Development(raw.to_owned()));
    }
    if let Some(vendor) = &version.vendor {
        assumed.push(format!(
            "the released toolchain instead of that of {vendor}"
        ));
    }
    let release = version.release_text().ok_or(NoRecipe::NoRelease)?;
    let minor = version.minor().ok_or(NoRecipe::NoRelease)?;
    let is_plain = release
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'.');
    is_plain
        .then_some((release.to_owned(), minor))
        .ok_or(NoRecipe::NoRelease)
}

pub fn package(binary: &Binary) -> Result<String, NoRecipe> {
    let recorded = binary.build_info.as_ref().map(|info| info.path.as_str());
    let path = recorded
        .filter(|path| !path.is_empty())
        .or(binary.main_package.as_deref());
    match path {
        None => Err(NoRecipe::NoPackage),
        Some("command-line-arguments") => Err(NoRecipe::CommandLine),
        Some(path) if is_word(path) && !path.starts_with('-') && !path.contains('@') => {
            Ok(path.to_owned())
        }
        Some(path) => Err(NoRecipe::BadPath(path.to_owned())),
    }
}

/// Whether a text is safe as a word of a command: no blank, quote or control character, no leading dash.
pub fn is_word(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+/,~=:!".contains(&b);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain)
}

/// The last version in a path, such as that of `@esbuild+linux-x64@0.28.2/package/bin/esbuild`.
fn version_in_path(path: &str) -> Option<String> {
    path.rsplit('/').find_map(|part| {
        let (_, version) = part.rsplit_once('@')?;
        let text = format!("v{}", version.trim_start_matches('v').split('+').next()?);
        let is_full = text.matches('.').count() == 2;
        (is_full && Semver::parse(&text).is_some()).then_some(text)
    })
}
