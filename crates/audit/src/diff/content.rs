//! Compares the bytes of two states of one program by the digests in their records.

use super::facts::BUILD_INFO_SOURCE;
use super::{Change, Class, Direction};
use gospect_bytes::number::count;
use gospect_record::{Binary, Part, PartDigest};

/// The result of comparing the digests.
#[derive(Debug, Default)]
pub(super) struct Content {
    verdict: Comparison,
    /// A change for each part that differs, or one for the whole.
    changes: Vec<Change>,
    /// Names of the parts that differ, if both sides have digests of parts.
    parts: Option<Vec<String>>,
    /// Whether both have the same build ID.
    same_build: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Comparison {
    #[default]
    Unknown,
    Same,
    Different,
}

/// Classes of facts about the build: a change in one of them explains other bytes.
const BUILD_FACTS: [Class; 9] = [
    Class::Toolchain,
    Class::Module,
    Class::Setting,
    Class::Godebug,
    Class::Experiment,
    Class::Goroot,
    Class::Paths,
    Class::Linkage,
    Class::Source,
];

/// Parts that `strip` and signing add or remove after a build.
const ADDED_AFTER_BUILD: [&str; 2] = ["debug", "signature"];

/// Compares by digest, or by size where a digest is missing; then equal sizes prove nothing.
pub(super) fn compare(old: &Binary, new: &Binary) -> Content {
    // The form that Go gives it; other builders write one word for all programs, such as Bazel's `redacted`.
    let id = |b: &Binary| b.executable.build_id.clone().filter(|id| id.contains('/'));
    let mut content = Content {
        same_build: id(old).is_some() && id(old) == id(new),
        ..Content::default()
    };
    let container = |b: &Binary| part(b.parts.as_deref(), Part::Container).map(text);
    content.verdict = match (&old.sha256, &new.sha256) {
        (Some(old_digest), Some(new_digest))
            if old_digest == new_digest && container(old) == container(new) =>
        {
            Comparison::Same
        }
        (Some(_), Some(_)) => Comparison::Different,
        _ if old.size != new.size => Comparison::Different,
        _ => Comparison::Unknown,
    };
    if content.verdict != Comparison::Different {
        return content;
    }
    if let (Some(old_parts), Some(new_parts)) = (&old.parts, &new.parts) {
        let names = Part::ALL.iter().filter_map(|&name| {
            let digest = |parts| part(Some(parts), name).map(text);
            let (old, new) = (digest(old_parts), digest(new_parts));
            (old != new).then_some((name.as_str(), old, new))
        });
        let names: Vec<_> = names.collect();
        content.parts = Some(names.iter().map(|(name, ..)| (*name).to_owned()).collect());
        let changes = names
            .into_iter()
            .map(|(name, old, new)| content.change(name, old, new));
        content.changes = changes.collect();
    }
    if content.changes.is_empty() {
        let change = match (&old.sha256, &new.sha256) {
            (Some(old), Some(new)) => {
                content.change("sha256", Some(old.clone()), Some(new.clone()))
            }
            _ => {
                let size = |b: &Binary| Some(count(b.size, "byte", "bytes"));
                content.change("size", size(old), size(new))
            }
        };
        content.changes.push(change);
    }
    content
}

fn part(parts: Option<&[PartDigest]>, name: Part) -> Option<&PartDigest> {
    parts?.iter().find(|p| p.part == name)
}

fn text(part: &PartDigest) -> String {
    let short = part.sha256.get(..16).unwrap_or(&part.sha256);
    format!("{} {short}", count(part.size, "byte", "bytes"))
}

impl Content {
    /// Whether the bytes were not compared.
    pub(super) fn is_unknown(&self) -> bool {
        self.verdict == Comparison::Unknown
    }

    /// Whether the bytes are the same.
    pub(super) fn is_same(&self) -> bool {
        self.verdict == Comparison::Same
    }

    /// Names of the parts that differ.
    pub(super) fn parts(self) -> Option<Vec<String>> {
        self.parts
    }

    /// Adds the changes of bytes to the changes of facts, unless a changed fact about the build explains them. It explains nothing
    /// if the program was not built again, only edited: then it has its old build ID, or evidence contradicts its build info.
    pub(super) fn add_unexplained(&mut self, mut facts: Vec<Change>) -> Vec<Change> {
        let has_other_build = facts.iter().any(|c| BUILD_FACTS.contains(&c.class));
        // Where the build info is depends on how the program was linked; no edit moves it.
        let mut edits = facts.iter().filter(|c| c.key != BUILD_INFO_SOURCE);
        let is_edited = edits.any(|c| c.class == Class::Integrity && c.worse);
        if self.same_build || is_edited || !has_other_build {
            facts.append(&mut self.changes);
        }
        facts
    }

    fn change(&self, key: &str, old: Option<String>, new: Option<String>) -> Change {
        Change {
            class: Class::Content,
            key: key.to_owned(),
            direction: match (&old, &new) {
                (None, _) => Direction::Added,
                (_, None) => Direction::Removed,
                _ => Direction::Changed,
            },
            old,
            new,
            // No build gives other code the same ID.
            worse: self.same_build && !ADDED_AFTER_BUILD.contains(&key),
            fixed: None,
            said: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diff::{Change, Class, Diff, diff};
    use crate::testing::{binary, set};
    use gospect_record::{Binary, Corroboration, PartDigest, Verdict};

    fn with(sha256: &str, parts: &[(&str, &str)]) -> Binary {
        binary(|b| {
            b.sha256 = Some(sha256.to_owned());
            let digest = |(part, sha256): &(&str, &str)| PartDigest {
                part: (*part).into(),
                size: 10,
                sha256: (*sha256).to_owned(),
            };
            b.parts = Some(parts.iter().map(digest).collect());
        })
    }

    fn changed(b: &Binary, change: impl FnOnce(&mut Binary)) -> Binary {
        let mut b = b.clone();
        change(&mut b);
        b
    }

    fn content(d: &Diff) -> Vec<&Change> {
        d.changes().filter(|c| c.class == Class::Content).collect()
    }

    #[test]
    fn other_bytes_are_a_change_and_the_parts_say_where() {
        let old = with("aa", &[("code", "1"), ("data", "2"), ("record", "3")]);
        let new = with(
            "bb",
            &[
                ("code", "9"),
                ("data", "2"),
                ("record", "3"),
                ("debug", "4"),
            ],
        );
        let d = diff(std::slice::from_ref(&old), &[new]);
        let keys: Vec<_> = content(&d).iter().map(|c| c.key.as_str()).collect();
        assert_eq!(keys, ["code", "debug"]);
        assert_eq!(
            d.pairs[0].parts,
            Some(vec!["code".to_owned(), "debug".to_owned()])
        );
        assert_eq!((d.unchanged, d.content_not_compared), (0, 0));
        let same = std::slice::from_ref(&old);
        let d = diff(same, same);
        assert_eq!(
            (d.pairs.len(), d.unchanged, d.content_not_compared),
            (0, 1, 0)
        );
    }

    #[test]
    fn without_digests_only_sizes_are_compared() {
        let none = binary(|_| ());
        let same = std::slice::from_ref(&none);
        let d = diff(same, same);
        assert_eq!((d.unchanged, d.content_not_compared), (1, 1));
        let d = diff(std::slice::from_ref(&none), &[with("aa", &[])]);
        assert_eq!((d.unchanged, d.content_not_compared), (1, 1));
        let d = diff(
            std::slice::from_ref(&none),
            &[changed(&none, |b| b.size += 1)],
        );
        assert_eq!(content(&d)[0].key, "size");
        let other = changed(&none, |b| b.sha256 = Some("bb".to_owned()));
        let d = diff(
            &[changed(&none, |b| b.sha256 = Some("aa".to_owned()))],
            &[other],
        );
        assert_eq!(content(&d)[0].key, "sha256");
    }

    #[test]
    fn a_build_explains_other_bytes_and_an_edit_does_not() {
        let old = with("aa", &[("code", "1")]);
        let old = changed(&old, |b| b.executable.build_id = Some("id/1".to_owned()));
        let new = changed(&with("bb", &[("code", "2")]), |b| {
            b.executable.build_id = Some("id/2".to_owned());
            set(b, "-tags", "other");
        });
        let d = diff(std::slice::from_ref(&old), std::slice::from_ref(&new));
        assert_eq!(content(&d), Vec::<&Change>::new(), "another setting");
        assert!(d.has(&[Class::Setting]));
        // The build ID is the same, so the program was not built again.
        let edited = changed(&new, |b| b.executable.build_id = Some("id/1".to_owned()));
        let d = diff(std::slice::from_ref(&old), &[edited]);
        assert!(content(&d)[0].worse);
        // A new contradiction shows an edit.
        let edited = changed(&new, |b| {
            b.corroboration = Some(vec![Corroboration {
                claim: "build-info".into(),
                verdict: Verdict::Contradicted.into(),
                ..Corroboration::default()
            }]);
        });
        let without_claims = changed(&old, |b| b.corroboration = Some(Vec::new()));
        assert_eq!(content(&diff(&[without_claims], &[edited])).len(), 1);
        // Only the build ID changed.
        let other = changed(&with("bb", &[("code", "2")]), |b| {
            b.executable.build_id = Some("id/2".to_owned());
        });
        let d = diff(std::slice::from_ref(&old), &[other]);
        assert!(!content(&d)[0].worse);
    }

    #[test]
    fn signing_and_stripping_are_not_for_the_worse() {
        let id = |b: Binary| changed(&b, |b| b.executable.build_id = Some("id".to_owned()));
        let old = id(with("aa", &[("code", "1"), ("signature", "1")]));
        let new = id(with("bb", &[("code", "1"), ("signature", "2")]));
        let d = diff(&[old], &[new]);
        assert!(matches!(content(&d)[..], [c] if c.key == "signature" && !c.worse));
    }

    #[test]
    fn bytes_around_the_slices_of_a_universal_file_count() {
        let old = with("aa", &[("code", "1"), ("container", "1")]);
        let new = with("aa", &[("code", "1"), ("container", "2")]);
        let d = diff(std::slice::from_ref(&old), &[new]);
        assert_eq!(content(&d)[0].key, "container");
    }
}
