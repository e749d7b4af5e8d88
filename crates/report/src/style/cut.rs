//! Cuts texts that are too wide: what goes first depends on what the text is.

use super::{Look, take, width};

/// A member of an archive stays whole if it is no wider than this, with the `!` in front.
const LEAST_MEMBER: usize = 8;
/// Fewest characters of an archive's name to show before the part in which two names differ.
const LEAST_HEAD: usize = 3;
/// Fewest characters of a name that are shown before its version.
const NAME_BESIDE_VERSION: usize = 2;

impl Look {
    /// Cuts a path without marks to `max` columns. Its directories go first, whole ones if that is enough, then the middle of
    /// the file name, because file names differ at both ends. For a member of an archive, the names of archive and member stay,
    /// whole or both ends of each.
    pub fn cut_name(&self, text: &str, max: usize) -> String {
        if width(text) <= max {
            return text.to_owned();
        }
        text.split_once('!')
            .and_then(|(archive, member)| self.cut_member(archive, member, max))
            .unwrap_or_else(|| self.cut_path(text, max, Self::cut_middle))
    }

    /// Cuts `archive!member`. The directories of the archive go first, then those between the two names, then the middle of the
    /// archive's name, then the middle of both. `None` where there is no room for two names.
    fn cut_member(&self, archive: &str, member: &str, max: usize) -> Option<String> {
        const LEAST_NAME: usize = 3;
        let ellipsis = self.ellipsis();
        let outer = archive.rsplit('/').next().unwrap_or_default();
        let inner = member.rsplit(['/', '!']).next().unwrap_or_default();
        let ellipsis_before = if outer.len() < archive.len() {
            ellipsis
        } else {
            ""
        };
        let without_directories = archive
            .match_indices('/')
            .filter_map(|(at, _)| Some(format!("{ellipsis}{}!{member}", archive.get(at..)?)));
        let without_inner_directories = member.match_indices(['/', '!']).filter_map(|(at, _)| {
            Some(format!(
                "{ellipsis_before}{outer}!{ellipsis}{}",
                member.get(at..)?
            ))
        });
        let names = [
            format!("{ellipsis_before}{outer}!{member}"),
            format!("{outer}!{member}"),
        ];
        let names_alone = [
            format!("{outer}!{ellipsis}{inner}"),
            format!("{outer}!{inner}"),
        ];
        let fits = |text: &String| width(text) <= max;
        if let Some(text) = without_directories
            .chain(names)
            .chain(without_inner_directories)
            .chain(names_alone)
            .find(fits)
        {
            return Some(text);
        }
        let available = max.checked_sub(1)?;
        let least_name = LEAST_NAME + width(ellipsis) - 1;
        let inner_width =
            width(inner).min(available.saturating_sub(least_name.max(available * 2 / 5)));
        let inner_width = inner_width.max(
            width(inner)
                .min(available.saturating_sub(least_name))
                .min(available * 3 / 5),
        );
        let outer_width = available - inner_width;
        (outer_width >= least_name && inner_width >= least_name.min(width(inner))).then(|| {
            format!(
                "{}!{}",
                self.cut_middle(outer, outer_width),
                self.cut_middle(inner, inner_width)
            )
        })
    }

    /// Cuts text without marks so that byte `difference` stays visible, and the name at its end if there is room. For texts that
    /// another cut would make equal.
    pub fn cut_around(&self, text: &str, difference: usize, max: usize) -> String {
        if width(text) <= max {
            return text.to_owned();
        }
        let ellipsis_width = width(self.ellipsis());
        let border = text.rfind(['/', '!']).filter(|at| *at > difference);
        let last_name = border.and_then(|at| text.get(at..)).unwrap_or_default();
        let mut tail = last_name.to_owned();
        if width(last_name) > (max / 3).max(LEAST_MEMBER) && text.contains('!') {
            // The name of the archive says more than that of the member.
            let member = last_name.trim_start_matches(['/', '!']);
            tail = format!("!{}", self.cut_middle(member, (max / 3).saturating_sub(1)));
        }
        let mut available = max.saturating_sub(2 * ellipsis_width + width(&tail));
        if available < max / 3 {
            tail.clear();
            available = max.saturating_sub(2 * ellipsis_width);
        }
        // The word that differs, up to half of the columns.
        let before = text.get(..difference).unwrap_or_default();
        let word: String = before
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric())
            .take(available / 2)
            .collect();
        let mut from = difference.min(before.len()).saturating_sub(word.len());
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let end = if tail.is_empty() {
            text.len()
        } else {
            text.len() - last_name.len()
        };
        // The beginning of the name that contains the difference, up to a quarter of the columns: it names the archive.
        let before = text.get(..from).unwrap_or_default();
        let start = before.rfind(['/', '!']).map_or(0, |at| at + 1);
        let name = before.get(start..).unwrap_or_default();
        let mut head = String::new();
        if available / 4 >= LEAST_HEAD && width(name) <= available / 4 {
            from = start;
        } else if available / 4 >= LEAST_HEAD {
            head = take(name, available / 4);
        }
        let middle = text.get(from..end).unwrap_or_default();
        let shown = take(middle, available - width(&head));
        let front = match from > 0 {
            true => format!("{head}{}", self.ellipsis()),
            false => String::new(),
        };
        let gap = if shown.len() < middle.len() {
            self.ellipsis()
        } else {
            ""
        };
        take(&format!("{front}{shown}{gap}{tail}"), max)
    }

    /// Cuts `package@version` without marks: directories first, then the end of the name, and the version last.
    pub fn cut_package(&self, text: &str, max: usize) -> String {
        self.cut_path(text, max, Self::cut_end)
    }

    fn cut_path(&self, text: &str, max: usize, cut: fn(&Self, &str, usize) -> String) -> String {
        if width(text) <= max {
            return text.to_owned();
        }
        // An unknown version goes first.
        if let Some(text) = text.strip_suffix("@(devel)") {
            return self.cut_path(text, max, cut);
        }
        let available = max.saturating_sub(width(self.ellipsis()));
        let borders = || text.match_indices(['/', '!']).map(|(at, _)| at);
        let fits = |at: &usize| text.get(*at..).is_some_and(|tail| width(tail) <= available);
        // `/v2` at the end of a module path is not a name.
        let is_major = |at: usize| {
            let last = text.get(at + 1..).unwrap_or_default();
            let last = last.split('@').next().unwrap_or_default();
            let digits = last.strip_prefix('v').unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        };
        let mut ends = borders().rev().skip_while(|at| is_major(*at));
        let last = ends.next();
        if let Some(at) = borders().find(|at| Some(*at) <= last && fits(at)) {
            return format!("{}{}", self.ellipsis(), text.get(at..).unwrap_or_default());
        }
        let from = last.map_or(0, |at| at + 1);
        let rest = text.get(from..).unwrap_or_default();
        if from > 0 && fits(&from) {
            return format!("{}{rest}", self.ellipsis());
        }
        let Some((name, version)) = rest.split_once('@') else {
            return cut(self, rest, max);
        };
        // The version stays while two characters of the name do.
        let name_width = available
            .saturating_sub(width(version) + 1)
            .min(width(name));
        if name_width >= NAME_BESIDE_VERSION.min(width(name)) {
            let name = take(name, name_width);
            return format!("{name}{}@{version}", self.ellipsis());
        }
        match width(name) < available {
            true => self.cut_end(rest, max.min(width(rest).saturating_sub(1))),
            false => cut(self, name, max),
        }
    }

    /// Cuts the middle out of text without marks.
    fn cut_middle(&self, text: &str, max: usize) -> String {
        if width(text) <= max {
            return text.to_owned();
        }
        let available = max.saturating_sub(width(self.ellipsis()));
        let head = available / 2;
        let tail: String = text.chars().rev().collect();
        let tail: String = take(&tail, available - head).chars().rev().collect();
        take(
            &format!("{}{}{tail}", take(text, head), self.ellipsis()),
            max,
        )
    }

    /// Cuts the end off text without marks.
    pub fn cut_end(&self, text: &str, max: usize) -> String {
        if width(text) <= max {
            return text.to_owned();
        }
        let available = max.saturating_sub(width(self.ellipsis()));
        take(
            &format!("{}{}", take(text, available), self.ellipsis()),
            max,
        )
    }
}
