//! `gospect catalog`, and targets that name a whole registry.

use super::args::{CatalogArgs, SourceArgs};
use super::config::{self, BadInput, BadReason};
use super::error::{Error, plain};
use super::exit::Exit;
use super::output::Output;
use crate::report::style::clean;
use crate::scan::Named;
use crate::source::registry::listing::{self, ListOptions, Listed, NamePatterns, NotListed, Place};
use crate::source::registry::{ResolvedImage, Settings};
use crate::source::target::Target;
use rayon::prelude::*;
use serde::Serialize;
use std::ffi::OsString;
use std::io::{self, Write};

/// Version of the output of `--format json` and `ndjson`.
const SCHEMA: &str = "gospect-catalog/1";

/// One tag, as JSON has it.
#[derive(Serialize)]
struct Tag {
    target: String,
    host: String,
    repository: String,
    tag: String,
    /// `null` without --digests, as are the keys below.
    digest: Option<String>,
    /// Bytes of the layers of all its images, compressed.
    bytes: Option<u64>,
    images: Option<Vec<Image>>,
}

#[derive(Serialize)]
struct Image {
    digest: String,
    platform: Option<String>,
    bytes: u64,
    layers: Vec<String>,
}

/// Something that could not be listed.
#[derive(Serialize)]
struct Problem {
    name: String,
    detail: String,
}

/// The output of `--format json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    tags: Vec<Tag>,
    problems: Vec<Problem>,
}

/// A line of `--format ndjson`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line<'l> {
    Tag(&'l Tag),
    Problem(&'l Problem),
}

impl From<ResolvedImage> for Image {
    fn from(image: ResolvedImage) -> Self {
        Self {
            digest: image.digest,
            platform: image.platform,
            bytes: image.bytes,
            layers: image.layers,
        }
    }
}

impl Tag {
    fn of(host: &str, listed: Listed) -> Self {
        let target = listed.target(host);
        let resolved = listed.resolved;
        let bytes = resolved.as_ref().map(|resolved| {
            let sizes = resolved.images.iter().map(|image| image.bytes);
            sizes.fold(0, u64::saturating_add)
        });
        Self {
            target,
            host: host.to_owned(),
            repository: listed.repository,
            tag: listed.tag,
            digest: resolved.as_ref().map(|resolved| resolved.digest.clone()),
            bytes,
            images: resolved.map(|resolved| resolved.images.into_iter().map(Image::from).collect()),
        }
    }
}

impl From<NotListed> for Problem {
    fn from(problem: NotListed) -> Self {
        Self {
            name: problem.name,
            detail: problem.error.detail,
        }
    }
}

/// Writes tags and problems as they come.
struct Writer<'w> {
    format: &'w str,
    out: &'w mut dyn Write,
    /// What is written at the end, with `--format json`.
    document: Document,
    /// Number of problems so far.
    problems: usize,
    /// The first error of writing.
    written: io::Result<()>,
}

impl Writer<'_> {
    /// Writes a tag or a problem; false when nothing can be written any more.
    fn add(&mut self, host: &str, result: Result<Listed, NotListed>) -> bool {
        if self.written.is_ok() {
            self.written = match result {
                Ok(listed) => self.tag(Tag::of(host, listed)),
                Err(problem) => self.problem(problem.into()),
            };
        }
        self.written.is_ok()
    }

    fn tag(&mut self, tag: Tag) -> io::Result<()> {
        match self.format {
            "json" => self.document.tags.push(tag),
            "ndjson" => write_line(self.out, &Line::Tag(&tag))?,
            _ => writeln!(self.out, "{}", tag.target)?,
        }
        Ok(())
    }

    fn problem(&mut self, problem: Problem) -> io::Result<()> {
        self.problems += 1;
        let text = plain(&format!("{}: {}", problem.name, problem.detail));
        say!("gospect: {}", clean(&text));
        match self.format {
            "json" => self.document.problems.push(problem),
            "ndjson" => write_line(self.out, &Line::Problem(&problem))?,
            _ => {}
        }
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        self.written?;
        if self.format == "json" {
            serde_json::to_writer_pretty(&mut *self.out, &self.document)?;
            writeln!(self.out)?;
        }
        Ok(())
    }
}

fn write_line(out: &mut dyn Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

pub fn run(args: &CatalogArgs) -> Result<Exit, Error> {
    let (settings, options) = (settings(args.insecure_http), list_options(args)?);
    let (texts, bad_list) = config::texts(&args.places, args.files_from.as_deref(), false);
    let mut output = Output::open(&args.output)?;
    let mut writer = Writer {
        format: &args.format,
        out: output.writer(),
        document: Document {
            schema: SCHEMA,
            tags: Vec::new(),
            problems: Vec::new(),
        },
        problems: 0,
        written: Ok(()),
    };
    if let Some(BadInput { name, why }) = bad_list {
        let detail = why.to_string();
        writer.written = writer.problem(Problem { name, detail });
    }
    let places: Vec<Place> = texts.iter().map(place_of).collect();
    list_all(&places, &settings, &options, &mut |host, result| {
        writer.add(host, result)
    })?;
    let has_problems = writer.problems > 0;
    let written = writer.end();
    match written.and_then(|()| output.writer().flush()) {
        Err(error) => super::output::write_failed(error)?,
        Ok(()) => output.write(|_| Ok(()))?,
    }
    Ok(match has_problems {
        true => Exit::Failed,
        false => Exit::Fine,
    })
}

fn place_of(text: &OsString) -> Place {
    let text = text.to_string_lossy();
    Place::parse(text.strip_prefix("registry:").unwrap_or(&text))
}

fn settings(insecure_http: bool) -> Settings {
    Settings {
        insecure_http,
        ..Settings::default()
    }
}

fn patterns(texts: &[String]) -> Result<NamePatterns, Error> {
    let texts = texts.iter().cloned();
    let (tags, repositories): (Vec<_>, Vec<_>) = texts.partition(|text| text.contains(':'));
    Ok(NamePatterns {
        repositories: config::globs(&repositories)?,
        tags: config::globs(&tags)?,
    })
}

fn list_options(args: &CatalogArgs) -> Result<ListOptions, Error> {
    Ok(ListOptions {
        include: patterns(&args.include)?,
        exclude: patterns(&args.exclude)?,
        newest: args.newest,
        platform: args.platform.as_deref().map(config::platform).transpose()?,
        after: args.after.clone(),
        digests: args.digests,
        connections: args.connections,
    })
}

/// Receives the tags and problems of a host; false ends the listing.
type Deliver<'d> = dyn FnMut(&str, Result<Listed, NotListed>) -> bool + 'd;

/// Lists all places in order. Whole registries are listed page by page, single repositories several at a time.
fn list_all(
    places: &[Place],
    settings: &Settings,
    options: &ListOptions,
    deliver: &mut Deliver<'_>,
) -> Result<(), Error> {
    let connections = options.connections.max(1);
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(connections)
        .build()
        .map_err(|error| Error::Threads(io::Error::other(error)))?;
    let is_repository = |place: &Place| place.repository.is_some();
    for group in places.chunk_by(|previous, next| is_repository(previous) && is_repository(next)) {
        if let [place] = group
            && !is_repository(place)
        {
            let mut goes_on = true;
            list_place(place, settings, options, &mut |result| {
                goes_on = deliver(&place.host, result);
                goes_on
            });
            if !goes_on {
                return Ok(());
            }
            continue;
        }
        for batch in group.chunks(connections.saturating_mul(4)) {
            let answers: Vec<Vec<_>> = threads.install(|| {
                let places = batch.par_iter();
                let answers = places.map(|place| {
                    let mut results = Vec::new();
                    list_place(place, settings, options, &mut |result| {
                        results.push(result);
                        true
                    });
                    results
                });
                answers.collect()
            });
            for (place, results) in batch.iter().zip(answers) {
                for result in results {
                    if !deliver(&place.host, result) {
                        return Ok(());
                    }
                }
            }
        }
    }
    Ok(())
}

/// Lists one place. An error that ends the listing is delivered last.
fn list_place(
    place: &Place,
    settings: &Settings,
    options: &ListOptions,
    deliver: &mut dyn FnMut(Result<Listed, NotListed>) -> bool,
) {
    if let Err(error) = listing::list(place, settings, options, deliver) {
        let name = match &place.repository {
            Some(repository) => format!("{}/{repository}", place.host),
            None => place.host.clone(),
        };
        deliver(Err(NotListed { name, error }));
    }
}

/// Replaces each target `registry:HOST` by the images of the registry; adds what cannot be listed to `bad`.
pub fn expand(
    named: Vec<Named>,
    args: &SourceArgs,
    bad: &mut Vec<BadInput>,
) -> Result<Vec<Named>, Error> {
    let is_whole = |target: &Target| matches!(target, Target::Registry(text) if !text.trim_end_matches('/').contains('/'));
    if !named.iter().any(|(_, target)| is_whole(target)) {
        return Ok(named);
    }
    let settings = settings(args.insecure_http);
    let options = list_options(&CatalogArgs::of_scan(args))?;
    let mut expanded = Vec::new();
    for (text, target) in named {
        let Target::Registry(host) = &target else {
            expanded.push((text, target));
            continue;
        };
        if !is_whole(&target) {
            expanded.push((text, target));
            continue;
        }
        let place = Place::parse(host);
        list_all(&[place], &settings, &options, &mut |host, result| {
            match result {
                Ok(listed) => {
                    let text = listed.target(host);
                    let image = text.trim_start_matches("registry:").to_owned();
                    expanded.push((text, Target::Registry(image)));
                }
                Err(problem) => bad.push(BadInput {
                    name: format!("registry:{}", problem.name),
                    why: BadReason::Registry(problem.error),
                }),
            }
            true
        })?;
    }
    Ok(expanded)
}
