//! Flags of `gospect version`, parsed like those of `go version`.

use std::ffi::OsString;

/// The flags that are set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) modules: bool,
    pub(super) verbose: bool,
    pub(super) json: bool,
}

impl Flags {
    fn by_name(&mut self, name: &str) -> Option<&mut bool> {
        match name {
            "m" => Some(&mut self.modules),
            "v" => Some(&mut self.verbose),
            "json" => Some(&mut self.json),
            _ => None,
        }
    }

    /// The flags in `GOFLAGS` of the environment; flags of other commands are ignored.
    pub(super) fn from_environment() -> Self {
        let mut flags = Self::default();
        let words = std::env::var("GOFLAGS").unwrap_or_default();
        for word in words.split_whitespace() {
            let body = word.strip_prefix("--").or(word.strip_prefix('-'));
            let (name, value) = split_value(body.unwrap_or_default());
            if let (Some(flag), Some(on)) = (flags.by_name(name), boolean(value)) {
                *flag = on;
            }
        }
        flags
    }
}

/// Splits `name=value`.
pub(super) fn split_value(body: &str) -> (&str, Option<&str>) {
    body.split_once('=')
        .map_or((body, None), |(name, value)| (name, Some(value)))
}

/// Go's `strconv.ParseBool`; a boolean flag without a value is on.
pub(super) fn boolean(value: Option<&str>) -> Option<bool> {
    match value {
        None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Some(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Some(false),
        Some(_) => None,
    }
}

/// A message for standard error and the exit status.
pub(super) type Refused = (String, u8);

pub(super) const USAGE: &str =
    "usage: go version [-m] [-v] [-json] [file ...]\nRun 'go help version' for details.\n";

pub(super) fn usage(message: &str) -> Refused {
    (format!("{message}\n{USAGE}"), 2)
}

/// Parses flags like Go's flag package: one or two dashes, `=true` or `=false` after boolean ones, up to the first argument or
/// `--`.
pub(super) fn parse<'a>(
    args: &'a [OsString],
    flags: &mut Flags,
) -> Result<&'a [OsString], Refused> {
    let mut rest = args;
    while let Some((first, tail)) = rest.split_first() {
        let Some(text) = first.to_str().filter(|t| t.len() > 1 && t.starts_with('-')) else {
            break;
        };
        if text == "--" {
            return Ok(tail);
        }
        let body = text
            .strip_prefix("--")
            .or(text.strip_prefix('-'))
            .unwrap_or(text);
        if body.is_empty() || body.starts_with(['-', '=']) {
            return Err(usage(&format!("bad flag syntax: {text}")));
        }
        let (name, value) = split_value(body);
        if name == "C" {
            let next = tail.first().map(|d| d.to_string_lossy().into_owned());
            let dir = value.map(str::to_owned).or(next);
            return Err(usage(&dir.map_or_else(
                || "flag needs an argument: -C".to_owned(),
                |dir| format!("invalid value {dir:?} for flag -C: -C flag must be first flag on command line"),
            )));
        }
        if matches!(name, "h" | "help") {
            return Err((USAGE.to_owned(), 2));
        }
        let flag = flags
            .by_name(name)
            .ok_or_else(|| usage(&format!("flag provided but not defined: -{name}")))?;
        *flag = boolean(value).ok_or_else(|| {
            let value = value.unwrap_or_default();
            usage(&format!(
                "invalid boolean value {value:?} for -{name}: parse error"
            ))
        })?;
        rest = tail;
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_both_styles() {
        let parsed = |args: &[&str]| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            let mut flags = Flags::default();
            parse(&args, &mut flags)
                .map(|rest| (flags.modules, flags.verbose, flags.json, rest.len()))
                .map_err(|e| e.0.lines().next().unwrap_or("").to_owned())
        };
        assert_eq!(
            parsed(&["-m", "--v", "-json=true", "f", "-m"]),
            Ok((true, true, true, 2))
        );
        assert_eq!(
            parsed(&["-m=false", "--", "-v"]),
            Ok((false, false, false, 1))
        );
        assert_eq!(
            parsed(&["-q", "f"]),
            Err("flag provided but not defined: -q".into())
        );
        assert_eq!(
            parsed(&["-m=x"]),
            Err("invalid boolean value \"x\" for -m: parse error".into())
        );
    }
}
