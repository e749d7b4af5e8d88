//! The user that a container starts as, by number: as its configuration says, or as `/etc/passwd` of its root does.
//!
//! Runtimes look it up as here (moby, user/user.go; containerd, oci/spec_opts.go).

use super::overlay::clean;
use crate::packages::{RootFiles, whole};

/// The file with the accounts.
pub const PATH: &[u8] = b"/etc/passwd";
/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Whether the entry of a layer with this name and size is the file with the accounts.
pub fn is_accounts(name: &[u8], size: u64) -> bool {
    let is_so_named = || clean(name).is_ok_and(|parts| parts == [&b"etc"[..], b"passwd"]);
    // Most names are rejected here.
    name.ends_with(b"/passwd") && size <= MAX_BYTES && is_so_named()
}

/// The accounts of a root; empty if it has none, or too many.
pub fn read(root: &dyn RootFiles) -> Vec<u8> {
    let file = root.open(PATH).ok().flatten();
    let accounts = file.and_then(|file| whole(&*file, MAX_BYTES).ok()?);
    accounts.unwrap_or_default()
}

/// The number of a user, without the group behind a colon: root without USER; `None` if the accounts do not have it.
pub fn user_id(user: &str, accounts: &[u8]) -> Option<u32> {
    let name = user.split(':').next().unwrap_or_default();
    if name.is_empty() {
        return Some(0);
    }
    // A number is never a name.
    if let Some(number) = number(name.as_bytes()) {
        return u32::try_from(number).ok();
    }
    let lines = accounts.split(|byte| *byte == b'\n');
    let mut accounts = lines.map(|line| line.trim_ascii().split(|byte| *byte == b':'));
    let mut account = accounts.find(|fields| fields.clone().next() == Some(name.as_bytes()))?;
    // What is missing or no number counts as 0.
    let id = account.nth(2).and_then(number).unwrap_or_default();
    u32::try_from(id).ok()
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_the_numbers_that_runtimes_give_them() {
        let accounts = b"root:x:0:0:root:/root:/bin/sh\n\n  app:x:1000:1000::/:\nadmin:x:0:0\nadmin:x:7:7\n1000:x:0:0\nodd:x:many:1\nshort:x\nbelow:x:-1:1\n";
        for (user, id) in [
            ("", Some(0)),
            (":app", Some(0)),
            ("root", Some(0)),
            ("admin", Some(0)),
            ("admin:1000", Some(0)),
            ("app:root", Some(1000)),
            ("odd", Some(0)),
            ("short", Some(0)),
            ("below", None),
            ("nobody", None),
            ("1000", Some(1000)),
            ("-0", Some(0)),
            ("+0:1", Some(0)),
            ("000", Some(0)),
            ("-1", None),
            ("99999999999", None),
        ] {
            assert_eq!(user_id(user, accounts), id, "{user}");
        }
        assert_eq!(user_id("root", b""), None);
    }

    #[test]
    fn only_the_file_in_etc_is_kept() {
        for name in ["etc/passwd", "./etc/passwd", "/etc/passwd", "etc//passwd"] {
            assert!(is_accounts(name.as_bytes(), 1000), "{name}");
        }
        for name in ["etc/passwd-", "usr/etc/passwd", "passwd", "betc/passwd"] {
            assert!(!is_accounts(name.as_bytes(), 1000), "{name}");
        }
        assert!(!is_accounts(b"etc/passwd", 1 << 30));
    }
}
