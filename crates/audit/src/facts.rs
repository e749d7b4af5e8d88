//! Values derived from a record that several rules need.

use gospect_record::Binary;

/// What a flag is that the build did not have.
pub(crate) const NOT_SET: &str = "not set";

/// Whether the builder made all paths relative in another way than with `-trimpath`: Bazel's rules for Go record `GOROOT` as the root.
pub fn has_relative_paths(binary: &Binary) -> bool {
    let root = binary.goroot.as_ref().and_then(|g| g.value.as_deref());
    let is_relative = |root: &str| !root.contains(['/', '\\']);
    binary.paths.as_ref().is_some_and(Vec::is_empty) && root.is_some_and(is_relative)
}

/// One `-X` of the recorded linker flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XFlag {
    /// `importpath.name`.
    pub target: String,
    /// The text.
    pub value: String,
}

/// All `-X` definitions in the recorded `-ldflags`, in order. One without `=` is left out: the linker refuses it.
pub fn x_flags(binary: &Binary) -> Vec<XFlag> {
    let Some(flags) = binary
        .build_info
        .as_ref()
        .and_then(|b| b.setting("-ldflags"))
    else {
        return Vec::new();
    };
    if !flags.contains("-X") {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut words = words(flags).into_iter();
    while let Some(word) = words.next() {
        let word = word
            .strip_prefix('-')
            .filter(|w| w.starts_with("-X"))
            .map_or(word.clone(), str::to_string);
        let pair = match word.as_str() {
            "-X" => words.next(),
            w => w.strip_prefix("-X=").map(str::to_string),
        };
        if let Some((target, value)) = pair.as_deref().and_then(|p| p.split_once('=')) {
            out.push(XFlag {
                target: target.to_string(),
                value: value.to_string(),
            });
        }
    }
    out
}

/// Splits flags as the go command does: at blanks, except inside single or double quotes (src/cmd/internal/quoted/quoted.go,
/// 1.27). An unclosed quote ends at the end of the text.
pub fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' | '"' => {
                let body = rest.get(1..).unwrap_or_default();
                body.split_once(first).unwrap_or((body, ""))
            }
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        out.push(word.to_string());
        rest = after.trim_start();
    }
    out
}

/// Most bytes to show of a recorded value.
const SHOWN: usize = 160;

/// The value, shortened if it is long.
pub fn shorten(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_string();
    }
    let mut out: String = text.chars().take(SHOWN).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{binary, set};

    #[test]
    fn each_spelling_of_x_is_read() {
        let b = binary(|b| {
            set(
                b,
                "-ldflags",
                "-s -w -X main.a=1 -X=main.b=2 --X main.c=3 -X 'main.d=4 5' \"-X=main.e=x=y\" -X nothing",
            )
        });
        let got: Vec<(String, String)> = x_flags(&b)
            .into_iter()
            .map(|x| (x.target, x.value))
            .collect();
        let want = [
            ("main.a", "1"),
            ("main.b", "2"),
            ("main.c", "3"),
            ("main.d", "4 5"),
            ("main.e", "x=y"),
        ];
        assert_eq!(got, want.map(|(a, b)| (a.to_string(), b.to_string())));
    }

    #[test]
    fn odd_quotes_do_no_harm() {
        assert_eq!(words("'open"), ["open"]);
        assert_eq!(words("  "), Vec::<String>::new());
        assert_eq!(shorten(&"é".repeat(500)).chars().count(), 161);
    }
}
