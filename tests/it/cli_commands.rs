//! The smaller commands, and help for a first-time user.

use crate::support::cli::{Output, Scratch, command, finish, run, run_in};
use serde_json::Value;

fn json(out: &Output) -> Value {
    serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", out.stderr))
}

#[test]
fn without_arguments_it_says_what_to_type() {
    let out = run::<&str>(&[]);
    assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""));
    for next in ["gospect scan DIR", "gospect audit DIR", "gospect help"] {
        assert!(out.stderr.contains(next), "{next}");
    }
    let typo = run(&["adit", "."]);
    assert_eq!(typo.code, Some(2));
    assert!(typo.stderr.contains("'audit'"), "{}", typo.stderr);
    let format = run(&["scan", "--format=jsn", "."]);
    assert_eq!(format.code, Some(2));
    assert!(format.stderr.contains("'json'"), "{}", format.stderr);
}

#[test]
fn a_target_without_a_command_is_scanned() {
    let scratch = Scratch::new();
    scratch.put_fixture("1.27-linux-amd64-trimstrip");
    let place = scratch.path();
    let short = run_in(place, &[".", "--format=csv"]);
    assert_eq!(short.code, Some(0), "{}", short.stderr);
    assert_eq!(
        short.stdout,
        run_in(place, &["scan", ".", "--format=csv"]).stdout
    );
    // The name of a command is a command, even if there is a file of that name.
    std::fs::create_dir(place.join("explain")).unwrap();
    assert!(run_in(place, &["explain"]).stdout.contains("GS"));
    let missing = run_in(place, &["nothing-here"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("unrecognized subcommand"));
}

#[test]
fn other_tools_words_for_images_lead_to_a_way_that_works() {
    for (args, want) in [
        (
            &["scan", "containers-storage:app"][..],
            "podman save app | gospect scan -",
        ),
        (&["vuln", "docker:app"], "docker save app | gospect vuln -"),
        (
            &["diff", "docker:app", "docker:b"],
            "docker save -o image.tar app",
        ),
        (&["docker://example.org/app"], "registry:example.org/app"),
    ] {
        let out = run(args);
        assert_eq!(out.code, Some(2), "{args:?}");
        assert!(out.stderr.contains(want), "{args:?}: {}", out.stderr);
    }
}

#[test]
fn colours_follow_the_environment() {
    let scratch = Scratch::new();
    scratch.put_fixture("1.27-linux-amd64-trimstrip");
    let colours = |set: &[(&str, &str)], args: &[&str]| {
        let mut command = command();
        command.current_dir(scratch.path());
        command.args(["scan", "."]).args(args);
        command.envs(set.iter().copied());
        finish(&mut command).stdout.contains('\u{1b}')
    };
    assert!(!colours(&[], &[]));
    assert!(!colours(&[("FORCE_COLOR", "0")], &[]));
    for name in ["FORCE_COLOR", "CLICOLOR_FORCE"] {
        assert!(colours(&[(name, "1")], &[]), "{name}");
        assert!(!colours(&[(name, "1"), ("NO_COLOR", "1")], &[]), "{name}");
        assert!(!colours(&[(name, "1")], &["--color=never"]), "{name}");
    }
    assert!(colours(&[("NO_COLOR", "1")], &["--color=always"]));
}

#[test]
fn every_command_is_in_help_manual_and_completions() {
    let commands = [
        "scan",
        "ps",
        "audit",
        "lint",
        "diff",
        "sbom",
        "fips",
        "packages",
        "db",
        "explain",
        "init",
        "version",
        "completions",
        "man",
    ];
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    let manual = run(&["man"]).stdout;
    let scratch = Scratch::new();
    assert_eq!(
        run_in(scratch.path(), &["man", "--directory=pages"]).code,
        Some(0)
    );
    for name in commands {
        assert!(help.stdout.contains(&format!("\n  {name} ")), "{name}");
        assert!(manual.contains(&format!("gospect\\-{name}(1)")), "{name}");
        let page = std::fs::read_to_string(scratch.path().join(format!("pages/gospect-{name}.1")));
        assert!(page.unwrap().contains(".SH SYNOPSIS"), "{name}");
        let one = run(&["man", name]);
        assert!(one.stdout.contains(".SH NAME"), "{name}: {}", one.stderr);
        assert_eq!(run(&["help", name]).code, Some(0), "{name}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, Some(0), "{shell}");
        for name in commands {
            assert!(script.stdout.contains(name), "{shell}: {name}");
        }
        // The generators for the other two shells leave out values.
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert!(script.stdout.contains("sarif"), "{shell}");
        }
    }
    let wrong = run(&["man", "adit"]);
    assert!(
        wrong.code == Some(2) && wrong.stderr.contains("`audit`"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn help_is_short_with_h_and_long_with_help() {
    for name in ["scan", "audit", "lint", "diff", "sbom", "fips", "explain"] {
        let short = run(&[name, "-h"]);
        let long = run(&[name, "--help"]);
        assert_eq!((short.code, long.code), (Some(0), Some(0)), "{name}");
        assert_eq!(long.stdout, run(&["help", name]).stdout, "{name}");
        let lines = short.stdout.lines().count();
        assert!(lines <= 50, "{name}: {lines} lines");
        assert!(
            short.stdout.contains(&format!("gospect {name} --help")),
            "{name}"
        );
        assert!(
            long.stdout.contains("Examples:") && !short.stdout.contains("Examples:"),
            "{name}"
        );
        assert!(long.stdout.lines().count() > lines, "{name}");
        let too_wide = short.stdout.lines().find(|l| l.chars().count() > 100);
        assert_eq!(too_wide, None, "{name}");
    }
    for topic in ["targets", "formats", "exit-codes", "policy"] {
        assert!(run(&["--help"]).stdout.contains(topic), "{topic}");
        let out = run(&["help", topic]);
        assert!(
            out.code == Some(0) && out.stdout.contains("Examples:"),
            "{topic}"
        );
        let too_wide = out.stdout.lines().find(|l| l.chars().count() > 120);
        assert_eq!(too_wide, None, "{topic}");
    }
    let unknown = run(&["help", "audti"]);
    assert!(
        unknown.code == Some(2) && unknown.stderr.contains("audit"),
        "{}",
        unknown.stderr
    );
}

/// Checked by the shells themselves, where they are installed.
#[test]
fn completions_are_scripts_that_their_shells_read() {
    let s = Scratch::new();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = s.put(shell, run(&["completions", shell]).stdout.as_bytes());
        match std::process::Command::new(shell)
            .arg(check)
            .arg(&script)
            .output()
        {
            Ok(out) => assert!(
                out.status.success() && out.stderr.is_empty(),
                "{shell}: {}",
                String::from_utf8_lossy(&out.stderr)
            ),
            Err(_) => crate::support::skipped(shell, ""),
        }
    }
    // Completions of bash after `gospect li` and after a format flag.
    let script = format!(
        "source {}/bash; COMP_WORDS=(gospect li); COMP_CWORD=1; _gospect gospect li gospect; echo ${{COMPREPLY[*]}}",
        s.path().display()
    );
    match std::process::Command::new("bash")
        .args(["-c", &script])
        .output()
    {
        Ok(out) => assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "lint"),
        Err(_) => crate::support::skipped("bash", ""),
    }
}

/// A partly typed command, and a word that the shell must then offer or insert.
const TYPED: [(&str, &str); 10] = [
    ("gospect sc", "scan"),
    ("gospect scan --form", "--format"),
    ("gospect scan --format nd", "ndjson"),
    ("gospect audit --format sa", "sarif"),
    ("gospect audit -D godebug-fa", "godebug-fatal"),
    ("gospect audit --profile conta", "container"),
    ("gospect diff --fail-on toolc", "toolchain"),
    ("gospect lint --kind kub", "kubernetes"),
    ("gospect explain asynct", "asynctimerchan"),
    ("gospect help exit", "exit-codes"),
];

#[test]
fn fish_completes_commands_flags_formats_and_rules() {
    let s = Scratch::new();
    let script = s.put(
        "gospect.fish",
        run(&["completions", "fish"]).stdout.as_bytes(),
    );
    let ask = |typed: &str| {
        let code = format!("source {}; complete -C'{typed}'", script.display());
        let mut fish = std::process::Command::new("fish");
        fish.args(["--no-config", "-c", &code])
            .env("HOME", s.path());
        Some(String::from_utf8_lossy(&fish.output().ok()?.stdout).into_owned())
    };
    for (typed, want) in TYPED {
        let Some(offered) = ask(typed) else {
            return crate::support::skipped("fish", "");
        };
        let words: Vec<_> = offered
            .lines()
            .filter_map(|l| l.split('\t').next())
            .collect();
        assert!(words.contains(&want), "{typed}: {offered}");
    }
    let commands = ask("gospect ").unwrap();
    assert!(commands.contains("audit\tJudge the binaries"), "{commands}");
}

/// In zsh's own pseudo-terminal, with the line printed instead of run.
#[test]
fn zsh_completes_commands_flags_formats_and_rules() {
    let s = Scratch::new();
    s.put("_gospect", run(&["completions", "zsh"]).stdout.as_bytes());
    let mut code = format!(
        "zmodload zsh/zpty; TERM=dumb zpty z zsh -f -i
zpty -w z 'PS1=; fpath=({0} $fpath); autoload -Uz compinit; compinit -D -u; cd {0}; print re\"\"ady'
until [[ $all == *ready* ]]; do zpty -r z line || exit 3; all+=$line; done\n",
        s.path().display()
    );
    for (typed, _) in TYPED {
        code += &format!(
            "zpty -n -w z \"{typed}\"$'\\t\\C-aprint -r -- \"=\" \\C-e; print do\"\"ne\\n'
all=; until [[ $all == *done* ]]; do zpty -r z line || exit 3; all+=$line; done; print -r -- \"$all\"\n"
        );
    }
    let mut zsh = std::process::Command::new("zsh");
    zsh.args(["-f", "-c", &code]).env("HOME", s.path());
    let Ok(out) = zsh.output() else {
        return crate::support::skipped("zsh", "");
    };
    let out = String::from_utf8_lossy(&out.stdout);
    for (typed, want) in TYPED {
        let start = typed.rsplit_once(' ').unwrap().0;
        let line = format!("= {start} {want}");
        assert!(out.contains(&line), "{typed}: {out}");
    }
}

/// Cyan and white are unreadable on a light background, blue on a dark one.
#[test]
fn colours_can_be_read_on_dark_and_light_backgrounds() {
    let s = Scratch::new();
    let new = s.put_fixture("1.27-linux-amd64-weak");
    let old = s.put_fixture("1.19-linux-amd64-deps");
    s.put(
        "Dockerfile",
        include_bytes!("../../testdata/lint/Dockerfile"),
    );
    let (new, old) = (new.to_str().unwrap(), old.to_str().unwrap());
    let mut seen = std::collections::BTreeSet::new();
    for args in [
        &["scan", old][..],
        &["scan", old, new],
        &["audit", old, new],
        &["diff", old, new],
        &["lint", "Dockerfile"],
        &["verify", "--sumdb=offline", old],
        &["fips", old],
        &["packages", old],
        &["explain", "race-detector"],
    ] {
        let out = crate::support::cli::run_in(s.path(), &[args, &["--color=always"]].concat());
        // Colours are private characters until the text is written.
        let is_private = |c: char| ('\u{e0000}'..='\u{e0fff}').contains(&c);
        assert!(
            !out.stdout.contains(is_private),
            "{args:?}: {:?}",
            out.stdout
        );
        let codes = out.stdout.split("\x1b[").skip(1);
        let codes = codes.filter_map(|rest| rest.split_once('m'));
        let codes: Vec<_> = codes.flat_map(|(codes, _)| codes.split(';')).collect();
        assert!(codes.len() > 3, "{args:?} has no colours: {}", out.stdout);
        seen.extend(codes.into_iter().map(str::to_owned));
    }
    for code in &seen {
        assert!(
            ["", "0", "1", "2", "31", "32", "33", "35"].contains(&code.as_str()),
            "{code}"
        );
    }
}

#[test]
fn init_writes_a_policy_that_audit_reads_and_never_overwrites() {
    let s = Scratch::new();
    s.put_fixture("1.27-linux-amd64-trimstrip");
    assert_eq!(run_in(s.path(), &["init"]).code, Some(0));
    let written = std::fs::read(s.path().join("gospect.toml")).unwrap();
    assert_eq!(run_in(s.path(), &["init", "-o", "-"]).raw, written);
    let audit = run_in(s.path(), &["audit", "--print-config"]);
    assert_eq!(audit.code, Some(0), "{}", audit.stderr);
    std::fs::write(s.path().join("gospect.toml"), "# mine\n").unwrap();
    let again = run_in(s.path(), &["init"]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(
        std::fs::read(s.path().join("gospect.toml")).unwrap(),
        b"# mine\n"
    );
    assert_eq!(run_in(s.path(), &["init", "--force"]).code, Some(0));
    assert_eq!(
        std::fs::read(s.path().join("gospect.toml")).unwrap(),
        written
    );
}

#[test]
fn explain_knows_rules_settings_and_experiments() {
    for (name, word) in [
        ("unsupported-toolchain", "GS001"),
        ("gs001", "unsupported-toolchain"),
        ("asynctimerchan", "Go 1.27"),
        ("GOEXPERIMENT=noswissmap", "swissmap"),
    ] {
        for format in ["text", "json", "markdown"] {
            let out = run(&["explain", "--format", format, name]);
            assert_eq!(out.code, Some(0), "{name}: {}", out.stderr);
            assert!(out.stdout.contains(word), "{name} {format}");
            if format == "json" {
                assert!(!json(&out)["explanations"].as_array().unwrap().is_empty());
            }
        }
    }
    let typo = run(&["explain", "asynctimrchan"]);
    assert!(typo.code == Some(2) && typo.stderr.contains("asynctimerchan"));
    let list = run(&["explain"]);
    assert!(list.stdout.contains("GS001") && list.stdout.contains("panicnil"));
}

#[test]
fn fips_shows_module_and_checksum_and_fails_on_a_mismatch() {
    let s = Scratch::new();
    let path = s.put_fixture("1.27-linux-amd64-fips-v1");
    let out = run_in(s.path(), &["fips", "--format=json", "."]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let row = &json(&out)["binaries"][0];
    assert_eq!(row["fips"]["checksum"], "valid", "{row}");
    assert_eq!(row["standing"][0], "certified", "{row}");
    let text = run_in(s.path(), &["fips", "."]).stdout;
    assert!(
        text.contains("v1.0.0-c2097c7c") && !text.to_lowercase().contains("compliant"),
        "{text}"
    );

    // One bit of the recorded checksum, which follows the magic bytes.
    let mut bytes = std::fs::read(&path).unwrap();
    let section = {
        use object::{Object, ObjectSection};
        let file = object::File::parse(&*bytes).unwrap();
        let info = file.section_by_name(".go.fipsinfo").unwrap();
        info.file_range().unwrap().0 as usize
    };
    bytes[section + 16] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let out = run_in(s.path(), &["fips", "."]);
    assert_eq!(out.code, Some(1), "{}", out.stdout);
    assert!(out.stdout.contains("INVALID"), "{}", out.stdout);

    let empty = Scratch::new();
    assert_eq!(run_in(empty.path(), &["fips", "."]).code, Some(3));
    assert_eq!(run_in(s.path(), &["fips", ".", "missing"]).code, Some(2));
    assert_eq!(
        run_in(s.path(), &["fips", "--facts=build-info", "."]).code,
        Some(2)
    );
}

#[test]
fn sbom_is_repeatable_and_names_every_dependency() {
    let s = Scratch::new();
    let id = "1.27-linux-amd64-deps";
    s.put_fixture(id);
    let sbom = |format: &str, epoch: &str| {
        finish(
            command()
                .current_dir(s.path())
                .env("SOURCE_DATE_EPOCH", epoch)
                .args(["sbom", "--format", format, id]),
        )
    };
    let info = crate::support::fixtures::row(id).go_json.clone().unwrap();
    for format in ["cyclonedx", "spdx"] {
        let out = sbom(format, "1795392000");
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        json(&out);
        assert!(out.stdout.contains("2026-11-23T00:00:00Z"), "{format}");
        for module in info["Deps"].as_array().unwrap() {
            let module = module.get("Replace").unwrap_or(module);
            let name = module["Path"].as_str().unwrap();
            assert!(out.stdout.contains(name), "{format}: {name}");
        }
        assert_eq!(out.raw, sbom(format, "1795392000").raw);
        assert_ne!(out.raw, sbom(format, "1795392001").raw);
    }
    let wrong = sbom("spdx", "yesterday");
    assert!(wrong.code == Some(2) && wrong.stderr.contains("SOURCE_DATE_EPOCH"));
    let empty = Scratch::new();
    assert_eq!(run_in(empty.path(), &["sbom", "."]).code, Some(3));
    assert_eq!(run_in(s.path(), &["sbom", "missing", "."]).code, Some(2));
}

#[test]
fn the_day_decides_what_a_card_says_about_support() {
    let s = Scratch::new();
    let id = "1.21-linux-amd64-strip";
    s.put_fixture(id);
    let card = run_in(s.path(), &["scan", id]);
    assert!(
        card.stdout.contains("unsupported since 2024-08-13"),
        "{}",
        card.stdout
    );
    let run: Value = serde_json::from_str(
        run_in(s.path(), &["scan", "--format=ndjson", id])
            .stdout
            .lines()
            .next()
            .unwrap(),
    )
    .unwrap();
    assert!(
        run["knowledge"]["newest_go"]
            .as_str()
            .unwrap()
            .starts_with("go1.")
    );
    assert_eq!(run["knowledge"]["date"].as_str().unwrap().len(), 10);
}
