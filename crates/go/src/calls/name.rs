//! Names of functions in one spelling.

/// The name of a function without what differs between spellings: brackets of pointer receivers and type arguments, escapes in
/// the path.
pub fn plain(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut depth = 0usize;
    let mut rest = name;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b'(' | b')' | b'*' => {}
            b'%' => {
                let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
                match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
                    Some(decoded) => {
                        out.push(decoded);
                        rest = tail.get(2..).unwrap_or_default();
                    }
                    None => out.push(byte),
                }
            }
            _ => out.push(byte),
        }
    }
    out
}

/// A name without the suffixes of what the compiler derives from a function: closures (`F.func1.2`), method values (`F-fm`), and
/// the wrappers of `go` and `defer` statements (src/cmd/compile/internal/ir/func.go, closureName; Go 1.27).
pub fn without_suffixes(plain: &str) -> &str {
    let mut name = plain;
    loop {
        let shorter = match name.rsplit_once(['.', '-']) {
            Some((rest, last)) if !rest.is_empty() && is_suffix(last) => rest,
            _ => return name,
        };
        name = shorter;
    }
}

fn is_suffix(part: &str) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
    match word {
        "" | "func" | "gowrap" | "deferwrap" | "range" => word.len() < part.len(),
        "fm" => word.len() == part.len(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{plain, without_suffixes};

    #[test]
    fn spellings_of_one_function() {
        for (table, typed) in [
            ("os/exec.(*Cmd).Start", "os/exec.Cmd.Start"),
            ("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3.Unmarshal"),
            (
                "slices.SortFunc[go.shape.[]int,go.shape.int]",
                "slices.SortFunc",
            ),
            ("main.main", "main.main"),
        ] {
            assert_eq!(plain(table.as_bytes()), plain(typed.as_bytes()), "{table}");
        }
        assert_ne!(plain(b"a.F"), plain(b"a.F.func1"));
    }

    #[test]
    fn closures_have_the_name_of_their_function() {
        for (name, function) in [
            ("os.CopyFS.func1", "os.CopyFS"),
            ("a/b.F.func2.3", "a/b.F"),
            ("os.File.Close-fm", "os.File.Close"),
            ("a.F.gowrap1", "a.F"),
            ("a.F-range1", "a.F"),
            ("gopkg.in/yaml.v3.Unmarshal", "gopkg.in/yaml.v3.Unmarshal"),
            ("a.func1", "a"),
            ("a.funcs", "a.funcs"),
            ("", ""),
        ] {
            assert_eq!(without_suffixes(name), function, "{name}");
        }
    }
}
