//! Every fact beyond the record: the tables of the program are read once each, and the facts taken from them in the order in which they
//! build on one another.

use super::age::Age;
use super::corroborate::{self, compare_modules, corroborate};
use super::functions::Functions;
use super::identify::{Identity, Tables};
use super::inspect::Options;
use super::linker_strings::LinkerString;
use super::modinfo::ModInfo;
use super::paths::SourceFiles;
use super::{experiment, fips, godebug, goroot, ldflags, module_list, packages};
use crate::exe::{dwarf, linkage};
use crate::knowledge::Row;
use crate::knowledge::go_version::GoVersion;
use crate::record::main_version::could_be_version;
use crate::record::{
    Binary, Godebug, Linked, LinkerString as StringRecord, ModuleList, VersionClaim,
};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Fills in what the record alone does not tell.
pub fn complete(
    tables: &Tables<'_>,
    identity: &Identity<'_>,
    info: Option<&ModInfo<'_>>,
    version: Option<&GoVersion>,
    options: &Options<'_>,
    binary: &mut Binary,
) {
    let image = tables.image();
    let functions = Functions::read(tables);
    let mut files = SourceFiles::read(tables);
    // `runtime.text` is there since Go 1.5; before it only the runtime's functions are sure to be.
    let go_symbols = [
        &b"runtime.text"[..],
        b"runtime.buildVersion",
        b"runtime.goexit",
    ]
    .iter()
    .any(|name| image.has_symbol(name));
    binary.executable.go_symbols = Some(go_symbols);
    binary.executable.debug_info = Some(dwarf::is_there(image));
    if binary.go_version.is_none() && identity.foreign.is_none() {
        binary.go_version_range = Age::of(tables, &files).map(Age::to_record);
    }
    if functions.count == 0 && identity.foreign.is_none() {
        binary
            .notes
            .push("no function table was found: facts that need it are missing".to_owned());
    }

    if binary.go_vendor.is_none() {
        binary.notes.extend(fork(&functions));
    }

    let build_info = binary.build_info.take();
    let setting = |key: &str| build_info.as_ref().and_then(|b| b.setting(key));
    binary.executable.os =
        corroborate::system(image, &files, setting("GOOS")).or(binary.executable.os.take());
    if binary.main_package.is_none()
        && let Some(package) = files.main_guess.take()
    {
        binary
            .notes
            .push("main package inferred from the path of its main.go".to_owned());
        binary.main_package = Some(package);
    }

    let minor = version.and_then(GoVersion::minor);
    let goroot = goroot::find(
        tables,
        &files,
        &functions,
        build_info.as_ref(),
        go_symbols,
        minor,
    );
    binary.notes.extend(goroot.notes);
    let mut list = binary.module_list();
    if options.packages || list != ModuleList::Recorded {
        binary.packages = packages::read(tables, &functions, build_info.as_ref());
    }
    if list != ModuleList::Recorded {
        let packages = binary.packages.as_deref();
        let origin = goroot.record.origin.as_deref();
        list = module_list::refine(list, tables, packages, build_info.as_ref(), origin);
        binary.module_list = Some(list);
        if list == ModuleList::Empty && !options.packages {
            binary.packages = None;
        }
    }
    let baked = baked_godebug(tables, binary.godebug.recorded.as_deref());
    binary.linked = Some(linked(info, &functions));
    let has_settings = build_info.as_ref().is_some_and(|b| !b.settings.is_empty());
    let recorded = binary.godebug.recorded.clone();
    if let Some(version) = version {
        let goarch = setting("GOARCH").or(binary.executable.arch.as_deref());
        let goos = setting("GOOS").or(binary.executable.os.as_deref());
        let facts = godebug::Facts {
            version,
            recorded: recorded.as_deref(),
            baked: baked.map(|b| b.1).or(has_no_baked(tables)),
            environment: options.godebug,
            has_settings,
            main_package: binary.main_package.as_deref(),
            goos,
            goarch,
            crypto_linked: (functions.count > 0).then(|| {
                functions
                    .packages
                    .iter()
                    .any(|p| p.starts_with("crypto/internal/fips140"))
            }),
            unfit_for_fips: godebug::unfit_for_fips(setting),
        };
        binary.experiments = experiment::assess(&experiment::Facts {
            version,
            goarch,
            goos,
            setting: setting("GOEXPERIMENT"),
            has_settings,
            language: godebug::language(&facts),
            gopath: list == ModuleList::Gopath,
        });
        binary.godebug = godebug::assess(&facts);
        // No `go` line is behind it: these are the defaults that the go command takes in GOPATH mode.
        let range = binary.godebug.language_version.as_mut();
        if let Some(range) = range.filter(|_| list == ModuleList::Gopath) {
            *range = "1.20".to_owned();
        }
        // The record keeps apart "found and empty" and "not found" only inside the assessment.
        if binary.godebug.baked.as_deref() == Some("") {
            binary.godebug.baked = None;
            binary.godebug.baked_pairs = None;
        }
        binary.notes.extend(Row::of(version).note(version));
    } else {
        binary.godebug = Godebug {
            recorded,
            baked: baked.map(|b| b.1.to_owned()),
            environment: options.godebug.map(str::to_owned),
            ..Godebug::default()
        };
    }

    let own: Vec<u64> = goroot
        .string
        .into_iter()
        .chain(baked.map(|b| b.0))
        .collect();
    binary.goroot = Some(goroot.record);
    let strings = user_strings(tables, identity, &own, go_symbols);
    binary.versions = Some(versions(build_info.as_ref(), &strings));
    binary.linker_strings = Some(strings);
    if let Some(build_info) = &build_info {
        files.add_settings(build_info);
    }
    binary.paths = Some(files.to_record());
    let fips_setting = binary
        .godebug
        .effective
        .iter()
        .flatten()
        .find(|e| e.key == "fips140");
    let fips_setting = fips_setting.map(|e| e.value.as_str());
    binary.fips = fips::read(tables, &functions, build_info.as_ref(), fips_setting);
    binary.linkage = Some(linkage::describe(image));
    binary.build_info = build_info;
    let rows = corroborate(&corroborate::Evidence {
        tables,
        identity,
        version,
        files: &files,
        functions: &functions,
        binary,
    });
    binary.corroboration = Some(rows);
}

/// Packages that forks of the toolchain add to the standard library, for builds whose version text does not name the fork. Programs cannot
/// import them: `vendor/` in front is the standard library's own.
fn fork(functions: &Functions) -> Option<String> {
    const PACKAGES: [(&str, &str); 4] = [
        ("vendor/github.com/microsoft/go-crypto", "Microsoft's"),
        ("vendor/github.com/golang-fips/openssl-fips", "Red Hat's"),
        (
            "vendor/github.com/golang-fips/openssl",
            "Red Hat's or Microsoft's",
        ),
        (
            "crypto/internal/backend",
            "a vendor's with system cryptography",
        ),
    ];
    PACKAGES.iter().find_map(|(start, whose)| {
        let package = functions.packages.iter().find(|p| p.starts_with(start))?;
        Some(format!(
            "the toolchain looks like {whose} fork of Go: its standard library holds {package}"
        ))
    })
}

fn linked(info: Option<&ModInfo<'_>>, functions: &Functions) -> Linked {
    let (not_linked, not_recorded) = match info {
        Some(info) if functions.count > 0 && info.main.is_some() => {
            compare_modules(info, functions)
        }
        _ => Default::default(),
    };
    Linked {
        functions: functions.count,
        system_roots: functions.has("crypto/x509.loadSystemRoots"),
        embedded_roots: functions.has_package("golang.org/x/crypto/x509roots/fallback"),
        load_location: functions.has("time.LoadLocation"),
        tzdata: functions.has_package("time/tzdata"),
        crypto: functions
            .packages
            .iter()
            .any(|p| p.starts_with("crypto/internal/fips140")),
        not_linked,
        not_recorded,
    }
}

/// The linker string `runtime.godebugDefault`: header address and text. It is the one equal to the record, or else the list of settings that
/// stands right behind `runtime.modinfo`, where the linker puts its neighbour in package runtime.
fn baked_godebug<'i>(tables: &Tables<'i>, recorded: Option<&str>) -> Option<(u64, &'i str)> {
    let strings = tables.strings();
    let text = |s: &LinkerString<'i>| std::str::from_utf8(s.text).ok().map(|t| (s.address, t));
    let equal = strings
        .all
        .iter()
        .filter_map(text)
        .find(|s| Some(s.1) == recorded);
    equal.or_else(|| {
        let framed = strings
            .all
            .iter()
            .find(|s| s.text.starts_with(&super::modinfo::START))?;
        let step = 2 * tables.image().pointer_size();
        let next = strings
            .all
            .iter()
            .find(|s| s.address == framed.address.wrapping_add(step))
            .and_then(text)?;
        next.1
            .split(',')
            .all(|field| {
                field.split_once('=').is_some_and(|(k, _)| {
                    !k.is_empty() && k.bytes().all(|b| b.is_ascii_alphanumeric())
                })
            })
            .then_some(next)
    })
}

/// Empty text when the runtime's strings were found and this one is not among them.
fn has_no_baked(tables: &Tables<'_>) -> Option<&'static str> {
    tables.strings().modinfo().map(|_| "")
}

/// Linker-set strings that are neither the runtime's own nor noise: short texts are kept only under a name, or when they may be a
/// version: `2.3` beside a longer one of something else must not be passed over.
fn user_strings(
    tables: &Tables<'_>,
    identity: &Identity<'_>,
    own: &[u64],
    go_symbols: bool,
) -> Vec<StringRecord> {
    const SHORTEST: usize = 4;
    let image = tables.image();
    let strings = tables.strings();
    let candidates: Vec<&LinkerString<'_>> = strings
        .all
        .iter()
        .filter(|s| {
            !own.contains(&s.address)
                && !s.text.starts_with(&super::modinfo::START)
                && Some(s.text) != identity.version
        })
        .collect();
    let mut names: Vec<Option<String>> = vec![None; candidates.len()];
    if go_symbols && !candidates.is_empty() {
        image.symbols::<()>(&mut |symbol| {
            if let Ok(i) = candidates.binary_search_by_key(&symbol.address, |s| s.address)
                && let Some(name) = names.get_mut(i)
            {
                name.get_or_insert_with(|| String::from_utf8_lossy(symbol.name).into_owned());
            }
            ControlFlow::Continue(())
        });
    }
    let printable = |t: &str| {
        !t.trim().is_empty() && t.chars().all(|c| !c.is_control() || c == '\n' || c == '\t')
    };
    candidates
        .iter()
        .zip(names)
        .filter_map(|(s, name)| {
            let text = std::str::from_utf8(s.text).ok().filter(|t| printable(t))?;
            // With symbols every real one has a name of its own; without them length is all there is.
            let keep = match &name {
                Some(name) => {
                    let set = [name.as_bytes(), b".str"].concat();
                    !name.starts_with("runtime.") && image.has_symbol(&set)
                }
                None => !go_symbols && (text.len() >= SHORTEST || could_be_version(text)),
            };
            keep.then(|| StringRecord {
                value: text.to_owned(),
                name: name.as_deref().map(variable),
            })
        })
        .collect()
}

/// The name of a variable as `-X` takes it: symbols have dots of the last path element and odd bytes as `%2e`
/// (src/cmd/internal/objabi/path.go, PathToPrefix, Go 1.27).
fn variable(symbol: &str) -> String {
    let is_hex = |digits: &&[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    let mut name = Vec::with_capacity(symbol.len());
    let mut rest = symbol.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%').filter(is_hex);
        let byte = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        name.push(byte.unwrap_or(first));
        rest = byte.map_or(after, |_| after.get(2..).unwrap_or_default());
    }
    String::from_utf8(name).unwrap_or_else(|_| symbol.to_owned())
}

/// Every claim about the program's own version.
fn versions(
    info: Option<&crate::record::BuildInfo>,
    strings: &[StringRecord],
) -> Vec<VersionClaim> {
    let mut claims: Vec<VersionClaim> = Vec::new();
    let mut known = HashSet::new();
    let mut set = HashSet::new();
    let mut claim = |value: &str, source: &str, name: Option<&str>| {
        let new = VersionClaim {
            value: value.to_owned(),
            source: source.to_owned(),
            name: name.map(str::to_owned),
        };
        if !value.is_empty() && known.insert(new.clone()) {
            claims.push(new);
        }
    };
    if let Some(info) = info {
        claim(&info.main.version, "main-module", None);
        for (name, value) in info
            .setting("-ldflags")
            .map(ldflags::definitions)
            .unwrap_or_default()
        {
            if names_version(&name) {
                claim(&value, "x-flag", Some(&name));
            } else {
                // A string without a name is of the variable that is recorded with that text.
                set.insert(value);
            }
        }
    }
    for string in strings {
        match &string.name {
            Some(name) if names_version(name) => claim(&string.value, "linker-string", Some(name)),
            None if could_be_version(&string.value) && !set.contains(&string.value) => {
                claim(&string.value, "linker-string", None)
            }
            _ => {}
        }
    }
    if let Some(revision) = info.and_then(|i| i.setting("vcs.revision")) {
        claim(revision, "vcs", Some("vcs.revision"));
    }
    claims
}

/// Whether the last element of a variable's name says that it holds a version.
fn names_version(name: &str) -> bool {
    let last = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let tool = ["goversion", "apiversion", "minversion", "schemaversion"];
    (last.contains("version") || matches!(last.as_str(), "tag" | "gittag" | "release" | "ver"))
        && !tool.contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_the_names_that_x_takes() {
        for (symbol, name) in [
            ("main.version", "main.version"),
            ("example.com/app%2ev2.Version", "example.com/app.v2.Version"),
            ("a%", "a%"),
            ("a%2", "a%2"),
            ("a%zz.b", "a%zz.b"),
            ("a%+1.b", "a%+1.b"),
            ("a%ff.b", "a%ff.b"),
            ("a%é.b", "a%é.b"),
        ] {
            assert_eq!(variable(symbol), name);
        }
    }

    #[test]
    fn versions_are_told_from_other_text() {
        for (text, want) in [
            ("v1.2.3", true),
            ("1.2", true),
            ("2024.1.3-rc.1", true),
            ("1", false),
            ("go1.27", false),
            ("1.2.x", false),
            ("10.0.0.0/8", false),
        ] {
            assert_eq!(
                crate::record::main_version::reads_like_version(text),
                want,
                "{text}"
            );
        }
        for (name, want) in [
            ("main.version", true),
            ("github.com/a/b.GitTag", true),
            ("main.goVersion", false),
            ("main.commit", false),
        ] {
            assert_eq!(names_version(name), want, "{name}");
        }
    }
}
