//! What the documentation promises: its commands are commands, and its links lead somewhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// README, changelog and every page of `docs/`, with their text.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    let docs = std::fs::read_dir(root.join("docs")).unwrap();
    paths.extend(docs.map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|e| e == "md"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// Text that is code: the inside of fenced blocks, line by line with continuations joined, and of `inline code`.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    let mut open = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        } else if let Some(start) = line.strip_suffix('\\') {
            open.push_str(start);
        } else {
            found.push(std::mem::take(&mut open) + line);
        }
    }
    found
}

/// The words after each `gospect` that starts a command in `line`, up to the next operator of the shell or comment.
fn commands(line: &str) -> Vec<Vec<String>> {
    const OPERATORS: [&str; 8] = ["|", "||", "&&", ";", ">", ">>", "<", "#"];
    const BEFORE: [&str; 8] = ["$", "-", "|", "||", "&&", ";", "run:", "RUN"];
    let line = line.replace("$(git rev-parse HEAD)", "HEAD");
    let line = line.replace("$(git rev-parse v1.2.3)", "HEAD");
    let line = line.replace("$(hostname)", "host");
    let line = line.replace("${{ github.sha }}", "SHA");
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let starts = at == 0 || BEFORE.contains(&words[at - 1]);
        if *word != "gospect" || !starts {
            continue;
        }
        let rest = words[at + 1..]
            .iter()
            .take_while(|w| !OPERATORS.contains(w))
            .map(|w| w.trim_matches(['"', '\'']).to_owned());
        found.push(rest.collect());
    }
    found
}

#[test]
fn every_command_line_in_the_documentation_is_understood() {
    let mut seen = 0;
    // Asked for help at its end, a command line is parsed up to there and nothing is done.
    for (path, text) in pages() {
        for line in code(&text) {
            for words in commands(&line) {
                seen += 1;
                let Some(name) = words.first() else { continue };
                // A placeholder for an option's value cannot be judged: then only the command has to exist.
                let synopsis = words.iter().any(|w| w.contains("..."));
                // `version` reads its arguments as `go version` does, so it takes no --help after them.
                let mut command = Command::new(env!("CARGO_BIN_EXE_gospect"));
                if name == "version" || synopsis {
                    command.args(["help", name]);
                } else {
                    command.args(&words).arg("--help");
                }
                let out = command.stdin(Stdio::null()).output().unwrap();
                let help = String::from_utf8_lossy(&out.stdout);
                let understood = out.status.success() && help.contains("Usage: gospect");
                assert!(
                    understood,
                    "{}: `gospect {}`\n{}",
                    path.display(),
                    words.join(" "),
                    String::from_utf8_lossy(&out.stderr)
                );
            }
        }
    }
    assert!(seen > 50, "only {seen} commands were found");
}

#[test]
fn every_link_between_pages_leads_to_a_file() {
    let mut seen = 0;
    for (path, text) in pages() {
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") || link.contains(char::is_whitespace) {
                continue;
            }
            seen += 1;
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            assert!(target.exists(), "{}: {link}", path.display());
            if !anchor.is_empty() {
                let page = std::fs::read_to_string(&target).unwrap();
                let there = page.lines().filter(|l| l.starts_with('#')).any(|l| {
                    l.trim_start_matches('#')
                        .trim()
                        .to_lowercase()
                        .replace(' ', "-")
                        == anchor
                });
                assert!(there, "{}: no heading for {link}", path.display());
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}
