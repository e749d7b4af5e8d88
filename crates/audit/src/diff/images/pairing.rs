//! Which image of the old side is the earlier state of which image of the new side.

use gospect_record::ImageRecord;
use std::collections::HashMap;

/// What an image and its earlier state have in common, besides the platform.
type Shared<'i> = Option<&'i str>;
type Key<'i> = (Option<&'i str>, &'i str);

/// For each new image the number of its old state. No old image is the earlier state of two.
pub(super) fn partners(old: &[ImageRecord], new: &[ImageRecord]) -> Vec<Option<usize>> {
    if let ([_], [_]) = (old, new) {
        return vec![Some(0)];
    }
    let mut pairing = Pairing {
        old,
        new,
        is_taken: vec![false; old.len()],
        partners: vec![None; new.len()],
    };
    pairing.pair(Most::One, |_| Some(""));
    pairing.pair(Most::Any, |image| Some(&image.reference));
    pairing.pair(Most::Any, |image| image.config_digest.as_deref());
    pairing.pair(Most::One, |image| Some(name(image)));
    pairing.partners
}

/// How many images of a side may share a key.
#[derive(Clone, Copy, PartialEq)]
enum Most {
    One,
    /// The first of one side belongs to the first of the other.
    Any,
}

struct Pairing<'i> {
    old: &'i [ImageRecord],
    new: &'i [ImageRecord],
    is_taken: Vec<bool>,
    partners: Vec<Option<usize>>,
}

impl<'i> Pairing<'i> {
    /// Pairs images of one platform without a partner that share something.
    fn pair(&mut self, most: Most, shared: fn(&'i ImageRecord) -> Shared<'i>) {
        let old = self.old.iter().zip(self.is_taken.iter().copied());
        let old = by_key(old, shared);
        let new = self
            .new
            .iter()
            .zip(self.partners.iter().map(Option::is_some));
        for (key, now) in by_key(new, shared) {
            let Some(before) = old.get(&key) else {
                continue;
            };
            if most == Most::One && (before.len() > 1 || now.len() > 1) {
                continue;
            }
            for (before, now) in before.iter().zip(now) {
                if let (Some(is_taken), Some(partner)) =
                    (self.is_taken.get_mut(*before), self.partners.get_mut(now))
                {
                    (*is_taken, *partner) = (true, Some(*before));
                }
            }
        }
    }
}

/// The numbers of the images that have no partner.
fn by_key<'i>(
    images: impl Iterator<Item = (&'i ImageRecord, bool)>,
    shared: fn(&'i ImageRecord) -> Shared<'i>,
) -> HashMap<Key<'i>, Vec<usize>> {
    let mut numbers: HashMap<_, Vec<usize>> = HashMap::new();
    for (number, (image, has_partner)) in images.enumerate() {
        if let (false, Some(shared)) = (has_partner, shared(image)) {
            let key = (image.platform.as_deref(), shared);
            numbers.entry(key).or_default().push(number);
        }
    }
    numbers
}

/// The reference without its tag and digest, which usually differ.
fn name(image: &ImageRecord) -> &str {
    let name = image.reference.split('@').next().unwrap_or_default();
    let slash = name.rfind('/').map_or(0, |slash| slash + 1);
    match name.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => name.get(..slash + colon).unwrap_or(name),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(rows: &[(&str, &str, &str)]) -> Vec<ImageRecord> {
        let image = |(reference, platform, config): &(&str, &str, &str)| ImageRecord {
            reference: (*reference).to_owned(),
            platform: Some((*platform).to_owned()),
            config_digest: Some((*config).to_owned()),
            ..ImageRecord::default()
        };
        rows.iter().map(image).collect()
    }

    #[test]
    fn a_set_of_images_is_paired_with_itself() {
        let all = images(&[
            ("r/app:1", "linux/amd64", "a"),
            ("r/app:1", "linux/arm64", "b"),
            ("r/app:2", "linux/amd64", "c"),
            ("r/app:2", "linux/arm64", "d"),
            ("two.tar", "linux/amd64", "e"),
            ("two.tar", "linux/amd64", "f"),
        ]);
        let own: Vec<_> = (0..all.len()).map(Some).collect();
        assert_eq!(partners(&all, &all), own);
        let turned: Vec<_> = all.iter().cloned().rev().take(4).collect();
        assert_eq!(
            partners(&all, &turned),
            [Some(4), Some(5), Some(3), Some(2)]
        );
    }

    #[test]
    fn what_says_more_pairs_first() {
        let amd64 = "linux/amd64";
        let old = images(&[
            ("r/app:1", amd64, "a"),
            ("r/app:2", amd64, "b"),
            ("r/other:1", amd64, "c"),
        ]);
        for (new, expected) in [
            // The same tag, then the only one of the name that is left.
            (
                [("r/app:3", amd64, "x"), ("r/app:2", amd64, "y")],
                [Some(0), Some(1)],
            ),
            // The same image with another tag.
            (
                [("r/app:3", amd64, "b"), ("r/app:4", amd64, "x")],
                [Some(1), Some(0)],
            ),
            // Two are left on both sides: none is known to be the earlier state.
            (
                [("r/app:3", amd64, "x"), ("r/app:4", amd64, "y")],
                [None, None],
            ),
            (
                [("r/app:3", "linux/arm64", "x"), ("r/other", amd64, "y")],
                [None, Some(2)],
            ),
        ] {
            assert_eq!(partners(&old, &images(&new)), expected, "{new:?}");
        }
    }

    #[test]
    fn the_only_image_of_a_platform_has_any_name() {
        let old = images(&[("a:1", "linux/amd64", "a"), ("a:1", "linux/arm64", "b")]);
        let new = images(&[("b:1", "linux/arm64", "c"), ("b:1", "linux/s390x", "d")]);
        assert_eq!(partners(&old, &new), [Some(1), None]);
        assert_eq!(partners(&old[..1], &new[1..]), [Some(0)]);
    }

    #[test]
    fn a_tag_is_no_part_of_the_name() {
        for (reference, expected) in [
            ("r.example:5000/a:1", "r.example:5000/a"),
            ("r.example:5000/a", "r.example:5000/a"),
            ("a:1@sha256:0", "a"),
            ("a@sha256:0", "a"),
        ] {
            let images = images(&[(reference, "", "")]);
            assert_eq!(name(&images[0]), expected);
        }
    }
}
