//! What a command does with the variables that it gets: builds with them, passes over them, or starts a program.

use super::shell::Command;

/// What a command is, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The `go` command.
    Go,
    /// May run a `go` command: a build tool, a script, a shell, something that only a variable names.
    Builds,
    /// Reads no variable of Go and starts nothing that could.
    Harmless,
    /// Some other program.
    Starts,
}

/// Build tools, and what runs commands that others wrote down.
const BUILDERS: &[&str] = &[
    "abuild",
    "act",
    "air",
    "ansible",
    "ansible-playbook",
    "apko",
    "bazel",
    "bazelisk",
    "bee",
    "buck",
    "buck2",
    "buf",
    "buffalo",
    "buildah",
    "buildctl",
    "buildkitd",
    "catchsegv",
    "ccache",
    "changie",
    "cmake",
    "code-server",
    "compile",
    "configure",
    "controller-gen",
    "coder",
    "deadcode",
    "debuild",
    "devbox",
    "dh",
    "dlv",
    "docker",
    "docker-compose",
    "dpkg-buildpackage",
    "earth",
    "earthly",
    "entr",
    "fpm",
    "fresh",
    "fyne",
    "fyne-cross",
    "gb",
    "garble",
    "gh",
    "ginkgo",
    "git",
    "gitlab-runner",
    "gogio",
    "goimports",
    "golangci-lint",
    "golint",
    "gomobile",
    "gopherjs",
    "gopls",
    "goreleaser",
    "goreman",
    "gosec",
    "gotestsum",
    "govulncheck",
    "gox",
    "grunt",
    "gulp",
    "helm",
    "img",
    "jenkins",
    "just",
    "kaniko",
    "ko",
    "lerna",
    "licensei",
    "mage",
    "make",
    "makepkg",
    "gmake",
    "bmake",
    "nmake",
    "melange",
    "meson",
    "mockgen",
    "nerdctl",
    "ninja",
    "nix",
    "nix-build",
    "nix-shell",
    "node",
    "npm",
    "npx",
    "pack",
    "parallel",
    "perl",
    "plz",
    "pnpm",
    "podman",
    "pre-commit",
    "python",
    "python3",
    "realize",
    "reflex",
    "rpmbuild",
    "ruby",
    "scons",
    "skaffold",
    "snapcraft",
    "ssh",
    "staticcheck",
    "task",
    "tilt",
    "tinygo",
];
/// More of them.
const MORE_BUILDERS: &[&str] = &[
    "turbo",
    "wails",
    "wails3",
    "watchexec",
    "waf",
    "werf",
    "xgo",
    "xvfb-run",
    "yarn",
    "act_runner",
    "tmux",
    "screen",
    "supervisord",
    "systemd-run",
    "CompileDaemon",
];
/// Commands that read none of these variables and start nothing.
const HARMLESS: &[&str] = &[
    ":",
    "[",
    "[[",
    "]",
    "]]",
    "addgroup",
    "adduser",
    "alias",
    "apk",
    "apt",
    "apt-cache",
    "apt-get",
    "apt-key",
    "awk",
    "base64",
    "basename",
    "break",
    "bunzip2",
    "bzip2",
    "case",
    "cat",
    "cd",
    "chgrp",
    "chmod",
    "chown",
    "clear",
    "cmp",
    "comm",
    "continue",
    "cp",
    "curl",
    "cut",
    "date",
    "dd",
    "declare",
    "df",
    "diff",
    "dig",
    "dirname",
    "dnf",
    "dpkg",
    "du",
    "echo",
    "esac",
    "exit",
    "export",
    "expr",
    "false",
    "fgrep",
    "egrep",
    "file",
    "find",
    "fold",
    "free",
    "getcap",
    "getent",
    "getopts",
    "gpg",
    "grep",
    "groupadd",
    "gunzip",
    "gzip",
    "hash",
    "head",
    "hostname",
    "id",
    "install",
    "ip",
    "jq",
    "kill",
    "killall",
    "ldconfig",
    "less",
    "ln",
    "local",
    "locale-gen",
    "logger",
    "ls",
    "md5sum",
    "microdnf",
    "mkdir",
    "mkfifo",
    "mknod",
    "mktemp",
    "mount",
    "mv",
    "nc",
    "nproc",
    "nslookup",
    "openssl",
    "pacman",
    "pgrep",
    "ping",
    "pkill",
    "popd",
    "printenv",
    "printf",
    "ps",
    "pushd",
    "pwd",
    "read",
    "readlink",
    "readonly",
    "realpath",
    "return",
    "rm",
    "rmdir",
    "rpm",
    "sed",
    "seq",
    "set",
    "setcap",
    "sha256sum",
    "shift",
    "shopt",
    "sleep",
    "sort",
    "stat",
    "sync",
    "sysctl",
    "tail",
    "tar",
    "tdnf",
];
/// More of them.
const MORE_HARMLESS: &[&str] = &[
    "tee",
    "test",
    "touch",
    "tr",
    "trap",
    "true",
    "tty",
    "type",
    "tzselect",
    "ulimit",
    "umask",
    "umount",
    "unalias",
    "uname",
    "uniq",
    "unlink",
    "unset",
    "unxz",
    "unzip",
    "update-ca-certificates",
    "update-ca-trust",
    "upx",
    "useradd",
    "usermod",
    "wait",
    "wc",
    "wget",
    "which",
    "whoami",
    "xz",
    "yes",
    "yq",
    "yum",
    "zcat",
    "zip",
    "zypper",
];
/// Shells: what they run is not known here, but for `sh -c`, whose script is read as commands of its own.
const SHELLS: [&str; 9] = [
    "sh", "bash", "ash", "dash", "ksh", "zsh", "busybox", "fish", "pwsh",
];
/// Extensions of scripts.
const SCRIPTS: [&str; 10] = [
    ".sh", ".bash", ".py", ".pl", ".rb", ".mk", ".js", ".ps1", ".bat", ".cmd",
];
/// Subcommands of the `go` command.
const VERBS: [&str; 19] = [
    "build",
    "clean",
    "doc",
    "env",
    "fix",
    "fmt",
    "generate",
    "get",
    "install",
    "list",
    "mod",
    "run",
    "telemetry",
    "test",
    "tool",
    "version",
    "vet",
    "work",
    "bug",
];
/// Variables that hold the name of the `go` command by custom.
const GO_NAMES: [&str; 12] = [
    "GO",
    "GOCMD",
    "GO_CMD",
    "GOEXE",
    "GO_EXE",
    "GO_BIN",
    "GOTOOL",
    "GO_BINARY",
    "GOCOMMAND",
    "GO_COMMAND",
    "go",
    "GOLANG",
];

/// The name of a variable when the word is `$NAME` or `${NAME}` and nothing else.
pub fn variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = match name.strip_prefix('{') {
        Some(inside) => inside.strip_suffix('}')?,
        None => name,
    };
    super::kind::is_name(name).then_some(name)
}

/// True for a `go` command: `go`, `go1.22.3`, `gotip`, `xx-go`, or `$GO` in front of one of its subcommands.
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

/// What a command is.
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
    let one = |list: &[&str]| list.contains(&lower);
    if one(HARMLESS) || one(MORE_HARMLESS) {
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
    // The script of `sh -c` comes as commands of its own.
    if SHELLS.contains(&lower) && super::shell::script_of(command).is_some() {
        return Role::Harmless;
    }
    let built = first.as_str().contains('$')
        || first.as_str().contains('`')
        || matches!(name, "." | "source" | "eval" | "@")
        || SHELLS.contains(&lower)
        || one(BUILDERS)
        || one(MORE_BUILDERS)
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
    if built { Role::Builds } else { Role::Starts }
}

/// True when a package manager installs Go.
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
    use crate::deploy::shell;
    use crate::deploy::text::Text;

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
