//! The linker flags of a build, and what they show about its purpose.

use crate::rules::prelude::*;
use gospect_deploy::Invocation;

/// The linker flags of a command; those for the C linker are one word.
fn linker_flags(c: &Invocation) -> Vec<&str> {
    let quotes = ['"', '\''];
    let mut out = Vec::new();
    for word in c.flag("ldflags") {
        let all = word.as_str();
        let flags = all.trim_start_matches('-').strip_prefix("ldflags=");
        let mut words = flags.unwrap_or(all).split_whitespace();
        while let Some(word) = words.next() {
            let bare = word.trim_matches(quotes);
            out.push(bare);
            let Some(value) = bare.strip_prefix("-extldflags") else {
                continue;
            };
            // The value is the next word, or a quoted text.
            let first = match value {
                "" => words.next().unwrap_or_default(),
                _ => word
                    .get(word.find('=').map_or(0, |at| at + 1)..)
                    .unwrap_or_default(),
            };
            let Some(quote) = first.chars().next().filter(|c| quotes.contains(c)) else {
                continue;
            };
            let closed = first.len() > 1 && first.ends_with(quote);
            if !closed {
                words.by_ref().find(|w| w.ends_with(quote));
            }
        }
    }
    out
}

/// Whether linker flags are those of a release: they set a version, strip, or come from a variable.
pub(super) fn links(c: &Invocation) -> bool {
    let of_release =
        |w: &&str| matches!(*w, "-s" | "-w" | "-X") || w.starts_with("-X=") || w.starts_with('$');
    linker_flags(c).iter().any(of_release)
}

/// Whether `-X` marks a build for development: `-X main.dev=true`, `-X main.version=dev`.
pub(super) fn says_development(ctx: &FileCtx, c: &Invocation) -> bool {
    let dev = ["dev", "devel", "debug", "development", "local", "source"];
    // The value of a variable is replaced for a release.
    let written = |text: &str| {
        let mut lines = (c.at.line..=c.at.end_line).filter_map(|n| ctx.file.source.get(n));
        lines.any(|line| line.contains(text))
    };
    linker_flags(c).iter().any(|word| {
        let definition = word.strip_prefix("-X=").unwrap_or(word);
        let (target, value) = definition.split_once('=').unwrap_or_default();
        let name = target.rsplit('.').next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let is_flag = dev.contains(&name.strip_prefix("is").unwrap_or(&name));
        let value = value.trim_matches(['"', '\'']);
        (is_flag && matches!(value, "true" | "1" | "yes"))
            || (name.ends_with("version") && dev.contains(&value) && written(definition))
    })
}
