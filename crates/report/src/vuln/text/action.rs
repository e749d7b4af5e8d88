//! What to do, and each vulnerability that it ends, with what is linked and where.

use super::super::Options;
use super::super::levels::Affected;
use super::NAMED;
use super::places::{self, some};
use crate::chain::verdict;
use crate::findings::Listing;
use crate::flow::flow;
use gospect_bytes::escape::clean;
use gospect_bytes::number::count;
use gospect_vuln::{Action, Finding, Level, Program};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the actions of a report.
pub(super) struct Writer<'o> {
    options: &'o Options,
    /// Most functions, and most places, to name for one vulnerability.
    most: usize,
}

/// The places that vulnerabilities of an action have in common.
struct Common {
    lines: Vec<String>,
    /// Whether all of them are there.
    is_all: bool,
}

impl<'o> Writer<'o> {
    pub fn new(options: &'o Options) -> Self {
        Self {
            options,
            most: options.limit(NAMED),
        }
    }

    /// Writes what to do, with `--summary` nothing else.
    pub fn action(&self, action: &Action<'_>, out: &mut dyn Write) -> io::Result<()> {
        let head = format!("{}: {}", action.what(), ends(action.to, action.fixes.len()));
        writeln!(out, "{}", self.paint("1", &clean(&head)))?;
        if self.options.listing == Listing::Summary {
            return Ok(());
        }
        let all = action.by_severity();
        let lines_of: Vec<Vec<String>> = all
            .iter()
            .map(|programs| places::lines(programs, self.most))
            .collect();
        let common = common(&lines_of);
        if let Some(common) = &common {
            for (index, line) in common.lines.iter().enumerate() {
                let is_last = index + 1 == common.lines.len() && !common.is_all;
                let rest = if is_last {
                    ", where no other place is named"
                } else {
                    ""
                };
                self.line(2, &format!("{line}{rest}"), out)?;
            }
        }
        for (programs, lines) in all.iter().zip(&lines_of) {
            let is_common = common.as_ref().is_some_and(|common| common.lines == *lines);
            self.vulnerability(programs, if is_common { &[] } else { lines }, out)?;
        }
        writeln!(out)
    }

    /// Writes one vulnerability; `places` are the lines that say where it is.
    fn vulnerability(
        &self,
        programs: &[Affected<'_>],
        places: &[String],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Some((_, first)) = programs.first() else {
            return Ok(());
        };
        let level = programs.iter().map(|(_, f)| f.level).max();
        let level = level.unwrap_or(first.level);
        let parts = [
            Some(level.name()),
            Some(first.id.as_str()),
            first.cve(),
            first.summary.as_deref(),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        let head = clean(&parts.join(" ")).into_owned();
        let head = flow(&head, 2, 4, self.options.width);
        let code = match level {
            Level::Symbol => "1;31",
            Level::Package => "33",
            Level::Module => "2",
        };
        let name = self.paint(code, level.name());
        writeln!(out, "  {}", head.replacen(level.name(), &name, 1))?;
        let fixed = match first.fixed.as_deref() {
            Some(fixed) => format!("; fixed in {fixed}"),
            None => String::new(),
        };
        self.line(6, &format!("{}{fixed}", linked(programs, self.most)), out)?;
        let severity = first.severity.map(|severity| severity.to_string());
        for line in severity
            .into_iter()
            .chain(said_by_distributions(programs, self.most))
        {
            self.line(6, &line, out)?;
        }
        for line in chain(programs) {
            writeln!(out, "{}{}", " ".repeat(6), clean(&line))?;
        }
        places.iter().try_for_each(|line| self.line(6, line, out))
    }

    /// Writes text from a column on, in as many lines as the width needs.
    fn line(&self, indent: usize, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let text = flow(&clean(text), indent, indent + 2, self.options.width);
        writeln!(out, "{}{text}", " ".repeat(indent))
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.options.color {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// The places of most vulnerabilities, if at least two and half of them have the same.
fn common(lines_of: &[Vec<String>]) -> Option<Common> {
    let mut numbers: BTreeMap<&[String], usize> = BTreeMap::new();
    for lines in lines_of {
        *numbers.entry(lines).or_default() += 1;
    }
    let (lines, number) = numbers.into_iter().max_by_key(|(_, number)| *number)?;
    let is_common = number >= 2 && 2 * number >= lines_of.len();
    is_common.then(|| Common {
        lines: lines.to_vec(),
        is_all: number == lines_of.len(),
    })
}

/// `ends 4 of them`.
fn ends(to: Option<&str>, number: usize) -> String {
    match (to, number) {
        (Some(_), 1) => "ends 1 vulnerability".to_owned(),
        (Some(_), number) => format!("ends {number} vulnerabilities"),
        (None, number) => count(number as u64, "vulnerability", "vulnerabilities"),
    }
}

/// The vulnerable code that is linked into any of the programs.
fn linked(places: &[(&Program, &Finding)], most: usize) -> String {
    let mut symbols: Vec<&str> = Vec::new();
    let mut packages: Vec<&str> = Vec::new();
    for (_, finding) in places {
        symbols.extend(finding.symbols.iter().map(String::as_str));
        packages.extend(finding.packages.iter().map(String::as_str));
    }
    for list in [&mut symbols, &mut packages] {
        list.sort_unstable();
        list.dedup();
    }
    match (symbols.is_empty(), packages.is_empty()) {
        (false, _) => format!("links {}", some(&symbols, most)),
        (true, false) => format!("links package {}", some(&packages, most)),
        (true, true) => "only the version matches".to_owned(),
    }
}

/// What the lists of distributions and the changelogs of packages say, each once.
pub(in crate::vuln) fn said_by_distributions(
    places: &[(&Program, &Finding)],
    most: usize,
) -> Vec<String> {
    let fixes = places.iter().flat_map(|(_, f)| f.said_by_distribution());
    let mut fixes: Vec<String> = fixes.collect();
    fixes.sort_unstable();
    fixes.dedup();
    fixes.truncate(most);
    fixes
}

/// The most certain chain of calls that any of the programs has, and what it proves.
pub(in crate::vuln) fn chain(places: &[(&Program, &Finding)]) -> Vec<String> {
    let asked = places
        .iter()
        .find_map(|(program, finding)| Some((program, finding.chains.as_ref()?)));
    let with_chain = places
        .iter()
        .find_map(|(program, finding)| Some((program, finding.chains.as_ref()?.first()?)));
    let Some((program, chain)) = with_chain else {
        let nothing = "nothing was seen to lead there".to_owned();
        return asked.map(|_| nothing).into_iter().collect();
    };
    let head = match places.len() {
        1 => "reached by".to_owned(),
        _ => format!("reached in {} by", program.path),
    };
    let steps = chain.iter().map(|step| {
        let place = match (&step.file, step.line) {
            (Some(file), Some(line)) => format!("  {file}:{line}"),
            _ => String::new(),
        };
        format!("  {:<6} {}{place}", step.word(), step.shown())
    });
    let verdict = format!("  {}", verdict(chain));
    let lines = std::iter::once(head).chain(steps);
    lines.chain([verdict]).collect()
}
