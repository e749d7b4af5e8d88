//! Tips for arguments that other tools have under other names. Clap knows only similar spellings.

use super::args;
use crate::knowledge::meant;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What people type, and the long option that means it.
const OPTIONS: [(&str, &str); 6] = [
    ("-p", "profile"),
    ("-f", "format"),
    ("-c", "policy"),
    ("--config", "policy"),
    ("--output-format", "format"),
    ("--type", "format"),
];

/// Short names of formats, as in `--md`, and the formats.
const FORMATS: [(&str, &str); 4] = [
    ("md", "markdown"),
    ("jsonl", "ndjson"),
    ("txt", "text"),
    ("vex", "openvex"),
];

/// Replaces the tip of an error about the arguments of `command`, if there is a better one.
pub fn for_error(error: clap::Error, command: Option<&str>) -> clap::Error {
    match error.kind() {
        ErrorKind::UnknownArgument => with_option(error, command),
        _ => with_spec_version(error),
    }
}

/// Names the option that an unknown argument means: `--json` is a format, `-p` a profile.
fn with_option(mut error: clap::Error, command: Option<&str>) -> clap::Error {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let argument = argument.clone();
    // Clap also suggests what has hardly a letter in common.
    if let Some(ContextValue::String(suggested)) = error.get(ContextKind::SuggestedArg)
        && meant(&argument, [suggested.as_str()]).is_none()
    {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::Usage);
    }
    let has_suggestion = error.get(ContextKind::SuggestedArg).is_some();
    let of_another = || {
        (!has_suggestion)
            .then(|| option_elsewhere(&argument))
            .flatten()
    };
    let own = ELSEWHERE
        .iter()
        .find(|(of, option, _)| Some(*of) == command && *option == argument);
    let own = own.map(|(.., tip)| (*tip).to_owned());
    let tip = own.or_else(|| command.and_then(|name| option_for(&argument, name)));
    if let Some(tip) = tip.or_else(of_another) {
        error.remove(ContextKind::SuggestedArg);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

/// The tip for an unknown argument, if the command has an option that means it.
fn option_for(argument: &str, command: &str) -> Option<String> {
    let mut all = args::command();
    all.build();
    let options = all.find_subcommand(command)?;
    let option = |long: &str| {
        options
            .get_arguments()
            .find(|arg| arg.get_long() == Some(long))
    };
    if let Some((_, long)) = OPTIONS.iter().find(|(typed, _)| *typed == argument) {
        let option = option(long)?;
        let value = option.get_value_names().and_then(|names| names.first());
        let value = value.map_or(String::new(), |name| format!(" {name}"));
        return Some(format!("write --{long}{value}"));
    }
    let name = argument.strip_prefix("--")?;
    let short = FORMATS.iter().find(|(short, _)| *short == name);
    let format = short.map_or(name, |(_, format)| format);
    let values = option("format")?.get_possible_values();
    let is_known = values.iter().any(|value| value.get_name() == format);
    is_known.then(|| format!("write --format {format}"))
}

/// Adds how to write the version of a format to an error about syft's spelling, `--format cyclonedx@1.5`.
fn with_spec_version(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else {
        return error;
    };
    let formats = ["cyclonedx", "spdx"];
    let tip = value
        .trim_end_matches("-json")
        .split_once('@')
        .map(|(format, version)| (format.trim_end_matches("-json"), version))
        .filter(|(format, _)| formats.contains(format))
        .map(|(format, version)| format!("write --format {format} --spec-version {version}"));
    if let Some(tip) = tip {
        error.remove(ContextKind::SuggestedValue);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

/// Options that other commands have, and the one that means it here.
const ELSEWHERE: [(&str, &str, &str); 2] = [
    (
        "vuln",
        "--fail-on",
        "write --level LEVEL: symbol, package or module",
    ),
    (
        "verify",
        "--fail-on",
        "it fails on what does not match; --strict also on what is unknown",
    ),
];

/// Which commands have an option of this name.
fn option_elsewhere(argument: &str) -> Option<String> {
    let long = argument.strip_prefix("--")?;
    let mut all = args::command();
    all.build();
    let has_option = |command: &&clap::Command| {
        let mut options = command.get_arguments();
        options.any(|option| option.get_long() == Some(long))
    };
    let names = all.get_subcommands().filter(has_option);
    let names: Vec<&str> = names.map(clap::Command::get_name).collect();
    (!names.is_empty()).then(|| format!("{argument} is an option of {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_of_syft_gets_the_option_for_versions() {
        let parse = |format: &str| {
            let args = ["gospect", "sbom", "--format", format, "x"];
            let error = args::command().try_get_matches_from(args);
            for_error(error.unwrap_err(), Some("sbom")).to_string()
        };
        let message = parse("cyclonedx@1.5");
        let tip = "write --format cyclonedx --spec-version 1.5";
        assert!(message.contains(tip), "{message}");
        assert!(parse("cyclonedx-json@1.5").contains(tip));
        assert!(!parse("cyclone").contains("--spec-version"));
    }

    #[test]
    fn names_of_formats_and_options_of_other_tools_get_ours() {
        let tip = |line: &[&str]| {
            let error = args::command().try_get_matches_from(line).unwrap_err();
            for_error(error, line.get(1).copied()).to_string()
        };
        for (line, expected) in [
            (
                &["gospect", "scan", "--json", "x"][..],
                "write --format json",
            ),
            (
                &["gospect", "diff", "--md", "a", "b"],
                "write --format markdown",
            ),
            (&["gospect", "vuln", "--sarif", "x"], "write --format sarif"),
            (&["gospect", "sbom", "--spdx", "x"], "write --format spdx"),
            (
                &["gospect", "audit", "-p", "release"],
                "write --profile NAME",
            ),
            (&["gospect", "lint", "--config", "x"], "write --policy FILE"),
            (&["gospect", "scan", "-f", "csv"], "write --format FORMAT"),
        ] {
            let message = tip(line);
            assert!(message.contains(expected), "{line:?}: {message}");
            assert!(!message.contains("as a value"), "{message}");
            assert!(!message.contains("similar"), "{message}");
        }
        let level = tip(&["gospect", "vuln", "--fail-on", "symbol", "x"]);
        assert!(level.contains("write --level LEVEL"), "{level}");
        let other = tip(&["gospect", "packages", "--summary", "x"]);
        assert!(other.contains("--summary is an option of audit"), "{other}");
        assert!(!other.contains("memory"), "{other}");
        // `fips` has no profile and no SARIF, so clap's own tip stays.
        assert!(!tip(&["gospect", "fips", "-p", "x"]).contains("--profile"));
        assert!(!tip(&["gospect", "fips", "--sarif", "x"]).contains("--format"));
        assert!(tip(&["gospect", "audit", "--profil", "x"]).contains("'--profile'"));
    }
}
