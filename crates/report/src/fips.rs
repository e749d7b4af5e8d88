//! FIPS 140 facts of each program. Never says that a program is compliant: that depends on the operating environment and on
//! certificates, which are not in the file.

use super::style::{Look, Tone, clean};
use gospect_bytes::number;
use gospect_record::{Binary, Checksum, Crypto, Fips, Location, Word};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The row of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FipsRow {
    /// Location as text for people.
    pub path: String,
    /// Location as data.
    pub location: Location,
    /// Version of the toolchain.
    pub go_version: Option<String>,
    /// The facts of the record; `None`: none apply.
    pub fips: Option<Fips>,
    /// The Go aliases of the frozen module, `certified` or `inprocess`; empty: none.
    pub standing: Vec<String>,
    /// Whether the names of its functions are known, so that packages that are missing among them are not linked in.
    #[serde(skip)]
    pub is_known: bool,
}

/// The rows, and how many checksums are wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FipsTable {
    /// In scan order.
    pub binaries: Vec<FipsRow>,
    /// Number of wrong checksums.
    pub invalid: u64,
    /// Number of things not examined.
    pub unexamined: u64,
}

impl FipsTable {
    /// Adds a program, with the aliases of its module.
    pub fn push(&mut self, binary: &Binary, standing: Vec<String>) {
        let checksum = binary
            .fips
            .as_ref()
            .and_then(|f| f.checksum.as_ref()?.known());
        self.invalid += u64::from(checksum == Some(Checksum::Invalid));
        self.binaries.push(FipsRow {
            path: binary.path.clone(),
            location: binary.location.clone(),
            go_version: binary.go_version.clone(),
            fips: binary.fips.clone(),
            standing,
            is_known: binary.linked.as_ref().is_some_and(|l| l.functions > 0),
        });
    }

    /// Writes one JSON document.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let tool = serde_json::json!({ "name": "gospect", "version": env!("CARGO_PKG_VERSION") });
        let document = serde_json::json!({
            "schema": "gospect-fips/1", "tool": tool, "binaries": self.binaries,
            "invalid": self.invalid, "unexamined": self.unexamined,
        });
        serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
        out.write_all(b"\n")
    }

    /// Writes text for people.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn text(&self, look: &Look, out: &mut dyn Write) -> io::Result<()> {
        let mut text = String::new();
        for row in &self.binaries {
            let _ = writeln!(
                text,
                "{}{}",
                look.paint(Tone::Title, &row.path),
                origin(row)
            );
            for (label, value) in parts(row, look) {
                let head = format!("  {}  ", look.paint(Tone::Label, &format!("{label:<8}")));
                look.wrap(&mut text, &head, &value);
            }
            text.push('\n');
        }
        let programs = self.binaries.len() as u64;
        let summary = format!(
            "{}; checksums that do not match: {}; not examined: {}.",
            number::count(programs, "Go program", "Go programs"),
            self.invalid,
            self.unexamined
        );
        look.wrap(&mut text, "", &summary);
        if programs > 0 {
            look.wrap(&mut text, "", "These are facts of the files. Whether a use meets FIPS 140 also depends on the certificate and where it runs.");
        }
        out.write_all(look.finish(&text).as_bytes())
    }
}

fn origin(row: &FipsRow) -> String {
    row.go_version
        .as_ref()
        .map_or(String::new(), |v| format!(" ({})", clean(v)))
}

fn parts(row: &FipsRow, look: &Look) -> Vec<(&'static str, String)> {
    let Some(fips) = &row.fips else {
        let text = match row.is_known {
            true => {
                "none: no cryptography of the standard library is linked in, and no module was asked for"
            }
            false => "unknown: the file has no function table that tells what is linked in",
        };
        return vec![("module", text.to_owned())];
    };
    let text = |value: Option<&str>| clean(value.unwrap_or("unknown")).into_owned();
    let known = |crypto: &Option<Word<Crypto>>| crypto.as_ref().and_then(Word::known);
    let module = match (&fips.module, row.standing.as_slice()) {
        (None, _) if fips.checksum.is_none() && known(&fips.crypto) == Some(Crypto::Go) => {
            "none: Go's standard library does the cryptography, without a FIPS 140 module (Go has one since 1.24)".to_owned()
        }
        (None, _) => "none recorded".to_owned(),
        (Some(module), []) => clean(module).into_owned(),
        (Some(module), standing) => format!("{} ({} in the Go tree)", clean(module), standing.join(", ")),
    };
    let fault = fips.checksum_fault.as_deref().map(clean);
    let checksum = match fips.checksum.as_ref().map(Word::known) {
        Some(Some(Checksum::Valid)) => {
            look.paint(Tone::Good, "valid: recomputed from the file, it matches")
        }
        Some(Some(Checksum::Invalid)) => {
            let why = match &fault {
                Some(fault) => format!("it is not over the module: {fault}"),
                None => "recomputed from the file, it does not match; in FIPS mode the program stops at start".to_owned(),
            };
            look.paint(Tone::Bad, &format!("INVALID: {why}"))
        }
        None => "none: there is no module to check".to_owned(),
        _ => match &fault {
            Some(fault) => format!("{}: {fault}", text(fips.checksum.as_deref())),
            None => text(fips.checksum.as_deref()),
        },
    };
    let crypto = match known(&fips.crypto) {
        Some(Crypto::Go) if fips.checksum.is_some() => {
            "go: Go's own module (crypto/internal/fips140)".to_owned()
        }
        Some(Crypto::Go) => "go: the packages of the standard library themselves".to_owned(),
        Some(Crypto::BoringCrypto) => "boringcrypto: BoringSSL's module, linked in".to_owned(),
        Some(Crypto::OpenSsl) => "openssl: the system's OpenSSL, loaded at run time".to_owned(),
        Some(Crypto::Cng) => "cng: Windows' own, at run time".to_owned(),
        Some(Crypto::CommonCrypto) => "commoncrypto: macOS' own, at run time".to_owned(),
        _ => text(fips.crypto.as_deref()),
    };
    let mut out = vec![("module", module)];
    if fips.mode.is_some() || fips.checksum.is_some() {
        out.push(("mode", text(fips.mode.as_deref())));
    }
    out.push(("crypto", crypto));
    out.push(("checksum", checksum));
    out
}
