//! Images and archives on the command line: which programs are found, and what is reported about their places.

mod archives;
mod described;
mod forms;
mod links;
mod selection;

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
