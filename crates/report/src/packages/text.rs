//! Packages for people.

use super::{Package, Program, Shown};
use crate::place::Place;
use crate::style::{Look, Tone, clean};
use gospect_bytes::number;
use gospect_record::why::shown;
use std::fmt::Write as _;

impl Program {
    pub(super) fn write(&self, look: &Look, shown: Shown, text: &mut String) {
        let _ = writeln!(
            text,
            "{}{}",
            look.paint(Tone::Title, &clean(&self.path)),
            Place::of(&self.path, &self.location).text()
        );
        if let Some(why) = self.unknown {
            let why = format!("packages not known: {}", why.text());
            let _ = writeln!(text, "  {}", look.paint(Tone::Warn, &why));
            return;
        }
        let all = self.code_bytes.unwrap_or_default();
        let packages = self.modules.iter().map(|m| m.packages.len() as u64).sum();
        let _ = writeln!(
            text,
            "  {} of code, {} in {} of {}",
            number::bytes(all),
            number::count(self.functions(), "function", "functions"),
            number::count(packages, "package", "packages"),
            number::count(self.modules.len() as u64, "module", "modules"),
        );
        if shown != Shown::Nothing && !self.has_capabilities() {
            let why = "what the packages can do is not known: their code cannot be read, or the records hold none; write them with `gospect scan --capabilities --format ndjson`";
            let _ = writeln!(text, "  {}", look.paint(Tone::Warn, why));
        }
        let head = format!(
            "{:>10}  {:>6}  {:>9}  module, package{}",
            "code",
            "share",
            "functions",
            match shown {
                Shown::Nothing => "",
                Shown::Capabilities | Shown::Chains => ", capabilities",
            }
        );
        let _ = writeln!(text, "\n{}", look.paint(Tone::Label, &head));
        for module in &self.modules {
            let path = module.path.as_deref().unwrap_or("module not known");
            let version = module.version.as_deref().unwrap_or_default();
            let name = format!("{} {}", clean(path), clean(version));
            let name = look.paint(Tone::Title, name.trim_end());
            line(text, module.bytes, all, module.functions, &name);
            for package in &module.packages {
                let mut name = format!("  {}", clean(&package.path));
                // The capabilities of the standard library are the same in every program.
                let shows_capabilities = shown != Shown::Nothing && path != STANDARD;
                if shows_capabilities && !package.chains.is_empty() {
                    let names = package.capability_names().join(" ");
                    let _ = write!(name, "  {}", look.paint(Tone::Dim, &clean(&names)));
                }
                line(text, package.bytes, all, package.functions, &name);
                if shows_capabilities && shown == Shown::Chains {
                    chains(text, package, look);
                }
            }
        }
    }
}

/// The module of the standard library.
const STANDARD: &str = "std";

/// A line for each capability, with its chain.
fn chains(text: &mut String, package: &Package, look: &Look) {
    for (name, capability) in package.capability_names().iter().zip(&package.chains) {
        let through = match capability.direct {
            true => "direct",
            false => "through others",
        };
        let steps: Vec<String> = capability
            .chain
            .iter()
            .map(|f| clean(&shown(f)).into_owned())
            .collect();
        let _ = writeln!(
            text,
            "{:32}{} {}: {}",
            "",
            look.paint(Tone::Label, &clean(name)),
            through,
            look.paint(Tone::Dim, &steps.join(" → "))
        );
    }
}

fn line(text: &mut String, bytes: u64, all: u64, functions: u64, name: &str) {
    let _ = writeln!(
        text,
        "{:>10}  {:>6}  {:>9}  {name}",
        number::bytes(bytes),
        share(bytes, all),
        number::thousands(functions),
    );
}

/// A part as a percentage, rounded to one decimal, as on the page of `--format html` (`sharesOf` of script/maps.js).
fn share(part: u64, whole: u64) -> String {
    let twice_per_mille = u128::from(part) * 2000;
    match twice_per_mille.checked_div(u128::from(whole)) {
        Some(rounded_down) => {
            let thousandths = rounded_down.div_ceil(2);
            format!("{}.{}%", thousandths / 10, thousandths % 10)
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_rounded() {
        for (part, whole, expected) in [
            (0, 0, ""),
            (0, 7, "0.0%"),
            (8_149, 100_000, "8.1%"),
            (815, 10_000, "8.2%"),
            (8_165, 100_000, "8.2%"),
            (2, 3, "66.7%"),
            (u64::MAX, u64::MAX, "100.0%"),
        ] {
            assert_eq!(share(part, whole), expected, "{part} of {whole}");
        }
    }
}
