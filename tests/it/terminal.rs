//! What a user sees on a terminal: nothing wider than the terminal, and no progress line between results.

use crate::support::cli::{Scratch, command};
use crate::support::fixture;
use crate::support::pack::{Member, tar};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The final content of the screen, and the widest line that it ever had.
struct Screen {
    lines: Vec<String>,
    widest: usize,
    raw: String,
}

impl Screen {
    /// Interprets the output: letters, carriage returns, line feeds, and escapes that erase the line or set colours.
    fn play(raw: &str) -> Self {
        let (mut lines, mut line, mut column, mut widest) = (Vec::new(), Vec::new(), 0, 0);
        let mut rest = raw.chars();
        while let Some(c) = rest.next() {
            match c {
                '\r' => column = 0,
                '\n' => lines.push(std::mem::take(&mut line).into_iter().collect()),
                '\u{1b}' => {
                    let mut escape = String::new();
                    while !escape.ends_with(|c: char| c.is_ascii_alphabetic()) {
                        escape.extend(rest.next());
                    }
                    match escape.as_str() {
                        "[K" => line.truncate(column),
                        colour => assert!(colour.ends_with('m'), "{colour:?}"),
                    }
                }
                c => {
                    line.resize(line.len().max(column + 1), ' ');
                    line[column] = c;
                    column += 1;
                    widest = widest.max(column);
                }
            }
        }
        assert!(
            line.is_empty(),
            "the cursor is not at the start of a line: {line:?}"
        );
        Self {
            lines,
            widest,
            raw: raw.to_owned(),
        }
    }
}

/// The bytes sent to the terminal so far.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    /// Waits, for up to some minutes, until this text was sent.
    fn wait_for(&self, text: &str) {
        for _ in 0..30_000 {
            if String::from_utf8_lossy(&self.0.lock().unwrap()).contains(text) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn on_terminal(
    args: &[&str],
    columns: u16,
    stdin: impl FnOnce(ChildStdin, &Shown) + Send + 'static,
) -> Screen {
    let keeper = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keeper).unwrap();
    unlockpt(&keeper).unwrap();
    let name = ptsname(&keeper, Vec::new()).unwrap();
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&keeper, size).unwrap();
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(std::ffi::OsStr::from_bytes(name.as_bytes()))
        .unwrap();
    let mut child = command()
        .args(args)
        .env("TERM", "xterm")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    let shown = Shown::default();
    let seen = shown.clone();
    let feeder = std::thread::spawn(move || stdin(input, &seen));
    let mut keeper = File::from(keeper);
    let mut piece = [0; 4096];
    // The terminal hangs up when the last program on it has ended.
    while let Ok(n @ 1..) = keeper.read(&mut piece) {
        shown.0.lock().unwrap().extend_from_slice(&piece[..n]);
    }
    child.wait().unwrap();
    feeder.join().unwrap();
    let raw = shown.0.lock().unwrap().clone();
    Screen::play(&String::from_utf8(raw).unwrap())
}

#[test]
fn the_progress_line_fits_and_never_mixes_with_results() {
    let program = fixture("1.27-linux-amd64-fresh");
    let directory = "a/directory/whose/name/is/much/longer/than/the/terminal/is/wide";
    for (format, columns) in [("ndjson", 60), ("card", 30), ("table", 44)] {
        let program = program.clone();
        let (first, second) = (format!("{directory}/first"), format!("{directory}/second"));
        let screen = on_terminal(
            &["scan", "--format", format, "-"],
            columns,
            move |mut input, shown| {
                let archive = tar(&[
                    Member::File(&first, &program),
                    Member::File(&second, &program),
                    Member::File("text", b"no program"),
                ]);
                // Half of the archive, a pause until the progress line appears, then the rest.
                let half = archive.len() / 2 + 2048;
                input.write_all(&archive[..half]).unwrap();
                shown.wait_for(" a second");
                input.write_all(&archive[half..]).unwrap();
            },
        );
        assert!(
            screen.raw.contains(" a second"),
            "{format}: no progress: {}",
            screen.raw
        );
        assert!(
            !screen.lines.iter().any(|line| line.contains(" a second")),
            "{format}: {}",
            screen.lines.join("\n")
        );
        if format == "ndjson" {
            for line in &screen.lines {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                assert!(value["type"].is_string());
            }
        } else {
            assert!(screen.widest <= columns.into(), "{format}: {}", screen.raw);
        }
        let drawn = screen
            .raw
            .split('\r')
            .filter(|piece| piece.contains(" a second"));
        for line in drawn {
            let line = line.trim_start_matches("\u{1b}[K");
            let line = line.split('\u{1b}').next().unwrap();
            assert!(line.chars().count() < columns.into(), "{format}: {line}");
        }
    }
}

#[test]
fn text_for_people_fits_the_terminal() {
    let scratch = Scratch::new();
    let old = scratch.put_fixture("1.26-linux-amd64-w");
    let new = scratch.put_fixture("1.27-linux-amd64-w");
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let directory = scratch.path().to_str().unwrap();
    let commands: [&[&str]; 19] = [
        &["scan", new],
        &["scan", directory],
        &["audit", "--profile", "release", directory],
        &["diff", old, new],
        &["fips", directory],
        &["explain"],
        &["explain", "dirty-tree"],
        &["explain", "asynctimerchan"],
        &["explain", "container"],
        &["audit", "--summary", directory],
        &["why", new, "os", "fmt", "no-such/name"],
        &["help"],
        &["help", "audit"],
        &["help", "targets"],
        &["help", "formats"],
        &["help", "policy"],
        &["help", "exit-codes"],
        &["lint", "testdata/lint/Dockerfile"],
        &[],
    ];
    for args in commands {
        for columns in [80, 120, 200] {
            let screen = on_terminal(args, columns, |input, _| drop(input));
            assert!(!screen.lines.is_empty(), "{args:?}");
            for line in &screen.lines {
                let fits = line.chars().count() <= columns.into();
                // Words are not broken, so that paths and commands can be copied.
                let is_one_word = line.trim().split(' ').count() == 1;
                assert!(fits || is_one_word, "{args:?} at {columns}: {line}");
                assert!(
                    !line.ends_with(' ') || args[0] == "help",
                    "{args:?}: {line:?}"
                );
            }
        }
    }
}

/// Names that control a terminal, in every place where a name is shown.
#[test]
fn no_text_of_a_file_controls_a_terminal() {
    let s = Scratch::new();
    let dir = s.path().to_string_lossy().into_owned();
    let names = [
        "esc\u{1b}]0;owned\u{7}\u{1b}[31m",
        "line\nforged: go1.99",
        "bidi\u{202e}x\u{2066}",
        "hidden\u{1d173}\u{110bd}\u{200b}",
        "\u{9b}31m",
    ];
    for name in names {
        s.put(&format!("d/{name}"), &fixture("1.27-linux-amd64-strip"));
    }
    s.put(
        "p.toml",
        "[[waivers]]\nrule = \"not-pie\"\nreason = \"a\u{202e}b\u{2066}\"\npath = \"x\"\n"
            .as_bytes(),
    );
    let target = format!("{dir}/d");
    let policy = format!("--policy={dir}/p.toml");
    for args in [
        &["version", &*target][..],
        &["version", "-m", &target],
        &["version", "-m", "-json", &target],
        &["scan", "--format=csv", "--quiet", &target],
        &["scan", "--format=table", "--quiet", &target],
        &["audit", &policy, "--print-config"],
    ] {
        let screen = on_terminal(args, 200, |_, _| {});
        let bad = screen.raw.chars().find(|c| {
            matches!(
                c,
                '\u{7}'
                    | '\u{9b}'
                    | '\u{202e}'
                    | '\u{2066}'
                    | '\u{1d173}'
                    | '\u{110bd}'
                    | '\u{200b}'
            )
        });
        assert_eq!(bad, None, "{args:?}: {}", screen.raw);
        assert!(!screen.raw.contains("\u{1b}]"), "{args:?}");
        assert!(
            !screen.lines.iter().any(|l| l.starts_with("forged: go1.99")),
            "{args:?}: {:#?}",
            screen.lines
        );
    }
    // Into a pipe, `version` writes the same bytes as Go.
    let out = crate::support::cli::run_in(s.path(), &["version", "d"]);
    for name in names {
        assert!(
            out.stdout.contains(&format!("d/{name}: go1.27.3\n")),
            "{name:?}"
        );
    }
}
