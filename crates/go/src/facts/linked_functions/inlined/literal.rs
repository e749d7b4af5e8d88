//! The functions that the name of a function literal tells of.
//!
//! Up to Go 1.26 a literal is called after the function into which the code around it was inlined. From Go 1.21 on the names of the inlined functions
//! follow, without their packages: `main.main.Handler.func1` and `main.main.(*M).Handle.func1` may be literals of any package
//! (src/cmd/compile/internal/ir/func.go, `closureName`). Go 1.17 to 1.20 write `main.main.func1`. Go 1.27 calls them after the function and the
//! package in whose source they are.

use gospect_record::functions::without_brackets;

/// U+00B7, which Go 1.17 and 1.18 write in the names of wrappers (`F·dwrap·1`), and before the number of a type that is declared in a function.
const MIDDLE_DOT: char = '·';
/// Most elements of a name to look at; real names have a dozen.
const ELEMENTS: usize = 64;

/// An identifier in the name of a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// Whether it was `(*T)`: the next word is a method of it.
    pub is_pointer: bool,
}

/// The parts of the name of a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The words before the first mark of a literal, then those between marks: of `main.G.func1.H.1` [`main`, `G`] and [`H`].
    groups: Vec<Vec<Word>>,
}

/// A function as a literal names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named<'l> {
    /// A function, or a method if the word before it is a type without a pointer.
    Function {
        before: Option<&'l str>,
        name: &'l str,
    },
    /// A method of a type.
    Method { receiver: &'l str, name: &'l str },
}

impl Literal {
    /// The parts of a name without its package; `None` if it is not one of a literal or of a wrapper of a statement.
    pub fn parse(own: &[u8]) -> Option<Self> {
        if !may_be_literal(own) {
            return None;
        }
        let bare = without_brackets(own);
        let text = std::str::from_utf8(&bare).ok()?;
        if text.contains([' ', '{', '"', '/']) {
            return None;
        }
        let mut elements = text.split('.').take(ELEMENTS).peekable();
        let mut groups: Vec<Vec<Word>> = vec![Vec::new()];
        let mut has_mark = false;
        // Initialisations are `init`, `init.0`, `map.init.0` and, up to Go 1.20, `glob.` followed by another dot.
        if text.starts_with("map.init.") {
            elements.next();
        }
        if elements.next_if(|first| *first == "init").is_some() {
            elements.next_if(|number| is_number(number));
            add(&mut groups, "init", false);
        } else if text.starts_with("glob..") {
            elements.next();
            elements.next();
            add(&mut groups, "init", false);
        }
        for element in elements {
            let receiver = element.strip_prefix("(*");
            let receiver = receiver.and_then(|receiver| receiver.strip_suffix(')'));
            if let Some(receiver) = receiver {
                add(&mut groups, without_number(receiver), true);
                continue;
            }
            let (word, suffix) = match element.find(['-', MIDDLE_DOT]) {
                Some(at) => element.split_at_checked(at)?,
                None => (element, ""),
            };
            if word.is_empty() || word.contains(['(', ')', '*']) {
                return None;
            }
            let before = groups.last().and_then(|group| group.last());
            let is_method = before.is_some_and(|word| word.is_pointer);
            let is_first = groups.len() == 1 && before.is_none();
            let is_type = suffix.strip_prefix(MIDDLE_DOT).is_some_and(is_number);
            let is_marked = is_mark(word) && !is_method && !is_first;
            if !is_marked {
                add(&mut groups, word, false);
            }
            if is_marked || !(suffix.is_empty() || is_type) {
                has_mark = true;
                groups.push(Vec::new());
            }
        }
        has_mark.then_some(Self { groups })
    }

    /// The words before the first mark: the function that holds the literal, and functions that were inlined into it.
    fn front(&self) -> &[Word] {
        self.groups.first().map_or(&[], Vec::as_slice)
    }

    /// The name of the function in front, if it may also be the type of a method: of `T.M.func1` and `F.G.func1`.
    pub fn doubtful_front(&self) -> Option<&str> {
        match self.front() {
            [first, second, ..] if !first.is_pointer && !second.is_pointer => {
                Some(first.text.as_str()).filter(|first| *first != "init")
            }
            _ => None,
        }
    }

    /// The inlined functions that it names, outermost first: those of each group of words, without the function in front. `is_function` says that
    /// [`Literal::doubtful_front`] is one.
    pub fn inlined(&self, is_function: bool) -> Vec<&[Word]> {
        let front = self.front();
        let own = match front {
            [first, ..] if first.is_pointer => 2,
            [_] => 1,
            [first, second, ..] if first.text == "init" || second.is_pointer => 1,
            _ if is_function => 1,
            _ => 2,
        };
        let rest = front.get(own..).unwrap_or_default();
        let later = self.groups.iter().skip(1).map(Vec::as_slice);
        let groups = std::iter::once(rest).chain(later);
        groups.filter(|group| !group.is_empty()).collect()
    }
}

/// The last function of a group of words, and the words before it. Where it may be a function or a method, `is_type` says whether the word before it is
/// a type.
pub fn last_of(group: &[Word], is_type: bool) -> Option<(Named<'_>, &[Word])> {
    let (last, rest) = group.split_last()?;
    let name = last.text.as_str();
    let Some((before, front)) = rest.split_last() else {
        return Some((Named::Function { before: None, name }, rest));
    };
    let receiver = before.text.as_str();
    match before.is_pointer || is_type {
        true => Some((Named::Method { receiver, name }, front)),
        false => Some((
            Named::Function {
                before: Some(receiver),
                name,
            },
            rest,
        )),
    }
}

fn add(groups: &mut [Vec<Word>], text: &str, is_pointer: bool) {
    if let Some(group) = groups.last_mut() {
        group.push(Word {
            text: text.to_owned(),
            is_pointer,
        });
    }
}

/// Whether a name ends as those of literals do: `func1`, `2`, `gowrap1`, `deferwrap1`, `-range1`, `·dwrap·1`.
pub fn may_be_literal(name: &[u8]) -> bool {
    name.last().is_some_and(u8::is_ascii_digit)
}

/// Whether a name is that of a literal of one function and names no other: `F.func1`, `(*T).M.func1.2`. Most are.
pub fn names_one_function(own: &[u8]) -> bool {
    let mut elements = own.split(|byte| *byte == b'.');
    let is_word = |element: &[u8]| {
        let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        !element.is_empty() && element.iter().all(is_of_word)
    };
    let first = elements.next().unwrap_or_default();
    let receiver = first.strip_prefix(b"(*");
    let has_function = match receiver.and_then(|receiver| receiver.strip_suffix(b")")) {
        Some(receiver) => is_word(receiver) && elements.next().is_some_and(is_word),
        None => is_word(first),
    };
    let is_mark = |element: &[u8]| std::str::from_utf8(element).is_ok_and(is_mark);
    has_function && elements.clone().next().is_some() && elements.all(is_mark)
}

/// Whether an element says that what is before it has a literal.
fn is_mark(element: &str) -> bool {
    let word = element.trim_end_matches(|c: char| c.is_ascii_digit());
    word.len() < element.len() && matches!(word, "" | "func" | "gowrap" | "deferwrap")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a type without the number of one that is declared in a function.
fn without_number(name: &str) -> &str {
    name.split(MIDDLE_DOT).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The groups of inlined functions, `*` after a pointer receiver.
    fn inlined(name: &str, is_function: bool) -> Option<String> {
        let literal = Literal::parse(name.as_bytes())?;
        let word = |word: &Word| format!("{}{}", word.text, if word.is_pointer { "*" } else { "" });
        let group = |group: &[Word]| group.iter().map(word).collect::<Vec<_>>().join(" ");
        let groups = literal.inlined(is_function);
        Some(groups.into_iter().map(group).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn literals_tell_of_inlined_functions() {
        for (name, want) in [
            ("main.Handler.func1", Some("Handler")),
            ("main.(*M).Handle.func1", Some("M* Handle")),
            ("main.M.Handle.func1.2", Some("M Handle")),
            ("main.(*M[...]).Handle.func1", Some("M* Handle")),
            ("main.Map[go.shape.struct { a/b.X int }].func1", Some("Map")),
            ("main.A.B.func2", Some("A B")),
            ("main.func1.Deep.1", Some("Deep")),
            ("main.A.func1.(*B).C.1.2", Some("A; B* C")),
            ("(*T).M.Handler.func1", Some("Handler")),
            ("(*T).func1.func2", Some("")),
            ("init.Handler.func1", Some("Handler")),
            ("init.0.Handler.func1", Some("Handler")),
            ("map.init.0.Handler.func1", Some("Handler")),
            ("glob..func1", Some("")),
            ("main.Each-range1", Some("Each")),
            ("main.Each-range1.func2", Some("Each")),
            ("main.(*L).Each-range1", Some("L* Each")),
            ("main.Start.gowrap1", Some("Start")),
            ("main.Close.func1.deferwrap2", Some("Close")),
            ("main·dwrap·1", Some("")),
            ("main.func1·dwrap·1", Some("")),
            ("main.Start·dwrap·1", Some("Start")),
            ("main.(*T·1).M.func1", Some("T* M")),
            ("main.func1", Some("")),
            ("main.func1.2", Some("")),
            ("main", None),
            ("init.0", None),
            ("T.M", None),
            ("T.M-fm", None),
            ("Sum256", None),
            ("Sum.V2", None),
            ("T.c/d.fill.func1", None),
            ("(*struct { x int }).M.func1", None),
        ] {
            assert_eq!(inlined(name, true).as_deref(), want, "{name}");
        }
        // The same name for a method, whose type is no function.
        assert_eq!(inlined("T.M.func1", false).as_deref(), Some(""));
        assert_eq!(inlined("T.M.G.func1", false).as_deref(), Some("G"));
        for name in ["....1", "1", ".1", "(*.1", "(*T).1", "-1", "·1", "a.(b).1"] {
            let _ = inlined(name, true);
        }
    }

    #[test]
    fn the_last_function_of_a_group_is_a_method_of_a_type() {
        let literal = Literal::parse(b"main.A.M.Handle.func1").unwrap();
        let groups = literal.inlined(true);
        let last = |is_type| last_of(groups[0], is_type).unwrap();
        let (name, before) = ("Handle", Some("M"));
        assert_eq!(last(false).0, Named::Function { before, name });
        assert_eq!(last(false).1.len(), 2);
        let receiver = "M";
        assert_eq!(last(true).0, Named::Method { receiver, name });
        assert_eq!(last(true).1.len(), 1);
    }

    #[test]
    fn most_literals_are_told_without_taking_them_apart() {
        for (name, is_plain) in [
            ("F.func1", true),
            ("(*T).M.func1.2", true),
            ("init.0.func1", true),
            ("F.gowrap1", true),
            ("F", false),
            ("F.G.func1", false),
            ("glob..func1", false),
            ("map.init.0.func1", false),
            ("F.func1.G.2", false),
            ("F[...].func1", false),
        ] {
            assert_eq!(names_one_function(name.as_bytes()), is_plain, "{name}");
            let literal = Literal::parse(name.as_bytes());
            let names_others =
                literal.is_some_and(|l| [false, true].iter().any(|f| !l.inlined(*f).is_empty()));
            assert!(!(is_plain && names_others), "{name}");
        }
    }
}
