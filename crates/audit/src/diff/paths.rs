//! Whether a path of the build host discloses something that the paths of the old program did not.

use std::collections::{BTreeMap, BTreeSet};

/// Where home directories are, and whether each user has one below it.
const HOMES: &[(&str, bool)] = &[
    ("/home/", true),
    ("/Users/", true),
    ("C:/Users/", true),
    ("/root/", false),
    ("/var/root/", false),
];

/// The home directory that a path is in, with a slash at the end; `None`: in no home directory.
fn home(path: &str) -> Option<String> {
    let folder = format!("{}/", path.trim_end_matches('/'));
    let (start, has_users) = HOMES.iter().find(|(start, _)| folder.starts_with(start))?;
    let user = folder.get(start.len()..)?.split_once('/').map(|(u, _)| u);
    match (has_users, user) {
        (true, Some("")) | (true, None) => None,
        (true, Some(user)) => Some(format!("{start}{user}/")),
        (false, _) => Some((*start).to_owned()),
    }
}

/// What the paths of a program disclose.
pub(super) fn disclosed(paths: &BTreeMap<String, String>) -> BTreeSet<String> {
    let homes = paths.keys().filter_map(|path| home(path));
    homes.chain(paths.values().cloned()).collect()
}

/// Whether a path of this kind is no news: the program had a path in the same home directory, or, for a path in no home directory, one of the same kind.
pub(super) fn is_known(path: &str, kind: &str, disclosed: &BTreeSet<String>) -> bool {
    match home(path) {
        Some(home) => disclosed.contains(&home),
        None => disclosed.contains(kind),
    }
}

#[cfg(test)]
mod tests {
    use crate::diff::diff;
    use crate::testing::binary;
    use gospect_record::{Binary, PathLeak};

    fn program(leaks: &[(&str, &str)]) -> Binary {
        let leak = |(prefix, kind): &(&str, &str)| PathLeak {
            prefix: (*prefix).into(),
            kind: (*kind).into(),
            ..PathLeak::default()
        };
        binary(|b| b.paths = Some(leaks.iter().map(leak).collect()))
    }

    #[test]
    fn a_path_that_tells_no_more_than_before_is_not_worse() {
        for (old, new, is_worse) in [
            (
                ("/data/go/1.26.6/go", "goroot"),
                ("/data/go/1.27.3/go", "goroot"),
                false,
            ),
            (("/tmp/build1", "temp"), ("/tmp/build2", "temp"), false),
            (("/builds/a", "ci"), ("/srv/b", "other"), true),
            (
                ("/home/ann/sdk/go1.26", "goroot"),
                ("/usr/local/go", "goroot"),
                false,
            ),
            // A further user.
            (
                ("/usr/local/go", "goroot"),
                ("/home/ann/sdk/go1.27", "goroot"),
                true,
            ),
            (("/home/ann/src", "home"), ("/home/anna/src", "home"), true),
            (
                ("/Users/ann/sdk/go1.27.1", "goroot"),
                ("/home/ann/src", "home"),
                true,
            ),
            // A known user.
            (
                ("/home/ann/go/pkg/mod", "module-cache"),
                ("/home/ann/.asdf/go", "goroot"),
                false,
            ),
            (("/home/ann/src", "home"), ("/home/ann", "home"), false),
            (
                ("C:/Users/ann/src/app", "home"),
                ("C:/Users/ann/go", "goroot"),
                false,
            ),
            (
                ("/root/app", "home"),
                ("/root/go/pkg/mod", "module-cache"),
                false,
            ),
        ] {
            let found = diff(&[program(&[old])], &[program(&[new])]);
            let added: Vec<_> = found.changes().filter(|c| c.old.is_none()).collect();
            assert_eq!(added.len(), 1, "{old:?} {new:?}");
            assert_eq!(added[0].worse, is_worse, "{old:?} {new:?}");
        }
        let first = diff(&[program(&[])], &[program(&[("/tmp/x", "temp")])]);
        assert!(first.changes().all(|change| change.worse));
    }
}
