use super::*;
use gospect_record::{Evidence, EvidenceSource, Goroot};

fn module(path: &str, version: &str, sum: &str) -> Module {
    Module {
        path: path.to_owned(),
        version: version.to_owned(),
        sum: sum.to_owned(),
        replace: None,
    }
}

fn replaced(module: Module, by: Module) -> Module {
    Module {
        replace: Some(Box::new(by)),
        ..module
    }
}

fn program(main: Module, deps: Vec<Module>) -> Binary {
    Binary {
        build_info: Some(BuildInfo {
            main,
            deps,
            ..BuildInfo::default()
        }),
        ..Binary::default()
    }
}

/// A database that has `h1:PATH=` for every version but those of `gone.example` and `corp.example`.
fn database(module: &str, _: &str) -> Vec<Answer> {
    let result = match module.split('/').next() {
        Some("gone.example") => LookupResult::Nothing("no record of it".to_owned()),
        Some("corp.example") => LookupResult::Private,
        _ => LookupResult::Sum(format!("h1:{module}=")),
    };
    let source = match result {
        LookupResult::Private => "GOPRIVATE",
        _ => "sum.test",
    };
    vec![Answer {
        source: source.to_owned(),
        result,
    }]
}

fn verdicts(sums: &[Sum]) -> Vec<(&str, ModuleKind, SumVerdict)> {
    let of = |sum: &'_ Sum| (sum.kind, sum.verdict);
    sums.iter()
        .map(|sum| (sum.module.as_str(), of(sum).0, of(sum).1))
        .collect()
}

#[test]
fn each_kind_of_module_is_distinguished() {
    use ModuleKind::*;
    use SumVerdict::*;
    let binary = program(
        module("m.example", "(devel)", ""),
        vec![
            module("a.example/a", "v1.0.0", "h1:a.example/a="),
            module("a.example/b", "v1.0.0", "h1:evil="),
            module("gone.example/c", "v1.0.0", "h1:c="),
            module("corp.example/d", "v1.0.0", "h1:d="),
            module("a.example/e", "v1.0.0", ""),
            replaced(
                module("a.example/f", "v1.0.0", ""),
                module("fork.example/f", "v1.1.0", "h1:fork.example/f="),
            ),
            replaced(
                module("a.example/g", "v1.0.0", ""),
                module("../g", "(devel)", ""),
            ),
            replaced(
                module("a.example/h", "v1.0.0", "h1:a.example/h="),
                module("fork.example/h", "v1.1.0", "h1:evil="),
            ),
        ],
    );
    let sums = judge(&binary, &mut database);
    assert_eq!(
        verdicts(&sums),
        [
            ("m.example", Main, NoneRecorded),
            ("a.example/a", Dependency, Equal),
            ("a.example/b", Dependency, Different),
            ("gone.example/c", Dependency, Unknown),
            ("corp.example/d", Dependency, Private),
            ("a.example/e", Dependency, NoneRecorded),
            ("fork.example/f", Replacement, Equal),
            ("a.example/g", LocalReplacement, NoneRecorded),
            ("fork.example/h", Replacement, Different),
        ]
    );
    assert_eq!(sums[2].expected.as_deref(), Some("h1:a.example/b="));
    assert_eq!(sums[3].why.as_deref(), Some("no record of it"));
    assert_eq!(sums[4].source.as_deref(), Some("GOPRIVATE"));
    assert_eq!(sums[6].replaced.as_deref(), Some("a.example/f@v1.0.0"));
    assert_eq!(sums[7].replaced.as_deref(), Some("../g"));
}

#[test]
fn one_source_that_disagrees_outweighs_the_others() {
    let binary = program(module("a.example/m", "v1.0.0", "h1:right="), Vec::new());
    let answer = |source: &str, sum: &str| Answer {
        source: source.to_owned(),
        result: LookupResult::Sum(sum.to_owned()),
    };
    let sums = judge(&binary, &mut |_, _| {
        vec![
            answer("go.sum", "h1:right="),
            answer("sum.test", "h1:other="),
        ]
    });
    assert_eq!(sums[0].verdict, SumVerdict::Different);
    assert_eq!(sums[0].source.as_deref(), Some("sum.test"));
    let sums = judge(&binary, &mut |_, _| {
        vec![
            answer("go.sum", "h1:right="),
            answer("sum.test", "h1:right="),
        ]
    });
    assert_eq!(sums[0].verdict, SumVerdict::Equal);
    assert_eq!(sums[0].source.as_deref(), Some("go.sum, sum.test"));
}

#[test]
fn a_sum_that_was_edited_in_either_copy_is_different() {
    let dep = |sum: &str| {
        program(
            Module::default(),
            vec![module("a.example/a", "v1.0.0", sum)],
        )
    };
    let with_copy = |blob: &str, copy: &str| Binary {
        second_build_info: dep(copy).build_info,
        ..dep(blob)
    };
    let right = "h1:a.example/a=";
    // The blob alone, the copy alone, both.
    for (blob, copy, expected) in [
        (
            "h1:evil=",
            right,
            vec![(false, SumVerdict::Different), (true, SumVerdict::Equal)],
        ),
        (
            right,
            "h1:evil=",
            vec![(false, SumVerdict::Equal), (true, SumVerdict::Different)],
        ),
        (
            right,
            "",
            vec![(false, SumVerdict::Equal), (true, SumVerdict::NoneRecorded)],
        ),
    ] {
        let sums = judge(&with_copy(blob, copy), &mut database);
        let found: Vec<_> = sums.iter().map(|s| (s.second_copy, s.verdict)).collect();
        assert_eq!(found, expected, "{blob} {copy}");
    }
    // Nobody knows the version: the copies still contradict each other.
    let sums = judge(&with_copy("h1:evil=", right), &mut |_, _| Vec::new());
    assert_eq!(sums[0].verdict, SumVerdict::Different);
    assert_eq!(sums[0].source.as_deref(), Some(SECOND_COPY));
    // A module that only the copy has.
    let mut binary = dep(right);
    binary.second_build_info = program(
        Module::default(),
        vec![module("a.example/other", "v1.0.0", "h1:evil=")],
    )
    .build_info;
    let sums = judge(&binary, &mut database);
    assert_eq!(
        (sums[1].second_copy, sums[1].verdict),
        (true, SumVerdict::Different)
    );
}

#[test]
fn a_downloaded_toolchain_is_named_with_the_sum_that_it_should_have() {
    let path = "/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.5.linux-amd64";
    let binary = Binary {
        goroot: Some(Goroot {
            value: Some(path.to_owned()),
            origin: Some(GorootOrigin::ToolchainDownload.into()),
            evidence: vec![Evidence {
                source: EvidenceSource::Pclntab.into(),
                value: path.to_owned(),
            }],
            ..Goroot::default()
        }),
        ..Binary::default()
    };
    let sums = judge(&binary, &mut database);
    assert_eq!(sums.len(), 1);
    assert_eq!(sums[0].kind, ModuleKind::Toolchain);
    assert_eq!(sums[0].version, "v0.0.1-go1.26.5.linux-amd64");
    assert_eq!(sums[0].verdict, SumVerdict::NoneRecorded);
    assert_eq!(
        sums[0].expected.as_deref(),
        Some("h1:golang.org/toolchain=")
    );
}

/// Source files of another version are other code than that of the recorded sum.
#[test]
fn source_files_of_another_version_differ() {
    let mut binary = program(
        module("m.example/main", "v1.0.0", ""),
        vec![module("m.example/a", "v1.0.0", "h1:m.example/a=")],
    );
    binary.linked = Some(gospect_record::Linked {
        other_versions: vec![gospect_record::ModuleVersion {
            path: "m.example/a".to_owned(),
            version: "v0.9.0".to_owned(),
        }],
        ..gospect_record::Linked::default()
    });
    let sums = judge(&binary, &mut database);
    let sum = sums.iter().find(|sum| sum.module == "m.example/a").unwrap();
    assert_eq!(sum.verdict, SumVerdict::Different);
    assert_eq!(sum.why.as_deref(), Some("its source files are of v0.9.0"));
}

/// The list of modules may be altered; the function table shows what it lacks.
#[test]
fn a_module_that_the_list_lacks_is_unknown() {
    let sum_of_a = "h1:m.example/a=";
    let mut binary = program(
        module("m.example/main", "v1.0.0", ""),
        vec![module("m.example/a", "v1.0.0", sum_of_a)],
    );
    let not_recorded = [
        "golang.org/x/net/http2",
        "golang.org/x/net/idna",
        "n.example/x",
    ];
    binary.linked = Some(gospect_record::Linked {
        not_recorded: not_recorded.map(str::to_owned).to_vec(),
        ..gospect_record::Linked::default()
    });
    let sums = judge(&binary, &mut database);
    let unlisted: Vec<_> = sums
        .iter()
        .filter(|sum| sum.kind == ModuleKind::NotRecorded)
        .map(|sum| (sum.module.as_str(), sum.verdict, sum.why.as_deref()))
        .collect();
    let net = "2 packages such as golang.org/x/net/http2 are in the program, and no recorded module has them";
    let other = "the package n.example/x is in the program, and no recorded module has it";
    assert_eq!(
        unlisted,
        [
            ("golang.org/x/net", SumVerdict::Unknown, Some(net)),
            ("n.example/x", SumVerdict::Unknown, Some(other)),
        ]
    );
    // The second copy of the record lists one of them.
    let second = module("golang.org/x/net", "v0.30.0", "h1:golang.org/x/net=");
    binary.second_build_info = program(Module::default(), vec![second]).build_info;
    let sums = judge(&binary, &mut database);
    let kinds: Vec<_> = verdicts(&sums).into_iter().skip(2).collect();
    assert_eq!(
        kinds,
        [
            (
                "golang.org/x/net",
                ModuleKind::Dependency,
                SumVerdict::Equal
            ),
            ("n.example/x", ModuleKind::NotRecorded, SumVerdict::Unknown),
        ]
    );
}
