//! `gospect verify` on a program with two public modules, with recorded answers of the checksum database (testdata/verify), and with databases that lie.

use crate::support::cli::{Output, Scratch, command, finish};
use crate::support::pack::{Member, tar};
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use test_support::schema::whole;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/verify")
}

fn program() -> Vec<u8> {
    let file = std::fs::File::open(samples().join("isatty.xz")).unwrap();
    let mut bytes = Vec::new();
    lzma_rust2::XzReader::new(file, false)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// A result of [`Scene::provenance`].
fn expected(code: i32, verdict: &str, state: &str) -> (Option<i32>, String, String) {
    (Some(code), verdict.to_owned(), state.to_owned())
}

/// A home folder, a proxy that has what was recorded, and the program.
struct Scene {
    scratch: Scratch,
}

impl Scene {
    fn new() -> Self {
        let scratch = Scratch::new();
        copy(&samples().join("goproxy"), &scratch.path().join("goproxy"));
        scratch.put("program", &program());
        Self { scratch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Exit code, verdict and state of the signature of the first statement of provenance.
    fn provenance(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let (code, found) = self.json(&[&["--sumdb", "off"], args].concat());
        let row = &found["programs"][0]["provenance"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            code,
            text(&row["verdict"]),
            text(&row["signature"]["state"]),
        )
    }

    /// A file of the recorded database.
    fn recorded(&self, name: &str) -> PathBuf {
        self.path("goproxy/sumdb/sum.golang.org").join(name)
    }

    /// A recorded tile: the first whose path has this in it.
    fn tile(&self, part: &str) -> PathBuf {
        let mut folders = vec![self.recorded("tile/8")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_str().unwrap().contains(part) {
                    return path;
                }
            }
        }
        panic!("no tile with {part}");
    }

    /// Puts what was recorded where the `go` command keeps it.
    fn fill_module_cache(&self) {
        let to = self.path("go/pkg/mod/cache/download/sumdb");
        copy(&self.path("goproxy/sumdb"), &to);
    }

    /// `gospect verify ARGS program`.
    fn run_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Output {
        let home = self.scratch.path();
        let mut command = command();
        command.env("HOME", home).env("LOCALAPPDATA", home);
        command
            .env("USERPROFILE", home)
            .env("GOPATH", self.path("go"));
        command
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("GOENV", "off");
        let proxy = format!("file://{}", self.path("goproxy").display());
        command.env("GOPROXY", proxy);
        command.envs(variables.iter().copied());
        command.current_dir(home).arg("verify").args(args);
        finish(command.arg("program"))
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_with(&[], args)
    }

    fn json(&self, args: &[&str]) -> (Option<i32>, Value) {
        let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
        let out = self.run(&args);
        let value = serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"));
        (out.code, value)
    }
}

/// Module, verdict and source of each row of the only program.
fn rows(document: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let sums = document["programs"][0]["sums"].as_array().unwrap();
    sums.iter()
        .map(|row| {
            (
                text(&row["module"]),
                text(&row["verdict"]),
                text(&row["source"]),
            )
        })
        .collect()
}

fn row(module: &str, verdict: &str, source: &str) -> (String, String, String) {
    (module.to_owned(), verdict.to_owned(), source.to_owned())
}

const ISATTY: &str = "github.com/mattn/go-isatty";
const SYS: &str = "golang.org/x/sys";
const DATABASE: &str = "sum.golang.org";
/// Of github.com/mattn/go-isatty v0.0.20.
const SUM: &[u8] = b"h1:xfD0iDuEKnDkl03q4limB+vH+GxLEtL/jb4xVJSWWEY=";

/// The program with its sum of go-isatty changed in some of its copies.
fn edited(which: &[usize]) -> Vec<u8> {
    let mut bytes = program();
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, SUM).collect();
    assert_eq!(places.len(), 2, "the blob and the linker string");
    for copy in which {
        bytes[places[*copy] + 3] ^= 1;
    }
    bytes
}

#[test]
fn sums_are_equal_by_the_database_by_the_module_cache_and_by_go_sum() {
    let scene = Scene::new();
    let expected = [
        row("example.com/isatty", "none-recorded", "-"),
        row(ISATTY, "equal", DATABASE),
        row(SYS, "equal", DATABASE),
    ];
    let (code, document) = scene.json(&[]);
    assert_eq!((code, rows(&document)), (Some(0), expected.to_vec()));
    assert_eq!(document["database"]["asked"], 2);
    // The look-ups are kept, so that the database need not be asked again.
    std::fs::remove_dir_all(scene.recorded("lookup")).unwrap();
    let (code, again) = scene.json(&[]);
    assert_eq!((code, rows(&again)), (Some(0), expected.to_vec()));

    let scene = Scene::new();
    scene.fill_module_cache();
    std::fs::remove_dir_all(scene.path("goproxy")).unwrap();
    let (code, document) = scene.json(&["--sumdb", "offline"]);
    assert_eq!((code, rows(&document)), (Some(0), expected.to_vec()));
    assert_eq!(document["database"]["mode"], "offline");

    let go_sum = samples().join("go.sum");
    let go_sum = go_sum.to_str().unwrap();
    let (code, document) = scene.json(&["--sumdb", "off", "--go-sum", go_sum]);
    assert_eq!(code, Some(0));
    assert_eq!(rows(&document)[1], row(ISATTY, "equal", go_sum));
}

#[test]
fn documents_are_as_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let scene = Scene::new();
    let (_, good) = scene.json(&[]);
    scene.scratch.put("program", &edited(&[0, 1]));
    let (_, bad) = scene.json(&[]);
    let (_, private) = scene.json(&["--sumdb", "offline", "missing"]);
    for document in [good, bad, private] {
        whole(&schema, &schema, &document).unwrap_or_else(|e| panic!("{e}: {document}"));
    }
}

#[test]
fn an_edited_sum_is_different_in_whichever_copy() {
    let scene = Scene::new();
    scene.fill_module_cache();
    let go_sum = samples().join("go.sum");
    let go_sum = go_sum.to_str().unwrap();
    let ways: [&[&str]; 3] = [
        &[],
        &["--sumdb", "offline"],
        &["--sumdb", "off", "--go-sum", go_sum],
    ];
    for which in [&[0, 1][..], &[0], &[1]] {
        scene.scratch.put("program", &edited(which));
        for args in ways {
            let (code, document) = scene.json(args);
            assert_eq!(code, Some(1), "{which:?} {args:?}");
            let different: Vec<_> = rows(&document)
                .into_iter()
                .filter(|(_, verdict, _)| verdict == "different")
                .collect();
            assert_eq!(different.len(), 1, "{which:?} {args:?}: {different:?}");
            assert_eq!(different[0].0, ISATTY);
            assert_eq!(document["programs"][0]["verdict"], "different");
        }
    }
    // In the formats for people, with both sums.
    scene.scratch.put("program", &edited(&[0, 1]));
    let text = scene.run(&[]).stdout;
    let sum = std::str::from_utf8(SUM).unwrap();
    assert!(text.contains(&format!("{DATABASE} has {sum}")), "{text}");
    let markdown = scene.run(&["--format", "markdown"]).stdout;
    assert!(markdown.contains("❌ different"), "{markdown}");
    let sarif: Value = serde_json::from_str(&scene.run(&["--format", "sarif"]).stdout).unwrap();
    assert_eq!(
        sarif["runs"][0]["results"][0]["ruleId"],
        "module-sum-mismatch"
    );
}

#[test]
fn settings_of_the_go_command_hold() {
    let scene = Scene::new();
    let verdicts = |variables: &[(&str, &str)]| {
        let out = scene.run_with(variables, &["--format", "json"]);
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        let rows = rows(&document).into_iter().skip(1);
        let verdicts: Vec<String> = rows.map(|(_, verdict, _)| verdict).collect();
        (out.code, verdicts.join(" "))
    };
    let expected = |code: i32, text: &str| (Some(code), text.to_owned());
    assert_eq!(
        verdicts(&[("GOPRIVATE", "github.com/mattn")]),
        expected(0, "private equal")
    );
    assert_eq!(
        verdicts(&[
            ("GOPRIVATE", "github.com/mattn"),
            ("GONOSUMDB", "golang.org/x")
        ]),
        expected(0, "equal private")
    );
    assert_eq!(
        verdicts(&[("GOSUMDB", "off")]),
        expected(0, "unknown unknown")
    );
    // Neither of these turns the database off.
    assert_eq!(
        verdicts(&[
            ("GOFLAGS", "-insecure"),
            ("GOINSECURE", "*"),
            ("GONOPROXY", "*")
        ]),
        expected(0, "equal equal")
    );
    // No proxy is named, and there is no go command.
    let nobody = [("GOPROXY", ""), ("PATH", "")];
    assert_eq!(verdicts(&nobody), expected(2, "unknown unknown"));
    let out = scene.run_with(&nobody, &[]);
    assert!(
        out.stderr.contains("set GOPROXY to a module proxy"),
        "{}",
        out.stderr
    );
    let strict = scene.run_with(&[("GOSUMDB", "off")], &["--strict"]);
    assert_eq!(strict.code, Some(2), "{}", strict.stderr);
}

/// A lie never gives `equal`, is named, and makes the exit code 2.
#[test]
fn false_answers_of_a_database_are_reported() {
    let lookup = "lookup/github.com/mattn/go-isatty@v0.0.20";
    let change = |path: &Path, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, change(bytes)).unwrap();
    };
    type Damage<'a> = Box<dyn Fn(&Scene) + 'a>;
    let in_lookup = |from: &'static str, to: &'static str| -> Damage<'_> {
        Box::new(move |scene| {
            change(&scene.recorded(lookup), &|bytes| {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.contains(from), "{text}");
                text.replacen(from, to, 1).into_bytes()
            });
        })
    };
    let forged: Damage<'_> = Box::new(|scene| {
        change(&scene.recorded(lookup), &|mut bytes| {
            let at = bytes.len() - 20;
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            bytes
        });
    });
    let cut: Damage<'_> = Box::new(|scene| {
        change(&scene.tile("/8/0/x1"), &|mut bytes| {
            bytes.pop();
            bytes
        });
        change(&scene.tile("/8/0/x0"), &|mut bytes| {
            bytes.pop();
            bytes
        });
    });
    let wrong: Damage<'_> = Box::new(|scene| {
        for tile in ["/8/0/x1", "/8/0/x0"] {
            change(&scene.tile(tile), &|bytes| {
                bytes.into_iter().map(|b| b ^ 1).collect()
            });
        }
    });
    let cases: [(&str, Damage<'_>, &str); 6] = [
        (
            "a changed sum",
            in_lookup("h1:xfD0", "h1:xfD1"),
            "is not in its signed tree",
        ),
        (
            "another root",
            in_lookup("go.sum database tree\n", "go.sum database tree\n1"),
            "is forged",
        ),
        ("a forged signature", forged, "is forged"),
        (
            "another key",
            in_lookup("— sum.golang.org", "— sum.example.org"),
            "is not signed by",
        ),
        ("a truncated tile", cut, "is truncated"),
        ("a wrong tile", wrong, "is not in its signed tree"),
    ];
    for (what, damage, expected) in cases {
        for args in [&[][..], &["--sumdb", "offline"]] {
            let scene = Scene::new();
            damage(&scene);
            scene.fill_module_cache();
            if args.is_empty() {
                std::fs::remove_dir_all(scene.path("go")).unwrap();
            }
            let out = scene.run(args);
            assert_eq!(out.code, Some(2), "{what} {args:?}: {out:?}");
            assert!(
                out.stderr.contains(expected),
                "{what} {args:?}: {}",
                out.stderr
            );
            let (_, document) = scene.json(args);
            let rows = rows(&document);
            assert_eq!(rows[1].1, "unknown", "{what} {args:?}");
        }
    }
}

#[test]
fn a_missing_module_costs_no_other_result() {
    let scene = Scene::new();
    std::fs::remove_file(scene.recorded("lookup/golang.org/x/sys@v0.30.0")).unwrap();
    let (code, document) = scene.json(&[]);
    assert_eq!(code, Some(0));
    let found = rows(&document);
    assert_eq!(found[1], row(ISATTY, "equal", DATABASE));
    assert_eq!(found[2].1, "unknown");
    let why = document["programs"][0]["sums"][2]["why"].as_str().unwrap();
    assert_eq!(why, "sum.golang.org has no record of it");
    assert_eq!(scene.run(&["--strict"]).code, Some(2));
    let sarif: Value = serde_json::from_str(&scene.run(&["--format", "sarif"]).stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["level"], "warning");
    // The cache is empty: every module is unknown, and no server is asked.
    let (code, document) = Scene::new().json(&["--sumdb", "offline"]);
    assert_eq!((code, rows(&document)[1].1.as_str()), (Some(0), "unknown"));
}

#[test]
fn bad_arguments_and_files_are_named() {
    let scene = Scene::new();
    let out = scene.run(&["--sumdb", "off"]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr.contains("nothing to verify against"),
        "{}",
        out.stderr
    );
    scene
        .scratch
        .put("bad.sum", b"a v1.0.0 h1:x=\nmodule example.com/m\n");
    let out = scene.run(&["--go-sum", "bad.sum"]);
    assert_eq!(out.code, Some(2));
    assert!(out.stderr.contains("bad.sum: line 2 "), "{}", out.stderr);
    scene.scratch.put("program", b"#!/bin/sh\n");
    assert_eq!(scene.run(&[]).code, Some(3));
}

#[test]
fn records_give_what_the_file_gives() {
    let scene = Scene::new();
    scene.scratch.put("program", &edited(&[1]));
    let mut scan = command();
    scan.current_dir(scene.scratch.path());
    let records = finish(scan.args(["scan", "--format", "ndjson", "program"])).raw;
    let (code, of_file) = scene.json(&[]);
    scene.scratch.put("all.ndjson", &records);
    std::fs::remove_file(scene.path("program")).unwrap();
    std::fs::rename(scene.path("all.ndjson"), scene.path("program")).unwrap();
    let home = scene.scratch.path();
    let mut verify = command();
    verify
        .env("HOME", home)
        .env("GOENV", "off")
        .env("XDG_CACHE_HOME", home.join("cache"));
    verify.env(
        "GOPROXY",
        format!("file://{}", scene.path("goproxy").display()),
    );
    verify
        .current_dir(home)
        .args(["verify", "--format", "json", "records:program"]);
    let out = finish(&mut verify);
    assert_eq!((out.code, code), (Some(1), Some(1)));
    let of_records: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(of_records["programs"], of_file["programs"]);
}

/// The parts of the schema that belong to the record are those of its own schema.
#[test]
fn the_schema_has_the_parts_of_the_record() {
    let read = |name: &str| -> Value {
        let place = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(name);
        serde_json::from_slice(&std::fs::read(place).unwrap()).unwrap()
    };
    let (schema, record) = (read("verify.schema.json"), read("record.schema.json"));
    for name in ["Location", "ImageRef", "LayerRef", "Unexamined", "Reason"] {
        let (part, own) = (&schema["$defs"][name], &record["$defs"][name]);
        assert_eq!(part, own, "{name}: copy it from record.schema.json");
    }
}

/// A document of testdata/verify/provenance.
fn document(name: &str) -> String {
    let path = samples().join("provenance").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn provenance_is_compared_and_says_how_far_its_signature_was_looked_at() {
    let scene = Scene::new();
    let (key, envelope) = (document("key.pub"), document("envelope.json"));
    let verdict_of = |args: &[&str]| scene.provenance(args);
    assert_eq!(
        verdict_of(&["--provenance", &document("statement.json")]),
        expected(0, "equal", "unsigned")
    );
    assert_eq!(
        verdict_of(&["--provenance", &envelope]),
        expected(0, "equal", "not-checked")
    );
    assert_eq!(
        verdict_of(&["--provenance", &envelope, "--key", &key]),
        expected(0, "equal", "valid")
    );
    // A document with another signature than that of the key.
    let mut other: Value =
        serde_json::from_str(&std::fs::read_to_string(&envelope).unwrap()).unwrap();
    let signature = other.pointer_mut("/signatures/0/sig").unwrap();
    let mut bytes = signature.as_str().unwrap().as_bytes().to_vec();
    bytes[20] = if bytes[20] == b'A' { b'B' } else { b'A' };
    *signature = Value::String(String::from_utf8(bytes).unwrap());
    scene
        .scratch
        .put("other.json", other.to_string().as_bytes());
    assert_eq!(
        verdict_of(&["--provenance", "other.json", "--key", &key]),
        expected(1, "different", "invalid")
    );
    // A document from which the signatures were taken.
    let mut stripped: Value =
        serde_json::from_str(&std::fs::read_to_string(&envelope).unwrap()).unwrap();
    stripped["signatures"] = serde_json::json!([]);
    scene
        .scratch
        .put("stripped.json", stripped.to_string().as_bytes());
    for unsigned in ["stripped.json", &document("statement.json")] {
        assert_eq!(
            verdict_of(&["--provenance", unsigned, "--key", &key]),
            expected(1, "different", "invalid")
        );
        assert_eq!(
            verdict_of(&[
                "--provenance",
                unsigned,
                "--trusted-root",
                &document("trusted_root.json")
            ]),
            expected(1, "different", "invalid")
        );
    }
    let text = scene
        .run(&["--sumdb", "off", "--provenance", &envelope])
        .stdout;
    assert!(text.contains("parsed, signature not checked"), "{text}");
    assert!(!text.contains("verified"), "{text}");

    // A program that the document is not about.
    scene.scratch.put("program", &edited(&[0, 1]));
    assert_eq!(
        verdict_of(&["--provenance", &envelope, "--key", &key]),
        expected(1, "different", "not-checked")
    );
    // In an archive: the program itself is the subject.
    let archive = tar(&[Member::File("bin/isatty", &program())]);
    scene.scratch.put("program", &archive);
    assert_eq!(
        verdict_of(&["--provenance", &envelope]),
        expected(0, "equal", "not-checked")
    );

    // A bundle that fails verification.
    let bundle = std::fs::read_to_string(document("npm.sigstore.json")).unwrap();
    let mut changed: Value = serde_json::from_str(&bundle).unwrap();
    let hash = "/verificationMaterial/tlogEntries/0/inclusionProof/rootHash";
    let hash = changed.pointer_mut(hash).unwrap();
    *hash = Value::String(hash.as_str().unwrap().replacen(char::is_alphabetic, "z", 1));
    scene
        .scratch
        .put("bad.json", changed.to_string().as_bytes());
    let root = document("trusted_root.json");
    let out = scene.run(&[
        "--sumdb",
        "off",
        "--provenance",
        "bad.json",
        "--trusted-root",
        &root,
    ]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr.contains("bad.json: does not hold"),
        "{}",
        out.stderr
    );
    let out = scene.run(&["--provenance", &document("key.pub")]);
    assert_eq!(out.code, Some(2));
    assert!(out.stderr.contains("is not JSON"), "{}", out.stderr);
}

/// A bundle that signs the program as a whole file: only a valid signature counts.
#[test]
fn the_signature_of_the_whole_file_is_checked() {
    let scene = Scene::new();
    let sample = |name: &str| {
        let path = samples().join("file-signature").join(name);
        path.to_str().unwrap().to_owned()
    };
    let (signed, by_key) = (
        sample("certificate.sigstore.json"),
        sample("key.sigstore.json"),
    );
    let (root, key) = (sample("root.json"), sample("key.pub"));
    let verdict_of = |args: &[&str]| scene.provenance(args);
    assert_eq!(
        verdict_of(&["--provenance", &signed]),
        expected(0, "unknown", "not-checked")
    );
    let with_root = ["--provenance", &signed, "--trusted-root", &root];
    assert_eq!(verdict_of(&with_root), expected(0, "equal", "valid"));
    let signed_by =
        |identity: &str| verdict_of(&[&with_root[..], &["--signer-identity", identity]].concat());
    assert_eq!(
        signed_by("https://github.com/example/isatty/*"),
        expected(0, "equal", "valid")
    );
    assert_eq!(
        signed_by("me@example.com"),
        expected(1, "different", "other-signer")
    );
    let with_key = ["--provenance", &by_key, "--key", &key];
    assert_eq!(verdict_of(&with_key), expected(0, "equal", "valid"));
    assert_eq!(
        verdict_of(&[&with_key[..], &["--trusted-root", &root]].concat()),
        expected(0, "equal", "valid")
    );
    // Anybody gets a certificate: beside a key it counts only for the signer that was named.
    let both = [&with_root[..], &["--key", &key]].concat();
    assert_eq!(verdict_of(&both).1, "different");
    let named = "https://github.com/example/isatty/*";
    assert_eq!(
        verdict_of(&[&both[..], &["--signer-identity", named]].concat()),
        expected(0, "equal", "valid")
    );
    // By another key than the given one: a difference.
    let other = document("key.pub");
    assert_eq!(
        verdict_of(&["--provenance", &by_key, "--key", &other]),
        expected(1, "different", "invalid")
    );
    // One byte of the proof: named, exit code 2, whichever way it is signed.
    for (name, trust) in [
        (&signed, &["--trusted-root", &root][..]),
        (&by_key, &["--trusted-root", &root, "--key", &key]),
    ] {
        let mut changed: Value =
            serde_json::from_str(&std::fs::read_to_string(name).unwrap()).unwrap();
        let hash = "/verificationMaterial/tlogEntries/0/inclusionProof/hashes/0";
        let hash = changed.pointer_mut(hash).unwrap();
        let mut bytes = hash.as_str().unwrap().as_bytes().to_vec();
        bytes[9] = if bytes[9] == b'A' { b'B' } else { b'A' };
        *hash = Value::String(String::from_utf8(bytes).unwrap());
        scene
            .scratch
            .put("bad.json", changed.to_string().as_bytes());
        let args = [&["--sumdb", "off", "--provenance", "bad.json"], trust].concat();
        let out = scene.run(&args);
        assert_eq!(out.code, Some(2), "{out:?}");
        assert!(
            out.stderr.contains("bad.json: ") && out.stderr.contains("does not hold"),
            "{}",
            out.stderr
        );
        assert!(out.stdout.contains("different"), "{}", out.stdout);
        assert!(!out.stdout.contains("verified"), "{}", out.stdout);
    }
    // A changed program is another file.
    let whole = program();
    scene.scratch.put("program", &edited(&[0, 1]));
    assert_eq!(
        verdict_of(&with_root),
        expected(1, "different", "not-checked")
    );
    // In an archive, the digest is the only thing that is known of the signed file.
    let archive = tar(&[Member::File("bin/isatty", &whole)]);
    scene.scratch.put("program", &archive);
    assert_eq!(
        verdict_of(&with_root),
        expected(0, "unknown", "not-checked")
    );
    let strict = [&with_root[..], &["--strict"]].concat();
    assert_eq!(verdict_of(&strict), expected(2, "unknown", "not-checked"));
}

/// The checkout that the program was built in.
fn checkout(scene: &Scene) -> PathBuf {
    let file = std::fs::File::open(samples().join("checkout.tar.xz")).unwrap();
    let mut bytes = Vec::new();
    lzma_rust2::XzReader::new(file, false)
        .read_to_end(&mut bytes)
        .unwrap();
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 512).filter(|head| head[0] != 0) {
        let text = |range: std::ops::Range<usize>| {
            let field = &head[range];
            let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
            String::from_utf8(field[..end].to_vec()).unwrap()
        };
        let size = usize::from_str_radix(text(124..136).trim(), 8).unwrap();
        let body = &bytes[at + 512..at + 512 + size];
        match head[156] {
            b'5' => std::fs::create_dir_all(scene.path(&text(0..100))).unwrap(),
            _ => drop(scene.scratch.put(&text(0..100), body)),
        }
        at += 512 + size.div_ceil(512) * 512;
    }
    scene.path("isatty")
}

/// In a repository with several modules, the module of the program is found.
#[test]
fn the_module_of_a_program_is_found_in_its_repository() {
    let scene = Scene::new();
    let folder = checkout(&scene);
    std::fs::create_dir_all(folder.join("cmd/tool")).unwrap();
    for name in ["go.mod", "go.sum", "main.go"] {
        std::fs::rename(folder.join(name), folder.join("cmd/tool").join(name)).unwrap();
    }
    std::fs::write(folder.join("go.mod"), "module example.com/other\n").unwrap();
    let (_, found) = scene.json(&["--sumdb", "off", "--source", "isatty"]);
    let source = &found["programs"][0]["source"];
    let place = source["folder"].as_str().unwrap();
    assert!(place.ends_with("cmd/tool"), "{place}");
    let sentence = source["sentence"].as_str().unwrap();
    assert!(
        sentence.ends_with("all 2 of its sums are those of that go.sum"),
        "{sentence}"
    );
}

/// The signer may also be given by the flags of cosign, and needs a trusted root.
#[test]
fn the_signer_needs_a_root_and_a_root_something_signed() {
    let scene = Scene::new();
    let root = document("trusted_root.json");
    for args in [
        &["--signer-identity", "me"][..],
        &["--certificate-oidc-issuer", "https://x"],
    ] {
        let out = scene.run(args);
        assert_eq!(out.code, Some(2), "{out:?}");
        assert!(out.stderr.contains("--trusted-root"), "{}", out.stderr);
    }
    let out = scene.run(&["--trusted-root", &root]);
    assert_eq!(out.code, Some(2), "{out:?}");
    assert!(
        out.stderr
            .contains("--provenance FILE, or a registry: target"),
        "{}",
        out.stderr
    );
    // The bundle is about another file, so the program differs, whoever signed.
    let bundle = document("npm.sigstore.json");
    let signed = |identity: &str| {
        let args = [
            "--sumdb",
            "off",
            "--provenance",
            &bundle,
            "--trusted-root",
            &root,
            "--signer-identity",
            identity,
        ];
        scene.run(&args).code
    };
    assert_eq!(signed("https://github.com/sigstore/sigstore-js/*"), Some(1));
    assert_eq!(signed("https://github.com/other/*"), Some(1));
}

#[test]
fn a_checkout_is_compared_without_git() {
    let scene = Scene::new();
    let folder = checkout(&scene);
    let verdict_of = || {
        let (code, found) = scene.json(&["--sumdb", "off", "--source", "isatty"]);
        let row = found["programs"][0]["source"].clone();
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        (code, text("verdict"), text("sentence"))
    };
    let (code, verdict, sentence) = verdict_of();
    assert_eq!((code, verdict.as_str()), (Some(0), "equal"), "{sentence}");
    assert!(
        sentence
            .ends_with(", which is tag v1.0.0, clean; all 2 of its sums are those of that go.sum"),
        "{sentence}"
    );
    // An untracked file makes the tree modified, an ignored one does not.
    std::fs::write(folder.join(".git/info/exclude"), "*.log\n").unwrap();
    std::fs::write(folder.join("build.log"), "x").unwrap();
    assert!(verdict_of().2.contains(", clean"), "{}", verdict_of().2);
    std::fs::write(folder.join("new.go"), "package main\n").unwrap();
    assert!(
        verdict_of().2.contains("the checkout has changes"),
        "{}",
        verdict_of().2
    );
    std::fs::remove_file(folder.join("new.go")).unwrap();
    // A filter of the configuration is not run.
    let mark = folder.join("build.log.ran");
    let config = folder.join(".git/config");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str(&format!(
        "[filter \"x\"]\n\tclean = touch {}\n",
        mark.display()
    ));
    std::fs::write(&config, text).unwrap();
    std::fs::write(folder.join(".git/info/attributes"), "*.go filter=x\n").unwrap();
    let main = folder.join("main.go");
    let changed = std::fs::read_to_string(&main)
        .unwrap()
        .replace("println", "print");
    std::fs::write(&main, changed).unwrap();
    let (code, _, sentence) = verdict_of();
    assert_eq!(code, Some(0));
    assert!(sentence.contains("the checkout has changes"), "{sentence}");
    assert!(!mark.exists());
    // Another sum in go.sum.
    let go_sum = std::fs::read_to_string(folder.join("go.sum")).unwrap();
    std::fs::write(folder.join("go.sum"), go_sum.replace("h1:xfD0", "h1:xfD1")).unwrap();
    let (code, verdict, sentence) = verdict_of();
    assert_eq!((code, verdict.as_str()), (Some(1), "different"));
    assert!(
        sentence.contains("1 of its sums are not those"),
        "{sentence}"
    );
    // Another commit.
    std::fs::write(
        folder.join(".git/refs/heads/main"),
        format!("{}\n", "ab".repeat(20)),
    )
    .unwrap();
    let out = scene.run(&["--sumdb", "off", "--source", "isatty"]);
    assert_eq!(out.code, Some(2), "{out:?}");
    assert!(
        out.stderr.contains("isatty: the checkout cannot be read"),
        "{}",
        out.stderr
    );
    let out = scene.run(&["--sumdb", "off", "--source", "goproxy"]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr.contains("goproxy: not in a checkout of git"),
        "{}",
        out.stderr
    );
}
