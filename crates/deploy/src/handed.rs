//! Variables that a command hands to somebody else: `docker run -e`, `kubectl set env`, `echo NAME=value >> file`.

use super::assignment;
use super::kind::{self, Kind, Named};
use super::shell::{Command, Word};
use super::text::{Span, Text};

/// Where a variable goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// A container that the command starts; what runs in it is not known here.
    Container,
    /// Containers of a cluster, or programs that get the file.
    Programs,
    /// The steps of a workflow that follow.
    Steps,
}

/// A variable that a command hands on.
#[derive(Clone, Debug)]
pub struct Handed {
    /// Its name.
    pub name: String,
    /// Its value, as the command has it.
    pub value: Text,
    /// The assignment.
    pub at: Span,
    /// What stands before the name for a person: `docker run -e `.
    pub label: String,
    /// Where it goes.
    pub to: To,
}

/// Programs that start containers.
const RUNTIMES: [&str; 4] = ["docker", "podman", "nerdctl", "docker-compose"];
/// Their subcommands that take variables.
const STARTING: [&str; 3] = ["run", "create", "exec"];
/// Their options without a value; those of one letter may stand together.
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
/// Variables of a workflow that name the file of variables for the steps that follow.
const FILES_OF_STEPS: [&str; 3] = ["GITHUB_ENV", "GITEA_ENV", "FORGEJO_ENV"];

/// What a command hands on; `next` is the one behind it, which may be the `tee` of a pipe.
pub fn of(command: &Command, next: Option<&Command>) -> Vec<Handed> {
    let words = command.words.get(1..).unwrap_or_default();
    let name = command.name();
    if RUNTIMES.contains(&name) {
        return container(name, words);
    }
    let is = |word: &Word, text: &str| word.as_str() == text;
    match (name, words) {
        ("kubectl" | "oc", [set, env, rest @ ..]) if is(set, "set") && is(env, "env") => rest
            .iter()
            .filter_map(|word| handed(&word.text, &format!("{name} set env "), To::Programs))
            .collect(),
        ("echo" | "printf", _) => written(command, next),
        _ => Vec::new(),
    }
}

fn handed(text: &Text, label: &str, to: To) -> Option<Handed> {
    let (name, value) = assignment::of(text, false)?;
    Some(Handed {
        name,
        value,
        at: text.whole(),
        label: label.to_owned(),
        to,
    })
}

/// `-e NAME=value`, `--env NAME=value`, `--env=NAME=value` in front of the image.
fn container(name: &str, words: &[Word]) -> Vec<Handed> {
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
            found.extend(handed(&part, &label, To::Container));
        } else if text == "--env" || letters.is_some_and(|l| l.ends_with('e')) {
            found.extend(
                rest.next()
                    .and_then(|w| handed(&w.text, &label, To::Container)),
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

/// `echo NAME=value > x.env`, `echo NAME=value | tee /etc/default/app`: each line of one word.
fn written(command: &Command, next: Option<&Command>) -> Vec<Handed> {
    let tee = next.filter(|c| c.name() == "tee" && command.writes.is_none());
    let file = command.writes.as_deref().or_else(|| {
        let mut files = tee?.words.iter().skip(1).map(Word::as_str);
        files.find(|w| !w.starts_with('-'))
    });
    let Some((file, to)) = file.and_then(|file| Some((file, reader(file)?))) else {
        return Vec::new();
    };
    let mut words = command.words.iter().skip(1);
    let mut words = words.by_ref().filter(|w| !w.as_str().starts_with('-'));
    // Of several words the shell makes one line; nobody writes variables so.
    let (Some(word), None) = (words.next(), words.next()) else {
        return Vec::new();
    };
    let label = format!("{file}: ");
    let mut found = Vec::new();
    let mut at = 0;
    for line in word.as_str().replace("\\n", "\n\n").split_inclusive('\n') {
        let part = word.text.slice(at..at + line.trim_end_matches('\n').len());
        at += line.len();
        found.extend(handed(&part, &label, to));
    }
    found
}

/// Who reads a file of variables, by its name; nobody when it is none.
fn reader(file: &str) -> Option<To> {
    let bare = file.trim_start_matches('$').trim_matches(['{', '}']);
    if file.starts_with('$') && FILES_OF_STEPS.contains(&bare) {
        return Some(To::Steps);
    }
    let system = ["/etc/default/", "/etc/sysconfig/", "/etc/environment"];
    let known = kind::of_name(file) == Named::Kind(Kind::Env)
        || system.iter().any(|folder| file.starts_with(folder));
    known.then_some(To::Programs)
}

/// True for a GoReleaser that builds.
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
    fn what_commands_hand_on() {
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
            ("echo A=1 > notes.txt", ""),
            ("echo A=1", ""),
        ] {
            assert_eq!(hands(text), want, "{text}");
        }
    }
}
