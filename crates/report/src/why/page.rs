//! Answers as a page: what each name stands for, the chains step by step, and what the packages on the way can do.

use super::{NO_NAME_LIKE_IT, NOT_FOUND, legend, no_chain, place, what};
use crate::chain::verdict;
use crate::html::{Page, Row, Table, Tile, Tone};
use crate::style::clean;
use gospect_record::LinkedPackage;
use gospect_record::why::{Answer, Step, Why, shown};
use std::io::{self, Write};

/// Writes the answers as a page. `packages` are those of the program with their capabilities; those on the chains are shown.
///
/// # Errors
/// When the output cannot be written.
pub fn html(why: &Why, packages: &[LinkedPackage], out: &mut dyn Write) -> io::Result<()> {
    let found = why.answers.iter().filter(|answer| answer.found).count();
    let missing = why.answers.len() - found;
    let chains = why
        .answers
        .iter()
        .map(|answer| answer.chains.len())
        .sum::<usize>();
    let mut tiles = vec![
        Tile::of(
            found as u64,
            "name in the program",
            "names in the program",
            Tone::Plain,
        ),
        Tile::of(
            chains as u64,
            "chain of calls",
            "chains of calls",
            Tone::Plain,
        ),
    ];
    if missing > 0 {
        tiles.push(Tile::of(missing as u64, NOT_FOUND, NOT_FOUND, Tone::Warn));
    }
    let unknown = why.unknown.iter();
    let mut about: Vec<String> = unknown
        .map(|reason| format!("No answer: {}.", clean(reason)))
        .collect();
    about.extend(legend(why).map(|legend| format!("{legend}.")));
    let mut tables = vec![answers(&why.answers)];
    for answer in &why.answers {
        let several = answer.chains.len() > 1;
        for (number, chain) in answer.chains.iter().enumerate() {
            let number = several.then_some(number + 1);
            tables.push(steps(&answer.name, number, chain));
        }
    }
    tables.push(capabilities(&why.answers, packages));
    tables.retain(|table| !table.rows.is_empty());
    Page {
        title: format!("Why in {}", clean(&why.program)),
        about,
        tiles,
        tables,
        ..Page::default()
    }
    .write(out)
}

fn table(title: String, columns: &[&str], rows: Vec<Row>) -> Table {
    Table {
        title,
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        places: None,
        rows,
    }
}

/// A row for each name: what it stands for, and what its chains prove.
fn answers(all: &[Answer]) -> Table {
    let rows = all.iter().map(|answer| {
        let (what, proof) = match what(answer) {
            Some(what) if answer.chains.is_empty() => (what, no_chain(answer).to_owned()),
            Some(what) => {
                let mut proofs: Vec<String> = answer.chains.iter().map(|c| verdict(c)).collect();
                proofs.dedup();
                (what, proofs.join("; "))
            }
            None => {
                let note = answer.note.as_deref().unwrap_or(NOT_FOUND);
                let near = match answer.nearest.as_slice() {
                    [] if answer.note.is_none() => NO_NAME_LIKE_IT.to_owned(),
                    [] => String::new(),
                    near => format!("names like it: {}", shown(&near.join(", "))),
                };
                (note.to_owned(), near)
            }
        };
        let certain = answer
            .chains
            .iter()
            .any(|chain| chain.iter().all(Step::is_certain));
        Row {
            tone: match (answer.found, certain) {
                (false, _) => Tone::Warn,
                (true, true) => Tone::Good,
                (true, false) => Tone::Plain,
            },
            cells: [answer.name.as_str(), &what, &proof]
                .map(|text| clean(text).into_owned())
                .into(),
            ..Row::default()
        }
    });
    table(
        "Names".to_owned(),
        &["name", "what it is", "what is proved"],
        rows.collect(),
    )
}

/// The steps of a chain in their order.
fn steps(name: &str, number: Option<usize>, chain: &[Step]) -> Table {
    let rows = chain.iter().enumerate().map(|(index, step)| Row {
        tone: match step.is_certain() {
            true => Tone::Plain,
            false => Tone::Warn,
        },
        cells: vec![
            step.word().to_owned(),
            (index + 1).to_string(),
            clean(&step.shown()).into_owned(),
            place(step),
        ],
        ..Row::default()
    });
    let title = match number {
        Some(number) => format!("Chain {number} to {}", clean(name)),
        None => format!("Chain to {}", clean(name)),
    };
    table(title, &["by", "step", "function", "where"], rows.collect())
}

/// What the packages on the chains can do, each with the chain that proves it.
fn capabilities(all: &[Answer], packages: &[LinkedPackage]) -> Table {
    let functions: Vec<&str> = all
        .iter()
        .flat_map(|answer| answer.chains.iter().flatten())
        .map(|step| step.function.as_str())
        .collect();
    let is_on_way = |package: &&LinkedPackage| {
        let mut functions = functions.iter();
        functions.any(|function| is_of(function, &package.path))
    };
    let mut rows = Vec::new();
    for package in packages.iter().filter(is_on_way) {
        for found in package.capabilities.iter().flatten() {
            let doubt = if found.certain { "" } else { "?" };
            let how = if found.direct {
                "direct"
            } else {
                "through others"
            };
            rows.push(Row {
                tone: Tone::Plain,
                cells: [
                    package.path.as_str(),
                    &format!("{}{doubt}", found.capability),
                    how,
                    &shown(&found.chain.join(" → ")),
                ]
                .map(|text| clean(text).into_owned())
                .into(),
                ..Row::default()
            });
        }
    }
    table(
        "What the packages on the way can do".to_owned(),
        &["package", "capability", "how", "by"],
        rows,
    )
}

/// Whether a function is one of a package. In names of functions, dots of the last element of the path are `%2e`.
fn is_of(function: &str, package: &str) -> bool {
    let (directory, last) = package
        .rsplit_once('/')
        .map_or(("", package), |(d, l)| (d, l));
    let rest = match directory {
        "" => Some(function),
        directory => function
            .strip_prefix(directory)
            .and_then(|rest| rest.strip_prefix('/')),
    };
    let escaped = last.replace('.', "%2e");
    let of = |last: &str| rest.and_then(|rest| rest.strip_prefix(last)?.strip_prefix('.'));
    of(&escaped).or_else(|| of(last)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_record::PackageCapability;
    use gospect_record::why::{By, SCHEMA, Subject};

    #[test]
    fn functions_belong_to_the_package_of_their_whole_path() {
        for (function, package, expected) in [
            ("os/exec.(*Cmd).Start", "os/exec", true),
            ("os/exec.(*Cmd).Start", "os", false),
            ("os.Open", "os", true),
            ("gopkg.in/yaml%2ev3.Decode", "gopkg.in/yaml.v3", true),
            ("gopkg.in/yaml.v3.Decode", "gopkg.in/yaml.v3", true),
            ("example.com/ab.F", "example.com/a", false),
            ("main.main", "main", true),
        ] {
            assert_eq!(is_of(function, package), expected, "{function} {package}");
        }
    }

    #[test]
    fn the_page_has_the_steps_in_order_and_what_packages_on_the_way_can_do() {
        let step = |function: &str, by: By| Step {
            function: function.to_owned(),
            file: Some("a.go".to_owned()),
            line: Some(7),
            by,
            go: false,
        };
        let package = |path: &str| LinkedPackage {
            path: path.to_owned(),
            capabilities: Some(vec![PackageCapability {
                capability: "EXEC".into(),
                direct: true,
                certain: false,
                chain: vec![format!("{path}.F"), "os/exec.Command".to_owned()],
            }]),
            ..LinkedPackage::default()
        };
        let why = Why {
            schema: SCHEMA,
            program: "app".to_owned(),
            unknown: None,
            answers: vec![
                Answer {
                    name: "os/exec.Command".to_owned(),
                    subject: Some(Subject::Function),
                    found: true,
                    functions: 1,
                    chains: vec![vec![
                        step("main.main", By::Root),
                        step("example.com/run.F", By::Value),
                        step("os/exec.Command", By::Call),
                    ]],
                    ..Answer::default()
                },
                Answer {
                    name: "os/exek".to_owned(),
                    nearest: vec!["os/exec".to_owned()],
                    ..Answer::default()
                },
            ],
        };
        let mut out = Vec::new();
        let packages = [package("example.com/run"), package("example.com/else")];
        html(&why, &packages, &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        let (_, data) = page.split_once("application/json\">").unwrap();
        let data = data.split("</script>").next().unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        let titles: Vec<&str> = data["tables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["title"].as_str().unwrap())
            .collect();
        assert_eq!(
            titles,
            [
                "Names",
                "Chain to os/exec.Command",
                "What the packages on the way can do"
            ]
        );
        let cells = |table: usize| -> Vec<String> {
            let rows = data["tables"][table]["rows"].as_array().unwrap();
            rows.iter()
                .map(|row| {
                    let cells = row["cells"].as_array().unwrap();
                    let cells: Vec<&str> =
                        cells.iter().map(|cell| cell.as_str().unwrap()).collect();
                    cells.join("|")
                })
                .collect()
        };
        assert_eq!(
            cells(1),
            [
                "root|1|main.main|a.go:7",
                "value|2|example.com/run.F|a.go:7",
                "call|3|os/exec.Command|a.go:7"
            ]
        );
        assert_eq!(
            cells(2),
            ["example.com/run|EXEC?|direct|example.com/run.F → os/exec.Command"]
        );
        assert_eq!(
            cells(0)[1],
            "os/exek|not in this program|names like it: os/exec"
        );
    }
}
