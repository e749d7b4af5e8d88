//! `gospect lint`.

use super::args::LintArgs;
use super::exit::Exit;
use super::output::Output;
use super::{audit, dates, policy};
use crate::audit::{Assumed, Auditor};
use crate::deploy::{self, Deployment, Kind, LARGEST, Problem, kind};
use crate::report::findings::{self, page};
use crate::report::style::clean;
use crate::scan::{self, Event, Options};
use crate::source::target::Target;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Directories that hold what other people wrote.
const PASSED_OVER: [&str; 4] = ["node_modules", "vendor", "target", "testdata"];
/// Hidden directories that hold workflows.
const WORKFLOWS: [&str; 4] = [".github", ".gitea", ".forgejo", ".circleci"];
/// Directories below directories at the most.
const DEEPEST: usize = 32;

pub fn run(args: &LintArgs) -> Result<Exit, String> {
    let judge = &args.judge;
    let policy = policy::load(judge, &args.output, &[])?;
    if judge.print_config {
        let text = policy.print_config();
        Output::open(&args.output)?.write(|out| out.write_all(text.as_bytes()))?;
        return Ok(Exit::Fine);
    }
    let baseline = judge
        .baseline
        .as_deref()
        .map(audit::read_baseline)
        .transpose()?;
    let assumed = Assumed {
        release: args.go.clone(),
        binary: args
            .binary
            .as_deref()
            .map(program)
            .transpose()?
            .map(Box::new),
    };
    let mut reader = Reader {
        kind: args.kind.as_deref().and_then(Kind::parse),
        quiet: args.output.quiet,
        ..Reader::default()
    };
    for path in &args.files {
        reader.named(path);
    }
    let mut output = Output::open(&args.output)?;
    let mut auditor = Auditor::new(&policy, judge.today.unwrap_or_else(dates::today));
    if let Some(baseline) = &baseline {
        auditor = auditor.with_baseline(baseline);
    }
    for file in &reader.files {
        auditor.deployment(file, &assumed);
    }
    reader.explain(&assumed);
    let result = auditor.finish();
    // Nothing was judged: a report would read as if all were well.
    if !reader.files.is_empty() || !reader.failed {
        match findings::format(&judge.format) {
            Some(format) => {
                let options = findings::Options {
                    color: output.look.color,
                    width: output.look.width,
                };
                output.write(|out| (format.render)(&result, &options, out))?;
            }
            None => output.write(|out| page::page(&result).write(out))?,
        }
    }
    let findings = audit::failed(judge, &result, reader.failed, args.output.quiet)?;
    Ok(match (reader.failed, findings) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Fine,
    })
}

/// The Go program that `--binary` names.
fn program(path: &Path) -> Result<crate::report::model::Binary, String> {
    let name = clean(&path.to_string_lossy()).into_owned();
    let mut found = None;
    let mut why = "no Go program is in it; `gospect scan` on it shows what is".to_owned();
    let targets = [(name.clone(), Target::Path(path.to_owned()))];
    scan::run(&targets, &Options::default(), &mut |event| {
        match event {
            Event::Binary(binary) if found.is_none() => found = Some(*binary),
            Event::Unexamined { thing, fatal: true } => why = thing.detail,
            _ => {}
        }
        found.is_none()
    })
    .map_err(|e| format!("--binary {name}: {e}"))?;
    found.ok_or_else(|| format!("--binary {name}: {why}"))
}

/// Reads files one by one and says what is wrong with them.
#[derive(Default)]
struct Reader {
    kind: Option<Kind>,
    quiet: bool,
    files: Vec<Deployment>,
    failed: bool,
}

impl Reader {
    /// A file or directory of the command line.
    fn named(&mut self, path: &Path) {
        if path.is_dir() {
            let before = self.files.len();
            self.directory(path, 0);
            if before == self.files.len() {
                self.fail(
                    path,
                    "holds no deployment file that its name tells; name the files and --kind",
                );
            }
            return;
        }
        match text(path) {
            Ok(text) => self.take(path, &text, self.kind, true),
            Err(why) => self.fail(path, &why),
        }
    }

    fn take(&mut self, path: &Path, text: &str, kind: Option<Kind>, named: bool) {
        let shown = path.to_string_lossy();
        match deploy::read(&shown, text, kind) {
            Ok(file) => {
                if file.kind == Kind::Compose {
                    self.env_files(path, &file);
                }
                self.files.push(file);
            }
            Err(Problem::UnknownYaml | Problem::Unknown) if !named => {}
            Err(problem) if !named => self.say(
                path,
                &format!("not judged: {problem}{}", hint(&problem, text)),
            ),
            Err(problem) => self.fail(path, &format!("{problem}{}", hint(&problem, text))),
        }
    }

    /// Files of variables that a Compose file names, beside it.
    fn env_files(&mut self, compose: &Path, file: &Deployment) {
        let folder = compose.parent().unwrap_or(Path::new(""));
        for name in &file.env_files {
            let name = Path::new(name.as_str());
            let path = folder.join(name);
            let seen = path.to_string_lossy();
            let known = self.files.iter().any(|f| f.path == seen);
            if name.is_absolute() || known || name.to_string_lossy().contains('$') {
                continue;
            }
            match text(&path) {
                Ok(text) => self.take(&path, &text, Some(Kind::Env), true),
                Err(why) => self.say(
                    &path,
                    &format!("named by {} and not judged: {why}", compose.display()),
                ),
            }
        }
    }

    /// Files below a directory whose names tell what they are.
    fn directory(&mut self, path: &Path, depth: usize) {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(e) => return self.fail(path, &format!("cannot be read: {e}")),
        };
        let mut all: Vec<(PathBuf, fs::FileType)> = entries
            .flatten()
            .filter_map(|e| Some((e.path(), e.file_type().ok()?)))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, file_type) in all {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if file_type.is_dir() {
                let hidden = name.starts_with('.') && !WORKFLOWS.contains(&&*name);
                if !hidden && !PASSED_OVER.contains(&&*name) && depth < DEEPEST {
                    self.directory(&path, depth + 1);
                }
                continue;
            }
            let json = path.extension().is_some_and(|e| e == "json");
            let told = kind::of_name(&path.to_string_lossy()) != kind::Named::Nothing;
            if !file_type.is_file() || !told || json {
                continue;
            }
            let seen = path.to_string_lossy();
            if self.files.iter().any(|f| f.path == seen) {
                continue;
            }
            match text(&path) {
                Ok(text) => self.take(&path, &text, self.kind, false),
                Err(why) => self.say(&path, &format!("not judged: {why}")),
            }
        }
    }

    /// Says which releases were judged by, where that is not plain.
    fn explain(&self, assumed: &Assumed) {
        if self.quiet {
            return;
        }
        if let Some(file) = self.files.iter().find(|f| assumed.guesses(f)) {
            say!(
                "gospect: {}: nothing tells which Go release; judged by the newest known, {}; --go 1.N or --binary FILE takes another",
                clean(&file.path),
                crate::audit::known::newest_release()
            );
        }
        let mut said: Vec<String> = Vec::new();
        for remark in self.files.iter().flat_map(|f| assumed.remarks(f)) {
            if !said.contains(&remark) {
                say!("gospect: {remark}");
                said.push(remark);
            }
        }
    }

    fn fail(&mut self, path: &Path, why: &str) {
        self.failed = true;
        say!(
            "gospect: {}: {}",
            clean(&path.to_string_lossy()),
            clean(why)
        );
    }

    fn say(&self, path: &Path, what: &str) {
        if !self.quiet {
            say!(
                "gospect: {}: {}",
                clean(&path.to_string_lossy()),
                clean(what)
            );
        }
    }
}

/// The text of a file, or of standard input. Bytes that are no UTF-8 are replaced: comments may be in any encoding.
fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read =
        |reader: &mut dyn Read, bytes: &mut Vec<u8>| reader.take(LARGEST + 1).read_to_end(bytes);
    let result = if path == Path::new("-") {
        read(&mut std::io::stdin().lock(), &mut bytes)
    } else {
        // A pipe or a device that a name stands for could be without end.
        let meta = fs::metadata(path).map_err(|e| format!("cannot be read: {e}"))?;
        if meta.len() > LARGEST {
            return Err(too_large());
        }
        fs::File::open(path).and_then(|mut file| read(&mut file, &mut bytes))
    };
    result.map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    if bytes.contains(&0) {
        return Err("is no text file; `gospect scan` looks at programs and images".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn too_large() -> String {
    format!(
        "larger than {} MiB, which no deployment file is",
        LARGEST >> 20
    )
}

/// What to do about a file that could not be read.
fn hint(problem: &Problem, text: &str) -> String {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|(_, name, _)| *name).collect();
    match problem {
        Problem::Unknown | Problem::UnknownYaml => format!("; say it with --kind {}", kinds.join("|")),
        Problem::Syntax { .. } if text.contains("{{") => {
            "; a template must be rendered first: `helm template . | gospect lint --kind kubernetes -`".to_owned()
        }
        Problem::Syntax { .. } => "; correct the file, or say what it is with --kind".to_owned(),
    }
}
