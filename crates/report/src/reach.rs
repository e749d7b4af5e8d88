//! How far a scan reached: a line on what was found, how much was looked at, what was not examined and why.

use super::style::{Look, Tone, clean};
use super::terms::compare_releases;
use gospect_bytes::number::{bytes, count, thousands};
use gospect_record::{End, Reach, Reason, Unexamined, Word};
use std::collections::BTreeMap;

/// The key for programs whose release is unknown.
const UNKNOWN: &str = "unknown";
/// Most examples to show for each reason.
const EXAMPLES: usize = 3;

/// Things not examined, by reason: their number and the first few.
#[derive(Default)]
pub struct Reasons {
    by_reason: BTreeMap<Word<Reason>, (usize, Vec<String>)>,
    /// Whether one of them is not a target, but something inside a target.
    has_contents: bool,
}

impl Reasons {
    /// Counts one more thing.
    pub fn add(&mut self, thing: Unexamined) {
        self.has_contents |= !thing.location.is_of_target(&thing.path);
        let (count, examples) = self.by_reason.entry(thing.reason).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(match thing.detail.as_str() {
                "" => thing.path,
                detail => format!("{}: {detail}", thing.path),
            });
        }
    }

    /// Whether everything was examined.
    pub fn is_empty(&self) -> bool {
        self.by_reason.is_empty()
    }

    /// Whether there is nothing to report but targets that could not be read, which messages on standard error have named.
    pub fn say_it_all(&self, end: &End) -> bool {
        let reach = &end.reach;
        let others = reach.files.saturating_sub(reach.unexamined) + reach.not_go;
        end.read_nothing() && !self.has_contents && others == 0
    }
}

/// Adds the summary line, the reach and the unexamined things to `out`, with marks for [`Look::finish`].
pub fn write(end: &End, unexamined: &Reasons, look: &Look, out: &mut String) {
    look.wrap(out, "", &summary(end, look));
    let reach = &end.reach;
    let text = reach_text(reach);
    look.wrap(out, "", &text);
    if unexamined.is_empty() {
        return;
    }
    let mut reasons: Vec<_> = unexamined.by_reason.iter().collect();
    reasons.sort_by_key(|(reason, (count, _))| (std::cmp::Reverse(*count), *reason));
    out.push_str(&look.paint(Tone::Title, "Not examined"));
    out.push('\n');
    for (reason, (count, examples)) in reasons {
        look.wrap(
            out,
            "  ",
            &format!("{}: {count}", look.paint(Tone::Warn, reason)),
        );
        for example in examples {
            look.entry(out, 4, &clean(example));
        }
        if let Some(more) = count.checked_sub(EXAMPLES).filter(|more| *more > 0) {
            look.wrap(
                out,
                "    ",
                &look.paint(
                    Tone::Dim,
                    &format!("and {more} more (--format ndjson lists all)"),
                ),
            );
        }
    }
}

/// What became of the files that were looked at, each in one class, so that the numbers add up; then what is no file.
pub fn reach_text(reach: &Reach) -> String {
    let go = match reach.go_files {
        Some(files) if files != reach.go => format!(
            "{} in {}",
            count(reach.go, "Go program", "Go programs"),
            count(files, "file", "files")
        ),
        _ => format!("{} Go", thousands(reach.go)),
    };
    let mut classes = vec![go, format!("{} not Go", thousands(reach.not_go))];
    if reach.below_min_size > 0 {
        classes.push(format!(
            "{} too small to be Go (--min-size)",
            thousands(reach.below_min_size)
        ));
    }
    match (reach.other_files(), reach.unexamined) {
        (None | Some(0), _) => {}
        (Some(others), 0) => classes.push(count(others, "archive", "archives")),
        (Some(others), _) => classes.push(count(
            others,
            "archive or not examined",
            "archives or not examined",
        )),
    }
    let links = match reach.links {
        0 => String::new(),
        links => format!(
            " {} not followed (--follow).",
            count(links, "link", "links")
        ),
    };
    format!(
        "Looked at {} ({} read): {}.{links} Not examined: {}.",
        count(reach.files, "file", "files"),
        bytes(reach.bytes),
        classes.join(", "),
        thousands(reach.unexamined)
    )
}

fn summary(end: &End, look: &Look) -> String {
    let summary = &end.summary;
    let mut parts = vec![count(end.reach.go, "Go program", "Go programs")];
    let mut releases: Vec<&str> = summary.go_versions.keys().map(String::as_str).collect();
    releases.retain(|release| *release != UNKNOWN);
    releases.sort_by(|a, b| compare_releases(a, b));
    let short = |release: &str| {
        look.width
            .map_or_else(|| release.to_owned(), |_| look.cut_end(release, 40))
    };
    match releases.as_slice() {
        [] => {}
        [one] => parts.push(clean(one).into_owned()),
        [oldest, .., newest] => parts.push(format!(
            "{} Go releases from {} to {}",
            releases.len(),
            clean(&short(oldest)),
            clean(&short(newest))
        )),
    }
    if let Some(unknown) = summary.go_versions.get(UNKNOWN) {
        parts.push(format!("{unknown} of an unknown release"));
    }
    if summary.without_build_info > 0 {
        parts.push(format!(
            "{} without a module record",
            summary.without_build_info
        ));
    }
    if summary.modules_unknown > 0 {
        parts.push(format!(
            "{} without a list of modules",
            summary.modules_unknown
        ));
    }
    if summary.contradicted > 0 {
        parts.push(look.paint(Tone::Bad, &format!("{} contradicted", summary.contradicted)));
    }
    format!("{}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::width;
    use test_support::records as sample;

    fn reasons(things: Vec<Unexamined>) -> Reasons {
        let mut reasons = Reasons::default();
        things.into_iter().for_each(|thing| reasons.add(thing));
        reasons
    }

    fn text(width: Option<usize>) -> String {
        let document = sample::document();
        let mut out = String::new();
        let look = Look {
            width,
            color: false,
            unicode: true,
        };
        let end = document.end.clone();
        write(&end, &reasons(document.unexamined), &look, &mut out);
        out
    }

    #[test]
    fn says_what_was_looked_at_and_groups_what_was_not() {
        let text = text(None);
        assert!(
            text.starts_with("4 Go programs, 4 Go releases from "),
            "{text}"
        );
        assert!(
            text.contains(
                "1 without a module record, 1 without a list of modules, 2 contradicted."
            ),
            "{text}"
        );
        assert!(text.contains(
            "Looked at 1,236 files (5.1 GB read): 4 Go, 1,157 not Go, 70 too small to be Go (--min-size), 5 archives or not examined. Not examined: 3."
        ));
        let unreadable = text.find("unreadable: 2").unwrap();
        assert!(
            unreadable < text.find("limit: 1").unwrap(),
            "the most frequent reason first"
        );
        assert!(text.contains("usr/bin/secret: permission denied"));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn the_numbers_of_the_classes_add_up() {
        let mut reach = Reach {
            files: 15,
            go: 14,
            go_files: Some(10),
            not_go: 1,
            below_min_size: 3,
            ..Reach::default()
        };
        assert_eq!(
            reach_text(&reach),
            "Looked at 15 files (0 B read): 14 Go programs in 10 files, 1 not Go, \
             3 too small to be Go (--min-size), 1 archive. Not examined: 0."
        );
        reach.go_files = None;
        let old = reach_text(&reach);
        assert!(
            old.contains(": 14 Go, 1 not Go, 3 too small to be Go (--min-size). "),
            "{old}"
        );
        let beyond = Reach {
            go_files: Some(u64::MAX),
            ..reach
        };
        assert_eq!(beyond.other_files(), None);
        let mut links = Reach {
            links: 2,
            unexamined: 1,
            ..Reach::default()
        };
        links.go_files = Some(0);
        assert!(
            reach_text(&links)
                .ends_with("0 not Go. 2 links not followed (--follow). Not examined: 1."),
            "{}",
            reach_text(&links)
        );
    }

    #[test]
    fn an_unknown_release_is_no_release() {
        let mut end = End::default();
        end.reach.go = 3;
        end.summary.go_versions = [("go1.27.3", 2), ("unknown", 1)]
            .map(|(v, n)| (v.to_owned(), n))
            .into();
        assert_eq!(
            summary(&end, &Look::PLAIN),
            "3 Go programs, go1.27.3, 1 of an unknown release."
        );
    }

    #[test]
    fn many_of_one_reason_are_counted_not_listed() {
        let mut document = sample::document();
        let thing = document.unexamined.remove(0);
        document.unexamined = vec![thing; 10];
        let mut out = String::new();
        let unexamined = reasons(document.unexamined);
        write(&document.end, &unexamined, &Look::PLAIN, &mut out);
        assert_eq!(out.matches("usr/bin/secret").count(), EXAMPLES);
        assert!(out.contains("and 7 more"));
    }

    #[test]
    fn fits_the_width() {
        for columns in [40, 80, 120, 200] {
            assert!(
                text(Some(columns))
                    .lines()
                    .all(|line| width(line) <= columns)
            );
        }
    }
}
