//! Credentials for a proxy: from its address, or from the user's netrc file (cmd/go/internal/auth).

use crate::source::dir::read_file;
use crate::source::http::basic_proof;
use std::path::Path;

/// Longest netrc file.
const FILE_MAX: u64 = 1 << 20;

/// The value of `Authorization` for a host, from a netrc file.
pub(super) fn from_netrc(path: &Path, host: &str) -> Option<String> {
    let text = String::from_utf8(read_file(path, FILE_MAX).ok()?).ok()?;
    let (user, password) = find(&text, host)?;
    Some(basic_proof(&user, &password))
}

/// Login and password for a host. Like the `go` command, it ignores macros and everything after `default`.
fn find(text: &str, host: &str) -> Option<(String, String)> {
    let (mut machine, mut login, mut password) = (String::new(), None, None);
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.is_empty();
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut at = 0;
        while let Some(key) = words.get(at) {
            let next = words.get(at + 1).map(|w| (*w).to_owned());
            match *key {
                "machine" => {
                    (machine, login, password) = (next.unwrap_or_default(), None, None);
                }
                "default" => return None,
                "login" => login = next,
                "password" => password = next,
                "macdef" => in_macro = true,
                _ => {}
            }
            at += 2;
        }
        if machine == host
            && let (Some(login), Some(password)) = (&login, &password)
        {
            return Some((login.clone(), password.clone()));
        }
    }
    None
}

/// The value of `Authorization` for the user part of an address, such as `user:pass%40word`.
pub(super) fn from_address(part: &str) -> String {
    let (user, password) = part.split_once(':').unwrap_or((part, ""));
    basic_proof(&decode(user), &decode(password))
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = match byte {
            b'%' => text.get(at + 1..at + 3),
            _ => None,
        };
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_netrc_file_is_read_as_the_go_command_reads_it() {
        let text = "machine a.example login me password secret\nmacdef init\nmachine b.example login x password y\n\nmachine\tc.example\n  login you\n  password other\ndefault login z password z\nmachine d.example login d password d\n";
        let pair = |host| find(text, host);
        let both = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(pair("a.example"), both("me", "secret"));
        assert_eq!(pair("b.example"), None);
        assert_eq!(pair("c.example"), both("you", "other"));
        assert_eq!(pair("d.example"), None);
    }

    #[test]
    fn addresses_hold_percent_signs() {
        assert_eq!(from_address("a%40b:c%3Ad%"), basic_proof("a@b", "c:d%"));
        assert_eq!(from_address("token"), basic_proof("token", ""));
    }
}
