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
use crate::proxy::{Layered, ModuleCache, NoStore, Proxies, ProxyError, Settings, Sums};
use crate::record::{Binary, End, Line};
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
    check_arguments(args)?;
    let files = go_sum::read_all(&args.go_sum)?;
    let signers = Signers {
        identities: args.signer_identity.clone(),
        issuers: args.signer_issuer.clone(),
    };
    let mut documents = Documents::read(&args.provenance, &args.key, &args.trusted_root, signers)?;
    documents.ask_registries(&args.source);
    let checkouts = args.checkout.as_deref().map(Checkouts::open).transpose()?;
    let mut input = Input::open(&args.source, Need::Full("verify"))?;
    if !documents.is_empty() {
        input = input.with_hash();
    }

    let cache = database::cache(args.source.cache.folder.as_deref());
    let modules = ModuleCache::of_user();
    let store = Layered {
        own: cache.as_ref().map_or(&NoStore, |cache| cache),
        below: modules.as_ref().map_or(&NoStore, |modules| modules),
    };
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
    let database_name = match &database {
        Ok(Some(database)) => Some(database.name().to_owned()),
        _ => None,
    };
    let is_folder = settings.as_ref().is_ok_and(|s| is_folder(&s.goproxy));
    let verifier = Verifier {
        sources: SumSources::new(files, database, mode(args.sumdb)).with_file_proxy(is_folder),
        documents,
        checkouts,
        needed_an_answer: false,
    };
    compare(args, format, input, verifier, database_name)
}

/// Compares all programs and writes the report.
fn compare(
    args: &VerifyArgs,
    format: report::Format,
    input: Input,
    mut verifier: Verifier<'_>,
    mut database_name: Option<String>,
) -> Result<Exit, Error> {
    let mut output = Output::open(&args.output)?;
    let budget = Budget::of(args.source.memory, Use::Page);
    let look = output.look;
    let mut out = Some(output.writer());
    let mut writer: Option<Writer<'_>> = None;
    let mut summary = Summary::default();
    let ended = input.run(args.output.quiet, &mut |line| {
        if let Some(out) = out.take() {
            writer = Some(Writer::new(format, look, out)?.with_all(args.all));
        }
        let Some(writing) = &mut writer else {
            return Ok(());
        };
        match line {
            Line::Binary(binary) => {
                let program = verifier.program(&binary);
                let before = writing.size_in_memory();
                writing.program(&program)?;
                budget.spend(writing.size_in_memory().saturating_sub(before))?;
            }
            Line::Unexamined(thing) => {
                budget.spend(thing.size_in_memory())?;
                writing.unexamined(thing);
            }
            // Messages have said which targets could not be read.
            Line::End(end) if format == report::Format::Text && end.read_nothing() => {}
            Line::End(_) => {
                let about = about(args, database_name.take(), verifier.sources.lookups());
                if let Some(writer) = writer.take() {
                    summary = writer.end(&about)?;
                }
            }
            Line::Image(image) => verifier.documents.image(&image),
            Line::Run(_) => {}
        }
        Ok(())
    });
    let end = output.end(ended)?;
    verifier.exit(args, &end, summary)
}

/// Fails if there is nothing to compare with, or nothing that could be signed.
fn check_arguments(args: &VerifyArgs) -> Result<(), Error> {
    if args.sumdb == SumDb::Off && !has_other_sources(args) {
        return Err(Error::NothingToVerify);
    }
    let has_trust = !args.key.is_empty() || !args.trusted_root.is_empty();
    let is_registry = |target: &OsString| target.to_string_lossy().starts_with("registry:");
    if has_trust && args.provenance.is_empty() && !args.source.targets.iter().any(is_registry) {
        return Err(Error::NothingSigned);
    }
    Ok(())
}

/// Whether programs are compared with something besides the checksum database.
fn has_other_sources(args: &VerifyArgs) -> bool {
    !args.go_sum.is_empty() || !args.provenance.is_empty() || args.checkout.is_some()
}

/// What programs are compared with.
struct Verifier<'s> {
    sources: SumSources<'s>,
    documents: Documents,
    checkouts: Option<Checkouts>,
    /// Whether a look-up failed for a program that is not known to be equal.
    needed_an_answer: bool,
}

impl Verifier<'_> {
    /// Compares a program with all sources.
    fn program(&mut self, binary: &Binary) -> Program {
        let sources = &mut self.sources;
        let failed = sources.lookups().failed;
        let mut expected = Vec::new();
        sums::judge(binary, &mut |module, version| {
            expected.push((module.to_owned(), version.to_owned()));
            Vec::new()
        });
        // All versions of the program are named first, so that several can be fetched at once.
        sources.expect(expected);
        let program = Program {
            sums: sums::judge(binary, &mut |module, version| sources.ask(module, version)),
            provenance: self.documents.about(binary),
            source: self
                .checkouts
                .as_mut()
                .map(|checkouts| source::judge(checkouts.of(binary), binary)),
            ..Program::of(binary)
        };
        let has_failed = sources.lookups().failed > failed;
        self.needed_an_answer |= has_failed && program.outcome() > Outcome::Equal;
        program
    }

    /// Reports what went wrong with the sources, and gives the exit code.
    fn exit(&self, args: &VerifyArgs, end: &End, summary: Summary) -> Result<Exit, Error> {
        for message in self.documents.refused() {
            say!("gospect: {}", clean(&message));
        }
        let lookups = self.sources.lookups();
        for message in &lookups.messages {
            say!("gospect: {}", clean(message));
        }
        let exit = Exit::of(end, args.source.strict, summary.different > 0, true);
        if exit == Exit::Failed || self.documents.refused().next().is_some() {
            return Ok(Exit::Failed);
        }
        if lookups.failed > 0 && (self.needed_an_answer || lookups.lied) {
            say!(
                "gospect: module versions that could not be looked up: {}; {}",
                lookups.failed,
                match has_other_sources(args) {
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
