//! The documentation is true: its commands run, its output is what they print, and its links work.

use crate::support::cli::run;
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

/// Code in a text: the lines of fenced blocks, with continuations joined, and `inline code`.
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

/// The words after each `gospect` that starts a command in `line`, up to a shell operator or comment.
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
    // With a final --help a command line is parsed but nothing is done.
    for (path, text) in pages() {
        for line in code(&text) {
            for words in commands(&line) {
                seen += 1;
                let Some(name) = words.first() else { continue };
                // A placeholder cannot be parsed as an option's value: then only the command must exist.
                let synopsis = words.iter().any(|w| w.contains("..."));
                // `version` parses its arguments like `go version`, so --help cannot follow them.
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

/// A command of a page, and the output that the page shows.
#[cfg(unix)]
struct Pasted {
    command: String,
    shown: Vec<String>,
}

/// The commands of a page as people paste them: whole lines of fenced shell blocks, with their continuations.
#[cfg(unix)]
fn pasted(text: &str) -> Vec<Pasted> {
    let mut found: Vec<Pasted> = Vec::new();
    let mut block: Option<&str> = None;
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            block = block.is_none().then_some(kind);
            continue;
        }
        let command = match block {
            Some("" | "sh" | "bash") => line,
            // A session: commands follow `$`, all other lines are output.
            Some("console") => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => command,
                (None, Some(last)) => {
                    last.shown.push(line.to_owned());
                    continue;
                }
                (None, None) => continue,
            },
            _ => continue,
        };
        match found.last_mut().map(|last| &mut last.command) {
            Some(open) if open.ends_with('\\') => {
                open.pop();
                open.push_str(command);
            }
            Some(open) if open.ends_with('|') => open.push_str(command),
            _ if command.trim().is_empty() => {}
            _ => found.push(Pasted {
                command: command.to_owned(),
                shown: Vec::new(),
            }),
        }
    }
    found
}

/// Whether the output is what the page shows; a line `...` there stands for any number of lines, `...` after a text for the rest of
/// the line.
fn is_shown(shown: &[&str], printed: &[&str]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (Some((line, rest)), _) if line.trim() == "..." => {
            (0..=printed.len()).any(|skip| is_shown(rest, &printed[skip..]))
        }
        (Some((line, shown)), Some((first, printed))) => {
            let (line, first) = (line.trim_end(), first.trim_end());
            let begins = line.strip_suffix("...").filter(|text| !text.is_empty());
            let is_line = begins.map_or(line == first, |text| first.starts_with(text));
            is_line && is_shown(shown, printed)
        }
        (None, None) => true,
        _ => false,
    }
}

#[test]
fn shown_output_is_compared_line_by_line() {
    let printed = ["a", "b  ", "c"];
    for shown in [
        &["a", "b", "c"][..],
        &["...", "c"],
        &["a", " ...", "b", "c"],
        &["a", "b...", "c"],
    ] {
        assert!(is_shown(shown, &printed), "{shown:?}");
    }
    for shown in [
        &["a", "b"][..],
        &["...", "b"],
        &["a", "c"],
        &["a", "...", "d"],
        &["a", "c...", "c"],
        &[],
    ] {
        assert!(!is_shown(shown, &printed), "{shown:?}");
    }
}

/// Why a command of the documentation is not run.
#[cfg(unix)]
enum Unrun {
    /// It is never run in a test, for this reason.
    Never(&'static str),
    /// This machine lacks the tool.
    Missing(&'static str),
}

/// Why a command of the documentation is not run here; `None` if it is run.
#[cfg(unix)]
fn cannot_run(command: &str) -> Option<Unrun> {
    let first = command.split_whitespace().next().unwrap_or_default();
    let never = |why| Some(Unrun::Never(why));
    match first {
        "cargo" | "git" => return never("builds gospect or fetches it"),
        "scripts/bench-docs.py" | "scripts/bench-guard.sh" | "scripts/bench-peers.sh" => {
            return never("measures for minutes");
        }
        "scripts/compare-sbom.py" => return never("needs Go and syft"),
        "pip" | "python" | "spark-submit" => return never("needs the Python package"),
        "scripts/spark-cluster.sh" => return never("starts a cluster; a part of .ci/run"),
        "gospect" if command.starts_with("gospect catalog") => return never("asks a registry"),
        _ => {}
    }
    if command.contains("registry:") && !command.contains("records:") {
        return never("asks a registry");
    }
    if command.contains("gospect verify") && !command.contains("--sumdb off") {
        return never("asks the checksum database");
    }
    if command.contains('▶') || command.contains("Candidate  Image") {
        return never("a drawing");
    }
    [
        "go", "syft", "jq", "sqlite3", "duckdb", "python3", "man", "curl",
    ]
    .into_iter()
    .find(|tool| {
        command
            .split(['|', ';', '&'])
            .any(|part| part.split_whitespace().next() == Some(tool))
            && !crate::support::has(tool)
    })
    .map(Unrun::Missing)
}

#[cfg(unix)]
#[test]
fn every_command_block_in_the_documentation_runs() {
    let (mut ran, mut compared, mut wrong) = (0, 0, Vec::new());
    for (path, text) in pages() {
        let commands = pasted(&text);
        if commands.is_empty() {
            continue;
        }
        let stage = crate::support::stage::Stage::new();
        for Pasted { command, shown } in commands {
            match cannot_run(&command) {
                Some(Unrun::Never(why)) => {
                    println!("not run: {command}: {why}");
                    continue;
                }
                Some(Unrun::Missing(tool)) => {
                    crate::support::skipped(tool, &command);
                    continue;
                }
                None => {}
            }
            // System directories in the text become directories of the stage.
            let here = command
                .replace("/var/lib/gospect/", "./")
                .replace("/usr /opt", "dist/ old/")
                .replace("~/", "./")
                .replace(" DIR", " dist/")
                .replace(" FILE...", " dist/app");
            let out = Command::new("bash")
                .args(["-o", "pipefail", "-c", &here])
                .current_dir(stage.path())
                .env("PATH", stage.search_path())
                .env_remove("GODEBUG")
                .env("LC_ALL", "C.UTF-8")
                .stdin(Stdio::null())
                .output()
                .unwrap();
            // Findings and changes are valid results; a wrong command is not.
            let code = out.status.code();
            assert!(
                matches!(code, Some(0 | 1)),
                "{}: `{command}` ended with {code:?}\n{}{}",
                path.display(),
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr)
            );
            ran += 1;
            // The page of queries has its own programs, and a test in query.rs.
            if shown.is_empty() || path.ends_with("query.md") {
                continue;
            }
            let printed = String::from_utf8_lossy(&out.stdout);
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let printed = lines(&printed);
            let same = is_shown(
                &shown.iter().map(String::as_str).collect::<Vec<_>>(),
                &printed.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            compared += 1;
            if !same {
                wrong.push(format!(
                    "{}: `{command}` prints\n{}\nand not\n{}\n",
                    path.display(),
                    printed.join("\n"),
                    shown.join("\n")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 35, "only {ran} commands ran");
    assert!(compared > 4, "only {compared} outputs were compared");
}

/// The anchor that GitHub and mdBook give to a heading: punctuation is left out.
fn anchor_of(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text: String = heading.to_lowercase().chars().filter(kept).collect();
    text.replace(' ', "-")
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contents = std::fs::read_to_string(root.join("docs/SUMMARY.md")).unwrap();
    let mut seen = 0;
    for (path, _) in pages() {
        let name = path.file_name().unwrap().to_string_lossy();
        if path.parent().unwrap().ends_with("docs") && name != "SUMMARY.md" {
            seen += 1;
            let listed = contents.matches(&format!("]({name})")).count();
            assert_eq!(listed, 1, "docs/SUMMARY.md: {name}");
        }
    }
    assert!(seen > 20, "only {seen} pages were found");
}

/// The README is what a newcomer reads to its end.
#[test]
fn the_readme_is_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.lines().count() <= 80, "{}", readme.lines().count());
}

#[test]
fn every_link_between_pages_leads_to_a_file() {
    let mut seen = 0;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let besides = ["CONTRIBUTING.md", "SECURITY.md", "python/README.md"].map(|name| {
        let path = root.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    });
    for (path, text) in pages().into_iter().chain(besides) {
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
                let there = page
                    .lines()
                    .filter(|l| l.starts_with('#'))
                    .any(|l| anchor_of(l.trim_start_matches('#').trim()) == anchor);
                assert!(there, "{}: no heading for {link}", path.display());
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}

/// The commands that `gospect help` lists.
fn listed_commands() -> Vec<String> {
    let help = run(&["--help"]).stdout;
    let list = help.split("Commands:").nth(1).unwrap_or_default();
    let list = list.split("\n\n").next().unwrap_or_default();
    let rows = list.lines().filter_map(|row| row.strip_prefix("  "));
    let names = rows.filter(|row| !row.starts_with(' '));
    let names = names.filter_map(|row| row.split_whitespace().next());
    names
        .map(str::to_owned)
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn topics_and_the_page_of_commands_leave_no_command_out() {
    let names = listed_commands();
    assert!(names.len() > 15, "{names:?}");
    let page = include_str!("../../docs/commands.md");
    let (targets, codes) = (run(&["help", "targets"]), run(&["help", "exit-codes"]));
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let documented = page
        .lines()
        .find_map(|row| row.strip_prefix("| 3 | "))
        .unwrap();
    let (_, required) = codes.stdout.split_once("\n  3 ").unwrap();
    let (required, _) = required.split_once("\n\n").unwrap();
    let required = one_line(required);
    for name in &names {
        assert!(page.contains(&format!("`gospect {name}")), "{name}");
        let help = run(&["help", name]).stdout;
        assert!(!help.contains("All options, with examples"), "{name}");
        let usage = help.lines().find(|l| l.starts_with("Usage:"));
        let usage = usage.unwrap_or_default();
        let program = usage.contains("PROGRAM");
        if !program && !usage.contains("TARGET") {
            continue;
        }
        let quoted = format!("`{name}`");
        // `diff` compares two sides, and `lint` reads other files.
        if name != "lint" {
            assert!(one_line(&targets.stdout).contains(&quoted), "{name}");
        }
        if !["diff", "lint", "scan"].contains(&name.as_str()) {
            assert!(documented.contains(&quoted), "{name}");
            let mut words = required.split([' ', ',', '(', ')']);
            assert!(words.any(|word| word == name), "{name}: {required}");
        }
    }
    // Each scheme that the topic names is in the page, and the other way round.
    for scheme in [
        "file:",
        "oci-dir:",
        "registry:HOST ",
        "pid:",
        "ps:",
        "records:",
    ] {
        assert!(
            targets.stdout.contains(&format!("\n  {scheme}")),
            "{scheme}"
        );
        assert!(page.contains(&format!("`{}", scheme.trim())), "{scheme}");
    }
}
