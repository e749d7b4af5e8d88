//! Hard links in layers and archives.

use super::*;

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
