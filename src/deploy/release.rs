//! Which Go release a file names: by the image it builds from, by a download, by a variable.

use crate::go::GoVersion;

/// The Go release that acts somewhere, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// `go1.27` or `go1.27.3`.
    pub version: String,
    /// What in the file says so.
    pub source: String,
}

impl Toolchain {
    /// A release that a text names, if it names one.
    pub fn parse(version: &str, source: impl Into<String>) -> Option<Toolchain> {
        let version = release(version)?;
        Some(Toolchain {
            version,
            source: source.into(),
        })
    }
}

/// Last parts of the names of images that carry the `go` command.
const IMAGES: [&str; 6] = [
    "golang",
    "go",
    "go-toolset",
    "golang-cross",
    "goreleaser-cross",
    "golang-ci",
];

/// `None`: no image of Go. `Some(None)`: one whose tag names no release.
pub fn of_image(image: &str) -> Option<Option<String>> {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    IMAGES.contains(&name).then(|| release(tag))
}

/// `go1.27.3` of `1.27.3`, `1.27-alpine`, `go1.27.3.linux-amd64.tar.gz`, `v1.27.3`; `None` when no minor release is named.
pub fn release(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('v');
    let text = text.strip_prefix("go").unwrap_or(text);
    let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.strip_prefix("1.")?;
    let minor = digits(rest);
    if minor == 0 || minor > 4 {
        return None;
    }
    let mut end = 2 + minor;
    let after = text.get(end..)?;
    if let Some(patch) = after.strip_prefix('.').map(digits).filter(|n| *n > 0) {
        end += 1 + patch;
    } else if let Some(word) = ["rc", "beta"].into_iter().find(|w| after.starts_with(w)) {
        end += word.len() + digits(after.get(word.len()..)?);
    }
    if text
        .get(end..)?
        .starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return None;
    }
    let version = format!("go{}", text.get(..end)?);
    GoVersion::parse(&version)?.minor()?;
    Some(version)
}

/// The release of an archive of Go that a command or instruction names.
pub fn of_download(text: &str) -> Option<String> {
    text.match_indices("go1.").find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let version = release(rest)?;
        // An archive has its port in its name; the name of a directory or a module has not.
        let after = rest.get(version.len()..)?;
        [".linux-", ".darwin-", ".windows-", ".src.tar", ".freebsd-"]
            .iter()
            .any(|port| after.starts_with(port))
            .then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_tell_their_release() {
        let of = |image: &str| of_image(image).map(|v| v.unwrap_or_default());
        for (image, want) in [
            ("golang:1.27", Some("go1.27")),
            ("golang:1.22.10-alpine3.20", Some("go1.22.10")),
            (
                "docker.io/library/golang:1.27rc1-bookworm@sha256:00",
                Some("go1.27rc1"),
            ),
            ("localhost:5000/golang:1.25", Some("go1.25")),
            (
                "mcr.microsoft.com/oss/go/microsoft/golang:1.26-bookworm",
                Some("go1.26"),
            ),
            (
                "registry.access.redhat.com/ubi9/go-toolset:1.22",
                Some("go1.22"),
            ),
            ("golang", Some("")),
            ("golang:alpine", Some("")),
            ("golang:1", Some("")),
            ("golangci/golangci-lint:v1.60", None),
            ("alpine:1.27", None),
        ] {
            assert_eq!(of(image).as_deref(), want, "{image}");
        }
    }

    #[test]
    fn downloads_tell_their_release() {
        let of = |t: &str| of_download(t).unwrap_or_default();
        assert_eq!(
            of("curl -LO https://go.dev/dl/go1.22.5.linux-amd64.tar.gz"),
            "go1.22.5"
        );
        assert_eq!(of("cd go1.22.5 && make"), "");
    }
}
