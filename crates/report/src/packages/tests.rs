use super::*;
use gospect_record::{BuildInfo, Linked, LinkedPackage, PackageCapability};
use test_support::records as sample;

fn found(capability: &str, certain: bool) -> PackageCapability {
    PackageCapability {
        capability: capability.into(),
        direct: certain,
        certain,
        chain: vec!["a.org/x.Run".into(), "os.StartProcess".into()],
    }
}

fn program() -> Binary {
    let row = |path: &str, module: Option<&str>, functions, bytes| LinkedPackage {
        path: path.into(),
        module: module.map(str::to_owned),
        functions,
        bytes,
        capabilities: None,
    };
    let mut replaced = sample::module("example.com/old", "v1.0.0");
    replaced.replace = Some(Box::new(sample::module("example.com/new", "v1.1.0")));
    Binary {
        path: "bin/app".into(),
        go_version: Some("go1.27.3".into()),
        build_info: Some(BuildInfo {
            deps: vec![replaced],
            ..BuildInfo::default()
        }),
        linked: Some(Linked {
            functions: 9,
            ..Linked::default()
        }),
        packages: Some(vec![
            LinkedPackage {
                capabilities: Some(vec![found("EXEC", true), found("FILES", false)]),
                ..row("a.org/x", None, 1, 100)
            },
            row("example.com/old/in", Some("example.com/old"), 2, 500),
            row("fmt", Some("std"), 3, 200),
            row("runtime", Some("std"), 3, 1200),
        ]),
        ..Binary::default()
    }
}

#[test]
fn modules_and_packages_come_largest_first() {
    let program = Program::of(&program());
    assert_eq!((program.code_bytes, program.unknown), (Some(2000), None));
    let modules: Vec<_> = program
        .modules
        .iter()
        .map(|m| {
            (
                m.path.as_deref(),
                m.version.as_deref(),
                m.bytes,
                m.functions,
            )
        })
        .collect();
    assert_eq!(
        modules,
        [
            (Some("std"), Some("go1.27.3"), 1400, 6),
            (Some("example.com/old"), Some("v1.1.0"), 500, 2),
            (None, None, 100, 1),
        ]
    );
    let first = &program.modules[0].packages;
    assert_eq!(
        first.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(),
        ["runtime", "fmt"]
    );
}

#[test]
fn unknown_packages_are_never_shown_as_none() {
    let mut binary = program();
    binary.packages = None;
    assert_eq!(Program::of(&binary).unknown, Some(Unknown::NotRecorded));
    binary.linked = None;
    let program = Program::of(&binary);
    assert_eq!(program.unknown, Some(Unknown::NoFunctionTable));
    assert_eq!(program.code_bytes, None);
    let mut out = Vec::new();
    let mut writer = Writer::new(Format::Text, Look::PLAIN, Shown::Nothing, &mut out).unwrap();
    writer.program(&binary).unwrap();
    assert_eq!(writer.end().unwrap().packages, 1);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("not known: no function table"), "{text}");
}

#[test]
fn a_row_for_each_package_in_csv() {
    let mut out = Vec::new();
    let mut writer = Writer::new(Format::Csv, Look::PLAIN, Shown::Nothing, &mut out).unwrap();
    writer.program(&program()).unwrap();
    assert_eq!(writer.end().unwrap(), NotKnown::default());
    let text = String::from_utf8(out).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[1], "bin/app,std,go1.27.3,runtime,3,1200,");
    assert_eq!(rows[4], "bin/app,,,a.org/x,1,100,EXEC FILES?");
}

#[test]
fn the_document_is_whole_with_any_number_of_programs() {
    for count in 0..3 {
        let mut out = Vec::new();
        let mut writer = Writer::new(Format::Json, Look::PLAIN, Shown::Nothing, &mut out).unwrap();
        for _ in 0..count {
            writer.program(&program()).unwrap();
        }
        writer.end().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["schema"], SCHEMA);
        let programs = document["programs"].as_array().unwrap();
        assert_eq!(programs.len(), count);
        let same = serde_json::to_value(Program::of(&program())).unwrap();
        assert!(programs.iter().all(|program| *program == same));
    }
}

#[test]
fn capabilities_are_shown_with_their_doubts() {
    let shown = |shown| {
        let mut out = Vec::new();
        let mut writer = Writer::new(Format::Text, Look::PLAIN, shown, &mut out).unwrap();
        writer.program(&program()).unwrap();
        let missing = writer.end().unwrap();
        (missing, String::from_utf8(out).unwrap())
    };
    // Most packages of this program have no capabilities in the record, which is not the same as having none.
    let (missing, text) = shown(Shown::Capabilities);
    assert_eq!((missing.packages, missing.capabilities), (0, 1));
    assert!(
        text.contains("what the packages can do is not known"),
        "{text}"
    );
    assert!(text.contains("a.org/x  EXEC FILES?\n"), "{text}");
    assert!(!text.contains("StartProcess"), "{text}");
    let (_, text) = shown(Shown::Chains);
    assert!(
        text.contains("EXEC direct: a.org/x.Run → os.StartProcess\n"),
        "{text}"
    );
    assert!(text.contains("FILES? through others: "), "{text}");
    let (missing, text) = shown(Shown::Nothing);
    assert_eq!(missing, NotKnown::default());
    assert!(!text.contains("EXEC"), "{text}");
}

#[test]
fn unknown_capabilities_are_null_in_json() {
    let document = serde_json::to_value(Program::of(&program())).unwrap();
    let packages = |i: usize| document["modules"][i]["packages"][0].clone();
    assert_eq!(packages(0)["path"], "runtime");
    assert!(packages(0)["capabilities"].is_null());
    assert_eq!(packages(2)["path"], "a.org/x");
    assert_eq!(
        packages(2)["capabilities"],
        serde_json::json!(["EXEC", "FILES"])
    );
    assert_eq!(packages(2)["chains"][1]["certain"], false);
}

#[test]
fn a_program_in_an_image_is_named_with_its_layer() {
    let mut program = program();
    program.location.layer = Some(gospect_record::LayerRef {
        index: 3,
        digest: None,
    });
    program.location.image = Some(gospect_record::ImageRef {
        reference: "app:1".to_owned(),
        ..Default::default()
    });
    let mut out = Vec::new();
    let mut writer = Writer::new(Format::Text, Look::PLAIN, Shown::Nothing, &mut out).unwrap();
    writer.program(&program).unwrap();
    writer.end().unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.starts_with("bin/app (image app:1, layer 3)\n"),
        "{text}"
    );
}
