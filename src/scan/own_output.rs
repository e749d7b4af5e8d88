//! Files that gospect itself wrote, named as if they were programs.

use crate::record::read::{self, Written};

/// What to do with a file that gospect itself wrote; `None` for any other file.
pub(super) fn own_output(head: &[u8], name: &[u8]) -> Option<String> {
    match read::written_as(head)? {
        Written::Records => Some(format!(
            "looks like records of a scan: write records:{}",
            String::from_utf8_lossy(name)
        )),
        Written::Document => Some(
            "looks like the document of `scan --format json`, which is not read back: scan with --format ndjson, and write records:FILE"
                .to_owned(),
        ),
    }
}
