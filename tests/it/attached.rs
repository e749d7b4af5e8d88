//! `gospect verify registry:…`: documents that are attached to an image, by the list of referrers, by the fallback tag and by the tag of cosign.

use crate::support::cli::{Output, Scratch, command, finish};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("sha256:{hex}")
}

fn program() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/verify/isatty.xz");
    let mut bytes = Vec::new();
    lzma_rust2::XzReader::new(std::fs::File::open(path).unwrap(), false)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// A tar archive with one program.
fn layer(program: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..7].copy_from_slice(b"bin/app");
    header[100..107].copy_from_slice(b"0000755");
    header[124..135].copy_from_slice(format!("{:011o}", program.len()).as_bytes());
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut tar = header;
    tar.extend_from_slice(program);
    tar.resize(tar.len().next_multiple_of(512) + 1024, 0);
    tar
}

/// The files of a registry: path below `/v2/app`, media type, bytes.
type Files = HashMap<String, (&'static str, Vec<u8>)>;

/// An image with the program, and a statement about it with this commit that is found in one of three ways.
fn registry(way: &str, commit: &str) -> Files {
    let mut files = Files::new();
    let mut put = |kind: &'static str, bytes: Vec<u8>| {
        let folder = if kind == MANIFEST {
            "manifests"
        } else {
            "blobs"
        };
        let name = digest(&bytes);
        let size = bytes.len();
        files.insert(format!("/{folder}/{name}"), (kind, bytes));
        json!({ "mediaType": kind, "digest": name, "size": size })
    };
    let tar = put("application/vnd.oci.image.layer.v1.tar", layer(&program()));
    let config = json!({ "os": "linux", "architecture": "amd64",
        "rootfs": { "type": "layers", "diff_ids": [tar["digest"]] } });
    let config = put(
        "application/vnd.oci.image.config.v1+json",
        config.to_string().into_bytes(),
    );
    let image =
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [tar] });
    let image = image.to_string().into_bytes();
    let name = digest(&image);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": name.strip_prefix("sha256:") } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": { "buildDefinition": {
            "buildType": "https://example.com/build/v1",
            "externalParameters": { "source": "git+https://example.com/isatty" },
            "resolvedDependencies": [
                { "uri": "git+https://example.com/isatty", "digest": { "gitCommit": commit } },
            ],
        }, "runDetails": { "builder": { "id": "https://example.com/builder" } } },
    });
    let statement = put(
        "application/vnd.in-toto+json",
        statement.to_string().into_bytes(),
    );
    let attestation = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "layers": [statement] });
    let attestation_bytes = attestation.to_string().into_bytes();
    let attestation = put(MANIFEST, attestation_bytes.clone());
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [attestation] });
    let list = list.to_string().into_bytes();
    let tag = name.replacen(':', "-", 1);
    match way {
        "referrers" => files.insert(format!("/referrers/{name}"), (INDEX, list)),
        "fallback" => files.insert(format!("/manifests/{tag}"), (INDEX, list)),
        _ => files.insert(
            format!("/manifests/{tag}.att"),
            (MANIFEST, attestation_bytes),
        ),
    };
    files.insert("/manifests/v1".to_owned(), (MANIFEST, image.clone()));
    files.insert(format!("/manifests/{name}"), (MANIFEST, image));
    files
}

/// Serves the files on the loopback; gives the host.
fn serve(files: Files) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let files = Arc::new(files);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let files = Arc::clone(&files);
            std::thread::spawn(move || drop(answer(&stream, &files)));
        }
    });
    host
}

fn answer(stream: &TcpStream, files: &Files) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let mut words = first.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let found = path
        .strip_prefix("/v2/app")
        .and_then(|path| files.get(path));
    let (status, kind, bytes) = match (found, path) {
        (Some((kind, bytes)), _) => (200, *kind, bytes.clone()),
        (None, "/v2/") => (200, "application/json", b"{}".to_vec()),
        _ => (404, "application/json", b"{}".to_vec()),
    };
    let mut out = stream;
    write!(
        out,
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: {kind}\r\nDocker-Content-Digest: {}\r\nContent-Length: {}\r\n\r\n",
        digest(&bytes),
        bytes.len()
    )?;
    if method != "HEAD" {
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// The commit that the program records.
fn commit() -> String {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/verify/provenance/statement.json"),
    )
    .unwrap();
    let statement: Value = serde_json::from_str(&text).unwrap();
    let dependencies = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    dependencies[0]["digest"]["gitCommit"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn verify(host: &str, args: &[&str]) -> Output {
    let scratch = Scratch::new();
    let mut verify = command();
    verify
        .args([
            "verify",
            "--quiet",
            "--insecure-http",
            "--cache",
            "off",
            "--sumdb",
            "off",
        ])
        .args(["--go-sum", "testdata/verify/go.sum", "--format", "json"])
        .args(args)
        .arg(format!("registry:{host}/app:v1"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("HOME", scratch.path());
    finish(&mut verify)
}

#[test]
fn attestations_of_an_image_are_found_in_its_registry() {
    for way in ["referrers", "fallback", "cosign"] {
        let host = serve(registry(way, &commit()));
        let out = verify(&host, &[]);
        assert_eq!(out.code, Some(0), "{way}: {} {}", out.stdout, out.stderr);
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        let provenance = &document["programs"][0]["provenance"][0];
        assert_eq!(provenance["verdict"], "equal", "{way}: {provenance}");
        assert_eq!(provenance["signature"]["state"], "unsigned", "{way}");
        // Another commit is another program.
        let host = serve(registry(way, &"ab".repeat(20)));
        let out = verify(&host, &[]);
        assert_eq!(out.code, Some(1), "{way}: {} {}", out.stdout, out.stderr);
    }
}

#[test]
fn a_trusted_root_verifies_what_a_registry_has() {
    let host = serve(registry("referrers", &commit()));
    let root = "testdata/verify/provenance/trusted_root.json";
    let out = verify(&host, &["--trusted-root", root]);
    // The statement is not signed, so no root can confirm it.
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    let signature = &document["programs"][0]["provenance"][0]["signature"];
    assert_eq!(
        signature["done"],
        "it is not signed, although a key or a trusted root is given"
    );
}

#[test]
fn a_registry_that_changes_an_attestation_is_named() {
    let mut files = registry("referrers", &commit());
    let (_, (_, bytes)) = files
        .iter_mut()
        .find(|(_, (kind, _))| *kind == "application/vnd.in-toto+json")
        .unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    let out = verify(&serve(files), &[]);
    assert_eq!(out.code, Some(2), "{} {}", out.stdout, out.stderr);
    assert!(
        out.stderr.contains("is not what its digest"),
        "{}",
        out.stderr
    );
}
