//! The port of a program: `os/arch`.

use super::Binary;

impl Binary {
    /// `linux/amd64`; an unknown half is `?`; `None` when both are unknown.
    pub fn port(&self) -> Option<String> {
        let executable = &self.executable;
        match (executable.os.as_deref(), executable.arch.as_deref()) {
            (None, None) => None,
            (os, arch) => Some(format!("{}/{}", os.unwrap_or("?"), arch.unwrap_or("?"))),
        }
    }

    /// [`Binary::port`] as a text in any case: `?/?` when nothing is known.
    pub fn port_text(&self) -> String {
        self.port().unwrap_or_else(|| "?/?".to_owned())
    }
}
