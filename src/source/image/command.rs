//! Which file of the visible root ENTRYPOINT and CMD start.

use super::manifest::Run;
use super::overlay::{Resolved, Tree};
use crate::report::model::Started;

/// Where a runtime looks when the image sets no PATH (moby, daemon default; containerd, oci/spec_opts.go).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Programs that only start another one: name, and how many words before the command belong to the program.
const WRAPPERS: &[(&str, usize)] = &[
    ("env", 0),
    ("exec", 0),
    ("nohup", 0),
    ("tini", 0),
    ("tini-static", 0),
    ("docker-init", 0),
    ("dumb-init", 0),
    ("catatonit", 0),
    ("su-exec", 1),
    ("gosu", 1),
];
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash"];
/// What makes a shell script more than one plain command.
const SHELL_SYNTAX: &[char] = &[
    '|', '&', ';', '<', '>', '(', ')', '$', '`', '\\', '"', '\'', '*', '?', '[', '#', '~', '{',
    '\n',
];
/// Wrappers inside wrappers.
const DEPTH: usize = 8;

/// Finds what a container of this configuration starts; `None` when nothing is configured.
///
/// Wrappers such as `tini --` and plain shell forms such as `/bin/sh -c "exec app"` are looked through when they are in
/// the root and what they start is, too; a script is not read.
pub fn started(tree: &Tree, run: &Run) -> Option<Started> {
    let words: Vec<String> = run.entrypoint.iter().chain(&run.cmd).cloned().collect();
    let mut command = words.first()?.clone();
    let mut found = lookup(tree, run, &command);
    let mut words = words;
    for _ in 0..DEPTH {
        if found.is_none() {
            break;
        }
        let Some(inner) = unwrap(&words) else { break };
        let Some(first) = inner.first() else { break };
        let Some(next) = lookup(tree, run, first) else {
            break;
        };
        command = first.clone();
        found = Some(next);
        words = inner;
    }
    Some(Started {
        command,
        path: found
            .as_ref()
            .map(|f| String::from_utf8_lossy(&f.path).into_owned()),
        executable: found.map(|f| f.mode & 0o111 != 0),
    })
}

/// The words of what a wrapper starts.
fn unwrap(words: &[String]) -> Option<Vec<String>> {
    let (first, rest) = words.split_first()?;
    let name = first.rsplit('/').next()?;
    if SHELLS.contains(&name) {
        let [flag, script, ..] = rest else {
            return None;
        };
        if flag != "-c" || script.contains(SHELL_SYNTAX) {
            return None;
        }
        let mut words: Vec<String> = script.split_whitespace().map(str::to_owned).collect();
        while words
            .first()
            .is_some_and(|w| w == "exec" || w.contains('='))
        {
            words.remove(0);
        }
        return Some(words);
    }
    let operands = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name)?.1;
    let mut rest = rest
        .iter()
        .skip_while(|w| w.starts_with('-') && *w != "--")
        .skip(operands)
        .peekable();
    rest.next_if(|w| *w == "--");
    let command = rest.skip_while(|w| name == "env" && w.contains('='));
    Some(command.cloned().collect())
}

/// As `execvp` does it: with a slash from the working directory, else through PATH.
fn lookup(tree: &Tree, run: &Run, command: &str) -> Option<Resolved> {
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
    // Without an executable one, the first of that name tells more than nothing: its missing bit is reported.
    places()
        .find_map(|p| file(&p, command).filter(runnable))
        .or_else(|| places().find_map(|p| file(&p, command)))
}

#[cfg(test)]
mod tests {
    use super::super::names::{Kind, Name, Names};
    use super::*;

    fn root(files: &[(&str, u32)]) -> Tree {
        let mut names = Names::default();
        for (path, mode) in files {
            names.push(&Name {
                path: path.as_bytes(),
                kind: Kind::File {
                    found: None,
                    empty: false,
                },
                mode: *mode,
            });
        }
        names.push(&Name {
            path: b"usr/bin/link",
            kind: Kind::Symlink(b"/opt/app"),
            mode: 0o777,
        });
        let mut tree = Tree::default();
        tree.apply(0, &names, |m| panic!("{m:?}"));
        tree
    }

    fn run(words: &[&str]) -> Run {
        Run {
            entrypoint: words.iter().map(|w| (*w).to_owned()).collect(),
            ..Run::default()
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
            (&["dumb-init", "/opt/app"], None),
        ];
        for (words, path) in cases {
            let got = started(&tree, &run(words)).unwrap();
            assert_eq!(got.path.as_deref(), *path, "{words:?}");
        }
        assert_eq!(started(&tree, &run(&[])), None);
        let plain = started(&tree, &run(&["plain"])).unwrap();
        assert_eq!(plain.executable, Some(false));
    }

    #[test]
    fn relative_commands_start_in_the_working_directory_and_path_is_the_images() {
        let tree = root(&[("opt/app", 0o755)]);
        let mut config = run(&["./app"]);
        assert_eq!(started(&tree, &config).unwrap().path, None);
        config.working_dir = Some("/opt".into());
        assert_eq!(
            started(&tree, &config).unwrap().path.as_deref(),
            Some("/opt/app")
        );
        let mut config = run(&["app"]);
        config.env = vec!["PATH=/bin:/opt".into()];
        assert_eq!(
            started(&tree, &config).unwrap().path.as_deref(),
            Some("/opt/app")
        );
    }
}
