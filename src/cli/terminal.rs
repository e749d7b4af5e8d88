//! What standard output and the terminal can show.

use std::io;
#[cfg(not(unix))]
use std::io::IsTerminal;

/// Whether standard output is a pipe.
#[cfg(unix)]
pub fn is_pipe() -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(io::stdout()).is_ok_and(|s| FileType::from_raw_mode(s.st_mode).is_fifo())
}

/// Whether standard output is a pipe; here nobody says, and it may be one.
#[cfg(not(unix))]
pub fn is_pipe() -> bool {
    !io::stdout().is_terminal()
}

/// Whether the terminal knows no escape sequences.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|t| t == "dumb")
}

/// Whether the locale says that UTF-8 is understood. Files and pipes follow it too, so that the same command gives the same bytes.
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
