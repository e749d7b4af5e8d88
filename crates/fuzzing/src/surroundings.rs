//! What stands around programs and deployment files: formats that are only named, values of charts, rules of what to pass over, and files
//! that tell the Go release.

use super::texts::text;
use gospect::scan::toolchain;
use gospect_deploy::{self as deploy, Kind, kind};
use gospect_source::{foreign, fuzzing::ignored};
use std::path::Path;

/// Names the format of a file of which the first line is the name.
pub fn foreign(data: &[u8]) {
    let end = data.iter().position(|&b| b == b'\n').unwrap_or(0);
    let (name, rest) = data.split_at(end);
    let body = rest.get(1..).unwrap_or_default();
    let head = body.get(..512).unwrap_or(body);
    let whole = foreign::name_of(&body, head, name).expect("memory can be read");
    if !foreign::needs_more(head)
        && let Some(found) = foreign::name(head, name)
    {
        assert!(whole.is_some(), "{found}");
    }
    for end in [0, 1, body.len() as u64 / 2, body.len() as u64, u64::MAX] {
        let _ = foreign::behind(&body, end);
    }
}

/// Reads a template of a chart with the values of that chart. The first two bytes are the length of the values.
pub fn chart(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes(*length));
    let (values, template) = rest.split_at(length.min(rest.len()));
    let values = deploy::chart_values(text(values));
    for kind in [None, Some(Kind::Kubernetes), Some(Kind::Helm)] {
        if let Err(problem) = deploy::read_template("a.yaml", text(template), kind, &values) {
            assert!(!problem.to_string().is_empty());
        }
    }
}

/// Tells kinds of files by name (the first line) and content, reads the rules of a `.gitignore`, and the releases that files around tell.
pub fn around(data: &[u8]) {
    let all = text(data);
    let (name, content) = all.split_once('\n').unwrap_or((all, ""));
    let _ = (kind::of_name(name), kind::of_content(content));
    let _ = (kind::may_be_known(name, content), kind::is_values(name));
    let _ = (kind::mentions_go(content), kind::builds_go(name));
    let _ = (kind::is_other(Path::new(name)), kind::may_be_script(data));
    for toolchain in toolchain::stated_in(content) {
        assert!(toolchain.version.starts_with("go1"), "{toolchain:?}");
    }
    if let Some(rules) = ignored::parse(content.as_bytes(), Path::new("/r")) {
        let path = Path::new("/r").join(name.trim_start_matches('/'));
        let _ = (rules.matched(&path, false), rules.matched(&path, true));
    }
}
