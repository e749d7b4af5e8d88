//! Package URLs of Go modules.
//!
//! Source: the purl specification and its type definition `golang`. Namespace and name are lower-cased although Go
//! itself tells `BurntSushi` from `burntsushi`: two purls of one module must compare equal. The exact path stays in
//! the name of the component. Versions keep their case and their `v`.

use std::fmt::Write;

/// The purl of a module; `None` for a path that names no module (a directory, an empty path).
pub fn of_module(path: &str, version: &str) -> Option<String> {
    let local = ["./", "../", "/", "\\"]
        .iter()
        .any(|start| path.starts_with(start));
    // `C:\dir` and `C:/dir`: a module path has no colon.
    if path.is_empty() || local || path.contains(':') || path == "." || path == ".." {
        return None;
    }
    let mut purl = String::from("pkg:golang");
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        purl.push('/');
        encode(&segment.to_lowercase(), &mut purl);
    }
    push_version(version, &mut purl);
    Some(purl)
}

/// The purl of the standard library of a Go release; a version that is no release is left out.
pub fn of_stdlib(go_version: &str) -> String {
    let mut purl = String::from("pkg:golang/stdlib");
    if let Some(release) = release(go_version) {
        push_version(release, &mut purl);
    }
    purl
}

/// The CPE of a Go release, which is how the NVD names the standard library; only for plain releases.
pub fn cpe(go_version: &str) -> Option<String> {
    let release = release(go_version)?;
    let plain = release.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| format!("cpe:2.3:a:golang:go:{release}:-:*:*:*:*:*:*"))
}

fn release(go_version: &str) -> Option<&str> {
    go_version
        .strip_prefix("go")
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `(devel)` says that there is no version.
fn push_version(version: &str, purl: &mut String) {
    if !version.is_empty() && version != "(devel)" {
        purl.push('@');
        encode(version, purl);
    }
}

/// Percent-encodes all but letters, digits, `-._~` and the colon.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules() {
        for (path, version, purl) in [
            (
                "github.com/BurntSushi/toml",
                "v1.5.0",
                Some("pkg:golang/github.com/burntsushi/toml@v1.5.0"),
            ),
            (
                "gopkg.in/yaml.v3",
                "v3.0.1",
                Some("pkg:golang/gopkg.in/yaml.v3@v3.0.1"),
            ),
            (
                "github.com/docker/docker",
                "v28.0.0+incompatible",
                Some("pkg:golang/github.com/docker/docker@v28.0.0%2Bincompatible"),
            ),
            (
                "example.com/hello",
                "(devel)",
                Some("pkg:golang/example.com/hello"),
            ),
            (
                "example.com/a b?c#d@e%/é",
                "v1",
                Some("pkg:golang/example.com/a%20b%3Fc%23d%40e%25/%C3%A9@v1"),
            ),
            ("../toml", "", None),
            ("./staging/src/k8s.io/api", "", None),
            ("/home/joe/x", "", None),
            ("C:\\src\\x", "", None),
            ("", "v1.0.0", None),
        ] {
            assert_eq!(of_module(path, version).as_deref(), purl, "{path}");
        }
    }

    #[test]
    fn standard_library() {
        assert_eq!(of_stdlib("go1.27.3"), "pkg:golang/stdlib@1.27.3");
        assert_eq!(of_stdlib("go1.28rc1"), "pkg:golang/stdlib@1.28rc1");
        assert_eq!(of_stdlib("devel go1.28-abc"), "pkg:golang/stdlib");
        assert_eq!(
            cpe("go1.27.3").as_deref(),
            Some("cpe:2.3:a:golang:go:1.27.3:-:*:*:*:*:*:*")
        );
        assert_eq!(cpe("go1.28rc1"), None);
        assert_eq!(cpe("go1.27.3:*:x"), None);
    }
}
