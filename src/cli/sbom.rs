//! `gospect sbom`.

use super::args::SbomArgs;
use super::dates;
use super::error::Error;
use super::exit::Exit;
use super::input::{self, Need};
use super::output::Output;
use crate::audit::{Auditor, Date, Policy};
use crate::record::Line;
use crate::report::findings::remarks;
use crate::report::sbom::{self, Input, Inventory};

pub fn run(args: &SbomArgs) -> Result<Exit, Error> {
    let format = sbom::FORMATS
        .iter()
        .find(|f| f.name == args.format)
        .ok_or_else(|| Error::NoFormat(args.format.clone()))?;
    let time = dates::made_at()?;
    let input = input::Input::open(&args.source, Need::Any)?;
    let mut output = Output::open(&args.output)?;
    // Findings use the built-in policy and the day of the bill, so that the same input always gives the same bill.
    let policy = Policy::built_in();
    let mut auditor =
        Auditor::new(&policy, Date::from_unix(time)).with_memory(args.source.memory / 2);
    let memory = args.source.memory;
    let mut inventory: Option<Inventory> = None;
    let end = input.run(args.output.quiet, &mut |line| {
        auditor.line(&line);
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
    // Rules judge full facts; their findings from build info alone would mislead.
    let remarks = if inventory.has_all_facts() {
        remarks::remarks(&auditor.finish(), inventory.programs())
    } else {
        Vec::new()
    };
    let input = Input {
        inventory: &inventory,
        remarks: &remarks,
        time,
    };
    output.write(|out| (format.write)(&input, out))?;
    Ok(Exit::of(&end, args.source.strict, false, true))
}
