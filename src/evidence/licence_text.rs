//! Which licence a text is, word for word.
//!
//! The words of the text must be those of the licence list of SPDX. Titles and lines of copyright may stand around it; any other line makes
//! the licence unknown, because it may add a condition. Sums are those of texts in released modules.

use super::licence_expression::{self as expression, Expression};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Most words in a title, and in a line of copyright.
const TITLE: usize = 12;
const COPYRIGHT: usize = 40;
/// Most words of an owner in a clause.
const OWNER: usize = 20;
/// What stands before the expression in a line that names the licence (SPDX 2.3, annex E).
const MARK: &str = "SPDX-License-Identifier:";

/// A text, by its first and last words.
struct Text {
    /// The identifier of SPDX of the licence that the text belongs to.
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

/// Licences, with variable owner.
const KNOWN: [Text; 10] = [
    Text {
        id: "Apache-2.0",
        first: APACHE.0,
        last: APACHE.1,
        sum: "7514528b7ef6c0664a79c8351ce87d0de45983e6d395836b7eb7e81c10a1d34f",
    },
    Text {
        id: "MIT",
        first: "permission is hereby granted free of charge to any person obtaining copy",
        last: "dealings in the software",
        sum: "3346c203353b286e2021c9b077352db1dea97d9ce7043ac910dee821f174a656",
    },
    Text {
        id: "BSD-3-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "415eca92479ae0683ac4a935e12accc0c35436f23db95abbd891add30d3cae84",
    },
    Text {
        id: "BSD-3-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "eaeecdead47339752d6d7d16b45a0c951d454d9c6e259f0ff5b898234b0c7879",
    },
    Text {
        id: "BSD-3-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "a2397994c2b5897a4f73a22a9d52e6139e4e31fa838a13b77a4fdb4eff0bbebf",
    },
    Text {
        id: "BSD-2-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "50ba1464f2de7e7115d9cdf651d0c0fa1671ffb42793325016a0ca1e0c155e6b",
    },
    Text {
        id: "BSD-2-Clause",
        first: BSD.0,
        last: BSD.1,
        sum: "969096095458619e1d848ac09f25633dfd04a444358cf08235f311aba6248cfe",
    },
    Text {
        id: "MPL-2.0",
        first: "mozilla public license version",
        last: "defined by the mozilla public license",
        sum: "d3300d13ac505847bcb339ef0c522516d5fcf071fd4602324048c50cfa891757",
    },
    Text {
        id: "ISC",
        first: "permission to use copy modify and",
        last: "use or performance of this software",
        sum: "217da0747cec63a2e734185db11cbaa819bcd9e5b83cd12f812128fffe66e26a",
    },
    Text {
        id: "Unlicense",
        first: "this is free and unencumbered software released into the public domain",
        last: "refer to http unlicense org",
        sum: "0e717768fb4e9beef6be7c44011301c437890a1ffdcf3d27026c76e3f74a47ae",
    },
];

/// Texts that may follow a licence: how to apply it.
const PASSAGES: [Text; 2] = [
    Text {
        id: "Apache-2.0",
        first: "appendix how to apply the apache license",
        last: "within third party archives",
        sum: "def5f84284a0d93bd4ffd96474a6f866e002b75279130cb46b37c777efaf00d1",
    },
    Text {
        id: "Apache-2.0",
        first: "licensed under the apache license version the license",
        last: "permissions and limitations under the license",
        sum: "76b74bae095290b0bcca2bdbadd3e1a0aa2ad16d0e6b259d2da7a6b5c64d92c8",
    },
];

/// Words of a title besides those of the identifier, for all licences and for some.
const TITLE_WORDS: [&str; 16] = [
    "all",
    "authors",
    "contributors",
    "html",
    "http",
    "licence",
    "license",
    "licenses",
    "opensource",
    "org",
    "php",
    "reserved",
    "rights",
    "the",
    "version",
    "www",
];
const TITLE_WORDS_OF: [(&str, &str); 10] = [
    ("Apache-2.0", "january"),
    ("Apache-2.0", "2004"),
    ("BSD-2-Clause", "simplified"),
    ("BSD-2-Clause", "freebsd"),
    ("BSD-3-Clause", "new"),
    ("BSD-3-Clause", "revised"),
    ("BSD-3-Clause", "modified"),
    ("MIT", "expat"),
    ("MPL-2.0", "mozilla"),
    ("MPL-2.0", "public"),
];

/// Words of an owner; a line of copyright without a sign and a year has one.
const OWNER_WORDS: [&str; 8] = [
    "authors",
    "contributors",
    "corporation",
    "foundation",
    "gmbh",
    "inc",
    "llc",
    "yyyy",
];

/// Words that no line of copyright has: such a line would add or change a condition.
const CONDITION_WORDS: [&str; 44] = [
    "excluded",
    "forbidden",
    "pay",
    "royalty",
    "additional",
    "agree",
    "cannot",
    "clause",
    "commercial",
    "condition",
    "conditions",
    "distribute",
    "distributed",
    "except",
    "exception",
    "excluding",
    "fee",
    "gpl",
    "grant",
    "granted",
    "however",
    "if",
    "including",
    "licence",
    "license",
    "licensed",
    "may",
    "must",
    "no",
    "not",
    "only",
    "patent",
    "permission",
    "permitted",
    "prohibited",
    "restriction",
    "sell",
    "shall",
    "subject",
    "terms",
    "under",
    "unless",
    "use",
    "without",
];

/// The licence of a text: an identifier of SPDX or an expression of several; otherwise why it is unknown.
pub(super) fn recognise(text: &str) -> Result<String, String> {
    let mut marked: Vec<&str> = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match line.split_once(MARK) {
            Some((before, expression)) if !before.contains(char::is_alphanumeric) => {
                marked.push(expression);
            }
            _ => words.extend(words_of(line).map(|text| Word::new(text, number))),
        }
    }
    let named = match marked.as_slice() {
        [] => None,
        [one] => {
            Some(expression::parse(one).ok_or("has an SPDX expression that is not a known one")?)
        }
        _ => return Err("has several SPDX expressions".to_owned()),
    };
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for known in &KNOWN {
        take(&mut words, known, &mut ids);
    }
    for passage in &PASSAGES {
        if ids.contains(passage.id) {
            take(&mut words, passage, &mut ids);
        }
    }
    let licence = licence(named, &ids)?;
    match other_line(text, &words, &licence.ids) {
        Some(line) => Err(format!("has more than the licence in line {}", line + 1)),
        None => Ok(licence.text),
    }
}

/// The licence by the expression that a line names and the texts that are there.
fn licence(named: Option<Expression>, ids: &BTreeSet<&str>) -> Result<Expression, String> {
    let texts = ids.iter().copied().collect::<Vec<_>>();
    match (named, texts.as_slice()) {
        (None, []) => Err("has no known text of a licence".to_owned()),
        (None, [id]) => Ok(Expression::of(id)),
        (None, several) => Err(format!("has several licences: {}", several.join(", "))),
        (Some(named), []) => Ok(named),
        (Some(named), _) if named.ids.iter().map(String::as_str).eq(ids.iter().copied()) => {
            Ok(named)
        }
        (Some(named), several) => Err(format!(
            "names {} and has the text of {}",
            named.text,
            several.join(", ")
        )),
    }
}

/// A word and the line that it is in.
struct Word {
    text: String,
    line: usize,
    /// Whether it belongs to a known text.
    is_known: bool,
}

impl Word {
    fn new(text: String, line: usize) -> Self {
        Self {
            text,
            line,
            is_known: false,
        }
    }
}

/// The words of a line, in small letters. A single letter or digit of ASCII is the mark of a list item, and `https` is `http`.
fn words_of(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| word.len() > 1);
    words.map(|word| match word.to_lowercase() {
        word if word == "https" => "http".to_owned(),
        word => word,
    })
}

/// Marks the words of every copy of a text, and adds its licence if there is one.
fn take(words: &mut [Word], text: &Text, ids: &mut BTreeSet<&'static str>) {
    let mut from = 0;
    while let Some((start, end)) = between(words, text, from) {
        let Some(body) = words.get_mut(start..end) else {
            return;
        };
        // The words of a changed text stay, and make the licence unknown.
        if sum_of(body) == text.sum {
            for word in body {
                word.is_known = true;
            }
            ids.insert(text.id);
        }
        from = end;
    }
}

/// Where the first text after a word starts and ends.
fn between(words: &[Word], text: &Text, from: usize) -> Option<(usize, usize)> {
    let start = position(words, text.first, from)?;
    let end = position(words, text.last, start)? + text.last.split(' ').count();
    Some((start, end))
}

fn position(words: &[Word], phrase: &str, from: usize) -> Option<usize> {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    let mut windows = words.get(from..)?.windows(phrase.len());
    let at = windows.position(|window| {
        window
            .iter()
            .map(|word| word.text.as_str())
            .eq(phrase.iter().copied())
    })?;
    Some(from + at)
}

/// The sum of the words, without the owner that the third clause of BSD names.
fn sum_of(body: &[Word]) -> String {
    let owner = position(body, "neither the name", 0).map(|at| at + 3);
    let owner = owner.and_then(|from| Some((from, position(body, "nor", from)?)));
    let owner = owner.filter(|(from, to)| is_owner(body.get(*from..*to).unwrap_or_default()));
    let kept = body.iter().enumerate().filter(|(number, _)| match owner {
        Some((from, to)) => !(from..to).contains(number),
        None => true,
    });
    let kept: Vec<&str> = kept.map(|(_, word)| word.text.as_str()).collect();
    let digest = Sha256::digest(kept.join(" ").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether words can be the owner that a clause of BSD names.
fn is_owner(words: &[Word]) -> bool {
    let adds_nothing = |word: &Word| !CONDITION_WORDS.contains(&word.text.as_str());
    words.len() <= OWNER && words.iter().all(adds_nothing)
}

/// The first line, from 0, that has words of no known text and is neither a title nor a line of copyright.
fn other_line(text: &str, words: &[Word], ids: &BTreeSet<String>) -> Option<usize> {
    let mut rest: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for word in words.iter().filter(|word| !word.is_known) {
        rest.entry(word.line).or_default().push(&word.text);
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut rest = rest.into_iter();
    let other = rest.find(|(number, words)| {
        let line = lines.get(*number).copied().unwrap_or_default();
        !is_title(words, ids) && !is_copyright(line, words)
    });
    other.map(|(number, _)| number)
}

/// `The MIT License (MIT)`.
fn is_title(words: &[&str], ids: &BTreeSet<String>) -> bool {
    let of_id = |word: &str| {
        ids.iter().any(|id| {
            words_of(id).any(|part| part == word) || TITLE_WORDS_OF.contains(&(id.as_str(), word))
        })
    };
    words.len() <= TITLE
        && words
            .iter()
            .all(|word| TITLE_WORDS.contains(word) || of_id(word))
}

/// `Copyright (c) 2009 The Go Authors. All rights reserved.`
fn is_copyright(line: &str, words: &[&str]) -> bool {
    let line =
        line.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '(' | '\u{a9}'));
    let lower = line.to_lowercase();
    let has_sign = lower.contains("(c)") || line.contains('\u{a9}');
    let starts = ["copyright", "(c)", "\u{a9}"]
        .iter()
        .any(|start| lower.starts_with(start));
    let is_year = |word: &&str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let has_owner = words
        .iter()
        .any(|word| is_year(word) || OWNER_WORDS.contains(word));
    let adds_nothing = !words.iter().any(|word| CONDITION_WORDS.contains(word));
    starts && (has_sign || has_owner) && adds_nothing && words.len() <= COPYRIGHT
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = include_str!("../../LICENSE-MIT");
    const APACHE: &str = include_str!("../../LICENSE-APACHE");
    const ISC: &str = "ISC License\n\nCopyright (c) 2020 Somebody\n\nPermission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.\n";
    /// The licence of Go.
    const BSD: &str = "Copyright 2009 The Go Authors.\n\nRedistribution and use in source and binary forms, with or without\nmodification, are permitted provided that the following conditions are\nmet:\n\n   * Redistributions of source code must retain the above copyright\nnotice, this list of conditions and the following disclaimer.\n   * Redistributions in binary form must reproduce the above\ncopyright notice, this list of conditions and the following disclaimer\nin the documentation and/or other materials provided with the\ndistribution.\n   * Neither the name of Google LLC nor the names of its\ncontributors may be used to endorse or promote products derived from\nthis software without specific prior written permission.\n\nTHIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS\n\"AS IS\" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT\nLIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR\nA PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT\nOWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,\nSPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT\nLIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,\nDATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY\nTHEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT\n(INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE\nOF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.\n";

    fn id(text: &str) -> Option<String> {
        recognise(text).ok()
    }

    #[test]
    fn texts_are_recognised_whatever_their_owner_and_layout() {
        assert_eq!(id(MIT).as_deref(), Some("MIT"));
        assert_eq!(id(APACHE).as_deref(), Some("Apache-2.0"));
        assert_eq!(id(ISC).as_deref(), Some("ISC"));
        assert_eq!(id(BSD).as_deref(), Some("BSD-3-Clause"));
        let body = MIT.find("Permission").unwrap();
        let (title, body) = MIT.split_at(body);
        let wrapped = body.split_whitespace().collect::<Vec<_>>();
        for separator in [" ", "\n", "\n// "] {
            let wrapped = format!("{title}\n{}", wrapped.join(separator));
            assert_eq!(id(&wrapped).as_deref(), Some("MIT"), "{separator:?}");
        }
        for owner in [
            "Others, Inc.",
            "Müller & Söhne GmbH <a@example.com>",
            "Others. All rights reserved.",
        ] {
            let text = MIT.replace("gospect authors", owner);
            assert_eq!(id(&text).as_deref(), Some("MIT"), "{owner}");
        }
        for title in [
            "The MIT License (MIT)\n=====\n",
            "# [MIT](https://opensource.org/licenses/MIT) License\n",
            "Copyright Example Foundation\nhttp://www.opensource.org/licenses/mit-license.php\n",
            "\u{a9} 2019 Somebody\nCopyright (c) Somebody Else\n",
        ] {
            assert_eq!(
                id(&format!("{title}{body}")).as_deref(),
                Some("MIT"),
                "{title}"
            );
        }
        let twice = format!("{MIT}\nCopyright 2021 Others\n\n{body}");
        assert_eq!(id(&twice).as_deref(), Some("MIT"));
    }

    #[test]
    fn changed_texts_and_several_texts_are_unknown() {
        let changed = MIT.replace("without restriction", "with restriction");
        let inside = MIT.replace("without restriction", "没有 限制 without restriction");
        let owner = BSD.replace("Google LLC", "a user who must pay");
        assert!(changed != MIT && inside != MIT && owner != BSD);
        for text in [
            changed.as_str(),
            inside.as_str(),
            owner.as_str(),
            "All rights reserved.",
            "",
            &format!("{MIT}\n{APACHE}"),
            &format!("{MIT}\n{changed}"),
            &MIT[..MIT.len() / 2],
            &"permission is hereby granted ".repeat(1000),
        ] {
            assert!(id(text).is_none(), "{}", text.get(..40).unwrap_or(text));
        }
    }

    #[test]
    fn any_other_line_around_a_text_makes_it_unknown() {
        for extra in [
            "Commons Clause License Condition v1.0",
            "The files in the folder gpl are under the GPL.",
            "Military use is forbidden.",
            "Copyright 2020 Somebody, not for commercial use",
            "Copyright notices stay visible in every window.",
            "BSD License",
            "禁止商业使用。",
            "Только для личного пользования",
            "see SPDX-License-Identifier: MIT",
        ] {
            for text in [
                format!("{extra}\n\n{MIT}"),
                format!("{MIT}\n{extra}\n"),
                format!("{} {extra}", MIT.trim_end()),
            ] {
                assert!(id(&text).is_none(), "{extra}");
            }
            let line = recognise(&format!("{extra}\n\n{MIT}")).unwrap_err();
            assert!(line.ends_with("line 1"), "{line}");
        }
        let notice = APACHE.find("Licensed under the Apache").unwrap();
        let own = format!(
            "{}\n   Folder vendored has other terms.\n{}",
            &APACHE[..notice],
            &APACHE[notice..]
        );
        assert_eq!(id(&own), None);
    }

    #[test]
    fn an_expression_counts_only_without_another_text() {
        let line = "SPDX-License-Identifier: BSD-3-Clause AND MPL-2.0\n";
        assert_eq!(id(line).as_deref(), Some("BSD-3-Clause AND MPL-2.0"));
        let owned = format!("<!-- SPDX-FileCopyrightText: x -->\n{line}");
        assert_eq!(id(&owned), None);
        assert_eq!(
            id(&format!("// Copyright 2020 Somebody\n// {line}")).as_deref(),
            Some("BSD-3-Clause AND MPL-2.0")
        );
        let mit = "SPDX-License-Identifier: (MIT)\n";
        assert_eq!(id(&format!("{mit}{MIT}")).as_deref(), Some("MIT"));
        let both = "SPDX-License-Identifier: MIT OR Apache-2.0\n";
        assert_eq!(
            id(&format!("{both}{MIT}{APACHE}")).as_deref(),
            Some("MIT OR Apache-2.0")
        );
        for text in [
            format!("{line}{line}"),
            format!("{mit}{APACHE}"),
            format!("{both}{MIT}"),
            format!("{mit}You may not redistribute this."),
            "SPDX-License-Identifier: Something-1.0\n".to_owned(),
            "SPDX-License-Identifier: MIT OR\n".to_owned(),
            "SPDX-License-Identifier:\n".to_owned(),
        ] {
            assert_eq!(id(&text), None, "{}", text.get(..60).unwrap_or(&text));
        }
    }
}
