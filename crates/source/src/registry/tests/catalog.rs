//! Repositories and tags, listed from a server that sends pages, limits requests and gives false answers.

use super::super::Settings;
use super::super::listing::{ListOptions, Listed, NamePatterns, NotListed, Place, list};
use super::super::testing::{Reply, Request, Server, reply};
use crate::image::Digest;
use globset::{Glob, GlobSet};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn settings() -> Settings {
    Settings {
        insecure_http: true,
        docker_config: None,
        pause: Duration::from_millis(1),
        ..Settings::default()
    }
}

fn globs(pattern: &str) -> Option<GlobSet> {
    let glob = Glob::new(pattern).unwrap();
    Some(GlobSet::builder().add(glob).build().unwrap())
}

/// Manifests of four tags, by path, built on the days of their names.
fn manifests() -> HashMap<String, Vec<u8>> {
    let mut files = HashMap::new();
    let mut children = Vec::new();
    for (tag, day) in [("v1.9", 1), ("v1.10", 3), ("old", 2), ("edge", 4)] {
        let config = format!(r#"{{"created":"2026-01-0{day}T00:00:00Z"}}"#);
        let config_digest = Digest::of(config.as_bytes());
        let layer = Digest::of(tag.as_bytes());
        let manifest = format!(
            r#"{{"config":{{"digest":"{config_digest}","size":{}}},"layers":[{{"digest":"{layer}","size":10{day}}}]}}"#,
            config.len()
        );
        let digest = Digest::of(manifest.as_bytes());
        files.insert(
            format!("/v2/team/app/blobs/{config_digest}"),
            config.into_bytes(),
        );
        files.insert(
            format!("/v2/team/app/manifests/{digest}"),
            manifest.clone().into_bytes(),
        );
        files.insert(
            format!("/v2/team/app/manifests/{tag}"),
            manifest.into_bytes(),
        );
        children.push(digest);
    }
    let index = format!(
        r#"{{"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","platform":{{"os":"linux","architecture":"amd64"}}}},
            {{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","platform":{{"os":"linux","architecture":"arm64"}}}},
            {{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","platform":{{"os":"unknown","architecture":"unknown"}}}}]}}"#,
        children[0], children[1], children[2]
    );
    // An index in an index, which names one image that it has again.
    let digest = Digest::of(index.as_bytes());
    let outer = format!(
        r#"{{"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{digest}"}},
            {{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}"}},
            {{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{digest}"}},
            {{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}"}}]}}"#,
        children[0], children[3]
    );
    for (name, bytes) in [
        ("multi", &index),
        (&digest.to_string(), &index),
        ("nested", &outer),
    ] {
        let path = format!("/v2/team/app/manifests/{name}");
        files.insert(path, bytes.clone().into_bytes());
    }
    files
}

/// A registry of three repositories, in pages of two names.
fn registry(request: &Request) -> Reply {
    let page = |list: &str, next: &str| {
        let answer = reply(200, list.as_bytes());
        match next {
            "" => answer,
            next => answer.with("Link", &format!("<{next}>; rel=\"next\"")),
        }
    };
    match request.path.as_str() {
        "/v2/_catalog?n=1000" => page(
            r#"{"repositories":["alpha","team/app"]}"#,
            "/v2/_catalog?last=team/app&n=1000",
        ),
        "/v2/_catalog?last=team/app&n=1000" | "/v2/_catalog?n=1000&last=team%2Fapp" => {
            page(r#"{"repositories":["team/broken","team/none"]}"#, "")
        }
        "/v2/alpha/tags/list?n=1000" => page(r#"{"name":"alpha","tags":["1"]}"#, ""),
        "/v2/team/app/tags/list?n=1000" => page(
            r#"{"tags":["edge","old"]}"#,
            "/v2/team/app/tags/list?n=1000&last=old",
        ),
        "/v2/team/app/tags/list?n=1000&last=old" => page(r#"{"tags":["v1.10","v1.9"]}"#, ""),
        "/v2/team/none/tags/list?n=1000" => page(r#"{"tags":null}"#, ""),
        path => match manifests().get(path) {
            Some(bytes) => reply(200, bytes),
            None => reply(404, b""),
        },
    }
}

fn names(server: &Server, rest: &str, options: &ListOptions) -> Vec<String> {
    let place = Place::parse(&format!("{}{rest}", server.host));
    let mut found = Vec::new();
    let ended = list(&place, &settings(), options, &mut |result| {
        found.push(match result {
            Ok(listed) => format!("{}:{}", listed.repository, listed.tag),
            Err(NotListed { name, error }) => {
                format!(
                    "! {} {}",
                    name.replace(&server.host, "HOST"),
                    error.detail.replace(&server.host, "HOST")
                )
            }
        });
        true
    });
    found.extend(
        ended
            .err()
            .map(|error| error.detail.replace(&server.host, "HOST")),
    );
    found
}

/// What a tag of `team/app` leads to, for all platforms or one.
fn with_digests(host: &str, tag: &str, platform: Option<&str>) -> Vec<Result<Listed, NotListed>> {
    let options = ListOptions {
        digests: true,
        platform: platform.and_then(crate::image::Platform::parse),
        ..ListOptions::default()
    };
    let place = Place::parse(&format!("{host}/team/app:{tag}"));
    let mut found = Vec::new();
    let keep = &mut |result| {
        found.push(result);
        true
    };
    list(&place, &settings(), &options, keep).unwrap();
    found
}

#[test]
fn every_page_is_read_and_a_broken_repository_costs_no_other() {
    let server = Server::start(registry);
    assert_eq!(
        names(&server, "", &ListOptions::default()),
        [
            "alpha:1",
            "team/app:edge",
            "team/app:old",
            "team/app:v1.10",
            "team/app:v1.9",
            "! HOST/team/broken HOST has no team/broken",
        ]
    );
    let after = ListOptions {
        after: Some("team/app".to_owned()),
        ..ListOptions::default()
    };
    let rest = names(&server, "", &after);
    assert_eq!(rest, ["! HOST/team/broken HOST has no team/broken"]);
}

fn patterns(pattern: &str) -> NamePatterns {
    match pattern.contains(':') {
        true => NamePatterns {
            tags: globs(pattern),
            ..NamePatterns::default()
        },
        false => NamePatterns {
            repositories: globs(pattern),
            ..NamePatterns::default()
        },
    }
}

#[test]
fn patterns_and_the_newest_tags_choose() {
    let server = Server::start(registry);
    let choose = |include: &str, exclude: &str, newest| ListOptions {
        include: patterns(include),
        exclude: patterns(exclude),
        newest,
        ..ListOptions::default()
    };
    let two = names(&server, "", &choose("team/app", "none", Some(2)));
    assert_eq!(two, ["team/app:edge", "team/app:v1.10"]);
    let tagged = names(&server, "", &choose("team/app:v*", "*:v1.9", None));
    // Any repository might have such a tag.
    assert_eq!(
        tagged,
        [
            "team/app:v1.10",
            "! HOST/team/broken HOST has no team/broken"
        ]
    );
    let before = server.requests().len();
    assert!(names(&server, "", &choose("*", "**", None)).is_empty());
    assert_eq!(
        server.requests().len() - before,
        2,
        "what is excluded is not asked about"
    );
    let one = names(&server, "/team/app:multi", &ListOptions::default());
    assert_eq!(one, ["team/app:multi"]);
}

#[test]
fn tags_lead_to_digests_platforms_and_layers() {
    let server = Server::start(registry);
    let resolve =
        |tag: &str, platform| with_digests(&server.host, tag, platform).remove(0).unwrap();
    let all = resolve("multi", None);
    let resolved = all.resolved.clone().unwrap();
    let platforms: Vec<_> = resolved
        .images
        .iter()
        .map(|image| image.platform.clone().unwrap())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!(
        (resolved.images[0].bytes, resolved.images[1].bytes),
        (101, 103)
    );
    assert_eq!(resolved.images[0].layers, [Digest::of(b"v1.9").to_string()]);
    let target = all.target(&server.host);
    assert_eq!(
        target,
        format!(
            "registry:{}/team/app:multi@{}",
            server.host, resolved.digest
        )
    );
    let arm = resolve("multi", Some("linux/arm64")).resolved.unwrap();
    assert_eq!(arm.images.len(), 1);
    // The images of an index in an index, each once and none of its documents read twice.
    let before = server.requests().len();
    let nested = resolve("nested", None).resolved.unwrap();
    let sizes: Vec<u64> = nested.images.iter().map(|image| image.bytes).collect();
    assert_eq!(sizes, [101, 103, 104]);
    assert!(nested.images.iter().all(|image| !image.layers.is_empty()));
    let mut asked: Vec<String> = server.requests()[before..]
        .iter()
        .map(|request| request.path.clone())
        .collect();
    asked.sort();
    let count = asked.len();
    asked.dedup();
    assert_eq!(asked.len(), count, "{asked:?}");
    let arm = resolve("nested", Some("linux/arm64")).resolved.unwrap();
    let platforms: Vec<_> = arm.images.iter().map(|i| i.platform.as_deref()).collect();
    assert_eq!(
        platforms,
        [Some("linux/arm64"), None, None],
        "the platform of two is unknown"
    );
}

#[test]
fn a_missing_manifest_costs_no_other_and_an_index_is_bounded() {
    let server = Server::start(|request: &Request| {
        let child = |index: bool, digest: &str| {
            let kind = if index { "index" } else { "manifest" };
            format!(
                r#"{{"mediaType":"application/vnd.oci.image.{kind}.v1+json","digest":"{digest}"}}"#
            )
        };
        let index = |children: Vec<String>| format!(r#"{{"manifests":[{}]}}"#, children.join(","));
        let of = |number: usize| Digest::of(number.to_string().as_bytes()).to_string();
        let one = manifests()["/v2/team/app/manifests/old"].clone();
        let there = Digest::of(&one).to_string();
        let many: Vec<String> = (0..1_000).map(|number| child(false, &of(number))).collect();
        let below = index(many.clone());
        let body = match request.path.rsplit('/').next().unwrap() {
            "gap" => index(vec![
                child(false, &of(1)),
                child(false, &there),
                child(false, "sha256:zz"),
            ]),
            "wide" => index(vec![child(true, &Digest::of(below.as_bytes()).to_string())]),
            digest if digest == there => return reply(200, &one),
            digest if digest == Digest::of(below.as_bytes()).to_string() => below,
            _ => return reply(404, b""),
        };
        reply(200, body.as_bytes())
    });
    let listed = |tag: &str| with_digests(&server.host, tag, None);
    let gap = listed("gap");
    let resolved = gap[0].as_ref().unwrap().resolved.as_ref().unwrap();
    assert_eq!(resolved.images.len(), 1);
    assert_eq!(resolved.images[0].bytes, 102);
    let details: Vec<&str> = gap[1..]
        .iter()
        .map(|problem| problem.as_ref().unwrap_err().error.detail.as_str())
        .collect();
    assert_eq!(details.len(), 2, "{details:?}");
    let missing = format!("{} has no {}", server.host, Digest::of(b"1"));
    assert_eq!(details[0], missing);
    assert!(details[1].contains("not a digest"), "{details:?}");

    // 1,001 manifests are named, of which the inner thousand are not asked for.
    let before = server.requests().len();
    let wide = listed("wide");
    let error = &wide[0].as_ref().unwrap_err().error;
    assert!(
        error.detail.contains("more than 1000 manifests"),
        "{error:?}"
    );
    assert_eq!(server.requests().len(), before + 2);
}

#[test]
fn a_registry_that_limits_is_asked_again_when_it_says() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 | 2 => reply(429, b"").with("Retry-After", "1"),
        _ => registry(request),
    });
    let start = Instant::now();
    assert_eq!(
        names(&server, "/alpha", &ListOptions::default()),
        ["alpha:1"]
    );
    assert!(start.elapsed() >= Duration::from_secs(1));
    let server = Server::start(|_| reply(429, b""));
    let limited = names(&server, "", &ListOptions::default());
    assert!(
        limited[0].contains("429") && limited[0].contains("limits how often"),
        "{limited:?}"
    );
}

#[test]
fn false_answers_of_a_registry_are_survived() {
    let server = Server::start(|request| {
        let ring = "</v2/_catalog?n=1000>; rel=\"next\"";
        match request.path.as_str() {
            "/v2/_catalog?n=1000" => {
                reply(200, br#"{"repositories":["../x","a b","UP"]}"#).with("Link", ring)
            }
            _ => reply(200, b"{}"),
        }
    });
    let found = names(&server, "", &ListOptions::default());
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found[..3]
            .iter()
            .all(|line| line.contains("the repository's name"))
    );
    assert!(found[3].contains("the same page again"), "{found:?}");
    assert_eq!(server.requests().len(), 1, "no path is made of such names");

    let server = Server::start(|_| reply(200, b"<html>"));
    let found = names(&server, "", &ListOptions::default());
    assert!(
        found[0].starts_with("the catalog is not what it should be"),
        "{found:?}"
    );
    let server = Server::start(|_| reply(404, b""));
    let found = names(&server, "", &ListOptions::default());
    assert_eq!(
        found,
        ["HOST has no catalog; name its repositories: registry:HOST/NAME"]
    );
    let server = Server::start(|_| reply(200, &[b' '; 2 << 20]));
    let found = names(&server, "", &ListOptions::default());
    assert!(found[0].contains("sends more than"), "{found:?}");
}

#[test]
fn tokens_are_asked_for_the_catalog_and_for_each_repository() {
    let server = Server::start(|request| {
        let host = request.header("host").to_owned();
        if request.path.starts_with("/token") {
            return reply(200, br#"{"token":"t"}"#);
        }
        if request.header("authorization") != "Bearer t" {
            let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"s\"");
            return reply(401, b"").with("WWW-Authenticate", &challenge);
        }
        registry(request)
    });
    assert_eq!(names(&server, "", &ListOptions::default()).len(), 6);
    let requests = server.requests();
    let mut scopes: Vec<_> = requests
        .iter()
        .filter(|r| r.path.starts_with("/token"))
        .map(|r| r.path.clone())
        .collect();
    scopes.sort();
    assert_eq!(scopes.len(), 5, "{scopes:?}");
    assert!(
        scopes[0].contains("scope=registry%3Acatalog%3A%2A"),
        "{scopes:?}"
    );
    assert!(
        scopes[1].contains("repository%3Aalpha%3Apull"),
        "{scopes:?}"
    );
}

#[test]
fn a_token_that_is_revoked_in_the_middle_loses_only_what_comes_after() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0..=1 => registry(request),
        _ => reply(401, b""),
    });
    let one_by_one = ListOptions {
        connections: 1,
        ..ListOptions::default()
    };
    let found = names(&server, "", &one_by_one);
    assert_eq!(found[0], "alpha:1");
    assert!(
        found[1].starts_with("! HOST/team/app HOST answered 401"),
        "{found:?}"
    );
    // The next page of the catalog is refused too.
    assert!(
        found[2].contains("401") && found[2].contains("docker login"),
        "{found:?}"
    );
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn hostile_lists_end_and_forge_no_line() {
    // Tags with line breaks, a list of empty pages without an end, and one of ever new tags.
    let server = Server::start(|request: &Request| {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let number: usize = query
            .rsplit('=')
            .next()
            .and_then(|last| last.parse().ok())
            .unwrap_or(0);
        let link = format!("<{path}?last={}>; rel=\"next\"", number + 1);
        match path {
            "/v2/app/tags/list" => reply(
                200,
                br#"{"tags":["v1","bad\nregistry:evil.example/x:1","a/b","\u001b[31m"]}"#,
            ),
            "/v2/empty/tags/list" => reply(200, br#"{"tags":[]}"#).with("Link", &link),
            "/v2/endless/tags/list" => {
                let tags: Vec<String> = (0..8_000)
                    .map(|n| format!("\"v{number}-{n}-{}\"", "x".repeat(90)))
                    .collect();
                let body = format!("{{\"tags\":[{}]}}", tags.join(","));
                reply(200, body.as_bytes()).with("Link", &link)
            }
            _ => reply(404, b""),
        }
    });
    let all = ListOptions::default();
    let tags = names(&server, "/app", &all);
    assert_eq!(
        tags.iter().filter(|name| !name.starts_with('!')).count(),
        1,
        "{tags:?}"
    );
    assert_eq!(tags.len(), 4, "{tags:?}");
    let empty = names(&server, "/empty", &all);
    assert!(
        empty[0].contains("page after page without an end"),
        "{empty:?}"
    );
    let endless = names(&server, "/endless", &all);
    assert!(
        endless[0].contains("more tags than gospect lists"),
        "{endless:?}"
    );
}
