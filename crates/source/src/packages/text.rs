//! Text with stanzas of `Field: value` lines, as in Debian's control files (deb822(5)).

/// Splits a text at empty lines into stanzas, each with the offset of its first byte.
pub(super) fn stanzas(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while text.get(at) == Some(&b'\n') {
            at += 1;
        }
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memmem::find(rest, b"\n\n").map_or(rest.len(), |end| end + 1);
        let from = at;
        at += end;
        Some((from, rest.get(..end).unwrap_or_default()))
    })
}

/// The lines of a text, without line ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The first line of a field's value. Field names ignore case.
pub(super) fn field<'t>(stanza: &'t [u8], name: &str) -> Option<&'t [u8]> {
    lines(stanza).find_map(|line| {
        let (key, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        key.eq_ignore_ascii_case(name.as_bytes())
            .then(|| value.trim_ascii())
    })
}

/// A value for a record; `None` if it is empty or unusually long.
pub(super) fn value(text: &[u8]) -> Option<String> {
    const MAX_BYTES: usize = 512;
    let text = text.trim_ascii();
    (!text.is_empty() && text.len() <= MAX_BYTES)
        .then(|| String::from_utf8_lossy(text).into_owned())
}
