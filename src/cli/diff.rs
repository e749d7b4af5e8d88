//! `gospect diff`.

use super::args::DiffArgs;
use super::audit::has_capabilities;
use super::config::targets;
use super::error::Error;
use super::exit::Exit;
use super::input::{Input, Need};
use super::lists::Lists;
use super::output::Output;
use super::{database, dates, one_program};
use crate::audit::diff::{self, Change, Class, Diff, Pair, WORSE};
use crate::bytes::number::count;
use crate::bytes::{Budget, FileBytes, Limits, Use};
use crate::compare::compare;
use crate::record::rebuild::Comparison;
use crate::record::{Binary, End, ImageRecord, Line};
use crate::report::diff::{html, json, markdown, text};
use crate::report::findings::{Listing, Options};
use crate::report::rebuild;
use crate::report::style::clean;
use crate::scan::{ListPackages, Named};
use crate::source::target::Target;
use crate::vuln::database::Database;
use crate::vuln::judge;
use std::path::Path;
use std::slice;

pub fn run(args: &DiffArgs) -> Result<Exit, Error> {
    let is_empty = |list: &String| words(slice::from_ref(list)).all(str::is_empty);
    if args.fail_on.iter().any(is_empty) {
        return Err(Error::NoClasses);
    }
    let (worse, classes): (Vec<&str>, Vec<&str>) =
        words(&args.fail_on).partition(|word| *word == WORSE);
    let fails_on_worse = !worse.is_empty();
    let classes = Class::parse_list(&classes.join(","))?;
    let Ok([old, new]) = <[_; 2]>::try_from(targets(&args.source)?) else {
        return Err(Error::NotTwoTargets);
    };
    let stdin = |t: &Target| matches!(t, Target::Stdin | Target::Records(None));
    if stdin(&old.1) && stdin(&new.1) {
        return Err(Error::StdinTwice);
    }
    let vulnerabilities = vulnerabilities(args)?;
    let capabilities = args.capabilities || names_class(&args.fail_on, Class::Capability);
    let names = [old.0.clone(), new.0.clone()];
    let files = match args.code {
        true => Some([program_of(&old, args)?, program_of(&new, args)?]),
        false => None,
    };
    let asks = Asks {
        vulnerabilities: vulnerabilities.is_some(),
        capabilities,
    };
    let (old, new) = (open(old, args, asks)?, open(new, args, asks)?);
    // Records name what they were made of, so that a report is the same as of the files.
    let scanned = [old.scanned(), new.scanned()];
    let mut output = Output::open(&args.output)?;
    let quiet = args.output.quiet;
    // If everything is new, every fact of a record is a change, and a row of the page.
    let budget = Budget::of(args.source.memory, Use::Comparison);
    let (before, old_images, mut end) = collect(&names[0], old, quiet, &budget)?;
    let (now, new_images, end_of_new) = collect(&names[1], new, quiet, &budget)?;
    let mut is_unread = false;
    for (name, binaries, end) in [(&names[0], &before, &end), (&names[1], &now, &end_of_new)] {
        // Reading errors have been reported already.
        if binaries.is_empty() && !end.failed && !quiet {
            say!("gospect: no Go program found in {}", clean(name));
        }
        is_unread |= binaries.is_empty() && end.failed;
    }
    end.failed |= end_of_new.failed;
    end.reach.unexamined += end_of_new.reach.unexamined;

    let mut diff = match (&vulnerabilities, args.packages) {
        (Some((database, lists)), packages) => {
            let mut adder = lists.adder();
            let diff = diff::diff_with_vulnerabilities(
                &before,
                &now,
                packages,
                args.level,
                &mut |binary| {
                    let mut program = judge(binary, database)?;
                    adder.add_to(&mut program);
                    Ok(program)
                },
            )?;
            adder.end(quiet);
            diff
        }
        (None, true) => diff::diff_with_packages(&before, &now),
        (None, false) => diff::diff(&before, &now),
    };
    diff.add_images(&old_images, &new_images);
    end.failed |= content_fails(args, &diff, &classes);
    end.failed |= packages_fail(args, before.iter().chain(&now), capabilities);
    if let Some([old, new]) = &files {
        diff.code = Some(compare_code(old, new)?);
    }
    // A report would call every program of the other side added or removed.
    if is_unread {
        return Ok(Exit::Failed);
    }
    diff.failing.clone_from(&classes);
    write(args, &diff, [&scanned[0], &scanned[1]], &mut output)?;
    let causes = causes(&diff, &classes, fails_on_worse);
    let exit = Exit::of(&end, args.source.strict, !causes.is_empty(), false);
    if exit == Exit::Findings && !quiet {
        say!("gospect: failed on: {}", causes.join(", "));
    }
    let is_compared = !before.is_empty() && !now.is_empty();
    if exit == Exit::Fine && !args.fail_on.is_empty() && !is_compared && !args.allow_none {
        say!(
            "gospect: a side has no Go program, so nothing was compared; with --allow-none that is no error"
        );
        return Ok(Exit::NothingFound);
    }
    if diff.vulnerabilities_below > 0 && !quiet {
        let changes = count(diff.vulnerabilities_below, "change", "changes");
        let level = args.level.name();
        say!(
            "gospect: {changes} of vulnerabilities below level {level} not counted; `--level module` counts all"
        );
    }
    if fails_on_worse && !quiet {
        say_what_does_not_count(&diff, &classes);
    }
    let added = diff.count(Class::Added);
    let of_contents = [Class::Module, Class::Vulnerability];
    let asks_of_contents = of_contents.iter().any(|class| classes.contains(class));
    if added > 0 && asks_of_contents && !classes.contains(&Class::Added) && !quiet {
        let programs = count(added as u64, "new program", "new programs");
        say!(
            "gospect: modules and vulnerabilities of {programs} not counted, because there is nothing to compare with; `--fail-on added` fails on them, and `gospect vuln` judges them"
        );
    }
    Ok(exit)
}

/// The database, and what else is known of vulnerabilities; `None` if nothing asks for them.
fn vulnerabilities(args: &DiffArgs) -> Result<Option<(Database, Lists)>, Error> {
    let is_named = names_class(&args.fail_on, Class::Vulnerability);
    if !args.vulns && !args.lists.are_given() && !is_named {
        return Ok(None);
    }
    let (folder, quiet) = (args.source.cache.folder.as_deref(), args.output.quiet);
    let database = database::open(&args.database, folder, dates::today(), quiet)?;
    let lists = Lists::read(&args.lists, &database, quiet)?;
    Ok(Some((database, lists)))
}

/// Says how many programs only one side has, and of how many the modules changed, which is no change for the worse, if their class is not asked for.
fn say_what_does_not_count(diff: &Diff, classes: &[Class]) {
    let silent = [Class::Added, Class::Removed, Class::Module].map(|class| {
        let of_class = |pair: &&Pair| pair.changes.iter().any(|c| c.class == class);
        (class, diff.pairs.iter().filter(of_class).count())
    });
    for (class, number) in silent {
        if number > 0 && !classes.contains(&class) {
            let programs = count(number as u64, "program", "programs");
            let what = match class {
                Class::Module => "with other modules",
                class => class.name(),
            };
            let class = class.name();
            say!(
                "gospect: {programs} {what}, which `worse` does not count; `--fail-on worse,{class}` does"
            );
        }
    }
}

/// What is compared besides the facts of records.
#[derive(Clone, Copy)]
struct Asks {
    vulnerabilities: bool,
    capabilities: bool,
}

/// Opens one side.
fn open(named: Named, args: &DiffArgs, asks: Asks) -> Result<Input, Error> {
    let input = Input::of(vec![named], &args.source, Need::Full("diff"))?;
    let mut input = input.whole()?.with_digests();
    if asks.vulnerabilities {
        input = input.with_functions();
    }
    if asks.capabilities {
        input = input.with_capabilities();
    }
    Ok(match args.packages || asks.capabilities {
        true => input.with_packages(ListPackages::OfAll),
        false => input,
    })
}

/// Reports programs whose content was not compared. Returns whether the command fails because of them.
fn content_fails(args: &DiffArgs, diff: &Diff, classes: &[Class]) -> bool {
    if diff.content_not_compared == 0 {
        return false;
    }
    if !args.output.quiet {
        let programs = count(diff.content_not_compared, "program", "programs");
        say!(
            "gospect: content of {programs} among the unchanged not compared: their records have no sha256; write records with `gospect scan --hash --format ndjson`"
        );
    }
    // Asked for by name, this class has no known answer, so the command fails; `any` is answered if something else changed.
    let is_named = names_class(&args.fail_on, Class::Content);
    let is_unanswered = classes.contains(&Class::Content) && !diff.has(classes);
    is_named || is_unanswered || args.source.strict
}

/// Reports programs whose packages, or what these can do, are unknown. Returns whether the command fails because of them.
fn packages_fail<'b>(
    args: &DiffArgs,
    programs: impl Iterator<Item = &'b Binary> + Clone,
    capabilities: bool,
) -> bool {
    let without_packages = programs.clone().filter(|b| b.packages.is_none()).count();
    if args.packages && without_packages > 0 && !args.output.quiet {
        let programs = count(without_packages as u64, "program", "programs");
        say!(
            "gospect: the packages of {programs} are unknown: no function table, or records that were written without --symbols"
        );
    }
    let without_capabilities = programs.filter(|b| !has_capabilities(b)).count();
    if !capabilities || without_capabilities == 0 {
        return false;
    }
    if !args.output.quiet {
        let programs = count(without_capabilities as u64, "program", "programs");
        say!(
            "gospect: what {programs} can do is unknown: no function table, or records that were written without --capabilities"
        );
    }
    // As with content: a question that has no answer must not look like `nothing gained`.
    names_class(&args.fail_on, Class::Capability) || args.source.strict
}

/// Writes the diff; `scanned` are the targets of both sides.
fn write(
    args: &DiffArgs,
    diff: &Diff,
    scanned: [&str; 2],
    output: &mut Output,
) -> Result<(), Error> {
    let look = output.look;
    let options = Options {
        color: look.color,
        width: look.width,
        listing: match (args.all, args.summary) {
            (true, _) => Listing::All,
            (_, true) => Listing::Summary,
            (false, false) => Listing::Grouped,
        },
        ..Options::default()
    };
    output.write(|out| match args.format.as_str() {
        "json" => json::render(diff, out),
        "markdown" => {
            markdown::render(diff, scanned, options.listing, out)?;
            let code = diff.code.as_ref();
            code.map_or(Ok(()), |code| rebuild::comparison_markdown(code, out))
        }
        "html" => html::render(diff, scanned, out),
        _ => {
            text::render(diff, &options, out)?;
            let code = diff.code.as_ref();
            code.map_or(Ok(()), |code| rebuild::comparison_text(code, &look, out))
        }
    })
}

/// What `--fail-on` names and the comparison has, each with its number of images and programs: `toolchain (5 programs)`.
fn causes(diff: &Diff, classes: &[Class], fails_on_worse: bool) -> Vec<String> {
    let having = |is_cause: &dyn Fn(&Change) -> bool| {
        let number = |all: &[Pair]| {
            let has = all.iter().filter(|pair| pair.changes.iter().any(is_cause));
            has.count() as u64
        };
        let images = (number(&diff.images), "image", "images");
        let programs = (number(&diff.pairs), "program", "programs");
        let counts = [images, programs].into_iter().filter(|(n, ..)| *n > 0);
        counts
            .map(|(n, one, many)| count(n, one, many))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let classes = Class::ALL
        .into_iter()
        .filter(|class| classes.contains(class));
    let mut causes: Vec<(&str, String)> = classes
        .map(|class| (class.name(), having(&|change| change.class == class)))
        .collect();
    if fails_on_worse {
        causes.push((WORSE, having(&|change| change.worse)));
    }
    let causes = causes.into_iter().filter(|(_, number)| !number.is_empty());
    causes
        .map(|(name, number)| {
            let hint = match name == Class::Vulnerability.name() && !fails_on_worse {
                true => better_vulnerabilities(diff),
                false => String::new(),
            };
            format!("{name} ({number}{hint})")
        })
        .collect()
}

/// How many changes of vulnerabilities are for the better, and how to fail on the others alone; empty if none is.
fn better_vulnerabilities(diff: &Diff) -> String {
    let all = diff.changes().filter(|c| c.class == Class::Vulnerability);
    let (worse, better): (Vec<&Change>, Vec<&Change>) = all.partition(|change| change.worse);
    let gone = better.iter().filter(|change| change.new.is_none()).count();
    match better.len() {
        0 => String::new(),
        _ => format!(
            ": {gone} gone, {} linked less, {} new or linked more; `--vulns --fail-on worse` fails on the last alone",
            better.len() - gone,
            worse.len()
        ),
    }
}

/// The program of a target, for `--code`.
fn program_of((name, target): &Named, args: &DiffArgs) -> Result<FileBytes, Error> {
    let path = match target {
        Target::Path(path) | Target::File(path) => path.as_path(),
        Target::Records(_) | Target::Stdin | Target::Pid(_) => {
            return Err(Error::CodeOfFiles(clean(name).into_owned()));
        }
        _ => Path::new(name),
    };
    one_program::open(path, args.source.platform.as_deref())
}

/// Compares the code of two programs.
fn compare_code(old: &FileBytes, new: &FileBytes) -> Result<Comparison, Error> {
    let compared = compare(old, new, None, Limits::default());
    compared.map_err(|why| Error::Program {
        path: "--code".to_owned(),
        why: why.to_string(),
    })
}

/// The programs and images of one side, and how it ended.
type Side = (Vec<Binary>, Vec<ImageRecord>, End);

/// A comparison takes this many times the memory of its records.
const TIMES: u64 = 3;

/// The words of lists separated by commas.
fn words(lists: &[String]) -> impl Iterator<Item = &str> {
    lists.iter().flat_map(|list| list.split(',')).map(str::trim)
}

/// Whether lists of classes name this one; `any` does not: it means what is compared anyway.
fn names_class(lists: &[String], class: Class) -> bool {
    words(lists).any(|word| word == class.name())
}

/// Reads all binaries and images of one side, without programs that a later layer of their image hides.
fn collect(name: &str, input: Input, quiet: bool, budget: &Budget) -> Result<Side, Error> {
    let (mut binaries, mut images, mut hidden) = (Vec::new(), Vec::new(), 0);
    let end = input.run(quiet, &mut |line| {
        budget.spend(TIMES * line.size_in_memory())?;
        match line {
            // Nothing starts it, and the layer that hides it is the change.
            Line::Binary(binary) if binary.location.visible == Some(false) => hidden += 1,
            Line::Binary(binary) => binaries.push(*binary),
            Line::Image(image) => images.push(*image),
            _ => {}
        }
        Ok(())
    })?;
    if hidden > 0 && !quiet {
        let programs = count(hidden, "program", "programs");
        say!(
            "gospect: {}: {programs} hidden by a later layer, and so never started: not compared",
            clean(name)
        );
    }
    Ok((binaries, images, end))
}
