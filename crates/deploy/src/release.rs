//! The Go release that a file names: by the base image of a build, by a download, by a variable.

use gospect_knowledge::GoVersion;

/// A Go release, and the text that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// `go1.27` or `go1.27.3`.
    pub version: String,
    /// The text that names it.
    pub source: String,
    /// Whether later releases are possible too: a `go` line of go.mod names the oldest suitable release.
    pub at_least: bool,
}

impl Toolchain {
    /// Parses the release in a text, if there is one.
    pub fn parse(version: &str, source: impl Into<String>) -> Option<Toolchain> {
        let version = release(version)?;
        Some(Toolchain {
            version,
            source: source.into(),
            at_least: false,
        })
    }
}

/// Last parts of the names of images with the `go` command.
const IMAGES: [&str; 6] = [
    "golang",
    "go",
    "go-toolset",
    "golang-cross",
    "goreleaser-cross",
    "golang-ci",
];

/// The release of an image of Go. `None`: it is not an image of Go. `Some(None)`: its tag names no release.
pub fn of_image(image: &str) -> Option<Option<String>> {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    IMAGES.contains(&name).then(|| release(tag))
}

/// The content of an image, as far as its name shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// An image with a toolchain, or for building, testing or developing.
    Toolchain,
    /// An image that cannot build: `scratch`, or one without a shell.
    Bare,
    /// An operating system without a toolchain.
    Plain,
    /// Anything else.
    #[default]
    Other,
}

/// Words in names and tags of images for building, testing or developing.
const WORKSHOPS: [&str; 44] = [
    "go",
    "golang",
    "gobuild",
    "gobuilder",
    "builder",
    "build",
    "builds",
    "buildpack",
    "buildkit",
    "dev",
    "devel",
    "develop",
    "development",
    "devcontainer",
    "devcontainers",
    "ci",
    "cicd",
    "toolchain",
    "toolset",
    "tools",
    "sdk",
    "goreleaser",
    "cross",
    "xgo",
    "lint",
    "linter",
    "golangci",
    "test",
    "tests",
    "testing",
    "e2e",
    "runner",
    "runners",
    "jenkins",
    "drone",
    "act",
    "kubekins",
    "workspace",
    "vscode",
    "codespace",
    "gitpod",
    "bazel",
    "compiler",
    "playground",
];
/// Last parts of names of images without a shell.
const BARE: [&str; 14] = [
    "scratch",
    "static",
    "static-debian11",
    "static-debian12",
    "static-debian13",
    "base-nossl",
    "base-debian11",
    "base-debian12",
    "base-debian13",
    "cc-debian12",
    "base-nossl-debian12",
    "glibc-dynamic",
    "distroless",
    "cc",
];
/// Last parts of names of images of operating systems.
const PLAIN: &[&str] = &[
    "alpine",
    "debian",
    "ubuntu",
    "busybox",
    "centos",
    "fedora",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "archlinux",
    "photon",
    "ubi",
    "ubi-minimal",
    "ubi-micro",
    "ubi-init",
    "ubi8",
    "ubi9",
    "ubi7",
    "wolfi-base",
    "debian-base",
    "rhel-minimal",
    "azurelinux",
    "oraclelinux",
];

impl Base {
    /// Classifies an image by its name.
    pub fn of(image: &str) -> Base {
        let image = image.split('@').next().unwrap_or(image);
        if image.is_empty() || image.contains('$') || image.contains('{') {
            return Base::Toolchain;
        }
        let last = image.rsplit('/').next().unwrap_or(image);
        let name = last.split(':').next().unwrap_or(last).to_ascii_lowercase();
        if BARE.contains(&name.as_str()) {
            return Base::Bare;
        }
        if PLAIN.contains(&name.as_str()) {
            return Base::Plain;
        }
        let words = image.split(|c: char| !c.is_ascii_alphanumeric());
        let mut words = words.map(str::to_ascii_lowercase);
        if of_image(image).is_some() || words.any(|w| WORKSHOPS.contains(&w.as_str())) {
            return Base::Toolchain;
        }
        Base::Other
    }
}

/// Go's name of the architecture of `linux/arm64/v8`.
pub fn arch_of_platform(platform: &str) -> Option<String> {
    known_arch(platform.split('/').nth(1)?)
}

/// Go's name of an architecture, if it is known.
pub fn known_arch(arch: &str) -> Option<String> {
    let known = [
        "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le",
    ];
    known.contains(&arch).then(|| arch.to_owned())
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

/// The release of a Go archive in the text of a command or instruction.
pub fn of_download(text: &str) -> Option<String> {
    text.match_indices("go1.").find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let version = release(rest)?;
        // The name of an archive contains a port, those of directories and modules do not.
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
    fn images_name_their_release() {
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
    fn downloads_name_their_release() {
        let of = |t: &str| of_download(t).unwrap_or_default();
        assert_eq!(
            of("curl -LO https://go.dev/dl/go1.22.5.linux-amd64.tar.gz"),
            "go1.22.5"
        );
        assert_eq!(of("cd go1.22.5 && make"), "");
    }
}
