//! `gospect ps`.

use super::args::PsArgs;
use super::error::Error;
use super::exit::Exit;
use super::input::Input;
use super::scan::show;
use crate::scan::Options;
use crate::source::target::Target;

pub fn run(args: &PsArgs) -> Result<Exit, Error> {
    if !cfg!(target_os = "linux") {
        return Err(Error::LinuxOnly);
    }
    let input = Input::scan(
        vec![("/proc".to_owned(), Target::Processes)],
        Options::default(),
    );
    // The default is a list even when only one program runs.
    let format = args.format.as_deref().unwrap_or("table");
    let end = show(input, Some(format), &args.output)?;
    Ok(Exit::of(&end, args.strict, false, args.require))
}
