//! The columns: a table of names, descriptions and functions.

use crate::terms;
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
    column("path", "location for people", |b| Some(b.path.clone())),
    column("go_version", "toolchain release without suffixes", |b| {
        b.go_version.clone()
    }),
    column("main_package", "import path of the main package", |b| {
        b.main_package.clone()
    }),
    column("main_module", "path of the main module", |b| {
        terms::main_module(b).map(|m| m.path.clone())
    }),
    column(
        "main_version",
        "version of the program; if nothing names it, what is recorded for the main module",
        |b| b.shown_version().map(str::to_owned),
    ),
    column("os", "Go's name of the operating system", |b| {
        b.executable.os.clone()
    }),
    column("arch", "Go's name of the architecture", |b| {
        b.executable.arch.clone()
    }),
    column("format", "elf, macho, pe, xcoff, plan9 or wasm", |b| {
        filled(&b.executable.format)
    }),
    column("kind", "exe, pie, shared, plugin or object", |b| {
        filled(&b.executable.kind)
    }),
    column("size", "bytes of the executable", |b| number(b.size)),
    column(
        "sha256",
        "hex digest of the executable, when asked for",
        |b| b.sha256.clone(),
    ),
    column("flags", "short words as in the table, loudest first", |b| {
        let flags: Vec<_> = terms::flags(b).into_iter().map(|flag| flag.0).collect();
        filled(&flags.join(" "))
    }),
    column("go_version_raw", "recorded version text", |b| {
        b.go_version_raw.clone()
    }),
    column("go_vendor", "vendor text of the version", |b| {
        b.go_vendor.clone()
    }),
    column("build_info_source", "where the build info came from", |b| {
        text(b.build_info_source.as_ref())
    }),
    column("modules", "number of recorded dependencies", |b| {
        let info = b.build_info.as_ref();
        info.filter(|_| !b.module_list().is_unknown())
            .as_ref()
            .and_then(|i| number(i.deps.len()))
    }),
    column("replaced", "number of replaced dependencies", |b| {
        b.build_info
            .as_ref()
            .and_then(|i| number(i.deps.iter().filter(|m| m.replace.is_some()).count()))
    }),
    column("cgo_enabled", "CGO_ENABLED", |b| {
        of_setting(b, "CGO_ENABLED")
    }),
    column("trimpath", "-trimpath", |b| of_setting(b, "-trimpath")),
    column("buildmode", "-buildmode", |b| of_setting(b, "-buildmode")),
    column("tags", "-tags", |b| of_setting(b, "-tags")),
    column("ldflags", "-ldflags", |b| of_setting(b, "-ldflags")),
    column("vcs", "version control system", |b| of_setting(b, "vcs")),
    column("vcs_revision", "vcs.revision", |b| {
        of_setting(b, "vcs.revision")
    }),
    column("vcs_time", "vcs.time", |b| of_setting(b, "vcs.time")),
    column("vcs_modified", "vcs.modified", |b| {
        of_setting(b, "vcs.modified")
    }),
    column("goroot", "where it was built", |b| {
        b.goroot.as_ref().and_then(|g| g.value.clone())
    }),
    column("goroot_trimmed", "whether paths were trimmed", |b| {
        text(b.goroot.as_ref().and_then(|g| g.trimmed))
    }),
    column("goroot_runtime", "what runtime.GOROOT() returns", |b| {
        b.goroot.as_ref().and_then(|g| g.runtime.clone())
    }),
    column("goroot_origin", "class of the path", |b| {
        text(b.goroot.as_ref().and_then(|g| g.origin.as_ref()))
    }),
    column("goexperiment", "recorded GOEXPERIMENT", |b| {
        b.experiments.setting.clone()
    }),
    column("experiments", "all experiments that are on", |b| {
        b.experiments.enabled.as_ref().map(|e| e.join(" "))
    }),
    column("loopvar", "per-iteration or per-loop", |b| {
        text(b.experiments.loopvar.as_ref())
    }),
    column("godebug_recorded", "DefaultGODEBUG", |b| {
        b.godebug.recorded.clone()
    }),
    column("godebug_baked", "GODEBUG default in the program", |b| {
        b.godebug.baked.clone()
    }),
    column("godebug_environment", "GODEBUG of the environment", |b| {
        b.godebug.environment.clone()
    }),
    column(
        "language_version",
        "go lines that explain the defaults",
        |b| b.godebug.language_version.clone(),
    ),
    column("static", "no loader and no needed library", |b| {
        text(b.linkage.as_ref().and_then(|l| l.is_static))
    }),
    column("interpreter", "dynamic loader", |b| {
        b.linkage.as_ref().and_then(|l| l.interpreter.clone())
    }),
    column("needed", "needed libraries", |b| {
        b.linkage
            .as_ref()
            .and_then(|l| l.needed.as_ref())
            .map(|needed| needed.join(" "))
    }),
    column("pie", "position independent", |b| {
        text(b.linkage.as_ref().and_then(|l| l.pie))
    }),
    column("relro", "none, partial or full", |b| {
        text(b.linkage.as_ref().and_then(|l| l.relro.as_ref()))
    }),
    column("nx", "stack and data are not executable", |b| {
        text(b.linkage.as_ref().and_then(|l| l.nx))
    }),
    column("signed", "a signature is present", |b| {
        text(b.linkage.as_ref().and_then(|l| l.signed))
    }),
    column("go_symbols", "a symbol table with Go's names", |b| {
        text(b.executable.go_symbols)
    }),
    column("debug_info", "DWARF", |b| text(b.executable.debug_info)),
    column("packed", "packer", |b| b.executable.packed.clone()),
    column("build_id", "Go build ID", |b| b.executable.build_id.clone()),
    column(
        "fips_module",
        "version of the Go Cryptographic Module",
        |b| b.fips.as_ref().and_then(|f| f.module.clone()),
    ),
    column("fips_mode", "off, on or only", |b| {
        text(b.fips.as_ref().and_then(|f| f.mode.as_ref()))
    }),
    column("fips_crypto", "go, boringcrypto, openssl, ...", |b| {
        text(b.fips.as_ref().and_then(|f| f.crypto.as_ref()))
    }),
    column("fips_checksum", "valid, invalid or unverifiable", |b| {
        text(b.fips.as_ref().and_then(|f| f.checksum.as_ref()))
    }),
    column(
        "claims_confirmed",
        "number of claims the evidence agrees with",
        |b| {
            b.corroboration
                .as_ref()
                .and_then(|_| number(terms::claims(b, Verdict::Confirmed).len()))
        },
    ),
    column(
        "claims_contradicted",
        "names of the claims it disagrees with",
        |b| {
            b.corroboration
                .as_ref()
                .map(|_| terms::claims(b, Verdict::Contradicted).join(" "))
        },
    ),
    column("build_paths", "number of build-host paths inside", |b| {
        b.paths.as_ref().and_then(|paths| {
            number(
                paths
                    .iter()
                    .fold(0u64, |sum, p| sum.saturating_add(p.count)),
            )
        })
    }),
    column(
        "versions",
        "every claim about the program's own version, with its source",
        |b| {
            let claims = b.versions.as_ref()?;
            Some(
                claims
                    .iter()
                    .map(|c| format!("{} ({})", c.value, c.source))
                    .collect::<Vec<_>>()
                    .join("; "),
            )
        },
    ),
    column("target", "target as given", |b| {
        Some(b.location.target.clone())
    }),
    column("entry", "names inside containers, joined by !", |b| {
        filled(&b.location.entry.join("!"))
    }),
    column("image", "image reference", |b| {
        b.location.image.as_ref().map(|i| i.reference.clone())
    }),
    column("image_digest", "manifest digest", |b| {
        b.location.image.as_ref().and_then(|i| i.digest.clone())
    }),
    column("platform", "platform of the image", |b| {
        b.location.image.as_ref().and_then(|i| i.platform.clone())
    }),
    column("layer", "layer index from 0", |b| {
        b.location.layer.as_ref().and_then(|l| number(l.index))
    }),
    column("layer_digest", "layer digest", |b| {
        b.location.layer.as_ref().and_then(|l| l.digest.clone())
    }),
    column("visible", "not deleted or replaced by a later layer", |b| {
        text(b.location.visible)
    }),
    column("started", "what the image starts", |b| {
        text(b.location.started)
    }),
    column("mode", "permission bits, octal", |b| {
        b.location.mode.map(|mode| format!("{mode:04o}"))
    }),
    column("uid", "owner", |b| b.location.uid.and_then(number)),
    column("gid", "group", |b| b.location.gid.and_then(number)),
    column("slice", "slice of a fat Mach-O", |b| {
        b.location.slice.clone()
    }),
    column("pid", "process", |b| b.location.pid.and_then(number)),
    column("notes", "anything odd while reading", |b| {
        filled(&b.notes.join("; "))
    }),
    column("path_bytes", "raw path, base64, when not UTF-8", |b| {
        b.path_bytes.clone()
    }),
    column(
        "module_list",
        "whether the record lists the modules, or why it does not",
        |b| Some(b.module_list().as_str().to_owned()),
    ),
    column(
        "function_table",
        "what stands in for modules that are not recorded, from the function table",
        |b| {
            let rows = b.stand_ins();
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
        |b| {
            let version = b.main_version()?;
            let name = version.name.map(|name| format!(" {name}"));
            Some(format!("{}{}", version.source, name.unwrap_or_default()))
        },
    ),
    column(
        "owner",
        "package of the distribution that brought it",
        |b| b.owner.as_ref().map(|o| o.name.clone()),
    ),
    column("owner_version", "whole version of that package", |b| {
        b.owner.as_ref().map(|o| o.version.clone())
    }),
    column("owner_purl", "package URL of that package", |b| {
        b.owner.as_ref().and_then(gospect_record::purl::of_package)
    }),
    column("owner_source", "source package it was built from", |b| {
        b.owner
            .as_ref()
            .and_then(|o| o.source.as_ref())
            .map(|source| source.name.clone())
    }),
];
