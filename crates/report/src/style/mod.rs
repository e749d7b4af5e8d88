//! The look of text for people: width, colour, glyphs, and where control characters in text from files are replaced.
//!
//! While text is measured, cut and wrapped, colours are invisible marks; at the end [`Look::finish`] turns them into escape
//! sequences. [`clean`] removes such marks from foreign text, so a file cannot forge them.

mod cut;

use anstyle::{AnsiColor, Style};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
pub use gospect_bytes::escape::clean;
use std::borrow::Cow;
use std::fmt::Write;

/// The meaning of a piece of text; each has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The heading of a section.
    Title,
    /// The name of a value.
    Label,
    /// Fine.
    Good,
    /// Needs attention.
    Warn,
    /// Wrong.
    Bad,
    /// Less important than the rest.
    Dim,
}

/// Mark, tone and style. Warnings are yellow, as in other tools. Cyan, white and bright colours cannot be read on a light background,
/// nor blue on a dark one, so none of them is used. Marks are invisible characters that [`clean`] always removes.
const TONES: [(char, Tone, Style); 6] = [
    ('\u{e0001}', Tone::Title, Style::new().bold()),
    ('\u{e0002}', Tone::Label, Style::new().dimmed()),
    ('\u{e0003}', Tone::Good, AnsiColor::Green.on_default()),
    ('\u{e0004}', Tone::Warn, AnsiColor::Yellow.on_default()),
    ('\u{e0005}', Tone::Bad, AnsiColor::Red.on_default().bold()),
    ('\u{e0006}', Tone::Dim, Style::new().dimmed()),
];
/// Extra indent of the later lines of an entry.
const HANG: usize = 2;
const CLOSE: char = '\u{e0000}';

fn is_mark(c: char) -> bool {
    ('\u{e0000}'..='\u{e0006}').contains(&c)
}

/// The abilities of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; `None`: not a terminal, nothing is cut or wrapped.
    pub width: Option<usize>,
    /// Whether to write colours.
    pub color: bool,
    /// Whether to write line-drawing and other special characters.
    pub unicode: bool,
}

impl Look {
    /// For pipes and files.
    pub const PLAIN: Self = Self {
        width: None,
        color: false,
        unicode: false,
    };

    /// Foreign text in a tone; control characters are replaced.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let text = clean(text);
        match TONES.iter().find(|row| row.1 == tone) {
            Some((mark, _, _)) if self.color && !text.is_empty() => format!("{mark}{text}{CLOSE}"),
            _ => text.into_owned(),
        }
    }

    /// The sign for text that was cut.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// An arrow.
    pub(crate) fn arrow(&self) -> &'static str {
        if self.unicode { "→" } else { "=>" }
    }

    /// Adds `head` and text to `out`, wrapped to the width, with later lines indented by the width of `head`. Words that do not
    /// fit in a line are broken, never cut.
    pub fn wrap(&self, out: &mut String, head: &str, text: &str) {
        if text.is_empty() {
            out.push_str(head.trim_end());
            out.push('\n');
            return;
        }
        let Some(columns) = self.width else {
            out.push_str(head);
            out.push_str(text);
            out.push('\n');
            return;
        };
        let indent = width(head);
        if columns < indent.saturating_add(20) {
            // Too few columns are left beside the head, so it becomes part of the text.
            let body = head.trim_start_matches(' ');
            let indent = (head.len() - body.len()).min(columns / 2);
            out.extend(std::iter::repeat_n(' ', indent));
            self.flow(out, columns - indent, indent, 0, &format!("{body}{text}"));
        } else {
            out.push_str(head);
            self.flow(out, columns - indent, indent, 0, text);
        }
    }

    /// Adds an entry of a list to `out`. Its later lines are indented further, to separate it from the next entry.
    pub fn entry(&self, out: &mut String, indent: usize, text: &str) {
        let max_indent = self.width.map_or(usize::MAX, |columns| columns / 2);
        let (indent, hang) = (indent.min(max_indent), (indent + HANG).min(max_indent));
        out.extend(std::iter::repeat_n(' ', indent));
        match self.width {
            Some(columns) => self.flow(out, columns - hang, hang, hang - indent, text),
            None => {
                out.push_str(text);
                out.push('\n');
            }
        }
    }

    /// Wraps text to `columns`; the first line has `extra` columns more.
    fn flow(&self, out: &mut String, columns: usize, indent: usize, extra: usize, text: &str) {
        let (mut line_columns, mut used) = (columns + extra, 0);
        for word in text.split(' ') {
            let size = width(word);
            // A word that must be broken anyway starts on the current line.
            if used > 0 && size <= columns && size.saturating_add(used + 1) > line_columns {
                new_line(out, indent);
                (line_columns, used) = (columns, 0);
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            if size <= line_columns {
                out.push_str(word);
                used += size;
                continue;
            }
            // Lists and paths are broken after a comma or a slash, other long words anywhere.
            for part in word.split_inclusive([',', '/']) {
                if used > 0 && width(part).saturating_add(used) > line_columns {
                    new_line(out, indent);
                    (line_columns, used) = (columns, 0);
                }
                for c in part.chars() {
                    let size = char_width(c);
                    if used > 0 && used + size > line_columns {
                        new_line(out, indent);
                        (line_columns, used) = (columns, 0);
                    }
                    out.push(c);
                    used += size;
                }
            }
        }
        out.push('\n');
    }

    /// Turns marks into escape sequences. A tone that spans lines ends at each line end and starts again after the indent, so
    /// padding and borders have no tone.
    pub fn finish<'t>(&self, text: &'t str) -> Cow<'t, str> {
        // Marks are not ASCII.
        if text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let (mut open, mut pending) = (None::<Style>, None::<Style>);
        for c in text.chars() {
            if c == CLOSE {
                if let Some(style) = open.take() {
                    let _ = write!(out, "{style:#}");
                }
                pending = None;
            } else if let Some((_, _, style)) = TONES.iter().find(|row| row.0 == c) {
                pending = Some(*style);
            } else if c == '\n' {
                if let Some(style) = open.take() {
                    let _ = write!(out, "{style:#}");
                    pending = Some(style);
                }
                out.push(c);
            } else {
                if c != ' '
                    && let Some(style) = pending.take()
                {
                    let _ = write!(out, "{style}");
                    open = Some(style);
                }
                out.push(c);
            }
        }
        if let Some(style) = open {
            let _ = write!(out, "{style:#}");
        }
        Cow::Owned(out)
    }
}

/// Starts a new line and removes a blank before it.
fn new_line(out: &mut String, indent: usize) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// The longest start of a text that fits in `max` columns; marks are not broken.
fn take(text: &str, max: usize) -> String {
    let mut used = 0usize;
    let mut end = 0;
    for (index, c) in text.char_indices() {
        used = used.saturating_add(char_width(c));
        if used > max {
            break;
        }
        end = index + c.len_utf8();
    }
    text.get(..end).unwrap_or_default().to_owned()
}

fn char_width(c: char) -> usize {
    width(c.encode_utf8(&mut [0; 4]))
}

/// Columns that text takes on a terminal, as the table measures them; marks take none.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let bare: String = text.chars().filter(|c| !is_mark(*c)).collect();
    if bare.is_ascii() {
        return bare.len();
    }
    let mut table = Table::new();
    table.load_style(NOTHING).add_row([bare]);
    table
        .column_max_content_widths()
        .first()
        .copied()
        .unwrap_or_default()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_bytes::escape::needs_escape;
    use test_support::records::HOSTILE;

    const COLOR: Look = Look {
        width: Some(40),
        color: true,
        unicode: true,
    };

    #[test]
    fn control_characters_never_get_through() {
        let cleaned = clean(HOSTILE);
        assert!(
            cleaned.contains("\\x1b[31m\\u{202e}")
                && cleaned.contains("\\n")
                && cleaned.contains("\\u{9b}2J")
        );
        assert!(!cleaned.contains(needs_escape));
        assert_eq!(clean(&cleaned), cleaned);
        assert_eq!(clean("C:\\bin\\é 世界"), "C:\\bin\\é 世界");
        for c in ('\0'..=char::MAX).filter(|c| is_mark(*c)) {
            assert!(
                !clean(&c.to_string()).contains(c),
                "a file must not forge colours"
            );
        }
    }

    #[test]
    fn cutting_keeps_both_ends_and_counts_wide_letters() {
        for (text, max, cut) in [
            ("/usr/share/very/long/bin/tool", 13, "…/bin/tool"),
            ("dist/app.tar.gz!server", 10, "a…z!server"),
            ("dist/app.tar.gz!server", 19, "…/app.tar.gz!server"),
            ("dist/app.tar.gz!server", 18, "…app.tar.gz!server"),
            ("dist/app.tar.gz!server", 17, "app.tar.gz!server"),
            ("dist/app.tar.gz!server", 14, "app….gz!server"),
            ("d/app.tgz!usr/bin/srv", 15, "…app.tgz!…/srv"),
            ("d/app.tgz!in.zip!usr/srv", 17, "…app.tgz!…/srv"),
            ("a-long-archive.tgz!a-long-member", 15, "a-…gz!a-lo…mber"),
            ("a/cmd/age-keygen@1.1.1", 16, "age-keyge…@1.1.1"),
            ("a/cmd/age-keygen@1.1.1", 9, "ag…@1.1.1"),
            ("a/cmd/age-keygen@1.1.1", 8, "age…ygen"),
            ("a/cmd/age-keygen@1.1.1", 17, "…age-keygen@1.1.1"),
            ("example.com/tool/v2@v2.1.0", 16, "…/tool/v2@v2.1.0"),
            ("a/containerd-shim-runc-v2", 12, "conta…unc-v2"),
            ("go.ngrok.com@2.3.41", 15, "go.ngro…@2.3.41"),
            ("example.com/cmd/app@(devel)", 20, "example.com/cmd/app"),
            ("example.com/cmd/app@(devel)", 10, "…/cmd/app"),
        ] {
            assert_eq!(COLOR.cut_name(text, max), cut, "{text} {max}");
        }
        assert_eq!(
            COLOR.cut_package("example.com/cmd/containerd-shim@v2", 12),
            "containe…@v2"
        );
        assert_eq!(COLOR.cut_end("abcdef", 4), "abc…");
        let ascii = Look {
            unicode: false,
            ..COLOR
        };
        assert_eq!(ascii.cut_end("abcdefgh", 6), "abc...");
        for max in 0..12 {
            for look in [COLOR, ascii] {
                assert!(width(&look.cut_name("世界世界世界/tool", max)) <= max);
                assert!(width(&look.cut_end("世界世界世界/tool", max)) <= max);
            }
        }
        assert_eq!(width("世界"), 4);
    }

    #[test]
    fn wrapping_loses_nothing_and_fits() {
        let text = format!(
            "one two {} three 世界世界世界世界世界世界世界世界世界世界 four",
            "x".repeat(70)
        );
        let mut out = String::new();
        COLOR.wrap(&mut out, "  label  ", &COLOR.paint(Tone::Bad, &text));
        let plain: String = out.chars().filter(|c| !is_mark(*c)).collect();
        assert!(plain.lines().all(|line| width(line) <= 40), "{plain}");
        let squeeze = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(squeeze(&plain), format!("label{}", squeeze(&text)));
        let mut unlimited = String::new();
        Look::PLAIN.wrap(&mut unlimited, "  label  ", &text);
        assert_eq!(unlimited, format!("  label  {text}\n"));
    }

    #[test]
    fn entries_of_a_list_hang_and_fit() {
        let text = "github.com/asaskevich/govalidator              v0.0.0-20230301143203 end";
        for columns in 1..90 {
            let look = Look {
                width: Some(columns),
                ..COLOR
            };
            let mut out = String::new();
            look.entry(&mut out, 4, text);
            assert!(
                out.lines().all(|line| width(line) <= columns),
                "{columns}: {out}"
            );
            assert!(!out.contains(" \n"), "{columns}: {out:?}");
        }
        let mut out = String::new();
        COLOR.entry(&mut out, 4, text);
        assert_eq!(
            out,
            "    github.com/asaskevich/govalidator\n      v0.0.0-20230301143203 end\n"
        );
    }

    #[test]
    fn tones_do_not_leak_over_line_ends() {
        let painted = format!(
            "{}\n    {}x",
            COLOR.paint(Tone::Good, "a"),
            COLOR.paint(Tone::Bad, "b")
        );
        assert_eq!(
            COLOR.finish(&painted),
            "\u{1b}[32ma\u{1b}[0m\n    \u{1b}[1m\u{1b}[31mb\u{1b}[0mx"
        );
        let spanning = COLOR.paint(Tone::Good, "a b").replace(' ', "\n  ");
        assert_eq!(
            COLOR.finish(&spanning),
            "\u{1b}[32ma\u{1b}[0m\n  \u{1b}[32mb\u{1b}[0m"
        );
        assert_eq!(
            Look::PLAIN.finish(&Look::PLAIN.paint(Tone::Bad, "a\u{1b}")),
            "a\\x1b"
        );
    }
}
