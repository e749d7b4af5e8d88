//! The policy from the arguments: file, profile, levels, expectations.

use super::args::{JudgeArgs, OutputArgs};
use super::error::Error;
use super::exit::Exit;
use super::files;
use super::output::Output;
use super::terminal::{colors, is_error_terminal};
use crate::audit::Policy;
use crate::audit::policy::{FILE_NAME, Input, Judged};
use crate::report::style::clean;
use std::path::{Path, PathBuf};

/// Reads the policy. Every error in the file is reported on standard error; the result counts them.
pub fn load(args: &JudgeArgs, output: &OutputArgs, expect: &[String]) -> Result<Policy, Error> {
    let read = file(args, output).map(|path| read(&path, output, true));
    let mut policy = match read {
        Some(Ok(policy)) => policy,
        // Expectations need nothing of the file, so what is wrong with them is said too.
        Some(Err(mistakes)) => {
            for wrong in expect
                .iter()
                .filter_map(|pair| Policy::built_in().expect(pair).err())
            {
                say!("gospect: {}", clean(&Error::Expect(wrong).to_string()));
            }
            return Err(mistakes);
        }
        None => Policy::built_in(),
    };
    let mut mistakes = Vec::new();
    if let Some(profile) = &args.profile {
        mistakes.extend(policy.select_profile(profile).err().map(Error::Profile));
    }
    mistakes.extend(args.levels.apply(&mut policy).into_iter().map(Error::Level));
    for pair in expect {
        mistakes.extend(policy.expect(pair).err().map(Error::Expect));
    }
    // The last one ends the command, so the others are reported here.
    let last = mistakes.pop();
    for mistake in mistakes {
        say!("gospect: {}", clean(&mistake.to_string()));
    }
    last.map_or(Ok(policy), Err)
}

/// Refuses rules that the command line names and that can report nothing, if their findings would make the exit code 1: a verdict
/// without findings would look like a pass. Of other rules that are switched on by name it says so.
pub fn refuse_idle_rules(
    policy: &Policy,
    judge: &JudgeArgs,
    judged: Judged,
    given: &[Input],
    quiet: bool,
) -> Result<(), Error> {
    let idle = policy.idle_rules(judged, given);
    let mut refused = idle
        .iter()
        .filter(|rule| rule.at.is_none() && rule.level >= judge.fail_on);
    if let Some(rule) = refused.next() {
        return Err(Error::IdleRule(rule.clone()));
    }
    for rule in idle.iter().filter(|_| !quiet) {
        let place = rule.at.as_ref();
        let place = place.map_or(String::new(), |at| format!("{}:{}: ", at.file, at.line));
        say!("gospect: {}", clean(&format!("{place}{rule}")));
    }
    Ok(())
}

/// Prints the policy in force, for `--print-config`.
pub fn print(policy: &Policy, args: &OutputArgs) -> Result<Exit, Error> {
    let mut output = Output::open(args)?;
    let text = output.harmless(policy.print_config());
    output.write(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Fine)
}

/// The named policy file, or that of the current directory.
fn file(args: &JudgeArgs, output: &OutputArgs) -> Option<PathBuf> {
    if args.policy.is_some() {
        return args.policy.clone();
    }
    let here = PathBuf::from(FILE_NAME);
    if !here.is_file() {
        if let Some(other) = passed_over().filter(|_| !output.quiet) {
            let other = other.to_string_lossy();
            say!(
                "gospect: {0} is not used, only {FILE_NAME} in the current directory is; --policy {0} uses it",
                clean(&other)
            );
        }
        return None;
    }
    if !output.quiet {
        say!("gospect: policy: {FILE_NAME} of this directory; --policy FILE takes another");
    }
    Some(here)
}

/// A policy file that a user may expect to count, if there is none in the current directory: one with another spelling, or that of a directory above.
fn passed_over() -> Option<PathBuf> {
    let spelt = [".gospect.toml", "Gospect.toml", "gospect.tml"];
    let here = spelt.into_iter().map(PathBuf::from);
    let depth = std::env::current_dir().ok()?.components().count();
    let above = (1..depth.min(MOST_ABOVE)).map(|up| {
        let mut path: PathBuf = std::iter::repeat_n("..", up).collect();
        path.push(FILE_NAME);
        path
    });
    here.chain(above).find(|path| path.is_file())
}

/// Most directories above that are looked into.
const MOST_ABOVE: usize = 32;

/// Longest policy file.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a policy file; with `aloud` its mistakes are reported on standard error.
pub fn read(path: &Path, output: &OutputArgs, aloud: bool) -> Result<Policy, Error> {
    let name = path.to_string_lossy();
    let shown = || clean(&name).into_owned();
    let text = files::piped_text(path, MAX_BYTES).map_err(|source| Error::ReadPolicy {
        path: shown(),
        source,
    })?;
    Policy::load(&text, &name).map_err(|mistakes| {
        let color = colors(output.color, is_error_terminal());
        for mistake in mistakes.iter().filter(|_| aloud) {
            say!("{}\n", mistake.render(&text, color));
        }
        Error::Mistakes {
            path: shown(),
            count: mistakes.len(),
        }
    })
}
