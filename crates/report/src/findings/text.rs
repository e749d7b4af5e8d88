//! Findings for people: by program or by rule, worst first, each with its evidence and what to type.

use super::builds::Builds;
use super::groups::{self, BELOW, Group, Listing};
use super::subject::{self, Subject};
use super::{Options, clean, count, waived};
use crate::flow::flow;
use gospect_audit::explain::explain;
use gospect_audit::policy::FILE_NAME;
use gospect_audit::{Audit, Finding, Level, PolicyRef, Region};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Programs whose build is written although all their findings are in groups.
const BUILDS: usize = 10;

/// Writes the findings that count, then their number.
pub fn render(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let counting: Vec<&Finding> = audit.findings.iter().filter(|f| f.counts()).collect();
    let text = Text {
        color: options.color,
        width: options.width,
        builds: Builds::of(&counting),
    };
    // A finding about a deployment file is read beside its line.
    let listing = match options.listing {
        Listing::Grouped if audit.files > 0 => Listing::All,
        listing => listing,
    };
    let is_shortened = match listing {
        Listing::All => {
            text.by_program(&counting, out)?;
            false
        }
        Listing::Grouped => {
            let (groups, rest) = groups::split(&counting);
            text.by_level(&groups, &rest, out)?;
            text.other_builds(&rest, out)?;
            !groups.is_empty()
        }
        Listing::Summary => {
            for group in groups::by_rule(counting.iter().copied()) {
                let head = format!("{}[{}]", group.level.name(), group.rule);
                let line = text.line(0, tone(group.level), &head, &group.head());
                write!(out, "{line}")?;
            }
            !counting.is_empty()
        }
    };
    if !counting.is_empty() {
        writeln!(out)?;
    }
    let waived = match options.listing {
        Listing::All => waived::groups(audit),
        Listing::Grouped | Listing::Summary => Vec::new(),
    };
    for group in &waived {
        write!(
            out,
            "{}",
            text.line(0, "2", "waived:", &group.line(usize::MAX))
        )?;
    }
    if !waived.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", flow(&summary(audit), 0, 0, options.width))?;
    let hides_waived = audit.counts.waived > 0 && options.listing != Listing::All;
    if hides_waived && !is_shortened {
        writeln!(out, "`--all` lists what is waived.")?;
    }
    if is_shortened {
        writeln!(out, "`--all` lists every finding with its evidence.")?;
    }
    if !counting.is_empty() {
        // A rule of the user is explained from the policy file that has it.
        let own = counting.iter().find(|f| explain(&f.rule).is_none());
        let file = own
            .and_then(|f| f.policy.as_ref())
            .map(|policy| policy.file.as_str());
        let flag = match file.filter(|file| *file != FILE_NAME) {
            Some(file) => format!(" --policy {}", clean(file)),
            None => String::new(),
        };
        writeln!(out, "`gospect explain{flag} RULE` says more about a rule.")?;
    }
    Ok(())
}

/// How text is written: with colours or not, and how wide.
struct Text<'a> {
    color: bool,
    width: Option<usize>,
    builds: Builds<'a>,
}

impl<'a> Text<'a> {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }

    /// A line that starts with a painted word.
    fn line(&self, indent: usize, code: &str, head: &str, text: &str) -> String {
        let first = indent + head.chars().count() + 1;
        let text = flow(text, first, 8, self.width);
        let gap = if text.starts_with('\n') { "" } else { " " };
        let head = self.paint(code, head);
        format!("{}{head}{gap}{text}\n", " ".repeat(indent))
    }

    fn group(&self, group: &Group, out: &mut dyn Write) -> io::Result<()> {
        let head = format!("{}[{}]", group.level.name(), group.rule);
        write!(
            out,
            "{}",
            self.line(0, tone(group.level), &head, &group.head())
        )?;
        for (indent, line) in group.lines() {
            let line = flow(&line, indent, indent + 2, self.width);
            writeln!(out, "{}{line}", " ".repeat(indent))?;
        }
        for fix in group.fixes(&self.builds) {
            write!(out, "{}", self.line(6, "32", "fix:", &fix))?;
        }
        match group.policy() {
            Some(policy) => self.asked(policy, out),
            None => Ok(()),
        }
    }

    /// The groups and the programs with a finding of each level, the worst level first. A program stands at its worst level with all its findings, so that no
    /// path is repeated.
    fn by_level(
        &self,
        groups: &[Group],
        rest: &[&'a Finding],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let programs = by_subject(rest);
        let mut is_first = true;
        for level in [Level::Error, Level::Warning, Level::Note] {
            let groups = groups.iter().filter(|group| group.level == level);
            for (index, group) in groups.enumerate() {
                if index == 0 && !is_first {
                    writeln!(out)?;
                }
                is_first = false;
                self.group(group, out)?;
            }
            let worst = |findings: &[&Finding]| findings.iter().map(|f| f.level).max();
            let programs = programs
                .iter()
                .filter(|p| worst(&p.findings) == Some(level));
            for program in programs {
                if !is_first {
                    writeln!(out)?;
                }
                is_first = false;
                self.program(program, out)?;
            }
        }
        Ok(())
    }

    /// The findings of each program below its path.
    fn by_program(&self, findings: &[&'a Finding], out: &mut dyn Write) -> io::Result<()> {
        for (index, program) in by_subject(findings).iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            self.program(program, out)?;
        }
        Ok(())
    }

    fn program(&self, program: &OfProgram<'a>, out: &mut dyn Write) -> io::Result<()> {
        let subject = &program.subject;
        let path = self.paint("1", &clean(subject.path));
        let target = match program.needs_target {
            true => format!(" in {}", clean(subject.target())),
            false => String::new(),
        };
        writeln!(out, "{path}{}{target}", subject.place())?;
        for finding in &program.findings {
            self.finding(finding, out)?;
        }
        self.build(subject, out)
    }

    /// The build that mends several findings of a program.
    fn build(&self, subject: &Subject<'a>, out: &mut dyn Write) -> io::Result<()> {
        for line in self.builds.lines(subject) {
            write!(out, "{}", self.line(2, "32", "build:", &line))?;
        }
        Ok(())
    }

    /// The builds of programs whose findings are all in groups.
    fn other_builds(&self, rest: &[&'a Finding], out: &mut dyn Write) -> io::Result<()> {
        let written = subject::subjects(rest);
        let others: Vec<_> = self
            .builds
            .programs()
            .filter(|p| !written.contains(*p))
            .collect();
        for subject in others.iter().take(BUILDS) {
            let path = self.paint("1", &clean(subject.path));
            writeln!(out, "\n{path}{}", subject.place())?;
            self.build(subject, out)?;
        }
        match others.len().checked_sub(BUILDS) {
            Some(more @ 1..) => writeln!(
                out,
                "\n{} with one build for several findings: `--all`",
                count(more as u64, "more program")
            ),
            _ => Ok(()),
        }
    }

    fn finding(&self, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let code = tone(finding.level);
        let head = format!("{}[{}]", finding.level.name(), finding.rule);
        write!(
            out,
            "{}",
            self.line(2, code, &head, &clean(&finding.message))
        )?;
        if let Some(region) = &finding.region {
            source(
                finding,
                region,
                &|code, text| self.paint(code, text),
                code,
                self.width,
                out,
            )?;
        }
        for evidence in &finding.evidence {
            let source = format!("{}:", clean(&evidence.source));
            write!(
                out,
                "{}",
                self.line(6, "2", &source, &clean(&evidence.value))
            )?;
        }
        let help = self.builds.help(finding, BELOW);
        if !help.is_empty() {
            write!(out, "{}", self.line(6, "32", "fix:", &clean(&help)))?;
        }
        match &finding.policy {
            Some(policy) => self.asked(policy, out),
            None => Ok(()),
        }
    }

    /// The line of the policy that asks for a rule.
    fn asked(&self, policy: &PolicyRef, out: &mut dyn Write) -> io::Result<()> {
        let asked = format!("asked for at {}:{}", clean(&policy.file), policy.line);
        writeln!(out, "      {}", self.paint("2", &asked))
    }
}

/// The findings of one program.
struct OfProgram<'a> {
    subject: Subject<'a>,
    findings: Vec<&'a Finding>,
    /// Whether only the target tells it from another program.
    needs_target: bool,
}

/// The findings by program, in the order of their paths.
fn by_subject<'a>(findings: &[&'a Finding]) -> Vec<OfProgram<'a>> {
    let mut by_subject: BTreeMap<Subject, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let of_subject = by_subject.entry(Subject::of(finding)).or_default();
        of_subject.push(finding);
    }
    let mut programs: Vec<OfProgram> = Vec::new();
    for (subject, findings) in by_subject {
        // Those that read alike stand side by side.
        let previous = programs.last_mut();
        let previous = previous.filter(|previous| subject.reads_like(&previous.subject));
        let needs_target = previous.is_some();
        if let Some(previous) = previous {
            previous.needs_target = true;
        }
        programs.push(OfProgram {
            subject,
            findings,
            needs_target,
        });
    }
    programs
}

/// The colour of a level.
fn tone(level: Level) -> &'static str {
    match level {
        Level::Error => "1;31",
        Level::Warning => "1;33",
        Level::Note => "1",
    }
}

/// The place in the file, the line, and marks below the part that the finding is about.
fn source(
    finding: &Finding,
    region: &Region,
    paint: &dyn Fn(&str, &str) -> String,
    code: &str,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = format!("{}:{}:{}", clean(&finding.path), region.line, region.column);
    writeln!(out, "      {}", paint("2", &place))?;
    // Marks only line up below a line in which every character takes one column.
    let plain = !region.text.is_empty()
        && region
            .text
            .bytes()
            .all(|b| b == b'\t' || (0x20..0x7f).contains(&b));
    if !plain {
        return Ok(());
    }
    let number = region.line.to_string();
    let width = region.text.len();
    let byte = |column: u32| {
        usize::try_from(column)
            .unwrap_or(1)
            .saturating_sub(1)
            .min(width)
    };
    let start = byte(region.column);
    let end = if region.line == region.end_line {
        byte(region.end_column)
    } else {
        width
    };
    // The part of a long line around the marks.
    let max_columns = columns.map_or(width, |all_columns| {
        all_columns.saturating_sub(9 + number.len()).max(20)
    });
    let from = if end <= max_columns {
        0
    } else {
        start.saturating_sub(max_columns / 4)
    };
    let shown = region
        .text
        .get(from..width.min(from + max_columns))
        .unwrap_or_default();
    let (start, end) = (start - from, (end - from).min(max_columns));
    let gutter = paint("2", &format!("{number} |"));
    writeln!(out, "      {gutter} {}", shown.replace('\t', " "))?;
    let gutter = paint("2", &format!("{} |", " ".repeat(number.len())));
    let marks = paint(code, &"^".repeat(end.saturating_sub(start).max(1)));
    writeln!(out, "      {gutter} {}{marks}", " ".repeat(start))
}

/// `2 programs`, `1 file`.
fn subjects(audit: &Audit) -> String {
    let not_read = audit.not_read.len();
    match (audit.files, audit.binaries) {
        (0, 0) if not_read > 0 => count(not_read as u64, "file"),
        (1.., 0) if not_read > 0 => format!("{}, {not_read} not read", count(audit.files, "file")),
        (1.., 0) => count(audit.files, "file"),
        _ => count(audit.binaries, "program"),
    }
}

/// One line with the number of programs and of findings by level.
pub(super) fn summary(audit: &Audit) -> String {
    let counts = &audit.counts;
    let mut parts: Vec<String> = [
        (counts.error, "error"),
        (counts.warning, "warning"),
        (counts.note, "note"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, word)| count(n, word))
    .collect();
    if parts.is_empty() && audit.files == 0 && !audit.not_read.is_empty() {
        parts.push("nothing was read".into());
    } else if parts.is_empty() {
        parts.push("no findings".into());
    }
    for (n, word) in [
        (counts.waived, "waived"),
        (counts.accepted, "accepted by the baseline"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    let found = match (parts.as_slice(), audit.binaries, audit.files) {
        ([_], 0, 0) if audit.findings.is_empty() && audit.not_read.is_empty() => {
            "no Go program found".to_owned()
        }
        _ => format!("{} in {}", parts.join(", "), subjects(audit)),
    };
    format!(
        "{found} (profile {}, {})",
        clean(&audit.profile),
        audit.today
    )
}
