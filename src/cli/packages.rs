//! `gospect packages`.

use super::args::PackagesArgs;
use super::error::Error;
use super::exit::Exit;
use super::input::{Input, Need};
use super::output::Output;
use crate::record::Line;
use crate::report::packages::{Format, Writer};
use crate::scan::ListPackages;

pub fn run(args: &PackagesArgs) -> Result<Exit, Error> {
    let mut input = Input::open(&args.source, Need::Full("packages"))?;
    input = input.with_packages(ListPackages::OfAll);
    let mut output = Output::open(&args.output)?;
    let format = match args.format.as_str() {
        "json" => Format::Json,
        "csv" => Format::Csv,
        _ => Format::Text,
    };
    input.progress &= !output.piped;
    let look = output.look;
    let mut unknown = 0;
    let mut to = Some(output.writer());
    let mut writer: Option<Writer<'_>> = None;
    let ended = input.run(args.output.quiet, &mut |line| {
        if let Some(to) = to.take() {
            writer = Some(Writer::new(format, look, to)?);
        }
        match (line, &mut writer) {
            (Line::Binary(binary), Some(writer)) => writer.program(&binary)?,
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
    if args.source.strict && unknown > 0 && exit != Exit::Failed {
        say!(
            "gospect: packages not known: {unknown} of {} programs; this is an error because of --strict",
            end.reach.go
        );
        return Ok(Exit::Failed);
    }
    Ok(exit)
}
