//! `gospect fips`.

use super::args::FipsArgs;
use super::error::Error;
use super::exit::Exit;
use super::input::{Input, Need};
use super::output::Output;
use crate::knowledge::fips140;
use crate::record::Line;
use crate::report::fips::FipsTable;

pub fn run(args: &FipsArgs) -> Result<Exit, Error> {
    let input = Input::open(&args.source, Need::Full("fips"))?;
    let mut output = Output::open(&args.output)?;
    let mut table = FipsTable::default();
    let end = input.run(args.output.quiet, &mut |line| {
        if let Line::Binary(binary) = &line {
            let module = binary.fips.as_ref().and_then(|f| f.module.as_deref());
            let standing = module.map(fips140::standing).unwrap_or_default();
            table.push(binary, standing.into_iter().map(str::to_owned).collect());
        }
        Ok(())
    })?;
    table.unexamined = end.reach.unexamined;
    let look = output.look;
    output.write(|out| match args.format.as_str() {
        "json" => table.json(out),
        // Messages have said which targets could not be read.
        _ if end.read_nothing() => Ok(()),
        _ => table.text(&look, out),
    })?;
    Ok(Exit::of(&end, args.source.strict, table.invalid > 0, true))
}
