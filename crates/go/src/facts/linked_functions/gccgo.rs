//! Names as gccgo writes them (gcc/go/gofrontend/names.cc and go-encode-id.cc, GCC 9 to 15): `net_1http.Client.Do`.

/// After an underscore, these stand for characters that assemblers do not accept.
const CODES: [(u8, u8); 19] = [
    (b'_', b'_'),
    (b'0', b'.'),
    (b'1', b'/'),
    (b'2', b'*'),
    (b'3', b','),
    (b'4', b'{'),
    (b'5', b'}'),
    (b'6', b'['),
    (b'7', b']'),
    (b'8', b'('),
    (b'9', b')'),
    (b'a', b'"'),
    (b'b', b' '),
    (b'c', b';'),
    (b'd', b'+'),
    (b'e', b'-'),
    (b'f', b'='),
    (b'g', b'<'),
    (b'h', b'>'),
];

/// Passes on the name of a function as gc writes it; nothing for tables, stubs and functions of C.
///
/// A package ends with the first dot; dots inside its path are `_0`. After a pair of dots comes the name of what the compiler
/// made of the function: `main.F..func1`, `main.T.M..stub`.
pub fn plain(name: &[u8], visit: &mut dyn FnMut(&[u8])) {
    let name = name.strip_prefix(b"go.").unwrap_or(name);
    let end = memchr::memmem::find(name, b"..").unwrap_or(name.len());
    let Some(name) = name.get(..end).filter(|name| name.contains(&b'.')) else {
        return;
    };
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    let mut in_package = true;
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        let code = (b == b'_').then(|| tail.first()).flatten();
        let code = code.and_then(|code| CODES.iter().find(|(from, _)| from == code));
        match code {
            Some((_, b'.')) if in_package => {
                // Only in the last element, as gc does; elsewhere it stays.
                out.extend_from_slice(b".");
                rest = tail.get(1..).unwrap_or_default();
            }
            Some((_, to)) => {
                out.push(*to);
                rest = tail.get(1..).unwrap_or_default();
            }
            None => {
                if b == b'.' && in_package {
                    in_package = false;
                    escape_last_element(&mut out);
                }
                out.push(b);
            }
        }
    }
    visit(&out);
}

/// Writes the dots of the last element of a path as gc does.
fn escape_last_element(path: &mut Vec<u8>) {
    let start = memchr::memrchr(b'/', path).map_or(0, |at| at + 1);
    let last = path.split_off(start);
    for b in last {
        match b {
            b'.' => path.extend_from_slice(b"%2e"),
            _ => path.push(b),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_those_of_gc() {
        for (name, want) in [
            ("net_1http.Client.Do", Some("net/http.Client.Do")),
            ("go.net_1http.Get", Some("net/http.Get")),
            ("main.main", Some("main.main")),
            ("main.F..func1", Some("main.F")),
            ("main.snake__case", Some("main.snake_case")),
            ("example_0com_1a_1b_0v2.F", Some("example.com/a/b%2ev2.F")),
            ("memcpy", None),
            ("..eq", None),
        ] {
            let mut got = None;
            super::plain(name.as_bytes(), &mut |name| {
                got = Some(String::from_utf8(name.to_vec()).unwrap());
            });
            assert_eq!(got.as_deref(), want, "{name}");
        }
    }
}
