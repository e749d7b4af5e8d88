//! The client against a small server on the loopback that misbehaves as each test wants.

use super::testing::{Reply, Request, Server, reply};
use super::*;
use crate::archive::{ArchiveError, Candidate, Place, Want};
use crate::image::testing::{Layout, shown, tar_of};
use std::collections::HashMap;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

mod catalog;
mod proof;
mod referrers;

struct Programs;

impl Examine<String> for Programs {
    fn wants(&self, _: &Place, head: &[u8], _: Option<u64>) -> Want {
        if head.starts_with(b"EXE:") {
            Want::Whole
        } else {
            Want::Skip
        }
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<String, ArchiveError>> {
        let mut name = [0; 7];
        candidate.bytes.read_at(&mut name, 0).unwrap();
        vec![Ok(String::from_utf8_lossy(&name[4..]).into_owned())]
    }
}

/// An image for two platforms: its blobs and the digest of its index.
struct Image {
    blobs: HashMap<String, Vec<u8>>,
    index: String,
    /// Digest of a long layer.
    layer: String,
}

fn image() -> Image {
    // Bytes that do not compress, so that a cut falls into the middle.
    let mut seed = 1u64;
    let mut noise = b"EXE:amd".to_vec();
    noise.resize_with(300_000, || {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 56) as u8
    });
    let run = r#"{"Entrypoint":["/app"]}"#;
    let mut layout = Layout::default();
    let amd = layout.image(
        ("linux", "amd64"),
        run,
        &[
            (tar_of(&[("app", &noise)]), "+gzip"),
            (tar_of(&[("b", b"EXE:two")]), "+zstd"),
        ],
    );
    let arm = layout.image(
        ("linux", "arm64"),
        run,
        &[(tar_of(&[("app", b"EXE:arm")]), "")],
    );
    let index = layout.index(&[amd, arm]);
    let index = index
        .split('"')
        .find(|p| p.starts_with("sha256:"))
        .unwrap()
        .to_owned();
    let layer = layout
        .blobs
        .iter()
        .max_by_key(|(_, b)| b.len())
        .unwrap()
        .0
        .to_string();
    let blobs = layout
        .blobs
        .into_iter()
        .map(|(d, b)| (d.to_string(), b))
        .collect();
    Image {
        blobs,
        index,
        layer,
    }
}

const SHOWN: &str = " linux/amd64\n  /app=amd 0 started\n  /b=two 1\n";

impl Image {
    /// The answers of a well-behaved registry.
    fn answer(&self, request: &Request) -> Reply {
        let last = request
            .path
            .split('?')
            .next()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap();
        let key = if last == "1.2" { &self.index } else { last };
        match self.blobs.get(key) {
            Some(blob) if request.path.starts_with("/v2/t/app/") => match request.from() {
                0 => reply(200, blob),
                from => reply(206, &blob[from..]).with(
                    "Content-Range",
                    &format!("bytes {from}-{}/{}", blob.len() - 1, blob.len()),
                ),
            },
            _ => reply(404, b"{}"),
        }
    }
}

fn settings() -> Settings {
    Settings {
        insecure_http: true,
        docker_config: None,
        roots: None,
        tries: 4,
        pause: Duration::from_millis(1),
        // Long enough that only a hang exceeds it.
        timeout: Duration::from_secs(300),
        ..Settings::default()
    }
}

fn scan_with(server: &Server, tail: &str, settings: &Settings) -> StoreScan<String> {
    let target = format!("{}/t/app{tail}", server.host);
    let mut options = ImageOptions::new(&target);
    options.platform = crate::image::Platform::parse("linux/amd64");
    scan(&target, settings, &options, &Programs)
}

fn fatal(scan: &StoreScan<String>) -> String {
    let all = scan
        .problems
        .iter()
        .chain(scan.images.iter().flat_map(|i| &i.problems));
    all.filter(|p| p.fatal)
        .map(|p| p.error.detail.clone())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_tag_and_a_digest_give_the_image_of_the_platform() {
    let image = Arc::new(image());
    let (index, served) = (image.index.clone(), Arc::clone(&image));
    let server = Server::start(move |r| served.answer(r));
    for tail in [
        ":1.2".to_owned(),
        format!("@{index}"),
        format!(":ignored@{index}"),
    ] {
        let scan = scan_with(&server, &tail, &settings());
        assert_eq!(
            shown(&scan),
            format!("{}/t/app{tail}{SHOWN}", server.host),
            "{}",
            fatal(&scan)
        );
        assert_eq!(fatal(&scan), "");
    }
    assert!(
        server.requests()[0]
            .header("accept")
            .contains("application/vnd.oci.image.index.v1+json")
    );
    // Layers of another platform are not requested.
    let arm: Vec<_> = image
        .blobs
        .iter()
        .filter(|(_, b)| b.starts_with(b"app\0"))
        .map(|(d, _)| d.clone())
        .collect();
    assert!(arm.len() == 1 && !server.requests().iter().any(|r| r.path.ends_with(&arm[0])));
    let all = scan(
        &format!("{}/t/app:1.2", server.host),
        &settings(),
        &ImageOptions::new("all"),
        &Programs,
    );
    assert_eq!(all.images.len(), 2);
}

#[test]
fn a_missing_image_is_reported() {
    let served = image();
    let server = Server::start(move |r| served.answer(r));
    let text = fatal(&scan_with(&server, ":none", &settings()));
    assert_eq!(text, format!("{} has no none of t/app", server.host));
    let text = fatal(&scan(
        "example.com/t/app",
        &settings(),
        &ImageOptions::new("x"),
        &Programs,
    ));
    assert!(
        text.contains("only for registries on this machine"),
        "{text}"
    );
    let text = fatal(&scan(
        "app",
        &settings(),
        &ImageOptions::new("x"),
        &Programs,
    ));
    assert!(text.contains("host is missing"), "{text}");
}

#[test]
fn a_broken_download_resumes_where_it_broke() {
    let image = Arc::new(image());
    for ranges in [true, false] {
        let (served, layer) = (Arc::clone(&image), image.layer.clone());
        let server = Server::start(move |r| {
            let mut whole = r.clone();
            if !ranges {
                whole.headers.remove("range");
            }
            let mut reply = served.answer(&whole);
            if r.path.ends_with(&layer) && r.from() < 200_000 {
                reply.cut = Some(100_000 + if ranges { 0 } else { r.from() });
            }
            reply
        });
        let scan = scan_with(&server, ":1.2", &settings());
        assert_eq!(fatal(&scan), "");
        assert!(shown(&scan).ends_with(SHOWN), "{}", shown(&scan));
        let from: Vec<usize> = server
            .requests()
            .iter()
            .filter(|r| r.path.ends_with(&image.layer))
            .map(Request::from)
            .collect();
        assert_eq!(from.len(), 3, "{from:?}");
        assert!(from[0] == 0 && from[1] > 0 && from[2] > from[1], "{from:?}");
    }
}

#[test]
fn tries_are_bounded() {
    let image = Arc::new(image());
    let (served, layer) = (Arc::clone(&image), image.layer.clone());
    let server = Server::start(move |r| {
        let mut reply = served.answer(r);
        if r.path.ends_with(&layer) {
            reply.cut = Some(reply.body.len().min(100));
        }
        reply
    });
    let scan = scan_with(&server, ":1.2", &settings());
    assert!(
        fatal(&scan).contains("broke off after 500 of"),
        "{}",
        fatal(&scan)
    );
    assert!(
        shown(&scan).contains("/b=two 1"),
        "the other layer is still there"
    );
    let busy = Server::start(|_| reply(503, b""));
    assert!(fatal(&scan_with(&busy, ":1.2", &settings())).contains("answered 503"));
    assert_eq!(busy.requests().len(), 4);
}

/// Indexes of a thousand manifests, or that contain themselves, cost a limited number of requests and are reported.
#[test]
fn indexes_without_end_are_cut() {
    let digest = |i: usize| Digest::of(format!("{i}").as_bytes());
    let list: Vec<String> = (0..20_000)
        .map(|i| format!(r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":1}}"#, digest(i)))
        .collect();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","));
    let server = Server::start(move |r| match r.path.ends_with("/1.2") {
        true => reply(200, index.as_bytes()),
        false => reply(404, b"{}"),
    });
    let target = format!("{}/t/app:1.2", server.host);
    let scan = scan(&target, &settings(), &ImageOptions::new(&target), &Programs);
    assert_eq!(server.requests().len(), 1 + DOCUMENTS);
    let cut = format!("more than {DOCUMENTS} manifests and indexes");
    let reported = scan
        .problems
        .iter()
        .filter(|p| p.error.detail.contains(&cut));
    assert_eq!(reported.count(), 1);

    // An index that is returned for every digest: it contains itself, or an index that contains it.
    for next in [vec![1, 1, 1], vec![1, 2, 1, 2]] {
        let list: Vec<String> = next
            .iter()
            .map(|i| format!(r#"{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{}","size":1}}"#, digest(*i)))
            .collect();
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","));
        let server = Server::start(move |_| reply(200, index.as_bytes()));
        let target = format!("{}/t/app:1.2", server.host);
        let scan = super::scan(&target, &settings(), &ImageOptions::new(&target), &Programs);
        assert!(server.requests().len() <= 3, "{}", server.requests().len());
        assert!(fatal(&scan).contains("has the digest"), "{}", fatal(&scan));
    }
}

/// A readable answer that names nothing is reported; it is not taken for an image without programs.
#[test]
fn a_manifest_that_names_nothing_is_reported() {
    let first = r#"{"schemaVersion":1,"name":"t/app","tag":"1.2","fsLayers":[],"history":[]}"#;
    for (body, wanted) in [
        (first, "a manifest of Docker's first form is not read"),
        ("{}", "neither an index nor a manifest"),
        (r#"{"errors":[]}"#, "neither an index nor a manifest"),
        (
            r#"{"schemaVersion":2,"layers":[]}"#,
            "neither an index nor a manifest",
        ),
    ] {
        let server = Server::start(move |_| reply(200, body.as_bytes()));
        let reported = fatal(&scan_with(&server, ":1.2", &settings()));
        assert!(reported.contains(wanted), "{body}: {reported}");
    }
}

#[test]
fn requests_of_one_target_are_bounded() {
    assert_eq!(Settings::default().requests, 10_000);
    let digest = |i: usize| Digest::of(format!("{i}").as_bytes());
    let list: Vec<String> = (0..100)
        .map(|i| format!(r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":1}}"#, digest(i)))
        .collect();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","));
    // Every document is requested again and every repetition redirected: eight requests for each.
    let server = Server::start(move |r| match r.path.as_str() {
        path if path.ends_with("/1.2") => reply(200, index.as_bytes()),
        path if path.contains("sha256:") => reply(307, b"").with("Location", "/elsewhere"),
        _ => reply(503, b""),
    });
    let few = Settings {
        requests: 40,
        ..settings()
    };
    let target = format!("{}/t/app:1.2", server.host);
    let scan = scan(&target, &few, &ImageOptions::new(&target), &Programs);
    assert_eq!(server.requests().len(), 40);
    let reported = fatal(&scan);
    assert!(
        reported.contains("was asked 40 times for one target"),
        "{reported}"
    );
}

/// The stated size of a layer or document is compared with the real one, as its digest is.
#[test]
fn stated_sizes_are_compared_with_what_comes() {
    for change in [-1i64, 1, 100_000] {
        let served = image();
        let layer = served.blobs[&served.layer].len();
        let stated = u64::try_from(layer as i64 + change).unwrap();
        let manifest = served.blobs.iter().find(|(_, b)| {
            String::from_utf8_lossy(b).contains(&format!(r#""{}","size":{layer}"#, served.layer))
        });
        let (old, text) = manifest
            .map(|(d, b)| (d.clone(), String::from_utf8_lossy(b).into_owned()))
            .unwrap();
        let text = text.replace(
            &format!(r#""size":{layer}"#),
            &format!(r#""size":{stated}"#),
        );
        let new = Digest::of(text.as_bytes()).to_string();
        let server = Server::start(move |r| {
            if r.path.ends_with(&new) {
                return reply(200, text.as_bytes());
            }
            let mut reply = served.answer(r);
            if r.path.ends_with("/1.2") {
                reply.body = String::from_utf8_lossy(&reply.body)
                    .replace(&old, &new)
                    .into_bytes();
            }
            reply
        });
        let text = fatal(&scan_with(&server, ":1.2", &settings()));
        assert!(
            text.contains(&format!(
                "the layer has {layer} bytes, its manifest says {stated}"
            )),
            "{change}: {text}"
        );
    }
}

#[test]
fn wrong_content_is_detected() {
    let mut served = image();
    let layer = served.layer.clone();
    served.blobs.get_mut(&layer).unwrap()[150_000] ^= 1;
    let server = Server::start(move |r| served.answer(r));
    let text = fatal(&scan_with(&server, ":1.2", &settings()));
    assert!(text.contains("the layer's digest is"), "{text}");

    let mut served = image();
    let index = served.index.clone();
    served.blobs.get_mut(&index).unwrap().push(b' ');
    let server = Server::start(move |r| served.answer(r));
    let text = fatal(&scan_with(&server, &format!("@{index}"), &settings()));
    assert!(text.contains("has the digest"), "{text}");
}
