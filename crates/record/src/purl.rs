//! Package URLs and CPEs: the names of Go modules, the standard library and distribution packages in databases.
//!
//! Sources: the purl specification with its type definition `golang`; the CPE naming specification 2.3 (NISTIR 7695).
//!
//! Module paths keep their case, because paths in Go are case-sensitive and its databases and proxies have
//! `github.com/BurntSushi/toml`. The type definition asks for lower case (agreed to be dropped: purl-spec issue 308); a
//! consumer that lower-cases the path gets what it got before.

use super::Owner;
use crate::PackageKind;
use gospect_knowledge::GoVersion;
use gospect_knowledge::go_version::Release;
use std::fmt::Write;

/// Purl namespaces of distributions whose `ID` differs from the vendor's name.
const VENDORS: &[(&str, &str)] = &[
    ("rhel", "redhat"),
    ("opensuse-leap", "opensuse"),
    ("opensuse-tumbleweed", "opensuse"),
];

/// The purl of a distribution package. A package file does not name the distribution; its purl has no namespace.
///
/// Source: the type definitions `deb`, `rpm` and `apk` of the purl specification. `deb` and `apk` have the whole version, `rpm`
/// has the epoch as a qualifier; `distro` is `ID-VERSION_ID` of os-release.
///
/// `None` for anything else: records written by other tools may say anything.
pub fn of_package(owner: &Owner) -> Option<String> {
    let kind = owner.kind.known()?;
    if owner.name.is_empty() || owner.name.contains('/') {
        return None;
    }
    let mut purl = format!("pkg:{kind}");
    // os-release(5) defines the characters of an `ID`.
    let is_id = |id: &&String| {
        let mut letters = id.bytes();
        letters.all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    if let Some(id) = owner.distribution.as_ref().filter(is_id) {
        let vendor = VENDORS.iter().find(|(from, _)| from == id);
        purl.push('/');
        encode(
            vendor
                .map_or(id.as_str(), |(_, to)| to)
                .to_lowercase()
                .as_str(),
            &mut purl,
        );
    }
    purl.push('/');
    // Names of deb and apk packages are lower-cased; rpm names keep their case.
    match kind {
        PackageKind::Rpm => encode(&owner.name, &mut purl),
        _ => encode(&owner.name.to_lowercase(), &mut purl),
    }
    let (epoch, version) = match owner.version.split_once(':') {
        Some((epoch, version)) if kind == PackageKind::Rpm => (Some(epoch), version),
        _ => (None, owner.version.as_str()),
    };
    push_version(version, &mut purl);
    let distro = owner.distribution.as_ref().map(|id| match &owner.release {
        Some(release) => format!("{id}-{release}"),
        None => id.clone(),
    });
    let qualifiers = [
        ("arch", owner.arch.as_deref()),
        ("distro", distro.as_deref()),
        ("epoch", epoch),
    ];
    let mut mark = '?';
    for (key, value) in qualifiers {
        if let Some(value) = value {
            let _ = write!(purl, "{mark}{key}=");
            encode(value, &mut purl);
            mark = '&';
        }
    }
    Some(purl)
}

/// The purl of a module; `None` for a path that is not a module's (a directory, an empty path). An empty version and `(devel)`
/// are left out.
pub fn of_module(path: &str, version: &str) -> Option<String> {
    let local = ["./", "../", "/", "\\"]
        .iter()
        .any(|start| path.starts_with(start));
    // `C:\dir` and `C:/dir`; module paths have no colon.
    if path.is_empty() || local || path.contains(':') || path == "." || path == ".." {
        return None;
    }
    let mut purl = String::from("pkg:golang");
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        purl.push('/');
        encode(segment, &mut purl);
    }
    if crate::main_version::is_version_of_module(version) {
        push_version(version, &mut purl);
    }
    Some(purl)
}

/// The purl of the standard library of a toolchain, from the recorded version. A development version is left out: which fixes
/// it has is unknown.
///
/// A beta or release candidate has the semantic version of Go's vulnerability database (golang.org/x/vuln, internal/semver,
/// `GoTagToSemver`): `1.27.0-rc.1`. Go's own `1.27rc1` is not a semantic version, and strict scanners would drop the component.
pub fn of_stdlib(recorded: &str) -> String {
    let mut purl = String::from("pkg:golang/stdlib");
    if let Some((numbers, release)) = release(recorded) {
        let version = match &release.prerelease {
            None => numbers,
            Some((kind, None)) => format!("{}.{}.0-{kind}", release.major, release.minor),
            Some((kind, Some(n))) => {
                format!("{}.{}.0-{kind}.{n}", release.major, release.minor)
            }
        };
        push_version(&version, &mut purl);
    }
    purl
}

/// The CPE of a toolchain, by which the NVD names the standard library; `None` for a development version. A beta or release
/// candidate is in the field `update`, as in the NVD.
pub fn cpe(recorded: &str) -> Option<String> {
    let (numbers, release) = release(recorded)?;
    let (version, update) = match &release.prerelease {
        None => (numbers, "-".to_owned()),
        Some((kind, n)) => {
            let n = n.map(|n| n.to_string()).unwrap_or_default();
            let version = format!("{}.{}", release.major, release.minor);
            (version, format!("{kind}{n}"))
        }
    };
    Some(format!(
        "cpe:2.3:a:golang:go:{version}:{update}:*:*:*:*:*:*"
    ))
}

/// The release in a recorded version, and its numbers; `None` for a development version. The text has only digits, dots and
/// lower-case letters, so a CPE needs no escapes.
fn release(recorded: &str) -> Option<(String, Release)> {
    let version = GoVersion::parse(recorded).filter(|version| !version.devel)?;
    let numbers = version.release_text()?.strip_prefix("go")?.to_owned();
    Some((numbers, version.release?))
}

fn push_version(version: &str, purl: &mut String) {
    purl.push('@');
    encode(version, purl);
}

/// Percent-encodes everything but letters, digits, `-._~` and the colon.
pub fn encode(text: &str, out: &mut String) {
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
                Some("pkg:golang/github.com/BurntSushi/toml@v1.5.0"),
            ),
            (
                "gopkg.in/yaml.v3",
                "v3.0.1",
                Some("pkg:golang/gopkg.in/yaml.v3@v3.0.1"),
            ),
            // A module in a subdirectory of its repository has a module path of its own, so there is no subpath.
            (
                "github.com/aws/aws-sdk-go-v2/service/s3",
                "v1.2.0",
                Some("pkg:golang/github.com/aws/aws-sdk-go-v2/service/s3@v1.2.0"),
            ),
            (
                "github.com/Azure/azure-sdk-for-go/sdk/azcore",
                "v1.16.0",
                Some("pkg:golang/github.com/Azure/azure-sdk-for-go/sdk/azcore@v1.16.0"),
            ),
            (
                "github.com/docker/docker",
                "v28.0.0+incompatible",
                Some("pkg:golang/github.com/docker/docker@v28.0.0%2Bincompatible"),
            ),
            (
                "example.com/hello",
                "v0.0.0-20260102030405-abcdefabcdef+dirty",
                Some("pkg:golang/example.com/hello@v0.0.0-20260102030405-abcdefabcdef%2Bdirty"),
            ),
            (
                "github.com/docker/cli",
                "v28.0.0+incompatible+dirty",
                Some("pkg:golang/github.com/docker/cli@v28.0.0%2Bincompatible%2Bdirty"),
            ),
            (
                "example.com/hello",
                "(devel)",
                Some("pkg:golang/example.com/hello"),
            ),
            (
                "example.com/hello",
                "",
                Some("pkg:golang/example.com/hello"),
            ),
            (
                "example.com/~user/app",
                "2.5.0 beta/1",
                Some("pkg:golang/example.com/~user/app@2.5.0%20beta%2F1"),
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
    fn packages() {
        let owner = |kind: &str,
                     name: &str,
                     version: &str,
                     arch: &str,
                     distro: Option<(&str, Option<&str>)>| Owner {
            kind: kind.into(),
            name: name.to_owned(),
            version: version.to_owned(),
            arch: Some(arch.to_owned()),
            distribution: distro.map(|d| d.0.to_owned()),
            release: distro.and_then(|d| d.1.map(str::to_owned)),
            ..Owner::default()
        };
        for (owner, purl) in [
            (
                owner(
                    "deb",
                    "skopeo",
                    "1.9.3+ds1-1+b2",
                    "amd64",
                    Some(("debian", Some("12"))),
                ),
                "pkg:deb/debian/skopeo@1.9.3%2Bds1-1%2Bb2?arch=amd64&distro=debian-12",
            ),
            (
                owner(
                    "deb",
                    "libStdc++6",
                    "1:2~rc1-3",
                    "arm64",
                    Some(("ubuntu", Some("24.04"))),
                ),
                "pkg:deb/ubuntu/libstdc%2B%2B6@1:2~rc1-3?arch=arm64&distro=ubuntu-24.04",
            ),
            (
                owner(
                    "rpm",
                    "Tool",
                    "2:1.0-3.fc40",
                    "x86_64",
                    Some(("fedora", Some("40"))),
                ),
                "pkg:rpm/fedora/Tool@1.0-3.fc40?arch=x86_64&distro=fedora-40&epoch=2",
            ),
            (
                owner(
                    "rpm",
                    "tool",
                    "1.0-3.el9",
                    "x86_64",
                    Some(("rhel", Some("9.4"))),
                ),
                "pkg:rpm/redhat/tool@1.0-3.el9?arch=x86_64&distro=rhel-9.4",
            ),
            (
                owner(
                    "rpm",
                    "tool",
                    "1-1",
                    "noarch",
                    Some(("opensuse-tumbleweed", None)),
                ),
                "pkg:rpm/opensuse/tool@1-1?arch=noarch&distro=opensuse-tumbleweed",
            ),
            (
                owner(
                    "apk",
                    "gh",
                    "2.0-r1",
                    "x86_64",
                    Some(("alpine", Some("3.20.3"))),
                ),
                "pkg:apk/alpine/gh@2.0-r1?arch=x86_64&distro=alpine-3.20.3",
            ),
            (
                owner("deb", "app", "1.0", "all", None),
                "pkg:deb/app@1.0?arch=all",
            ),
        ] {
            assert_eq!(of_package(&owner).as_deref(), Some(purl));
        }
        let odd = owner("deb", "a", "1", "all", Some(("a/b", None)));
        assert_eq!(
            of_package(&odd).unwrap(),
            "pkg:deb/a@1?arch=all&distro=a%2Fb"
        );
        for (kind, name) in [("npm", "a"), ("", "a"), ("deb", ""), ("rpm", "a/b")] {
            assert_eq!(of_package(&owner(kind, name, "1", "all", None)), None);
        }
    }

    #[test]
    fn standard_library_by_every_spelling_of_a_version() {
        // Recorded version, version in the purl, version and update in the CPE.
        for (recorded, purl, cpe) in [
            ("go1.27.3", Some("1.27.3"), Some("1.27.3:-")),
            ("go1.19", Some("1.19"), Some("1.19:-")),
            ("go1", Some("1"), Some("1:-")),
            ("go1.27rc1", Some("1.27.0-rc.1"), Some("1.27:rc1")),
            ("go1.28beta1", Some("1.28.0-beta.1"), Some("1.28:beta1")),
            ("go1.21rc2", Some("1.21.0-rc.2"), Some("1.21:rc2")),
            ("go1.27rc", Some("1.27.0-rc"), Some("1.27:rc")),
            ("go1.22.5 X:boringcrypto", Some("1.22.5"), Some("1.22.5:-")),
            ("go1.26.6-X:nodwarf5", Some("1.26.6"), Some("1.26.6:-")),
            (
                "go1.22.9 (Red Hat 1.22.9-2.el9)",
                Some("1.22.9"),
                Some("1.22.9:-"),
            ),
            (
                "go1.21.13-microsoft-20240807.1",
                Some("1.21.13"),
                Some("1.21.13:-"),
            ),
            ("go1.20.1b7 boring", Some("1.20.1"), Some("1.20.1:-")),
            ("go1.24.4+auto", Some("1.24.4"), Some("1.24.4:-")),
            (
                "go1.18 gccgo (GCC) 13.2.0 20230801",
                Some("1.18"),
                Some("1.18:-"),
            ),
            ("devel go1.28-8a1b2c3d4e Mon Nov 2", None, None),
            ("go1.28-devel_8a1b2c3d4e Mon Nov 2 X:simd", None, None),
            ("devel +abcdef0123 Tue Feb 4 2020", None, None),
            ("devel", None, None),
            ("unknown", None, None),
            ("go1.27.3:*:x", Some("1.27.3"), Some("1.27.3:-")),
            ("", None, None),
        ] {
            let mut want = String::from("pkg:golang/stdlib");
            if let Some(version) = purl {
                want.push('@');
                want.push_str(version);
            }
            assert_eq!(of_stdlib(recorded), want, "{recorded}");
            let want = cpe.map(|c| format!("cpe:2.3:a:golang:go:{c}:*:*:*:*:*:*"));
            assert_eq!(super::cpe(recorded), want, "{recorded}");
        }
    }
}
