//! The recipe as a POSIX shell script that a person can read and run. `gospect rebuild` runs the same script.

use super::recipe::{Recipe, Source};
use crate::bytes::escape::shell_word as quoted;
use std::fmt::Write as _;

/// Path of the built program, relative to the working folder of the script.
pub const RESULT: &str = "out/program";

/// Begins a line that announces a step of the script.
pub const STEP: &str = "== ";

/// The announced steps; the last one before an error is the one that failed.
pub mod step {
    pub const GO: &str = "the go command";
    pub const TOOLCHAIN: &str = "the toolchain";
    pub const SOURCE: &str = "the source";
    pub const BUILD: &str = "the build";
}

/// The commands of a recipe, in groups.
pub fn commands(recipe: &Recipe) -> Vec<String> {
    let mut all = vec![
        "set -eu".to_owned(),
        "step() { echo \"== $*\" >&2; }".to_owned(),
        "work=${1:-$(mktemp -d)}\nmkdir -p \"$work/home\" \"$work/tmp\" \"$work/bin\" \"$work/out\"".to_owned(),
        format!("go=${{GO:-go}}\nstep {}\n\"$go\" version", quoted(step::GO)),
        KEPT.to_owned(),
        FORGOTTEN.to_owned(),
        PRIVATE.to_owned(),
    ];
    if let Some(folder) = &recipe.module_cache {
        all.push(format!(
            "# Without -trimpath the folder of the modules is part of the program. Where it is that of this user, it may be used later.\nchecked=\n[ \"$modules\" != {folder} ] || {{ checked=$work/checked; export GOMODCACHE=\"$checked\"; }}",
            folder = quoted(folder)
        ));
    }
    let mut exports = format!("export GOTOOLCHAIN={}", quoted(&recipe.toolchain));
    for (key, value) in &recipe.environment {
        let _ = write!(exports, " {key}={}", quoted(value));
    }
    let has_cgo = recipe
        .environment
        .iter()
        .any(|(key, value)| key == "CGO_ENABLED" && value == "1");
    all.push(exports);
    if !has_cgo {
        all.push("export CC=false CXX=false".to_owned());
    }
    all.push(format!(
        "step {} {toolchain}\ncd \"$work\"\nversion=$(\"$go\" env GOVERSION) || {{ echo 'the toolchain {toolchain} cannot be fetched' >&2; exit 2; }}\ncase $version in\n{toolchain} | {toolchain}[\\ -]*) ;;\n*) echo 'the go command found is older than Go 1.21 and cannot fetch {toolchain}' >&2; exit 2 ;;\nesac",
        step::TOOLCHAIN,
        toolchain = recipe.toolchain,
    ));
    all.extend(source(recipe));
    if recipe.module_cache.is_some() {
        all.push(format!("{}\n{UNCHANGED}", unpack(recipe)));
    }
    all.push(build(recipe));
    all
}

/// Keeps the user's settings for module proxies and checksum databases.
const KEPT: &str = "# Where modules come from stays as it is: GOPROXY without `direct`, so that only proxies are asked.
ask() { (cd / && GOTOOLCHAIN=local \"$go\" env \"$1\"); }
GOPROXY=$(ask GOPROXY | sed 's/[,|]direct.*$//; s/^direct$/off/')
GOSUMDB=$(ask GOSUMDB) GOPRIVATE=$(ask GOPRIVATE) GONOPROXY=$(ask GONOPROXY) GONOSUMDB=$(ask GONOSUMDB)
# What was downloaded before is taken from there; its sums are checked all the same.
modules=$(ask GOMODCACHE)
GOPROXY=\"file://$modules/cache/download,$GOPROXY\"";

const FORGOTTEN: &str = "# All other settings of the user are forgotten.
for name in $(env | sed -n 's/^\\(GO[A-Z0-9_]*\\)=.*/\\1/p; s/^\\(CGO_[A-Z]*\\)=.*/\\1/p; s/^\\(GIT_[A-Z_]*\\)=.*/\\1/p'); do
  case $name in GOPROXY | GOSUMDB | GOPRIVATE | GONOPROXY | GONOSUMDB) ;; *) unset \"$name\" ;; esac
done
unset CC CXX FC AR PKG_CONFIG XDG_CONFIG_HOME XDG_CACHE_HOME";

const PRIVATE: &str = "cache=${REBUILD_CACHE:-$work/cache}
export GOPROXY GOSUMDB GOPRIVATE GONOPROXY GONOSUMDB
export HOME=\"$work/home\" TMPDIR=\"$work/tmp\" GOENV=off GOFLAGS= GOWORK=off GO111MODULE=on GOVCS='*:off'
export GOPATH=\"$work/gopath\" GOMODCACHE=\"$cache/mod\" GOCACHE=\"$cache/build\"
mkdir -p \"$HOME/.config/go/telemetry\" && echo off >\"$HOME/.config/go/telemetry/mode\"";

fn source(recipe: &Recipe) -> Vec<String> {
    let stand_in = |folder: &str, prefix: &str| {
        recipe.stamp.as_ref().map(|stamp| {
            format!(
                "{folder}cat >\"$work/bin/git\" <<'END'\n{}END\nchmod +x \"$work/bin/git\"\nexport PATH=\"$work/bin:$PATH\"",
                stamp.stand_in(prefix)
            )
        })
    };
    match &recipe.source {
        Source::Distribution => Vec::new(),
        Source::Install { module, version } => vec![download(recipe, module, version)],
        Source::Module { module, version } => {
            let mut all = vec![
                download(recipe, module, version),
                "rm -rf \"$work/source\"\ncp -R \"$(sed -n 's/^.*\"Dir\": \"\\(.*\\)\".*$/\\1/p' \"$work/module.json\")\" \"$work/source\"\nchmod -R u+w \"$work/source\"\ncd \"$work/source\"".to_owned(),
            ];
            all.extend(stand_in("mkdir .git\n", ""));
            all
        }
        Source::Folder {
            folder,
            prefix,
            copied,
        } => {
            let path = quoted(&folder.to_string_lossy());
            let mut all = vec![match copied {
                true => format!(
                    "step {} {path}\nrm -rf \"$work/source\"\ncp -R {path} \"$work/source\"\nchmod -R u+w \"$work/source\"\ncd \"$work/source\"",
                    step::SOURCE
                ),
                false => format!("step {} {path}\ncd {path}", step::SOURCE),
            }];
            let prefix = if *copied { "" } else { prefix.as_str() };
            all.extend(stand_in(if *copied { "mkdir .git\n" } else { "" }, prefix));
            all
        }
    }
}

/// Downloads a module, and compares its checksum with the recorded one.
fn download(recipe: &Recipe, module: &str, version: &str) -> String {
    let name = quoted(&format!("{module}@{version}"));
    let mut text = format!(
        "step {} {name}\n\"$go\" mod download -json {name} >\"$work/module.json\" || {{ sed -n 's/^.*\"Error\": \"\\(.*\\)\".*$/\\1/p' \"$work/module.json\" >&2; exit 2; }}",
        step::SOURCE
    );
    if let Some(sum) = &recipe.sum {
        let _ = write!(
            text,
            "\ngrep -qF {} \"$work/module.json\" || {{ echo 'the module has another sum than the program records' >&2; exit 2; }}",
            quoted(sum)
        );
    }
    text
}

/// Uses the module cache of the user if everything that the build takes from it is as it was downloaded.
const UNCHANGED: &str = "# Whoever can write to the module cache of this user could have changed what is there. So it is used only if all modules of the build were
# downloaded and checked, and that cache has the same folders and the same go.mod files.
first_other() {
  while IFS= read -r part; do
    diff -r \"$checked/$part\" \"$modules/$part\" >/dev/null 2>&1 || { echo \"${part#./}\"; break; }
  done <\"$work/parts\"
}
if [ -n \"$checked\" ]; then
  mkdir -p \"$checked/cache/download\"
  (cd \"$checked\" && find . -path ./cache -prune -o -type d -name '*@*' -print -prune && find ./cache/download -type f -name '*.mod') >\"$work/parts\"
  other=$(first_other)
  if [ -z \"$unpacked\" ] || [ ! -s \"$work/parts\" ]; then
    step 'other folders than recorded: not all modules of the build were downloaded and checked'
  elif [ -n \"$other\" ]; then
    step \"other folders than recorded: in the module cache of this user $other is missing or not as downloaded\"
  else
    export GOMODCACHE=\"$modules\"
  fi
fi";

/// Downloads and unpacks all modules of the build, without building.
fn unpack(recipe: &Recipe) -> String {
    let flags = flags(recipe);
    let package = &recipe.package;
    let command = match &recipe.source {
        Source::Install { version, .. } => {
            format!(
                "install -n{flags} {}",
                quoted(&format!("{package}@{version}"))
            )
        }
        _ => format!("build -n{flags} {}", quoted(package)),
    };
    format!("unpacked=\n[ -z \"$checked\" ] || ! \"$go\" {command} >/dev/null 2>&1 || unpacked=yes")
}

fn flags(recipe: &Recipe) -> String {
    let mut flags = String::new();
    for flag in &recipe.flags {
        let _ = write!(flags, " {}", quoted(flag));
    }
    flags
}

fn build(recipe: &Recipe) -> String {
    let flags = flags(recipe);
    let package = &recipe.package;
    let start = format!("step {}", quoted(step::BUILD));
    match &recipe.source {
        // `go install` takes the version of the module that contains the package.
        Source::Install { version, .. } => format!(
            "{start}\n\"$go\" install{flags} {}\nmv \"$(find \"$work/gopath/bin\" -type f)\" \"$work/{RESULT}\"",
            quoted(&format!("{package}@{version}"))
        ),
        _ => format!(
            "{start}\n\"$go\" build{flags} -o \"$work/{RESULT}\" {}",
            quoted(package)
        ),
    }
}

/// The whole script.
pub fn script(recipe: &Recipe, program: &str, sha256: &str) -> String {
    let mut text = String::from("#!/bin/sh\n");
    let comment = |line: &str| -> String {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        format!("# {line}\n")
    };
    text.push_str(&comment(&format!(
        "Builds {program} again, as its build info says."
    )));
    text.push_str(&comment(&format!("sha256 of the program: {sha256}")));
    text.push_str("#\n# Usage: sh SCRIPT [FOLDER]    FOLDER: where to work; without it a new temporary folder, which stays\n");
    text.push_str("# It needs a go command, Go 1.21 or newer ($GO names another one than `go`), which fetches the toolchain and the modules\n# through the module proxies of GOPROXY. It writes to FOLDER only.\n");
    if !recipe.assumed.is_empty() {
        text.push_str("#\n# What the program does not say, and was inferred:\n");
        for line in &recipe.assumed {
            text.push_str(&comment(&format!("- {line}")));
        }
    }
    for command in commands(recipe) {
        text.push('\n');
        text.push_str(&command);
        text.push('\n');
    }
    let _ = write!(text, "\necho \"$work/{RESULT}\"\n");
    text
}
