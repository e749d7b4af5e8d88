use super::*;

fn one(text: &str) -> Node {
    read(&Source::new(text)).unwrap().remove(0)
}

fn place(node: &Node, part: &str) -> (u32, u32) {
    let span = node.text().unwrap().find(part);
    (span.line, span.column)
}

#[test]
fn scalars_of_every_style_know_their_places() {
    let doc = one(
        "a: plain x\nb: 'single x'\nc: \"double x\"\nd: |\n  one\n    two x\n\n  three x\ne: >-\n  folded\n  more x\nf: \"esc\\taped x\"\ng: [u, v x]\n",
    );
    for (key, line, column) in [
        ("a", 1, 10),
        ("b", 2, 12),
        ("c", 3, 12),
        ("d", 6, 9),
        ("e", 11, 8),
        ("f", 12, 4),
    ] {
        assert_eq!(place(doc.get(key).unwrap(), "x"), (line, column), "{key}");
    }
    assert_eq!(place(doc.get("d").unwrap(), "three"), (8, 3));
    assert_eq!(place(doc.get("g").unwrap().items()[1], "x"), (13, 10));
}

#[test]
fn documents_merges_and_aliases() {
    let text = "base: &b\n  A: 1\n  B: 2\nuse:\n  <<: *b\n  B: 3\n---\n- *nothing\n";
    assert!(read(&Source::new(text)).is_err(), "an alias without anchor");
    let docs = read(&Source::new("a: &a {x: 1}\nb: *a\n---\nc: 1\n")).unwrap();
    assert_eq!(docs.len(), 2);
    assert_eq!(docs[0].find(&["b", "x"]).unwrap().str(), "1");
    let doc = one("base: &b\n  A: 1\n  B: 2\nuse:\n  <<: *b\n  B: 3\n");
    let used = doc.get("use").unwrap();
    assert_eq!(
        (used.get("A").unwrap().str(), used.get("B").unwrap().str()),
        ("1", "3")
    );
}

#[test]
fn unusual_layouts_that_other_readers_accept_are_read() {
    for text in [
        "a:\n  command: [\n    \"start\"\n  ]\n  b: 1\n",
        "a: {\n\"start\": 1\n}\nb: 1\n",
        "a: \"x\n y\nz\"\nb: 1\n",
        "a:\n- b\n- [c,\nd]\nb: 1\n",
        "a:\t1\nb: [1,2]\t\n",
    ] {
        let doc = one(text);
        assert!(doc.is_mapping(), "{text}");
    }
    let doc = one("a:\n  command: [\n    \"start\"\n  ]\n  b: 1\n");
    assert_eq!(doc.find(&["a", "b"]).unwrap().str(), "1");
}

#[test]
fn merges_that_multiply_are_refused() {
    let file = |n: usize| {
        let mut text = String::from("x: &e\n");
        (0..n).for_each(|i| text += &format!("  GO{i}: 1\n"));
        (0..n).for_each(|i| text += &format!("s{i}:\n  <<: *e\n"));
        text
    };
    let small = one(&file(40));
    assert_eq!(small.find(&["s7", "GO39"]).unwrap().str(), "1");
    let problem = read(&Source::new(&file(4000))).unwrap_err();
    assert!(problem.what.contains("merge keys"), "{problem:?}");
}

#[test]
fn bombs_end_soon() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for i in 1..30 {
        let list = vec![format!("*a{}", i - 1); 10].join(",");
        bomb += &format!("a{i}: &a{i} [{list}]\n");
    }
    let doc = one(&bomb);
    let mut seen = 0;
    doc.walk(&mut |_, _, _| seen += 1);
    assert!(seen > 0);
    let itself = one("a: &a\n  b: *a\n  c: 1\n");
    assert_eq!(itself.find(&["a", "c"]).unwrap().str(), "1");
    let deep = "[".repeat(10_000);
    assert!(read(&Source::new(&deep)).is_err());
    let deep: String = (0..300).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert!(read(&Source::new(&deep)).is_err());
}
