//! Go strings in memory: a header of pointer and length, and the text elsewhere (src/runtime/string.go, Go 1.0 to 1.27).

use gospect_exe::Image;

/// The text of the string whose header is at an address; `None` when it is empty, longer than `limit` bytes, or not in the file.
pub fn go_string<'i>(image: &'i Image<'_>, address: u64, limit: u64) -> Option<&'i [u8]> {
    let text = image.pointer(address)?;
    let len = image.word(address.checked_add(image.pointer_size())?)?;
    (1..=limit)
        .contains(&len)
        .then(|| image.bytes(text, len))
        .flatten()
}
