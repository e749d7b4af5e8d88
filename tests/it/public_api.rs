//! The public surface of the library, as a list that is checked in: a change to it has to be seen in a review.
//!
//! The list is made from the source, so it needs no compiler of its own: every `pub` item of every module that can be reached
//! by `pub mod`, without bodies. Fields and variants are left to reviewers. GOSPECT_WRITE=1 writes it again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LIST: &str = "docs/public-api.txt";

/// Collects `module: item` of a module and of the public modules in it.
fn collect(file: &Path, module: &str, found: &mut BTreeSet<String>) {
    let text = fs::read_to_string(file).unwrap();
    // Unit tests stand at the end of a file.
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut open: Option<String> = None;
    let mut before = "";
    for line in text.lines() {
        let line = line.trim();
        let hidden = before.starts_with("#[cfg(test)]") || before == "#[doc(hidden)]";
        let item = match open.take() {
            Some(start) => start + " " + line,
            None if hidden || !line.starts_with("pub ") => {
                before = line;
                continue;
            }
            None => line.to_owned(),
        };
        before = line;
        // A signature goes on until its body, its value, or its end.
        let end = item.find(['{', ';']).or_else(|| item.find(" = "));
        let is_use = item.starts_with("pub use");
        match (is_use, item.ends_with(';'), end) {
            (true, false, _) | (false, _, None) if !is_field(&item) => open = Some(item),
            (true, true, _) => {
                found.insert(format!("{module}: {}", tidy(&item)));
            }
            (false, _, Some(end)) => {
                let item = tidy(&item[..end]);
                if let Some(name) = item.strip_prefix("pub mod ")
                    && let Some(inner) = inner(file, name)
                {
                    found.insert(format!("{module}::{name}"));
                    collect(&inner, &format!("{module}::{name}"), found);
                    continue;
                }
                found.insert(format!("{module}: {item}"));
            }
            _ => {}
        }
    }
}

fn is_field(item: &str) -> bool {
    let first = item.split_whitespace().nth(1).unwrap_or_default();
    first.ends_with(':') || first.starts_with("r#")
}

fn tidy(item: &str) -> String {
    let item = item.trim_end_matches(';').trim();
    let words: Vec<&str> = item.split_whitespace().collect();
    words
        .join(" ")
        .replace("( ", "(")
        .replace(", )", ")")
        .replace("{ ", "{")
        .replace(", }", "}")
}

/// The crates that the one at the top hands on as modules, with the names of those.
fn layers(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub use gospect_"));
    let names = lines.filter_map(|line| line.trim_end_matches(';').split_once(" as "));
    names
        .map(|(of, name)| (of.to_owned(), name.to_owned()))
        .collect()
}

/// The file of `mod name` inside `file`.
fn inner(file: &Path, name: &str) -> Option<PathBuf> {
    let stem = file.file_stem()?.to_str()?;
    let dir = match stem {
        "mod" | "lib" => file.parent()?.to_owned(),
        stem => file.parent()?.join(stem),
    };
    [
        dir.join(format!("{name}.rs")),
        dir.join(name).join("mod.rs"),
    ]
    .into_iter()
    .find(|path| path.exists())
}

#[test]
fn the_surface_is_the_one_that_is_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    let mut open = vec![(root.join("src/lib.rs"), "gospect".to_owned())];
    while let Some((file, module)) = open.pop() {
        collect(&file, &module, &mut found);
        for (of, name) in layers(&fs::read_to_string(file).unwrap()) {
            found.remove(&format!("{module}: pub use gospect_{of} as {name}"));
            let (file, name) = (
                format!("crates/{of}/src/lib.rs"),
                format!("{module}::{name}"),
            );
            found.insert(name.clone());
            open.push((root.join(file), name));
        }
    }
    // The command line is not part of the library, and rules are rows of a table that has its own list of codes.
    found.retain(|line| {
        !["gospect::cli", "gospect::audit::rules::"]
            .iter()
            .any(|part| line.starts_with(part))
    });
    assert!(found.len() > 300, "only {} items were found", found.len());
    let list: String = found.iter().map(|line| format!("{line}\n")).collect();
    let path = root.join(LIST);
    if std::env::var_os("GOSPECT_WRITE").is_some() {
        return fs::write(path, list).unwrap();
    }
    let written = fs::read_to_string(path)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    let written: BTreeSet<&str> = written.lines().collect();
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let gone: Vec<_> = written.difference(&found).collect();
    let new: Vec<_> = found.difference(&written).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "the public surface changed.\ngone: {gone:#?}\nnew: {new:#?}\n\
         If that is meant, write it down: GOSPECT_WRITE=1 cargo test --test it public_api"
    );
}
