//! go.sum and go.work.sum files (cmd/go/internal/modfetch, `readGoSum`): lines of module path, version, and sum.

use super::sums::{self, Answer, LookupResult, Sum};
use gospect_record::Binary;
use std::collections::HashMap;

/// Longest file that is read.
pub const LARGEST: u64 = 64 << 20;

/// The checksum that Go 1.10 wrote for the missing go.mod of a module; such lines are ignored.
const EMPTY_GO_MOD: &str = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=";

/// The sums of modules in one file, without those of go.mod files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoSum {
    sums: HashMap<(String, String), Vec<String>>,
}

/// A malformed line of a go.sum file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a line of a go.sum file: it has {fields} words instead of 3")]
pub struct GoSumError {
    /// Number of the line, starting at 1.
    pub line: usize,
    /// Number of its words.
    pub fields: usize,
}

impl GoSum {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`GoSumError`] for the first line that the `go` command refuses too.
    pub fn parse(text: &str) -> Result<Self, GoSumError> {
        let mut sums: HashMap<(String, String), Vec<String>> = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [_, version, _] if version.ends_with("/go.mod") => {}
                [_, _, sum] if *sum == EMPTY_GO_MOD => {}
                [module, version, sum] => {
                    let known = sums
                        .entry(((*module).to_owned(), (*version).to_owned()))
                        .or_default();
                    if !known.iter().any(|k| k == sum) {
                        known.push((*sum).to_owned());
                    }
                }
                other => {
                    return Err(GoSumError {
                        line: number + 1,
                        fields: other.len(),
                    });
                }
            }
        }
        Ok(Self { sums })
    }

    /// The checksums of a version, usually one. The `go` command refuses to build with two different ones.
    pub fn of(&self, module: &str, version: &str) -> impl Iterator<Item = &str> {
        let key = (module.to_owned(), version.to_owned());
        let known = self.sums.get(&key).into_iter().flatten();
        known.map(String::as_str)
    }

    /// Number of module versions in it.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }
}

/// The checksums of a version in these files, one answer for each file that has it.
pub fn answers(files: &[(String, GoSum)], module: &str, version: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for (name, sums) in files {
        let before = answers.len();
        answers.extend(sums.of(module, version).map(|sum| Answer {
            source: name.clone(),
            result: LookupResult::Sum(sum.to_owned()),
        }));
        if answers.len() == before {
            answers.push(Answer {
                source: name.clone(),
                result: LookupResult::Nothing(format!("{name} does not list it")),
            });
        }
    }
    answers
}

/// Compares the recorded checksums of a program with these files only.
pub fn judge(binary: &Binary, files: &[(String, GoSum)]) -> Vec<Sum> {
    sums::judge(binary, &mut |module, version| {
        answers(files, module, version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_go_command_reads_them() {
        let text = "a.example/m v1.0.0 h1:one=\r\na.example/m v1.0.0/go.mod h1:mod=\n\n  a.example/m\tv1.0.0  h1:two=\na.example/m v1.0.0 h1:one=\n";
        let sums = GoSum::parse(text).unwrap();
        assert_eq!(sums.len(), 1);
        let of: Vec<&str> = sums.of("a.example/m", "v1.0.0").collect();
        assert_eq!(of, ["h1:one=", "h1:two="]);
        assert_eq!(sums.of("a.example/m", "v1.0.1").count(), 0);
        assert!(GoSum::parse("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_go_sum_is_refused_with_its_line() {
        for (text, line, fields) in [
            ("module example.com/m\n", 1, 2),
            ("a v1 h1:x=\nb v1\n", 2, 2),
            ("a v1 h1:x= more\n", 1, 4),
        ] {
            assert_eq!(GoSum::parse(text), Err(GoSumError { line, fields }));
        }
    }
}
