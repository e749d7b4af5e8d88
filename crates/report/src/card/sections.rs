//! The lists below the rows: contradictions, GODEBUG, paths, modules, settings.

use super::{Context, safe, section};
use crate::style::{Tone, clean, width};
use crate::terms;
use gospect_bytes::number;
use gospect_knowledge::godebug;
use gospect_record::{
    Corroboration, EffectiveSetting, GodebugOrigin, GodebugStatus, Module, Verdict, Word,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most packages that the card lists.
const LARGEST_PACKAGES: usize = 10;

/// The packages with most code, and the title of their list.
pub fn largest_packages(context: &Context) -> (String, Vec<String>) {
    let all = context.binary.packages.as_deref().unwrap_or_default();
    let mut largest: Vec<_> = all.iter().filter(|p| p.bytes > 0).collect();
    // Stable: packages of one size stay in the order of their paths.
    largest.sort_by_key(|p| std::cmp::Reverse(p.bytes));
    largest.truncate(LARGEST_PACKAGES);
    let title = format!(
        "largest packages ({} of {})",
        largest.len(),
        number::thousands(all.len() as u64)
    );
    let sizes: Vec<String> = largest.iter().map(|p| number::bytes(p.bytes)).collect();
    let widest = sizes.iter().map(String::len).max().unwrap_or(0);
    let lines = largest
        .iter()
        .zip(sizes)
        .map(|(package, size)| format!("{size:>widest$}  {}", safe(&package.path)));
    (title, lines.collect())
}

/// Contradicted claims, spelled out.
pub fn contradictions(context: &Context) -> Vec<String> {
    let all = context.binary.corroboration.as_deref().unwrap_or_default();
    let bad: Vec<_> = all
        .iter()
        .filter(|claim| claim.verdict == Verdict::Contradicted)
        .collect();
    let side = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), safe);
    bad.into_iter()
        .map(|claim| {
            format!(
                "{} recorded {}, the program says {}: {}",
                context.bad(&format!("{}:", claim.claim)),
                side(&claim.recorded),
                side(&claim.observed),
                safe(&claim.how)
            )
        })
        .collect()
}

/// All claims, with the verdict and how it was checked.
pub fn claims(context: &Context) -> Vec<String> {
    let side = |label: &str, value: &Option<String>| {
        value
            .as_deref()
            .map(|v| format!(", {label} {v}"))
            .unwrap_or_default()
    };
    let row = |claim: &Corroboration| {
        let verdict = match claim.verdict.known() {
            Some(Verdict::Unverifiable) => "cannot be checked",
            _ => claim.verdict.as_str(),
        };
        let sides = side("recorded", &claim.recorded) + &side("observed", &claim.observed);
        let how = if claim.how.is_empty() {
            String::new()
        } else {
            format!(": {}", claim.how)
        };
        safe(&format!("{} {verdict}{sides}{how}", claim.claim))
    };
    context
        .binary
        .corroboration
        .iter()
        .flatten()
        .map(row)
        .collect()
}

/// Settings in force, one line for each kind: first those that stop the program, then those of the environment, those without
/// an effect, those with a remark, and the rest.
pub fn effective(context: &Context) -> Vec<String> {
    let rank = |status: &Word<GodebugStatus>| {
        use GodebugStatus::{Fatal, NoEffect, Removed, Unknown};
        let order = [Fatal, Removed, Unknown, NoEffect];
        order
            .iter()
            .position(|listed| status == listed)
            .unwrap_or(order.len())
    };
    // Nothing can start a copy that a later layer hides.
    if context.binary.location.visible == Some(false) {
        return Vec::new();
    }
    let mut groups = BTreeMap::<_, Vec<String>>::new();
    for setting in context.binary.godebug.effective.iter().flatten() {
        // A default that has no text of its own.
        let pair = match (setting.value.as_str(), setting.origin.known()) {
            ("", Some(GodebugOrigin::Toolchain)) => setting.key.clone(),
            (value, _) => format!("{}={value}", setting.key),
        };
        let text = match setting.status.known() {
            Some(GodebugStatus::Fatal) => context.bad(&pair),
            Some(GodebugStatus::Ok) => safe(&pair),
            _ => context.warn(&pair),
        };
        let note = note_on(setting);
        let key = (
            setting.status != GodebugStatus::Fatal,
            setting.origin != GodebugOrigin::Environment,
            rank(&setting.status),
            note.is_none(),
            note,
            &setting.status,
            &setting.origin,
        );
        groups.entry(key).or_default().push(text);
    }
    let lines = groups
        .into_iter()
        .map(|((_, _, _, _, note, status, origin), pairs)| {
            let status = if *status == GodebugStatus::Ok {
                String::new()
            } else {
                format!(", {}", safe(status))
            };
            let note = note
                .map(|note| format!(": {}", safe(&note)))
                .unwrap_or_default();
            format!("{} ({}{status}){note}", pairs.join(" "), safe(origin))
        });
    lines.collect()
}

/// The note on a setting. Who sets one in the environment changes what the program does, so such a setting without a note has
/// what `explain` says of it.
fn note_on(setting: &EffectiveSetting) -> Option<Cow<'_, str>> {
    if let Some(note) = &setting.note {
        return Some(Cow::Borrowed(note));
    }
    if setting.origin != GodebugOrigin::Environment {
        return None;
    }
    let known = godebug::setting(&setting.key)?;
    let sentences = [known.what, known.cost];
    Some(Cow::Owned(sentences.join(" ").trim().to_owned()))
}

/// Absolute paths of the build host.
pub fn paths(context: &Context) -> Vec<String> {
    let all = context.binary.paths.as_deref().unwrap_or_default();
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

/// Dependencies in aligned columns.
pub fn modules(context: &Context, out: &mut String) {
    let Some(info) = &context.binary.build_info else {
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
    // Checksums only where they fit: their 47 characters mean little to people.
    let sums = context
        .look
        .width
        .is_none_or(|columns| columns >= 4 + paths + 2 + versions + 2 + 47);
    let lines: Vec<String> = info
        .deps
        .iter()
        .map(|module| {
            let version = safe(&module.version);
            // A long version moves left before it gets a line of its own.
            let path_width = context.look.width.map_or(paths, |columns| {
                columns.saturating_sub(4 + 2 + width(&version)).min(paths)
            });
            let mut line = padded(name(module), path_width);
            line.push_str("  ");
            line.push_str(&version);
            let built = terms::built(module);
            if let Some(replace) = &module.replace {
                let target = terms::at_version(&replace.path, &replace.version);
                let _ = write!(line, " {} {}", context.look.arrow(), context.warn(&target));
            }
            if sums && !built.sum.is_empty() {
                let start = 4 + paths + 2 + versions;
                line = padded(line, start.saturating_sub(4));
                line.push_str("  ");
                line.push_str(&context.dim(&built.sum));
            }
            line
        })
        .collect();
    section(
        context.look,
        out,
        &format!("modules ({})", lines.len()),
        &lines,
    );
}

/// Packages that stand in for modules, one line for each module.
pub fn stand_ins(context: &Context) -> Vec<String> {
    let mut groups = BTreeMap::<&str, (u64, bool)>::new();
    let rows = context.binary.stand_ins();
    for row in &rows {
        let group = groups.entry(row.group()).or_default();
        group.0 += 1;
        group.1 |= row.is_own;
    }
    let line = |(group, (count, is_own)): (&str, (u64, bool))| {
        let own = if is_own { ", the program's own" } else { "" };
        let count = number::count(count, "package", "packages");
        format!(
            "{} {}",
            safe(group),
            context.dim(&format!("({count}{own})"))
        )
    };
    groups.into_iter().map(line).collect()
}

fn padded(mut text: String, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', blanks));
    text
}

/// Build settings in the order of the build info.
pub fn settings(context: &Context, out: &mut String) {
    let Some(info) = &context.binary.build_info else {
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
        context.look.paint(Tone::Title, "settings"),
        info.settings.len()
    );
    for setting in &info.settings {
        let head = format!("    {}  ", padded(safe(&setting.key), widest));
        context.look.wrap(out, &head, &safe(&setting.value));
    }
}
