//! `gospect verify`.

use super::args::{SumDb, VerifyArgs};
use super::checkouts::Checkouts;
use super::database;
use super::error::Error;
use super::exit::Exit;
use super::go_sum;
use super::input::{Input, Need};
use super::output::Output;
use super::provenance::Documents;
use crate::bytes::{Budget, Use};
use crate::evidence::{Lookups, Mode, Signers, SumSources, is_folder};
use crate::proxy::{Layered, ModuleCache, NoStore, Proxies, ProxyError, Settings, Store, Sums};
use crate::record::Line;
use crate::report::style::clean;
use crate::report::verify::{self as report, Database, Summary, Writer};
use crate::source::http::Patience;
use crate::verify::source;
use crate::verify::{Outcome, Program, sums};
use std::ffi::OsString;

/// Most requests of one run: a look-up and some tiles for each module version of a fleet.
const REQUESTS: usize = 1_000_000;

pub fn run(args: &VerifyArgs) -> Result<Exit, Error> {
    let format =
        report::format(&args.format).ok_or_else(|| Error::NoFormat(args.format.clone()))?;
    let has_other = !args.go_sum.is_empty() || !args.provenance.is_empty();
    if args.sumdb == SumDb::Off && !has_other && args.checkout.is_none() {
        return Err(Error::NothingToVerify);
    }
    let files = go_sum::read_all(&args.go_sum)?;
    let signers = Signers {
        identities: args.signer_identity.clone(),
        issuers: args.signer_issuer.clone(),
    };
    let has_trust = !args.key.is_empty() || !args.trusted_root.is_empty();
    let is_registry = |target: &OsString| target.to_string_lossy().starts_with("registry:");
    if has_trust && args.provenance.is_empty() && !args.source.targets.iter().any(is_registry) {
        return Err(Error::NothingSigned);
    }
    let mut documents = Documents::read(&args.provenance, &args.key, &args.trusted_root, signers)?;
    documents.ask_registries(&args.source);
    let mut checkouts = args.checkout.as_deref().map(Checkouts::open).transpose()?;
    let mut input = Input::open(&args.source, Need::Full("verify"))?;
    if !documents.is_empty() {
        input = input.with_hash();
    }

    let cache = database::cache(args.source.cache.folder.as_deref());
    let modules = ModuleCache::of_user();
    let own: &dyn Store = match &cache {
        Some(cache) => cache,
        None => &NoStore,
    };
    let below: &dyn Store = match &modules {
        Some(modules) => modules,
        None => &NoStore,
    };
    let store = Layered { own, below };
    let settings = match args.sumdb {
        SumDb::Auto => Settings::of_user(),
        SumDb::Offline | SumDb::Off => Settings::offline(),
    };
    let patience = Patience {
        requests: REQUESTS,
        ..Patience::default()
    };
    let proxies = match (&settings, args.sumdb) {
        (Ok(settings), SumDb::Auto) => Some(Proxies::with(settings, &patience)),
        _ => None,
    };
    let database = match (&settings, &proxies, args.sumdb) {
        (_, _, SumDb::Off) => Ok(None),
        (Err(error), ..) => Err(error.clone()),
        (Ok(settings), _, SumDb::Offline) => Sums::offline(settings, &store),
        (Ok(_), Some(Err(error)), _) => Err(error.clone()),
        (Ok(settings), Some(Ok(proxies)), _) => Sums::with(settings, proxies, &store, patience),
        (Ok(_), None, SumDb::Auto) => Err(ProxyError::NoProxy),
    };
    let mut name = match &database {
        Ok(Some(database)) => Some(database.name().to_owned()),
        _ => None,
    };
    let is_folder = settings.as_ref().is_ok_and(|s| is_folder(&s.goproxy));
    let mut sources = SumSources::new(files, database, mode(args.sumdb)).with_file_proxy(is_folder);

    let mut output = Output::open(&args.output)?;
    let budget = Budget::of(args.source.memory, Use::Page);
    let look = output.look;
    let mut to = Some(output.writer());
    let mut writer: Option<Writer<'_>> = None;
    let mut summary = Summary::default();
    let mut needed_an_answer = false;
    let ended = input.run(args.output.quiet, &mut |line| {
        if let Some(to) = to.take() {
            writer = Some(Writer::new(format, look, to)?.with_all(args.all));
        }
        let Some(open) = &mut writer else {
            return Ok(());
        };
        match line {
            Line::Binary(binary) => {
                let failed = sources.lookups().failed;
                let mut expected = Vec::new();
                sums::judge(&binary, &mut |module, version| {
                    expected.push((module.to_owned(), version.to_owned()));
                    Vec::new()
                });
                sources.expect(expected);
                let program = Program {
                    sums: sums::judge(&binary, &mut |module, version| sources.ask(module, version)),
                    provenance: documents.about(&binary),
                    source: checkouts
                        .as_mut()
                        .map(|c| source::judge(c.of(&binary), &binary)),
                    ..Program::of(&binary)
                };
                let has_failed = sources.lookups().failed > failed;
                needed_an_answer |= has_failed && program.outcome() > Outcome::Equal;
                let before = open.size_in_memory();
                open.program(&program)?;
                budget.spend(open.size_in_memory().saturating_sub(before))?;
            }
            Line::Unexamined(thing) => {
                budget.spend(thing.size_in_memory())?;
                open.unexamined(thing);
            }
            // Messages have said which targets could not be read.
            Line::End(end) if format == report::Format::Text && end.read_nothing() => {}
            Line::End(_) => {
                let about = about(args, name.take(), sources.lookups());
                if let Some(writer) = writer.take() {
                    summary = writer.end(&about)?;
                }
            }
            Line::Image(image) => documents.image(&image),
            Line::Run(_) => {}
        }
        Ok(())
    });
    let end = output.end(ended)?;
    for message in documents.refused() {
        say!("gospect: {}", clean(&message));
    }
    let lookups = sources.lookups();
    for message in &lookups.messages {
        say!("gospect: {}", clean(message));
    }
    let exit = Exit::of(&end, args.source.strict, summary.different > 0, true);
    if exit == Exit::Failed {
        return Ok(exit);
    }
    if documents.refused().next().is_some() {
        return Ok(Exit::Failed);
    }
    if lookups.failed > 0 && (needed_an_answer || lookups.lied) {
        say!(
            "gospect: module versions that could not be looked up: {}; {}",
            lookups.failed,
            match has_other || args.checkout.is_some() {
                true => "--sumdb off leaves the checksum database out",
                false =>
                    "--go-sum FILE or --source DIR compare without the network, together with --sumdb off",
            }
        );
        return Ok(Exit::Failed);
    }
    if args.source.strict && summary.incomplete > 0 {
        say!(
            "gospect: programs with something that is not known: {}; this is an error because of --strict",
            summary.incomplete
        );
        return Ok(Exit::Failed);
    }
    Ok(exit)
}

fn mode(sumdb: SumDb) -> Mode {
    match sumdb {
        SumDb::Auto => Mode::Auto,
        SumDb::Offline => Mode::Offline,
        SumDb::Off => Mode::Off,
    }
}

fn about(args: &VerifyArgs, name: Option<String>, lookups: &Lookups) -> Database {
    let mode = match args.sumdb {
        SumDb::Auto => "auto",
        SumDb::Offline => "offline",
        SumDb::Off => "off",
    };
    Database {
        name,
        mode: mode.to_owned(),
        asked: lookups.asked,
        failed: lookups.failed,
        messages: lookups.messages.clone(),
    }
}
