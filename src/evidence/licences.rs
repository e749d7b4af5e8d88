//! Licences of modules by the files in a module cache, in a `vendor` folder, or in any folder that is laid out like one of them.
//!
//! A licence is recognised when the words of its text are those of the licence list of SPDX: what may differ (names of owners, marks of
//! list items, addresses with http or https) is left out, and anything else makes it unknown. Sums are those of texts in released
//! modules.

use crate::proxy::{escape_path, escape_version};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest licence file that is read.
const LARGEST: u64 = 1 << 20;
/// Most entries of a folder that are looked at.
const ENTRIES: usize = 10_000;
/// Most words before and after a text: a title, owners, an address.
const AROUND: usize = 60;
/// Most words after the text of the Apache licence: its appendix.
const APPENDIX: usize = 260;
/// Longest SPDX expression.
const EXPRESSION: usize = 200;

/// What the files of a module say about its licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// An identifier of the SPDX list, or an expression of several; `None`: unknown.
    pub expression: Option<String>,
    /// The file that has it, or why it is unknown.
    pub how: String,
}

impl Licence {
    fn known(expression: impl Into<String>, file: &str) -> Self {
        Self {
            expression: Some(expression.into()),
            how: file.to_owned(),
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self {
            expression: None,
            how: why.into(),
        }
    }
}

/// A licence with variable owner, by its first and last words.
struct Known {
    id: &'static str,
    first: &'static str,
    last: &'static str,
    /// SHA-256 of the words between them, both included, joined by spaces.
    sum: &'static str,
}

const APACHE: (&str, &str) = (
    "apache license version january 2004",
    "end of terms and conditions",
);
const BSD: (&str, &str) = (
    "redistribution and use in source and binary forms",
    "possibility of such damage",
);

const KNOWN: [Known; 10] = [
    Known {
        id: "Apache-2.0",
        first: APACHE.0,
        last: APACHE.1,
        sum: "7514528b7ef6c0664a79c8351ce87d0de45983e6d395836b7eb7e81c10a1d34f",
    },
    Known {
        id: "MIT",
        first: "permission is hereby granted free of charge to any person obtaining copy",
        last: "dealings in the software",
        sum: "3346c203353b286e2021c9b077352db1dea97d9ce7043ac910dee821f174a656",
    },
    Known {
        id: "BSD-3-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "415eca92479ae0683ac4a935e12accc0c35436f23db95abbd891add30d3cae84",
    },
    Known {
        id: "BSD-3-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "eaeecdead47339752d6d7d16b45a0c951d454d9c6e259f0ff5b898234b0c7879",
    },
    Known {
        id: "BSD-3-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "a2397994c2b5897a4f73a22a9d52e6139e4e31fa838a13b77a4fdb4eff0bbebf",
    },
    Known {
        id: "BSD-2-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "50ba1464f2de7e7115d9cdf651d0c0fa1671ffb42793325016a0ca1e0c155e6b",
    },
    Known {
        id: "BSD-2-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "969096095458619e1d848ac09f25633dfd04a444358cf08235f311aba6248cfe",
    },
    Known {
        id: "MPL-2.0",
        first: "mozilla public license version",
        last: "defined by the mozilla public license",
        sum: "d3300d13ac505847bcb339ef0c522516d5fcf071fd4602324048c50cfa891757",
    },
    Known {
        id: "ISC",
        first: "permission to use copy modify and",
        last: "use or performance of this software",
        sum: "217da0747cec63a2e734185db11cbaa819bcd9e5b83cd12f812128fffe66e26a",
    },
    Known {
        id: "Unlicense",
        first: "this is free and unencumbered software released into the public domain",
        last: "refer to http unlicense org",
        sum: "0e717768fb4e9beef6be7c44011301c437890a1ffdcf3d27026c76e3f74a47ae",
    },
];

/// Identifiers that a line `SPDX-License-Identifier` may have besides those of [`KNOWN`].
const IDENTIFIERS: [&str; 12] = [
    "0BSD",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "CC0-1.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "Zlib",
];

/// The licence of a module by the first of the folders that has the module.
pub fn licence_of(folders: &[PathBuf], path: &str, version: &str) -> Licence {
    let homes = folders
        .iter()
        .flat_map(|folder| homes(folder, path, version));
    match homes.into_iter().find(|home| home.is_dir()) {
        Some(home) => of_folder(&home),
        None => Licence::unknown("no folder of --licenses has the module"),
    }
}

/// Where a folder may have a module: as the module cache has it, with or without escaped capitals, or as `go mod vendor` has it.
fn homes(folder: &Path, path: &str, version: &str) -> Vec<PathBuf> {
    let Ok(escaped) = escape_path(path) else {
        return Vec::new();
    };
    let mut homes = Vec::new();
    if let Ok(version) = escape_version(version) {
        homes.push(folder.join(format!("{escaped}@{version}")));
        homes.push(folder.join(format!("{path}@{version}")));
    }
    homes.push(folder.join(path));
    homes
}

/// The licence by the files of one folder.
fn of_folder(folder: &Path) -> Licence {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Licence::unknown(format!("{}: {error}", folder.display())),
    };
    let names = entries.take(ENTRIES).flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_licence_file(name)).collect();
    names.sort_unstable();
    let mut found: Vec<Licence> = Vec::new();
    for name in &names {
        let file = folder.join(name);
        let is_read = fs::metadata(&file).is_ok_and(|m| m.is_file() && m.len() <= LARGEST);
        let bytes = is_read.then(|| fs::read(&file).ok()).flatten();
        let Some(bytes) = bytes else { continue };
        let shown = file.display().to_string();
        found.push(recognise(&String::from_utf8_lossy(&bytes), &shown));
    }
    match found.as_slice() {
        [] => Licence::unknown(format!("{} has no licence file", folder.display())),
        [one] => one.clone(),
        [first, rest @ ..] => match rest.iter().all(|l| l.expression == first.expression) {
            true if first.expression.is_some() => first.clone(),
            _ => Licence::unknown(format!(
                "{} has several licence files: {}",
                folder.display(),
                names.join(", ")
            )),
        },
    }
}

/// `LICENSE`, `LICENCE.md`, `COPYING`, `UNLICENSE`.
fn is_licence_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let stem = lower.split(['.', '-']).next().unwrap_or_default();
    let is_text = !lower.ends_with(".go");
    is_text && ["license", "licence", "copying", "unlicense"].contains(&stem)
}

/// The licence that a text is, from a file of this name.
fn recognise(text: &str, file: &str) -> Licence {
    if let Some(expression) = identifier(text) {
        return Licence::known(expression, file);
    }
    let words = words(text);
    let mut ids: Vec<&str> = Vec::new();
    let mut others = 0usize;
    let mut texts: Vec<(&str, &str)> = KNOWN.iter().map(|k| (k.first, k.last)).collect();
    texts.dedup();
    for (first, last) in texts {
        let Some((body, before, after)) = between(&words, first, last) else {
            continue;
        };
        let sum = sum_of(body);
        let known = KNOWN.iter().find(|known| known.sum == sum);
        let most_after = if first == APACHE.0 { APPENDIX } else { AROUND };
        match known {
            Some(known) if before <= AROUND && after <= most_after => ids.push(known.id),
            _ => others += 1,
        }
    }
    match (ids.as_slice(), others) {
        ([id], 0) => Licence::known(*id, file),
        ([], 0) => Licence::unknown(format!("the text of {file} is not a known one")),
        ([], _) => Licence::unknown(format!(
            "the text of {file} is a changed one, or one of several"
        )),
        _ => Licence::unknown(format!("{file} has several licences")),
    }
}

/// The only `SPDX-License-Identifier` of a text, if all its names are known.
fn identifier(text: &str) -> Option<String> {
    const MARK: &str = "SPDX-License-Identifier:";
    let mut lines = text.lines().filter_map(|line| line.split_once(MARK));
    let expression = lines.next()?.1.trim();
    let is_known = |word: &str| {
        matches!(word, "AND" | "OR" | "")
            || IDENTIFIERS.contains(&word)
            || KNOWN.iter().any(|known| known.id == word)
    };
    let mut parts = expression.split([' ', '(', ')']);
    let is_one = lines.next().is_none();
    let is_usable = is_one && !expression.is_empty() && expression.len() <= EXPRESSION;
    (is_usable && parts.all(is_known)).then(|| expression.to_owned())
}

/// The words of a text: letters and digits of ASCII, in small letters. A single character is the mark of a list item, and `https` is
/// `http`.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| word.len() > 1);
    let words = words.map(str::to_ascii_lowercase);
    words
        .map(|word| {
            if word == "https" {
                "http".to_owned()
            } else {
                word
            }
        })
        .collect()
}

/// The words from the first to the last phrase, and the numbers of words around them.
fn between<'w>(
    words: &'w [String],
    first: &str,
    last: &str,
) -> Option<(&'w [String], usize, usize)> {
    let start = position(words, first, 0)?;
    let end = position(words, last, start)? + last.split(' ').count();
    Some((words.get(start..end)?, start, words.len() - end))
}

fn position(words: &[String], phrase: &str, from: usize) -> Option<usize> {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    let rest = words.get(from..)?;
    let at = rest
        .windows(phrase.len())
        .position(|window| window == phrase.as_slice())?;
    Some(from + at)
}

/// The sum of the words, without the owner that the third clause of BSD names.
fn sum_of(body: &[String]) -> String {
    let owner = position(body, "neither the name", 0).map(|at| at + 3);
    let owner = owner.and_then(|from| Some((from, position(body, "nor", from)?)));
    let kept = body.iter().enumerate().filter(|(number, _)| match owner {
        Some((from, to)) => !(from..to).contains(number),
        None => true,
    });
    let kept: Vec<&str> = kept.map(|(_, word)| word.as_str()).collect();
    let digest = Sha256::digest(kept.join(" ").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = include_str!("../../LICENSE-MIT");
    const APACHE: &str = include_str!("../../LICENSE-APACHE");
    const ISC: &str = "ISC License\n\nCopyright (c) 2020 Somebody\n\nPermission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.\n";

    fn id(text: &str) -> Option<String> {
        let licence = recognise(text, "LICENSE");
        assert!(licence.how.contains("LICENSE"), "{}", licence.how);
        licence.expression
    }

    #[test]
    fn texts_are_recognised_whatever_their_owner_and_layout() {
        assert_eq!(id(MIT).as_deref(), Some("MIT"));
        assert_eq!(id(APACHE).as_deref(), Some("Apache-2.0"));
        assert_eq!(id(ISC).as_deref(), Some("ISC"));
        let wrapped = MIT.split_whitespace().collect::<Vec<_>>().join("\n");
        assert_eq!(id(&wrapped).as_deref(), Some("MIT"));
        assert_eq!(
            id(&MIT.replace("gospect authors", "Others, Inc.")).as_deref(),
            Some("MIT")
        );
    }

    #[test]
    fn changed_texts_and_several_texts_are_unknown() {
        let changed = MIT.replace("without restriction", "with restriction");
        assert_ne!(changed, MIT);
        for text in [
            changed.as_str(),
            "All rights reserved.",
            "",
            &format!("{MIT}\n{APACHE}"),
            &format!("{MIT}\n{}", "another condition ".repeat(60)),
            &MIT[..MIT.len() / 2],
            &"permission is hereby granted ".repeat(1000),
        ] {
            assert_eq!(id(text), None, "{}", text.get(..40).unwrap_or(text));
        }
    }

    #[test]
    fn an_identifier_counts_if_it_is_alone_and_known() {
        let line = "SPDX-License-Identifier: BSD-3-Clause AND MPL-2.0\n";
        assert_eq!(id(line).as_deref(), Some("BSD-3-Clause AND MPL-2.0"));
        assert_eq!(id(&format!("{line}{line}")), None);
        assert_eq!(id("SPDX-License-Identifier: Something-1.0\n"), None);
        assert_eq!(id("SPDX-License-Identifier:\n"), None);
    }

    #[test]
    fn modules_are_found_as_caches_and_vendor_folders_have_them() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        put("github.com/!burnt!sushi/toml@v1.5.0/COPYING", MIT);
        put("example.com/vendored/LICENSE.md", APACHE);
        put("example.com/empty@v1.0.0/README", "");
        put("example.com/two@v1.0.0/LICENSE", MIT);
        put("example.com/two@v1.0.0/LICENSE-other", "other");
        let of = |path: &str, version: &str| licence_of(&[folder.path().to_owned()], path, version);
        let id = |path: &str, version: &str| of(path, version).expression;
        assert_eq!(
            id("github.com/BurntSushi/toml", "v1.5.0").as_deref(),
            Some("MIT")
        );
        assert_eq!(
            id("example.com/vendored", "v2.0.0").as_deref(),
            Some("Apache-2.0")
        );
        for (path, version, why) in [
            (
                "github.com/BurntSushi/toml",
                "v1.4.0",
                "no folder of --licenses has the module",
            ),
            ("example.com/empty", "v1.0.0", "has no licence file"),
            (
                "example.com/two",
                "v1.0.0",
                "several licence files: LICENSE, LICENSE-other",
            ),
            ("../../etc", "v1.0.0", "no folder"),
        ] {
            let licence = of(path, version);
            assert_eq!(licence.expression, None, "{path}");
            assert!(licence.how.contains(why), "{}", licence.how);
        }
    }
}
