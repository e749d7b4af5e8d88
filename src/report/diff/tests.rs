use super::*;
use crate::audit::diff::{Diff, diff};
use crate::audit::testing::*;

fn sample() -> Diff {
    let old = [
        binary(|b| b.go_version = Some("go1.27.3".into())),
        binary(|b| {
            (b.path, b.main_package) = ("dist/gone".into(), Some("example.com/gone".into()))
        }),
    ];
    let new = [
        binary(|b| {
            b.go_version = Some("go1.26.1".into());
            b.size = 6_000_000;
            dep(b, "example.com/a|b<i>@x\x1b", "v1.0.0", None);
        }),
        binary(|b| (b.path, b.main_package) = ("dist/new".into(), Some("example.com/new".into()))),
    ];
    diff(&old, &new)
}

fn text_of(render: impl Fn(&Diff, &mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    render(&sample(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_marks_what_got_worse() {
    let text = text_of(|d, out| text::render(d, false, out));
    assert!(
        text.contains(" !v toolchain  go_version go1.27.3 -> go1.26.1"),
        "{text}"
    );
    assert!(text.contains("added   dist/new") && text.contains("removed dist/gone"));
    assert!(text.contains("5000000 -> 6000000 bytes (+20.0%)"));
    assert!(
        text.contains("3 programs changed, 0 unchanged: 1 added, 1 removed, 1 toolchain, 1 module"),
        "{text}"
    );
    assert!(!text.contains('\x1b'));
    assert!(text_of(|d, out| text::render(d, true, out)).contains("\x1b[1;31mv\x1b[0m"));
}

#[test]
fn json_is_complete() {
    let v: serde_json::Value =
        serde_json::from_str(&text_of(|d, out| json::render(d, out))).unwrap();
    assert_eq!(
        (
            v["counts"]["toolchain"].as_u64(),
            v["counts"]["any"].as_u64()
        ),
        (Some(1), None)
    );
    let changes: usize = v["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["changes"].as_array().unwrap().len())
        .sum();
    assert_eq!(changes, sample().changes().count());
    assert_eq!(v["pairs"][0]["changes"][0]["direction"], "down");
}

#[test]
fn markdown_leads_with_what_matters() {
    let text = text_of(|d, out| markdown::render(d, out));
    let first = text.find("Look at these first").unwrap();
    assert!(first < text.find("<details>").unwrap());
    assert!(
        text.contains(
            "| dist/app (linux/amd64) | toolchain go\\_version | go1.27.3 -&gt; go1.26.1 |"
        ),
        "{text}"
    );
    assert!(!text.contains("<i>") && !text.contains("@x") && text.contains("a\\|b"));
    let same = {
        let mut out = Vec::new();
        markdown::render(&Diff::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(same.contains("0 programs changed"));
}
