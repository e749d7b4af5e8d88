use super::*;
use gospect_verify::sums::{ModuleKind, Sum, SumVerdict};

fn sum(module: &str, verdict: SumVerdict) -> Sum {
    let expected = match verdict {
        SumVerdict::Equal => Some("h1:a=".to_owned()),
        SumVerdict::Different => Some("h1:b=".to_owned()),
        _ => None,
    };
    Sum {
        module: module.to_owned(),
        version: "v1.0.0".to_owned(),
        kind: ModuleKind::Dependency,
        replaced: None,
        second_copy: false,
        recorded: Some("h1:a=".to_owned()),
        source: expected.as_ref().map(|_| "sum.test".to_owned()),
        expected,
        verdict,
        why: (verdict == SumVerdict::Unknown).then(|| "sum.test has no record of it".to_owned()),
    }
}

fn written(format: Format, programs: &[Program]) -> String {
    written_for(format, Look::PLAIN, programs)
}

fn written_for(format: Format, look: Look, programs: &[Program]) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(format, look, &mut out).unwrap();
    for program in programs {
        writer.program(program).unwrap();
    }
    let database = Database {
        name: Some("sum.test".to_owned()),
        mode: "auto".to_owned(),
        asked: 3,
        ..Database::default()
    };
    writer.end(&database).unwrap();
    String::from_utf8(out).unwrap()
}

fn programs() -> [Program; 2] {
    let of = |path: &str, sums: Vec<Sum>| Program {
        path: path.to_owned(),
        sums,
        ..Program::default()
    };
    [
        of("dist/good", vec![sum("a.example/a", SumVerdict::Equal)]),
        of(
            "dist/ev\u{1b}il",
            vec![
                sum("a.example/a", SumVerdict::Equal),
                sum("a.example/b", SumVerdict::Different),
                sum("a.example/c", SumVerdict::Unknown),
            ],
        ),
    ]
}

#[test]
fn colours_are_escape_sequences() {
    let look = Look {
        color: true,
        ..Look::PLAIN
    };
    let colourful = written_for(Format::Text, look, &programs());
    assert!(colourful.contains("\u{1b}[1mdist/good\u{1b}[0m: \u{1b}[32mequal\u{1b}[0m\n"));
    let is_private = |c: char| ('\u{e0000}'..='\u{e0fff}').contains(&c);
    assert!(!colourful.contains(is_private), "{colourful:?}");
    let mut plain = String::new();
    for (index, part) in colourful.split("\u{1b}[").enumerate() {
        let text = part.split_once('m').filter(|_| index > 0);
        plain.push_str(text.map_or(part, |(_, text)| text));
    }
    assert_eq!(plain, written(Format::Text, &programs()));
}

#[test]
fn text_names_what_is_not_equal_and_counts_the_rest() {
    let expected = "\
dist/good: equal
  sums: 1 equal (sum.test)

dist/ev\\x1bil: DIFFERENT
  sums: 1 equal (sum.test), 1 different (sum.test), 1 unknown
    different a.example/b v1.0.0
      recorded h1:a=
      sum.test has h1:b=
    unknown a.example/c v1.0.0: sum.test has no record of it

2 programs: 1 equal, 1 different
sum.test: 3 module versions looked up
";
    assert_eq!(written(Format::Text, &programs()), expected);
}

/// Many sums that are unknown for one reason are a number; few of them, and those of other reasons, are lines.
#[test]
fn text_counts_unknown_sums_by_their_reason() {
    let of = |name: &str, why: &str| Sum {
        why: Some(why.to_owned()),
        ..sum(name, SumVerdict::Unknown)
    };
    let mut sums: Vec<Sum> = (0..312)
        .map(|at| of(&format!("a.example/m{at}"), "--sumdb off asks no database"))
        .collect();
    sums.extend((0..3).map(|at| of(&format!("b.example/m{at}"), "is gone")));
    sums.push(Sum {
        kind: ModuleKind::Replacement,
        replaced: Some("c.example/c@v1.0.0".to_owned()),
        ..of("d.example/d", "--sumdb off asks no database")
    });
    let program = Program {
        path: "app".to_owned(),
        sums,
        ..Program::default()
    };
    let write = |all: bool| {
        let mut out = Vec::new();
        let writer = Writer::new(Format::Text, Look::PLAIN, &mut out).unwrap();
        let mut writer = writer.with_all(all);
        writer.program(&program).unwrap();
        writer.end(&Database::default()).unwrap();
        String::from_utf8(out).unwrap()
    };
    let expected = "\
app: not wholly known
  sums: 316 unknown
    unknown b.example/m0 v1.0.0: is gone
    unknown b.example/m1 v1.0.0: is gone
    unknown b.example/m2 v1.0.0: is gone
    unknown d.example/d v1.0.0 (in place of c.example/c@v1.0.0): --sumdb off asks no database
    312 unknown: --sumdb off asks no database; --all lists them

1 program: 1 not wholly known
";
    assert_eq!(write(false), expected);
    let all = write(true);
    assert_eq!(all.matches("unknown a.example/").count(), 312);
    assert!(!all.contains("--all"), "{all}");
}

#[test]
fn what_nothing_confirms_is_no_contradiction() {
    use gospect_verify::check::{Aspect, Check, Verdict};
    let check = Check::of(Aspect::Subject, Some("sha256:a"), Some("sha256:a"));
    let check = check.judged(Verdict::Unknown).because("nobody signed it");
    let line = super::text::check_line(&check);
    assert_eq!(line, "unknown subject sha256:a (nobody signed it)");
}

#[test]
fn the_json_document_is_whole_with_any_number_of_programs() {
    for count in 0..=2 {
        let text = written(Format::Json, &programs()[..count]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["schema"], "gospect-verify/1");
        assert_eq!(value["programs"].as_array().unwrap().len(), count);
        assert_eq!(value["summary"]["programs"], count);
        assert!(text.ends_with("}\n"));
        // Indented as one document.
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(text.lines().count(), pretty.lines().count());
    }
    let value: serde_json::Value =
        serde_json::from_str(&written(Format::Json, &programs())).unwrap();
    assert_eq!(value["programs"][1]["verdict"], "different");
    assert_eq!(value["programs"][1]["sums"][1]["verdict"], "different");
    assert_eq!(value["programs"][0]["source"], serde_json::Value::Null);
}

#[test]
fn sarif_has_a_result_for_each_odd_sum() {
    let value: serde_json::Value =
        serde_json::from_str(&written(Format::Sarif, &programs())).unwrap();
    let results = value["runs"][0]["results"].as_array().unwrap();
    let found: Vec<_> = results
        .iter()
        .map(|r| (r["ruleId"].as_str().unwrap(), r["level"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("module-sum-mismatch", "error"),
            ("module-sum-unknown", "warning")
        ]
    );
}

#[test]
fn markdown_begins_with_the_verdict() {
    let text = written(Format::Markdown, &programs());
    assert!(
        text.starts_with("## gospect verify: ❌ different\n"),
        "{text}"
    );
    assert!(
        text.contains("| ❌ error | module-sum-mismatch |"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'));
    let good = written(Format::Markdown, &programs()[..1]);
    assert!(good.starts_with("## gospect verify: ✅ equal\n"), "{good}");
}

#[test]
fn copies_of_one_path_in_an_image_are_distinguished() {
    let copy = |layer: u32| {
        let mut copy = Program {
            path: "/usr/bin/app".to_owned(),
            ..Program::default()
        };
        copy.location.image = Some(gospect_record::ImageRef {
            reference: "app:1".to_owned(),
            platform: Some("linux/amd64".to_owned()),
            ..Default::default()
        });
        copy.location.layer = Some(gospect_record::LayerRef {
            index: layer,
            digest: None,
        });
        copy
    };
    let text = written(Format::Text, &[copy(0), copy(2)]);
    for layer in [0, 2] {
        let head = format!("/usr/bin/app (image app:1, linux/amd64, layer {layer}): ");
        assert!(text.contains(&head), "{text}");
    }
}
