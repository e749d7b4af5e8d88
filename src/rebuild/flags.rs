//! Decides which recorded flags are used again. A record is untrusted input: flags that name a command to run or a file to write are refused.

/// Linker flags that only change the output (src/cmd/link/internal/ld/main.go, Go 1.27).
const LINKER: [&str; 18] = [
    "s",
    "w",
    "X",
    "buildid",
    "B",
    "H",
    "compressdwarf",
    "checklinkname",
    "c",
    "d",
    "E",
    "T",
    "R",
    "r",
    "funcalign",
    "bindnow",
    "strictdups",
    "v",
];
/// Linker flags that start the C linker or are passed to it.
const C_LINKER: [&str; 3] = ["linkmode", "extldflags", "I"];
/// Linker flags whose value is the next word if they have no `=`.
const WITH_VALUE: [&str; 9] = ["X", "B", "H", "E", "T", "R", "r", "linkmode", "extldflags"];
/// Flags of the compiler (src/cmd/compile/internal/base/flag.go) and of the assembler that name no file to write.
const COMPILER: [&str; 25] = [
    "N",
    "l",
    "B",
    "e",
    "m",
    "c",
    "dwarf",
    "dwarflocationlists",
    "dwarfbasentries",
    "trimpath",
    "spectre",
    "lang",
    "wb",
    "smallframes",
    "D",
    "K",
    "C",
    "std",
    "shared",
    "dynlink",
    "h",
    "race",
    "msan",
    "asan",
    "live",
];

/// Why a flag is not used again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedFlag {
    #[error(
        "its {setting} has `{flag}`, which could run a command or write a file; it is not repeated"
    )]
    Unsafe { setting: &'static str, flag: String },
    #[error(
        "its {setting} has `{flag}`, for the C linker; --allow-cgo allows that, if you trust the program's record"
    )]
    NeedsCgo { setting: &'static str, flag: String },
    #[error("its {setting} cannot be taken apart: {value}")]
    Malformed {
        setting: &'static str,
        value: String,
    },
}

/// Checks the value of `-ldflags`.
pub fn check_linker(value: &str, allow_cgo: bool) -> Result<(), RefusedFlag> {
    let setting = "-ldflags";
    let words = words_of(setting, value)?;
    let mut words = words.iter().map(String::as_str).peekable();
    // In `pattern=flags`, the flags are for the packages that match the pattern.
    while let Some(word) = words.next() {
        let (name, has_value) = name_of(word);
        if LINKER.contains(&name) || (C_LINKER.contains(&name) && allow_cgo) {
            if !has_value && WITH_VALUE.contains(&name) {
                words.next();
            }
        } else if C_LINKER.contains(&name) {
            let is_internal = word.ends_with("=internal");
            let next_internal = !has_value && words.peek() == Some(&"internal");
            if name == "linkmode" && (is_internal || next_internal) {
                if next_internal {
                    words.next();
                }
                continue;
            }
            return Err(RefusedFlag::NeedsCgo {
                setting,
                flag: word.to_owned(),
            });
        } else {
            return Err(RefusedFlag::Unsafe {
                setting,
                flag: word.to_owned(),
            });
        }
    }
    Ok(())
}

/// Checks the value of `-gcflags` or `-asmflags`.
pub fn check_compiler(setting: &'static str, value: &str) -> Result<(), RefusedFlag> {
    let words = words_of(setting, value)?;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, _) = name_of(word);
        if !COMPILER.contains(&name) {
            return Err(RefusedFlag::Unsafe {
                setting,
                flag: word.clone(),
            });
        }
        // The value of `-trimpath` and `-D` is the next word.
        if matches!(word.as_str(), "-trimpath" | "-D") {
            words.next();
        }
    }
    Ok(())
}

/// The words of a value, without the leading pattern of `all=-N -l`.
fn words_of(setting: &'static str, value: &str) -> Result<Vec<String>, RefusedFlag> {
    let flags = match value.split_once('=') {
        Some((pattern, flags))
            if !value.starts_with('-') && !pattern.contains(char::is_whitespace) =>
        {
            flags
        }
        _ => value,
    };
    split(flags).ok_or_else(|| RefusedFlag::Malformed {
        setting,
        value: value.to_owned(),
    })
}

/// The name of a flag, and whether its value follows `=`.
fn name_of(word: &str) -> (&str, bool) {
    let name = word
        .strip_prefix("--")
        .or_else(|| word.strip_prefix('-'))
        .unwrap_or("");
    match name.split_once('=') {
        Some((name, _)) => (name, true),
        None => (name, false),
    }
}

/// Words with quotes, as the `go` command splits them (src/cmd/internal/quoted, `Split`); `None`: a quote is not closed.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let (word, behind) = rest.get(1..)?.split_once(first)?;
            words.push(word.to_owned());
            rest = behind.trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            words.push(word.to_owned());
            rest = behind.trim_start();
        }
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_run_or_write_are_refused() {
        for good in [
            "-s -w",
            "-s -w -X main.version=1 -X 'main.date=a b'",
            "-X \"main.a=b c\" -buildid=",
            "-H windowsgui -linkmode internal",
            "all=-s -w",
            "",
        ] {
            assert_eq!(check_linker(good, false), Ok(()), "{good}");
        }
        for bad in [
            "-extld=/tmp/x",
            "--extld /tmp/x",
            "-cpuprofile=/home/u/.profile",
            "-tmpdir=/x",
            "-capturehostobjs=/x",
            "-s -o=/x",
            "-X main.a=b /tmp/other.a",
            "-dumpdep",
        ] {
            assert!(
                matches!(check_linker(bad, true), Err(RefusedFlag::Unsafe { .. })),
                "{bad}"
            );
        }
        let external = "-linkmode external -extldflags '-static'";
        assert!(matches!(
            check_linker(external, false),
            Err(RefusedFlag::NeedsCgo { .. })
        ));
        assert_eq!(check_linker(external, true), Ok(()));
        assert!(matches!(
            check_linker("-X 'main.a", false),
            Err(RefusedFlag::Malformed { .. })
        ));
        for (value, is_good) in [
            ("all=-N -l", true),
            ("cmd/...=-dwarf=false", true),
            ("-trimpath=/build", true),
            ("-asmhdr=/etc/x", false),
            ("-d=ssa/check/dump", false),
            ("-cpuprofile /x", false),
            ("-m=2", true),
        ] {
            assert_eq!(
                check_compiler("-gcflags", value).is_ok(),
                is_good,
                "{value}"
            );
        }
    }
}
