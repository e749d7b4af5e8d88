//! `gospect rebuild`.

use super::args::RebuildArgs;
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use crate::bytes::{FileBytes, Limits, Part, ReadAt, Window};
use crate::compare::compare;
use crate::exe::{self, OpenError};
use crate::go::{self, FoundProgram, Level, Options};
use crate::rebuild::{
    NotBuilt, Recipe, Run, Wishes, Workplace, claimed_version, commands, script, set_string,
    statement,
};
use crate::record::rebuild::{Comparison, DifferentPart, Outcome, Rebuild, SCHEMA, Sums};
use crate::record::{Binary, Format};
use crate::report::rebuild as report;
use crate::report::style::clean;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub fn run(args: &RebuildArgs) -> Result<Exit, Error> {
    let path = args.program.display().to_string();
    let unread = |why: String| Error::Program {
        path: clean(&path).into_owned(),
        why,
    };
    if args.program.is_dir() {
        return Err(unread(
            "a directory, and this command takes one program".to_owned(),
        ));
    }
    let bytes = open(&args.program)?;
    let Some(found) = program(&bytes, args.slice.as_deref()).map_err(unread)? else {
        say!("gospect: {}: not a Go program", clean(&path));
        return Ok(Exit::NothingFound);
    };
    let wishes = Wishes {
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
    let recipe = match Recipe::of(&binary, &wishes) {
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
    let job = Job {
        args,
        stop: stop(),
        released: &bytes,
        found: &found,
    };
    job.run(&binary, &wishes, recipe, &mut result)?;
    finish(args, &result)
}

/// One rebuild and its retries.
struct Job<'j> {
    args: &'j RebuildArgs,
    stop: Arc<AtomicBool>,
    released: &'j FileBytes,
    found: &'j FoundProgram,
}

/// What became of one try.
struct Tried {
    recipe: Recipe,
    comparison: Comparison,
    rebuilt: String,
    bytes: Vec<u8>,
}

impl Job<'_> {
    /// Builds and compares. Where linker flags had to be inferred and do not fit, what the comparison tells about them is tried too.
    fn run(
        &self,
        binary: &Binary,
        wishes: &Wishes,
        recipe: Recipe,
        result: &mut Rebuild,
    ) -> Result<(), Error> {
        result.recipe = commands(&recipe);
        result.assumed.clone_from(&recipe.assumed);
        let place = match Workplace::new() {
            Ok(place) => place,
            Err(why) => {
                result.why = Some(why.to_string());
                return Ok(());
            }
        };
        let first = match self.attempt(recipe, &place)? {
            Err(NotBuilt::NoSource { line }) => self.by_claim(binary, wishes, &place, line)?,
            other => other,
        };
        let mut best = match first {
            Ok(tried) => tried,
            Err(why) => {
                result.why = Some(why.to_string());
                return Ok(());
            }
        };
        if best.comparison.verdict == Outcome::Different
            && best.recipe.infers_linker_flags
            && let Some(flags) = self.named_strings(&best, binary, wishes, &place)?
        {
            self.more(binary, wishes, flags, &place, &mut best)?;
        }
        if best.comparison.verdict == Outcome::Different
            && is_wasm(binary)
            && best.recipe.infers_linker_flags
        {
            self.more(binary, wishes, "-s -w".to_owned(), &place, &mut best)?;
        }
        for flags in other_spellings(&best.recipe) {
            if best.comparison.verdict != Outcome::SameCode || !has_other_link(&best.comparison) {
                break;
            }
            self.more(binary, wishes, flags, &place, &mut best)?;
        }
        if let Some(keep) = &self.args.keep {
            fs::write(keep, &best.bytes).map_err(Error::write(keep.display()))?;
        }
        result.recipe = commands(&best.recipe);
        result.assumed = best.recipe.assumed;
        result.sha256.rebuilt = Some(best.rebuilt);
        result.functions = Some(report::counts(&best.comparison));
        result.verdict = best.comparison.verdict;
        result.differences = best.comparison.differences;
        result.changed = best.comparison.changed;
        result.explanations = best.comparison.explanations;
        Ok(())
    }

    /// Where no proxy has the commit, it may have the version that the program claims.
    fn by_claim(
        &self,
        binary: &Binary,
        wishes: &Wishes,
        place: &Workplace,
        line: String,
    ) -> Result<Result<Tried, NotBuilt>, Error> {
        let info = binary.build_info.as_ref();
        let is_open = wishes.module.is_none() && wishes.source.is_none();
        let claimed = claimed_version(binary).filter(|_| is_open);
        let (Some(info), Some((version, source))) = (info, claimed) else {
            return Ok(Err(NotBuilt::NoSource { line }));
        };
        let wishes = Wishes {
            module: Some((info.main.path.clone(), version.clone())),
            ..wishes.clone()
        };
        let Ok(mut recipe) = Recipe::of(binary, &wishes) else {
            return Ok(Err(NotBuilt::NoSource { line }));
        };
        recipe.assumed.push(format!(
            "version {version} of {}, from the {source}: no proxy has its commit",
            info.main.path
        ));
        let tried = self.attempt(recipe, place)?;
        Ok(tried.map_err(|_| NotBuilt::NoSource { line }))
    }

    /// Builds by a recipe, and compares.
    fn attempt(&self, recipe: Recipe, place: &Workplace) -> Result<Result<Tried, NotBuilt>, Error> {
        if let Err(why) = self.build(&recipe, place) {
            return Ok(Err(why));
        }
        let result = place.result();
        let bytes = fs::read(&result).map_err(|error| Error::NotRead {
            name: "the rebuilt program".to_owned(),
            why: error.to_string(),
        })?;
        let rebuilt = sum(&bytes.as_slice()).map_err(|why| Error::NotRead {
            name: "the rebuilt program".to_owned(),
            why,
        })?;
        let (start, size) = range_of(self.released, self.found.slice.as_deref());
        let released = Part::new(self.released, start, size);
        let compared = compare(&released, &bytes.as_slice(), None, Limits::default());
        let comparison = compared.map_err(|why| Error::Program {
            path: clean(&self.args.program.display().to_string()).into_owned(),
            why: why.to_string(),
        })?;
        Ok(Ok(Tried {
            recipe,
            comparison,
            rebuilt,
            bytes,
        }))
    }

    fn build(&self, recipe: &Recipe, place: &Workplace) -> Result<(), NotBuilt> {
        let text = script(recipe, "", "");
        let run = Run {
            go: &self.args.go,
            toolchain: &recipe.toolchain,
            cache: self.args.build_cache.as_deref(),
            stop: &self.stop,
        };
        run.script(&text, place, &mut |step| {
            if !self.args.output.quiet {
                say!("gospect: {}", clean(step));
            }
        })
    }

    /// Tries other linker flags, and keeps them if the programs come closer.
    fn more(
        &self,
        binary: &Binary,
        wishes: &Wishes,
        flags: String,
        place: &Workplace,
        best: &mut Tried,
    ) -> Result<(), Error> {
        let wishes = Wishes {
            linker_flags: Some(flags),
            ..wishes.clone()
        };
        let Ok(recipe) = Recipe::of(binary, &wishes) else {
            return Ok(());
        };
        if let Ok(tried) = self.attempt(recipe, place)?
            && rank(&tried.comparison) < rank(&best.comparison)
        {
            *best = tried;
        }
        Ok(())
    }

    /// Linker flags that set the strings in which the programs differ. A program without symbols does not name their variables, but the same program
    /// linked with symbols has them at the same addresses.
    fn named_strings(
        &self,
        best: &Tried,
        binary: &Binary,
        wishes: &Wishes,
        place: &Workplace,
    ) -> Result<Option<String>, Error> {
        let strings = &best.comparison.strings;
        let released: Vec<_> = strings.iter().filter(|s| s.old.is_some()).collect();
        if released.is_empty() {
            return Ok(None);
        }
        let with_symbols = Wishes {
            linker_flags: Some(String::new()),
            ..wishes.clone()
        };
        let Ok(recipe) = Recipe::of(binary, &with_symbols) else {
            return Ok(None);
        };
        if self.build(&recipe, place).is_err() {
            return Ok(None);
        }
        let Ok(linked) = fs::read(place.result()) else {
            return Ok(None);
        };
        let addresses: Vec<u64> = released.iter().filter_map(|s| s.new_address).collect();
        let names = names_at(&linked, &addresses);
        let mut flags = vec![best.recipe.linker_flags.clone().unwrap_or_default()];
        for string in released {
            let at = string.new_address.and_then(|at| names.get(&at));
            let name = string.name.as_ref().or(at);
            let value = string.old.as_deref().unwrap_or_default();
            flags.extend(name.and_then(|name| set_string(name, value)));
        }
        Ok((flags.len() > 1).then(|| flags.join(" ").trim().to_owned()))
    }
}

/// Names of the variables at some addresses.
fn names_at(program: &[u8], addresses: &[u64]) -> HashMap<u64, String> {
    let mut all = HashMap::new();
    let _ = go::programs(&program, Limits::default(), &mut |_, tables| {
        tables.image().symbols::<()>(&mut |symbol| {
            if addresses.contains(&symbol.address) {
                let name = String::from_utf8_lossy(symbol.name).into_owned();
                all.entry(symbol.address).or_insert(name);
            }
            ControlFlow::Continue(())
        });
    });
    all
}

/// Other ways to write the same linker flags; the build ID tells them apart.
fn other_spellings(recipe: &Recipe) -> Vec<String> {
    let Some(flags) = recipe
        .linker_flags
        .as_deref()
        .filter(|_| recipe.infers_linker_flags)
    else {
        return Vec::new();
    };
    let Some(rest) = flags.strip_prefix("-s -w") else {
        return Vec::new();
    };
    let rest = rest.trim();
    let mut all = vec![format!("-w -s {rest}"), format!("-s {rest}")];
    if !rest.is_empty() {
        all.extend([format!("{rest} -s -w"), format!("{rest} -w -s")]);
    }
    all.into_iter()
        .map(|flags| flags.trim().to_owned())
        .collect()
}

/// WebAssembly does not tell whether symbols were left out.
fn is_wasm(binary: &Binary) -> bool {
    binary.executable.format.known() == Some(Format::Wasm)
}

/// Whether the inputs of the link differ, by the build ID.
fn has_other_link(comparison: &Comparison) -> bool {
    comparison
        .differences
        .iter()
        .any(|d| d.part == DifferentPart::BuildId)
}

/// How far two programs are apart.
fn rank(comparison: &Comparison) -> (u8, u64) {
    let verdict = match comparison.verdict {
        Outcome::Identical => 0,
        Outcome::SameCode => 1,
        Outcome::Different | Outcome::NotBuilt => 2,
    };
    (
        verdict,
        comparison.differences.iter().map(|d| d.bytes).sum(),
    )
}

fn open(path: &Path) -> Result<FileBytes, Error> {
    File::open(path)
        .and_then(FileBytes::open)
        .map_err(|error| Error::Program {
            path: clean(&path.display().to_string()).into_owned(),
            why: error.to_string(),
        })
}

/// Offset and size of a program: of a slice of a universal file, or the whole file.
fn range_of(bytes: &FileBytes, slice: Option<&str>) -> (u64, u64) {
    let window = Window::new(bytes, Limits::default().executable);
    let universal = slice.and_then(|_| exe::universal(&window).ok());
    let slices = universal
        .map(|universal| universal.slices)
        .unwrap_or_default();
    let named = slices.iter().find(|of_file| of_file.arch == slice);
    named.map_or((0, bytes.len()), |found| (found.offset, found.size))
}

/// The program of a file, or of a slice of it; `None`: no Go program.
fn program(bytes: &FileBytes, slice: Option<&str>) -> Result<Option<FoundProgram>, String> {
    let options = Options {
        level: Level::Full,
        named: true,
        packages: true,
        ..Options::default()
    };
    let inspection = match go::inspect(bytes, &options) {
        Ok(inspection) => inspection,
        Err(OpenError::NotExecutable) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let slices: Vec<String> = inspection
        .found
        .iter()
        .filter_map(|f| f.slice.clone())
        .collect();
    let is_empty = inspection.found.is_empty();
    let mut found = inspection.found.into_iter();
    match (
        found.find(|f| slice.is_none() || f.slice.as_deref() == slice),
        slice,
    ) {
        (None, Some(slice)) if !is_empty => Err(format!(
            "it has no slice for {slice}; it has {}",
            match slices.is_empty() {
                true => "no slices".to_owned(),
                false => slices.join(", "),
            }
        )),
        (found, _) => Ok(found),
    }
}

fn module(text: &str) -> Result<(String, String), Error> {
    let parts = text
        .split_once('@')
        .filter(|(path, version)| !path.is_empty() && !version.is_empty());
    let parts = parts.ok_or_else(|| Error::Module(clean(text).into_owned()))?;
    Ok((parts.0.to_owned(), parts.1.to_owned()))
}

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// SHA-256 in hex.
fn sum(reader: &dyn ReadAt) -> Result<String, String> {
    let mut state = Sha256::new();
    let mut buffer = vec![0; PIECE];
    let mut done = 0;
    while done < reader.len() {
        let read = reader
            .read_at(&mut buffer, done)
            .map_err(|e| e.to_string())?;
        if read == 0 {
            return Err("it ends before its end".to_owned());
        }
        state.update(buffer.get(..read).unwrap_or_default());
        done += read as u64;
    }
    Ok(state
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// Set when a signal asks the program to end.
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
        _ => report::text(result, &look, out),
    })?;
    Ok(match result.verdict {
        Outcome::Identical | Outcome::SameCode => Exit::Fine,
        Outcome::Different => Exit::Findings,
        Outcome::NotBuilt => Exit::Failed,
    })
}
