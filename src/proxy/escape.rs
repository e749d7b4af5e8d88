//! Escapes module paths and versions for addresses (golang.org/x/mod/module, `EscapePath` and `EscapeVersion`): a capital letter becomes `!` and the
//! small letter, so that modules stay apart in file systems that ignore case.

use super::ProxyError;
use crate::knowledge::modules::escaped;

/// Longest path or version.
const MAX_LENGTH: usize = 1024;

/// A module path for an address.
///
/// # Errors
/// When it is not a valid module path: it has empty elements, elements that begin or end with a dot, or characters other than ASCII letters, digits and `-._~/`.
pub fn escape_path(path: &str) -> Result<String, ProxyError> {
    let is_element = |element: &str| {
        !element.is_empty()
            && !element.starts_with('.')
            && !element.ends_with('.')
            && element
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    if path.len() > MAX_LENGTH || path.starts_with('-') || !path.split('/').all(is_element) {
        return Err(ProxyError::Failed(format!("{path:?} is not a module path")));
    }
    Ok(escaped(path))
}

/// A version for an address.
///
/// # Errors
/// When it has characters that no version has.
pub fn escape_version(version: &str) -> Result<String, ProxyError> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._+~".contains(&b);
    if version.is_empty()
        || version.len() > MAX_LENGTH
        || version.starts_with('.')
        || !version.bytes().all(is_plain)
    {
        return Err(ProxyError::Failed(format!("{version:?} is not a version")));
    }
    Ok(escaped(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_marked_and_odd_names_refused() {
        let path = escape_path("github.com/Azure/azure-sdk-for-go");
        assert_eq!(path.unwrap(), "github.com/!azure/azure-sdk-for-go");
        assert_eq!(escape_version("v1.0.0-RC1").unwrap(), "v1.0.0-!r!c1");
        for bad in [
            "", "a//b", "/a", "a/", "../a", "a/..", "a b", "a!b", "a?b", "-a", "ä",
        ] {
            assert!(escape_path(bad).is_err(), "{bad}");
        }
        for bad in ["", "v1/0", "../v1", "v1 ", "v1!", "v1?x"] {
            assert!(escape_version(bad).is_err(), "{bad}");
        }
        assert!(escape_path(&"a".repeat(2000)).is_err());
    }
}
