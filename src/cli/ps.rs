//! `gospect ps`.

use super::args::PsArgs;
use super::exit::Exit;
use super::feed::Feed;
use super::scan::{Demands, present};
use crate::scan::Options;
use crate::source::target::Target;

pub fn run(args: &PsArgs) -> Result<Exit, String> {
    if !cfg!(target_os = "linux") {
        return Err(
            "ps reads /proc and works on Linux only; scan the executables instead".to_owned(),
        );
    }
    let named = vec![("/proc".to_owned(), Target::Processes)];
    let demands = Demands {
        strict: args.strict,
        require: args.require,
    };
    // Many processes are one program: the table is what people look for, even when only one runs.
    let feed = Feed::of_scan(named, Options::default());
    present(
        feed,
        Some(args.format.as_deref().unwrap_or("table")),
        &args.output,
        demands,
    )
}
