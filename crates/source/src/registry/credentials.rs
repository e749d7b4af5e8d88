//! Credentials stored by `docker login`: `config.json` and credential helpers.
//!
//! Sources: Docker CLI reference, "docker login" (Credential stores, Credential helpers), docker-credential-helpers (the `get`
//! protocol: server name on stdin, JSON on stdout).

use gospect_bytes::base64;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Largest configuration or answer of a helper, in bytes.
const SIZE_LIMIT: u64 = 1 << 20;
/// Longest time for a helper, which may ask a keyring.
const HELPER_TIMEOUT: Duration = Duration::from_secs(120);
/// The name under which `docker login` stores Docker Hub's credentials.
const HUB: &str = "https://index.docker.io/v1/";

/// Credentials. There is no `Debug`, so that they cannot be printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// User name and password.
    Basic { user: String, password: String },
    /// A refresh token for the token service.
    Identity(String),
}

/// Why credentials cannot be read. The messages contain no secrets.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The configuration cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The configuration is not valid JSON. The parser's message would quote the text, so only the line is kept.
    #[error("{} is not valid, line {line}", path.display())]
    NotValid { path: PathBuf, line: usize },
    /// The name of a helper is not allowed: it could run any program.
    #[error("the name of the credential helper is not the name of a program")]
    HelperName,
    #[error("the credential helper docker-credential-{name} cannot be run: {source}")]
    HelperNotRun { name: String, source: io::Error },
    #[error("the credential helper docker-credential-{name} did not answer in {} seconds", HELPER_TIMEOUT.as_secs())]
    HelperSilent { name: String },
    #[error("the credential helper docker-credential-{name} gave an answer that cannot be read")]
    HelperAnswer { name: String },
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, AuthEntry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthEntry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

/// `$DOCKER_CONFIG`, or `.docker` in the home directory.
pub fn default_directory() -> Option<PathBuf> {
    let set = |key: &str| std::env::var_os(key).filter(|v| !v.is_empty());
    set("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&set("HOME").or_else(|| set("USERPROFILE"))?).join(".docker")))
}

/// The credential for a host.
///
/// # Errors
/// When the file or a helper cannot be used. A missing file, or none for this host, is not an error.
pub fn find(directory: &Path, host: &str) -> Result<Option<Credential>, CredentialError> {
    let path = directory.join("config.json");
    let mut text = String::new();
    let file = match std::fs::metadata(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        // Opening a named pipe waits for somebody who writes to it.
        Ok(meta) if !meta.is_file() => Err(io::Error::other("not a regular file")),
        Ok(_) => std::fs::File::open(&path),
        Err(e) => Err(e),
    };
    if let Err(source) = file.and_then(|file| file.take(SIZE_LIMIT).read_to_string(&mut text)) {
        return Err(CredentialError::Read { path, source });
    }
    let file: File = serde_json::from_str(&text).map_err(|e| CredentialError::NotValid {
        path,
        line: e.line(),
    })?;
    let is_hub = is_hub(host);
    let server = if is_hub { HUB } else { host };
    let helper = file
        .cred_helpers
        .iter()
        .find(|(key, _)| matches_host(key, host, is_hub))
        .map(|(_, name)| name);
    if let Some(name) = helper
        .or(file.creds_store.as_ref())
        .filter(|n| !n.is_empty())
        && let Some(credential) = ask_helper(name, server)?
    {
        return Ok(Some(credential));
    }
    let entry = file
        .auths
        .iter()
        .find(|(key, _)| matches_host(key, host, is_hub))
        .map(|(_, entry)| entry);
    Ok(entry.and_then(AuthEntry::credential))
}

/// Whether a key means the host. Keys may have a scheme and a path.
fn matches_host(key: &str, host: &str, is_host_hub: bool) -> bool {
    let bare = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let bare = bare.split('/').next().unwrap_or(bare);
    bare == host || (is_host_hub && is_hub(bare))
}

/// Whether a host is Docker Hub.
fn is_hub(host: &str) -> bool {
    matches!(
        host,
        "docker.io" | "index.docker.io" | "registry-1.docker.io"
    )
}

impl AuthEntry {
    fn credential(&self) -> Option<Credential> {
        let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        if let Some(token) = given(&self.identitytoken) {
            return Some(Credential::Identity(token));
        }
        if let Some(auth) = given(&self.auth) {
            let text = String::from_utf8(base64::decode(auth.as_bytes())?).ok()?;
            let (user, password) = text.split_once(':')?;
            // Docker pads the password with zero bytes.
            let password = password.trim_end_matches('\0');
            return Some(Credential::Basic {
                user: user.to_owned(),
                password: password.to_owned(),
            });
        }
        Some(Credential::Basic {
            user: given(&self.username)?,
            password: given(&self.password)?,
        })
    }
}

/// Runs `docker-credential-NAME`.
fn ask_helper(name: &str, server: &str) -> Result<Option<Credential>, CredentialError> {
    if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    {
        return Err(CredentialError::HelperName);
    }
    ask_program(
        Path::new(&format!("docker-credential-{name}")),
        name,
        server,
    )
}

pub(super) fn ask_program(
    program: &Path,
    name: &str,
    server: &str,
) -> Result<Option<Credential>, CredentialError> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| CredentialError::HelperNotRun {
            name: name.to_owned(),
            source,
        })?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(server.as_bytes());
    }
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stdout.map(|s| s.take(SIZE_LIMIT).read_to_end(&mut text));
        text
    });
    let Some(has_succeeded) = wait(&mut child) else {
        return Err(CredentialError::HelperSilent {
            name: name.to_owned(),
        });
    };
    let text = reader.join().unwrap_or_default();
    // Helpers report "not found" as a failure.
    if !has_succeeded {
        return Ok(None);
    }
    let answer: HelperAnswer =
        serde_json::from_slice(&text).map_err(|_| CredentialError::HelperAnswer {
            name: name.to_owned(),
        })?;
    Ok(Some(match answer.username.as_str() {
        "<token>" => Credential::Identity(answer.secret),
        _ => Credential::Basic {
            user: answer.username,
            password: answer.secret,
        },
    }))
}

/// Whether the helper succeeded; `None` if it had to be killed.
fn wait(child: &mut Child) -> Option<bool> {
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if begin.elapsed() < HELPER_TIMEOUT => {
                std::thread::sleep(Duration::from_millis(5))
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), text).unwrap();
        dir
    }

    fn basic(user: &str, password: &str) -> Option<Credential> {
        Some(Credential::Basic {
            user: user.into(),
            password: password.into(),
        })
    }

    #[test]
    fn entries_are_found_under_every_spelling_of_the_host() {
        let dir = config(
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpwOnE="},"localhost:5000":{"username":"a","password":"b"},
                "r.example":{"auth":"","identitytoken":"t"}}}"#,
        );
        let find = |host: &str| super::find(dir.path(), host).unwrap();
        assert!(find("docker.io") == basic("u", "p:q"));
        assert!(find("localhost:5000") == basic("a", "b"));
        assert!(find("r.example") == Some(Credential::Identity("t".into())));
        assert!(find("other.example").is_none());
        assert!(
            super::find(Path::new("/nonexistent"), "x.y")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_not_waited_for() {
        let names_file = |dir: &Path| {
            let error = find(dir, "h.x").err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|e| e.contains("config.json")),
                "{error:?}"
            );
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        std::fs::create_dir(&path).unwrap();
        names_file(dir.path());
        #[cfg(target_os = "linux")]
        {
            std::fs::remove_dir(&path).unwrap();
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0)
                .unwrap();
            names_file(dir.path());
        }
    }

    #[test]
    fn a_broken_file_is_named_without_its_content() {
        let dir = config(r#"{"auths":{"h.x":{"auth": c2VjcmV0"#);
        let Err(error) = find(dir.path(), "h.x") else {
            panic!("accepted")
        };
        let text = error.to_string();
        assert!(
            text.contains("config.json") && !text.contains("c2Vj"),
            "{text}"
        );
    }
}
