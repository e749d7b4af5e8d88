//! Capabilities of standard output and the terminal.

use super::args::Color;
use super::captured;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the program was started with a standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// It was, or that is unknown.
    Open,
    /// It was closed (`>&-`): what is written to it is lost.
    Closed,
}

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Stores for [`stdout`] whether standard output is open.
pub fn remember(stdout: Stdout) {
    CLOSED.store(stdout == Stdout::Closed, Ordering::Relaxed);
}

/// Standard output, or its replacement in a captured run. If it was closed, every write fails, where the standard library would drop the bytes silently.
pub fn stdout() -> Box<dyn Write + Send> {
    if let Some(output) = captured::output() {
        output
    } else if CLOSED.load(Ordering::Relaxed) {
        Box::new(ClosedOutput)
    } else {
        Box::new(io::stdout())
    }
}

struct ClosedOutput;

impl Write for ClosedOutput {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("standard output is closed"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    !captured::is_on() && io::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub fn is_error_terminal() -> bool {
    !captured::is_on() && io::stderr().is_terminal()
}

/// Whether standard output is a pipe.
#[cfg(unix)]
pub fn is_pipe() -> bool {
    use rustix::fs::{FileType, fstat};
    captured::is_on()
        || fstat(io::stdout()).is_ok_and(|s| FileType::from_raw_mode(s.st_mode).is_fifo())
}

/// Whether standard output is a pipe; unknown on this system, so it may be.
#[cfg(not(unix))]
pub fn is_pipe() -> bool {
    !is_terminal()
}

/// Whether to write colours to an output that is a terminal or not. An argument overrides the environment, and there NO_COLOR
/// (no-color.org) overrides FORCE_COLOR and CLICOLOR_FORCE, which override CLICOLOR=0 (bixense.com/clicolors). FORCE_COLOR=0 means
/// none, as in Node.js (force-color.org leaves the value open); CLICOLOR_FORCE=0 means that nothing is forced.
pub fn colors(when: Color, is_terminal: bool) -> bool {
    colors_with(when, is_terminal, |name| std::env::var_os(name))
}

fn colors_with(
    when: Color,
    is_terminal: bool,
    variable: impl Fn(&str) -> Option<OsString>,
) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    let is_zero = |name| variable(name).is_some_and(|value| value == "0");
    let is_on = |name| is_set(name) && !is_zero(name);
    let is_off = is_zero("FORCE_COLOR") || is_zero("CLICOLOR");
    match when {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") => false,
        Color::Auto if is_on("FORCE_COLOR") || is_on("CLICOLOR_FORCE") => true,
        Color::Auto => is_terminal && !is_off && !is_dumb_with(&variable),
    }
}

/// The columns to use: those of the terminal, else those that COLUMNS names, else 80. A terminal without a window, as of `script`
/// or a build service, has size 0.
pub fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    columns_of(
        size.map(|(width, _)| width.0),
        std::env::var("COLUMNS").ok(),
    )
}

fn columns_of(terminal: Option<u16>, variable: Option<String>) -> usize {
    let terminal = terminal.filter(|width| *width > 0).map(usize::from);
    let named = || variable?.trim().parse().ok().filter(|width| *width > 0);
    terminal.or_else(named).unwrap_or(80)
}

/// Whether the terminal supports no escape sequences.
pub fn is_dumb() -> bool {
    is_dumb_with(|name| std::env::var_os(name))
}

fn is_dumb_with(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("TERM").is_some_and(|t| t == "dumb")
}

/// Whether the locale uses UTF-8. It applies to files and pipes too, so that a command always writes the same bytes.
pub fn utf8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|v: &String| !v.is_empty());
    match set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"))
    {
        Some(locale) => locale
            .to_ascii_lowercase()
            .replace('-', "")
            .contains("utf8"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an output that is a terminal or not has colours with these variables.
    fn has_colors(is_terminal: bool, set: &[(&str, &str)]) -> bool {
        colors_with(Color::Auto, is_terminal, |name| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn variables_switch_colours_on_and_off() {
        assert!(has_colors(true, &[]) && !has_colors(false, &[]));
        for off in [
            ("TERM", "dumb"),
            ("NO_COLOR", "1"),
            ("FORCE_COLOR", "0"),
            ("CLICOLOR", "0"),
        ] {
            assert!(!has_colors(true, &[off]), "{off:?}");
            assert!(!has_colors(false, &[off]), "{off:?}");
        }
        for on in [("FORCE_COLOR", "1"), ("CLICOLOR_FORCE", "1")] {
            assert!(has_colors(false, &[on]), "{on:?}");
            assert!(has_colors(false, &[on, ("CLICOLOR", "0")]), "{on:?}");
            assert!(!has_colors(false, &[on, ("NO_COLOR", "1")]), "{on:?}");
        }
        assert!(!has_colors(false, &[("CLICOLOR_FORCE", "0")]));
    }

    #[test]
    fn columns_counts_where_the_terminal_has_no_size() {
        let columns = |terminal, variable: &str| columns_of(terminal, Some(variable.to_owned()));
        assert_eq!(columns(Some(0), "200"), 200);
        assert_eq!(columns(None, "200"), 200);
        assert_eq!(columns(Some(120), "200"), 120);
        for odd in ["0", "wide", ""] {
            assert_eq!(columns(None, odd), 80, "{odd}");
        }
        assert_eq!(columns_of(None, None), 80);
    }
}
