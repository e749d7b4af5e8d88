//! The changes of packages in words.

use gospect_audit::diff::{ModuleChange, PackageChanges};
use gospect_bytes::number::{bytes, thousands};

/// Most modules and packages to name; `json` has all of them.
const NAMED: usize = 5;

/// A line each for code, packages gained and packages lost: sign, label, text.
pub(super) fn lines(changes: &PackageChanges) -> Vec<(&'static str, &'static str, String)> {
    let mut lines = Vec::new();
    if !changes.modules.is_empty() {
        let total = signed(changes.old_bytes, changes.new_bytes);
        let module = |m: &ModuleChange| {
            let path = m.path.as_deref().unwrap_or("modules not known");
            format!("{path} {}", signed(m.old_bytes, m.new_bytes))
        };
        let modules = changes.modules.iter().map(module);
        lines.push(("~", "code", format!("{total}: {}", some(modules))));
    }
    for (sign, label, all) in [
        ("+", "packages", &changes.gained),
        ("-", "packages", &changes.lost),
    ] {
        if !all.is_empty() {
            let count = thousands(all.len() as u64);
            lines.push((
                sign,
                label,
                format!("{count}: {}", some(all.iter().cloned())),
            ));
        }
    }
    lines
}

fn signed(old: u64, new: u64) -> String {
    let sign = if new < old { "-" } else { "+" };
    format!("{sign}{}", bytes(old.abs_diff(new)))
}

/// The first of them, and how many more there are.
fn some(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let named: Vec<String> = all.take(NAMED).collect();
    let named = named.join(", ");
    match more {
        0 => named,
        more => format!("{named} and {} more", thousands(more as u64)),
    }
}
