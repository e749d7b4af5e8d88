//! Builds of one program, each with the flags that the previous comparison suggests.

use super::program::{range_of, sum};
use crate::bytes::{FileBytes, Limits, Part};
use crate::cli::args::RebuildArgs;
use crate::cli::error::Error;
use crate::compare::compare;
use crate::go::{self, FoundProgram};
use crate::rebuild::{
    NotBuilt, Recipe, RecipeOptions, Run, WorkFolder, claimed_version, commands, script, set_string,
};
use crate::record::rebuild::{Comparison, DifferentPart, Outcome, Rebuild};
use crate::record::{Binary, Format};
use crate::report::rebuild as report;
use crate::report::style::clean;
use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One rebuild and its retries.
pub struct Rebuilder<'j> {
    pub args: &'j RebuildArgs,
    pub stop: Arc<AtomicBool>,
    pub released: &'j FileBytes,
    pub found: &'j FoundProgram,
}

/// The result of one build.
struct Attempt {
    recipe: Recipe,
    comparison: Comparison,
    rebuilt: String,
    bytes: Vec<u8>,
}

impl Rebuilder<'_> {
    /// Builds and compares. If linker flags were inferred and the programs differ, tries the flags that the comparison suggests.
    pub fn run(
        &self,
        binary: &Binary,
        options: &RecipeOptions,
        recipe: Recipe,
        result: &mut Rebuild,
    ) -> Result<(), Error> {
        result.recipe = commands(&recipe);
        result.assumed.clone_from(&recipe.assumed);
        let folder = match WorkFolder::new() {
            Ok(folder) => folder,
            Err(why) => {
                result.why = Some(why.to_string());
                return Ok(());
            }
        };
        let first = match self.attempt(recipe, &folder)? {
            Err(NotBuilt::NoSource { line }) => {
                self.attempt_claimed(binary, options, &folder, line)?
            }
            other => other,
        };
        let mut best = match first {
            Ok(attempt) => attempt,
            Err(why) => {
                result.why = Some(why.to_string());
                return Ok(());
            }
        };
        if best.comparison.verdict == Outcome::Different
            && best.recipe.infers_linker_flags
            && let Some(flags) = self.named_strings(&best, binary, options, &folder)?
        {
            self.try_flags(binary, options, flags, &folder, &mut best)?;
        }
        if best.comparison.verdict == Outcome::Different
            && is_wasm(binary)
            && best.recipe.infers_linker_flags
        {
            self.try_flags(binary, options, "-s -w".to_owned(), &folder, &mut best)?;
        }
        for flags in other_spellings(&best.recipe) {
            if best.comparison.verdict != Outcome::SameCode || !has_other_link(&best.comparison) {
                break;
            }
            self.try_flags(binary, options, flags, &folder, &mut best)?;
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

    /// If no proxy has the commit, tries the version that the program claims.
    fn attempt_claimed(
        &self,
        binary: &Binary,
        options: &RecipeOptions,
        folder: &WorkFolder,
        line: String,
    ) -> Result<Result<Attempt, NotBuilt>, Error> {
        let info = binary.build_info.as_ref();
        let is_open = options.module.is_none() && options.source.is_none();
        let claimed = claimed_version(binary).filter(|_| is_open);
        let (Some(info), Some((version, source))) = (info, claimed) else {
            return Ok(Err(NotBuilt::NoSource { line }));
        };
        let options = RecipeOptions {
            module: Some((info.main.path.clone(), version.clone())),
            ..options.clone()
        };
        let Ok(mut recipe) = Recipe::of(binary, &options) else {
            return Ok(Err(NotBuilt::NoSource { line }));
        };
        recipe.assumed.push(format!(
            "version {version} of {}, from the {source}: no proxy has its commit",
            info.main.path
        ));
        let attempt = self.attempt(recipe, folder)?;
        Ok(attempt.map_err(|_| NotBuilt::NoSource { line }))
    }

    /// Builds by a recipe, and compares.
    fn attempt(
        &self,
        recipe: Recipe,
        folder: &WorkFolder,
    ) -> Result<Result<Attempt, NotBuilt>, Error> {
        if let Err(why) = self.build(&recipe, folder) {
            return Ok(Err(why));
        }
        let result = folder.result();
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
        Ok(Ok(Attempt {
            recipe,
            comparison,
            rebuilt,
            bytes,
        }))
    }

    fn build(&self, recipe: &Recipe, folder: &WorkFolder) -> Result<(), NotBuilt> {
        let text = script(recipe, "", "");
        let run = Run {
            go: &self.args.go,
            toolchain: &recipe.toolchain,
            cache: self.args.build_cache.as_deref(),
            stop: &self.stop,
        };
        run.script(&text, folder, &mut |step| {
            if !self.args.output.quiet {
                say!("gospect: {}", clean(step));
            }
        })
    }

    /// Tries other linker flags, and keeps the result if it is nearer to the released program.
    fn try_flags(
        &self,
        binary: &Binary,
        options: &RecipeOptions,
        flags: String,
        folder: &WorkFolder,
        best: &mut Attempt,
    ) -> Result<(), Error> {
        let options = RecipeOptions {
            linker_flags: Some(flags),
            ..options.clone()
        };
        let Ok(recipe) = Recipe::of(binary, &options) else {
            return Ok(());
        };
        if let Ok(attempt) = self.attempt(recipe, folder)?
            && distance(&attempt.comparison) < distance(&best.comparison)
        {
            *best = attempt;
        }
        Ok(())
    }

    /// Linker flags that set the strings in which the programs differ. A program without symbols does not name their variables, but the same program
    /// linked with symbols has them at the same addresses.
    fn named_strings(
        &self,
        best: &Attempt,
        binary: &Binary,
        options: &RecipeOptions,
        folder: &WorkFolder,
    ) -> Result<Option<String>, Error> {
        let strings = &best.comparison.strings;
        let released: Vec<_> = strings.iter().filter(|s| s.old.is_some()).collect();
        if released.is_empty() {
            return Ok(None);
        }
        let with_symbols = RecipeOptions {
            linker_flags: Some(String::new()),
            ..options.clone()
        };
        let Ok(recipe) = Recipe::of(binary, &with_symbols) else {
            return Ok(None);
        };
        if self.build(&recipe, folder).is_err() {
            return Ok(None);
        }
        let Ok(linked) = fs::read(folder.result()) else {
            return Ok(None);
        };
        let addresses: Vec<u64> = released.iter().filter_map(|s| s.new_address).collect();
        let names = names_at(&linked, &addresses);
        let mut flags = vec![best.recipe.linker_flags.clone().unwrap_or_default()];
        for string in released {
            let named = string.new_address.and_then(|address| names.get(&address));
            let name = string.name.as_ref().or(named);
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

/// Other ways to write the same linker flags, which lead to another build ID.
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

/// Whether it is WebAssembly, which does not show whether symbols were left out.
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

/// How much two programs differ. Ordered: the least is the best.
fn distance(comparison: &Comparison) -> (u8, u64) {
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
