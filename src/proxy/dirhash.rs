//! Sums of modules as in go.sum (golang.org/x/mod/sumdb/dirhash, `Hash1`): SHA-256 of the lines `HASH  NAME` of all files, sorted by name.

use super::ProxyError;
use crate::bytes::{Budget, Limits, ReadAt, base64};
use crate::source::archive::tar::Flow;
use crate::source::archive::{Scope, zip};
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// Largest sum of the sizes of the files in a module (golang.org/x/mod/zip, `MaxZipFile`).
const EXPANDED_MAX: u64 = 500 << 20;
/// Most files of a module.
const ENTRIES_MAX: u64 = 1_000_000;

/// The sum of a module zip, `h1:…`.
///
/// # Errors
/// When the zip cannot be read whole.
pub fn of_zip(bytes: &dyn ReadAt) -> Result<String, ProxyError> {
    let limits = Limits {
        expanded: EXPANDED_MAX,
        entries: ENTRIES_MAX,
        ..Limits::default()
    };
    let scope = Scope::new(limits, Budget::new(EXPANDED_MAX));
    let mut lines: Vec<(Vec<u8>, String)> = Vec::new();
    let mut total = 0u64;
    zip::read(bytes, &scope, &mut |entry, content| {
        let body = content.map_err(io::Error::from)?;
        let mut hash = Sha256::new();
        let mut buffer = [0; 16 << 10];
        loop {
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            total += count as u64;
            if total > EXPANDED_MAX {
                return Err(io::Error::other("has more than 500 MiB of files"));
            }
            hash.update(buffer.get(..count).unwrap_or_default());
        }
        if entry.name.contains(&b'\n') {
            return Err(io::Error::other("has a file name with a newline"));
        }
        lines.push((entry.name.clone(), hex(&hash.finalize())));
        Ok(Flow::Continue)
    })
    .map_err(|e| ProxyError::Failed(format!("the zip: {}", e.detail)))?;
    lines.sort_unstable();
    Ok(of_lines(&lines))
}

/// The sum of a go.mod file, `h1:…`: that of a module with no other file (cmd/go/internal/modfetch, `goModSum`).
pub fn of_go_mod(bytes: &[u8]) -> String {
    of_lines(&[(b"go.mod".to_vec(), hex(&Sha256::digest(bytes)))])
}

/// The sum of names and the hashes of their files.
fn of_lines(lines: &[(Vec<u8>, String)]) -> String {
    let mut sum = Sha256::new();
    for (name, hash) in lines {
        sum.update(hash.as_bytes());
        sum.update(b"  ");
        sum.update(name);
        sum.update(b"\n");
    }
    format!("h1:{}", base64::encode(&sum.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
