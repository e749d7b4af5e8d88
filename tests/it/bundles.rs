//! Images inside archives and other images, images with unusual layer names, and artifacts of OCI registries. Layers, visibility,
//! the started program and the environment are reported for each, whatever contains it and whatever the order of members.

use crate::support::cli::{Scratch, command, run};
use crate::support::fixture;
use crate::support::pack::Member::{File, HardLink};
use crate::support::pack::{docker_archive, gzip, tar, zip};
use gospect::source::image::Digest;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

const APP: &str = "1.27-linux-amd64-strip";
const OTHER: &str = "1.27-linux-amd64-hello-trimstrip";

type Members = Vec<(String, Vec<u8>)>;

fn packed(members: &Members) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(n, b)| File(n, b)).collect();
    tar(&members)
}

/// The two layers of every image here: `/bin/app`, and `/bin/old`, which the second layer deletes.
fn layers() -> [Vec<u8>; 2] {
    let app = fixture(APP);
    [
        tar(&[File("bin/app", &app), File("bin/old", &app)]),
        tar(&[File("bin/.wh.old", b""), File("bin/other", &fixture(OTHER))]),
    ]
}

fn config() -> Vec<u8> {
    let diff_ids: Vec<_> = layers().iter().map(|l| Digest::of(l).to_string()).collect();
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": diff_ids},
        "config": {"Entrypoint": ["/bin/app"], "Env": ["GODEBUG=panicnil=1"]}});
    config.to_string().into_bytes()
}

/// The output of `docker save`, with names that no tool gives.
fn odd() -> Members {
    let [base, top] = layers();
    let list = json!([{"Config": "conf.json", "RepoTags": ["odd:1"], "Layers": ["layers/base.tar", "layers/top.bin"]}]);
    vec![
        ("layers/base.tar".to_owned(), base),
        ("layers/top.bin".to_owned(), gzip(&top)),
        ("conf.json".to_owned(), config()),
        ("manifest.json".to_owned(), list.to_string().into_bytes()),
    ]
}

fn descriptor(media: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media, "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
}

fn blob(prefix: &str, bytes: Vec<u8>) -> (String, Vec<u8>) {
    (
        format!("{prefix}blobs/sha256/{}", Digest::of(&bytes).hex()),
        bytes,
    )
}

/// An OCI layout of manifests with their blobs and tags.
fn layout(prefix: &str, manifests: Vec<(Value, Vec<Vec<u8>>, &str)>) -> Members {
    let mut members = Vec::new();
    let mut list = Vec::new();
    for (manifest, blobs, tag) in manifests {
        members.extend(blobs.into_iter().map(|bytes| blob(prefix, bytes)));
        let manifest = manifest.to_string().into_bytes();
        let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        list.push(entry);
        members.push(blob(prefix, manifest));
    }
    let index = json!({"schemaVersion": 2, "manifests": list}).to_string();
    members.push((format!("{prefix}index.json"), index.into_bytes()));
    let mark = br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec();
    members.push((format!("{prefix}oci-layout"), mark));
    members
}

fn image() -> (Value, Vec<Vec<u8>>, &'static str) {
    let [base, top] = layers();
    let base = gzip(&base);
    let config = config();
    let manifest = json!({"schemaVersion": 2,
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &base),
                   descriptor("application/vnd.oci.image.layer.v1.tar", &top)]});
    (manifest, vec![base, top, config], "odd:1")
}

fn lines(args: &[&str], stdin: Option<&Path>) -> Vec<Value> {
    let mut command = command();
    command.args(["scan", "--format=ndjson"]).args(args);
    command.stdin(match stdin {
        Some(path) => {
            // Through a pipe, which cannot be read twice.
            let bytes = std::fs::read(path).unwrap();
            let (reader, mut writer) = std::io::pipe().unwrap();
            std::thread::spawn(move || writer.write_all(&bytes));
            Stdio::from(reader)
        }
        None => Stdio::null(),
    });
    let out = command.output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Images by reference and programs by path, each with its facts.
fn shown(lines: &[Value]) -> Vec<String> {
    let of = |line: &Value| {
        let location = &line["location"];
        match line["type"].as_str()? {
            "image" => Some(format!("image {} {}", line["reference"], line["env"])),
            "binary" => Some(format!(
                "{} {} {} {} {} {}",
                line["path"],
                location["image"]["reference"],
                location["layer"]["index"],
                location["visible"],
                location["started"],
                line["godebug"]["environment"],
            )),
            "unexamined" => Some(format!("not examined {line}")),
            _ => None,
        }
    };
    lines
        .iter()
        .filter_map(of)
        .map(|text| text.replace('"', ""))
        .collect()
}

/// The expected lines of the image, with the prefix of its paths.
fn whole(prefix: &str) -> Vec<String> {
    vec![
        "image odd:1 [GODEBUG=panicnil=1]".to_owned(),
        format!("{prefix}/bin/app odd:1 0 true true panicnil=1"),
        format!("{prefix}/bin/old odd:1 0 false false null"),
        format!("{prefix}/bin/other odd:1 1 true false panicnil=1"),
    ]
}

#[test]
fn layers_may_be_called_anything_and_come_in_any_order() {
    let dir = Scratch::new();
    for members in [odd(), odd().into_iter().rev().collect()] {
        let plain = packed(&members);
        for (name, bytes) in [("a.tar", &plain), ("a.tgz", &gzip(&plain))] {
            let path = dir.put(name, bytes);
            assert_eq!(
                shown(&lines(&[path.to_str().unwrap()], None)),
                whole(""),
                "{name}"
            );
            assert_eq!(
                shown(&lines(&["-"], Some(&path))),
                whole(""),
                "{name} as a stream"
            );
        }
    }
}

#[test]
fn an_image_in_an_archive_is_an_image() {
    let dir = Scratch::new();
    let readme = vec![b'r'; 20_000];
    let oci = packed(&layout("", vec![image()]));
    for (inner, image) in [("images/odd.tar", packed(&odd())), ("images/oci.tar", oci)] {
        let bundle = tar(&[
            File("README", &readme),
            File(inner, &image),
            File("install", &fixture(OTHER)),
        ]);
        for (name, bytes) in [
            ("b.tar", bundle.clone()),
            ("b.tgz", gzip(&bundle)),
            ("b.zip", zip(inner, &image)),
            ("c.zip", zip(inner, &gzip(&image))),
        ] {
            let path = dir.put(name, &bytes);
            let path = path.to_str().unwrap();
            for jobs in ["1", "4"] {
                let mut got = shown(&lines(&["-j", jobs, path], None));
                let install = format!("{path}!install null null null null null");
                if name.starts_with("b.t") {
                    assert!(got.contains(&install), "{got:#?}");
                }
                got.retain(|line| *line != install);
                assert_eq!(got, whole(&format!("{path}!{inner}!")), "{name} {inner}");
            }
        }
        let path = dir.put("b.tgz", &gzip(&bundle));
        let entry = &lines(&[path.to_str().unwrap()], None);
        let program = entry
            .iter()
            .find(|l| l["location"]["visible"] == true)
            .unwrap();
        assert_eq!(program["location"]["entry"], json!([inner, "/bin/app"]));
        let mut got = shown(&lines(&["-"], Some(&path)));
        got.retain(|line| !line.contains("!install"));
        assert_eq!(got, whole(&format!("-!{inner}!")), "as a stream");
    }
}

#[test]
fn a_layout_below_a_directory_of_an_archive_is_an_image() {
    let dir = Scratch::new();
    let mut members = layout("bundle/images/app/", vec![image()]);
    members.insert(0, ("bundle/README".to_owned(), vec![b'r'; 20_000]));
    for reversed in [false, true] {
        if reversed {
            members.reverse();
        }
        let plain = packed(&members);
        for (name, bytes) in [("a.tar", &plain), ("a.tgz", &gzip(&plain))] {
            let path = dir.put(name, bytes);
            let path = path.to_str().unwrap();
            let want = whole(&format!("{path}!bundle/images/app!"));
            assert_eq!(shown(&lines(&[path], None)), want, "{name}");
        }
    }
}

#[test]
fn an_image_in_a_layer_is_reported_after_the_image_around_it() {
    let dir = Scratch::new();
    let inner = packed(&layout("", vec![image()]));
    let layer = tar(&[
        File("srv/app.tar", &inner),
        File("bin/other", &fixture(OTHER)),
    ]);
    let outer = docker_archive("outer:1", "linux/amd64", &json!({}), &[layer]);
    let path = dir.put("outer.tar", &outer);
    let mut want = vec![
        "image outer:1 []".to_owned(),
        "/bin/other outer:1 0 true false null".to_owned(),
    ];
    want.extend(whole("/srv/app.tar!"));
    assert_eq!(shown(&lines(&[path.to_str().unwrap()], None)), want);
    assert_eq!(shown(&lines(&["-"], Some(&path))), want, "as a stream");
}

#[test]
fn programs_beside_the_members_of_an_image_are_not_passed_over() {
    let dir = Scratch::new();
    let mut members = layout("", vec![image()]);
    members.push(("install".to_owned(), fixture(OTHER).to_vec()));
    let plain = packed(&members);
    let path = dir.put("a.tar", &plain);
    let path_text = path.to_str().unwrap();
    let mut got = shown(&lines(&[path_text], None));
    got.sort();
    let mut want = whole("");
    want.push(format!("{path_text}!install null null null null null"));
    want.sort();
    assert_eq!(got, want);
    let mut got = shown(&lines(&["-"], Some(&path)));
    got.sort();
    assert!(
        got.iter()
            .any(|line| line.starts_with("install ") || line.starts_with("-!install ")),
        "{got:#?}"
    );
}

fn artifact(kind: &str, files: &[(&str, &str, &[u8])]) -> (Value, Vec<Vec<u8>>, &'static str) {
    let mut blobs = vec![b"{}".to_vec()];
    let mut layers = Vec::new();
    for (title, media, bytes) in files {
        let mut layer = descriptor(media, bytes);
        if !title.is_empty() {
            layer["annotations"] = json!({"org.opencontainers.image.title": title});
        }
        layers.push(layer);
        blobs.push(bytes.to_vec());
    }
    let manifest = json!({"schemaVersion": 2, "artifactType": kind, "layers": layers,
        "config": descriptor("application/vnd.oci.empty.v1+json", b"{}")});
    (manifest, blobs, "v1")
}

#[test]
fn files_of_artifacts_have_the_name_of_their_title() {
    let dir = Scratch::new();
    let (app, other) = (fixture(APP), fixture(OTHER));
    let tgz = gzip(&tar(&[
        File("bin/app", &app),
        HardLink("bin/same", "bin/app"),
    ]));
    let zipped = zip("tool", &other);
    let files: &[(&str, &str, &[u8])] = &[
        ("dist/app", "application/vnd.oci.image.layer.v1.tar", &app),
        ("../app.tar.gz", "application/gzip", &tgz),
        ("tool.zip", "application/zip", &zipped),
        ("", "application/wasm", &other),
        (
            "sbom.json",
            "application/spdx+json",
            b"{\"spdxVersion\":\"SPDX-2.3\"}",
        ),
    ];
    let manifests = || vec![artifact("application/vnd.example.release", files)];
    let unnamed = Digest::of(&other).to_string();
    let paths = |lines: &[Value]| -> Vec<String> {
        assert!(
            !lines
                .iter()
                .any(|l| l["type"] == "image" || l["type"] == "unexamined"),
            "{lines:#?}"
        );
        let all = lines.iter().filter(|l| l["type"] == "binary");
        all.inspect(|l| {
            assert!(l["location"]["layer"]["digest"].is_string());
            assert!(l["location"]["started"].is_null());
        })
        .map(|l| l["path"].as_str().unwrap().to_owned())
        .collect()
    };
    let want: Vec<String> = [
        "dist/app",
        "app.tar.gz!bin/app",
        "app.tar.gz!bin/same",
        "tool.zip!tool",
        &unnamed,
    ]
    .map(str::to_owned)
    .into();
    let plain = packed(&layout("", manifests()));
    let path = dir.put("a.tar", &plain);
    assert_eq!(
        paths(&lines(&["--strict", path.to_str().unwrap()], None)),
        want
    );
    assert_eq!(paths(&lines(&["-"], Some(&path))), want, "as a stream");
    for (name, bytes) in layout("layout/", manifests()) {
        let parent = Path::new(&name).parent().unwrap().to_owned();
        std::fs::create_dir_all(dir.path().join(parent)).unwrap();
        dir.put(&name, &bytes);
    }
    let target = format!("oci-dir:{}", dir.path().join("layout").display());
    let lines_of_dir = lines(&[&target], None);
    assert_eq!(paths(&lines_of_dir), want);
    let reference = lines_of_dir[1]["location"]["image"]["reference"]
        .as_str()
        .unwrap();
    assert!(reference.ends_with("layout:v1"), "{reference}");
    // Beside a text, and inside an archive.
    let bundle = gzip(&tar(&[
        File("README", &[b'r'; 20_000]),
        File("a.tar", &plain),
    ]));
    let path = dir.put("b.tgz", &bundle);
    let path = path.to_str().unwrap();
    let nested: Vec<String> = want
        .iter()
        .map(|name| format!("{path}!a.tar!{name}"))
        .collect();
    assert_eq!(paths(&lines(&[path], None)), nested);
}

#[test]
fn attestations_are_passed_over_silently() {
    let dir = Scratch::new();
    let statement = artifact(
        "application/vnd.dev.cosign.artifact.sig.v1+json",
        &[(
            "",
            "application/vnd.dev.cosign.simplesigning.v1+json",
            b"{\"critical\":{}}",
        )],
    );
    let path = dir.put("a.tar", &packed(&layout("", vec![image(), statement])));
    let out = run(&[
        "scan",
        "--strict",
        "--format=ndjson",
        path.to_str().unwrap(),
    ]);
    assert_eq!((out.code, out.stderr.as_str()), (Some(0), ""));
    let all: Vec<Value> = out
        .stdout
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(shown(&all), whole(""));
}

#[test]
fn limits_hold_for_images_in_images() {
    let dir = Scratch::new();
    let mut inner = packed(&odd());
    for i in 0..6 {
        let layer = tar(&[File("srv/inner.tar", &inner)]);
        inner = docker_archive(&format!("shell:{i}"), "linux/amd64", &json!({}), &[layer]);
    }
    let path = dir.put("deep.tar", &inner);
    let path = path.to_str().unwrap();
    let all = lines(&["--facts=build-info", path], None);
    let unexamined: Vec<_> = all.iter().filter(|l| l["type"] == "unexamined").collect();
    assert_eq!(unexamined.len(), 1, "{unexamined:#?}");
    assert_eq!(unexamined[0]["reason"], "limit");
    let out = run(&["scan", "--max-depth=30", "--facts=build-info", path]);
    assert!(out.stdout.contains("3 Go programs"), "{}", out.stdout);

    // Expansion counts for the outermost container.
    let bundle = gzip(&tar(&[File("a.tar", &packed(&odd()))]));
    let path = dir.put("b.tgz", &bundle);
    let all = lines(&["--max-expanded=1M", path.to_str().unwrap()], None);
    let limits = all.iter().filter(|l| l["reason"] == "limit").count();
    assert!(limits > 0, "{all:#?}");
}

#[test]
fn many_images_and_wrong_lists_are_bounded() {
    let dir = Scratch::new();
    let small = tar(&[File("bin/tool", &[b't'; 100])]);
    let mut members: Members = Vec::new();
    for i in 0..1000 {
        let list = json!([{"Config": "c.json", "RepoTags": [format!("m:{i}")], "Layers": ["l.tar", "manifest.json", "gone.tar", "../../up.tar"]}]);
        members.push((format!("{i}/l.tar"), small.clone()));
        members.push((format!("{i}/c.json"), b"{\"os\":\"linux\"}".to_vec()));
        members.push((format!("{i}/manifest.json"), list.to_string().into_bytes()));
    }
    let path = dir.put("many.tgz", &gzip(&packed(&members)));
    let path = path.to_str().unwrap();
    let all = lines(&["--memory=64M", path], None);
    assert_eq!(all.iter().filter(|l| l["type"] == "image").count(), 1000);
    let out = run(&["scan", path]);
    assert_eq!(out.code, Some(2), "layers are missing");
}

#[test]
fn only_images_of_the_wanted_platform_are_read_in_a_bundle() {
    let dir = Scratch::new();
    let bundle = gzip(&tar(&[File("a.tar", &packed(&odd()))]));
    let path = dir.put("b.tgz", &bundle);
    let path = path.to_str().unwrap();
    assert_eq!(lines(&["--platform=linux/amd64", path], None).len(), 6);
    let out = run(&["scan", "--platform=linux/arm64", path]);
    assert_eq!(out.code, Some(0));
    assert!(
        out.stderr.contains(
            "--platform linux/arm64: no image matches: no image for linux/arm64; there is linux/amd64 in "
        ),
        "{}",
        out.stderr
    );
    let unexamined = lines(&["--platform=linux/arm64", path], None);
    let unexamined: Vec<_> = unexamined
        .iter()
        .filter(|l| l["type"] == "unexamined")
        .collect();
    assert_eq!(unexamined.len(), 1, "{unexamined:?}");
    assert!(
        unexamined[0]["path"]
            .as_str()
            .unwrap()
            .ends_with("b.tgz!a.tar")
    );
    assert_eq!(
        unexamined[0]["detail"],
        "no image for linux/arm64; there is linux/amd64"
    );
    let strict = run(&["scan", "--strict", "--platform=linux/arm64", path]);
    assert_eq!(strict.code, Some(2));
}
