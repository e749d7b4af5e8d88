//! The values that a build gave to string variables with `-X`, from the linker strings.

use super::program::Program;
use crate::tables::linker_strings::LinkerString;
use crate::written::modinfo;
use gospect_record::LinkerString as StringRecord;
use gospect_record::main_version::could_be_version;
use std::ops::ControlFlow;

/// The linker strings that a build set, without those of the runtime and those that are chance finds. `own` are the header
/// addresses of the runtime's strings. A short text counts only with a name, or when it may be a version, so that `2.3` beside
/// something longer is kept.
pub fn of(program: &Program<'_>, own: &[u64]) -> Vec<StringRecord> {
    const SHORTEST: usize = 4;
    let image = program.tables.image();
    let strings = program.tables.strings();
    let go_symbols = program.go_symbols();
    let candidates: Vec<&LinkerString<'_>> = strings
        .all
        .iter()
        .filter(|s| {
            !own.contains(&s.address)
                && !s.text.starts_with(&modinfo::START)
                && Some(s.text) != program.identity.version
        })
        .collect();
    let mut names: Vec<Option<String>> = vec![None; candidates.len()];
    if go_symbols && !candidates.is_empty() {
        image.symbols::<()>(&mut |symbol| {
            if let Ok(i) = candidates.binary_search_by_key(&symbol.address, |s| s.address)
                && let Some(name) = names.get_mut(i)
            {
                name.get_or_insert_with(|| String::from_utf8_lossy(symbol.name).into_owned());
            }
            ControlFlow::Continue(())
        });
    }
    let printable = |t: &str| {
        !t.trim().is_empty() && t.chars().all(|c| !c.is_control() || c == '\n' || c == '\t')
    };
    candidates
        .iter()
        .zip(names)
        .filter_map(|(s, name)| {
            let text = std::str::from_utf8(s.text).ok().filter(|t| printable(t))?;
            // With symbols every real one has a name; without symbols only the length can tell.
            let keep = match &name {
                Some(name) => {
                    let set = [name.as_bytes(), b".str"].concat();
                    !name.starts_with("runtime.") && image.has_symbol(&set)
                }
                None => !go_symbols && (text.len() >= SHORTEST || could_be_version(text)),
            };
            keep.then(|| StringRecord {
                value: text.to_owned(),
                name: name.as_deref().map(variable),
            })
        })
        .collect()
}

/// The name of a variable as `-X` takes it. Symbols have `%2e` for dots in the last path element, and escapes for unusual bytes
/// (src/cmd/internal/objabi/path.go, PathToPrefix, Go 1.27).
fn variable(symbol: &str) -> String {
    let is_hex = |digits: &&[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    let mut name = Vec::with_capacity(symbol.len());
    let mut rest = symbol.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%').filter(is_hex);
        let byte = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        name.push(byte.unwrap_or(first));
        rest = byte.map_or(after, |_| after.get(2..).unwrap_or_default());
    }
    String::from_utf8(name).unwrap_or_else(|_| symbol.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_have_the_names_that_x_takes() {
        for (symbol, name) in [
            ("main.version", "main.version"),
            ("example.com/app%2ev2.Version", "example.com/app.v2.Version"),
            ("a%", "a%"),
            ("a%2", "a%2"),
            ("a%zz.b", "a%zz.b"),
            ("a%+1.b", "a%+1.b"),
            ("a%ff.b", "a%ff.b"),
            ("a%é.b", "a%é.b"),
        ] {
            assert_eq!(variable(symbol), name);
        }
    }
}
