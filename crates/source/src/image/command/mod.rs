//! Finds the file of the visible root that ENTRYPOINT and CMD start.

mod windows;
mod wrapper;

use super::manifest::RunConfig;
use super::overlay::{Resolved, Tree};
use gospect_record::Started;
use wrapper::wrapped_command;

/// Where a runtime searches when the image sets no PATH (moby, daemon default; containerd, oci/spec_opts.go).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Most wrappers inside wrappers.
const DEPTH: usize = 8;

/// Finds the file that a container with this configuration starts. `None` when nothing is configured, and on Windows also when the
/// file is not in the layers: files of the system itself usually are not.
///
/// Wrappers such as `tini --` and simple shell commands such as `/bin/sh -c "exec app"` are resolved when both they and the
/// program they start are in the root; scripts are not read.
pub fn started(tree: &Tree, run: &RunConfig, windows: bool) -> Option<Started> {
    if windows {
        return windows::started(tree, run);
    }
    let words: Vec<String> = run.entrypoint.iter().chain(&run.cmd).cloned().collect();
    let first = words.first()?.clone();
    let (command, found) = match lookup(tree, run, &first) {
        None => (first, None),
        found => follow((first, found), words, wrapped_command, |w| {
            lookup(tree, run, w)
        }),
    };
    Some(Started {
        command,
        path: found.as_ref().map(path_of),
        executable: found.map(|f| f.mode & 0o111 != 0),
    })
}

/// Resolves wrappers: from the program that `words` start to the last one that exists.
fn follow(
    mut last: (String, Option<Resolved>),
    mut words: Vec<String>,
    wrapped: fn(&[String]) -> Option<Vec<String>>,
    lookup: impl Fn(&str) -> Option<Resolved>,
) -> (String, Option<Resolved>) {
    for _ in 0..DEPTH {
        let Some(inner) = wrapped(&words) else {
            break;
        };
        let Some(first) = inner.first() else { break };
        let Some(found) = lookup(first) else { break };
        last = (first.clone(), Some(found));
        words = inner;
    }
    last
}

fn path_of(file: &Resolved) -> String {
    String::from_utf8_lossy(&file.path).into_owned()
}

/// Searches like `execvp`: a name with a slash relative to the working directory, any other in PATH.
fn lookup(tree: &Tree, run: &RunConfig, command: &str) -> Option<Resolved> {
    let dir = run
        .working_dir
        .as_deref()
        .filter(|d| !d.is_empty())
        .unwrap_or("/");
    let file = |dir: &str, name: &str| {
        let path = if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{dir}/{name}")
        };
        tree.resolve(path.as_bytes()).filter(|r| !r.dir)
    };
    if command.is_empty() {
        return None;
    }
    if command.contains('/') {
        return file(dir, command);
    }
    let path = run
        .env
        .iter()
        .rev()
        .find_map(|e| e.strip_prefix("PATH="))
        .unwrap_or(DEFAULT_PATH);
    let places = || {
        path.split(':').map(|p| {
            if p.starts_with('/') {
                p.to_owned()
            } else {
                format!("{dir}/{p}")
            }
        })
    };
    let runnable = |r: &Resolved| r.mode & 0o111 != 0;
    // Without an executable file, the first one of that name is reported as started, with its missing mode bit.
    places()
        .find_map(|p| file(&p, command).filter(runnable))
        .or_else(|| places().find_map(|p| file(&p, command)))
}

#[cfg(test)]
mod tests {
    use super::super::names::{Name, NameKind, Names};
    use super::*;

    pub(super) fn root(files: &[(&str, u32)]) -> Tree {
        let mut names = Names::default();
        for (path, mode) in files {
            names.push(&Name {
                path: path.as_bytes(),
                kind: NameKind::File {
                    found: None,
                    empty: false,
                },
                mode: *mode,
            });
        }
        names.push(&Name {
            path: b"usr/bin/link",
            kind: NameKind::Symlink(b"/opt/app"),
            mode: 0o777,
        });
        let mut tree = Tree::default();
        tree.apply(0, &names, |m| panic!("{m:?}"));
        tree
    }

    fn run(words: &[&str]) -> RunConfig {
        RunConfig {
            entrypoint: words.iter().map(|w| (*w).to_owned()).collect(),
            ..RunConfig::default()
        }
    }

    #[test]
    fn finds_what_is_started() {
        let tree = root(&[
            ("bin/sh", 0o755),
            ("opt/app", 0o755),
            ("usr/local/bin/noexec", 0o644),
            ("usr/bin/noexec", 0o755),
            ("usr/bin/plain", 0o644),
            ("sbin/tini", 0o755),
            ("usr/bin/env", 0o755),
            ("usr/bin/gosu", 0o755),
            ("usr/bin/dumb-init", 0o755),
        ]);
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["/opt/app", "serve"], Some("/opt/app")),
            (&["link"], Some("/opt/app")),
            (&["noexec"], Some("/usr/bin/noexec")),
            (&["plain"], Some("/usr/bin/plain")),
            (&["missing"], None),
            (&["/opt"], None),
            (
                &["/bin/sh", "-c", "exec /opt/app --port 80"],
                Some("/opt/app"),
            ),
            (&["/bin/sh", "-c", "A=1 link -x"], Some("/opt/app")),
            (&["/bin/sh", "-c", "cd /opt && ./app"], Some("/bin/sh")),
            (&["/bin/sh", "/start.sh"], Some("/bin/sh")),
            (&["tini", "-g", "--", "link"], Some("/opt/app")),
            (
                &["tini", "--", "gosu", "nobody", "/opt/app"],
                Some("/opt/app"),
            ),
            (&["/usr/bin/env", "-i", "A=1", "/opt/app"], Some("/opt/app")),
            (&["catatonit", "/opt/app"], None),
            (
                &["dumb-init", "--rewrite", "15:3", "--", "/opt/app"],
                Some("/opt/app"),
            ),
            (&["tini", "-e", "143", "-g", "--", "link"], Some("/opt/app")),
            (&["env", "-u", "HOME", "link"], Some("/opt/app")),
            (&["env", "-S", "A=1 link -x", "-y"], Some("/opt/app")),
            (
                &["/bin/sh", "-ec", "exec /opt/app --port \"$PORT\""],
                Some("/opt/app"),
            ),
            (&["sh", "-e", "-c", "/opt/app"], Some("/opt/app")),
            (&["/bin/sh", "-c", "$APP --x"], Some("/bin/sh")),
            (&["/bin/sh", "-c", "A=\"x link\" /opt/app"], Some("/bin/sh")),
            (&["/bin/sh", "-c", "/opt/app; sleep 1"], Some("/bin/sh")),
            (&["/bin/sh"], Some("/bin/sh")),
        ];
        for (words, path) in cases {
            let got = started(&tree, &run(words), false).unwrap();
            assert_eq!(got.path.as_deref(), *path, "{words:?}");
        }
        assert_eq!(started(&tree, &run(&[]), false), None);
        let plain = started(&tree, &run(&["plain"]), false).unwrap();
        assert_eq!(plain.executable, Some(false));
    }

    #[test]
    fn relative_commands_start_in_the_working_directory_and_path_is_the_images() {
        let tree = root(&[("opt/app", 0o755)]);
        let mut config = run(&["./app"]);
        assert_eq!(started(&tree, &config, false).unwrap().path, None);
        config.working_dir = Some("/opt".into());
        assert_eq!(
            started(&tree, &config, false).unwrap().path.as_deref(),
            Some("/opt/app")
        );
        let mut config = run(&["app"]);
        config.env = vec!["PATH=/bin:/opt".into()];
        assert_eq!(
            started(&tree, &config, false).unwrap().path.as_deref(),
            Some("/opt/app")
        );
    }
}
