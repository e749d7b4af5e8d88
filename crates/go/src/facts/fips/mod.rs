//! FIPS 140: which cryptographic module is linked in, in which mode it starts, and whether its code and data still have the
//! recorded checksum (src/crypto/internal/fips140/check/check.go and src/cmd/link/internal/ld/fips140.go, Go 1.24 to 1.27).
//!
//! ```text
//! go:fipsinfo   magic, 16 bytes    "\xff Go fipsinfo \xff\0"
//!               sum, 32 bytes      HMAC-SHA256 under a key of zeros
//!               self               pointer to this very structure
//!               4 × (start, end)   text, read-only data, data without pointers, data
//! ```
//!
//! The key is public. A right checksum over the ranges of the module shows that it was not damaged, stripped or patched after linking; it says nothing
//! about who linked it.

mod ranges;
#[cfg(test)]
mod tests;

use super::program::Program;
use crate::tables::Tables;
use gospect_exe::{Image, Segment};
use gospect_record::{Checksum, Crypto, Fips, FipsMode, Godebug, Word};
use ranges::Fault;
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;

const MAGIC: &[u8; 16] = b"\xff Go fipsinfo \xff\0";
/// The text that is hashed before the regions.
const PREAMBLE: &[u8] = b"go fips object v1\n";
/// Section of the structure in ELF and Mach-O files. PE files have it somewhere in the data section.
const SECTIONS: [&[u8]; 2] = [b".go.fipsinfo", b"__go_fipsinfo"];
/// Most magics to try in a segment, and most segments to try.
const TRIES: usize = 64;
/// Most bytes to hash. Real regions together have about 1 MiB.
const REGIONS_LIMIT: u64 = 64 << 20;

/// Path of Go's own module in the standard library, when the toolchain has no frozen one.
const MODULE: &str = "crypto/internal/fips140";

/// Packages that show who does the cryptography. Forks keep Go's module as their fallback, so they come first: golang-fips (Red
/// Hat and others) and Microsoft's build of Go, with every path that their bindings had.
const PROVIDERS: &[(&str, Crypto)] = &[
    ("github.com/golang-fips/openssl", Crypto::OpenSsl),
    ("github.com/golang-fips/openssl-fips", Crypto::OpenSsl),
    ("github.com/microsoft/go-crypto-openssl", Crypto::OpenSsl),
    ("github.com/microsoft/go-crypto-winnative", Crypto::Cng),
    (
        "github.com/microsoft/go-crypto-darwin",
        Crypto::CommonCrypto,
    ),
];

/// Packages below `crypto/` that do cryptography (src/crypto, Go 1.0 to 1.27).
const ALGORITHMS: &[&str] = &[
    "aes", "cipher", "des", "dsa", "ecdh", "ecdsa", "ed25519", "elliptic", "hkdf", "hmac", "hpke",
    "md5", "mldsa", "mlkem", "pbkdf2", "rand", "rc4", "rsa", "sha1", "sha256", "sha3", "sha512",
    "tls", "x509",
];

/// Reads the FIPS facts. The effective GODEBUG gives the mode. The module is the one whose packages have functions in the
/// program; the recorded GOFIPS140 only counts where there are no functions.
///
/// Up to Go 1.23 there is no module: only `crypto` is set in programs that use the cryptography of the standard library.
///
/// `None` when no cryptography of the standard library or of a vendor is linked in and no module was asked for.
pub fn read(program: &Program<'_>, godebug: &Godebug) -> Option<Fips> {
    let mut effective = godebug.effective.iter().flatten();
    let godebug = effective
        .find(|setting| setting.key == "fips140")
        .map(|setting| setting.value.as_str());
    linked(&program.tables, program.setting("GOFIPS140"), godebug)
}

fn linked(tables: &Tables<'_>, asked: Option<&str>, godebug: Option<&str>) -> Option<Fips> {
    let asked = asked.filter(|v| !v.is_empty() && *v != "off");
    let linked = LinkedCrypto::read(tables);
    if linked.provider.is_none() && !linked.native && asked.is_none() && !linked.standard {
        return None;
    }
    // With BoringCrypto the mode of Go's module does not matter.
    let mode = match (linked.provider, godebug.filter(|v| !v.is_empty())) {
        (Some(Crypto::BoringCrypto), _) => None,
        (_, Some("debug")) => Some(FipsMode::On),
        // The program ends at start with any other value.
        (_, Some(value)) => Word::from(value).known(),
        // Bindings to a system library ask that library at run time.
        (Some(_), None) => None,
        (None, None) => Some(FipsMode::Off),
    };
    let (checksum, checksum_fault) = linked.native.then(|| verified(tables)).unzip();
    Some(Fips {
        module: linked.module.or_else(|| asked.map(str::to_owned)),
        mode: mode.map(Word::from),
        crypto: linked
            .provider
            .or((linked.native || linked.standard).then_some(Crypto::Go))
            .map(Word::from),
        checksum: checksum.map(Word::from),
        checksum_fault: checksum_fault.flatten(),
    })
}

/// Recomputes the checksum, and if it is right, compares its ranges with those of the module. With the reason if they are not.
fn verified(tables: &Tables<'_>) -> (Checksum, Option<String>) {
    let image = tables.image();
    let Some(info) = Info::find(image) else {
        return (Checksum::Unverifiable, None);
    };
    let verdict = info.verdict(image);
    if verdict != Checksum::Valid {
        return (verdict, None);
    }
    let (verdict, why) = match ranges::fault(tables, &info.regions) {
        None => return (verdict, None),
        Some(Fault::Altered(why)) => (Checksum::Invalid, why),
        Some(Fault::Unknown) => (
            Checksum::Unverifiable,
            "without a function table nothing says where the module is",
        ),
    };
    (verdict, Some(why.to_owned()))
}

/// What the function table shows.
#[derive(Default)]
struct LinkedCrypto {
    /// Whether there are packages of Go's module.
    native: bool,
    /// Version of Go's module: the directory of a frozen one, or `latest` for that of the toolchain.
    module: Option<String>,
    /// Whether there are packages of the standard library that do cryptography, with whatever module.
    standard: bool,
    /// What does the cryptography in place of Go's module.
    provider: Option<Crypto>,
}

impl LinkedCrypto {
    fn read(tables: &Tables<'_>) -> Self {
        let functions = tables.functions();
        let mut linked = Self::default();
        if tables.pclntab().is_none() {
            // Without function names the size decides: the regions of a module that is not linked in hold only their marks.
            let size = Info::find(tables.image()).map_or(0, |info| info.size());
            linked.native = size > 4096;
            return linked;
        }
        for package in &functions.packages {
            linked.see(package);
        }
        if linked.provider.is_none() && functions.calls_boring() {
            linked.provider = Some(Crypto::BoringCrypto);
        }
        linked
    }

    fn see(&mut self, package: &str) {
        self.standard |= package
            .strip_prefix("crypto/")
            .is_some_and(|name| ALGORITHMS.contains(&name));
        if let Some(below) = below(package, MODULE) {
            let version = below.and_then(version).unwrap_or("latest");
            self.native = true;
            if self.module.as_deref().is_none_or(|m| m == "latest") {
                self.module = Some(version.to_owned());
            }
            return;
        }
        let path = package.strip_prefix("vendor/").unwrap_or(package);
        if let Some(fork) = PROVIDERS.iter().find(|p| below(path, p.0).is_some()) {
            self.provider = Some(fork.1);
        }
    }
}

/// Whether a package is `root`, or below it. The inner value is the path after the slash.
fn below<'p>(package: &'p str, root: &str) -> Option<Option<&'p str>> {
    let rest = package.strip_prefix(root)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(Some(rest)),
        None => rest.is_empty().then_some(None),
    }
}

/// `v1.0.0-c2097c7c` of `v1.0.0-c2097c7c/sha256`: the packages of a frozen module are in a directory named by its version.
fn version(path: &str) -> Option<&str> {
    let element = path.split('/').next()?;
    let digits = element.strip_prefix('v')?;
    digits
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(element)
}

/// The structure that the linker writes for the self-check at start.
struct Info {
    sum: [u8; 32],
    /// First address of each region and the address after its last.
    regions: [(u64, u64); 4],
}

impl Info {
    /// Finds the structure in its section, or else by its magic in the loaded data, writable data first. Its pointer to itself
    /// confirms it.
    fn find(image: &Image<'_>) -> Option<Self> {
        let named = SECTIONS.iter().filter_map(|n| image.section(n));
        if let Some(found) = named.map(|s| s.address).find_map(|a| Self::parse(image, a)) {
            return Some(found);
        }
        let finder = memchr::memmem::Finder::new(MAGIC);
        let data = |writable: bool| {
            let segments = image.segments.iter();
            segments.filter(move |s| s.writable == writable && !s.executable)
        };
        let mut segments = data(true).chain(data(false)).take(TRIES);
        segments.find_map(|segment| {
            let mut tries = 0;
            image.scan(segment, MAGIC.len() - 1, &mut |base, bytes| {
                for at in finder.find_iter(bytes) {
                    let found = base
                        .checked_add(at as u64)
                        .and_then(|a| Self::parse(image, a));
                    tries += 1;
                    if found.is_some() || tries > TRIES {
                        return ControlFlow::Break(found);
                    }
                }
                ControlFlow::Continue(())
            })?
        })
    }

    /// Bytes of all regions together; no region ends before it starts.
    fn size(&self) -> u64 {
        let sizes = self.regions.iter().map(|r| r.1 - r.0);
        sizes.fold(0, u64::saturating_add)
    }

    /// Whether the recorded checksum is that of what is in the ranges.
    fn verdict(&self, image: &Image<'_>) -> Checksum {
        // The linker fills in the checksum, so an object has none. No real module has regions that large.
        if self.sum == [0; 32] || self.size() > REGIONS_LIMIT {
            return Checksum::Unverifiable;
        }
        match sum_of(image, self) {
            None => Checksum::Unverifiable,
            Some(sum) if sum == self.sum => Checksum::Valid,
            Some(_) => Checksum::Invalid,
        }
    }

    fn parse(image: &Image<'_>, address: u64) -> Option<Self> {
        let word = image.pointer_size();
        let head = image.bytes(address, 48)?;
        if head.get(..16)? != MAGIC {
            return None;
        }
        let pointer = |i: u64| image.pointer(address.checked_add(48 + i * word)?);
        if pointer(0)? != address {
            return None;
        }
        let mut regions = [(0, 0); 4];
        for (i, region) in (0u64..).zip(&mut regions) {
            *region = (pointer(1 + 2 * i)?, pointer(2 + 2 * i)?);
            if region.0 > region.1 {
                return None;
            }
        }
        Some(Self {
            sum: head.get(16..48)?.try_into().ok()?,
            regions,
        })
    }
}

/// Recomputes the checksum and compares it with the recorded one. This says neither whether the module is used, because every program of Go 1.24 and newer
/// has the structure, on ports whose linker writes it, nor that the ranges are those of the module.
pub fn checksum(image: &Image<'_>) -> Checksum {
    Info::find(image).map_or(Checksum::Unverifiable, |info| info.verdict(image))
}

/// The checksum of what is in the ranges; `None` if some of it is not in the file.
fn sum_of(image: &Image<'_>, info: &Info) -> Option<[u8; 32]> {
    // HMAC (RFC 2104) with a key of zeros, so the pads are the plain constants.
    let mut inner = Sha256::new();
    inner.update([0x36; 64]);
    inner.update(PREAMBLE);
    for region in &info.regions {
        inner.update((region.1 - region.0).to_be_bytes());
        hash(image, *region, &mut inner)?;
    }
    let mut outer = Sha256::new();
    outer.update([0x5c; 64]);
    outer.update(inner.finalize());
    Some(outer.finalize().into())
}

/// Hashes a region in pieces without caching them; `None` when part of it is missing.
fn hash(image: &Image<'_>, (start, end): (u64, u64), into: &mut Sha256) -> Option<()> {
    let size = end - start;
    if size == 0 {
        return Some(());
    }
    let home = image.segment_at(start)?;
    let skip = start - home.address;
    if size > home.size - skip {
        return None;
    }
    let region = Segment {
        address: start,
        size,
        offset: home.offset.checked_add(skip)?,
        ..*home
    };
    let mut done = 0;
    let _ = image.scan::<()>(&region, 0, &mut |_, bytes| {
        into.update(bytes);
        done += bytes.len() as u64;
        ControlFlow::Continue(())
    });
    (done == size).then_some(())
}
