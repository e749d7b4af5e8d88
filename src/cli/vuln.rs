//! `gospect vuln`.

use super::args::VulnArgs;
use super::error::Error;
use super::exit::Exit;
use super::files::{self, not_read};
use super::input::{Input, Need};
use super::lists::Lists;
use super::output::Output;
use super::{database, dates};
use crate::bytes::{Budget, Use};
use crate::record::{Binary, End, Line};
use crate::report::findings::Listing;
use crate::report::style::clean;
use crate::report::vuln::{self, Options};
use crate::scan::{AskedFunctions, WantedChains};
use crate::vuln::database::Database;
use crate::vuln::severity::Condition;
use crate::vuln::vex::{self, Bill};
use crate::vuln::{Report, Source, go_mod, judge, question, why};
use crate::vulndb::{self, NewestGoMods};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Formats that name the programs by their digests.
const WITH_DIGESTS: [&str; 2] = ["openvex", "cyclonedx-vex"];

pub fn run(args: &VulnArgs) -> Result<Exit, Error> {
    let format = vuln::format(&args.format).ok_or_else(|| Error::NoFormat(args.format.clone()))?;
    let time = dates::made_at()?;
    let database = Arc::new(database::open(
        &args.database,
        args.source.cache.folder.as_deref(),
        dates::today(),
        args.output.quiet,
    )?);
    let bill = args.bom.as_deref().map(read_bill).transpose()?;
    if bill.is_some() && format.name != "cyclonedx-vex" {
        return Err(Error::BillNeedsCycloneDxVex);
    }
    let lists = Lists::read(&args.lists, &database, args.output.quiet)?;
    check_conditions(args, &lists)?;
    let mut input = open_input(args, &database)?;
    if WITH_DIGESTS.contains(&format.name) || lists.name_digests() {
        input = input.with_hash();
    }
    let mut newest_go_mods = newest_go_mods(args)?;
    let mut output = Output::open(&args.output)?;
    let mut report = Report {
        database: Source::of(&database),
        leaves_out: input.leaves_out(&args.source),
        has_one_platform: args.source.platform.is_some(),
        ..Report::default()
    };
    let end = judge_all(args, input, &database, &mut newest_go_mods, &mut report)?;
    if let Some(why) = newest_go_mods.as_ref().and_then(NewestGoMods::problem)
        && !args.output.quiet
    {
        say!("gospect: --retracted: {}", clean(&why.to_string()));
    }
    let mut adder = lists.adder();
    for program in &mut report.programs {
        adder.add_to(program);
    }
    adder.end(args.output.quiet);
    if args.only_fixed {
        report.only_fixed();
    }
    let options = Options {
        color: output.look.color,
        width: output.look.width,
        level: args.level,
        listing: match (args.all, args.summary) {
            (true, _) => Listing::All,
            (_, true) => Listing::Summary,
            _ => Listing::Grouped,
        },
        time,
        bill,
        fail_severity: args.fail_severity.clone(),
        unversioned: args.unversioned,
    };
    // Without a program only JSON can say what could not be read; other formats would say that nothing was found.
    if format.name == "json" || !end.read_nothing() {
        output.write(|out| (format.render)(&report, &options, out))?;
    }
    if format.name == "openvex" && !args.output.quiet {
        say_without_version(&report, args.unversioned);
    }
    Ok(exit(args, &report, &end))
}

/// Fails if no list can tell whether a condition of `--fail-severity` holds.
fn check_conditions(args: &VulnArgs, lists: &Lists) -> Result<(), Error> {
    let can_answer = |condition: &&Condition| {
        let severities = lists.severities.as_ref();
        severities.is_some_and(|severities| severities.can_answer(**condition))
    };
    let mut conditions = args.fail_severity.iter();
    match conditions.find(|condition| !can_answer(condition)) {
        None => Ok(()),
        Some(condition) => Err(Error::NoListForCondition {
            condition: *condition,
            lists: condition.lists(),
        }),
    }
}

/// Most programs that a message names.
const NAMED: usize = 3;

/// Says which programs record no version: scanners take the name of their module for that of every version.
fn say_without_version(report: &Report, is_named: bool) {
    let programs = report.programs.iter();
    let named =
        programs.filter_map(|program| Some((program, vex::name_of_every_version(program)?)));
    let named: Vec<_> = named.collect();
    let Some((_, name)) = named.first() else {
        return;
    };
    let first = named.iter().take(NAMED);
    let mut paths: Vec<&str> = first.map(|(program, _)| program.path.as_str()).collect();
    let more = named.len().saturating_sub(NAMED);
    let more_text = format!("{more} more");
    paths.extend((more > 0).then_some(more_text.as_str()));
    let paths = paths.join(", ");
    let (paths, name) = (clean(&paths), clean(name));
    if is_named {
        say!(
            "gospect: {paths}: no version is recorded; scanners take {name} for every version, so use the document for this build only"
        );
    } else {
        say!(
            "gospect: {paths}: no version is recorded; nothing is said to be not affected as {name}, which scanners take for every version; build with a version, or add --unversioned and use the document for this build only"
        );
    }
}

/// Opens the targets, and asks for the facts that the judgement needs.
fn open_input(args: &VulnArgs, database: &Arc<Database>) -> Result<Input, Error> {
    let input = Input::open(&args.source, Need::Full("vuln"))?;
    let asked = Arc::clone(database);
    // If the database is unusable, the reason is reported when the record is judged.
    let questions = move |binary: &Binary| question(binary, &asked).unwrap_or_default();
    let input = input.with_asked(AskedFunctions::by(questions));
    if !args.why {
        return Ok(input);
    }
    let database = Arc::clone(database);
    let names = move |binary: &Binary| why::wanted(binary, &database).unwrap_or_default();
    let input = input.without_records("--why")?;
    Ok(input.with_chains(WantedChains::by(names)))
}

/// Where `--retracted` asks for the newest go.mod of each module.
fn newest_go_mods(args: &VulnArgs) -> Result<Option<NewestGoMods>, Error> {
    let Some(place) = args.retracted.as_deref() else {
        return Ok(None);
    };
    let place = match place {
        "cache" => vulndb::Place::Cache,
        _ => vulndb::Place::Proxies,
    };
    Ok(Some(NewestGoMods::new(place)?))
}

/// Judges every program, and adds it to the report.
fn judge_all(
    args: &VulnArgs,
    input: Input,
    database: &Database,
    newest_go_mods: &mut Option<NewestGoMods>,
    report: &mut Report,
) -> Result<End, Error> {
    let budget = Budget::of(args.source.memory, Use::Page);
    input.run(args.output.quiet, &mut |line| {
        match line {
            Line::Binary(binary) => {
                let mut program = judge(&binary, database).map_err(io::Error::other)?;
                if args.why {
                    why::add_chains(&mut program, binary.call_chains.as_deref());
                }
                if let Some(newest_go_mods) = newest_go_mods {
                    let modules = go_mod::modules_with_versions(&binary);
                    newest_go_mods.ask(modules.into_iter().map(|(module, _)| module));
                    let notes = go_mod::module_notes(&binary, &|module| newest_go_mods.of(module));
                    program.module_notes = Some(notes);
                }
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
    })
}

/// The exit code: whether findings fail the command, and with `--strict` whether every program was judged exactly.
fn exit(args: &VulnArgs, report: &Report, end: &End) -> Exit {
    let fails = match args.fail_severity.as_slice() {
        _ if args.exit_zero => false,
        [] => report.fails(args.level),
        conditions => report.fails_by(args.level, conditions),
    };
    let exit = Exit::of(end, args.source.strict, fails, true);
    let is_seen = args.format == "text" && args.output.output.is_none();
    if exit == Exit::Findings && !is_seen && !args.output.quiet {
        say!(
            "gospect: vulnerabilities were found, so the exit code is 1; with --exit-zero it is 0"
        );
    }
    let inexact = report.programs.iter().filter(|p| !p.unjudged.is_empty());
    let inexact = inexact.count();
    if args.source.strict && inexact > 0 && exit != Exit::Failed {
        say!(
            "gospect: programs that could not be judged exactly: {inexact}; this is an error because of --strict"
        );
        return Exit::Failed;
    }
    exit
}

fn read_bill(path: &Path) -> Result<Bill, Error> {
    let bytes = files::read(path, vex::LARGEST)?;
    Bill::parse(&bytes).map_err(|e| not_read(path, e.to_string()))
}
