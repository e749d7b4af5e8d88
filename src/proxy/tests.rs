//! Proxies and checksum databases on the loopback that give false answers of every kind.

use super::client::Proxies;
use super::environment::Settings;
use super::error::ProxyError;
use super::of_zip;
use super::sumdb::{Store, Sums};
use super::testing::{Kept, Log, NAME, Reply, Server, patience, reply, settings};

type Looked = Result<Vec<(String, String)>, ProxyError>;

/// Looks up `example.com/mN` at a server.
fn look(server: &Server, log: &Log, store: &dyn Store, number: usize) -> Looked {
    let settings = settings(server, &log.key());
    let proxies = Proxies::with(&settings, &patience()).unwrap();
    let mut sums = Sums::with(&settings, &proxies, store, patience())
        .unwrap()
        .unwrap();
    sums.lookup(&format!("example.com/m{number}"), "v1.0.0")
}

fn honest(log: &Log) -> Server {
    let log = log.clone();
    Server::start(move |r| log.answer(&r.path))
}

/// What the error is, which must be one that nothing passes over.
fn lie(looked: Looked) -> String {
    match looked {
        Err(ProxyError::Security(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_is_proven_in_trees_of_every_shape() {
    for (count, wanted) in [
        (1, 0),
        (2, 1),
        (255, 7),
        (256, 255),
        (257, 256),
        (700, 511),
        (700, 699),
    ] {
        let log = Log::of(count);
        let server = honest(&log);
        let kept = Kept::default();
        let sums = look(&server, &log, &kept, wanted).unwrap();
        let pair = |at: &str, sum: String| (at.to_owned(), sum);
        assert_eq!(
            sums,
            [
                pair("v1.0.0", format!("h1:{wanted}=")),
                pair("v1.0.0/go.mod", format!("h1:mod{wanted}="))
            ],
            "{count}"
        );
        assert!(kept.read(&format!("{NAME}/latest")).is_some());
        // The second time, nobody is asked.
        let before = server.requests().len();
        assert_eq!(look(&server, &log, &kept, wanted).unwrap(), sums);
        let again = server.requests()[before..]
            .iter()
            .any(|r| r.path.contains("/lookup/"));
        assert!(!again);
        let missing = look(&server, &log, &kept, count + 5);
        assert!(
            matches!(missing, Err(ProxyError::NotFound(_))),
            "{missing:?}"
        );
    }
}

#[test]
fn a_log_that_grows_is_followed_and_one_that_forks_is_not() {
    let (short, long) = (Log::of(300), Log::of(900));
    let kept = Kept::default();
    look(&honest(&short), &short, &kept, 10).unwrap();
    look(&honest(&long), &long, &kept, 800).unwrap();
    // An older head is on the same line, and does not replace the newer one.
    let old = {
        let (short, long) = (short.clone(), long.clone());
        Server::start(move |r| match r.path.contains("/lookup/") {
            true => short.answer(&r.path),
            false => long.answer(&r.path),
        })
    };
    look(&old, &long, &kept, 20).unwrap();
    let latest = kept.read(&format!("{NAME}/latest")).unwrap();
    assert!(String::from_utf8(latest).unwrap().contains("\n900\n"));
    // The same key, another past: shorter, as long, longer.
    for count in [200, 900, 1000] {
        let mut fork = Log::of(count);
        fork.records[3] = fork.records[3].replace("h1:3", "h1:evil");
        let looked = look(&honest(&fork), &fork, &kept, 3);
        // The short one does not have what would show it.
        let text = match count {
            200 => looked.unwrap_err().to_string(),
            _ => lie(looked),
        };
        let expected = ["does not have the tile", "two histories"];
        assert!(
            text.contains(expected[usize::from(count != 200)]),
            "{count}: {text}"
        );
    }
}

#[test]
fn false_answers_are_refused_with_the_reason() {
    let log = Log::of(600);
    let other = Log {
        seed: [9; 32],
        ..log.clone()
    };
    let evil = log.records[5].replace("h1:5", "h1:evil");
    let lookup = |body: Vec<u8>| {
        let log = log.clone();
        Server::start(move |r| match r.path.contains("/lookup/") {
            true => reply(200, &body),
            false => log.answer(&r.path),
        })
    };
    let swapped = String::from_utf8(log.lookup(5, 600)).unwrap();
    let mut forged = swapped.clone();
    let at = forged.len() - 20;
    let letter = if &forged[at..=at] == "A" { "B" } else { "A" };
    forged.replace_range(at..=at, letter);
    let big_head = log.sign(&format!(
        "go.sum database tree\n{}\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        (1u64 << 61) + 12_345
    ));
    for (what, body, expected) in [
        (
            "a changed sum",
            swapped.replace("h1:5=", "h1:evil="),
            "is not in its signed tree",
        ),
        (
            "another record's number",
            swapped.replacen('5', "6", 1),
            "is not in its signed tree",
        ),
        (
            "a number beyond the tree",
            swapped.replacen('5', "600", 1),
            "does not have",
        ),
        ("a forged signature", forged, "is forged"),
        (
            "another key",
            format!("5\n{evil}\n{}", other.head(600)),
            "not signed by",
        ),
        (
            "a wrong root",
            format!(
                "5\n{}\n{}",
                log.records[5],
                log.sign(
                    "go.sum database tree\n600\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                )
            ),
            "is not in its signed tree",
        ),
        (
            "a tree of no size that exists",
            format!("5\n{}\n{big_head}", log.records[5]),
            "",
        ),
        (
            "no tree head",
            format!("5\n{}\n{}", log.records[5], log.sign("hello\n")),
            "not a tree head",
        ),
        (
            "no note",
            "5\nexample.com/m5 v1.0.0 h1:5=\n\n".to_owned(),
            "not a signed note",
        ),
        ("nothing", String::new(), "malformed record"),
        (
            "a page",
            "<html>please log in</html>".to_owned(),
            "malformed record",
        ),
        (
            "another module's record",
            String::from_utf8(log.lookup(6, 600)).unwrap(),
            "when it was asked for",
        ),
    ] {
        let kept = Kept::default();
        let looked = look(&lookup(body.into_bytes()), &log, &kept, 5);
        match expected {
            "" => assert!(looked.is_err(), "{what}"),
            _ => {
                let text = lie(looked);
                assert!(text.contains(expected), "{what}: {text}");
                assert!(!text.contains('\n'), "{text}");
            }
        }
        // A lie is not kept.
        let files = kept.0.lock().unwrap();
        assert!(!files.keys().any(|name| name.contains("lookup")), "{what}");
    }
}

#[test]
fn tiles_that_are_cut_or_wrong_are_named() {
    let log = Log::of(600);
    let with_tiles = |change: fn(Vec<u8>) -> Vec<u8>| {
        let log = log.clone();
        Server::start(move |r| {
            let mut honest = log.answer(&r.path);
            if r.path.contains("/tile/") {
                honest.body = change(honest.body);
            }
            honest
        })
    };
    let cut = with_tiles(|mut tile| {
        tile.pop();
        tile
    });
    let text = lie(look(&cut, &log, &Kept::default(), 5));
    assert!(text.contains("is truncated"), "{text}");
    let wrong = with_tiles(|tile| tile.iter().map(|b| b ^ 1).collect());
    let text = lie(look(&wrong, &log, &Kept::default(), 5));
    assert!(text.contains("is not in its signed tree"), "{text}");
    let kept = Kept::default();
    let long = with_tiles(|mut tile| {
        tile.extend([0; 9000]);
        tile
    });
    let looked = look(&long, &log, &kept, 5);
    assert!(
        matches!(&looked, Err(ProxyError::Failed(text)) if text.contains("more than")),
        "{looked:?}"
    );
    // Tiles in the cache that were damaged are fetched again.
    look(&honest(&log), &log, &kept, 5).unwrap();
    for (name, bytes) in kept.0.lock().unwrap().iter_mut() {
        if name.contains("/tile/") {
            bytes[0] ^= 1;
        }
    }
    look(&honest(&log), &log, &kept, 6).unwrap();
    // A forged tree head in the cache is not the beginning of a time line.
    kept.write(
        &format!("{NAME}/latest"),
        b"go.sum database tree\n1\nAAAA\n\n- x y\n",
    );
    lie(look(&honest(&log), &log, &kept, 7));
}

#[test]
fn a_partial_tile_that_is_full_by_now_is_cut_from_the_full_one() {
    let (short, long) = (Log::of(300), Log::of(600));
    let (head, tiles) = (short.clone(), long.clone());
    let server = Server::start(move |r| {
        if r.path.contains("/lookup/") {
            return head.answer(&r.path);
        }
        match r.path.contains("/tile/8/0/001.p/44") {
            true => reply(404, b""),
            false => tiles.answer(&r.path),
        }
    });
    look(&server, &short, &Kept::default(), 299).unwrap();
}

#[test]
fn an_endless_answer_ends_and_so_do_redirects() {
    let log = Log::of(3);
    let endless = Server::start(|_| Reply {
        endless: true,
        ..reply(200, b"")
    });
    let looked = look(&endless, &log, &Kept::default(), 1);
    assert!(
        matches!(&looked, Err(ProxyError::Failed(text)) if text.contains("more than")),
        "{looked:?}"
    );
    let circle = Server::start(|r| Reply {
        headers: format!("Location: {}x\r\n", r.path),
        ..reply(302, b"")
    });
    let looked = look(&circle, &log, &Kept::default(), 1);
    assert!(
        matches!(&looked, Err(ProxyError::Failed(text)) if text.contains("redirects more than")),
        "{looked:?}"
    );
    assert!(circle.requests().len() < 20);
}

/// Proxies of these items of GOPROXY.
fn proxies(goproxy: &str) -> Result<Proxies, ProxyError> {
    let settings = Settings {
        goproxy: goproxy.to_owned(),
        gonoproxy: "corp.example,*.corp.example".to_owned(),
        ..Settings::default()
    };
    Proxies::with(&settings, &patience())
}

#[test]
fn proxies_are_asked_in_turn() {
    let has = Server::start(|r| match r.path.as_str() {
        "/example.com/!m/@v/list" => reply(
            200,
            b"v1.2.0\nv1.10.0\nv2.0.0-rc1\nv0.0.0-20200101000000-abcdefabcdef\n",
        ),
        "/example.com/pre/@v/list" => reply(200, b"v1.0.0-rc2\nv1.0.0-rc10\n"),
        "/example.com/commits/@v/list" => reply(
            200,
            b"v0.0.0-20200101000000-ffffffffffff\nv0.0.0-20261105234957-e22db6528018\n",
        ),
        "/example.com/none/@v/list" => reply(200, b""),
        "/example.com/none/@latest" => reply(
            200,
            br#"{"Version":"v0.0.0-20261105234957-e22db6528018","Time":"2026-11-05T23:49:57Z"}"#,
        ),
        "/example.com/odd/@latest" => reply(200, br#"{"Version":"../../etc/passwd"}"#),
        _ => reply(404, b""),
    });
    let empty = Server::start(|_| reply(404, b""));
    let broken = Server::start(|_| reply(500, b""));
    let (has, empty, broken) = (&has.host, &empty.host, &broken.host);
    let latest =
        |goproxy: &str, module: &str| proxies(goproxy).unwrap().latest(module).map(|i| i.version);
    let version = |text: &str| Ok(text.to_owned());
    assert_eq!(
        latest(&format!("http://{has}"), "example.com/M"),
        version("v1.10.0")
    );
    assert_eq!(
        latest(&format!("http://{has}"), "example.com/pre"),
        version("v1.0.0-rc2")
    );
    let pseudo = version("v0.0.0-20261105234957-e22db6528018");
    assert_eq!(
        latest(&format!("http://{has}/"), "example.com/none"),
        pseudo
    );
    let commits = version("v0.0.0-20261105234957-e22db6528018");
    assert_eq!(
        latest(&format!("http://{has}"), "example.com/commits"),
        commits
    );
    assert!(latest(&format!("http://{has}"), "example.com/odd").is_err());
    assert_eq!(
        latest(
            &format!("http://{empty},http://{has},direct"),
            "example.com/M"
        ),
        version("v1.10.0")
    );
    assert_eq!(
        latest(&format!("http://{broken}|http://{has}"), "example.com/M"),
        version("v1.10.0")
    );
    let failed = latest(&format!("http://{broken},http://{has}"), "example.com/M");
    assert!(
        matches!(&failed, Err(ProxyError::Failed(text)) if text.contains("500")),
        "{failed:?}"
    );
    let direct = latest(&format!("http://{empty},direct"), "example.com/M");
    assert!(
        matches!(direct, Err(ProxyError::Direct { .. })),
        "{direct:?}"
    );
    assert_eq!(latest("off", "example.com/M"), Err(ProxyError::Off));
    let gone = latest(&format!("http://{empty}"), "example.com/M");
    assert_eq!(gone, Err(ProxyError::NotFound("example.com/M".to_owned())));
    let private = latest(&format!("http://{has}"), "git.corp.example/x");
    assert!(
        matches!(private, Err(ProxyError::Direct { .. })),
        "{private:?}"
    );
    for bad in [
        ",",
        " ",
        "ftp://a.example",
        "https://",
        "https://a.example?x=1",
        "word",
    ] {
        let error = proxies(bad)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        assert!(error.starts_with("GOPROXY: "), "{bad}: {error}");
    }
}

#[test]
fn a_folder_is_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("example.com/!m/@v");
    std::fs::create_dir_all(&module).unwrap();
    std::fs::write(module.join("list"), "v1.0.0\n").unwrap();
    std::fs::write(module.join("v1.0.0.mod"), "module example.com/M\n").unwrap();
    let proxies = proxies(&format!("file://{}", folder.path().display())).unwrap();
    assert_eq!(proxies.latest("example.com/M").unwrap().version, "v1.0.0");
    let go_mod = proxies.go_mod("example.com/M", "v1.0.0").unwrap();
    assert_eq!(go_mod, b"module example.com/M\n");
    assert!(matches!(
        proxies.zip("example.com/M", "v1.0.0"),
        Err(ProxyError::NotFound(_))
    ));
}

#[test]
fn a_password_goes_to_its_proxy_alone_and_into_no_message() {
    let other = Server::start(|_| reply(200, b""));
    let away = other.host.clone();
    let server = Server::start(move |r| match r.path.ends_with("list") {
        // A server that hands the password back as the name of a host.
        true => Reply {
            headers: "Location: http://s3cr3t.example/\r\n".to_owned(),
            ..reply(307, b"")
        },
        false => Reply {
            headers: format!("Location: http://{away}/x\r\n"),
            ..reply(307, b"")
        },
    });
    let proxies = proxies(&format!("http://me:s3cr3t@{}", server.host)).unwrap();
    for error in [
        proxies.latest("example.com/m").map(|_| ()),
        proxies.zip("example.com/m", "v1.0.0").map(|_| ()),
    ] {
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("without TLS") && !text.contains("s3cr3t"),
            "{text}"
        );
    }
    assert_eq!(server.requests()[0].authorization, "Basic bWU6czNjcjN0");
    assert!(other.requests().is_empty());
}

#[test]
fn settings_of_the_checksum_database_are_checked() {
    let server = Server::start(|_| reply(404, b""));
    let log = Log::of(1);
    let proxies = proxies(&format!("http://{}", server.host)).unwrap();
    let kept = Kept::default();
    let make = |gosumdb: &str| {
        let settings = Settings {
            gosumdb: gosumdb.to_owned(),
            gonosumdb: "corp.example".to_owned(),
            ..Settings::default()
        };
        Sums::with(&settings, &proxies, &kept, patience())
    };
    assert!(make("off").unwrap().is_none());
    let known = make("sum.golang.org").unwrap().unwrap();
    assert_eq!(known.name(), "sum.golang.org");
    assert!(known.is_private("corp.example/x") && !known.is_private("example.com/x"));
    let key = log.key();
    let wrong_hash = key.replacen('+', "+0", 1).replacen("+0", "+f", 1);
    for bad in [
        "",
        "sum.example",
        "a b c",
        "x+1+y",
        wrong_hash.as_str(),
        &format!("{key} ftp://x"),
    ] {
        let error = make(bad).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.starts_with("GOSUMDB: "), "{bad}: {error}");
    }
    // An address in GOSUMDB goes before every proxy.
    let own = log.clone();
    let direct = Server::start(move |r| own.answer(&format!("/sumdb/{NAME}{}", r.path)));
    let mut named = make(&format!("{key} http://{}", direct.host))
        .unwrap()
        .unwrap();
    named.lookup("example.com/m0", "v1.0.0").unwrap();
    assert!(server.requests().is_empty());
}

#[test]
fn bytes_that_are_no_zip_have_no_sum() {
    assert!(matches!(
        of_zip(&b"no zip".as_slice()),
        Err(ProxyError::Failed(_))
    ));
}

/// What a run asks for, in order.
#[test]
fn a_look_up_asks_the_proxy_whether_it_passes_on_and_then_only_the_proxy() {
    let log = Log::of(600);
    let server = honest(&log);
    look(&server, &log, &Kept::default(), 5).unwrap();
    let asked: Vec<String> = server.requests().into_iter().map(|r| r.path).collect();
    let first: Vec<&str> = asked.iter().take(2).map(String::as_str).collect();
    assert_eq!(
        first,
        [
            format!("/sumdb/{NAME}/supported"),
            format!("/sumdb/{NAME}/lookup/example.com/m5@v1.0.0")
        ]
    );
    let tiles = &asked[2..];
    assert!(
        tiles.iter().all(|path| path.contains("/tile/8/")),
        "{tiles:?}"
    );
    assert!(tiles.len() <= 4, "{tiles:?}");
}

/// A record, a tree head and tiles of sum.golang.org as a proxy passed them on (testdata/goproxy).
#[test]
fn a_real_record_is_proven() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/goproxy");
    let settings = Settings {
        goproxy: format!("file://{}", root.display()),
        gosumdb: "sum.golang.org".to_owned(),
        ..Settings::default()
    };
    let proxies = Proxies::with(&settings, &patience()).unwrap();
    let kept = Kept::default();
    let mut sums = Sums::with(&settings, &proxies, &kept, patience())
        .unwrap()
        .unwrap();
    let version = "v0.0.0-20261105234957-e22db6528018";
    let found = sums.lookup("golang.org/x/vulndb", version).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].0, version);
    assert_eq!(
        found[0].1,
        "h1:mfngRv0Yoh0VApsXKEN82CjD99kl7mtparN3bs3JnqI="
    );
    let latest = kept.read("sum.golang.org/latest").unwrap();
    assert!(latest.starts_with(b"go.sum database tree\n72097574\n"));
}
