use super::*;
use flate2::write::ZlibEncoder;
use gospect_bytes::base64;
use std::io::Write;

fn functions() -> Functions {
    let mut builder = Builder::default();
    let http = builder.package("net/http");
    for name in ["Serve", "Get", "Get", "http2Transport.newConn"] {
        builder.add(http, name.as_bytes(), b"");
    }
    builder.add_method(http, b"Client", b"Do");
    builder.add(http, b"Client", b".do");
    builder.add(http, b"Cli", b"ent");
    builder.package("example.com/only/closures");
    let main = builder.package("example.com/cmd");
    builder.add(main, b"main", b"");
    assert_eq!(builder.package("net/http"), http);
    builder.finish(FunctionSource::FunctionTable, true)
}

fn packed(text: &[u8]) -> String {
    let mut out = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(text).unwrap();
    base64::encode(&out.finish().unwrap())
}

fn record(packages: u64, names: u64, text: &str) -> String {
    format!(
        r#"{{"source":"function-table","complete":true,"packages":{packages},"names":{names},"text":"{text}"}}"#
    )
}

#[test]
fn functions_are_found_by_package_and_name() {
    let functions = functions();
    let packages: Vec<&str> = functions.packages().collect();
    assert_eq!(
        packages,
        ["example.com/cmd", "example.com/only/closures", "net/http"]
    );
    let names: Vec<&str> = functions.names("net/http").collect();
    assert_eq!(
        names,
        [
            "Client",
            "Client.Do",
            "Client.do",
            "Get",
            "Serve",
            "http2Transport.newConn"
        ]
    );
    assert_eq!(functions.names("net").len(), 0);
    assert_eq!(functions.names("example.com/only/closures").len(), 0);
    assert!(functions.has_package("example.com/only/closures"));
    assert_eq!(functions.len(), 7);
    for (package, name, want) in [
        ("net/http", "Client.Do", true),
        ("net/http", "Do", false),
        ("net/http", "Client.D", false),
        ("net/http", "Get\0Serve", false),
        ("net/http", "", false),
        ("net", "Get", false),
        ("example.com/cmd", "main", true),
    ] {
        assert_eq!(functions.contains(package, name), want, "{package}.{name}");
        // Before and after an index was made.
        assert_eq!(functions.clone().contains(package, name), want);
    }
}

#[test]
#[allow(clippy::reversed_empty_ranges)] // such a range is what is tested
fn names_as_compilers_write_them_are_folded_when_they_are_asked_for() {
    let names = [
        "a/p.F",
        "a/p.(*T).M",
        "a/p.T.M.func1",
        "a/p.F.G.func1",
        "a/p.V.M.func2",
        "a/p.Gen[...].func1",
        "a/p.(*T).M-fm",
        "a/p.init.0",
        "b/p.F",
    ];
    let raw = format!("{}\0", names.join("\0")).into_bytes();
    let split = raw.windows(4).position(|w| w == b"b/p.").unwrap();
    let all = raw.len();
    let mut builder = Builder::new(raw);
    let (first, second) = (builder.package("a/p"), builder.package("b/p"));
    builder.add_run(first, 0..split, 4);
    builder.add_run(second, split..all, 4);
    builder.add_run(Place::NONE, 0..all, 4);
    // Ranges outside of the names are ignored.
    builder.add_run(second, all..all + 100, 4);
    let backwards = std::ops::Range { start: 5, end: 3 };
    builder.add_run(second, backwards, 1 << 20);
    let functions = builder.finish(FunctionSource::FunctionTable, true);
    let found: Vec<&str> = functions.names("a/p").collect();
    assert_eq!(found, ["F", "Gen", "T.M", "V.M", "init"]);
    assert_eq!(functions.names("b/p").collect::<Vec<_>>(), ["F"]);
    assert!(functions.contains("a/p", "V.M") && !functions.contains("a/p", "F.G"));
}

/// Names as compilers write them, usual and odd ones, some of which name a function only if another one does not.
fn spellings() -> Vec<String> {
    let mut all = Vec::new();
    for receiver in [
        "",
        "(*T).",
        "T.",
        "(*T[...]).",
        "T[go.shape.int].",
        "(*T\u{b7}1).",
        "F.",
        "glob..",
        "map.",
        "T1.",
        "(*T1).",
        "(*struct { x int }).",
        "T.c/d.",
        "(*c/d.T).",
        ".",
    ] {
        for name in [
            "F",
            "M",
            "T",
            "init",
            "func1",
            "G",
            "Gr\u{f6}\u{df}e",
            "\u{c4}",
            "[x]H",
            "a b",
            "",
        ] {
            for suffix in [
                "",
                ".func1",
                ".func1.2",
                ".gowrap1",
                ".gowrap",
                ".Sum256",
                "-fm",
                "-range1",
                "[...]",
                "[...].func1",
                "\u{b7}dwrap\u{b7}1",
                ".G.func1",
                ".init.0",
            ] {
                all.push(format!("{receiver}{name}{suffix}"));
            }
        }
    }
    all
}

#[test]
fn single_functions_are_found_exactly_where_all_names_have_them() {
    let spellings = spellings();
    let count = spellings.len();
    for first in 0..count {
        // Neighbours, and two from far away.
        let picks = [first, first + 1, first + 2, first * 7 + 31, first * 13 + 5];
        let names = picks.map(|at| format!("a/p.{}\0", spellings[at % count]));
        let raw = names.concat().into_bytes();
        let size = raw.len();
        let mut builder = Builder::new(raw);
        let place = builder.package("a/p");
        builder.add_run(place, 0..size, 4);
        let functions = builder.finish(FunctionSource::FunctionTable, true);
        let all: Vec<String> = functions.clone().names("a/p").map(str::to_owned).collect();
        let fixed = [
            "F", "T", "M", "T.M", "T.F", "F.G", "T.G", "G", "init", "T.init", "H", "\u{c4}", "",
            "T1", "T1.M", "F.Sum256", "T.gowrap", "T.Sum256", "F.gowrap", ".", ".F", "T.", "a b",
            "(*T).M",
        ];
        for asked in all.iter().map(String::as_str).chain(fixed) {
            let want = all.iter().any(|name| name == asked);
            assert_eq!(
                functions.contains("a/p", asked),
                want,
                "{asked:?} in {names:?}"
            );
        }
    }
}

#[test]
fn large_packages_are_searched_by_index() {
    let mut builder = Builder::default();
    let place = builder.package("p");
    for number in (0..1000).rev() {
        builder.add(place, format!("F{number}").as_bytes(), b"");
    }
    let functions = builder.finish(FunctionSource::SymbolTable, false);
    assert!((0..1000).all(|n| functions.contains("p", &format!("F{n}"))));
    assert!(!functions.contains("p", "F1000") && !functions.contains("p", "F"));
    assert!(!functions.complete());
    assert_eq!(functions.source(), &FunctionSource::SymbolTable);
}

#[test]
fn written_functions_are_read_back_and_have_the_text_of_the_schema() {
    let functions = functions();
    let json = serde_json::to_string(&functions).unwrap();
    let text = "example.com/cmd\tmain\nexample.com/only/closures\nnet/http\tClient\t.Do\t.do\tGet\tServe\thttp2Transport.newConn\n";
    assert_eq!(json, record(3, 7, &packed(text.as_bytes())));
    let read: Functions = serde_json::from_str(&json).unwrap();
    assert_eq!(read, functions);
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    let none = Builder::default().finish(FunctionSource::Dwarf, false);
    let json = serde_json::to_string(&none).unwrap();
    assert_eq!(serde_json::from_str::<Functions>(&json).unwrap(), none);
}

#[test]
fn functions_that_other_facts_show_are_added() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut shown = functions();
    // Sorted before, and only looked up.
    assert_eq!(shown.names("net/http").len(), 6);
    assert!(!shown.contains("example.com/cmd", "Handler"));
    shown.reveal(Hidden {
        placed: [
            ("net/http", &["Handler", "Get"][..]),
            ("example.com/cmd", &["Handler"]),
            ("example.com/new", &["T.M"]),
            ("example.com/none", &[]),
            ("with space", &["F"]),
        ]
        .into_iter()
        .map(|(package, names)| (package.to_owned(), set(names)))
        .collect(),
        unplaced: set(&["Wrapped", "a b", "T.N"]),
        unnamed: set(&["example.com/new"]),
    });
    let packages = shown.packages().collect::<Vec<_>>();
    assert!(packages.is_sorted() && packages.len() == 5, "{packages:?}");
    for (package, name) in [
        ("net/http", "Handler"),
        ("net/http", "Client.Do"),
        ("example.com/cmd", "Handler"),
        ("example.com/cmd", "main"),
        ("example.com/new", "T.M"),
    ] {
        assert!(shown.contains(package, name), "{package} {name}");
    }
    assert_eq!(shown.names("net/http").len(), 7);
    assert!(shown.has_package("example.com/none"));
    for (package, name, may) in [
        ("net/http", "Wrapped", true),
        ("net/http", "T.N", true),
        ("net/http", "Other", false),
        ("example.com/new", "Other", true),
    ] {
        assert_eq!(shown.may_hide(package, name), may, "{package} {name}");
    }
    let json = serde_json::to_string(&shown).unwrap();
    let read: Functions = serde_json::from_str(&json).unwrap();
    assert_eq!((&read, read.may_hide("a", "T.N")), (&shown, true));
    assert_ne!(read, functions());
    let unsorted = json.replace(r#"["T.N","Wrapped"]"#, r#"["Wrapped","T.N"]"#);
    assert_ne!(unsorted, json);
    let refused = serde_json::from_str::<Functions>(&unsorted).unwrap_err();
    assert!(refused.to_string().contains("not sorted"), "{refused}");
}

#[test]
fn methods_show_types() {
    let functions = functions();
    for (package, name, is) in [
        ("net/http", "Client", true),
        ("net/http", "http2Transport", true),
        ("net/http", "http2", false),
        ("net/http", "Get", false),
        ("example.com/none", "Client", false),
    ] {
        assert_eq!(functions.has_methods_of(package, name), is, "{name}");
    }
}

#[test]
fn names_that_no_go_function_can_have_are_left_out() {
    let mut builder = Builder::default();
    let place = builder.package("p");
    builder.package("with\ttab");
    builder.package("");
    for name in [
        &b".M"[..],
        b"",
        b"a\tb",
        b"\xff",
        b"G\xc3\xb6",
        b"two\nlines",
        b"two\0names",
    ] {
        builder.add(place, name, b"");
    }
    let functions = builder.finish(FunctionSource::FunctionTable, true);
    assert_eq!(functions.packages().collect::<Vec<_>>(), ["p"]);
    let names: Vec<&str> = functions.names("p").collect();
    assert_eq!(names, ["Gö", "names", "two"]);
    let json = serde_json::to_string(&functions).unwrap();
    assert_eq!(serde_json::from_str::<Functions>(&json).unwrap(), functions);
}

#[test]
fn more_than_the_limit_is_left_out_and_said() {
    let mut builder = Builder::default();
    let place = builder.package("p");
    let long = vec![b'x'; NAMES_LIMIT / 4];
    for _ in 0..6 {
        builder.add_method(place, &long, b"M");
    }
    builder.package(&"q".repeat(NAMES_LIMIT));
    let functions = builder.finish(FunctionSource::FunctionTable, true);
    assert_eq!(functions.packages().count(), 1);
    assert!(!functions.complete());
    assert!(functions.size_in_memory() <= NAMES_LIMIT as u64 + 1024);
}

#[test]
fn false_counts_and_texts_are_refused_with_a_reason() {
    let grown = format!("p\t{}.a{}\n", "T".repeat(1 << 20), "\t.b".repeat(100));
    let sorted = grown.replace("\t.b", "");
    let many: String = (100..200).map(|n| format!("\t.n{n}")).collect();
    let grown = format!("{}{many}\n", sorted.trim_end());
    for (packages, names, text, want) in [
        (0, 0, "!".to_owned(), Refused::Base64),
        (0, 0, String::new(), Refused::Zlib),
        (0, 0, base64::encode(b"p\n"), Refused::Zlib),
        (1, 0, packed(b"p"), Refused::Lines),
        (1, 0, packed(b"\n"), Refused::Lines),
        (1, 1, packed(b"p\t\n"), Refused::Lines),
        (1, 1, packed(b"p\t.M\n"), Refused::Lines),
        (1, 1, packed(b"p\t\xff\n"), Refused::Utf8),
        (2, 0, packed(b"q\np\n"), Refused::Order),
        (2, 0, packed(b"p\np\n"), Refused::Order),
        (1, 2, packed(b"p\tb\ta\n"), Refused::Order),
        (1, 2, packed(b"p\ta\ta\n"), Refused::Order),
        (1, 2, packed(b"p\ta\n"), Refused::Count),
        (2, 1, packed(b"p\ta\n"), Refused::Count),
        (1, 101, packed(grown.as_bytes()), Refused::TooLarge),
        (
            1,
            0,
            packed(&vec![b'p'; NAMES_LIMIT + 1]),
            Refused::TooLarge,
        ),
    ] {
        let error = serde_json::from_str::<Functions>(&record(packages, names, &text));
        let error = error.unwrap_err().to_string();
        assert!(error.contains(&want.to_string()), "{error}, not {want}");
        assert!(error.starts_with("functions: "), "{error}");
    }
    let whole = packed(b"p\ta\n");
    let cut = base64::encode(&base64::decode(whole.as_bytes()).unwrap()[..8]);
    assert!(serde_json::from_str::<Functions>(&record(1, 1, &cut)).is_err());
}
