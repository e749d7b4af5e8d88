//! Cuts texts that are too wide: what goes first depends on what the text is.

use super::{Look, take, width};

/// A member of an archive with its mark that is no wider than this stays whole.
const LEAST_MEMBER: usize = 8;
/// Fewest characters of an archive's name that are shown before what tells it from another.
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
        const LEAST: usize = 3;
        let mark = self.ellipsis();
        let outer = archive.rsplit('/').next().unwrap_or_default();
        let inner = member.rsplit(['/', '!']).next().unwrap_or_default();
        let front = if outer.len() < archive.len() {
            mark
        } else {
            ""
        };
        let directories = archive
            .match_indices('/')
            .filter_map(|(at, _)| Some(format!("{mark}{}!{member}", archive.get(at..)?)));
        let borders = member
            .match_indices(['/', '!'])
            .filter_map(|(at, _)| Some(format!("{front}{outer}!{mark}{}", member.get(at..)?)));
        let names = [
            format!("{front}{outer}!{member}"),
            format!("{outer}!{member}"),
        ];
        let short = [format!("{outer}!{mark}{inner}"), format!("{outer}!{inner}")];
        let fits = |text: &String| width(text) <= max;
        if let Some(text) = directories
            .chain(names)
            .chain(borders)
            .chain(short)
            .find(fits)
        {
            return Some(text);
        }
        let room = max.checked_sub(1)?;
        let least = LEAST + width(mark) - 1;
        let of_inner = width(inner).min(room.saturating_sub(least.max(room * 2 / 5)));
        let of_inner = of_inner.max(
            width(inner)
                .min(room.saturating_sub(least))
                .min(room * 3 / 5),
        );
        let of_outer = room - of_inner;
        (of_outer >= least && of_inner >= least.min(width(inner))).then(|| {
            format!(
                "{}!{}",
                self.cut_middle(outer, of_outer),
                self.cut_middle(inner, of_inner)
            )
        })
    }

    /// Cuts text without marks so that byte `differs` stays visible, and the name at its end if there is room. For texts that
    /// another cut would make equal.
    pub fn cut_around(&self, text: &str, differs: usize, max: usize) -> String {
        if width(text) <= max {
            return text.to_owned();
        }
        let mark = width(self.ellipsis());
        let border = text.rfind(['/', '!']).filter(|at| *at > differs);
        let whole = border.and_then(|at| text.get(at..)).unwrap_or_default();
        let mut tail = whole.to_owned();
        if width(whole) > (max / 3).max(LEAST_MEMBER) && text.contains('!') {
            // The archive tells more than the member.
            let member = whole.trim_start_matches(['/', '!']);
            tail = format!("!{}", self.cut_middle(member, (max / 3).saturating_sub(1)));
        }
        let mut room = max.saturating_sub(2 * mark + width(&tail));
        if room < max / 3 {
            tail.clear();
            room = max.saturating_sub(2 * mark);
        }
        // The word that differs, up to half of the room.
        let before = text.get(..differs).unwrap_or_default();
        let word: String = before
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric())
            .take(room / 2)
            .collect();
        let mut from = differs.min(before.len()).saturating_sub(word.len());
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let stop = if tail.is_empty() {
            text.len()
        } else {
            text.len() - whole.len()
        };
        // The beginning of the name that holds the difference, up to a quarter of the room: it names the archive.
        let before = text.get(..from).unwrap_or_default();
        let start = before.rfind(['/', '!']).map_or(0, |at| at + 1);
        let name = before.get(start..).unwrap_or_default();
        let mut head = String::new();
        if room / 4 >= LEAST_HEAD && width(name) <= room / 4 {
            from = start;
        } else if room / 4 >= LEAST_HEAD {
            head = take(name, room / 4);
        }
        let middle = text.get(from..stop).unwrap_or_default();
        let seen = take(middle, room - width(&head));
        let front = match from > 0 {
            true => format!("{head}{}", self.ellipsis()),
            false => String::new(),
        };
        let gap = if seen.len() < middle.len() {
            self.ellipsis()
        } else {
            ""
        };
        take(&format!("{front}{seen}{gap}{tail}"), max)
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
        let room = max.saturating_sub(width(self.ellipsis()));
        let borders = || text.match_indices(['/', '!']).map(|(at, _)| at);
        let fits = |at: &usize| text.get(*at..).is_some_and(|tail| width(tail) <= room);
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
        let of_name = room.saturating_sub(width(version) + 1).min(width(name));
        if of_name >= NAME_BESIDE_VERSION.min(width(name)) {
            let name = take(name, of_name);
            return format!("{name}{}@{version}", self.ellipsis());
        }
        match width(name) < room {
            true => self.cut_end(rest, max.min(width(rest).saturating_sub(1))),
            false => cut(self, name, max),
        }
    }

    /// Cuts the middle out of text without marks.
    fn cut_middle(&self, text: &str, max: usize) -> String {
        if width(text) <= max {
            return text.to_owned();
        }
        let room = max.saturating_sub(width(self.ellipsis()));
        let head = room / 2;
        let tail: String = text.chars().rev().collect();
        let tail: String = take(&tail, room - head).chars().rev().collect();
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
        let room = max.saturating_sub(width(self.ellipsis()));
        take(&format!("{}{}", take(text, room), self.ellipsis()), max)
    }
}
