use super::*;

/// A database of these documents, with summaries.
fn database(documents: &[&str]) -> Database {
    let mut builder = Builder::default();
    for document in documents {
        if let Some(document) = parse(document.as_bytes()).unwrap() {
            builder.add(document).unwrap();
        }
    }
    let about = About {
        source: "test".to_owned(),
        date: None,
    };
    builder.finish(&about, true).unwrap()
}

const NET: &str = r#"{
  "schema_version": "1.3.1", "id": "GO-2024-2687", "modified": "0001-01-01T00:00:00Z",
  "aliases": ["CVE-2023-45288", "GHSA-4v7x-pqxf-cx7m"],
  "summary": "HTTP/2 CONTINUATION flood in net/http\n",
  "affected": [
    {"package": {"name": "stdlib", "ecosystem": "Go"},
     "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.21.9"}, {"introduced": "1.22.0-0"}, {"fixed": "1.22.2"}]}],
     "ecosystem_specific": {"imports": [{"path": "net/http", "symbols": ["Transport.RoundTrip", "Get", "Get"], "goos": ["linux"], "goarch": null}]}},
    {"package": {"name": "golang.org/x/net", "ecosystem": "Go"},
     "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.23.0"}]}],
     "ecosystem_specific": {"imports": [{"path": "golang.org/x/net/http2"}, {"path": "golang.org/x/net/h3", "symbols": ["Get"]}]}},
    {"package": {"name": "left-pad", "ecosystem": "npm"}}
  ],
  "database_specific": {"review_status": "REVIEWED", "url": "https://pkg.go.dev/vuln/GO-2024-2687"}
}"#;

const CUSTOM: &str = r#"{
  "id": "GO-2024-3005", "aliases": null, "withdrawn": "2024-09-01T00:00:00Z",
  "affected": [{"package": {"name": "golang.org/x/net", "ecosystem": "Go"},
    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
    "ecosystem_specific": {"custom_ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "19.0.0"}, {"fixed": "19.03.16"}]}]}}],
  "database_specific": {"review_status": "UNREVIEWED"}
}"#;

#[test]
fn a_module_is_found_with_all_that_is_said_about_it() {
    let database = database(&[CUSTOM, NET]);
    assert_eq!(database.len(), 2);
    assert_eq!(
        database.modules().collect::<Vec<_>>(),
        ["golang.org/x/net", "stdlib"]
    );
    let net = database.for_module("golang.org/x/net").unwrap();
    let [flood, custom] = net.as_slice() else {
        panic!("{net:?}");
    };
    assert_eq!(flood.entry.id().unwrap(), "GO-2024-2687");
    assert_eq!(
        flood.entry.aliases().unwrap(),
        ["CVE-2023-45288", "GHSA-4v7x-pqxf-cx7m"]
    );
    assert_eq!(
        flood.entry.summary().unwrap(),
        Some("HTTP/2 CONTINUATION flood in net/http")
    );
    assert_eq!(flood.entry.review, Review::Reviewed);
    assert!(!flood.entry.withdrawn);
    let [http2, h3] = flood.packages.as_slice() else {
        panic!("{flood:?}");
    };
    assert_eq!(http2.path, "golang.org/x/net/http2");
    assert_eq!(http2.symbol_count(), 0);
    assert_eq!(http2.symbols().unwrap(), [""; 0]);
    assert_eq!(h3.symbols().unwrap(), ["Get"]);
    assert!(custom.entry.withdrawn);
    assert_eq!(custom.entry.review, Review::Unreviewed);
    assert_eq!(custom.entry.summary().unwrap(), None);
    assert_eq!(
        custom.custom_ranges,
        [Range {
            order: Order::Other,
            events: vec![Event::Introduced("19.0.0"), Event::Fixed("19.03.16")],
        }]
    );
    let stdlib = database.for_module("stdlib").unwrap();
    assert_eq!(
        stdlib[0].ranges[0].events,
        [
            Event::Introduced("0"),
            Event::Fixed("1.21.9"),
            Event::Introduced("1.22.0-0"),
            Event::Fixed("1.22.2")
        ]
    );
    let http = &stdlib[0].packages[0];
    assert_eq!(http.symbols().unwrap(), ["Get", "Transport.RoundTrip"]);
    assert_eq!(
        (http.goos.as_slice(), http.goarch.len()),
        (&["linux"][..], 0)
    );
    for missing in ["", "a", "golang.org/x/nets", "zzz", "left-pad"] {
        assert_eq!(database.for_module(missing).unwrap(), [], "{missing}");
    }
}

#[test]
fn an_entry_is_found_by_id_and_by_alias() {
    let database = database(&[CUSTOM, NET]);
    for name in ["GO-2024-2687", "CVE-2023-45288", "GHSA-4v7x-pqxf-cx7m"] {
        let entry = database.entry(name).unwrap().expect(name);
        assert_eq!(entry.id().unwrap(), "GO-2024-2687");
        let modules: Vec<_> = entry.affected().unwrap();
        let modules: Vec<_> = modules.iter().map(|a| a.module).collect();
        assert_eq!(modules, ["golang.org/x/net", "stdlib"]);
    }
    assert_eq!(database.entry("CVE-2023-45289").unwrap(), None);
}

/// A document of another database.
fn foreign(id: &str, aliases: &str, modules: &[&str]) -> String {
    let affected: Vec<String> = modules
        .iter()
        .map(|m| format!(r#"{{"package":{{"ecosystem":"Go","name":"{m}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"last_affected":"1.2.3"}}]}}],"ecosystem_specific":"free text"}}"#))
        .collect();
    format!(
        r#"{{"id":"{id}","aliases":[{aliases}],"affected":[{}],"database_specific":{{"review_status":true}}}}"#,
        affected.join(",")
    )
}

#[test]
fn other_databases_add_only_what_ours_does_not_say() {
    let same = foreign(
        "GHSA-4v7x-pqxf-cx7m",
        "",
        &["golang.org/x/net", "example.com/fork"],
    );
    let by_cve = foreign("GHSA-2222-2222-2222", r#""CVE-2023-45288""#, &["stdlib"]);
    let only = foreign("GHSA-3333-3333-3333", "", &["example.com/only"]);
    let database = database(&[NET, &same, &by_cve, &only]);
    assert_eq!(database.len(), 3);
    let net = database.for_module("golang.org/x/net").unwrap();
    assert_eq!(net.len(), 1);
    assert_eq!(net[0].entry.id().unwrap(), "GO-2024-2687");
    let fork = database.for_module("example.com/fork").unwrap();
    assert_eq!(fork[0].entry.review, Review::Foreign);
    assert_eq!(fork[0].ranges[0].events[1], Event::LastAffected("1.2.3"));
    assert_eq!(database.for_module("example.com/only").unwrap().len(), 1);
}

/// A document of the Go vulnerability database with these ranges.
fn ranged(ranges: &str) -> String {
    format!(
        r#"{{"id":"GO-2024-0001","affected":[{{"package":{{"name":"a.b/c","ecosystem":"Go"}},"ranges":{ranges}}}]}}"#
    )
}

#[test]
fn contradictory_documents_are_refused_whole() {
    for (ranges, why) in [
        (
            r#"[{"type":"SEMVER","events":[{"fixed":"1.0.0"}]}]"#,
            "without beginning",
        ),
        (
            r#"[{"type":"SEMVER","events":[{"introduced":"2.0.0"},{"fixed":"1.0.0"}]}]"#,
            "without beginning",
        ),
        (
            r#"[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"1.0.0"}]}]"#,
            "is fixed at 1.0.0",
        ),
        (
            r#"[{"type":"SEMVER","events":[{"introduced":"one"}]}]"#,
            "not a semantic version",
        ),
        (
            r#"[{"type":"SEMVER","events":[{"introduced":"0","fixed":"1.0.0"}]}]"#,
            "exactly one",
        ),
        (
            r#"[{"type":"SEMVER","events":[{"else":"0"}]}]"#,
            "exactly one",
        ),
        (r#"[{"type":"SEMVER","events":[]}]"#, "without events"),
        (r#"[{"type":"SEMVER","events":null}]"#, "without events"),
        (
            r#"[{"type":"SORTED","events":[{"introduced":"0"}]}]"#,
            "SORTED",
        ),
        (r#"[{"events":[{"introduced":"0"}]}]"#, "type"),
        (
            r#"[{"type":"SEMVER","events":[{"introduced":0}]}]"#,
            "string",
        ),
        (
            r#"[{"type":"ECOSYSTEM","events":[{"introduced":"a b"}]}]"#,
            "spaces",
        ),
    ] {
        let error = parse(ranged(ranges).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{ranges}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    for (document, why) in [
        ("", "EOF"),
        ("[]", "invalid length"),
        ("{}", "id"),
        (r#"{"id":""}"#, "not the ID"),
        (r#"{"id":"GO-2024-0001\u001b[2J"}"#, "not the ID"),
        (r#"{"id":"GO-1","aliases":["a b"]}"#, "aliases"),
        (
            r#"{"id":"GO-1","affected":[{"package":{"ecosystem":"Golang","name":"a"}}]}"#,
            "ecosystem Go",
        ),
        (
            r#"{"id":"GO-1","affected":[{"ranges":[]}]}"#,
            "ecosystem Go",
        ),
        (
            r#"{"id":"GO-1","affected":[{"package":{"ecosystem":"Go","name":""}}]}"#,
            "module path",
        ),
        (
            r#"{"id":"GO-1","affected":[{"package":{"ecosystem":"Go","name":"a\u202e b"}}]}"#,
            "module path",
        ),
        (
            r#"{"id":"GO-1","affected":[{"package":{"ecosystem":"Go","name":"a"},"ecosystem_specific":{"imports":[{"symbols":["x"]}]}}]}"#,
            "path",
        ),
        (
            r#"{"id":"GO-1","affected":[{"package":{"ecosystem":"Go","name":"a"},"ecosystem_specific":{"imports":[{"path":"a","symbols":["x\ny"]}]}}]}"#,
            "symbol",
        ),
    ] {
        let error = parse(document.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{document}: {error}");
    }
    let deep = format!(
        r#"{{"id":"GO-1","affected":[{{"package":{{"ecosystem":"Go","name":"a"}},"ecosystem_specific":{}{}}}]}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(
        parse(deep.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("recursion")
    );
    assert!(parse(&NET.as_bytes()[..NET.len() / 2]).is_err());
    // Events out of order are still a range.
    assert!(
        parse(
            ranged(r#"[{"type":"SEMVER","events":[{"fixed":"1.0.0"},{"introduced":"0"}]}]"#)
                .as_bytes()
        )
        .is_ok()
    );
    // Commits are not versions.
    assert!(
        parse(ranged(r#"[{"type":"GIT","events":[{"introduced":"abc"}]}]"#).as_bytes()).is_ok()
    );
}

#[test]
fn the_ecosystem_may_be_in_small_letters() {
    let small = NET.replace(r#""ecosystem": "Go""#, r#""ecosystem": "go""#);
    assert_eq!(database(&[&small]).modules().count(), 2);
}

#[test]
fn versions_without_an_order_make_no_semantic_range() {
    let odd = foreign("GHSA-3333-3333-3333", "", &["a.b/c"]).replace("1.2.3", "RELEASE.2024");
    let database = database(&[&odd]);
    let found = database.for_module("a.b/c").unwrap();
    assert_eq!(found[0].ranges[0].order, Order::Other);
}

#[test]
fn one_id_twice_is_refused() {
    let mut builder = Builder::default();
    builder
        .add(parse(NET.as_bytes()).unwrap().unwrap())
        .unwrap();
    let again = builder.add(parse(NET.as_bytes()).unwrap().unwrap());
    assert_eq!(again, Err(Rejected::Twice("GO-2024-2687".to_owned())));
    let nothing = Builder::default().finish(&About::default(), false);
    assert_eq!(nothing.err(), Some(Rejected::Empty));
}

#[test]
fn damaged_databases_are_refused_or_say_so() {
    let whole = database(&[CUSTOM, NET]);
    let data = whole.as_bytes().to_vec();
    for cut in 0..data.len() {
        assert!(
            Database::open(data[..cut].to_vec()).is_err(),
            "cut at {cut}"
        );
    }
    for at in 0..data.len() {
        let mut changed = data.clone();
        changed[at] ^= 0x55;
        assert!(Database::open(changed.clone()).is_err(), "changed at {at}");
        // A checksum that is made again gets further: it may read otherwise, it may fail, and it comes to an end.
        if let Ok(database) = Database::from_data(Cow::Owned(changed)) {
            for blocks in database.all() {
                for block in blocks.into_iter().flatten() {
                    let _ = (
                        block.entry.id(),
                        block.entry.aliases(),
                        block.entry.summary(),
                    );
                    block.packages.iter().for_each(|p| drop(p.symbols()));
                }
            }
        }
    }
}

#[test]
fn the_table_in_the_program_is_whole() {
    let database = Database::builtin().unwrap();
    compact::check(database.as_bytes()).unwrap();
    assert!(BUILTIN.len() < 400_000, "{} bytes", BUILTIN.len());
    assert!(database.len() > 4_000, "{} entries", database.len());
    assert!(database.about().source.starts_with("golang.org/x/vulndb@v"));
    let (mut blocks, mut symbols) = (0, 0);
    for found in database.all() {
        for block in found.unwrap() {
            blocks += 1;
            assert!(!block.ranges.is_empty());
            for package in &block.packages {
                symbols += package.symbols().unwrap().len();
            }
        }
    }
    assert!(blocks > 6_000 && symbols > 15_000, "{blocks} {symbols}");
    let flood = database.entry("CVE-2023-45288").unwrap().unwrap();
    assert_eq!(flood.id().unwrap(), "GO-2024-2687");
    assert_eq!(flood.summary().unwrap(), None);
}

#[test]
fn changed_documents_are_refused_or_make_a_database() {
    let (mut kept, mut refused) = (0, 0);
    for at in 0..NET.len() {
        for byte in [b'"', b'{', b'0', b'\\', 0, 0xff] {
            let mut changed = NET.as_bytes().to_vec();
            changed[at] = byte;
            match parse(&changed) {
                Ok(Some(document)) => {
                    let mut builder = Builder::default();
                    builder.add(document).unwrap();
                    let database = builder.finish(&About::default(), true).unwrap();
                    for found in database.all() {
                        for block in found.unwrap() {
                            block
                                .packages
                                .iter()
                                .for_each(|p| drop(p.symbols().unwrap()));
                        }
                    }
                    kept += 1;
                }
                Ok(None) => kept += 1,
                Err(why) => {
                    assert!(!why.to_string().contains('\n'), "{why}");
                    refused += 1;
                }
            }
        }
    }
    assert!(kept > 100 && refused > 100, "{kept} {refused}");
}
