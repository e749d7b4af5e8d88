//! The settings of the `go` command for proxies and checksum databases: from the environment, or from the file that `go env -w` writes
//! (cmd/go/internal/cfg, `Getenv`).

use super::ProxyError;
use crate::source::dir::read_file;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The default of GOSUMDB (go.env of the Go distribution). The `go` command has its key built in.
const DEFAULT_SUMDB: &str = "sum.golang.org";

/// The settings for proxies and checksum databases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// GOPROXY.
    pub goproxy: String,
    /// GOSUMDB.
    pub gosumdb: String,
    /// GONOSUMDB, or GOPRIVATE when it is not set: modules that are not looked up in the checksum database.
    pub gonosumdb: String,
    /// GONOPROXY, or GOPRIVATE when it is not set: modules that are not fetched from a proxy.
    pub gonoproxy: String,
    /// The netrc file; `None` if GOAUTH has another value than `netrc`.
    pub netrc: Option<PathBuf>,
}

/// Longest file of settings.
const FILE_MAX: u64 = 1 << 20;

impl Settings {
    /// The settings of the user. If GOPROXY is not set, the `go` command is asked for its default, if it is installed.
    ///
    /// # Errors
    /// When GOPROXY is not set and there is no `go` command.
    pub fn of_user() -> Result<Self, ProxyError> {
        Self::from(user_settings(), || default_of("GOPROXY"))
    }

    /// The settings of the user for work without a network, where GOPROXY does not matter.
    ///
    /// # Errors
    /// None at present.
    pub fn offline() -> Result<Self, ProxyError> {
        Self::from(user_settings(), || Some("off".to_owned()))
    }

    /// The settings that `get` returns; `default` gives GOPROXY if it is not set.
    ///
    /// # Errors
    /// When GOPROXY is not set and has no default.
    pub fn from(
        get: impl Fn(&str) -> Option<String>,
        default: impl FnOnce() -> Option<String>,
    ) -> Result<Self, ProxyError> {
        let private = get("GOPRIVATE").unwrap_or_default();
        let goproxy = get("GOPROXY").or_else(default).ok_or(ProxyError::NoProxy)?;
        let netrc = match get("GOAUTH").as_deref() {
            None | Some("netrc") => get("NETRC")
                .map(PathBuf::from)
                .or_else(|| home().map(|home| home.join(NETRC))),
            Some(_) => None,
        };
        Ok(Self {
            goproxy,
            gosumdb: get("GOSUMDB").unwrap_or_else(|| DEFAULT_SUMDB.to_owned()),
            gonosumdb: get("GONOSUMDB").unwrap_or_else(|| private.clone()),
            gonoproxy: get("GONOPROXY").unwrap_or(private),
            netrc,
        })
    }
}

/// Reads settings of the user: the environment, then the file of `go env -w`.
fn user_settings() -> impl Fn(&str) -> Option<String> {
    let file = settings_file().map(|path| read(&path)).unwrap_or_default();
    move |name| {
        let own = std::env::var(name).ok().filter(|v| !v.is_empty());
        own.or_else(|| value(&file, name))
    }
}

/// GOPATH: the first of its folders, else `go` in the home folder (go/build, `defaultGOPATH`).
fn gopath(get: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    match get("GOPATH") {
        Some(list) => std::env::split_paths(&list).next(),
        None => Some(home()?.join("go")),
    }
}

/// The folders in which the `go` command caches data of checksum databases: look-ups and tiles in GOMODCACHE, tree heads in GOPATH.
pub(super) fn sumdb_folders() -> Option<(PathBuf, PathBuf)> {
    let get = user_settings();
    let gopath = gopath(&get);
    let modules = match get("GOMODCACHE") {
        Some(path) => PathBuf::from(path),
        None => gopath.clone()?.join("pkg/mod"),
    };
    let heads = gopath.unwrap_or_else(|| modules.clone()).join("pkg/sumdb");
    Some((modules.join("cache/download/sumdb"), heads))
}

const NETRC: &str = if cfg!(windows) { "_netrc" } else { ".netrc" };

fn folder(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name).filter(|v| !v.is_empty())?;
    Some(PathBuf::from(value))
}

fn home() -> Option<PathBuf> {
    folder(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// The file of GOENV: `go/env` in the configuration folder of the user (os.UserConfigDir) unless it is named or `off`.
fn settings_file() -> Option<PathBuf> {
    match std::env::var("GOENV").ok().filter(|v| !v.is_empty()) {
        Some(path) if path == "off" => None,
        Some(path) => Some(PathBuf::from(path)),
        None => {
            let config = if cfg!(windows) {
                folder("APPDATA")?
            } else if cfg!(target_vendor = "apple") {
                home()?.join("Library/Application Support")
            } else {
                folder("XDG_CONFIG_HOME").or_else(|| Some(home()?.join(".config")))?
            };
            Some(config.join("go/env"))
        }
    }
}

/// The text of a file of settings. Like the `go` command, treats a file that cannot be read as empty.
fn read(path: &Path) -> String {
    let bytes = read_file(path, FILE_MAX).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// The first line that sets a name.
fn value(file: &str, name: &str) -> Option<String> {
    let mut lines = file.lines().filter_map(|line| line.split_once('='));
    let (_, value) = lines.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned()).filter(|v| !v.is_empty())
}

/// Asks the `go` command for a setting, in a folder where no go.mod can select another toolchain.
fn default_of(name: &str) -> Option<String> {
    let output = Command::new("go")
        .args(["env", name])
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, ProxyError> {
        let get = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Settings::from(get, || None)
    }

    #[test]
    fn private_modules_are_neither_fetched_nor_looked_up() {
        let found = settings(&[
            ("GOPROXY", "https://a.example"),
            ("GOPRIVATE", "corp.example"),
        ]);
        let found = found.unwrap();
        assert_eq!(found.gonosumdb, "corp.example");
        assert_eq!(found.gonoproxy, "corp.example");
        assert_eq!(found.gosumdb, "sum.golang.org");
        let own = settings(&[
            ("GOPROXY", "off"),
            ("GOPRIVATE", "corp.example"),
            ("GONOSUMDB", "other.example"),
            ("GONOPROXY", "none"),
            ("GOSUMDB", "off"),
            ("GOAUTH", "git /src"),
        ]);
        let own = own.unwrap();
        assert_eq!(own.gonosumdb, "other.example");
        assert_eq!(own.gonoproxy, "none");
        assert_eq!((own.gosumdb.as_str(), own.netrc), ("off", None));
        assert_eq!(settings(&[]), Err(ProxyError::NoProxy));
    }

    #[test]
    fn the_file_of_go_env_is_read() {
        let file = "# comment\nGOPROXY = https://a.example,direct \nGOSUMDB=off\r\nGOFLAGS=-mod=mod\nEMPTY=\n";
        assert_eq!(
            value(file, "GOPROXY").as_deref(),
            Some("https://a.example,direct")
        );
        assert_eq!(value(file, "GOSUMDB").as_deref(), Some("off"));
        assert_eq!(value(file, "GOFLAGS").as_deref(), Some("-mod=mod"));
        assert_eq!(value(file, "EMPTY"), None);
    }
}
