//! `gospect rebuild`.

mod attempts;
mod program;

use super::args::RebuildArgs;
use super::error::Error;
use super::exit::Exit;
use super::one_program;
use super::output::Output;
use crate::bytes::Part;
use crate::rebuild::{Recipe, RecipeOptions, script, statement};
use crate::record::rebuild::{Outcome, Rebuild, SCHEMA, Sums};
use crate::report::rebuild as report;
use crate::report::style::clean;
use attempts::Rebuilder;
use program::{program, range_of, sum};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub fn run(args: &RebuildArgs) -> Result<Exit, Error> {
    let path = args.program.display().to_string();
    let unread = |why: String| Error::Program {
        path: clean(&path).into_owned(),
        why,
    };
    let bytes = one_program::open(&args.program, args.platform.as_deref())?;
    let Some(found) = program(&bytes, args.slice.as_deref()).map_err(unread)? else {
        say!("gospect: {}: not a Go program", clean(&path));
        return Ok(Exit::NothingFound);
    };
    let options = RecipeOptions {
        source: args.source.clone(),
        module: match &args.module {
            Some(text) => Some(module(text)?),
            None => None,
        },
        allow_cgo: args.allow_cgo,
        linker_flags: None,
    };
    let (start, size) = range_of(&bytes, found.slice.as_deref());
    let released = sum(&Part::new(&bytes, start, size)).map_err(unread)?;
    let mut binary = (*found.record).clone();
    binary.path.clone_from(&path);
    let mut result = Rebuild {
        schema: SCHEMA,
        program: path.clone(),
        verdict: Outcome::NotBuilt,
        why: None,
        recipe: Vec::new(),
        sha256: Sums {
            released,
            rebuilt: None,
        },
        differences: Vec::new(),
        functions: None,
        changed: Vec::new(),
        explanations: Vec::new(),
        assumed: Vec::new(),
    };
    let recipe = match Recipe::of(&binary, &options) {
        Ok(recipe) => recipe,
        Err(why) if args.recipe => return Err(unread(why.to_string())),
        Err(why) => {
            result.why = Some(why.to_string());
            return finish(args, &result);
        }
    };
    if args.recipe {
        let text = script(&recipe, &clean(&path), &result.sha256.released);
        let mut output = Output::open(&args.output)?;
        output.write(|out| out.write_all(text.as_bytes()))?;
        return Ok(Exit::Fine);
    }
    let rebuilder = Rebuilder {
        args,
        stop: stop(),
        released: &bytes,
        found: &found,
    };
    rebuilder.run(&binary, &options, recipe, &mut result)?;
    finish(args, &result)
}

fn module(text: &str) -> Result<(String, String), Error> {
    let parts = text
        .split_once('@')
        .filter(|(path, version)| !path.is_empty() && !version.is_empty());
    let parts = parts.ok_or_else(|| Error::Module(clean(text).into_owned()))?;
    Ok((parts.0.to_owned(), parts.1.to_owned()))
}

/// A flag that signal handlers set to end the build.
fn stop() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        // If this fails, the signal keeps its default effect.
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    stop
}

/// Writes the result, and gives the exit code.
fn finish(args: &RebuildArgs, result: &Rebuild) -> Result<Exit, Error> {
    if let Some(why) = &result.why {
        say!(
            "gospect: {}: not built: {}",
            clean(&result.program),
            clean(why)
        );
    }
    if let Some(path) = &args.attestation {
        let mut text = serde_json::to_vec_pretty(&statement(result, env!("CARGO_PKG_VERSION")))
            .map_err(|error| Error::write(path.display())(error.into()))?;
        text.push(b'\n');
        fs::write(path, text).map_err(Error::write(path.display()))?;
    }
    let mut output = Output::open(&args.output)?;
    let look = output.look;
    output.write(|out| match args.format.as_str() {
        "json" => report::json(result, out),
        "markdown" => report::markdown(result, out),
        "html" => report::html(result, out),
        _ => report::text(result, &look, out),
    })?;
    Ok(match result.verdict {
        Outcome::Identical | Outcome::SameCode => Exit::Fine,
        Outcome::Different => Exit::Findings,
        Outcome::NotBuilt => Exit::Failed,
    })
}
