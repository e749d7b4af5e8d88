//! Finds what a Windows container starts: with drive letters, backslashes, names without case, and omitted extensions.
//!
//! The search is that of `CreateProcessW` ("lpCommandLine" in its documentation) and, after `cmd /c`, that of PATHEXT.

use super::super::manifest::RunConfig;
use super::super::overlay::{Resolved, Tree};
use super::{Followed, Wrapped, follow, path_of};
use gospect_record::Started;

/// The directory of a layer that becomes `C:\` (not in the OCI image specification, layer.md; moby, hcsshim and BuildKit write
/// it).
const ROOT: &str = "/Files";
/// Directories that the system searches before PATH.
const SYSTEM: &[&str] = &["C:\\Windows\\System32", "C:\\Windows"];
const PROGRAM: &[&str] = &["", ".exe"];
/// Extensions that `cmd` tries, in the order of the usual PATHEXT.
const SHELL: &[&str] = &["", ".com", ".exe", ".bat", ".cmd"];

/// Finds the file that is started; `None` when nothing is configured or the file is not in the layers.
pub(super) fn started(tree: &Tree, run: &RunConfig) -> Option<Started> {
    let mut words: Vec<String> = run.entrypoint.iter().chain(&run.cmd).cloned().collect();
    // The shell form is one word: a whole command line with quoted arguments.
    if run.args_escaped || words.len() == 1 {
        let first = words.first()?;
        if find(tree, run, first, PROGRAM).is_none() {
            let line = split(first);
            words.splice(..1, line);
        }
    }
    let first = words.first()?.clone();
    let found = find(tree, run, &first, PROGRAM);
    let first = Followed::of(first, found);
    let followed = follow(first, words, run, wrapped_command, |run, word| {
        find(tree, run, word, SHELL)
    });
    Some(Started {
        command: followed.command,
        path: Some(path_of(&followed.file?)),
        // Windows has no such mode bit.
        executable: None,
    })
}

/// The words of a command line: separated by spaces unless quoted.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The words of the command in `cmd /S /C "app.exe -x"` or `powershell -Command app.exe`, if it is one simple command.
fn wrapped_command(words: &[String]) -> Option<Wrapped> {
    let (first, rest) = words.split_first()?;
    let name = first.rsplit(['\\', '/']).next()?.to_ascii_lowercase();
    let runs: &[&str] = match name.strip_suffix(".exe").unwrap_or(&name) {
        "cmd" => &["/c", "/k"],
        "powershell" | "pwsh" => &["-command", "-c"],
        _ => return None,
    };
    let at = rest
        .iter()
        .position(|w| runs.contains(&w.to_ascii_lowercase().as_str()))?;
    let line = rest.get(at + 1..)?.join(" ");
    if line.contains(['|', '&', ';', '<', '>', '(', ')', '%', '$', '{', '\'']) {
        return None;
    }
    Some(Wrapped {
        words: split(&line),
        ..Wrapped::default()
    })
}

fn find(tree: &Tree, run: &RunConfig, command: &str, extensions: &[&str]) -> Option<Resolved> {
    if command.is_empty() {
        return None;
    }
    let dir = run.working_dir.as_deref().filter(|d| !d.is_empty());
    let dir = dir.unwrap_or("C:\\");
    if command.contains(['\\', '/', ':']) {
        return file(tree, dir, command, extensions);
    }
    let path = run.env.iter().rev().find_map(|e| {
        let (key, value) = e.split_once('=')?;
        key.eq_ignore_ascii_case("PATH").then_some(value)
    });
    let path = path
        .unwrap_or_default()
        .split(';')
        .filter(|p| !p.is_empty());
    std::iter::once(dir)
        .chain(SYSTEM.iter().copied())
        .chain(path)
        .find_map(|place| file(tree, place, command, extensions))
}

fn file(tree: &Tree, dir: &str, name: &str, extensions: &[&str]) -> Option<Resolved> {
    let name = absolute(name).or_else(|| Some(format!("{}/{}", absolute(dir)?, name)))?;
    let name = name.replace('\\', "/");
    let has_extension = name.rsplit('/').next()?.contains('.');
    let tried = extensions.iter().filter(|e| e.is_empty() || !has_extension);
    tried
        .map(|extension| format!("{ROOT}{name}{extension}"))
        .find_map(|path| tree.resolve_caseless(path.as_bytes()))
        .filter(|found| !found.dir)
}

/// A path below `C:` without the drive; `None` for a relative path or another drive.
fn absolute(path: &str) -> Option<String> {
    let rest = match path.as_bytes() {
        [b'C' | b'c', b':', ..] => path.get(2..)?,
        _ => path,
    };
    rest.starts_with(['\\', '/'])
        .then(|| rest.replace('\\', "/"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::root;
    use super::*;

    #[test]
    fn finds_what_windows_starts() {
        let tree = root(&[
            ("Files/app/Server.exe", 0o644),
            ("Files/Program Files/My App/app.exe", 0o644),
            ("Files/Windows/System32/cmd.exe", 0o644),
            ("Files/tools/tool.exe", 0o644),
            ("Files/tools/start.cmd", 0o644),
            ("Hives/Software_Delta", 0o644),
        ]);
        let server = Some("/Files/app/Server.exe");
        let spaced = Some("/Files/Program Files/My App/app.exe");
        let cmd = Some("/Files/Windows/System32/cmd.exe");
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["C:\\app\\Server.exe", "-x"], server),
            (&["c:/APP/server"], server),
            (&["\\app\\server"], server),
            (&["server.exe"], server),
            (&["tool"], Some("/Files/tools/tool.exe")),
            (&["start"], None),
            (&["cmd", "/C", "start"], Some("/Files/tools/start.cmd")),
            (&["D:\\app\\Server.exe"], None),
            (&["C:\\app"], None),
            (&["C:\\Program Files\\My App\\app.exe"], spaced),
            (&["\"C:\\Program Files\\My App\\app\" -x"], spaced),
            (&["cmd /S /C c:\\app\\server.exe -x"], server),
            (&["cmd", "/S", "/C", "server -x"], server),
            (&["cmd.exe", "/c", "server & tool"], cmd),
            (&["powershell", "-Command", "server"], server),
            (&["powershell", "-File", "x.ps1"], None),
        ];
        for (words, path) in cases {
            let run = RunConfig {
                entrypoint: words.iter().map(|w| (*w).to_owned()).collect(),
                working_dir: Some("C:\\app".to_owned()),
                env: vec!["Path=C:\\none;C:\\Tools".to_owned()],
                ..RunConfig::default()
            };
            let got = started(&tree, &run).and_then(|s| s.path);
            assert_eq!(got.as_deref(), *path, "{words:?}");
        }
    }
}
