//! Package URLs as documents write them (github.com/package-url/purl-spec): compared part by part, because writers differ in case, in the encoding, and in
//! optional parts.

use std::collections::BTreeMap;

/// A purl. One without a version, or without a qualifier, covers all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    kind: String,
    /// Namespace and name.
    path: String,
    version: Option<String>,
    qualifiers: BTreeMap<String, String>,
    /// What is meant inside the package: for Go a package of the module.
    subpath: Option<String>,
}

impl Pattern {
    /// Reads one; `None`: it is not a purl.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.split_once('/')?;
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let at = rest.get(slash..)?.rfind('@').map(|at| slash + at);
        let (path, version) = match at {
            Some(at) => (rest.get(..at)?, rest.get(at + 1..)),
            None => (rest, None),
        };
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let version = version.map(decode).filter(|version| !version.is_empty());
        Some(Self {
            kind: kind.to_lowercase(),
            // Package names of Go differ by case, but some writers fold it as the type definition asks.
            path: decode(path).to_lowercase(),
            version: version
                .map(|value| value.strip_prefix('v').map_or(value.clone(), str::to_owned)),
            qualifiers: pairs
                .map(|(key, value)| (key.to_lowercase(), decode(value)))
                .collect(),
            subpath: Some(decode(subpath.trim_matches('/'))).filter(|path| !path.is_empty()),
        })
    }

    /// Adds what is known of the package and not in its purl.
    pub fn add_qualifier(&mut self, key: &str, value: &str) {
        let entry = self.qualifiers.entry(key.to_owned());
        entry.or_insert_with(|| value.to_owned());
    }

    /// Sets the part of the package that is meant.
    pub fn set_subpath(&mut self, path: &str) {
        self.subpath = Some(path.to_owned()).filter(|path| !path.is_empty());
    }

    /// `golang`, `oci`, `deb`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version, without a `v` in front.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Kind, namespace and name, which are equal in all purls of one package.
    pub fn name(&self) -> String {
        format!("{}/{}", self.kind, self.path)
    }

    /// Whether this purl of a component is of the package that the other one means: the qualifiers that both have are equal.
    pub fn is_same_package(&self, other: &Self) -> bool {
        self.is_same_version(other)
            && self.qualifiers.iter().all(|(key, value)| {
                let other = other.qualifiers.get(key);
                other.is_none_or(|other| other == value)
            })
    }

    /// Whether a statement about this purl is about the other one: as in go-vex (openvex/go-vex, `PurlMatches`) each qualifier must be there too,
    /// except for those that say nothing more: `type` of Go's, and any beside the digest of an image.
    pub fn covers(&self, other: &Self) -> bool {
        let says_nothing = |key: &str| match self.kind.as_str() {
            "golang" => key == "type",
            "oci" => self.version.is_some(),
            _ => false,
        };
        self.is_same_version(other)
            && (self.subpath.is_none() || self.subpath == other.subpath)
            && self.qualifiers.iter().all(|(key, value)| {
                let other = other.qualifiers.get(key);
                other.map_or_else(|| says_nothing(key), |other| other == value)
            })
    }

    fn is_same_version(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.path == other.path
            && (self.version.is_none() || self.version == other.version)
    }
}

/// Decodes percent-encoding; malformed encodings stay as they are.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(byte));
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_purl_covers() {
        for (pattern, purl, covers) in [
            ("pkg:golang/a.b/c@v1.0.0", "pkg:golang/a.b/c@v1.0.0", true),
            ("pkg:golang/a.b/c@1.0.0", "pkg:golang/a.b/c@v1.0.0", true),
            ("pkg:golang/a.b/c", "pkg:golang/a.b/c@v1.0.0", true),
            ("pkg:golang/A.b/C", "pkg:golang/a.b/c@v1.0.0", true),
            ("pkg:golang/a.b%2Fc", "pkg:golang/a.b/c@v1.0.0", true),
            ("pkg:golang/a.b/c@v1.0.1", "pkg:golang/a.b/c@v1.0.0", false),
            ("pkg:golang/a.b/c@v1.0.0", "pkg:golang/a.b/c", false),
            ("pkg:golang/a.b", "pkg:golang/a.b/c@v1.0.0", false),
            ("pkg:npm/a.b/c", "pkg:golang/a.b/c@v1.0.0", false),
            (
                "pkg:golang/a@v1.0.0%2Bincompatible",
                "pkg:golang/a@v1.0.0+incompatible",
                true,
            ),
            (
                "pkg:oci/app@sha256:ab?repository_url=x.y/app",
                "pkg:oci/app@sha256%3Aab?repository_url=x.y%2Fapp&tag=1",
                true,
            ),
            ("pkg:oci/app?arch=amd64", "pkg:oci/app@sha256%3Aab", false),
            (
                "pkg:oci/app@sha256:ab?arch=amd64",
                "pkg:oci/app@sha256%3Aab",
                true,
            ),
            (
                "pkg:golang/a.b/c?goos=windows",
                "pkg:golang/a.b/c@v1.0.0",
                false,
            ),
            (
                "pkg:golang/a.b/c?goos=linux",
                "pkg:golang/a.b/c?goos=linux",
                true,
            ),
            (
                "pkg:golang/a.b/c?type=module",
                "pkg:golang/a.b/c@v1.0.0",
                true,
            ),
            ("pkg:golang/a.b/c#cmd/d", "pkg:golang/a.b/c@v1.0.0", false),
            ("pkg:golang/a.b/c#cmd/d", "pkg:golang/a.b/c#/cmd/d/", true),
            ("pkg:golang/a.b/c", "pkg:golang/a.b/c#cmd/d", true),
            (
                "pkg:deb/debian/x?arch=arm64",
                "pkg:deb/debian/x@1?arch=amd64",
                false,
            ),
        ] {
            let (a, b) = (Pattern::parse(pattern), Pattern::parse(purl));
            let (Some(a), Some(b)) = (a, b) else {
                panic!("{pattern} {purl}")
            };
            assert_eq!(a.covers(&b), covers, "{pattern} {purl}");
        }
        for text in ["", "app", "pkg:", "pkg:golang", "https://x/y"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn odd_percent_signs_stay() {
        assert_eq!(decode("a%2"), "a%2");
        assert_eq!(decode("%zz%41%"), "%zzA%");
    }
}
