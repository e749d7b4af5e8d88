//! What the path of a build host tells: whose directory it is, and how much of it is the same for all files.

use gospect_record::PathKind;

/// Directories of build services, and how many more path elements their prefix has.
const CI: &[(&str, usize)] = &[
    ("/home/runner/work/", 1),
    ("/__w/", 1),
    ("/github/workspace", 0),
    ("/builds/", 2),
    ("/drone/src", 0),
    ("/woodpecker/src", 1),
    ("/var/lib/jenkins/workspace/", 1),
    ("/home/jenkins/", 2),
    ("/opt/atlassian/pipelines/agent/build", 0),
    ("/home/circleci/", 1),
    ("/home/vsts/work/", 2),
    ("/Users/runner/work/", 1),
    ("/home/travis/", 2),
    ("/home/buildkite/", 1),
    ("/var/lib/buildkite-agent/builds/", 2),
    ("/home/prow/", 1),
    ("/codebuild/", 1),
    ("/workspace/", 0),
    ("/buildkitd/", 0),
    ("/opt/hostedtoolcache/", 1),
    ("/__t/", 1),
    ("D:/a/", 1),
    ("/builddir/build/", 0),
    ("/build/", 1),
    ("/home/abuild/", 0),
    ("/private/tmp/homebrew", 0),
];

/// Temporary directories, and how many more path elements make a useful prefix.
const TEMP: &[(&str, usize)] = &[
    ("/private/var/folders/", 0),
    ("/var/folders/", 0),
    ("/private/tmp/", 0),
    ("/var/tmp/", 0),
    ("/tmp/", 0),
    ("/dev/shm/", 0),
    ("C:/Windows/Temp/", 0),
    ("C:/Temp/", 0),
];

/// A path up to its last slash, and the rest.
pub(super) fn split_name(path: &str) -> (&str, &str) {
    path.split_at(memchr::memrchr2(b'/', b'\\', path.as_bytes()).map_or(0, |at| at + 1))
}

/// The `MODULE@VERSION` in the path of a directory, with what is before them. There may be several: names of users and folders have such signs too.
pub fn module_versions(directory: &str) -> impl Iterator<Item = &str> {
    let signs = memchr::memchr_iter(b'@', directory.as_bytes());
    signs.filter_map(|sign| {
        let rest = directory.get(sign + 1..)?;
        let length = rest.find('/')?;
        let is_version = matches!(rest.as_bytes(), [b'v', b'0'..=b'9', ..]);
        directory.get(..sign + 1 + length).filter(|_| is_version)
    })
}

/// Whether all files of a directory, given with its slash, are in one group: no pattern of [`classify`] depends on their names.
pub(super) fn is_settled(directory: &str) -> bool {
    let goes_on = |pattern: &str| pattern.len() > directory.len() && pattern.starts_with(directory);
    directory.len() > "C:/Users/".len()
        && !directory.contains('\\')
        && !CI.iter().chain(TEMP).any(|row| goes_on(row.0))
}

/// Prefix and kind of an absolute path.
pub(super) fn classify(path: &str) -> (String, PathKind) {
    let folded = path.replace('\\', "/");
    if let Some(at) = folded.find("/pkg/mod/") {
        return (
            folded[..at + "/pkg/mod".len()].to_owned(),
            PathKind::ModuleCache,
        );
    }
    if let Some((prefix, more)) = CI.iter().find(|c| folded.starts_with(c.0)) {
        return (with_elements(&folded, prefix.len(), *more), PathKind::Ci);
    }
    if let Some((prefix, more)) = TEMP.iter().find(|c| folded.starts_with(c.0)) {
        return (with_elements(&folded, prefix.len(), *more), PathKind::Temp);
    }
    if let Some(at) = folded.find("/AppData/Local/Temp/") {
        return (
            folded[..at + "/AppData/Local/Temp".len()].to_owned(),
            PathKind::Temp,
        );
    }
    if let Some(home) = home(&folded) {
        return (home, PathKind::Home);
    }
    for (part, kind) in [
        ("/go/src/", PathKind::Workspace),
        ("/src/", PathKind::Workspace),
        ("/execroot/", PathKind::Workspace),
    ] {
        if let Some(at) = folded.find(part) {
            return (folded[..at + part.len() - 1].to_owned(), kind);
        }
    }
    (with_elements(&folded, 1, 1), PathKind::Other)
}

/// The home directory that contains a path.
pub fn home(path: &str) -> Option<String> {
    for (prefix, more) in [
        ("/home/", 1),
        ("/Users/", 1),
        ("/root/", 0),
        ("/var/root/", 0),
    ] {
        if path.starts_with(prefix) {
            return Some(with_elements(path, prefix.len(), more));
        }
    }
    let rest = path.get(1..)?.strip_prefix(":/Users/")?;
    let end = rest
        .find('/')
        .map_or(path.len(), |i| path.len() - rest.len() + i);
    Some(path[..end].to_owned())
}

/// The first `start` bytes of a path and `more` further elements, without a slash at the end.
fn with_elements(path: &str, start: usize, more: usize) -> String {
    let mut end = start;
    for _ in 0..more {
        let Some(next) = path.get(end..).and_then(|rest| rest.find('/')) else {
            // The last element is a file, so the prefix ends with its directory.
            break;
        };
        end += next + 1;
    }
    let prefix = path.get(..end).unwrap_or(path).trim_end_matches('/');
    if prefix.is_empty() {
        "/".to_owned()
    } else {
        prefix.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_grouped_by_kind() {
        for (path, prefix, kind) in [
            (
                "/home/alice/go/pkg/mod/github.com/a/b@v1/c.go",
                "/home/alice/go/pkg/mod",
                PathKind::ModuleCache,
            ),
            ("/home/alice/src/app/main.go", "/home/alice", PathKind::Home),
            (
                "/home/runner/work/app/app/main.go",
                "/home/runner/work/app",
                PathKind::Ci,
            ),
            ("/root/app/main.go", "/root", PathKind::Home),
            ("C:/Users/bob/app/main.go", "C:/Users/bob", PathKind::Home),
            (
                "C:\\Users\\bob\\app\\main.go",
                "C:/Users/bob",
                PathKind::Home,
            ),
            ("/tmp/x/main.go", "/tmp", PathKind::Temp),
            (
                "/builds/group/app/main.go",
                "/builds/group/app",
                PathKind::Ci,
            ),
            ("/srv/app/main.go", "/srv", PathKind::Other),
            ("/go/src/app/main.go", "/go/src", PathKind::Workspace),
            ("/x.go", "/", PathKind::Other),
        ] {
            assert_eq!(classify(path), (prefix.to_owned(), kind), "{path}");
        }
    }
}
