//! The recipes of `docs/query.md`: every command is run if its tool is installed, and must print what the page shows.

use crate::support::cli::Scratch;
use std::path::Path;
use std::process::Command;

/// Programs of the page and the fixture used for each.
const PROGRAMS: [(&str, &str); 3] = [
    ("dist/api", "1.27-linux-amd64-deps"),
    ("dist/legacy", "1.19-linux-amd64-deps"),
    ("dist/worker", "1.22-linux-amd64-strip"),
];

/// Commands of the `console` blocks with their output.
fn recipes(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            found.push((command.to_owned(), String::new()));
        } else if let (true, Some((_, output))) = (inside, found.last_mut()) {
            output.push_str(line);
            output.push('\n');
        }
    }
    found
}

#[test]
fn every_recipe_prints_what_the_page_shows() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/query.md");
    let page = std::fs::read_to_string(page).unwrap();
    let scratch = Scratch::new();
    for (name, id) in PROGRAMS {
        scratch.put(name, &crate::support::fixture(id));
    }
    let own = Path::new(env!("CARGO_BIN_EXE_gospect")).parent().unwrap();
    let path = format!(
        "{}:{}",
        own.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(scratch.path());
        command
            .env("PATH", &path)
            .env("LC_ALL", "C")
            .output()
            .unwrap()
    };
    let recipes = recipes(&page);
    let mut run = 0;
    for tool in ["gospect", "jq", "sqlite3", "duckdb"] {
        let mine = recipes
            .iter()
            .filter(|(command, _)| command.split(' ').next() == Some(tool));
        if !shell(&format!("command -v {tool}")).status.success() {
            crate::support::skipped(tool, &format!("{} recipes", mine.count()));
            continue;
        }
        for (command, want) in mine {
            let out = shell(command);
            let got = String::from_utf8_lossy(&out.stdout);
            let got = got.replace("\r\n", "\n");
            assert_eq!(
                got,
                *want,
                "{command}\n{}",
                String::from_utf8_lossy(&out.stderr)
            );
            assert!(out.status.success(), "{command}");
            run += 1;
        }
    }
    assert!(run >= 2 && recipes.len() > 12, "{run} of {}", recipes.len());
}
