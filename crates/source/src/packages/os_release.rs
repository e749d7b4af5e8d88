//! The distribution of a root, from its `os-release` (os-release(5)).

use super::{RootFiles, text};

/// Paths of the file; the first one that exists counts (os-release(5)).
pub const PATHS: &[&[u8]] = &[b"/etc/os-release", b"/usr/lib/os-release"];

/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// A distribution and its release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// `ID`, such as `debian`.
    pub id: Option<String>,
    /// `VERSION_ID`, such as `12`; rolling releases have none.
    pub version: Option<String>,
}

impl Release {
    /// Reads it from a root.
    pub fn read(files: &dyn RootFiles) -> Self {
        let text = PATHS.iter().find_map(|path| {
            let file = files.open(path).ok()??;
            super::whole(&*file, MAX_BYTES).ok()?
        });
        text.map(|text| Self::parse(&text)).unwrap_or_default()
    }

    fn parse(text: &[u8]) -> Self {
        let get = |name: &[u8]| {
            // The last assignment counts, as in a shell.
            let line = text::lines(text)
                .filter_map(|line| line.trim_ascii().strip_prefix(name)?.strip_prefix(b"="))
                .last()?;
            text::value(unquoted(line.trim_ascii()))
        };
        Self {
            id: get(b"ID"),
            version: get(b"VERSION_ID"),
        }
    }
}

fn unquoted(text: &[u8]) -> &[u8] {
    let inside = |mark: &[u8]| text.strip_prefix(mark)?.strip_suffix(mark);
    inside(b"\"").or_else(|| inside(b"'")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_a_shell_reads_them() {
        let release = |text: &str| Release::parse(text.as_bytes());
        let of = |id: &str, version: Option<&str>| Release {
            id: Some(id.to_owned()),
            version: version.map(str::to_owned),
        };
        assert_eq!(
            release("PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\nID_LIKE=x\n"),
            of("debian", Some("12"))
        );
        assert_eq!(
            release("ID='opensuse-leap'\r\nVERSION_ID=15.6"),
            of("opensuse-leap", Some("15.6"))
        );
        assert_eq!(
            release("ID=old\nID=arch\nVERSION_ID=\"\"\n"),
            of("arch", None)
        );
        assert_eq!(release("# ID=debian\n"), Release::default());
    }
}
