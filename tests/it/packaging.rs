//! What other projects build on: the release archive and its installer, the GitHub Action, and the files for CI systems.

use crate::support::cli::{Output, Scratch, command, finish, run_in};
use crate::support::needs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A script of the repository, run in `dir`.
fn script(name: &str, dir: &Path) -> Command {
    let mut script = Command::new("bash");
    script.arg(format!("{ROOT}/scripts/{name}"));
    script.current_dir(dir);
    script
}

/// `bin/gospect` in a scratch directory: a small script that starts the built program, which is many megabytes.
fn stand_in(scratch: &Scratch) -> PathBuf {
    let text = format!(
        "#!/bin/sh\nexec '{}' \"$@\"\n",
        env!("CARGO_BIN_EXE_gospect")
    );
    let path = scratch.put("bin/gospect", text.as_bytes());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// `.cargo/config.toml` compiles for partial RELRO, whose calls are direct, and links with full RELRO.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn the_program_itself_is_linked_with_full_relro() {
    use goblin::elf::{Elf, dynamic, program_header};
    let bytes = std::fs::read(env!("CARGO_BIN_EXE_gospect")).unwrap();
    let elf = Elf::parse(&bytes).unwrap();
    let mut segments = elf.program_headers.iter();
    assert!(segments.any(|segment| segment.p_type == program_header::PT_GNU_RELRO));
    let flags = elf.dynamic.unwrap().info.flags_1;
    assert_eq!(flags & dynamic::DF_1_NOW, dynamic::DF_1_NOW, "{flags:#x}");
}

#[test]
fn a_release_archive_installs_and_a_changed_one_does_not() {
    let target = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", arch @ ("x86_64" | "aarch64")) => format!("{arch}-unknown-linux-musl"),
        ("macos", arch @ ("x86_64" | "aarch64")) => format!("{arch}-apple-darwin"),
        _ => return crate::support::skipped("release-target", ""),
    };
    if !needs(&["bash", "curl"]) {
        return;
    }
    let scratch = Scratch::new();
    let dist = scratch.path().join("dist");
    let package = |out: &Path| {
        let program = stand_in(&scratch);
        finish(
            script("package.sh", scratch.path())
                .arg(&target)
                .arg(program)
                .arg(out),
        )
    };
    let made = package(&dist);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let name = format!("gospect-{target}.tar.gz");
    assert_eq!(
        made.stdout.trim(),
        dist.canonicalize().unwrap().join(&name).to_string_lossy()
    );
    let list = finish(Command::new("tar").arg("-tzf").arg(dist.join(&name)));
    for part in [
        "gospect",
        "man/gospect.1",
        "man/gospect-audit.1",
        "completions/gospect.bash",
        "completions/_gospect",
        "completions/gospect.fish",
        "completions/_gospect.ps1",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        let wanted = format!("gospect-{target}/{part}");
        assert!(list.stdout.lines().any(|l| l == wanted), "{wanted}");
    }
    let sums = "cd dist && { sha256sum -- *.gz || shasum -a 256 -- *.gz; } > SHA256SUMS";
    let summed = finish(
        Command::new("sh")
            .args(["-c", sums])
            .current_dir(scratch.path()),
    );
    assert_eq!(summed.code, Some(0), "{}", summed.stderr);

    let from = format!("file://{}", dist.display());
    let install = |to: &Path| -> Output {
        finish(
            script("install.sh", scratch.path())
                .env("GOSPECT_DOWNLOADS", &from)
                .arg("--to")
                .arg(to),
        )
    };
    let to = scratch.path().join("in");
    let installed = install(&to);
    assert_eq!(installed.code, Some(0), "{}", installed.stderr);
    let says = finish(Command::new(to.join("gospect")).arg("--version"));
    assert!(says.stdout.starts_with("gospect "), "{}", says.stdout);

    // A program that runs, and the target of a link, stay as they are.
    let used = scratch.path().join("used");
    std::fs::create_dir(&used).unwrap();
    std::fs::copy("/bin/sleep", used.join("gospect")).unwrap();
    let mut running = Command::new(used.join("gospect"))
        .arg("1000")
        .spawn()
        .unwrap();
    let installed = install(&used);
    let still_runs = running.try_wait().unwrap().is_none();
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(installed.code, Some(0), "{}", installed.stderr);
    assert!(still_runs);
    let linked = scratch.path().join("linked");
    std::fs::create_dir(&linked).unwrap();
    let precious = scratch.put("precious", b"precious");
    std::os::unix::fs::symlink(&precious, linked.join("gospect")).unwrap();
    assert_eq!(install(&linked).code, Some(0));
    assert_eq!(std::fs::read(&precious).unwrap(), b"precious");
    for folder in [&used, &linked] {
        let program = folder.join("gospect");
        assert!(std::fs::symlink_metadata(&program).unwrap().is_file());
        let mode = std::fs::metadata(&program).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        let says = finish(Command::new(&program).arg("--version"));
        assert!(says.stdout.starts_with("gospect "), "{}", says.stdout);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    }

    // The same program gives the same bytes, so that anybody can reproduce the archive.
    if cfg!(target_os = "linux") {
        let again = scratch.path().join("again");
        package(&again);
        let read = |dir: &Path| std::fs::read(dir.join(&name)).unwrap();
        assert!(read(&dist) == read(&again), "two archives differ");
    }

    let mut bytes = std::fs::read(dist.join(&name)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(dist.join(&name), bytes).unwrap();
    let refused = scratch.path().join("not");
    let out = install(&refused);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    assert!(out.stderr.contains("not installed"), "{}", out.stderr);
    assert!(!refused.exists());
}

#[test]
fn the_npm_command_passes_signals_on_and_ends_as_its_program_does() {
    if !needs(&["node"]) {
        return;
    }
    let scratch = Scratch::new();
    let start = |program: &str| {
        let path = scratch.put("program", format!("#!/bin/sh\n{program}\n").as_bytes());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Command::new("node")
            .arg(format!("{ROOT}/packaging/templates/gospect.js"))
            .arg("argument")
            .env("GOSPECT_BINARY", path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    for (program, signal, code, ended_by) in [
        ("echo $1; exit 3", None, Some(3), None),
        ("echo $1; kill -KILL $$", None, None, Some(9)),
        ("echo $1; exec sleep 1000", Some("TERM"), None, Some(15)),
        ("echo $1; exec sleep 1000", Some("INT"), None, Some(2)),
        ("echo $1; exec sleep 1000", Some("HUP"), None, Some(1)),
        (
            "trap 'kill $!; exit 7' TERM; sleep 1000 >/dev/null 2>&1 & echo $1; wait",
            Some("TERM"),
            Some(7),
            None,
        ),
    ] {
        let mut node = start(program);
        let mut line = String::new();
        let mut stdout = BufReader::new(node.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "argument\n", "{program}");
        if let Some(signal) = signal {
            let pid = node.id().to_string();
            let sent = Command::new("kill").args(["-s", signal, &pid]).status();
            assert!(sent.unwrap().success());
        }
        let status = node.wait().unwrap();
        assert_eq!(
            (status.code(), status.signal()),
            (code, ended_by),
            "{program}"
        );
    }
}

#[test]
fn an_invalid_version_makes_no_channel() {
    if !needs(&["python3"]) {
        return;
    }
    let scratch = Scratch::new();
    for version in [
        "../../evil",
        "0.3.0\nX: y",
        "0.3.0\n",
        "",
        "\u{663}.0.0",
        "0.3.0-01",
        "0.3.0-a..b",
        "0.3",
        "v0.3.0",
    ] {
        let out = finish(
            Command::new("python3")
                .arg(format!("{ROOT}/packaging/channels"))
                .args(["dist", "out", "--version", version])
                .current_dir(scratch.path()),
        );
        assert_eq!(out.code, Some(1), "{version:?}");
        assert!(
            out.stderr.contains("is not a version such as"),
            "{}",
            out.stderr
        );
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    }
    // A valid version, even with hyphens in its pre-release, gets as far as the archives, which are missing.
    for version in ["0.3.0", "10.20.30-rc.1", "0.3.0-a-b.0.1x"] {
        let out = finish(
            Command::new("python3")
                .arg(format!("{ROOT}/packaging/channels"))
                .args(["dist", "out", "--version", version])
                .current_dir(scratch.path()),
        );
        assert!(out.stderr.contains("no such archive"), "{}", out.stderr);
    }
    assert!(!scratch.path().join("out").exists());
}

/// Runs the action's script with these inputs; returns its output and the outputs that it set.
fn action(scratch: &Scratch, inputs: &[(&str, &str)]) -> (Output, String) {
    let bin = stand_in(scratch);
    let path = std::env::join_paths(std::iter::once(bin.parent().unwrap().to_owned()).chain(
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()),
    ))
    .unwrap();
    let outputs = scratch.put("outputs", b"");
    let mut script = script("action.sh", scratch.path());
    script
        .env("PATH", path)
        .env("RUNNER_TEMP", scratch.path())
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_STEP_SUMMARY", scratch.path().join("summary.md"))
        .envs(inputs.iter().copied());
    let out = finish(&mut script);
    (out, std::fs::read_to_string(outputs).unwrap())
}

#[test]
fn the_action_scans_once_and_writes_every_report() {
    if !needs(&["bash"]) {
        return;
    }
    let scratch = Scratch::new();
    scratch.put_fixture("1.27-linux-amd64-hello");
    let targets = "\n  \n1.27-linux-amd64-hello\n";
    let (out, outputs) = action(
        &scratch,
        &[
            ("TARGETS", targets),
            ("PROFILE", "release"),
            ("SARIF", "out.sarif"),
            ("ARGS", "-D missing-vcs-stamp"),
        ],
    );
    assert_eq!(out.code, Some(1), "{}{}", out.stdout, out.stderr);
    assert!(out.stdout.contains("::error file="), "{}", out.stdout);
    for line in ["exit-code=1", "sarif=out.sarif", "records="] {
        assert!(outputs.lines().any(|l| l.starts_with(line)), "{outputs}");
    }
    let read = |name: &str| std::fs::read_to_string(scratch.path().join(name)).unwrap();
    assert!(read("out.sarif").contains("missing-vcs-stamp"));
    assert!(read("summary.md").contains("missing-vcs-stamp"));

    let (fine, outputs) = action(
        &scratch,
        &[
            ("TARGETS", targets),
            ("FORMAT", "json"),
            ("OUTPUT", "a.json"),
        ],
    );
    assert_eq!(fine.code, Some(0), "{}{}", fine.stdout, fine.stderr);
    assert!(outputs.contains("report=a.json") && outputs.contains("exit-code=0"));
    assert!(read("a.json").starts_with('{'));
    // A mistake in the inputs is said once, and ends with 2.
    let inputs = [("TARGETS", targets), ("PROFILE", "releas"), ("SARIF", "b")];
    let (wrong, outputs) = action(&scratch, &inputs);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert_eq!(
        wrong.stderr.matches("no profile `releas`").count(),
        1,
        "{}",
        wrong.stderr
    );
    assert!(outputs.contains("exit-code=2"), "{outputs}");
}

#[cfg(feature = "verify")]
#[test]
fn the_action_verifies_the_same_records() {
    if !needs(&["bash"]) {
        return;
    }
    let scratch = Scratch::new();
    scratch.put_fixture("1.27-linux-amd64-deps");
    for (name, code, mark) in [("right", 0, "✅ equal"), ("wrong", 1, "❌ different")] {
        let go_sum = format!("{}/testdata/verify/{name}.sum", env!("CARGO_MANIFEST_DIR"));
        let args = format!("--sumdb off --go-sum {go_sum}");
        let (out, outputs) = action(
            &scratch,
            &[
                ("TARGETS", "1.27-linux-amd64-deps"),
                ("ARGS", "-Aall"),
                ("VERIFY", "true"),
                ("VERIFY_ARGS", &args),
            ],
        );
        assert_eq!(out.code, Some(code), "{}{}", out.stdout, out.stderr);
        assert!(outputs.contains(&format!("exit-code={code}")), "{outputs}");
        let summary = std::fs::read_to_string(scratch.path().join("summary.md")).unwrap();
        assert!(
            summary.contains(&format!("## gospect verify: {mark}")),
            "{summary}"
        );
    }
}

#[test]
fn the_action_rebuilds_a_program() {
    if !needs(&["bash"]) {
        return;
    }
    let scratch = Scratch::new();
    scratch.put_fixture("1.27-linux-amd64-deps");
    let (out, outputs) = action(
        &scratch,
        &[
            ("TARGETS", "1.27-linux-amd64-deps"),
            ("ARGS", "-Aall"),
            ("REBUILD", "1.27-linux-amd64-deps"),
            (
                "REBUILD_ARGS",
                "--module example.com/app@v1.0.0 --go ./no-such-go",
            ),
        ],
    );
    // The go command does not exist, and the report says so: the job fails, but the statement is still written.
    assert_eq!(out.code, Some(2), "{}{}", out.stdout, out.stderr);
    assert!(outputs.contains("exit-code=2"), "{outputs}");
    let summary = std::fs::read_to_string(scratch.path().join("summary.md")).unwrap();
    for text in [&summary, &out.stdout] {
        assert!(text.contains("## gospect rebuild: not-built"), "{text}");
    }
    let statement = outputs
        .lines()
        .find_map(|line| line.strip_prefix("rebuild-statement="))
        .unwrap();
    let statement: serde_json::Value =
        serde_json::from_slice(&std::fs::read(statement).unwrap()).unwrap();
    assert_eq!(statement["predicate"]["verdict"], "not-built");
}

#[test]
fn the_action_never_runs_its_inputs_and_says_what_is_wrong() {
    if !needs(&["bash"]) {
        return;
    }
    let scratch = Scratch::new();
    let (out, outputs) = action(&scratch, &[("TARGETS", "$(touch hit)\n--output=hit")]);
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    assert!(outputs.contains("exit-code=2"));
    assert!(!scratch.path().join("hit").exists());
    let (out, _) = action(&scratch, &[("TARGETS", "  ")]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stdout.contains("::error::") && out.stdout.contains("targets"),
        "{}",
        out.stdout
    );
}

#[test]
fn a_hook_may_be_given_files_that_are_not_go() {
    let scratch = Scratch::new();
    scratch.put("logo.png", &[0; 40_000]);
    let out = run_in(scratch.path(), &["audit", "--allow-none", "logo.png"]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let out = run_in(scratch.path(), &["audit", "logo.png"]);
    assert_eq!(out.code, Some(3), "{}", out.stderr);
}

#[test]
fn the_hooks_are_commands() {
    let hooks = std::fs::read_to_string(format!("{ROOT}/.pre-commit-hooks.yaml")).unwrap();
    let entries: Vec<_> = hooks
        .lines()
        .filter_map(|l| l.trim().strip_prefix("entry: gospect "))
        .collect();
    assert!(entries.len() >= 3, "{hooks}");
    for entry in entries {
        let mut run = command();
        run.args(entry.split_whitespace()).arg("--help");
        assert_eq!(finish(&mut run).code, Some(0), "{entry}");
    }
}

#[test]
fn the_files_for_ci_pass_their_linters() {
    if !needs(&["bash"]) {
        return;
    }
    let out = finish(&mut script("check-packaging.sh", Path::new(ROOT)));
    println!("{}", out.stdout);
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
    for line in out.stdout.lines() {
        if let Some(what) = line.strip_prefix("skipped: ") {
            crate::support::skipped("linter", what.split(": no ").next().unwrap_or(what));
        }
    }
}

/// Packages and manifests are made from one table, and installed or checked by the tools that are here.
#[test]
fn every_channel_is_made_and_installs() {
    if !needs(&["bash", "python3"]) {
        return;
    }
    let out = finish(
        Command::new("python3")
            .arg(format!("{ROOT}/packaging/check.py"))
            .arg(env!("CARGO_BIN_EXE_gospect")),
    );
    println!("{}", out.stdout);
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
    let passed = out.stdout.lines().filter(|l| l.starts_with("ok: ")).count();
    assert!(passed >= 3, "{}", out.stdout);
    for line in out.stdout.lines() {
        if let Some((what, tool)) = line
            .strip_prefix("skipped: ")
            .and_then(|rest| rest.rsplit_once(": no "))
        {
            crate::support::skipped(
                "channel-tools",
                &format!("{what}: {}", tool.trim_end_matches(" here")),
            );
        }
    }
}

#[test]
fn gospects_own_bill_names_its_crates_and_no_folder() {
    if !needs(&["bash", "cargo-cyclonedx"]) {
        return;
    }
    let scratch = Scratch::new();
    let mut own = script("own-sbom.sh", Path::new(ROOT));
    let out = finish(own.arg(scratch.path()));
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
    let bill = std::fs::read_to_string(scratch.path().join("gospect.cdx.json")).unwrap();
    assert!(!bill.contains(ROOT) && !bill.contains("file:"), "{bill}");
    let bill: serde_json::Value = serde_json::from_str(&bill).unwrap();
    assert_eq!(bill["metadata"]["component"]["name"], "gospect");
    let components = bill["components"].as_array().unwrap();
    let named = |name: &str| components.iter().any(|c| c["name"] == name);
    assert!(named("clap") && named("serde_json") && !named("divan"));
}
