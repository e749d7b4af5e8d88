//! The client against a small server on the loopback that is told how to misbehave.

use super::testing::{Reply, Request, Server, reply};
use super::*;
use crate::source::archive::{ArchiveError, Candidate, Place, Want};
use crate::source::image::testing::{Layout, shown, tar_of};
use std::collections::HashMap;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

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

/// An image for two platforms: the blobs, and the digest of its index.
struct Image {
    blobs: HashMap<String, Vec<u8>>,
    index: String,
    /// Digest of a layer of some length.
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
    /// What a well-behaved registry says.
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
        // Only a hang is longer.
        timeout: Duration::from_secs(300),
        ..Settings::default()
    }
}

fn scan_with(server: &Server, tail: &str, settings: &Settings) -> Scan<String> {
    let target = format!("{}/t/app{tail}", server.host);
    let mut options = Options::new(&target);
    options.platform = crate::source::image::Platform::parse("linux/amd64");
    scan(&target, settings, &options, &Programs)
}

fn fatal(scan: &Scan<String>) -> String {
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
    let (index, it) = (image.index.clone(), Arc::clone(&image));
    let server = Server::start(move |r| it.answer(r));
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
    // Another platform's layers are not asked for.
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
        &Options::new("all"),
        &Programs,
    );
    assert_eq!(all.images.len(), 2);
}

#[test]
fn what_is_not_there_is_said_so() {
    let it = image();
    let server = Server::start(move |r| it.answer(r));
    let text = fatal(&scan_with(&server, ":none", &settings()));
    assert_eq!(text, format!("{} has no none of t/app", server.host));
    let text = fatal(&scan(
        "example.com/t/app",
        &settings(),
        &Options::new("x"),
        &Programs,
    ));
    assert!(
        text.contains("only for registries on this machine"),
        "{text}"
    );
    let text = fatal(&scan("app", &settings(), &Options::new("x"), &Programs));
    assert!(text.contains("host is missing"), "{text}");
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke() {
    let image = Arc::new(image());
    for ranges in [true, false] {
        let (it, layer) = (Arc::clone(&image), image.layer.clone());
        let server = Server::start(move |r| {
            let mut whole = r.clone();
            if !ranges {
                whole.headers.remove("range");
            }
            let mut reply = it.answer(&whole);
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
    let (it, layer) = (Arc::clone(&image), image.layer.clone());
    let server = Server::start(move |r| {
        let mut reply = it.answer(r);
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

/// Credentials are for the registry that was named. Another host that it redirects to gets none, neither in a request nor by naming a
/// token service, and neither does the registry itself on the word of that host.
#[test]
fn credentials_go_nowhere_by_the_word_of_a_redirect() {
    let it = Arc::new(image());
    for (scheme, way) in [
        ("Bearer", "307"),
        ("Bearer", "302"),
        ("Basic", "307"),
        ("Basic", "308"),
    ] {
        let status: u16 = way.parse().unwrap();
        // The other host asks for a login with a realm of its own, and would take whatever comes.
        let other = Server::start(move |r| {
            if r.path.starts_with("/token") {
                return reply(200, br#"{"token":"stolen"}"#);
            }
            let realm = format!(
                r#"{scheme} realm="http://{}/token",service="s",scope="x:y:pull,push""#,
                r.header("host")
            );
            reply(401, b"").with("WWW-Authenticate", &realm)
        });
        let away = other.host.clone();
        let known = Arc::clone(&it);
        let server = Server::start(move |r| match r.path.contains("/blobs/") {
            true => reply(status, b"").with("Location", &format!("http://{away}{}", r.path)),
            false => known.answer(r),
        });
        let dir = tempfile::tempdir().unwrap();
        // For both hosts, so that only the rule keeps them at home: u:s3cr3t.
        let auths = [&server.host, &other.host]
            .map(|host| format!(r#""{host}":{{"auth":"dTpzM2NyM3Q="}}"#))
            .join(",");
        let config = format!(r#"{{"auths":{{{auths}}}}}"#);
        std::fs::write(dir.path().join("config.json"), config).unwrap();
        let settings = Settings {
            docker_config: Some(dir.path().to_owned()),
            ..settings()
        };
        let scan = scan_with(&server, ":1.2", &settings);
        let text = fatal(&scan);
        assert!(
            text.contains("asks for a login") && text.contains("go nowhere else"),
            "{scheme} {way}: {text}"
        );
        let asked = other.requests();
        assert!(!asked.is_empty());
        for request in asked.iter().chain(&server.requests()) {
            assert_eq!(
                request.header("authorization"),
                "",
                "{scheme} {way}: {}",
                request.path
            );
            assert!(!request.path.starts_with("/token"), "{}", request.path);
        }
    }
}

/// The other host may lead back: the registry's proof does not go where that host says.
#[test]
fn a_way_back_from_another_host_carries_no_proof() {
    let it = Arc::new(image());
    let home = Arc::new(Mutex::new(String::new()));
    let back = Arc::clone(&home);
    let other = Server::start(move |r| {
        let to = format!("http://{}/elsewhere{}", back.lock().unwrap(), r.path);
        reply(307, b"").with("Location", &to)
    });
    let away = other.host.clone();
    let server = Server::start(move |r| {
        if r.path.starts_with("/elsewhere") {
            return reply(200, b"x");
        }
        if r.header("authorization") != "Basic dTpzM2NyM3Q=" {
            return reply(401, b"").with("WWW-Authenticate", r#"Basic realm="r""#);
        }
        match r.path.contains("/blobs/") {
            true => reply(307, b"").with("Location", &format!("http://{away}{}", r.path)),
            false => it.answer(r),
        }
    });
    home.lock().unwrap().clone_from(&server.host);
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        r#"{{"auths":{{"{}":{{"auth":"dTpzM2NyM3Q="}}}}}}"#,
        server.host
    );
    std::fs::write(dir.path().join("config.json"), config).unwrap();
    let settings = Settings {
        docker_config: Some(dir.path().to_owned()),
        ..settings()
    };
    let _ = scan_with(&server, ":1.2", &settings);
    let all = server.requests();
    let led: Vec<_> = all
        .iter()
        .filter(|r| r.path.starts_with("/elsewhere"))
        .collect();
    assert!(!led.is_empty() && led.iter().all(|r| r.header("authorization").is_empty()));
    assert!(
        other
            .requests()
            .iter()
            .all(|r| r.header("authorization").is_empty())
    );
}

/// Whatever a challenge asks for, the token is to read this repository.
#[test]
fn scopes_are_pull_only() {
    for asked in [
        "repository:t/app:pull,push,delete",
        "registry:catalog:*",
        "repository:other/secret:pull",
        "",
    ] {
        let it = image();
        let server = Server::start(move |r| {
            if r.path.starts_with("/token?") {
                return reply(200, br#"{"token":"t"}"#);
            }
            match r.header("authorization") {
                "Bearer t" => it.answer(r),
                _ => {
                    let realm = format!(
                        r#"Bearer realm="http://{}/token",service="s",scope="{asked}""#,
                        r.header("host")
                    );
                    reply(401, b"").with("WWW-Authenticate", &realm)
                }
            }
        });
        let scan = scan_with(&server, ":1.2", &settings());
        assert_eq!(fatal(&scan), "");
        let all = server.requests();
        let tokens: Vec<_> = all
            .iter()
            .filter(|r| r.path.starts_with("/token?"))
            .collect();
        assert!(!tokens.is_empty());
        for token in tokens {
            assert!(
                token.path.contains("scope=repository%3At%2Fapp%3Apull&"),
                "{asked}: {}",
                token.path
            );
            assert_eq!(token.path.matches("scope=").count(), 1);
        }
    }
}

/// Indexes of a thousand manifests, or that answer with themselves, cost a bounded number of requests and are said.
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
    let scan = scan(&target, &settings(), &Options::new(&target), &Programs);
    assert_eq!(server.requests().len(), 1 + DOCUMENTS);
    let cut = format!("more than {DOCUMENTS} manifests and indexes");
    let told = scan
        .problems
        .iter()
        .filter(|p| p.error.detail.contains(&cut));
    assert_eq!(told.count(), 1);

    // An index that is given for every digest asked for: it contains itself, or one that contains it.
    for next in [vec![1, 1, 1], vec![1, 2, 1, 2]] {
        let list: Vec<String> = next
            .iter()
            .map(|i| format!(r#"{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{}","size":1}}"#, digest(*i)))
            .collect();
        let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","));
        let server = Server::start(move |_| reply(200, index.as_bytes()));
        let target = format!("{}/t/app:1.2", server.host);
        let scan = super::scan(&target, &settings(), &Options::new(&target), &Programs);
        assert!(server.requests().len() <= 3, "{}", server.requests().len());
        assert!(fatal(&scan).contains("has the digest"), "{}", fatal(&scan));
    }
}

/// An answer that can be read and names nothing is no image without programs.
#[test]
fn a_manifest_that_names_nothing_is_told() {
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
        let told = fatal(&scan_with(&server, ":1.2", &settings()));
        assert!(told.contains(wanted), "{body}: {told}");
    }
}

#[test]
fn requests_of_one_target_have_an_end() {
    assert_eq!(Settings::default().requests, 10_000);
    let digest = |i: usize| Digest::of(format!("{i}").as_bytes());
    let list: Vec<String> = (0..100)
        .map(|i| format!(r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":1}}"#, digest(i)))
        .collect();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","));
    // Every document is repeated, and every repetition redirected: four times two requests for each.
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
    let scan = scan(&target, &few, &Options::new(&target), &Programs);
    assert_eq!(server.requests().len(), 40);
    let told = fatal(&scan);
    assert!(told.contains("was asked 40 times for one target"), "{told}");
}

/// What the descriptor of a layer or a document states is compared with what comes, as its digest is.
#[test]
fn stated_sizes_are_compared_with_what_comes() {
    for change in [-1i64, 1, 100_000] {
        let it = image();
        let layer = it.blobs[&it.layer].len();
        let stated = u64::try_from(layer as i64 + change).unwrap();
        let manifest = it.blobs.iter().find(|(_, b)| {
            String::from_utf8_lossy(b).contains(&format!(r#""{}","size":{layer}"#, it.layer))
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
            let mut reply = it.answer(r);
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
fn plain_http_where_tls_was_expected_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let settings = Settings {
        insecure_http: false,
        ..settings()
    };
    let scan = scan(
        &format!("{host}/app"),
        &settings,
        &Options::new("x"),
        &Programs,
    );
    let text = fatal(&scan);
    assert!(text.contains("add --insecure-http"), "{text}");
}

#[test]
fn wrong_content_is_found_out() {
    let mut it = image();
    let layer = it.layer.clone();
    it.blobs.get_mut(&layer).unwrap()[150_000] ^= 1;
    let server = Server::start(move |r| it.answer(r));
    let text = fatal(&scan_with(&server, ":1.2", &settings()));
    assert!(text.contains("the layer's digest is"), "{text}");

    let mut it = image();
    let index = it.index.clone();
    it.blobs.get_mut(&index).unwrap().push(b' ');
    let server = Server::start(move |r| it.answer(r));
    let text = fatal(&scan_with(&server, &format!("@{index}"), &settings()));
    assert!(text.contains("has the digest"), "{text}");
}

#[test]
fn a_token_is_fetched_used_and_renewed() {
    let it = image();
    let tokens = Mutex::new(0);
    let server = Server::start(move |r| {
        let host = r.header("host");
        if r.path.starts_with("/token?") {
            assert!(
                r.path.contains("scope=repository%3At%2Fapp%3Apull")
                    && r.path.contains("service=reg"),
                "{}",
                r.path
            );
            let mut n = tokens.lock().unwrap();
            *n += 1;
            return reply(200, format!(r#"{{"access_token":"t{n}"}}"#).as_bytes());
        }
        // The first token is good for two requests.
        let good = match r.header("authorization") {
            "Bearer t1" => r.path.contains("/manifests/"),
            proof => proof == "Bearer t2" || proof == "Bearer t3",
        };
        match good {
            true => it.answer(r),
            false => reply(401, b"").with(
                "WWW-Authenticate",
                &format!(r#"Bearer realm="http://{host}/token",service="reg",scope="repository:t/app:pull""#),
            ),
        }
    });
    let scan = scan_with(&server, ":1.2", &settings());
    assert_eq!(fatal(&scan), "");
    assert!(shown(&scan).ends_with(SHOWN));
}

#[test]
fn a_password_goes_to_its_host_only_and_into_no_message() {
    let it = Arc::new(image());
    let other_image = Arc::clone(&it);
    // Blobs live on another server, as with most hosted registries.
    let store = Server::start(move |r| other_image.answer(r));
    let away = store.host.clone();
    let server = Server::start(move |r| {
        if r.header("authorization") != "Basic dTpzM2NyM3Q=" {
            return reply(401, b"").with("WWW-Authenticate", r#"Basic realm="r""#);
        }
        match r.path.contains("/blobs/") {
            true => {
                reply(307, b"").with("Location", &format!("http://{away}{}?sig=s3cr3t", r.path))
            }
            false => it.answer(r),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let config = |auth: &str| {
        std::fs::write(
            dir.path().join("config.json"),
            format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, server.host),
        )
        .unwrap()
    };
    let settings = Settings {
        docker_config: Some(dir.path().to_owned()),
        ..settings()
    };
    config("dTpzM2NyM3Q=");
    // The path of the redirect has a query, which the store ignores.
    let scan = scan_with(&server, ":1.2", &settings);
    assert!(
        store
            .requests()
            .iter()
            .all(|r| r.header("authorization").is_empty() && r.path.contains("sig="))
    );
    assert!(store.requests().len() >= 3);
    let text = format!("{scan:?}");
    assert!(
        !text.contains("s3cr3t") && !text.contains("dTpzM2"),
        "{text}"
    );
    config("dTpzM2NyM3R3cm9uZw==");
    let text = fatal(&scan_with(&server, ":1.2", &settings));
    assert!(
        text.contains("answered 401") && text.contains("docker login") && !text.contains("s3cr3t"),
        "{text}"
    );
}

#[test]
fn redirects_end_and_never_leave_this_machine_without_tls() {
    let server = Server::start(|r| reply(302, b"").with("Location", &r.path));
    assert!(fatal(&scan_with(&server, ":1.2", &settings())).contains("redirects more than"));
    let server =
        Server::start(|_| reply(302, b"").with("Location", "http://example.com/secret?sig=1"));
    let text = fatal(&scan_with(&server, ":1.2", &settings()));
    assert!(
        text.contains("sends to example.com without TLS") && !text.contains("sig"),
        "{text}"
    );
    let server = Server::start(|_| {
        reply(401, b"").with(
            "WWW-Authenticate",
            r#"Bearer realm="http://example.com/token""#,
        )
    });
    assert!(fatal(&scan_with(&server, ":1.2", &settings())).contains("without TLS"));
}

#[cfg(unix)]
#[test]
fn a_credential_helper_is_asked() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let helper = dir.path().join("docker-credential-x");
    std::fs::write(&helper, "#!/bin/sh\nread server\n[ \"$1 $server\" = 'get h.example' ] && echo '{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":\"p\"}'\n").unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let found = credentials::ask_program(&helper, "x", "h.example");
    assert!(
        found.unwrap()
            == Some(credentials::Credential::Basic {
                user: "u".into(),
                password: "p".into()
            })
    );
    let other = credentials::ask_program(&helper, "x", "other.example");
    assert!(other.unwrap().is_none());
    let missing = credentials::ask_program(&dir.path().join("none"), "none", "h.example");
    assert!(missing.is_err_and(|e| {
        e.to_string()
            .contains("docker-credential-none cannot be run")
    }));
}

#[test]
fn certificates_of_ones_own_are_read_before_anything_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("roots.pem");
    let open = |insecure_http, host: &str| {
        let settings = Settings {
            insecure_http,
            roots: Some(path.clone()),
            ..settings()
        };
        Registry::new(
            Reference::parse(&format!("{host}/app:1")).unwrap(),
            &settings,
        )
        .map(|_| ())
    };
    let message = |result: Result<(), ArchiveError>| format!("{:?}", result.unwrap_err());
    assert!(message(open(false, "registry.example")).contains("SSL_CERT_FILE"));
    std::fs::write(&path, "no certificate").unwrap();
    assert!(message(open(false, "registry.example")).contains("there is none in it"));
    assert!(
        open(true, "localhost:5000").is_ok(),
        "plain HTTP needs none"
    );
    std::fs::write(
        &path,
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    assert!(open(false, "registry.example").is_ok());
}
