//! Turns the name of a function as compilers write it into the name that people use.
//!
//! Functions that the compiler derives from a function have its name with a suffix (src/cmd/compile/internal/ir/func.go,
//! closureName; Go 1.27): `F.func1`, `F.func1.2`, `F.G.func1` for a closure of G where G is inlined into F, `F-range1`,
//! `F.gowrap1`, `F.deferwrap1` (`F·dwrap·1` in Go 1.17 and 1.18), `T.M-fm` for a method value (`T.M·fm` up to Go 1.7). Closures
//! in package variables are `glob..func1`, or `init.func1` since Go 1.21, and the initialization of large maps is `map.init.0`.
//! Up to Go 1.4 closures are `func·001`, whatever function they are in.

/// A function by the name that people use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded<'n> {
    /// The function, or the type of the method.
    pub first: &'n [u8],
    /// The method.
    pub method: Option<&'n [u8]>,
    /// Set for closures, when `first` may be the surrounding function into which `method` was inlined.
    pub is_doubtful: bool,
}

impl<'n> Folded<'n> {
    fn sure(first: &'n [u8], method: Option<&'n [u8]>) -> Option<Self> {
        Some(Self {
            first,
            method,
            is_doubtful: false,
        })
    }
}

/// What every initialisation folds into.
pub const INIT: &[u8] = b"init";
/// U+00B7, which older compilers write for their own dots.
const MIDDLE_DOT: &[u8] = "·".as_bytes();
/// Most elements of a name to look at.
const ELEMENTS: usize = 8;

/// The two parts of a name that needs no folding: `F`, or `T` and `.M` of `T.M` and `(*T).M`; `None` for all others.
pub fn plain(name: &[u8]) -> Option<(&[u8], &[u8])> {
    const NO_REST: &[u8] = &[];
    let mark = |bytes: &[u8]| memchr::memchr3(b'.', b'/', b'[', bytes);
    let (start, rest) = match mark(name) {
        None => (name, NO_REST),
        Some(dot) => {
            let (receiver, rest) = name.split_at_checked(dot)?;
            if rest.first() != Some(&b'.') || mark(rest.get(1..)?).is_some() {
                return None;
            }
            let receiver = match receiver.strip_prefix(b"(*") {
                Some(receiver) => receiver.strip_suffix(b")")?,
                None => receiver,
            };
            (receiver, rest)
        }
    };
    // Digits are those of `func1` or of `T·1`, a type that was declared inside a function; `m` that of `-fm`.
    let is_odd = match name.last()? {
        b'0'..=b'9' => !rest.is_empty() || !start.iter().all(u8::is_ascii_alphanumeric),
        b'm' => name.ends_with(b"fm"),
        last => *last == b')',
    };
    let is_local = !rest.is_empty() && start.last().is_none_or(u8::is_ascii_digit);
    (!is_odd && !is_local).then_some((start, rest))
}

/// The function that a name belongs to. `name` is the part after the package and its dot, without type arguments. `None` when
/// the name does not tell, and for methods of types without a name.
pub fn fold(name: &[u8]) -> Option<Folded<'_>> {
    if name.iter().any(|b| matches!(b, b' ' | b'{' | b'"')) {
        return None;
    }
    let (receiver, rest) = match name.strip_prefix(b"(*") {
        Some(inner) => {
            let close = memchr::memchr(b')', inner)?;
            let rest = inner.get(close + 1..)?.strip_prefix(b".")?;
            (
                Some(whole(inner.get(..close)?).filter(|t| !t.is_empty())?),
                rest,
            )
        }
        None => (None, name),
    };
    let mut plain: [&[u8]; ELEMENTS] = [&[]; ELEMENTS];
    let mut count = 0;
    let mut is_closure = false;
    for element in rest.split(|b| *b == b'.') {
        let is_own = receiver.is_some() && count == 0;
        let head = whole(element)?;
        if (count > 0 && is_piece(head) && !is_own) || element.starts_with(b"(") {
            is_closure = true;
            break;
        }
        if let Some(place) = plain.get_mut(count) {
            *place = head;
            count += 1;
        }
        // `T·1` is a type declared inside a function.
        let behind = element.get(head.len() + MIDDLE_DOT.len()..);
        let is_local = behind.is_some_and(|b| !b.is_empty() && b.iter().all(u8::is_ascii_digit));
        if head.len() < element.len() && !is_local {
            // `-fm` is the method itself as a value.
            is_closure = !element.ends_with(b"fm");
            break;
        }
    }
    // `T.path/to/package.method`: an unexported method from embedding a type of another package.
    let path = plain.iter().rposition(|element| element.contains(&b'/'));
    let receiver = match (receiver, path) {
        (None, Some(0)) => return None,
        (None, Some(_)) => plain.first().copied(),
        (receiver, _) => receiver,
    };
    let plain = plain.get(path.map_or(0, |at| at + 1)..count)?;
    match (receiver, plain) {
        (_, [] | [b"" | b"func"]) => None,
        (Some(receiver), [method]) => Folded::sure(receiver, Some(method)),
        // A closure in a function that was inlined into the method.
        (Some(receiver), [method, ..]) if is_closure => Folded::sure(receiver, Some(method)),
        // The same for a package whose path is one element.
        (Some(receiver), [.., method]) => Folded::sure(receiver, Some(method)),
        (None, [b"init", ..] | [b"glob", b"", ..] | [b"map", b"init", ..]) => {
            Folded::sure(INIT, None)
        }
        (None, [function]) => Folded::sure(function, None),
        (None, [first, method]) | (None, [first, method, ..]) if is_closure => Some(Folded {
            first,
            method: Some(method),
            is_doubtful: true,
        }),
        (None, [first, .., method]) => Folded::sure(first, Some(method)),
    }
}

/// The part before a mark after which the compiler writes its suffix; `None` when that part is empty.
fn whole(element: &[u8]) -> Option<&[u8]> {
    let dash = memchr::memchr(b'-', element);
    let middle = memchr::memmem::find(element, MIDDLE_DOT);
    let end = dash.into_iter().chain(middle).min();
    let head = end.map_or(Some(element), |end| element.get(..end))?;
    (!head.is_empty() || element.is_empty()).then_some(head)
}

/// Whether the compiler writes this element after the name of a function.
fn is_piece(element: &[u8]) -> bool {
    let digits = element.iter().rev().take_while(|b| b.is_ascii_digit());
    let digits = digits.count();
    let word = element.get(..element.len() - digits).unwrap_or_default();
    match word {
        b"" => digits > 0,
        b"func" => digits > 0,
        b"gowrap" | b"deferwrap" => true,
        _ => false,
    }
}

/// The name without the text in brackets: type arguments, which the linker shortens to `[...]`
/// (src/cmd/link/internal/ld/pcln.go, Go 1.18 and newer).
pub fn without_brackets(name: &[u8]) -> Vec<u8> {
    let mut depth = 0usize;
    let mut out = Vec::with_capacity(name.len());
    for b in name {
        match b {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(*b),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> Option<String> {
        let name = without_brackets(name.as_bytes());
        let folded = fold(&name)?;
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
        let mut out = text(folded.first);
        if let Some(method) = folded.method {
            out = format!("{out}.{}", text(method));
        }
        Some(if folded.is_doubtful { out + "?" } else { out })
    }

    #[test]
    fn names_are_folded_into_those_of_functions_and_methods() {
        for (name, want) in [
            ("Open", "Open"),
            ("Sum256", "Sum256"),
            ("T.M", "T.M"),
            ("(*T).M", "T.M"),
            ("(*T).func1", "T.func1"),
            ("F[...]", "F"),
            ("F[go.shape.struct { a/b.X []int }]", "F"),
            ("(*T[...]).M", "T.M"),
            ("T[...].M", "T.M"),
            ("(*T[go.shape.[]int_0]).M.func2", "T.M"),
            ("F[...].func1", "F"),
            ("F.func1", "F"),
            ("F.func1.2.3", "F"),
            ("F.func12.1", "F"),
            ("F.gowrap1", "F"),
            ("F.deferwrap1", "F"),
            ("F.func1.deferwrap2", "F"),
            ("F-range1", "F"),
            ("F-range1.func2", "F"),
            ("F.func1-range2", "F"),
            ("(*T).M.func1-range2.3", "T.M"),
            ("F·dwrap·1", "F"),
            ("F.func1·dwrap·2", "F"),
            ("(*T).M·dwrap·1", "T.M"),
            ("T·1.M", "T.M"),
            ("(*T·1).M-fm", "T.M"),
            ("T.M-fm", "T.M"),
            ("(*T).M-fm", "T.M"),
            ("(*T).M·fm", "T.M"),
            ("T.M.func1", "T.M?"),
            ("F.G.func1", "F.G?"),
            ("F.T.M.func1", "F.T?"),
            ("F.(*T).M.func1", "F"),
            ("T.M.(*U).N.func1", "T.M?"),
            ("(*T).M.F.func1", "T.M"),
            ("(*T).M.(*U).N.func1", "T.M"),
            ("(*T).bufio.fill", "T.fill"),
            ("T.bufio.fill", "T.fill"),
            ("(*T).c.d/e.fill", "T.fill"),
            ("T.c.d/e.fill", "T.fill"),
            ("T.c/d.fill.func1", "T.fill"),
            ("(*T).c.d/e%2ef.fill.func1", "T.fill"),
            ("init", "init"),
            ("init.0", "init"),
            ("init.0.func1", "init"),
            ("init.func3", "init"),
            ("init·1", "init"),
            ("map.init.0", "init"),
            ("glob..func1", "init"),
            ("glob..func1.2", "init"),
            ("_Cfunc_puts", "_Cfunc_puts"),
            (
                "http2Transport.newClientConn",
                "http2Transport.newClientConn",
            ),
        ] {
            assert_eq!(text(name).as_deref(), Some(want), "{name}");
        }
    }

    #[test]
    fn functions_without_a_name_of_their_own_get_none() {
        for name in [
            "func·001",
            "",
            "(*struct { sync.Mutex; x int }).Lock",
            "struct { sync.Mutex }.Lock",
            "(*T",
            "(*T)",
            "(*).M",
            "·f",
        ] {
            assert_eq!(text(name), None, "{name}");
        }
        // Never panics, whatever the name.
        for name in [
            "....", "(*T)..", "-", "F.", ".F", "[", "]", "a[[b", "·", "(*T).", "(*·).M",
        ] {
            let _ = text(name);
        }
    }
}
