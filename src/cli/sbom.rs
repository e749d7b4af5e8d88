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
use crate::report::sbom::{self, Input, Inventory};
use crate::report::vuln::cyclonedx::of_bill;
use crate::vuln;
use std::io;

pub fn run(args: &SbomArgs) -> Result<Exit, Error> {
    let format = sbom::FORMATS
        .iter()
        .find(|f| f.name == args.format)
        .ok_or_else(|| Error::NoFormat(args.format.clone()))?;
    // Either is the default where the version is one of the other format.
    let (spec, spdx) = match args.spec_version.as_deref() {
        None => (CycloneDx::default(), Spdx::default()),
        Some(version) if format.versions.contains(&version) => (
            CycloneDx::parse(version).unwrap_or_default(),
            Spdx::parse(version).unwrap_or_default(),
        ),
        Some(version) => {
            return Err(Error::NoSpecVersion {
                format: format.name,
                version: version.to_owned(),
                known: format.versions.join(", "),
                other: sbom::FORMATS
                    .iter()
                    .find(|other| other.versions.contains(&version))
                    .map(|other| other.name),
            });
        }
    };
    #[cfg(feature = "verify")]
    if let Some(folder) = args.licenses.iter().find(|folder| !folder.is_dir()) {
        let name = folder.display().to_string();
        let why = "is not a folder; --licenses needs one with modules".to_owned();
        return Err(Error::NotRead { name, why });
    }
    let time = dates::made_at()?;
    let vulnerabilities = match (args.vulns || args.lists.are_given(), format.name) {
        (false, _) => None,
        (true, "cyclonedx") => {
            let (folder, quiet) = (args.source.cache.folder.as_deref(), args.output.quiet);
            let today = Date::from_unix(time);
            let database = database::open(&args.database, folder, today, quiet)?;
            let lists = Lists::read(&args.lists, &database, quiet)?;
            Some((database, lists))
        }
        (true, _) => return Err(Error::VulnerabilitiesNeedCycloneDx),
    };
    let mut input = input::Input::open(&args.source, Need::Any)?;
    if let Some((_, lists)) = &vulnerabilities {
        input = input.with_functions();
        if lists.name_digests() {
            input = input.with_hash();
        }
    }
    let mut output = Output::open(&args.output)?;
    // Findings use the built-in policy and the day of the bill, so that the same input always gives the same bill.
    let policy = Policy::built_in();
    let mut auditor =
        Auditor::new(&policy, Date::from_unix(time)).with_memory(args.source.memory / 2);
    let memory = args.source.memory;
    let mut inventory: Option<Inventory> = None;
    let mut programs = Vec::new();
    let budget = Budget::of(memory, Use::Page);
    let end = input.run(args.output.quiet, &mut |line| {
        auditor.line(&line);
        if let (Some((database, _)), Line::Binary(binary)) = (&vulnerabilities, &line) {
            let program = vuln::judge(binary, database).map_err(io::Error::other)?;
            budget.spend(program.size_in_memory())?;
            programs.push(program);
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
    if let Some((_, lists)) = &vulnerabilities {
        let mut adder = lists.adder();
        for program in &mut programs {
            adder.add_to(program);
        }
        adder.end(args.output.quiet);
    }
    let vulnerabilities = of_bill(&inventory, &programs);
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
