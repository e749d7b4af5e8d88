//! Variables that a command sets for another program: `docker run -e`, `kubectl set env`, `echo NAME=value >> file`.

use super::assignment;
use super::kind::{self, Kind, Named};
use super::shell::{Command, Word};
use super::text::{Span, Text};

/// Who gets a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A container that the command starts. What runs in it is unknown.
    Container,
    /// Containers of a cluster, or programs that read the file.
    Programs,
    /// Later steps of a workflow.
    Steps,
}

/// A variable that a command sets for another program.
#[derive(Clone, Debug)]
pub struct PassedVariable {
    /// Its name.
    pub name: String,
    /// Its value as written.
    pub value: Text,
    /// The assignment.
    pub at: Span,
    /// The text before the name, for people: `docker run -e `.
    pub label: String,
    /// Who gets it.
    pub to: Recipient,
}

/// Programs that start containers.
const RUNTIMES: [&str; 4] = ["docker", "podman", "nerdctl", "docker-compose"];
/// Their subcommands that take variables.
const STARTING: [&str; 3] = ["run", "create", "exec"];
/// Their options without a value; one-letter options may be combined.
const ALONE: [&str; 16] = [
    "--rm",
    "--detach",
    "--init",
    "--interactive",
    "--no-deps",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--privileged",
    "--publish-all",
    "--quiet",
    "--read-only",
    "--replace",
    "--service-ports",
    "--sig-proxy",
    "--tty",
    "--use-aliases",
];
const LETTERS: &str = "ditqPT";
/// Variables of a workflow that name the file of variables for later steps.
const FILES_OF_STEPS: [&str; 3] = ["GITHUB_ENV", "GITEA_ENV", "FORGEJO_ENV"];

/// The variables that a command sets for others; `next` is the command after it, which may be the `tee` of a pipe.
pub fn of(command: &Command, next: Option<&Command>) -> Vec<PassedVariable> {
    let words = command.words.get(1..).unwrap_or_default();
    let name = command.name();
    if RUNTIMES.contains(&name) {
        return container(name, words);
    }
    match (name, words) {
        ("kubectl" | "oc", [set, env, rest @ ..])
            if set.as_str() == "set" && env.as_str() == "env" =>
        {
            rest.iter()
                .filter_map(|word| {
                    passed_on(&word.text, &format!("{name} set env "), Recipient::Programs)
                })
                .collect()
        }
        ("cat" | "tee", _) => document(command, next),
        _ if is_cmdlet(command, &["echo", "printf", "write-output"]) => written(command, next),
        _ if is_cmdlet(command, &["add-content", "set-content"]) => content(words),
        // PowerShell prints a text that is a whole command.
        (_, [])
            if command
                .words
                .first()
                .is_some_and(|w| w.as_str().contains('=')) =>
        {
            written(command, next)
        }
        _ => Vec::new(),
    }
}

fn passed_on(text: &Text, label: &str, to: Recipient) -> Option<PassedVariable> {
    let (name, value) = assignment::of(text, false)?;
    Some(PassedVariable {
        name,
        value,
        at: text.whole(),
        label: label.to_owned(),
        to,
    })
}

/// Reads `-e NAME=value`, `--env NAME=value` and `--env=NAME=value` before the image.
fn container(name: &str, words: &[Word]) -> Vec<PassedVariable> {
    let Some(at) = words.iter().position(|w| STARTING.contains(&w.as_str())) else {
        return Vec::new();
    };
    let verb = words.get(at).map_or("", Word::as_str);
    let label = format!("{name} {verb} -e ");
    let mut found = Vec::new();
    let mut rest = words.get(at + 1..).unwrap_or_default().iter();
    while let Some(word) = rest.next() {
        let text = word.as_str();
        if !text.starts_with('-') {
            break;
        }
        let letters = text.strip_prefix('-').filter(|t| !t.starts_with('-'));
        let own = text
            .strip_prefix("--env=")
            .or_else(|| letters.and_then(|l| l.strip_prefix('e')))
            .filter(|own| !own.is_empty());
        if let Some(own) = own {
            let part = word.text.slice(text.len() - own.len()..text.len());
            found.extend(passed_on(&part, &label, Recipient::Container));
        } else if text == "--env" || letters.is_some_and(|l| l.ends_with('e')) {
            found.extend(
                rest.next()
                    .and_then(|w| passed_on(&w.text, &label, Recipient::Container)),
            );
        } else {
            let alone = ALONE.contains(&text)
                || text.contains('=')
                || letters.is_some_and(|l| l.chars().all(|c| LETTERS.contains(c)));
            if !alone {
                rest.next();
            }
        }
    }
    found
}

/// The file that a command writes to (by `>`, a pipe to `tee`, or a cmdlet of PowerShell), and who reads it.
fn target<'c>(command: &'c Command, next: Option<&'c Command>) -> Option<(&'c str, Recipient)> {
    let behind = || {
        let next = next.filter(|c| c.name() == "tee" || is_cmdlet(c, &WRITING))?;
        let mut files = next.words.iter().skip(1).map(Word::as_str);
        files.find(|w| !w.starts_with('-'))
    };
    let file = command.writes.as_deref().or_else(behind)?;
    Some((file, reader(file)?))
}

/// `echo NAME=value > x.env`, `printf 'A=1\nB=2\n' | tee /etc/default/app`, and in PowerShell `"NAME=value" >> $env:GITHUB_ENV`.
fn written(command: &Command, next: Option<&Command>) -> Vec<PassedVariable> {
    let Some((file, to)) = target(command, next) else {
        return Vec::new();
    };
    let text = !matches!(
        &*command.name().to_ascii_lowercase(),
        "echo" | "printf" | "write-output"
    );
    let words = command.words.iter().skip(usize::from(!text));
    let mut words = words.filter(|w| text || !w.as_str().starts_with('-'));
    let Some(first) = words.next() else {
        return Vec::new();
    };
    let mut line = first.text.clone();
    if command.name() == "printf" {
        // Only with this format is the output of each further argument known.
        if first.as_str() == "%s\\n" {
            let label = format!("{file}: ");
            let all = words.filter_map(|w| passed_on(&w.text, &label, to));
            return all.collect();
        }
        if words.next().is_some() {
            return Vec::new();
        }
    }
    // `echo` puts a blank between its words.
    for word in words {
        let (number, column) = word.text.place(0);
        line.push(' ', number, column.saturating_sub(1));
        line.append(&word.text, 0..word.text.as_str().len());
    }
    lines(&line, file, to)
}

/// The variables of a text with one on each line; `\n` of `echo -e` and `printf` ends a line too.
fn lines(text: &Text, file: &str, to: Recipient) -> Vec<PassedVariable> {
    let label = format!("{file}: ");
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.as_str().replace("\\n", "\n\n").split_inclusive('\n') {
        let part = text.slice(at..at + line.trim_end_matches('\n').len());
        at += line.len();
        found.extend(passed_on(&part, &label, to));
    }
    found
}

/// `cat >> $GITHUB_ENV <<END`: the lines of the here-document.
fn document(command: &Command, next: Option<&Command>) -> Vec<PassedVariable> {
    match target(command, next) {
        // Here-documents for other files are read by the kind of their names.
        Some((file, Recipient::Steps)) => {
            let all = command.documents.iter();
            all.flat_map(|text| lines(text, file, Recipient::Steps))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Cmdlets of PowerShell that write their input to a file.
const WRITING: [&str; 4] = ["add-content", "out-file", "set-content", "tee-object"];

fn is_cmdlet(command: &Command, names: &[&str]) -> bool {
    let name = command.name();
    names.iter().any(|n| name.eq_ignore_ascii_case(n))
}

/// `Add-Content -Path FILE -Value NAME=value`, or both without their names.
fn content(words: &[Word]) -> Vec<PassedVariable> {
    let (mut file, mut value) = (None, None);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str().to_ascii_lowercase().as_str() {
            "-path" | "-literalpath" | "-filepath" => file = rest.next(),
            "-value" => value = rest.next(),
            "-encoding" => drop(rest.next()),
            name if name.starts_with('-') => {}
            _ if file.is_none() => file = Some(word),
            _ => value = value.or(Some(word)),
        }
    }
    let recipient = file.and_then(|file| Some((file.as_str(), reader(file.as_str())?)));
    match (recipient, value) {
        (Some((file, recipient)), Some(value)) => lines(&value.text, file, recipient),
        _ => Vec::new(),
    }
}

/// Who reads a file of variables, by its name; `None` for other files.
fn reader(file: &str) -> Option<Recipient> {
    let bare = file.trim_start_matches('$').trim_matches(['{', '}']);
    let bare = bare.strip_prefix("env:").unwrap_or(bare);
    if file.starts_with('$') && FILES_OF_STEPS.contains(&bare) {
        return Some(Recipient::Steps);
    }
    let system = ["/etc/default/", "/etc/sysconfig/", "/etc/environment"];
    let known = kind::of_name(file) == Named::Kind(Kind::Env)
        || system.iter().any(|folder| file.starts_with(folder));
    known.then_some(Recipient::Programs)
}

/// Whether a command builds with GoReleaser.
pub fn releases(command: &Command) -> bool {
    command.name() == "goreleaser"
        && command
            .words
            .iter()
            .any(|w| matches!(w.as_str(), "release" | "build"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell;

    #[test]
    fn commands_pass_variables_on() {
        let hands = |text: &str| {
            let all = shell::commands(&Text::line(text, 1, 1));
            let each = all.iter().enumerate();
            each.flat_map(|(at, c)| of(c, all.get(at + 1)))
                .map(|h| format!("{}{}={} {:?}", h.label, h.name, h.value.as_str(), h.to))
                .collect::<Vec<_>>()
                .join("; ")
        };
        for (text, want) in [
            (
                "docker run -d -e A=1 img -e B=2",
                "docker run -e A=1 Container",
            ),
            (
                "docker run --rm -it --name x --env A=1 img",
                "docker run -e A=1 Container",
            ),
            (
                "podman run --env=A=1 -eB=2 img",
                "podman run -e A=1 Container; podman run -e B=2 Container",
            ),
            ("docker run -dite A=1 img", "docker run -e A=1 Container"),
            (
                "docker compose run -e A=1 web",
                "docker run -e A=1 Container",
            ),
            ("docker run -e A img", ""),
            ("docker build -t A=1 .", ""),
            (
                "kubectl set env deploy/web A=1 B-",
                "kubectl set env A=1 Programs",
            ),
            ("kubectl get pods A=1", ""),
            ("echo \"A=1\" > x.env", "x.env: A=1 Programs"),
            (
                "echo A=1 | sudo tee -a /etc/default/app",
                "/etc/default/app: A=1 Programs",
            ),
            ("echo A=1 >> $GITHUB_ENV", "$GITHUB_ENV: A=1 Steps"),
            (
                "echo 'A=1' >> \"${GITHUB_ENV}\"",
                "${GITHUB_ENV}: A=1 Steps",
            ),
            (
                "printf 'A=1\\nB=2\\n' > .env",
                ".env: A=1 Programs; .env: B=2 Programs",
            ),
            ("echo A=1 b c=2 > .env", ".env: A=1 b c=2 Programs"),
            ("echo -n A=1 | tee -a .env", ".env: A=1 Programs"),
            (
                "printf '%s\\n' A=1 B=2 > .env",
                ".env: A=1 Programs; .env: B=2 Programs",
            ),
            ("printf 'A=%s\\n' 1 > .env", ""),
            (
                "cat >> $GITHUB_ENV <<END\nA=1\nB<<X\nC=2\nEND\n",
                "$GITHUB_ENV: A=1 Steps; $GITHUB_ENV: C=2 Steps",
            ),
            (
                "echo \"A=1\" >> $env:GITHUB_ENV",
                "$env:GITHUB_ENV: A=1 Steps",
            ),
            ("\"A=1\" >> $env:GITHUB_ENV", "$env:GITHUB_ENV: A=1 Steps"),
            (
                "\"A=1\" | Out-File -FilePath $env:GITHUB_ENV -Append",
                "$env:GITHUB_ENV: A=1 Steps",
            ),
            (
                "Add-Content -Path $env:GITHUB_ENV -Value \"A=1\"",
                "$env:GITHUB_ENV: A=1 Steps",
            ),
            (
                "add-content $env:GITHUB_ENV 'A=1'",
                "$env:GITHUB_ENV: A=1 Steps",
            ),
            ("Add-Content notes.txt 'A=1'", ""),
            ("echo A=1 > notes.txt", ""),
            ("echo A=1", ""),
        ] {
            assert_eq!(hands(text), want, "{text}");
        }
    }
}
