//! What is said of an image: what it starts, as whom, in which environment, and by which names people know it.

use super::*;

/// An image that starts `/app` with an environment, and still has an older copy below it.
fn shop() -> Vec<u8> {
    let (old, new) = (fixture(OLD), fixture(NEW));
    let layers = [
        tar(&[File("app", &old), File("other", &old)]),
        tar(&[File("app", &new)]),
    ];
    let config = json!({
        "Entrypoint": ["/app"], "Cmd": ["serve", "--name", "a b"], "User": "65532",
        "Env": ["PATH=/bin", "GODEBUG=http2client=0", "GOROOT=/opt/go", "GOGC=50", "TOKEN=s3cret"],
        "Labels": {"org.opencontainers.image.version": "1.2.0"},
    });
    docker_archive("shop:1.2", "linux/amd64", &config, &layers)
}

const LINE: &str = "starts /app serve --name 'a b'; as 65532; \
                    ENV GODEBUG=http2client=0 GOROOT=/opt/go GOGC=50, also PATH TOKEN; version 1.2.0; ID ";

#[test]
fn table_page_and_summary_say_what_an_image_starts() {
    let s = Scratch::new();
    s.put("shop.tar", &shop());
    let run = |args: &[&str]| crate::support::cli::run_in(s.path(), args);
    let table = run(&["scan", "shop.tar"]);
    let line = format!("shop:1.2 (linux/amd64): {LINE}");
    assert!(table.stdout.contains(&line), "{}", table.stdout);
    let markdown = run(&["audit", "--format=markdown", "shop.tar"]);
    let line = "shop:1.2 \\(linux/amd64\\): starts /app serve";
    assert!(markdown.stdout.contains(line), "{}", markdown.stdout);
    let page = run(&["scan", "--format=html", "shop.tar"]);
    for text in [
        "GODEBUG=http2client=0 GOROOT=/opt/go GOGC=50",
        "65532",
        "1.2.0",
    ] {
        assert!(page.stdout.contains(text), "{text}");
    }
    for shown in [&table, &markdown, &page] {
        assert!(!shown.stdout.contains("s3cret"));
    }
}

#[test]
fn the_id_is_the_digest_of_the_configuration() {
    let s = Scratch::new();
    layout(&s.path().join("layout"));
    let read =
        |path: &Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let manifest = read(&s.path().join("layout/index.json"))["manifests"][0]["digest"].clone();
    let hex = manifest
        .as_str()
        .unwrap()
        .split_once(':')
        .unwrap()
        .1
        .to_owned();
    let config = read(&s.path().join("layout/blobs/sha256").join(hex))["config"]["digest"].clone();
    let (_, lines) = scan(&[s.path().join("layout").to_str().unwrap()], None);
    let image = lines_of_type(&lines, "image")[0];
    assert_eq!(
        (&image["digest"], &image["config_digest"]),
        (&manifest, &config)
    );
    // The older form of `docker save` has no manifest, and any name for the configuration.
    let (_, lines) = scan(&["-"], Some(&saved()));
    let image = lines_of_type(&lines, "image")[0];
    assert_eq!(image["digest"], Value::Null);
    let id = image["config_digest"].as_str().unwrap();
    assert!(Digest::parse(id).is_some(), "{id}");
}

#[test]
fn the_environment_acts_on_what_can_be_started() {
    let s = Scratch::new();
    s.put("shop.tar", &shop());
    let run = |args: &[&str]| crate::support::cli::run_in(s.path(), args);
    let out = run(&["scan", "--format=json", "shop.tar"]);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    let all = document["binaries"].as_array().unwrap().iter();
    let seen: Vec<Value> = all
        .map(|b| {
            json!([
                b["path"],
                b["location"]["visible"],
                b["godebug"]["environment"]
            ])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!(["/app", false, null]),
            json!(["/app", true, "http2client=0"]),
            json!(["/other", true, "http2client=0"]),
        ]
    );
    let audit = run(&["audit", "--format=json", "shop.tar"]);
    let document: Value = serde_json::from_str(&audit.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap().iter();
    let hidden = findings.filter(|f| f["location"]["layer"]["index"] == 0 && f["path"] == "/app");
    let rules: Vec<&str> = hidden.map(|f| f["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"shadowed-copy"), "{rules:?}");
    assert!(
        !rules.iter().any(|rule| rule.starts_with("godebug-")),
        "{rules:?}"
    );
}

#[test]
fn a_layer_without_history_has_no_step() {
    let s = Scratch::new();
    layout(s.path());
    let (_, lines) = scan(&[s.path().to_str().unwrap()], None);
    let image = lines_of_type(&lines, "image")[0];
    assert_eq!(image["layers"][1]["created_by"], "COPY step 1");
    let (_, lines) = scan(&["-"], Some(&saved()));
    let image = lines_of_type(&lines, "image")[0];
    let layers = image["layers"].as_array().unwrap();
    assert!(layers.iter().all(|layer| layer["created_by"].is_null()));
}
