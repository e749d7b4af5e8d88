//! What the changelog of a package names: distributions fix vulnerabilities without changing the version of the program, and say so there.
//!
//! Debian's is `/usr/share/doc/PACKAGE/changelog.Debian.gz` (Debian Policy 12.7), of packages that only Debian has `changelog.gz`; its form is
//! deb-changelog(5). rpm keeps it in the header (rpm: `docs/manual/tags.md`). Databases of apk have none.

use super::rpm::header::{Header, tag};
use super::{RootFiles, text};
use gospect_record::{Changelog, ChangelogName, Owner};
use std::collections::BTreeMap;
use std::io::Read as _;

/// Longest compressed changelog that is read. The longest of Debian 13 (that of the Linux kernel) has 1.6 MB.
const COMPRESSED: u64 = 8 << 20;
/// Longest changelog, and how much larger than its compressed form that may be.
const TEXT: u64 = 64 << 20;
/// Most vulnerabilities that are taken from one changelog, the newest first.
const NAMES: usize = 5000;
/// Most characters of a line that are kept.
const LINE: usize = 200;

/// Whether a file may be the changelog of a package. `name` is relative to the root.
pub fn is_changelog(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.strip_prefix(b"/").unwrap_or(name);
    let Some(rest) = name.strip_prefix(b"usr/share/doc/") else {
        return false;
    };
    let mut parts = rest.split(|b| *b == b'/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(file), None) => {
            file.starts_with(b"changelog.") && file.ends_with(b"gz") && file.len() < 64
        }
        _ => false,
    }
}

/// What the changelog of a Debian package names; `None` if it is not there or is not that of the package.
pub(super) fn of_debian(files: &dyn RootFiles, owner: &Owner) -> Option<Changelog> {
    let arch = owner.arch.as_deref().unwrap_or_default();
    let names = [
        // A rebuild for one architecture, then the usual one, then that of a package without another upstream.
        format!("changelog.Debian.{arch}.gz"),
        "changelog.Debian.gz".to_owned(),
        "changelog.gz".to_owned(),
    ];
    let mut rebuild: Option<Changelog> = None;
    for name in names {
        let path = format!("/usr/share/doc/{}/{name}", owner.name);
        let Some(found) = read_debian(files, &path, owner) else {
            continue;
        };
        // That of a rebuild has one entry; the others are in the usual one.
        match rebuild.take() {
            None if name.contains(arch) && !arch.is_empty() => rebuild = Some(found),
            None => return Some(found),
            Some(rebuild) => return Some(with_rebuild(found, rebuild)),
        }
    }
    rebuild
}

/// The usual changelog with the entry of a rebuild, which is newer.
fn with_rebuild(usual: Changelog, rebuild: Changelog) -> Changelog {
    let by_id = |name: ChangelogName| (name.id.clone(), name);
    let mut names: BTreeMap<String, ChangelogName> = usual.names.into_iter().map(by_id).collect();
    names.extend(rebuild.names.into_iter().map(|name| {
        by_id(ChangelogName {
            file: Some(rebuild.file.clone()),
            ..name
        })
    }));
    Changelog {
        file: usual.file,
        names: names.into_values().collect(),
    }
}

fn read_debian(files: &dyn RootFiles, path: &str, owner: &Owner) -> Option<Changelog> {
    let file = files.open(path.as_bytes()).ok()??;
    let bytes = super::whole(&*file, COMPRESSED).ok()??;
    let most = TEXT.min((bytes.len() as u64).saturating_mul(200));
    let mut text = Vec::new();
    let inflated = flate2::read::MultiGzDecoder::new(bytes.as_slice());
    // A damaged end costs the oldest entries.
    let _ = inflated.take(most).read_to_end(&mut text);
    let mut names = Names::default();
    let mut version = None;
    for line in text::lines(&text) {
        if line.first().is_some_and(|b| !b.is_ascii_whitespace()) {
            match heading(line) {
                Some((source, of_entry)) if is_of(source, owner) => version = Some(of_entry),
                // Another package's, or no changelog of Debian's.
                _ if version.is_none() => return None,
                _ => {}
            }
        } else if let Some(version) = &version {
            names.line(version, line);
        }
    }
    version.is_some().then(|| names.finish(path))
}

/// Source package and version in the first line of an entry: `acme (1.2-3+deb12u1) bookworm-security; urgency=high`.
fn heading(line: &[u8]) -> Option<(&[u8], String)> {
    let open = memchr::memmem::find(line, b" (")?;
    let (source, rest) = line.split_at_checked(open)?;
    let rest = rest.get(2..)?;
    let version = rest.get(..memchr::memchr(b')', rest)?)?;
    Some((source, text::value(version)?))
}

fn is_of(source: &[u8], owner: &Owner) -> bool {
    let of_source = owner.source.as_ref().map(|source| source.name.as_bytes());
    source == owner.name.as_bytes() || Some(source) == of_source
}

/// What the changelog in a header of rpm names; `None` if it has none.
pub(super) fn of_rpm(header: &Header<'_>, database: &[u8]) -> Option<Changelog> {
    let mut names = Names::default();
    let mut entries = 0;
    for (author, entry) in header
        .texts(tag::CHANGELOG_NAME)
        .zip(header.texts(tag::CHANGELOG_TEXT))
    {
        entries += 1;
        // `Name <address> - 1.2-3`: the version is the last word, where packagers write it.
        let author = String::from_utf8_lossy(author);
        let last = author.split_whitespace().next_back().unwrap_or_default();
        let is_version = last.starts_with(|c: char| c.is_ascii_digit());
        let version = if is_version { last } else { "" };
        for line in text::lines(entry) {
            names.line(version, line);
        }
    }
    (entries > 0).then(|| names.finish(&String::from_utf8_lossy(database)))
}

/// The vulnerabilities that were seen. Changelogs begin with the newest entry, so the first one that names a vulnerability counts.
#[derive(Default)]
struct Names(BTreeMap<String, (String, String)>);

impl Names {
    fn line(&mut self, version: &str, line: &[u8]) {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        for word in line.split(|b| !is_part(*b)) {
            if self.0.len() >= NAMES || !is_id(word) {
                continue;
            }
            let line = String::from_utf8_lossy(line);
            let line: String = line.trim().chars().take(LINE).collect();
            let id = String::from_utf8_lossy(word).into_owned();
            self.0.entry(id).or_insert((version.to_owned(), line));
        }
    }

    fn finish(self, file: &str) -> Changelog {
        let names = self.0.into_iter();
        let names = names.map(|(id, (version, line))| ChangelogName {
            id,
            version: Some(version).filter(|version| !version.is_empty()),
            line,
            file: None,
        });
        Changelog {
            file: file.to_owned(),
            names: names.collect(),
        }
    }
}

/// Whether a word is the ID of a vulnerability: `CVE-2023-45288`, `GO-2024-2687`, `GHSA-4v7x-pqxf-cx7m`.
fn is_id(word: &[u8]) -> bool {
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let mut parts = word.split(|b| *b == b'-');
    let parts = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    );
    match parts {
        (Some(b"CVE" | b"GO"), Some(year), Some(number), None, None) => {
            year.len() == 4 && digits(year) && (4..=9).contains(&number.len()) && digits(number)
        }
        (Some(b"GHSA"), Some(a), Some(b), Some(c), None) => {
            [a, b, c].iter().all(|part| part.len() == 4)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Memory;
    use super::*;
    use gospect_record::SourcePackage;
    use std::io::Write as _;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn owner() -> Owner {
        Owner {
            name: "acme-tool".to_owned(),
            version: "1.2-3+deb12u2".to_owned(),
            arch: Some("amd64".to_owned()),
            source: Some(SourcePackage {
                name: "acme".to_owned(),
                version: None,
            }),
            ..Owner::default()
        }
    }

    const TEXT: &str = "acme (1.2-3+deb12u2) bookworm-security; urgency=high

  * Backport the fix of HTTP/2 floods (CVE-2023-45288, GHSA-4v7x-pqxf-cx7m).
  * Not IDs: CVE-2023-, CVE-23-1234, XCVE-2023-1234, CVE-2023-1234x.

 -- A <a@example.com>  Mon, 01 Jan 2024 00:00:00 +0000

acme (1.2-3) unstable; urgency=medium

  * Again CVE-2023-45288; GO-2024-2600.
";

    fn named(changelog: &Changelog) -> Vec<(&str, &str)> {
        let names = changelog.names.iter();
        names
            .map(|n| (n.id.as_str(), n.version.as_deref().unwrap_or_default()))
            .collect()
    }

    #[test]
    fn the_newest_entry_that_names_a_vulnerability_counts() {
        let place = "/usr/share/doc/acme-tool/changelog.Debian.gz";
        let files = Memory::new(&[(place, &gzip(TEXT))]);
        let found = of_debian(&files, &owner()).unwrap();
        assert_eq!(found.file, place);
        assert_eq!(
            named(&found),
            [
                ("CVE-2023-45288", "1.2-3+deb12u2"),
                ("GHSA-4v7x-pqxf-cx7m", "1.2-3+deb12u2"),
                ("GO-2024-2600", "1.2-3"),
            ]
        );
        assert!(
            found.names[0]
                .line
                .starts_with("* Backport the fix of HTTP/2 floods")
        );
    }

    #[test]
    fn a_rebuild_adds_its_entry_and_a_native_package_has_another_name() {
        let rebuild = gzip(
            "acme (1.2-3+deb12u2+b1) bookworm; urgency=low\n\n  * Rebuild for CVE-2024-0001 and CVE-2023-45288.\n",
        );
        let folder = "/usr/share/doc/acme-tool";
        let files = Memory::new(&[
            (&format!("{folder}/changelog.Debian.amd64.gz"), &rebuild),
            (&format!("{folder}/changelog.Debian.gz"), &gzip(TEXT)),
        ]);
        let found = of_debian(&files, &owner()).unwrap();
        assert_eq!(
            named(&found),
            [
                ("CVE-2023-45288", "1.2-3+deb12u2+b1"),
                ("CVE-2024-0001", "1.2-3+deb12u2+b1"),
                ("GHSA-4v7x-pqxf-cx7m", "1.2-3+deb12u2"),
                ("GO-2024-2600", "1.2-3"),
            ]
        );
        // Each name has the file that it stands in.
        assert_eq!(found.file, format!("{folder}/changelog.Debian.gz"));
        let files: Vec<Option<&str>> = found.names.iter().map(|n| n.file.as_deref()).collect();
        let of_rebuild = format!("{folder}/changelog.Debian.amd64.gz");
        let of_rebuild = Some(of_rebuild.as_str());
        assert_eq!(files, [of_rebuild, of_rebuild, None, None]);
        let native = Memory::new(&[(&format!("{folder}/changelog.gz"), &gzip(TEXT))]);
        assert_eq!(named(&of_debian(&native, &owner()).unwrap()).len(), 3);
    }

    #[test]
    fn the_changelog_of_another_package_or_of_upstream_says_nothing() {
        let place = "/usr/share/doc/acme-tool/changelog.gz";
        for text in [
            TEXT.replace("acme (", "other ("),
            "# v1.2\n\n  * Fixes CVE-2023-45288\n".to_owned(),
            String::new(),
        ] {
            let files = Memory::new(&[(place, &gzip(&text))]);
            assert_eq!(of_debian(&files, &owner()), None, "{text}");
        }
        let files = Memory::new(&[(place, b"not gzip")]);
        assert_eq!(of_debian(&files, &owner()), None);
        assert_eq!(of_debian(&Memory::new(&[]), &owner()), None);
    }

    #[test]
    fn damage_and_size_cost_the_oldest_entries_only() {
        let place = "/usr/share/doc/acme-tool/changelog.Debian.gz";
        let many: String = (1000..9000)
            .map(|n| format!("  * CVE-2023-{n} {}\n", "x".repeat(300)))
            .collect();
        let text = format!("acme (1) unstable; urgency=low\n\n{many}");
        let whole = gzip(&text);
        let files = Memory::new(&[(place, &whole)]);
        let found = of_debian(&files, &owner()).unwrap();
        assert_eq!(found.names.len(), NAMES);
        assert!(found.names.iter().all(|name| name.line.len() <= LINE));
        let files = Memory::new(&[(place, &whole[..whole.len() / 2])]);
        let cut = of_debian(&files, &owner()).unwrap();
        assert!(!cut.names.is_empty() && cut.names.len() < 8000);
        // A decompression bomb is read up to the size of the largest real text.
        let bomb = gzip(&format!("acme (1) x; y\n{}", " ".repeat(30 << 20)));
        let files = Memory::new(&[(place, &bomb)]);
        assert_eq!(of_debian(&files, &owner()).unwrap().names, []);
    }

    /// A header as a database keeps it: texts of rpm are type 8, several of them, with a zero after each.
    #[test]
    fn a_header_of_rpm_has_its_changelog() {
        let texts = |all: &[&str]| {
            all.iter()
                .flat_map(|t| [t.as_bytes(), b"\0"].concat())
                .collect()
        };
        let authors = ["A <a@example.com> - 1:1.2-3", "B <b@example.com>", "C"];
        let entries = [
            "- Fix CVE-2023-45288\n- more",
            "- Resolves: CVE-2024-0001",
            "- start, CVE-2023-45288",
        ];
        let section = test_support::archives::rpm_section(&[
            (tag::CHANGELOG_NAME, 8, 3, texts(&authors)),
            (tag::CHANGELOG_TEXT, 8, 3, texts(&entries)),
        ]);
        let header = Header::parse(&section[8..]).unwrap();
        let found = of_rpm(&header, b"/var/lib/rpm/rpmdb.sqlite").unwrap();
        assert_eq!(found.file, "/var/lib/rpm/rpmdb.sqlite");
        assert_eq!(
            named(&found),
            [("CVE-2023-45288", "1:1.2-3"), ("CVE-2024-0001", "")]
        );
        assert_eq!(found.names[0].line, "- Fix CVE-2023-45288");
        let section = test_support::archives::rpm_section(&[(tag::NAME, 6, 1, texts(&["acme"]))]);
        assert_eq!(of_rpm(&Header::parse(&section[8..]).unwrap(), b"x"), None);
    }

    #[test]
    fn only_files_of_the_documentation_folder_are_changelogs() {
        for name in [
            "usr/share/doc/acme/changelog.Debian.gz",
            "./usr/share/doc/acme/changelog.gz",
            "/usr/share/doc/acme/changelog.Debian.amd64.gz",
        ] {
            assert!(is_changelog(name.as_bytes()), "{name}");
        }
        for name in [
            "usr/share/doc/acme/copyright",
            "usr/share/doc/acme/x/changelog.gz",
            "usr/share/doc/changelog.gz",
            "usr/share/acme/changelog.gz",
            "opt/usr/share/doc/acme/changelog.gz",
        ] {
            assert!(!is_changelog(name.as_bytes()), "{name}");
        }
    }
}
