//! Images and archives on the command line: which programs are found, and what is reported about their places.

use crate::support::cli::{Output, Scratch, command, finish};
use crate::support::fixture;
use crate::support::pack::Member::{File, HardLink};
use crate::support::pack::{docker_archive, gzip, tar, zip};
use gospect::source::image::Digest;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

const OLD: &str = "1.21-linux-amd64-strip";
const NEW: &str = "1.27-linux-amd64-strip";
const ARM: &str = "1.27-linux-arm64-trimstrip";

/// A Unix archive, the container of a Debian package.
fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, body) in members {
        out.extend(
            format!(
                "{name:<16}{:<12}0     0     100644  {:<10}`\n",
                0,
                body.len()
            )
            .bytes(),
        );
        out.extend(*body);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

fn blob(dir: &Path, bytes: &[u8]) -> Value {
    let digest = Digest::of(bytes);
    std::fs::create_dir_all(dir.join("blobs/sha256")).unwrap();
    std::fs::write(dir.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
    json!({"digest": digest.to_string(), "size": bytes.len()})
}

fn typed(mut descriptor: Value, kind: &str) -> Value {
    descriptor["mediaType"] = format!("application/vnd.oci.image.{kind}").into();
    descriptor
}

/// Writes the blobs of an image and returns its descriptor.
fn image(dir: &Path, arch: &str, tars: &[Vec<u8>]) -> Value {
    let layers: Vec<Value> = tars
        .iter()
        .enumerate()
        .map(|(i, tar)| match i % 3 {
            0 => typed(blob(dir, &gzip(tar)), "layer.v1.tar+gzip"),
            1 => typed(
                blob(dir, &zstd::encode_all(tar.as_slice(), 1).unwrap()),
                "layer.v1.tar+zstd",
            ),
            _ => typed(blob(dir, tar), "layer.v1.tar"),
        })
        .collect();
    let ids: Vec<String> = tars.iter().map(|t| Digest::of(t).to_string()).collect();
    let history: Vec<Value> = (0..tars.len())
        .map(|i| json!({"created_by": format!("COPY step {i}")}))
        .collect();
    let config = json!({
        "os": "linux", "architecture": arch,
        "config": {
            "Env": ["PATH=/usr/bin:/bin", "GODEBUG=http2client=0"],
            "Entrypoint": ["app", "--serve"], "User": "1000",
            "Labels": {"org.opencontainers.image.version": "v9.9.9"},
        },
        "rootfs": {"type": "layers", "diff_ids": ids}, "history": history,
    });
    let config = typed(blob(dir, config.to_string().as_bytes()), "config.v1+json");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": layers,
    });
    let mut descriptor = typed(
        blob(dir, manifest.to_string().as_bytes()),
        "manifest.v1+json",
    );
    descriptor["platform"] = json!({"os": "linux", "architecture": arch});
    descriptor
}

fn index(dir: &Path, manifests: &[Value]) {
    let index = json!({"schemaVersion": 2, "manifests": manifests});
    std::fs::write(dir.join("index.json"), index.to_string()).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

/// `/bin/app` of Go 1.21, replaced by one of 1.27; `/bin/gone`, deleted; and a hard link.
fn layers() -> Vec<Vec<u8>> {
    let (old, new) = (fixture(OLD), fixture(NEW));
    vec![
        tar(&[File("bin/app", &old), File("bin/gone", &old)]),
        tar(&[File("bin/app", &new), HardLink("bin/twin", "bin/app")]),
        tar(&[File("bin/.wh.gone", b""), File("etc/motd", b"hello\n")]),
    ]
}

fn layout(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let amd64 = image(dir, "amd64", &layers());
    index(dir, &[amd64]);
}

fn scan(args: &[&str], stdin: Option<&[u8]>) -> (Output, Vec<Value>) {
    let mut command = command();
    command.args(["scan", "--format=ndjson"]).args(args);
    let out = match stdin {
        None => finish(&mut command),
        Some(bytes) => {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(bytes).unwrap();
            let out = child.wait_with_output().unwrap();
            Output {
                code: out.status.code(),
                stdout: String::from_utf8(out.stdout.clone()).unwrap(),
                stderr: String::from_utf8(out.stderr).unwrap(),
                raw: out.stdout,
            }
        }
    };
    let lines = out
        .stdout
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    (out, lines)
}

fn lines_of_type<'l>(lines: &'l [Value], kind: &str) -> Vec<&'l Value> {
    lines.iter().filter(|l| l["type"] == kind).collect()
}

/// Path, layer, visible, started and Go version of each program, sorted.
fn summary_of_programs(lines: &[Value]) -> Vec<Value> {
    let mut all: Vec<Value> = lines_of_type(lines, "binary")
        .iter()
        .map(|b| {
            let l = &b["location"];
            json!([
                l["entry"][0],
                l["layer"]["index"],
                l["visible"],
                l["started"],
                b["go_version"]
            ])
        })
        .collect();
    all.sort_by_key(Value::to_string);
    all
}

fn expected() -> Vec<Value> {
    let old = crate::support::fixtures::row(OLD).toolchain.clone();
    let new = crate::support::fixtures::row(NEW).toolchain.clone();
    vec![
        json!(["/bin/app", 0, false, false, old]),
        json!(["/bin/app", 1, true, true, new]),
        json!(["/bin/gone", 0, false, false, old]),
        json!(["/bin/twin", 1, true, false, new]),
    ]
}

/// The layout as one tar.
fn packed(dir: &Path) -> Vec<u8> {
    let mut files = vec!["oci-layout".to_owned(), "index.json".to_owned()];
    for blob in std::fs::read_dir(dir.join("blobs/sha256")).unwrap() {
        files.push(format!(
            "blobs/sha256/{}",
            blob.unwrap().file_name().to_str().unwrap()
        ));
    }
    let bodies: Vec<_> = files
        .iter()
        .map(|f| std::fs::read(dir.join(f)).unwrap())
        .collect();
    let members: Vec<_> = files.iter().zip(&bodies).map(|(f, b)| File(f, b)).collect();
    tar(&members)
}

/// The format of `docker save` before it used blobs.
fn saved() -> Vec<u8> {
    let config = json!({"Env": ["PATH=/bin", "GODEBUG=http2client=0"], "Cmd": ["/bin/app"]});
    docker_archive("shop:1.2", "linux/amd64", &config, &layers())
}

#[test]
fn a_layout_an_archive_and_a_stream_of_it_read_the_same() {
    let s = Scratch::new();
    let dir = s.path().join("app");
    layout(&dir);
    let archive = s.put("app.tar", &packed(&dir));
    let target = format!("oci-dir:{}", dir.display());
    let (out, lines) = scan(&[&target], None);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert_eq!(summary_of_programs(&lines), expected());
    let image = lines_of_type(&lines, "image")[0];
    assert_eq!(image["platform"], "linux/amd64");
    assert_eq!(image["user"], "1000");
    assert_eq!(image["entrypoint"], json!(["app", "--serve"]));
    assert_eq!(
        image["labels"]["org.opencontainers.image.version"],
        "v9.9.9"
    );
    assert_eq!(image["layers"][1]["created_by"], "COPY step 1");
    assert_eq!(image["aliases"], json!([]));
    let stored: u64 = (image["layers"].as_array().unwrap().iter())
        .map(|layer| layer["size"].as_u64().unwrap())
        .sum();
    let read = |lines: &[Value]| {
        lines_of_type(lines, "end")[0]["reach"]["bytes"]
            .as_u64()
            .unwrap()
    };
    assert!(read(&lines) >= stored, "{} of {stored}", read(&lines));
    for binary in lines_of_type(&lines, "binary") {
        let effective = binary["godebug"]["effective"].as_array().unwrap();
        let client = effective
            .iter()
            .find(|e| e["key"] == "http2client")
            .unwrap();
        assert_eq!(
            [&client["value"], &client["origin"]],
            ["0", "environment"],
            "{}",
            binary["path"]
        );
    }
    for args in [
        vec![format!("oci-archive:{}", archive.display())],
        vec![archive.display().to_string()],
        // Found in a walk, once as a directory and once as an archive.
        vec![format!("dir:{}", s.path().display())],
    ] {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let (out, lines) = scan(&args, None);
        assert_eq!(out.code, Some(0), "{args:?} {}", out.stderr);
        let mut want = expected();
        if args[0].starts_with("dir:") {
            want.extend(expected());
            want.sort_by_key(Value::to_string);
        }
        assert_eq!(summary_of_programs(&lines), want, "{args:?}");
    }
    let (out, lines) = scan(&["-"], Some(&packed(&dir)));
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert_eq!(summary_of_programs(&lines), expected());
    assert!(read(&lines) >= stored, "{} of {stored}", read(&lines));
}

/// A `dir:` directory of `skopeo copy`: blobs beside the manifest, named by their hex digits.
#[test]
fn an_image_copied_into_a_directory_is_found_in_a_walk() {
    let s = Scratch::new();
    let (layout_dir, flat) = (s.path().join("layout"), s.path().join("walk/flat"));
    layout(&layout_dir);
    std::fs::create_dir_all(&flat).unwrap();
    let index = std::fs::read(layout_dir.join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let manifest = index["manifests"][0]["digest"].as_str().unwrap();
    for blob in std::fs::read_dir(layout_dir.join("blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        let name = blob.file_name();
        let name = match manifest.ends_with(name.to_str().unwrap()) {
            true => "manifest.json".into(),
            false => name,
        };
        std::fs::copy(blob.path(), flat.join(name)).unwrap();
    }
    std::fs::write(flat.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    let walk = s.path().join("walk");
    let (out, lines) = scan(&[walk.to_str().unwrap()], None);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert_eq!(summary_of_programs(&lines), expected());
}

#[test]
fn docker_save_is_read_from_a_file_and_from_a_stream() {
    let s = Scratch::new();
    let path = s.put("shop.tar", &saved());
    for (args, stdin) in [
        (path.to_str().unwrap(), None),
        ("-", Some(saved())),
        ("-", Some(gzip(&saved()))),
    ] {
        let (out, lines) = scan(&[args], stdin.as_deref());
        assert_eq!(out.code, Some(0), "{args} {}", out.stderr);
        assert_eq!(summary_of_programs(&lines), expected(), "{args}");
    }
}

#[test]
fn a_platform_is_one_of_several() {
    let s = Scratch::new();
    let amd64 = image(s.path(), "amd64", &[tar(&[File("bin/app", &fixture(NEW))])]);
    let arm64 = image(s.path(), "arm64", &[tar(&[File("bin/app", &fixture(ARM))])]);
    index(s.path(), &[amd64, arm64]);
    let target = format!("oci-dir:{}", s.path().display());
    let arches = |args: &[&str]| -> Vec<String> {
        let (out, lines) = scan(args, None);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        lines_of_type(&lines, "binary")
            .iter()
            .map(|b| b["executable"]["arch"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(arches(&[&target]), ["amd64", "arm64"]);
    assert_eq!(arches(&[&target, "--platform=linux/arm64"]), ["arm64"]);
}

#[test]
fn a_wrong_or_missing_layer_fails_and_the_rest_is_reported() {
    type Damage = fn(&Path);
    let damage: [(&str, Damage); 2] = [
        ("digest", |p| {
            let mut bytes = std::fs::read(p).unwrap();
            // The operating system byte of the gzip header, so that the content stays readable.
            bytes[9] ^= 1;
            std::fs::write(p, bytes).unwrap();
        }),
        ("missing", |p| std::fs::remove_file(p).unwrap()),
    ];
    for (word, harm) in damage {
        let s = Scratch::new();
        layout(s.path());
        let digest = Digest::of(&gzip(&layers()[0]));
        harm(&s.path().join("blobs/sha256").join(digest.hex()));
        let (out, lines) = scan(&[&format!("oci-dir:{}", s.path().display())], None);
        assert_eq!(out.code, Some(2), "{word}");
        let problems = lines_of_type(&lines, "unexamined");
        assert!(
            problems
                .iter()
                .any(|p| p["detail"].as_str().unwrap().contains(word)),
            "{word}: {problems:?}"
        );
        assert!(
            summary_of_programs(&lines)
                .iter()
                .any(|t| t[0] == "/bin/twin" && t[2] == true),
            "{word}"
        );
    }
}

#[test]
fn archives_give_paths_through_them() {
    let s = Scratch::new();
    let app = fixture(NEW);
    let plain = tar(&[
        File("./bin/app", &app),
        HardLink("bin/also", "bin/app"),
        File("README", b"text"),
    ]);
    let debian = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &gzip(&tar(&[]))),
        ("data.tar.gz", &gzip(&plain)),
    ]);
    s.put("d/a.tar.gz", &gzip(&plain));
    s.put("d/b.zip", &zip("app", &app));
    s.put("d/c.deb", &debian);
    s.put("d/e.tar", &tar(&[File("in/b.zip", &zip("app", &app))]));
    s.put("d/f.gz", &gzip(&app));
    s.put("d/small.gz", &gzip(b"not a program"));
    // Paths use slashes on every system.
    let prefix = format!("{}/", s.path().join("d").display()).replace('\\', "/");
    for target in [
        s.path().join("d").display().to_string(),
        format!("dir:{}", s.path().join("d").display()),
    ] {
        let (out, lines) = scan(&[&target], None);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let paths: Vec<_> = lines_of_type(&lines, "binary")
            .iter()
            .map(|b| b["path"].as_str().unwrap().replace(&prefix, ""))
            .collect();
        assert_eq!(
            paths,
            [
                "a.tar.gz!bin/app",
                "a.tar.gz!bin/also",
                "b.zip!app",
                "c.deb!bin/app",
                "c.deb!bin/also",
                "e.tar!in/b.zip!app",
                "f.gz",
            ]
        );
        assert!(lines_of_type(&lines, "unexamined").is_empty());
    }
}

fn xz(bytes: &[u8], window: u32) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    options.lzma_options.dict_size = window;
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Waiting for memory that the same walk holds would never end: compressed streams inside compressed streams, in a file and on
/// standard input, with windows of which only one may be used at a time, and with a budget that one window fills.
#[test]
fn compression_inside_compression_ends() {
    let (done, ended) = std::sync::mpsc::channel();
    let work = std::thread::spawn(move || {
        let s = Scratch::new();
        let app = fixture(NEW);
        let plain = tar(&[File("bin/app", &app)]);
        for (window, memory) in [(12 << 20, "512M"), (12 << 20, "12M"), (6 << 20, "6M")] {
            let layer = xz(&plain, window);
            let archive = xz(&tar(&[File("in.tar.xz", &layer)]), window);
            let config = json!({"Entrypoint": ["/bin/app"]});
            let layers = [layer.clone(), layer];
            let image = xz(
                &docker_archive("a:1", "linux/amd64", &config, &layers),
                window,
            );
            for (name, bytes, found) in [
                ("archive.tar.xz", archive, "!in.tar.xz!bin/app"),
                ("image.tar.xz", image, "/bin/app"),
            ] {
                let path = s.put(name, &bytes).display().to_string();
                for (target, input) in [(path.as_str(), None), ("-", Some(bytes.as_slice()))] {
                    for jobs in ["--jobs=1", "--jobs=4"] {
                        let memory = format!("--memory={memory}");
                        let (out, lines) = scan(&[target, jobs, &memory], input);
                        let paths = lines_of_type(&lines, "binary");
                        let paths: Vec<_> =
                            paths.iter().map(|b| b["path"].as_str().unwrap()).collect();
                        assert!(
                            paths.last().is_some_and(|p| p.ends_with(found)),
                            "{name} {target} {jobs} {memory}: {paths:?} {}",
                            out.stderr
                        );
                    }
                }
            }
        }
        drop(done);
    });
    let ended = ended.recv_timeout(std::time::Duration::from_secs(1800));
    assert_ne!(
        ended,
        Err::<(), _>(std::sync::mpsc::RecvTimeoutError::Timeout),
        "a scan hangs"
    );
    work.join().unwrap();
}

/// In the format of `docker save`, the manifest may give its layers any name.
#[test]
fn layers_may_have_any_name() {
    let s = Scratch::new();
    let layer = tar(&[File("bin/app", &fixture(NEW))]);
    let config = json!({
        "os": "linux", "architecture": "amd64", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer).to_string()]},
    })
    .to_string();
    for name in ["layer1.tar", "l1/layer.tar"] {
        let manifest =
            json!([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": [name]}]).to_string();
        let image = tar(&[
            File("c.json", config.as_bytes()),
            File(name, &layer),
            File("manifest.json", manifest.as_bytes()),
        ]);
        let path = s.put("image.tar", &image).display().to_string();
        let (out, lines) = scan(&[&format!("docker-archive:{path}")], None);
        assert_eq!(out.code, Some(0), "{name}: {}", out.stderr);
        assert_eq!(
            lines_of_type(&lines, "binary")[0]["path"],
            "/bin/app",
            "{name}"
        );
    }
}

/// Paths after the file name, of programs and of entries not examined.
fn reported_entries(dir: &Path, target: &str) -> (Vec<String>, Vec<String>) {
    let out = finish(command().current_dir(dir).args([
        "scan",
        "--facts=build-info",
        "--format=ndjson",
        "--min-size=1",
        target,
    ]));
    let (mut programs, mut others) = (Vec::new(), Vec::new());
    for line in out.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let entries = line["location"]["entry"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let entries: Vec<&str> = entries.iter().map(|e| e.as_str().unwrap()).collect();
        match line["type"].as_str() {
            Some("binary") => programs.push(entries.join("!")),
            Some("unexamined") => others.push(entries.join("!")),
            _ => {}
        }
    }
    programs.sort();
    others.sort();
    (programs, others)
}

#[test]
fn hard_links_lead_into_archives_and_to_broken_programs() {
    let s = Scratch::new();
    let program = fixture(NEW);
    let inner = tar(&[
        File("a", &program),
        HardLink("b", "a"),
        File("c.zip", &zip("x", &program)),
        HardLink("d.zip", "c.zip"),
    ]);
    // A program that ends within its headers.
    let cut = &program[..200];
    let outer = tar(&[
        File("in.tgz", &gzip(&inner)),
        File("cut", cut),
        HardLink("also.tgz", "in.tgz"),
        HardLink("cut2", "cut"),
        // From here on links mean this later file of the same name.
        File("in.tgz", &program),
        HardLink("last", "in.tgz"),
    ]);
    let parts = ["a", "b", "c.zip!x", "d.zip!x"];
    let mut programs: Vec<String> = ["in.tgz", "also.tgz"]
        .iter()
        .flat_map(|name| parts.iter().map(move |part| format!("{name}!{part}")))
        .collect();
    programs.extend(["in.tgz".to_owned(), "last".to_owned()]);
    programs.sort();
    let broken = vec!["cut".to_owned(), "cut2".to_owned()];
    s.put("all.tar", &outer);
    s.put("all.tgz", &gzip(&outer));
    for target in ["all.tar", "all.tgz"] {
        assert_eq!(
            reported_entries(s.path(), target),
            (programs.clone(), broken.clone()),
            "{target}"
        );
    }
    // The same inside one file of a layer, where another reader handles links.
    let layer = tar(&[File("opt/all.tar", &outer)]);
    s.put(
        "image.tar",
        &docker_archive("a:1", "linux/amd64", &json!({}), &[layer]),
    );
    let below = |names: &[String]| -> Vec<String> {
        names.iter().map(|n| format!("opt/all.tar!{n}")).collect()
    };
    let (programs_there, broken_there) = reported_entries(s.path(), "image.tar");
    let strip = |names: Vec<String>| -> Vec<String> {
        let names = names.into_iter();
        names
            .map(|n| n.trim_start_matches('/').to_owned())
            .collect()
    };
    assert_eq!(strip(programs_there), below(&programs));
    assert_eq!(strip(broken_there), below(&broken));
}

#[test]
fn links_to_other_files_use_up_no_limit() {
    let s = Scratch::new();
    let program = fixture(NEW);
    let names: Vec<String> = (0..1001).map(|i| format!("bin/l{i}")).collect();
    let headers = [&b"\x7fELF\x02\x01\x01"[..], &[0; 20_000]].concat();
    let mut members = vec![File("bin/other", &headers)];
    members.extend(names.iter().map(|name| HardLink(name, "bin/other")));
    members.extend([File("bin/go1", &program), HardLink("bin/go2", "bin/go1")]);
    let layer = tar(&[File("rootfs.tar", &tar(&members))]);
    s.put(
        "image.tar",
        &docker_archive("a:1", "linux/amd64", &json!({}), &[layer]),
    );
    let (programs, others) = reported_entries(s.path(), "image.tar");
    assert_eq!(
        (programs.len(), others.len()),
        (2, 0),
        "{programs:?} {others:?}"
    );
}

#[test]
fn links_mean_what_an_unpacker_would_link_to() {
    let s = Scratch::new();
    let (old, new) = (fixture(OLD), fixture(NEW));
    let versions = |target: &str| -> Vec<(String, String)> {
        let out = finish(command().current_dir(s.path()).args([
            "scan",
            "--facts=build-info",
            "--format=ndjson",
            target,
        ]));
        let mut all = Vec::new();
        for line in out.stdout.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["type"] == "binary" {
                let entry = line["location"]["entry"]
                    .as_array()
                    .unwrap()
                    .last()
                    .cloned();
                let version = line["go_version"].as_str().unwrap();
                all.push((
                    entry.unwrap().as_str().unwrap().to_owned(),
                    version[..6].to_owned(),
                ));
            }
        }
        all
    };
    let row = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    // A link to a link whose target was replaced; a link to itself; a link with the name of another file.
    let all = tar(&[
        File("a", &old),
        HardLink("b", "a"),
        File("a", &new),
        HardLink("c", "b"),
        HardLink("a", "a"),
        HardLink("a", "./a"),
        HardLink("c2", "a"),
        HardLink("a", "b"),
        HardLink("c3", "a"),
    ]);
    let expected = [
        row("a", "go1.21"),
        row("b", "go1.21"),
        row("a", "go1.27"),
        row("c", "go1.21"),
        row("c2", "go1.27"),
        row("a", "go1.21"),
        row("c3", "go1.21"),
    ];
    s.put("all.tar", &all);
    assert_eq!(versions("all.tar"), expected);
    let layer = tar(&[File("opt/all.tar", &all)]);
    s.put(
        "image.tar",
        &docker_archive("a:1", "linux/amd64", &json!({}), &[layer]),
    );
    assert_eq!(versions("image.tar"), expected);
}

#[test]
fn many_links_to_an_archive_of_many_programs_take_little_time() {
    let s = Scratch::new();
    // Programs that end within their headers, as cheap as possible.
    let program = fixture(NEW)[..200].to_vec();
    let names: Vec<String> = (0..2000).map(|i| format!("p{i}")).collect();
    let inner: Vec<_> = names.iter().map(|name| File(name, &program)).collect();
    let links: Vec<String> = (0..20_000).map(|i| format!("l{i}.tar")).collect();
    let inner = tar(&inner);
    let mut all = vec![File("in.tar", &inner)];
    all.extend(links.iter().map(|name| HardLink(name, "in.tar")));
    s.put("all.tar", &tar(&all));
    let (programs, others) = reported_entries(s.path(), "all.tar");
    assert!(
        programs.is_empty() && (2000..25_000).contains(&others.len()),
        "{}",
        others.len()
    );
}

#[test]
fn exclude_leaves_out_what_is_in_archives_and_images() {
    let s = Scratch::new();
    let (old, new) = (fixture(OLD), fixture(NEW));
    let layer = tar(&[
        File("usr/bin/app", &new),
        File("opt/tools/x", &old),
        HardLink("opt/tools/y", "opt/tools/x"),
        File("opt/tools/cut", &old[..old.len() * 9 / 10]),
    ]);
    let entrypoint = json!({"Entrypoint": ["/usr/bin/app"]});
    let image = docker_archive("shop:1.2", "linux/amd64", &entrypoint, &[layer]);
    s.put("image.tar", &image);
    let inner = tar(&[File("bin/old", &old), File("bin/new", &new)]);
    s.put(
        "all.tar",
        &tar(&[File("./a.tar", &inner), File("new", &new)]),
    );
    let scan = |args: &[&str]| {
        let out =
            crate::support::cli::run_in(s.path(), &[&["scan", "--format=json"], args].concat());
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        let paths = |key: &str| -> Vec<String> {
            let all = document[key].as_array().unwrap().iter();
            all.map(|b| b["path"].as_str().unwrap().to_owned())
                .collect()
        };
        let reach = &document["reach"];
        let count = |key: &str| reach[key].as_u64().unwrap();
        let others = count("files") - count("go_files") - count("not_go") - count("below_min_size");
        (paths("binaries"), paths("unexamined"), others, out.stderr)
    };
    let (programs, problems, containers, _) = scan(&["image.tar"]);
    assert_eq!(programs.len(), 4, "{programs:?}");
    assert_eq!(problems, ["shop:1.2!opt/tools/cut"]);
    for pattern in ["/opt/**", "opt/**", "/opt", "tools", "**/tools/*", "*ool*"] {
        let (programs, problems, others, errors) =
            scan(&["--strict", "--exclude", pattern, "image.tar"]);
        assert_eq!(programs, ["/usr/bin/app"], "{pattern}");
        assert!(
            problems.is_empty() && errors.is_empty(),
            "{pattern}: {errors}"
        );
        assert_eq!(others, containers, "{pattern}");
    }
    let (programs, ..) = scan(&["--exclude", "/opt/tools/x", "image.tar"]);
    assert_eq!(programs, ["/opt/tools/cut", "/opt/tools/y", "/usr/bin/app"]);
    for (pattern, left) in [
        (
            "all.tar!a.tar!bin/old",
            &["all.tar!a.tar!bin/new", "all.tar!new"][..],
        ),
        ("a.tar", &["all.tar!new"]),
        ("bin/new", &["all.tar!a.tar!bin/old", "all.tar!new"]),
        ("new", &["all.tar!a.tar!bin/old"]),
    ] {
        let (programs, .., errors) = scan(&["--exclude", pattern, "all.tar"]);
        assert_eq!(programs, left, "{pattern}: {errors}");
    }
    let (programs, .., errors) = scan(&["--exclude", "opt/x", "image.tar"]);
    assert_eq!(programs.len(), 4);
    assert!(
        errors.contains("matched nothing: `*` does not match `/`"),
        "{errors}"
    );
}

#[test]
fn a_program_inside_is_a_target_by_the_name_that_scan_prints() {
    let s = Scratch::new();
    let (old, new) = (fixture(OLD), fixture(NEW));
    let layers = [
        tar(&[File("usr/bin/app", &old), File("opt/x", &old)]),
        tar(&[File("usr/bin/app", &new)]),
    ];
    let entrypoint = json!({"Entrypoint": ["/usr/bin/app"], "Env": ["GODEBUG=http2client=0"]});
    s.put(
        "image.tar",
        &docker_archive("shop:1.2", "linux/amd64", &entrypoint, &layers),
    );
    let inner = tar(&[File("bin/old", &old), File("bin/new", &new)]);
    s.put(
        "all.tar",
        &tar(&[File("./a.tar", &inner), File("new", &new)]),
    );
    let run = |args: &[&str]| crate::support::cli::run_in(s.path(), args);
    let paths = |targets: &[&str]| -> Vec<String> {
        let out = run(&[&["scan", "--format=json"], targets].concat());
        assert_eq!((out.code, out.stderr.as_str()), (Some(0), ""));
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        let all = document["binaries"].as_array().unwrap().iter();
        all.map(|b| b["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let app = "/usr/bin/app";
    for (targets, wanted) in [
        (&["image.tar!/usr/bin/app"][..], &[app, app][..]),
        (&["image.tar!usr/bin/app"], &[app, app]),
        (&["docker-archive:image.tar:shop:1.2!/opt/x"], &["/opt/x"]),
        (&["all.tar!new"], &["all.tar!new"]),
        (
            &["archive:all.tar!./a.tar!bin/old"],
            &["all.tar!a.tar!bin/old"],
        ),
        (
            &["all.tar!new", "all.tar!a.tar!bin/new"],
            &["all.tar!a.tar!bin/new", "all.tar!new"],
        ),
        (
            &["all.tar!new", "image.tar!/opt/x"],
            &["all.tar!new", "/opt/x"],
        ),
    ] {
        assert_eq!(paths(targets), wanted, "{targets:?}");
    }
    let whole = paths(&["all.tar"]);
    assert_eq!(paths(&["all.tar!new", "all.tar"]).len(), 2 * whole.len());
    let card = run(&["scan", "all.tar!new"]);
    assert!(card.stdout.starts_with("all.tar!new\n"), "{}", card.stdout);
    assert!(card.stdout.contains("Looked at 3 files"), "{}", card.stdout);
    for (target, hint) in [
        ("all.tar!old", "did you mean `all.tar!a.tar!bin/old`?"),
        (
            "image.tar!/usr/bin/ap",
            "did you mean `image.tar!/usr/bin/app`?",
        ),
        ("all.tar!zzzzzz", "it has a.tar!bin/old, a.tar!bin/new, new"),
    ] {
        let out = run(&["scan", target]);
        assert_eq!(out.code, Some(2), "{target}");
        assert!(out.stderr.contains(hint), "{target}: {}", out.stderr);
    }
    for command in ["audit", "packages", "sbom", "fips"] {
        let out = run(&[command, "--format=json", "--", "all.tar!new"]);
        let out = match command {
            "sbom" => run(&[command, "all.tar!new"]),
            _ => out,
        };
        assert!(out.code.unwrap() < 2, "{command}: {}", out.stderr);
    }
    let diff = run(&[
        "diff",
        "--format=json",
        "all.tar!a.tar!bin/old",
        "all.tar!new",
    ]);
    assert_eq!(diff.code, Some(0), "{}", diff.stderr);
}
