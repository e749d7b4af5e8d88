//! `gospect vuln`.

use super::args::VulnArgs;
use super::error::Error;
use super::exit::Exit;
use super::input::{Input, Need};
use super::output::Output;
use super::{database, dates};
use crate::bytes::{Budget, Use};
use crate::record::Line;
use crate::report::style::clean;
use crate::report::vuln::{self, Options};
use crate::vuln::vex::{self, Document};
use crate::vuln::{Report, Source, judge};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Formats that name the programs by their digests.
const WITH_DIGESTS: [&str; 2] = ["openvex", "cyclonedx-vex"];

pub fn run(args: &VulnArgs) -> Result<Exit, Error> {
    let format = vuln::format(&args.format).ok_or_else(|| Error::NoFormat(args.format.clone()))?;
    let time = dates::made_at()?;
    let today = dates::today();
    let database = database::open(&args.database, today, args.output.quiet)?;
    let documents = args.vex.iter().map(|path| read_vex(path));
    let documents: Vec<Document> = documents.collect::<Result<_, _>>()?;
    let mut input = Input::open(&args.source, Need::Full("vuln"))?.with_functions();
    if WITH_DIGESTS.contains(&format.name) {
        input = input.with_hash();
    }
    let mut output = Output::open(&args.output)?;
    let budget = Budget::of(args.source.memory, Use::Page);
    let mut report = Report {
        database: Source::of(&database),
        ..Report::default()
    };
    let end = input.run(args.output.quiet, &mut |line| {
        match line {
            Line::Binary(binary) => {
                let program = judge(&binary, &database).map_err(io::Error::other)?;
                budget.spend(program.size_in_memory())?;
                report.programs.push(program);
            }
            Line::Unexamined(thing) => {
                budget.spend(thing.size_in_memory())?;
                report.unexamined.push(thing);
            }
            Line::Run(_) | Line::Image(_) | Line::End(_) => {}
        }
        Ok(())
    })?;
    for program in &mut report.programs {
        vex::apply(&documents, program);
    }
    if args.only_fixed {
        report.only_fixed();
    }
    let options = Options {
        color: output.look.color,
        width: output.look.width,
        level: args.level,
        time,
    };
    output.write(|out| (format.render)(&report, &options, out))?;
    let open = report.programs.iter().filter(|p| !p.unjudged.is_empty());
    let open = open.count();
    let exit = Exit::of(&end, args.source.strict, report.fails(args.level), true);
    if args.source.strict && open > 0 && exit != Exit::Failed {
        say!(
            "gospect: programs that could not be judged exactly: {open}; this is an error because of --strict"
        );
        return Ok(Exit::Failed);
    }
    Ok(exit)
}

fn read_vex(path: &Path) -> Result<Document, Error> {
    let name = path.to_string_lossy();
    let failed = |why: String| Error::Vex {
        path: clean(&name).into_owned(),
        why,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| failed(e.to_string()))?;
    file.take(vex::LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| failed(e.to_string()))?;
    if bytes.len() as u64 > vex::LARGEST {
        return Err(failed(format!("longer than {} MiB", vex::LARGEST >> 20)));
    }
    Document::parse(&bytes, &name).map_err(|e| failed(e.to_string()))
}
