//! `gospect sbom`.

use super::args::SbomArgs;
use super::error::Error;
use super::exit::Exit;
use super::input::{self, Need};
use super::lists::Lists;
use super::output::Output;
use super::{database, dates};
use crate::audit::{Auditor, Date, Policy};
use crate::bytes::{Budget, Use};
use crate::record::Line;
use crate::report::findings::remarks;
use crate::report::sbom::licences::Licences;
use crate::report::sbom::spec::{CycloneDx, Spdx};
use crate::report::sbom::{self, Format, Input, Inventory};
use crate::report::vuln::cyclonedx::of_bill;
use crate::vuln::database::Database;
use crate::vuln::{self, Report};
use std::io;

pub fn run(args: &SbomArgs) -> Result<Exit, Error> {
    let format = sbom::FORMATS
        .iter()
        .find(|f| f.name == args.format)
        .ok_or_else(|| Error::NoFormat(args.format.clone()))?;
    let (spec, spdx) = versions(args, format)?;
    check_licence_folders(args)?;
    let time = dates::made_at()?;
    let mut judged = Judged::open(args, time)?;
    let mut input = input::Input::open(&args.source, Need::Any)?;
    if let Some(judged) = &mut judged {
        input = judged.asks(args, input);
    }
    let mut output = Output::open(&args.output)?;
    // Findings use the built-in policy and the day of the bill, so that the same input always gives the same bill.
    let policy = Policy::built_in();
    let mut auditor =
        Auditor::new(&policy, Date::from_unix(time)).with_memory(args.source.memory / 2);
    let memory = args.source.memory;
    let mut inventory: Option<Inventory> = None;
    let end = input.run(args.output.quiet, &mut |line| {
        auditor.line(&line);
        if let Some(judged) = &mut judged {
            judged.line(&line)?;
        }
        match (&mut inventory, line) {
            (None, Line::Run(run)) => inventory = Some(Inventory::new(run, memory)),
            (Some(inventory), line) => inventory.push(&line)?,
            (None, _) => {}
        }
        Ok(())
    })?;
    let Some(inventory) = inventory else {
        return Ok(Exit::Failed);
    };
    // A bill without programs would say that there is nothing.
    if end.read_nothing() {
        return Ok(Exit::Failed);
    }
    // Rules judge full facts; their findings from build info alone would mislead.
    let remarks = if inventory.has_all_facts() {
        remarks::remarks(&auditor.finish(), inventory.programs())
    } else {
        Vec::new()
    };
    let vulnerabilities = judged.map_or_else(Vec::new, |judged| {
        of_bill(&inventory, &judged.end(args.output.quiet))
    });
    let licences = licences(args, &inventory)?;
    let input = Input {
        spec,
        spdx,
        licences: licences.as_ref(),
        inventory: &inventory,
        remarks: &remarks,
        vulnerabilities: &vulnerabilities,
        subject: sbom::Subject {
            name: args.name.as_deref(),
            version: args.release.as_deref(),
        },
        time,
    };
    output.write(|out| (format.write)(&input, out))?;
    Ok(Exit::of(&end, args.source.strict, false, true))
}

/// The vulnerabilities of the programs of a bill.
struct Judged {
    database: Database,
    lists: Lists,
    report: Report,
    budget: Budget,
}

impl Judged {
    /// Opens the database and the lists, if they are asked for.
    fn open(args: &SbomArgs, time: u64) -> Result<Option<Self>, Error> {
        if !args.vulns && !args.lists.are_given() {
            return Ok(None);
        }
        if args.format != "cyclonedx" {
            return Err(Error::VulnerabilitiesNeedCycloneDx);
        }
        let (folder, quiet) = (args.source.cache.folder.as_deref(), args.output.quiet);
        let today = Date::from_unix(time);
        let database = database::open(&args.database, folder, today, quiet)?;
        Ok(Some(Self {
            lists: Lists::read(&args.lists, &database, quiet)?,
            database,
            report: Report::default(),
            budget: Budget::of(args.source.memory, Use::Page),
        }))
    }

    /// Asks for the facts that the judgement needs.
    fn asks(&mut self, args: &SbomArgs, input: input::Input) -> input::Input {
        self.report.leaves_out = input.leaves_out(&args.source);
        let input = input.with_functions();
        match self.lists.name_digests() {
            true => input.with_hash(),
            false => input,
        }
    }

    /// Judges a program, and keeps what was not examined.
    fn line(&mut self, line: &Line) -> io::Result<()> {
        match line {
            Line::Binary(binary) => {
                let program = vuln::judge(binary, &self.database).map_err(io::Error::other)?;
                self.budget.spend(program.size_in_memory())?;
                self.report.programs.push(program);
            }
            Line::Unexamined(thing) => {
                self.budget.spend(thing.size_in_memory())?;
                self.report.unexamined.push(thing.clone());
            }
            Line::Run(_) | Line::Image(_) | Line::End(_) => {}
        }
        Ok(())
    }

    /// Adds what the lists say, at the end of the run.
    fn end(mut self, quiet: bool) -> Report {
        let mut adder = self.lists.adder();
        for program in &mut self.report.programs {
            adder.add_to(program);
        }
        adder.end(quiet);
        self.report
    }
}

/// The versions of both formats. Either is the default where the version is one of the other format.
fn versions(args: &SbomArgs, format: &Format) -> Result<(CycloneDx, Spdx), Error> {
    match args.spec_version.as_deref() {
        None => Ok((CycloneDx::default(), Spdx::default())),
        Some(version) if format.versions.contains(&version) => Ok((
            CycloneDx::parse(version).unwrap_or_default(),
            Spdx::parse(version).unwrap_or_default(),
        )),
        Some(version) => Err(Error::NoSpecVersion {
            format: format.name,
            version: version.to_owned(),
            known: format.versions.join(", "),
            other: sbom::FORMATS
                .iter()
                .find(|other| other.versions.contains(&version))
                .map(|other| other.name),
        }),
    }
}

/// Fails if a folder of --licenses is none.
#[cfg(feature = "verify")]
fn check_licence_folders(args: &SbomArgs) -> Result<(), Error> {
    match args.licenses.iter().find(|folder| !folder.is_dir()) {
        Some(folder) => Err(Error::NotRead {
            name: folder.display().to_string(),
            why: "is not a folder; --licenses needs one with modules".to_owned(),
        }),
        None => Ok(()),
    }
}

#[cfg(not(feature = "verify"))]
fn check_licence_folders(_: &SbomArgs) -> Result<(), Error> {
    Ok(())
}

/// The licences of all modules by the folders of --licenses; `None` without one.
#[cfg(feature = "verify")]
fn licences(args: &SbomArgs, inventory: &Inventory) -> Result<Option<Licences>, Error> {
    use crate::evidence::licences::licence_of;
    use crate::report::sbom::licences::Licence;
    if args.licenses.is_empty() {
        return Ok(None);
    }
    let mut all = Licences::default();
    for (path, version) in inventory.modules() {
        let key = (path.to_owned(), version.to_owned());
        all.0.entry(key).or_insert_with(|| {
            let licence = licence_of(&args.licenses, path, version);
            Licence {
                expression: licence.expression,
                how: licence.how,
            }
        });
    }
    let unknown = all.0.values().filter(|l| l.expression.is_none()).count();
    if !args.output.quiet {
        say!(
            "gospect: licences: {} known, {unknown} unknown; the property gospect:license says why",
            all.0.len() - unknown
        );
    }
    Ok(Some(all))
}

/// This build reads no licence files.
#[cfg(not(feature = "verify"))]
fn licences(_: &SbomArgs, _: &Inventory) -> Result<Option<Licences>, Error> {
    Ok(None)
}
