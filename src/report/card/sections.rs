//! The lists below the rows: contradictions, GODEBUG, paths, modules, settings.

use super::{Context, safe, section};
use crate::report::model::{Corroboration, EffectiveSetting, Module, Verdict};
use crate::report::style::{Tone, clean, width};
use crate::report::terms;
use std::fmt::Write as _;

/// Claims that the evidence disagrees with, spelled out.
pub fn contradictions(c: &Context) -> Vec<String> {
    let all = c.binary.corroboration.as_deref().unwrap_or_default();
    let bad: Vec<_> = all
        .iter()
        .filter(|claim| claim.verdict == Verdict::Contradicted)
        .collect();
    let side = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), safe);
    bad.into_iter()
        .map(|claim| {
            format!(
                "{} recorded {}, the program says {}: {}",
                c.bad(&format!("{}:", claim.claim)),
                side(&claim.recorded),
                side(&claim.observed),
                safe(&claim.how)
            )
        })
        .collect()
}

/// Every claim with its verdict and how it was checked.
pub fn claims(c: &Context) -> Vec<String> {
    let side = |label: &str, value: &Option<String>| {
        value
            .as_deref()
            .map(|v| format!(", {label} {v}"))
            .unwrap_or_default()
    };
    let row = |claim: &Corroboration| {
        let verdict = match claim.verdict {
            Verdict::Confirmed => "confirmed",
            Verdict::Contradicted => "contradicted",
            Verdict::Unverifiable => "cannot be checked",
        };
        let sides = side("recorded", &claim.recorded) + &side("observed", &claim.observed);
        let how = if claim.how.is_empty() {
            String::new()
        } else {
            format!(": {}", claim.how)
        };
        safe(&format!("{} {verdict}{sides}{how}", claim.claim))
    };
    c.binary.corroboration.iter().flatten().map(row).collect()
}

/// Settings in force: those that stop the program or do nothing first, then those with a remark, the rest in one line.
pub fn effective(c: &Context) -> Vec<String> {
    let mut all: Vec<_> = c.binary.godebug.effective.iter().flatten().collect();
    let rank = |status: &str| {
        ["fatal", "removed", "unknown", "no-effect"]
            .iter()
            .position(|s| *s == status)
            .unwrap_or(4)
    };
    all.sort_by_key(|s| (rank(&s.status), s.note.is_none()));
    let quiet = |s: &EffectiveSetting| s.status == "ok" && s.note.is_none();
    let pair = |s: &EffectiveSetting| format!("{}={}", s.key, s.value);
    let mut lines = Vec::new();
    for s in all.iter().filter(|s| !quiet(s)) {
        let text = match s.status.as_str() {
            "fatal" => c.bad(&pair(s)),
            "ok" => safe(&pair(s)),
            _ => c.warn(&pair(s)),
        };
        let status = if s.status == "ok" {
            String::new()
        } else {
            format!(", {}", s.status)
        };
        let note = s
            .note
            .as_deref()
            .map(|note| format!(": {}", safe(note)))
            .unwrap_or_default();
        lines.push(format!(
            "{text} ({}{}){note}",
            safe(&s.origin),
            safe(&status)
        ));
    }
    let rest: Vec<_> = all
        .iter()
        .filter(|s| quiet(s))
        .map(|s| safe(&pair(s)))
        .collect();
    if !rest.is_empty() {
        lines.push(rest.join(" "));
    }
    lines
}

/// Absolute paths of the build host.
pub fn paths(c: &Context) -> Vec<String> {
    let all = c.binary.paths.as_deref().unwrap_or_default();
    all.iter()
        .map(|leak| {
            let more = if leak.example == leak.prefix {
                String::new()
            } else {
                format!(", such as {}", leak.example)
            };
            safe(&format!(
                "{} ({}, {} in {}{more})",
                leak.prefix, leak.kind, leak.count, leak.found_in
            ))
        })
        .collect()
}

/// Dependencies, aligned.
pub fn modules(c: &Context, out: &mut String) {
    let Some(info) = &c.binary.build_info else {
        return;
    };
    let name = |module: &Module| safe(&module.path);
    let widest = |f: fn(&Module) -> &str| {
        info.deps
            .iter()
            .map(|m| width(&clean(f(m))))
            .max()
            .unwrap_or_default()
            .min(200)
    };
    let (paths, versions) = (widest(|m| &m.path), widest(|m| &m.version));
    // Checksums only where they fit: 47 letters a line tell a person little.
    let sums = c
        .look
        .width
        .is_none_or(|room| room >= 4 + paths + 2 + versions + 2 + 47);
    section(
        c.look,
        out,
        "modules",
        info.deps.iter().map(|module| {
            let mut line = padded(&name(module), paths);
            let _ = write!(line, "  {}", safe(&module.version));
            let built = terms::built(module);
            if let Some(replace) = &module.replace {
                let target = terms::at_version(&replace.path, &replace.version);
                let _ = write!(line, " {} {}", c.look.arrow(), c.warn(&target));
            }
            if sums && !built.sum.is_empty() {
                let start = 4 + paths + 2 + versions;
                line = format!(
                    "{}  {}",
                    padded(&line, start.saturating_sub(4)),
                    c.dim(&built.sum)
                );
            }
            line
        }),
    );
}

fn padded(text: &str, columns: usize) -> String {
    format!(
        "{text}{:pad$}",
        "",
        pad = columns.saturating_sub(width(text))
    )
}

/// Build settings in recorded order.
pub fn settings(c: &Context, out: &mut String) {
    let Some(info) = &c.binary.build_info else {
        return;
    };
    let widest = info
        .settings
        .iter()
        .map(|s| width(&clean(&s.key)))
        .max()
        .unwrap_or_default()
        .min(24);
    if info.settings.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n  {} ({})",
        c.look.paint(Tone::Title, "settings"),
        info.settings.len()
    );
    for setting in &info.settings {
        let head = format!("    {}  ", padded(&safe(&setting.key), widest));
        c.look.wrap(out, &head, &safe(&setting.value));
    }
}
