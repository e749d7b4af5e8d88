//! Short words for properties of a program, which tables show as notes, and what each means.

use super::terms::{claims, setting};
use gospect_record::{Binary, Checksum, FipsMode, GodebugStatus, Verdict};

/// The importance of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Needs attention now.
    Alarm,
    /// Worth knowing before a release.
    Notice,
    /// A property.
    Plain,
}

/// A short word for a property of a program, which tables show.
struct Flag {
    /// The word; what a program adds to it follows a colon.
    word: &'static str,
    importance: Importance,
    /// What it means, short enough to stand below a table.
    meaning: &'static str,
    /// Whether a program has the property, and what is added to the word (`None`: nothing).
    of: fn(&Binary) -> Option<Option<String>>,
}

/// The flags, most important first.
const FLAGS: &[Flag] = {
    use Importance::{Alarm, Notice, Plain};
    &[
        Flag {
            word: "!contradicted",
            importance: Alarm,
            meaning: "these claims of the build info are not true",
            of: |binary| {
                let claims = claims(binary, Verdict::Contradicted).join(",");
                (!claims.is_empty()).then_some(Some(claims))
            },
        },
        Flag {
            word: "!godebug-fatal",
            importance: Alarm,
            meaning: "a GODEBUG setting of the environment stops it at start",
            of: |binary| {
                let mut effective = binary.godebug.effective.iter().flatten();
                when(effective.any(|s| s.status == GodebugStatus::Fatal))
            },
        },
        Flag {
            word: "!fips-checksum",
            importance: Alarm,
            meaning: "the checksum of its FIPS 140 module is wrong",
            of: |binary| when(binary.fips.as_ref()?.checksum == Some(Checksum::Invalid.into())),
        },
        Flag {
            word: "packed",
            importance: Notice,
            meaning: "compressed by this packer",
            of: |binary| Some(Some(binary.executable.packed.as_ref()?.to_string())),
        },
        Flag {
            word: "no-record",
            importance: Notice,
            meaning: "it has no build info",
            of: |binary| when(binary.build_info.is_none()),
        },
        Flag {
            word: "no-modules",
            importance: Notice,
            meaning: "it does not list its modules",
            of: |binary| when(binary.module_list().why().is_some()),
        },
        Flag {
            word: "dirty",
            importance: Notice,
            meaning: "built with uncommitted changes",
            of: |binary| when(has(binary, "vcs.modified", "true")),
        },
        Flag {
            word: "sanitizer",
            importance: Notice,
            meaning: "built with -race, -msan or -asan",
            of: |binary| {
                let sanitizers = ["-race", "-msan", "-asan"];
                when(sanitizers.iter().any(|key| has(binary, key, "true")))
            },
        },
        Flag {
            word: "setuid",
            importance: Notice,
            meaning: "runs with the rights of its owner or group",
            of: |binary| when(binary.location.mode? & 0o6000 != 0),
        },
        Flag {
            word: "hidden",
            importance: Notice,
            meaning: "a later layer deletes or replaces it",
            of: |binary| when(binary.location.visible == Some(false)),
        },
        Flag {
            word: "started",
            importance: Plain,
            meaning: "ENTRYPOINT or CMD of the image starts it",
            of: |binary| when(binary.location.started == Some(true)),
        },
        Flag {
            word: "replaced",
            importance: Plain,
            meaning: "so many modules come from elsewhere (replace in go.mod)",
            of: |binary| {
                let modules = binary.build_info.iter().flat_map(|info| &info.deps);
                let replaced = modules.filter(|m| m.replace.is_some()).count();
                (replaced > 0).then(|| Some(replaced.to_string()))
            },
        },
        Flag {
            word: "X",
            importance: Plain,
            meaning: "built with these experiments (GOEXPERIMENT)",
            of: |binary| Some(Some(binary.experiments.setting.as_ref()?.clone())),
        },
        Flag {
            word: "fips",
            importance: Plain,
            meaning: "FIPS 140 mode is on",
            of: |binary| when(*binary.fips.as_ref()?.mode.as_ref()? != FipsMode::Off),
        },
        Flag {
            word: "cgo",
            importance: Plain,
            meaning: "built with cgo",
            of: |binary| when(has(binary, "CGO_ENABLED", "1")),
        },
        Flag {
            word: "stripped",
            importance: Plain,
            meaning: "it has no symbol table",
            of: |binary| when(binary.executable.go_symbols == Some(false)),
        },
    ]
};

/// A property without more to say, if the condition holds.
fn when(condition: bool) -> Option<Option<String>> {
    condition.then_some(None)
}

fn has(binary: &Binary, key: &str, value: &str) -> bool {
    setting(binary, key) == Some(value)
}

/// The flags of a program, most important first.
pub fn of(binary: &Binary) -> Vec<(String, Importance)> {
    let word = |flag: &Flag| match (flag.of)(binary)? {
        None => Some((flag.word.to_owned(), flag.importance)),
        Some(more) => Some((format!("{}:{more}", flag.word), flag.importance)),
    };
    FLAGS.iter().filter_map(word).collect()
}

/// All words that [`of`] gives, without what a program adds to them, each with its meaning.
pub fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    FLAGS.iter().map(|flag| (flag.word, flag.meaning))
}

/// The meaning of a word that [`of`] gives, with or without what a program adds to it: `replaced:2`.
pub fn meaning(text: &str) -> Option<(&'static str, &'static str)> {
    let word = text.split_once(':').map_or(text, |(word, _)| word);
    let bare = |word: &str| word.trim_start_matches('!').to_ascii_lowercase();
    words().find(|(known, _)| bare(known) == bare(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_support::records as sample;

    #[test]
    fn flags_put_alarms_first_and_a_clean_program_has_none() {
        let words = |binary: Binary| of(&binary).into_iter().map(|f| f.0).collect::<Vec<_>>();
        assert_eq!(words(sample::clean()), ["stripped"]);
        let odd = words(sample::contradicted());
        assert_eq!(odd[0], "!contradicted:go-version");
        assert!(odd.contains(&"dirty".to_owned()), "{odd:?}");
        assert_eq!(words(sample::without_record())[0], "no-record");
    }

    #[test]
    fn words_are_known_with_what_a_program_adds() {
        for (asked, word) in [
            ("hidden", "hidden"),
            ("replaced:2", "replaced"),
            ("X:nodwarf5", "X"),
            ("x", "X"),
            ("!contradicted:go-version", "!contradicted"),
            ("godebug-fatal", "!godebug-fatal"),
        ] {
            assert_eq!(meaning(asked).map(|(word, _)| word), Some(word));
        }
        assert_eq!(meaning("hid"), None);
        let all = [
            sample::clean(),
            sample::contradicted(),
            sample::without_record(),
        ];
        for (text, _) in all.iter().flat_map(of) {
            assert!(meaning(&text).is_some(), "{text}");
        }
    }
}
