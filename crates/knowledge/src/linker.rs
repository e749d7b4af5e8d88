//! String variables of the standard library that `-X` can set: at package level, of type string, without a value or with a
//! constant one (src/cmd/link/internal/ld/data.go addstrdata). From the sources of Go 1.21 to 1.27, all systems and
//! architectures.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// First and last release that the table covers.
const RELEASES: RangeInclusive<u32> = 21..=27;

type Table = HashMap<&'static str, Vec<(&'static str, RangeInclusive<u32>)>>;

static TABLE: OnceLock<Table> = OnceLock::new();

/// One line for each package: its import path and its string variables. A variable that not all releases have is followed by
/// those that do.
fn table() -> &'static Table {
    TABLE.get_or_init(|| {
        let lines = include_str!("string-variables.txt").lines();
        lines
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let package = words.next()?;
                let names = words.map(|word| match word.split_once(':') {
                    Some((name, range)) => {
                        let (from, to) = range.split_once('-').unwrap_or((range, range));
                        let number = |n: &str| n.parse().unwrap_or(0);
                        (name, number(from)..=number(to))
                    }
                    None => (word, RELEASES),
                });
                Some((package, names.collect()))
            })
            .collect()
    })
}

/// Whether a release has the string variable that `-X package.name=...` names; `None` when the package is not in the standard
/// library or the release is not in the table. Without a release: whether any release has it.
pub fn has_string_variable(target: &str, minor: Option<u32>) -> Option<bool> {
    let (package, name) = target.rsplit_once('.')?;
    let names = table().get(package)?;
    if minor.is_some_and(|m| !RELEASES.contains(&m)) {
        return None;
    }
    let here = |(n, releases): &(&str, RangeInclusive<u32>)| {
        *n == name && minor.is_none_or(|m| releases.contains(&m))
    };
    Some(names.iter().any(here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_variables_are_known_by_release() {
        assert_eq!(
            has_string_variable("runtime.buildVersion", Some(27)),
            Some(true)
        );
        assert_eq!(
            has_string_variable("runtime.godebugDefault", None),
            Some(true)
        );
        for none in [
            "runtime.gorootFinal",
            "runtime.GOROOT",
            "internal/godebug.defaultGODEBUG",
            "runtime/debug.modinfo",
        ] {
            assert_eq!(has_string_variable(none, Some(22)), Some(false), "{none}");
        }
        assert_eq!(has_string_variable("main.version", Some(27)), None);
        assert_eq!(has_string_variable("example.com/a.b", None), None);
        assert_eq!(has_string_variable("runtime.modinfo", Some(19)), None);
    }
}
