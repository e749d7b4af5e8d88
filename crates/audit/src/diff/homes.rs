//! Whether a path of the build host names a home directory that another path already names.

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

/// Whether one of the known paths is in the same home directory: then the new path discloses no further user.
pub(super) fn is_known<'p>(path: &str, mut known: impl Iterator<Item = &'p String>) -> bool {
    home(path).is_some_and(|own| known.any(|other| home(other).as_ref() == Some(&own)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_same_user_are_known() {
        for (path, known, expected) in [
            ("/home/ann/.asdf/go", "/home/ann/go/pkg/mod", true),
            ("/home/ann", "/home/ann/src", true),
            ("/home/ann/src", "/home/anna/src", false),
            ("/Users/ann/sdk/go1.27.1", "/home/ann/src", false),
            ("C:/Users/ann/go", "C:/Users/ann/src/app", true),
            ("/root/go/pkg/mod", "/root/app", true),
            ("/builds/a", "/builds/b", false),
            ("/home", "/home", false),
        ] {
            let known = [known.to_owned()];
            assert_eq!(is_known(path, known.iter()), expected, "{path} {known:?}");
        }
    }
}
