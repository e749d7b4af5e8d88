//! What a command does with variables of Go in its environment.

mod names;

use super::shell::Command;
use names::{BUILDERS, GO_NAMES, HARMLESS, SCRIPTS, SHELLS, VERBS};

/// The role of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The `go` command.
    Go,
    /// It may run a `go` command: a build tool, a script, a shell, or a command named by a variable.
    Builds,
    /// It reads no variable of Go, and starts no program that could.
    Harmless,
    /// Some other program.
    Starts,
}

/// The name of the variable if a word is only `$NAME` or `${NAME}`.
pub fn variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = match name.strip_prefix('{') {
        Some(inside) => inside.strip_suffix('}')?,
        None => name,
    };
    super::kind::is_name(name).then_some(name)
}

/// Whether it is a `go` command: `go`, `go1.22.3`, `gotip`, `xx-go`, or `$GO` before one of the subcommands.
pub fn is_go(command: &Command) -> bool {
    let whole = command.words.first().map_or("", |w| w.as_str());
    let name = command.name();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let second = command.words.get(1).map_or("", |w| w.as_str());
    name == "go"
        || matches!(name, "gotip" | "xx-go")
        || name
            .strip_prefix("go1.")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        || (VERBS.contains(&second) && variable(whole).is_some_and(|v| GO_NAMES.contains(&v)))
}

/// The role of a command.
pub fn of(command: &Command) -> Role {
    let Some(first) = command.words.first() else {
        return Role::Harmless;
    };
    if is_go(command) {
        return Role::Go;
    }
    let name = command.name();
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_suffix(".exe").unwrap_or(&lower);
    let is_among = |list: &[&str]| list.contains(&lower);
    if is_among(HARMLESS) {
        let runs_more = lower == "find"
            && command
                .words
                .iter()
                .any(|w| w.as_str().starts_with("-exec"));
        return if runs_more {
            Role::Builds
        } else {
            Role::Harmless
        };
    }
    // The commands of `sh -c` are listed separately.
    if SHELLS.contains(&lower) && super::shell::script_of(command).is_some() {
        return Role::Harmless;
    }
    let may_build = first.as_str().contains('$')
        || first.as_str().contains('`')
        || matches!(name, "." | "source" | "eval" | "@")
        || SHELLS.contains(&lower)
        || is_among(BUILDERS)
        || SCRIPTS.iter().any(|s| lower.ends_with(s))
        || [
            "go", "build", "make", "test", "compile", "generate", "release", "lint",
        ]
        .iter()
        .any(|part| {
            lower
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|w| w == *part)
        });
    if may_build {
        Role::Builds
    } else {
        Role::Starts
    }
}

/// Whether a package manager installs Go.
pub fn installs_go(command: &Command) -> bool {
    let managers = [
        "apk", "apt", "apt-get", "yum", "dnf", "microdnf", "tdnf", "zypper", "pacman", "brew",
        "conda", "snap", "nix-env", "mise", "asdf",
    ];
    managers.contains(&command.name())
        && command.words.iter().skip(1).any(|w| {
            let package = w.as_str();
            let package = package
                .split(['=', '~', '>', '<', '@', ':'])
                .next()
                .unwrap_or(package);
            package == "go"
                || package == "golang"
                || package.starts_with("golang-")
                || package == "gcc-go"
                || package == "gccgo"
                || package.starts_with("go-1.")
                || package.starts_with("go1.")
                || package == "go-toolset"
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell;
    use crate::text::Text;

    #[test]
    fn commands_have_roles() {
        let role = |text: &str| {
            let all = shell::commands(&Text::line(text, 1, 1));
            of(all.first().expect("a command"))
        };
        for text in [
            "go build",
            "/usr/local/go/bin/go vet",
            "$GO build",
            "${GO} test",
            "xx-go build",
            "go1.22 env",
        ] {
            assert_eq!(role(text), Role::Go, "{text}");
        }
        for text in [
            "make all",
            "$GOBUILD x",
            "./make.bash",
            "build.sh",
            ". ./env",
            "ginkgo -r",
            "ko build",
            "docker build .",
            "sh x",
            "exec \"$@\"",
            "go-build x",
            "bazel run //x",
            "find . -exec go vet {} +",
            "mage",
            "task x",
            "just x",
            "earthly +x",
            "goreleaser",
            "gox",
        ] {
            assert_eq!(role(text), Role::Builds, "{text}");
        }
        for text in [
            "echo x",
            "[ -n x ]",
            "sh -c 'exec /app'",
            "A=1",
            "apk add ca-certificates",
        ] {
            assert_eq!(role(text), Role::Harmless, "{text}");
        }
        for text in ["/app --x", "exec /usr/bin/app", "prometheus --web"] {
            assert_eq!(role(text), Role::Starts, "{text}");
        }
        let installs = |text: &str| installs_go(&shell::commands(&Text::line(text, 1, 1))[0]);
        assert!(
            installs("apk add --no-cache go=1.22-r0") && installs("apt-get install -y golang-1.22")
        );
        assert!(!installs("apk add gosu") && !installs("apt-get install -y golangci"));
    }
}
