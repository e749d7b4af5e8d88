//! The columns: a table of names, descriptions and functions.

use crate::{flags, terms};
use gospect_record::{Binary, Verdict};
use std::collections::BTreeSet;

/// A column: its name, its content, and how to read it from a record.
pub struct Column {
    /// Name in the header row; never changes.
    pub name: &'static str,
    /// What it contains.
    pub doc: &'static str,
    /// The value for one program; `None` is an empty cell.
    value: fn(&Binary) -> Option<String>,
}

impl Column {
    /// The text of the cell without protection against formulas; `None`: unknown.
    pub fn of(&self, binary: &Binary) -> Option<String> {
        (self.value)(binary)
    }
}

const fn column(
    name: &'static str,
    doc: &'static str,
    value: fn(&Binary) -> Option<String>,
) -> Column {
    Column { name, doc, value }
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn number(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

fn of_setting(binary: &Binary, key: &str) -> Option<String> {
    terms::setting(binary, key).map(str::to_owned)
}

fn filled(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// The columns in order; new ones are added at the end.
pub const COLUMNS: &[Column] = &[
    column("path", "location for people", |binary| {
        Some(binary.path.clone())
    }),
    column(
        "go_version",
        "toolchain release without suffixes",
        |binary| binary.go_version.clone(),
    ),
    column(
        "main_package",
        "import path of the main package",
        |binary| binary.main_package.clone(),
    ),
    column("main_module", "path of the main module", |binary| {
        terms::main_module(binary).map(|m| m.path.clone())
    }),
    column(
        "main_version",
        "version of the program; if nothing names it, what is recorded for the main module",
        |binary| binary.shown_version().map(str::to_owned),
    ),
    column("os", "Go's name of the operating system", |binary| {
        binary.executable.os.clone()
    }),
    column("arch", "Go's name of the architecture", |binary| {
        binary.executable.arch.clone()
    }),
    column("format", "elf, macho, pe, xcoff, plan9 or wasm", |binary| {
        filled(&binary.executable.format)
    }),
    column("kind", "exe, pie, shared, plugin or object", |binary| {
        filled(&binary.executable.kind)
    }),
    column("size", "bytes of the executable", |binary| {
        number(binary.size)
    }),
    column(
        "sha256",
        "hex digest of the executable, when asked for",
        |binary| binary.sha256.clone(),
    ),
    column(
        "flags",
        "short words as in the table, most serious first",
        |binary| {
            let flags: Vec<_> = flags::of(binary).into_iter().map(|flag| flag.0).collect();
            filled(&flags.join(" "))
        },
    ),
    column("go_version_raw", "recorded version text", |binary| {
        binary.go_version_raw.clone()
    }),
    column("go_vendor", "vendor text of the version", |binary| {
        binary.go_vendor.clone()
    }),
    column(
        "build_info_source",
        "where the build info came from",
        |binary| text(binary.build_info_source.as_ref()),
    ),
    column("modules", "number of recorded dependencies", |binary| {
        let info = binary.build_info.as_ref();
        info.filter(|_| !binary.module_list().is_unknown())
            .as_ref()
            .and_then(|i| number(i.deps.len()))
    }),
    column("replaced", "number of replaced dependencies", |binary| {
        binary
            .build_info
            .as_ref()
            .and_then(|i| number(i.deps.iter().filter(|m| m.replace.is_some()).count()))
    }),
    column("cgo_enabled", "CGO_ENABLED", |binary| {
        of_setting(binary, "CGO_ENABLED")
    }),
    column("trimpath", "-trimpath", |binary| {
        of_setting(binary, "-trimpath")
    }),
    column("buildmode", "-buildmode", |binary| {
        of_setting(binary, "-buildmode")
    }),
    column("tags", "-tags", |binary| of_setting(binary, "-tags")),
    column("ldflags", "-ldflags", |binary| {
        of_setting(binary, "-ldflags")
    }),
    column("vcs", "version control system", |binary| {
        of_setting(binary, "vcs")
    }),
    column("vcs_revision", "vcs.revision", |binary| {
        of_setting(binary, "vcs.revision")
    }),
    column("vcs_time", "vcs.time", |binary| {
        of_setting(binary, "vcs.time")
    }),
    column("vcs_modified", "vcs.modified", |binary| {
        of_setting(binary, "vcs.modified")
    }),
    column("goroot", "GOROOT of the build", |binary| {
        binary.goroot.as_ref().and_then(|g| g.value.clone())
    }),
    column("goroot_trimmed", "whether paths were trimmed", |binary| {
        text(binary.goroot.as_ref().and_then(|g| g.trimmed))
    }),
    column(
        "goroot_runtime",
        "what runtime.GOROOT() returns, in the environment if that is known",
        |binary| binary.goroot_in_force().map(str::to_owned),
    ),
    column("goroot_origin", "class of that path", |binary| {
        text(binary.goroot.as_ref().and_then(|g| g.origin.as_ref()))
    }),
    column("goexperiment", "recorded GOEXPERIMENT", |binary| {
        binary.experiments.setting.clone()
    }),
    column("experiments", "all experiments that are on", |binary| {
        binary.experiments.enabled.as_ref().map(|e| e.join(" "))
    }),
    column("loopvar", "per-iteration or per-loop", |binary| {
        text(binary.experiments.loopvar.as_ref())
    }),
    column("godebug_recorded", "DefaultGODEBUG", |binary| {
        binary.godebug.recorded.clone()
    }),
    column(
        "godebug_baked",
        "GODEBUG default in the program",
        |binary| binary.godebug.baked.clone(),
    ),
    column(
        "godebug_environment",
        "GODEBUG of the environment",
        |binary| binary.godebug.environment.clone(),
    ),
    column(
        "language_version",
        "go lines that explain the defaults",
        |binary| binary.godebug.language_version.clone(),
    ),
    column("static", "no loader and no needed library", |binary| {
        text(binary.linkage.as_ref().and_then(|l| l.is_static))
    }),
    column("interpreter", "dynamic loader", |binary| {
        binary.linkage.as_ref().and_then(|l| l.interpreter.clone())
    }),
    column("needed", "needed libraries", |binary| {
        binary
            .linkage
            .as_ref()
            .and_then(|l| l.needed.as_ref())
            .map(|needed| needed.join(" "))
    }),
    column("pie", "position independent", |binary| {
        text(binary.linkage.as_ref().and_then(|l| l.pie))
    }),
    column("relro", "none, partial or full", |binary| {
        text(binary.linkage.as_ref().and_then(|l| l.relro.as_ref()))
    }),
    column("nx", "stack and data are not executable", |binary| {
        text(binary.linkage.as_ref().and_then(|l| l.nx))
    }),
    column("signed", "a signature is present", |binary| {
        text(binary.linkage.as_ref().and_then(|l| l.signed))
    }),
    column("go_symbols", "a symbol table with Go's names", |binary| {
        text(binary.executable.go_symbols)
    }),
    column("debug_info", "DWARF", |binary| {
        text(binary.executable.debug_info)
    }),
    column("packed", "packer", |binary| {
        binary.executable.packed.clone()
    }),
    column("build_id", "Go build ID", |binary| {
        binary.executable.build_id.clone()
    }),
    column(
        "fips_module",
        "version of the Go Cryptographic Module",
        |binary| binary.fips.as_ref().and_then(|f| f.module.clone()),
    ),
    column("fips_mode", "off, on or only", |binary| {
        text(binary.fips.as_ref().and_then(|f| f.mode.as_ref()))
    }),
    column("fips_crypto", "go, boringcrypto, openssl, ...", |binary| {
        text(binary.fips.as_ref().and_then(|f| f.crypto.as_ref()))
    }),
    column(
        "fips_checksum",
        "valid, invalid or unverifiable",
        |binary| text(binary.fips.as_ref().and_then(|f| f.checksum.as_ref())),
    ),
    column(
        "claims_confirmed",
        "number of claims the evidence agrees with",
        |binary| {
            binary
                .corroboration
                .as_ref()
                .and_then(|_| number(terms::claims(binary, Verdict::Confirmed).len()))
        },
    ),
    column(
        "claims_contradicted",
        "names of the claims it disagrees with",
        |binary| {
            binary
                .corroboration
                .as_ref()
                .map(|_| terms::claims(binary, Verdict::Contradicted).join(" "))
        },
    ),
    column(
        "build_paths",
        "number of build-host paths inside",
        |binary| {
            binary.paths.as_ref().and_then(|paths| {
                number(
                    paths
                        .iter()
                        .fold(0u64, |sum, p| sum.saturating_add(p.count)),
                )
            })
        },
    ),
    column(
        "versions",
        "every claim about the program's own version, with its source",
        |binary| {
            let claims = binary.versions.as_ref()?;
            Some(
                claims
                    .iter()
                    .map(|c| format!("{} ({})", c.value, c.source))
                    .collect::<Vec<_>>()
                    .join("; "),
            )
        },
    ),
    column("target", "target as given", |binary| {
        Some(binary.location.target.clone())
    }),
    column("entry", "names inside containers, joined by !", |binary| {
        filled(&binary.location.entry.join("!"))
    }),
    column("image", "image reference", |binary| {
        binary.location.image.as_ref().map(|i| i.reference.clone())
    }),
    column("image_digest", "manifest digest", |binary| {
        binary
            .location
            .image
            .as_ref()
            .and_then(|i| i.digest.clone())
    }),
    column("platform", "platform of the image", |binary| {
        binary
            .location
            .image
            .as_ref()
            .and_then(|i| i.platform.clone())
    }),
    column("layer", "layer index from 0", |binary| {
        binary.location.layer.as_ref().and_then(|l| number(l.index))
    }),
    column("layer_digest", "layer digest", |binary| {
        binary
            .location
            .layer
            .as_ref()
            .and_then(|l| l.digest.clone())
    }),
    column(
        "visible",
        "not deleted or replaced by a later layer",
        |binary| text(binary.location.visible),
    ),
    column("started", "whether the image starts it", |binary| {
        text(binary.location.started)
    }),
    column("mode", "permission bits, octal", |binary| {
        binary.location.mode.map(|mode| format!("{mode:04o}"))
    }),
    column("uid", "owner", |binary| {
        binary.location.uid.and_then(number)
    }),
    column("gid", "group", |binary| {
        binary.location.gid.and_then(number)
    }),
    column("slice", "slice of a fat Mach-O", |binary| {
        binary.location.slice.clone()
    }),
    column("pid", "process", |binary| {
        binary.location.pid.and_then(number)
    }),
    column(
        "notes",
        "anything unusual that was noticed while reading",
        |binary| filled(&binary.notes.join("; ")),
    ),
    column("path_bytes", "raw path, base64, when not UTF-8", |binary| {
        binary.path_bytes.clone()
    }),
    column(
        "module_list",
        "whether the record lists the modules, or why it does not",
        |binary| Some(binary.module_list().as_str().to_owned()),
    ),
    column(
        "function_table",
        "what stands in for modules that are not recorded, from the function table",
        |binary| {
            let rows = binary.stand_ins();
            let groups: BTreeSet<&str> = rows
                .iter()
                .filter(|s| !s.is_own)
                .map(|s| s.group())
                .collect();
            filled(&groups.into_iter().collect::<Vec<_>>().join(" "))
        },
    ),
    column(
        "main_version_source",
        "the claim that main_version is from: its source, and the variable or label",
        |binary| {
            let version = binary.main_version()?;
            let name = version.name.map(|name| format!(" {name}"));
            Some(format!("{}{}", version.source, name.unwrap_or_default()))
        },
    ),
    column(
        "owner",
        "package of the distribution that brought it",
        |binary| binary.owner.as_ref().map(|o| o.name.clone()),
    ),
    column("owner_version", "full version of that package", |binary| {
        binary.owner.as_ref().map(|o| o.version.clone())
    }),
    column("owner_purl", "package URL of that package", |binary| {
        binary
            .owner
            .as_ref()
            .and_then(gospect_record::purl::of_package)
    }),
    column(
        "owner_source",
        "source package it was built from",
        |binary| {
            binary
                .owner
                .as_ref()
                .and_then(|o| o.source.as_ref())
                .map(|source| source.name.clone())
        },
    ),
];
