//! Finds the file of the visible root that ENTRYPOINT and CMD start.

mod environment;
mod windows;
mod wrapper;

pub use environment::EnvironmentChange;

use super::manifest::RunConfig;
use super::overlay::{Resolved, Tree};
use gospect_record::Started;
use wrapper::{Wrapped, wrapped_command};

/// Where a runtime searches when the image sets no PATH (moby, daemon default; containerd, oci/spec_opts.go).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Most wrappers inside wrappers.
const DEPTH: usize = 8;

/// What a container starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The file.
    pub started: Started,
    /// What wrappers such as `env` change in the environment of the image, in their order.
    pub changes: Vec<EnvironmentChange>,
}

/// Finds the file that a container with this configuration starts. `None` when nothing is configured, and on Windows also when the
/// file is not in the layers: files of the system itself usually are not.
///
/// Wrappers such as `tini --` and simple shell commands such as `/bin/sh -c "exec app"` are resolved when both they and the
/// program they start are in the root; scripts are not read.
pub fn started(tree: &Tree, run: &RunConfig, windows: bool) -> Option<Start> {
    if windows {
        let started = windows::started(tree, run)?;
        return Some(Start {
            started,
            changes: Vec::new(),
        });
    }
    let words: Vec<String> = run.entrypoint.iter().chain(&run.cmd).cloned().collect();
    let first = words.first()?.clone();
    let followed = match lookup(tree, run, &first) {
        None => Followed::of(first, None),
        found => follow(
            Followed::of(first, found),
            words,
            run,
            wrapped_command,
            |run, word| lookup(tree, run, word),
        ),
    };
    Some(Start {
        started: Started {
            command: followed.command,
            path: followed.file.as_ref().map(path_of),
            executable: followed.file.map(|file| file.mode & 0o111 != 0),
        },
        changes: followed.changes,
    })
}

/// What was found by following wrappers.
struct Followed {
    command: String,
    file: Option<Resolved>,
    changes: Vec<EnvironmentChange>,
}

impl Followed {
    fn of(command: String, file: Option<Resolved>) -> Self {
        Self {
            command,
            file,
            changes: Vec::new(),
        }
    }
}

/// Resolves wrappers: from the program that `words` start to the last one that exists.
fn follow(
    mut last: Followed,
    mut words: Vec<String>,
    run: &RunConfig,
    wrapped: fn(&[String]) -> Option<Wrapped>,
    lookup: impl Fn(&RunConfig, &str) -> Option<Resolved>,
) -> Followed {
    let mut run = run.clone();
    for _ in 0..DEPTH {
        let Some(inner) = wrapped(&words) else {
            break;
        };
        inner
            .changes
            .iter()
            .for_each(|change| change.apply_to_pairs(&mut run.env));
        if inner.directory.is_some() {
            run.working_dir = inner.directory;
        }
        let Some(first) = inner.words.first() else {
            break;
        };
        let Some(found) = lookup(&run, first) else {
            break;
        };
        last.command.clone_from(first);
        last.file = Some(found);
        last.changes.extend(inner.changes);
        words = inner.words;
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
            let got = started(&tree, &run(words), false).unwrap().started;
            assert_eq!(got.path.as_deref(), *path, "{words:?}");
        }
        assert_eq!(started(&tree, &run(&[]), false), None);
        let plain = started(&tree, &run(&["plain"]), false).unwrap().started;
        assert_eq!(plain.executable, Some(false));
    }

    #[test]
    fn relative_commands_start_in_the_working_directory_and_path_is_the_images() {
        let tree = root(&[("opt/app", 0o755)]);
        let mut config = run(&["./app"]);
        let path = |config: &RunConfig| started(&tree, config, false).unwrap().started.path;
        assert_eq!(path(&config), None);
        config.working_dir = Some("/opt".into());
        assert_eq!(path(&config).as_deref(), Some("/opt/app"));
        let mut config = run(&["app"]);
        config.env = vec!["PATH=/bin:/opt".into()];
        assert_eq!(path(&config).as_deref(), Some("/opt/app"));
    }

    #[test]
    fn what_wrappers_change_in_the_environment_is_kept() {
        let files = [
            "bin/sh",
            "opt/app",
            "sbin/tini",
            "usr/bin/env",
            "usr/bin/nice",
        ];
        let tree = root(&files.map(|file| (file, 0o755)));
        /// The words of ENTRYPOINT, and the variables that the program gets.
        type Case<'c> = (&'c [&'c str], &'c [(&'c str, &'c str)]);
        let cases: &[Case<'_>] = &[
            (
                &["/opt/app", "A=2"],
                &[("A", "1"), ("PATH", "/bin:/usr/bin")],
            ),
            (
                &["env", "A=2", "/opt/app", "A=3"],
                &[("A", "2"), ("PATH", "/bin:/usr/bin")],
            ),
            (
                &["env", "-u", "A", "/opt/app"],
                &[("PATH", "/bin:/usr/bin")],
            ),
            (&["env", "-uA", "/opt/app"], &[("PATH", "/bin:/usr/bin")]),
            (
                &["env", "--unset=A", "B=", "/opt/app"],
                &[("PATH", "/bin:/usr/bin"), ("B", "")],
            ),
            (&["env", "-i", "/opt/app"], &[]),
            (&["env", "-", "B=1", "/opt/app"], &[("B", "1")]),
            (&["env", "-vi", "--", "B=1", "/opt/app"], &[("B", "1")]),
            (&["env", "-S", "-i B=1", "/opt/app"], &[("B", "1")]),
            (&["env", "-iSB=1 /opt/app"], &[("B", "1")]),
            (&["env", "-C", "/opt", "-i", "./app"], &[]),
            (
                &["sh", "-c", "A=2 exec /opt/app"],
                &[("A", "2"), ("PATH", "/bin:/usr/bin")],
            ),
            (
                &["sh", "-c", "exec env -u A /opt/app"],
                &[("PATH", "/bin:/usr/bin")],
            ),
            (
                &[
                    "/sbin/tini",
                    "--",
                    "env",
                    "B=1",
                    "nice",
                    "env",
                    "-u",
                    "A",
                    "B=2",
                    "/opt/app",
                ],
                &[("PATH", "/bin:/usr/bin"), ("B", "2")],
            ),
        ];
        for (words, want) in cases {
            let mut config = run(words);
            config.env = vec!["A=1".into(), "PATH=/bin:/usr/bin".into()];
            let start = started(&tree, &config, false).unwrap();
            assert_eq!(start.started.path.as_deref(), Some("/opt/app"), "{words:?}");
            let mut variables = vec![
                ("A".to_owned(), "1".to_owned()),
                ("PATH".to_owned(), "/bin:/usr/bin".to_owned()),
            ];
            let changes = start.changes.iter();
            changes.for_each(|change| change.apply(&mut variables));
            let got: Vec<(&str, &str)> = variables
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let mut want = want.to_vec();
            want.sort_unstable();
            let mut sorted = got.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, want, "{words:?}");
        }
        // What is not started changes nothing.
        let start = started(&tree, &run(&["env", "A=2", "missing"]), false).unwrap();
        assert_eq!(start.started.path.as_deref(), Some("/usr/bin/env"));
        assert_eq!(start.changes, []);
    }
}
