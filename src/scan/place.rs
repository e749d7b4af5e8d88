//! How places are written down: paths as text, and as bytes where text cannot hold them.

use std::path::Path;

/// Where something stands that was opened, and what is found in it is told by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outer {
    /// The target as given.
    pub target: String,
    /// Its file; `None` for streams and registries.
    pub file: Option<String>,
    /// The name for a person.
    pub shown: String,
    /// The raw path in base64 when it is not UTF-8.
    pub raw: Option<Vec<u8>>,
    /// It was named by the user: nothing readable in it at all is a failure.
    pub named: bool,
    /// Only the image of this name, for targets that ask for one.
    pub reference: Option<String>,
}

impl Outer {
    /// A file.
    pub(crate) fn file(path: &Path, target: &str, named: bool) -> Self {
        let (shown, raw) = path_fields(path);
        let raw = raw.map(|_| path.as_os_str().as_encoded_bytes().to_vec());
        Self {
            target: target.to_owned(),
            file: Some(shown.clone()),
            shown,
            raw,
            named,
            reference: None,
        }
    }

    /// A stream or a remote thing.
    pub(crate) fn nameless(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            shown: target.to_owned(),
            named: true,
            ..Self::default()
        }
    }
}

/// The path for a person, always with `/`, and its raw bytes in base64 when it is not UTF-8.
pub fn path_fields(path: &Path) -> (String, Option<String>) {
    match path.to_str() {
        Some(text) if cfg!(windows) => (text.replace('\\', "/"), None),
        Some(text) => (text.to_owned(), None),
        None => (
            path.to_string_lossy().into_owned(),
            Some(base64(path.as_os_str().as_encoded_bytes())),
        ),
    }
}

/// RFC 4648 base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_rfc() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe]), "//4=");
    }
}
