//! `gospect scan`.

use super::args::{OutputArgs, ScanArgs};
use super::dates;
use super::error::Error;
use super::exit::Exit;
use super::input::{Input, Need};
use super::output::Output;
use crate::record::{Binary, End, Line};
use crate::report::document::SupportTable;
use crate::report::format::{self, Pace, Writer};
use crate::scan::ListPackages;
use std::io;

pub fn run(args: &ScanArgs) -> Result<Exit, Error> {
    // The card of one file lists its largest packages.
    let is_card = matches!(args.format.as_deref(), None | Some("card"))
        && args.source.targets.len() == 1
        && args.source.files_from.is_none();
    let more = [
        (args.symbols, "--symbols", "scan --symbols"),
        (args.capabilities, "--capabilities", "scan --capabilities"),
    ];
    let more = more.iter().find(|option| option.0);
    let mut input = match more {
        Some((_, flag, command)) => {
            let input = Input::open(&args.source, Need::Full(command))?;
            let input = input.without_records(flag)?;
            input.with_packages(ListPackages::OfAll)
        }
        None => Input::open(&args.source, Need::Any)?,
    };
    if args.symbols {
        input = input.with_functions();
    }
    if args.capabilities {
        input = input.with_capabilities();
    }
    let input = match is_card && more.is_none() {
        true => input.with_packages(ListPackages::OfNamed),
        false => input,
    };
    // Of programs that are named one by one everything is shown, also inside an archive.
    let format = args.format.as_deref();
    let format = format.or(input.names_members().then_some("card"));
    let end = show(input, format, &args.output)?;
    Ok(Exit::of(&end, args.source.strict, false, args.require))
}

/// Reads the input and writes the results, in the requested format or the one that fits them.
pub fn show(mut input: Input, format: Option<&str>, output: &OutputArgs) -> Result<End, Error> {
    let chosen = format.and_then(format::find);
    let quiet = output.quiet;
    let mut output = Output::open(output)?;
    let options = format::Options {
        look: output.look,
        support: SupportTable::default(),
        memory: input.memory(),
    };
    let today = dates::today().to_string();
    if let Some(format) = chosen {
        if format.pace == Pace::Lines {
            output.keep_when_interrupted();
        }
        input.progress &= !(output.piped && format.pace != Pace::End);
    }
    let start = |format, out| Writer::new(format, options.clone(), out);
    let mut out = Some(output.writer());
    let mut writer = chosen.and_then(|format| Some(start(format, out.take()?)));
    // Without a requested format the results decide: a second one makes it a table.
    let mut undecided = Vec::new();
    let ended = input.run(quiet, &mut |line| {
        if let Some(writer) = &mut writer {
            return put(writer, line, &today);
        }
        let is_last = matches!(line, Line::End(_));
        undecided.push(line);
        let Some(format) = format_for(&undecided, is_last) else {
            return Ok(());
        };
        let Some(out) = out.take() else { return Ok(()) };
        let writer = writer.insert(start(format, out));
        std::mem::take(&mut undecided)
            .into_iter()
            .try_for_each(|line| put(writer, line, &today))
    });
    drop(writer);
    output.end(ended)
}

/// Writes a line, preceded by the support of its Go release.
fn put(writer: &mut Writer<'_>, line: Line, today: &str) -> io::Result<()> {
    if let Line::Binary(binary) = &line {
        dates::with_support(binary, today, |release, support| {
            writer.add_support(release, support);
        });
    }
    writer.line(line)
}

/// A single binary that is the target itself is shown as a card, anything else as a table; `None` if more lines must decide.
fn format_for(lines: &[Line], is_all: bool) -> Option<&'static format::Format> {
    let target = lines.iter().find_map(|location| match location {
        Line::Run(run) => match run.targets.as_slice() {
            [is_target_itself] => Some(is_target_itself.as_str()),
            _ => None,
        },
        _ => None,
    });
    let mut results = lines
        .iter()
        .filter(|location| matches!(location, Line::Binary(_) | Line::Image(_)));
    let is_target_itself = match (target, results.next(), results.next()) {
        (Some(target), Some(Line::Binary(binary)), None) => is_target(target, binary),
        (_, None, _) if !is_all => return None,
        _ => false,
    };
    if is_target_itself && !is_all {
        return None;
    }
    format::find(if is_target_itself { "card" } else { "table" })
}

/// Whether the binary is the target itself, not something inside it.
fn is_target(target: &str, binary: &Binary) -> bool {
    let location = &binary.location;
    let path = target.strip_prefix("file:").unwrap_or(target);
    let running = location
        .pid
        .is_some_and(|pid| target == format!("pid:{pid}"));
    let named = running || location.file.as_deref().is_none_or(|f| f == path);
    location.entry.is_empty() && location.image.is_none() && named
}
