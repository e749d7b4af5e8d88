//! `gospect packages`.

use super::args::PackagesArgs;
use super::error::Error;
use super::exit::Exit;
use super::input::{Input, Need};
use super::output::Output;
use crate::bytes::number::count;
use crate::bytes::{Budget, Use};
use crate::record::Line;
use crate::report::format::PAGE;
use crate::report::packages::{Format, NotKnown, Shown, Writer};
use crate::scan::ListPackages;

pub fn run(args: &PackagesArgs) -> Result<Exit, Error> {
    let mut input = Input::open(&args.source, Need::Full("packages"))?;
    input = input.with_packages(ListPackages::OfAll);
    if !args.no_capabilities {
        input = input.with_capabilities();
    }
    let mut output = Output::open(&args.output)?;
    let format = match args.format.as_str() {
        "json" => Format::Json,
        "csv" => Format::Csv,
        "html" => Format::Html,
        _ => Format::Text,
    };
    input.progress &= !output.piped;
    let look = output.look;
    let shown = match (args.no_capabilities, args.capabilities) {
        (true, _) => Shown::Nothing,
        (false, true) => Shown::Chains,
        (false, false) => Shown::Capabilities,
    };
    // A page is written when all programs are known.
    let budget = Budget::of(args.source.memory, Use::Page);
    let mut unknown = NotKnown::default();
    let mut out = Some(output.writer());
    let mut writer: Option<Writer<'_>> = None;
    let ended = input.run(args.output.quiet, &mut |line| {
        if let Some(out) = out.take() {
            writer = Some(Writer::new(format, look, shown, out)?);
        }
        match (line, &mut writer) {
            (Line::Binary(binary), Some(writer)) => {
                if format == Format::Html {
                    budget.spend(PAGE * binary.size_in_memory())?;
                }
                writer.program(&binary)?;
            }
            (Line::End(_), _) => {
                if let Some(writer) = writer.take() {
                    unknown = writer.end()?;
                }
            }
            _ => {}
        }
        Ok(())
    });
    let end = output.end(ended)?;
    let exit = Exit::of(&end, args.source.strict, false, true);
    let missing = [
        (unknown.packages, "packages"),
        (unknown.capabilities, "what packages can do"),
    ];
    let missing = missing.iter().find(|(programs, _)| *programs > 0);
    if let Some((programs, what)) = missing.filter(|_| args.source.strict && exit != Exit::Failed) {
        say!(
            "gospect: {what} not known for {programs} of {}; this is an error because of --strict",
            count(end.reach.go, "program", "programs")
        );
        return Ok(Exit::Failed);
    }
    Ok(exit)
}
