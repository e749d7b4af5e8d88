//! Unusual forms of containers: a scheme that does not fit its target, sparse files, long names, layers with their own index,
//! images whose command starts another one.

use crate::support::cli::{Output, Scratch, run};
use crate::support::fixture;
use crate::support::pack::Member::File;
use crate::support::pack::{docker_archive, gzip, tar};
use gospect::source::image::Digest;
use serde_json::{Value, json};
use std::process::Command;

const APP: &str = "1.27-linux-amd64-strip";
const WINDOWS: &str = "1.27-windows-amd64-strip";

fn scan(args: &[&str]) -> (Output, Value) {
    let out = run(&[&["scan", "--format=json", "--hash"], args].concat());
    let document = serde_json::from_str(&out.stdout).unwrap();
    (out, document)
}

fn sum(bytes: &[u8]) -> String {
    Digest::of(bytes).hex()
}

/// Last name, size and hash of each program.
fn programs(document: &Value) -> Vec<(String, u64, String)> {
    let all = document["binaries"].as_array().unwrap().iter();
    let mut all: Vec<_> = all
        .map(|b| {
            let entry = b["location"]["entry"].as_array().unwrap();
            let name = entry.last().map_or("", |e| e.as_str().unwrap());
            (
                name.trim_start_matches('/').to_owned(),
                b["size"].as_u64().unwrap(),
                b["sha256"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    all.sort();
    all
}

#[test]
#[cfg(unix)] // for the words of the system
fn a_target_that_does_not_fit_its_scheme_is_refused_in_one_line() {
    let dir = Scratch::new();
    let app = fixture(APP);
    dir.put("app", &app);
    dir.put("text", b"hello\n");
    dir.put("empty", b"");
    dir.put("empty.tar", &[0; 10240]);
    dir.put("app.tar", &tar(&[File("app", &app)]));
    dir.put("app.gz", &gzip(&app));
    dir.put("app.tar.gz", &gzip(&tar(&[File("app", &app)])));
    std::fs::create_dir(dir.path().join("dir")).unwrap();
    let archive =
        "no archive: neither compressed, nor a tar with entries, nor another known container";
    let image = "no image is in it";
    let cases = [
        ("app", archive, archive),
        ("text", archive, archive),
        ("empty", archive, archive),
        ("empty.tar", archive, archive),
        ("dir", "a directory, no archive", "a directory, no archive"),
        (
            "missing",
            "No such file or directory",
            "No such file or directory",
        ),
        ("app.gz", "", image),
        ("app.tar.gz", "", image),
        (
            "app.tar",
            "",
            "no image: neither manifest.json nor index.json is in it",
        ),
    ];
    for (name, as_archive, as_image) in cases {
        let path = dir.path().join(name);
        let path = path.to_str().unwrap();
        for (scheme, want) in [
            ("archive", as_archive),
            ("docker-archive", as_image),
            ("oci-archive", as_image),
            ("oci-dir", "no"),
        ] {
            let (out, document) = scan(&[&format!("{scheme}:{path}")]);
            if want.is_empty() {
                assert_eq!(
                    (out.code, programs(&document).len()),
                    (Some(0), 1),
                    "{name}"
                );
                continue;
            }
            assert_eq!(out.code, Some(2), "{scheme}:{name}");
            assert_eq!(document["binaries"], json!([]), "{scheme}:{name}");
            let lines: Vec<&str> = out.stderr.lines().collect();
            assert_eq!(lines.len(), 1, "{scheme}:{name}: {}", out.stderr);
            let begin = format!("gospect: {path}: ");
            assert!(lines[0].starts_with(&begin), "{}", out.stderr);
            assert!(
                lines[0].to_lowercase().contains(&want.to_lowercase()),
                "{}",
                out.stderr
            );
            assert!(!lines[0].contains("os error"), "{}", out.stderr);
        }
    }
    for (name, code, count) in [
        ("app", 0, 1),
        ("app.tar", 0, 0),
        ("app.gz", 0, 0),
        ("dir", 2, 0),
    ] {
        let target = format!("file:{}", dir.path().join(name).display());
        let (out, document) = scan(&[&target]);
        assert_eq!(
            (out.code, programs(&document).len()),
            (Some(code), count),
            "{name}"
        );
    }
}

#[test]
fn a_forged_length_does_not_hide_a_program() {
    // Header and record of a program, then zeros: nothing else compresses as well.
    let app = fixture(APP);
    let record = memchr::memmem::find(&app, b"\xff Go buildinf:").unwrap() & !0xfff;
    let mut thin = vec![0; app.len()];
    for page in [0, record] {
        thin[page..page + 4096].copy_from_slice(&app[page..page + 4096]);
    }
    let mut packed = gzip(&thin);
    assert!(packed.len() < 16 << 10, "{}", packed.len());
    let dir = Scratch::new();
    let honest = dir.put("a.tar", &tar(&[File("app.gz", &packed)]));
    let at = packed.len() - 4;
    packed[at..].copy_from_slice(&5000u32.to_le_bytes());
    let text = gzip(&b"words ".repeat(800));
    let forged = dir.put(
        "b.tar",
        &tar(&[File("app.gz", &packed), File("text.gz", &text)]),
    );
    let (_, document) = scan(&["--facts=build-info", honest.to_str().unwrap()]);
    assert_eq!(programs(&document).len(), 1);
    let (_, document) = scan(&["--facts=build-info", forged.to_str().unwrap()]);
    assert_eq!(
        document["unexamined"][0]["reason"], "malformed",
        "{document}"
    );
    let path = document["unexamined"][0]["path"].as_str().unwrap();
    assert!(path.ends_with("b.tar!app.gz"), "{path}");
    assert_eq!(
        document["reach"]["below_min_size"], 1,
        "the text is passed over"
    );
}

/// Runs GNU tar; `None`, with a printed reason, if there is none.
fn gnu_tar() -> Option<()> {
    let version = Command::new("tar").arg("--version").output();
    let found = version.is_ok_and(|v| v.stdout.starts_with(b"tar (GNU tar)"));
    if !found {
        crate::support::skipped("tar", "");
    }
    found.then_some(())
}

#[cfg(unix)]
#[test]
fn every_form_of_sparse_files_and_long_names_is_read() {
    use std::os::unix::fs::FileExt;
    let Some(()) = gnu_tar() else { return };
    let dir = Scratch::new();
    let app = fixture(APP);
    let long = [
        "d".repeat(90),
        "e".repeat(90),
        "f".repeat(90),
        "n".repeat(120),
    ]
    .join("/");
    let wide = "w".repeat(200);
    dir.put(&format!("t/{long}"), &app);
    dir.put(&format!("t/{wide}"), &app);
    // More segments than the old header and one further block can hold.
    let holes = dir.put("t/holes", &app);
    let file = std::fs::File::options().write(true).open(&holes).unwrap();
    for i in 1..60 {
        let at = (app.len() as u64).next_multiple_of(4096) + i * 65536;
        file.write_all_at(&[b'x'; 4096], at).unwrap();
    }
    file.set_len(8 << 20).unwrap();
    let plain = (app.len() as u64, sum(&app));
    let holed = (8 << 20, sum(&std::fs::read(&holes).unwrap()));
    let mut want = vec![
        (format!("t/{long}"), plain.0, plain.1.clone()),
        (format!("t/{wide}"), plain.0, plain.1),
        ("t/holes".to_owned(), holed.0, holed.1),
    ];
    want.sort();
    for form in [
        &["--format=gnu"][..],
        &["--format=oldgnu"],
        &["--format=posix", "--sparse-version=0.0"],
        &["--format=posix", "--sparse-version=0.1"],
        &["--format=posix", "--sparse-version=1.0"],
    ] {
        let made = Command::new("tar")
            .current_dir(dir.path())
            .args(["-c", "-S", "--hole-detection=raw", "-f", "t.tar"])
            .args(form)
            .arg("t")
            .status();
        assert!(made.unwrap().success());
        let layer = std::fs::read(dir.path().join("t.tar")).unwrap();
        assert!(
            layer.len() < 6 << 20,
            "{form:?} kept the holes: {}",
            layer.len()
        );
        dir.put("t.tar.gz", &gzip(&layer));
        let image = docker_archive("t:1", "linux/amd64", &json!({}), &[layer]);
        dir.put("image.tar", &image);
        for name in ["t.tar", "t.tar.gz", "image.tar"] {
            let (out, document) = scan(&[
                "--facts=build-info",
                dir.path().join(name).to_str().unwrap(),
            ]);
            assert_eq!(programs(&document), want, "{form:?} {name} {}", out.stderr);
            assert_eq!(document["unexamined"], json!([]), "{form:?} {name}");
        }
    }
}

/// The image `x` with these stored layers, as an OCI layout.
fn layout(dir: &Scratch, config: &Value, layers: &[(Vec<u8>, &str)]) {
    let blob = |bytes: &[u8], kind: &str| {
        dir.put(&format!("x/blobs/sha256/{}", sum(bytes)), bytes);
        json!({
            "mediaType": format!("application/vnd.oci.image.{kind}"),
            "digest": Digest::of(bytes).to_string(), "size": bytes.len(),
        })
    };
    let stored: Vec<Value> = layers
        .iter()
        .map(|(b, kind)| blob(b, &format!("layer.v1.tar+{kind}")))
        .collect();
    let config = blob(config.to_string().as_bytes(), "config.v1+json");
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": stored});
    let manifest = blob(manifest.to_string().as_bytes(), "manifest.v1+json");
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    dir.put("x/index.json", index.to_string().as_bytes());
    dir.put("x/oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
}

#[test]
fn layers_that_carry_an_index_of_their_files_are_ordinary_layers() {
    let app = fixture(APP);
    let whole = tar(&[
        File(".no.prefetch.landmark", b"\x0f"),
        File("bin/app", &app),
    ]);
    let (head, rest) = whole[..whole.len() - 1024].split_at(1024 + 512);
    let (half, rest) = rest.split_at(rest.len() / 2);
    let index = tar(&[File("stargz.index.json", br#"{"version":1,"entries":[]}"#)]);
    // eStargz: a gzip member for each chunk, the index as last file, and an empty member with the index's offset in its extra
    // field.
    let offset: usize = [head, half, rest].iter().map(|p| gzip(p).len()).sum();
    let mark = format!("SG\x16\0{offset:016x}STARGZ");
    let empty = flate2::GzBuilder::new().extra(mark);
    let footer = empty
        .write(Vec::new(), flate2::Compression::none())
        .finish()
        .unwrap();
    let stargz = [gzip(head), gzip(half), gzip(rest), gzip(&index), footer].concat();
    // zstd:chunked: a frame for each chunk, then index and footer in skippable frames.
    let frame = |part: &[u8]| zstd::encode_all(part, 1).unwrap();
    let skipped = |part: &[u8]| {
        let len = u32::try_from(part.len()).unwrap().to_le_bytes();
        [&0x184d_2a50u32.to_le_bytes(), &len[..], part].concat()
    };
    let chunked = [
        frame(head),
        frame(half),
        frame(rest),
        frame(&[0; 1024]),
        skipped(&frame(br#"{"version":1,"entries":[]}"#)),
        skipped(b"\x10\0\0\0\0\0\0\0GNUlInUx"),
    ]
    .concat();
    let content = [head, half, rest].concat();
    let tars = [
        [&content[..], &index].concat(),
        [&content[..], &[0; 1024]].concat(),
    ];
    for ((layer, kind), tar) in [(stargz, "gzip"), (chunked, "zstd")].into_iter().zip(tars) {
        let dir = Scratch::new();
        let config = json!({
            "os": "linux", "architecture": "amd64", "config": {"Cmd": ["/bin/app"]},
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(&tar).to_string()]},
        });
        layout(&dir, &config, &[(layer, kind)]);
        let (out, document) = scan(&["--verify-diffid", dir.path().join("x").to_str().unwrap()]);
        assert_eq!(out.code, Some(0), "{kind} {}", out.stderr);
        let want = ("bin/app".to_owned(), app.len() as u64, sum(&app));
        assert_eq!(programs(&document), [want], "{kind}");
        assert_eq!(document["binaries"][0]["location"]["started"], true);
        assert_eq!(document["unexamined"], json!([]), "{kind}");
    }
}

/// The image's `started` record, and for each program whether it is started.
fn started(platform: &str, config: &Value, members: &[(&str, &[u8])]) -> (Value, Vec<Value>) {
    let members: Vec<_> = members.iter().map(|(n, b)| File(n, b)).collect();
    let dir = Scratch::new();
    let image = docker_archive("x:1", platform, config, &[tar(&members)]);
    let path = dir.put("x.tar", &image);
    let (out, document) = scan(&["--facts=build-info", path.to_str().unwrap()]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let all = document["binaries"].as_array().unwrap().iter();
    (
        document["images"][0]["rootfs"]["started"]["path"].clone(),
        all.map(|b| b["location"]["started"].clone()).collect(),
    )
}

#[test]
fn windows_images_show_what_they_start() {
    let app = fixture(WINDOWS);
    let members = [
        ("Files/app/other.exe", &app[..]),
        ("Files/app/server.exe", &app[..]),
        ("Hives/DefaultUser_Delta", b"regf"),
    ];
    let server = json!("/Files/app/server.exe");
    for config in [
        json!({"Entrypoint": ["C:\\app\\Server.exe"], "Cmd": ["-x"]}),
        json!({"Entrypoint": ["server"], "WorkingDir": "C:\\app"}),
        json!({"Cmd": ["cmd /S /C server.exe -x"], "Env": ["Path=C:\\Windows;C:\\APP"], "ArgsEscaped": true}),
    ] {
        let got = started("windows/amd64", &config, &members);
        assert_eq!(
            got,
            (server.clone(), vec![json!(false), json!(true)]),
            "{config}"
        );
    }
    // System layers are stored elsewhere, so a file that is missing here may exist.
    let config = json!({"Entrypoint": ["powershell", "-File", "start.ps1"]});
    let got = started("windows/amd64", &config, &members);
    assert_eq!(got, (Value::Null, vec![Value::Null, Value::Null]));
}

#[test]
fn the_program_that_a_script_starts_is_unknown() {
    let app = fixture(APP);
    let members = [
        ("bin/app", &app[..]),
        ("bin/sh", b"#"),
        ("entrypoint.sh", b"#!/bin/sh\nexec \"$@\"\n"),
        ("sbin/tini", b"#"),
    ];
    for (words, path, is) in [
        (&["/bin/app"][..], json!("/bin/app"), json!(true)),
        (
            &["tini", "-e", "143", "--", "app"],
            json!("/bin/app"),
            json!(true),
        ),
        (
            &["/bin/sh", "-c", "exec app --port \"$PORT\""],
            json!("/bin/app"),
            json!(true),
        ),
        (
            &["/bin/sh", "-c", "prepare && exec app"],
            json!("/bin/sh"),
            Value::Null,
        ),
        (
            &["/entrypoint.sh", "app"],
            json!("/entrypoint.sh"),
            Value::Null,
        ),
        (
            &["tini", "--", "/entrypoint.sh"],
            json!("/entrypoint.sh"),
            Value::Null,
        ),
        (&["/bin/missing"], Value::Null, json!(false)),
        (&[], Value::Null, json!(false)),
    ] {
        let config = json!({"Env": ["PATH=/bin:/sbin"], "Entrypoint": words});
        let got = started("linux/amd64", &config, &members);
        assert_eq!(got, (path, vec![is]), "{words:?}");
    }
}
