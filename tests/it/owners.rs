//! Owners of files: databases written by dpkg and rpm, and packages, with a stored program. `scripts/make-package-databases.py`
//! makes them.

use crate::support::cli::{Scratch, run};
use crate::support::fixture;
use crate::support::pack::Member::File;
use crate::support::pack::{docker_archive, tar};
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "1.27-linux-amd64-strip";

/// Files and links of testdata/packages.tar.xz below this prefix, without the prefix.
fn stored(beginning: &str) -> Vec<(String, Result<Vec<u8>, String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/packages.tar.xz");
    let mut bytes = Vec::new();
    lzma_rust2::XzReader::new(std::fs::File::open(path).unwrap(), false)
        .read_to_end(&mut bytes)
        .unwrap();
    let mut found = Vec::new();
    let mut rest = bytes.as_slice();
    while rest.len() > 512 && rest[0] != 0 {
        let text = |range: std::ops::Range<usize>| {
            let field = rest[range].split(|b| *b == 0).next().unwrap();
            String::from_utf8(field.to_vec()).unwrap()
        };
        let size = usize::from_str_radix(text(124..136).trim(), 8).unwrap();
        if let Some(name) = text(0..100).strip_prefix(beginning) {
            let body = match rest[156] {
                b'2' => Err(text(157..257)),
                _ => Ok(rest[512..512 + size].to_vec()),
            };
            found.push((name.to_owned(), body));
        }
        rest = &rest[512 + size.next_multiple_of(512)..];
    }
    assert!(!found.is_empty(), "{beginning}");
    found
}

/// Unpacks a stored root, with the program at these paths.
fn root(scratch: &Scratch, name: &str, programs: &[&str]) -> PathBuf {
    for (path, body) in stored(&format!("roots/{name}/")) {
        match body {
            Ok(body) => drop(scratch.put(&format!("{name}/{path}"), &body)),
            Err(target) => {
                let link = scratch.path().join(name).join(path);
                std::fs::create_dir_all(link.parent().unwrap()).unwrap();
                // The target of a link must exist before a name goes through the link.
                std::fs::create_dir_all(link.parent().unwrap().join(&target)).ok();
                if target.ends_with("os-release") {
                    std::fs::remove_dir(link.parent().unwrap().join(&target)).ok();
                }
                std::os::unix::fs::symlink(target, link).unwrap();
            }
        }
    }
    for program in programs {
        scratch.put(&format!("{name}/{program}"), &fixture(PROGRAM));
    }
    scratch.path().join(name)
}

fn records(args: &[&str]) -> Vec<Value> {
    let out = run(&[&["scan", "--format", "ndjson"], args].concat());
    let lines = out.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// For each program: path after the last occurrence of the root's name, package, version, and what was compared.
fn owners(lines: &[Value], root: &str) -> Vec<(String, Option<String>)> {
    let of = |owner: &Value| {
        let text = |key: &str| owner[key].as_str().unwrap_or("-").to_owned();
        Some(
            [
                "kind",
                "name",
                "version",
                "arch",
                "distribution",
                "release",
                "how",
                "compared",
            ]
            .map(text)
            .join(" "),
        )
        .filter(|_| !owner.is_null())
    };
    let binaries = lines.iter().filter(|line| line["type"] == "binary");
    let mut all: Vec<_> = binaries
        .map(|b| {
            let path = b["path"].as_str().unwrap();
            let inside = path.strip_prefix(root).unwrap_or(path);
            (inside.to_owned(), of(&b["owner"]))
        })
        .collect();
    all.sort();
    all
}

fn check(found: &[(String, Option<String>)], wanted: &[(&str, Option<&str>)]) {
    let found: Vec<_> = found
        .iter()
        .map(|(path, owner)| (path.as_str(), owner.as_deref()))
        .collect();
    assert_eq!(found, wanted);
}

/// The roots with their programs and the expected owners.
type Case = (
    &'static str,
    &'static [(&'static str, Option<&'static str>)],
);

const CASES: &[Case] = &[
    (
        "debian",
        &[
            (
                "/usr/bin/acme",
                Some("deb acme 1:2.0-3+b1 amd64 debian 12 dpkg md5"),
            ),
            (
                "/usr/bin/oldpath",
                Some("deb oldpath 1.0 amd64 debian 12 dpkg md5"),
            ),
            ("/usr/bin/other", None),
            ("/usr/bin/removed", None),
            ("/usr/bin/replaced", None),
            (
                "/usr/bin/tool",
                Some("deb diverter 7 amd64 debian 12 dpkg md5"),
            ),
            (
                "/usr/bin/tool.distrib",
                Some("deb diverted 1.1 amd64 debian 12 dpkg md5"),
            ),
            (
                "/usr/lib/x86_64-linux-gnu/acme/helper",
                Some("deb libacme 3.1-1 amd64 debian 12 dpkg md5"),
            ),
        ],
    ),
    (
        "distroless",
        &[
            (
                "/usr/bin/acme",
                Some("deb acme 4.0-1 arm64 debian 13 dpkg md5"),
            ),
            ("/usr/bin/other", None),
        ],
    ),
    (
        "alpine",
        &[
            (
                "/usr/bin/acme",
                Some("apk acme-cli 2.0.1-r4 x86_64 alpine 3.20.3 apk sha1"),
            ),
            (
                "/usr/bin/acme-plain",
                Some("apk acme-cli 2.0.1-r4 x86_64 alpine 3.20.3 apk -"),
            ),
            ("/usr/bin/acme-replaced", None),
            ("/usr/share/acme/other", None),
        ],
    ),
    (
        "fedora",
        &[
            (
                "/usr/bin/acme",
                Some("rpm acme 1:2.0-3.fc40 x86_64 fedora 40 rpm-sqlite sha256"),
            ),
            ("/usr/bin/acme-replaced", None),
            ("/usr/bin/other", None),
            (
                "/usr/libexec/acme-tool",
                Some("rpm acme-tools 9.1-3.fc40 x86_64 fedora 40 rpm-sqlite sha256"),
            ),
        ],
    ),
    (
        "opensuse",
        &[
            (
                "/usr/bin/acme",
                Some("rpm acme 1:2.0-3.fc40 x86_64 opensuse-leap 15.6 rpm-ndb sha256"),
            ),
            (
                "/usr/libexec/acme-tool",
                Some("rpm acme-tools 9.1-3.fc40 x86_64 opensuse-leap 15.6 rpm-ndb sha256"),
            ),
            ("/usr/libexec/other", None),
        ],
    ),
    (
        "rhel",
        &[
            (
                "/usr/bin/acme",
                Some("rpm acme 1:2.0-3.fc40 x86_64 rhel 8.10 rpm-bdb sha256"),
            ),
            ("/usr/bin/acme-replaced", None),
            (
                "/usr/libexec/acme-tool",
                Some("rpm acme-tools 9.1-3.fc40 x86_64 rhel 8.10 rpm-bdb sha256"),
            ),
        ],
    ),
    (
        "rhel-big-endian",
        &[(
            "/usr/bin/acme",
            Some("rpm acme 1:2.0-3.fc40 x86_64 rhel 7.9 rpm-bdb sha256"),
        )],
    ),
];

fn programs(case: &Case) -> Vec<&'static str> {
    case.1.iter().map(|(path, _)| &path[1..]).collect()
}

#[test]
fn owners_are_found_in_a_directory_that_is_a_root() {
    for case in CASES {
        let scratch = Scratch::new();
        let root = root(&scratch, case.0, &programs(case));
        let root = root.to_str().unwrap();
        let lines = records(&[root]);
        check(&owners(&lines, root), case.1);
        // The root is found from any directory below it or above.
        let below = records(&[&format!("{root}/usr/bin/acme")]);
        check(&owners(&below, root), &case.1[..1]);
        check(
            &owners(&records(&[scratch.path().to_str().unwrap()]), root),
            case.1,
        );
        let quick = records(&["--facts", "build-info", root]);
        assert!(
            quick.iter().all(|line| line["owner"].is_null()),
            "only with all facts"
        );
        let end = lines.last().unwrap();
        assert_eq!(end["reach"]["unexamined"], 0);
    }
}

#[test]
fn a_replaced_file_is_reported() {
    let scratch = Scratch::new();
    let root = root(&scratch, "fedora", &["usr/bin/acme-replaced"]);
    let lines = records(&[root.to_str().unwrap()]);
    let binary = lines.iter().find(|line| line["type"] == "binary").unwrap();
    let notes = binary["notes"].to_string();
    assert!(
        notes.contains("package acme 1:2.0-3.fc40 lists this path"),
        "{notes}"
    );
}

/// An image of a root: its databases in one layer, the programs in a layer below or above.
fn image(case: &Case, programs_first: bool) -> Vec<u8> {
    let files = stored(&format!("roots/{}/", case.0));
    let release = files
        .iter()
        .find(|(name, _)| name == "usr/lib/os-release")
        .unwrap();
    let mut members: Vec<_> = files
        .iter()
        .filter_map(|(name, body)| Some(File(name, body.as_ref().ok()?)))
        .collect();
    members.push(File("etc/os-release", release.1.as_ref().unwrap()));
    let program = fixture(PROGRAM);
    let names = programs(case);
    let programs: Vec<_> = names.iter().map(|name| File(name, &program)).collect();
    let mut layers = vec![tar(&members), tar(&programs)];
    if programs_first {
        layers.reverse();
    }
    docker_archive("test:1", "linux/amd64", &serde_json::json!({}), &layers)
}

#[test]
fn owners_are_found_in_the_visible_root_of_an_image() {
    for case in CASES {
        for programs_first in [false, true] {
            let scratch = Scratch::new();
            let path = scratch.put("image.tar", &image(case, programs_first));
            let lines = records(&[path.to_str().unwrap()]);
            let wanted: Vec<_> = case
                .1
                .iter()
                // This image has no link from /bin.
                .map(|(path, owner)| (*path, owner.filter(|_| *path != "/usr/bin/oldpath")))
                .collect();
            let mut found = owners(&lines, "");
            found.iter_mut().for_each(|(path, _)| {
                if !path.starts_with('/') {
                    path.insert(0, '/');
                }
            });
            // The stored root contains the file that stands for the replaced one.
            found.dedup();
            check(&found, &wanted);
        }
    }
}

#[test]
fn changes_of_a_later_layer_count() {
    let files = stored("roots/alpine/");
    let members: Vec<_> = files
        .iter()
        .filter_map(|(name, body)| Some(File(name, body.as_ref().ok()?)))
        .collect();
    let (program, other) = (fixture(PROGRAM), fixture("1.21-linux-amd64-strip"));
    let base = tar(&[members.as_slice(), &[File("usr/bin/acme", &program)]].concat());
    let scratch = Scratch::new();
    let scan = |name: &str, layers: &[Vec<u8>]| {
        let image = docker_archive("test:1", "linux/amd64", &serde_json::json!({}), layers);
        let path = scratch.put(name, &image);
        owners(&records(&[path.to_str().unwrap()]), "")
    };
    let of = |found: &[(String, Option<String>)]| found.iter().filter(|f| f.1.is_some()).count();
    let replaced = tar(&[File("usr/bin/acme", &other)]);
    let found = scan("replaced.tar", &[base.clone(), replaced]);
    assert_eq!(
        (found.len(), of(&found)),
        (2, 0),
        "neither the hidden one nor the new one: {found:?}"
    );
    let again = tar(&[File("usr/bin/acme", &program)]);
    let found = scan("again.tar", &[base.clone(), again]);
    assert_eq!(
        (found.len(), of(&found)),
        (2, 1),
        "the same bytes are the package's: {found:?}"
    );
    let gone = tar(&[File("lib/apk/db/.wh.installed", b"")]);
    let found = scan("gone.tar", &[base.clone(), gone]);
    assert_eq!(
        (found.len(), of(&found)),
        (1, 0),
        "a database that was deleted says nothing"
    );
    let upgraded = tar(&[File(
        "lib/apk/db/installed",
        b"P:newer\nV:7-r0\nA:x86_64\nF:usr/bin\nR:acme\n",
    )]);
    let found = scan("upgraded.tar", &[base, upgraded]);
    assert!(
        found[0].1.as_ref().unwrap().starts_with("apk newer 7-r0"),
        "{found:?}"
    );
}

#[test]
fn packages_own_what_is_in_them() {
    let scratch = Scratch::new();
    let mut nested = Vec::new();
    for (name, body) in stored("packages/") {
        let body = body.unwrap();
        scratch.put(&name, &body);
        nested.push((name, body));
    }
    let wanted = [
        ("apk", "apk acme-cli 2.0.1-r4 x86_64 - - package -"),
        ("deb", "deb acme 1:2.0-3+b1 amd64 - - package -"),
        ("rpm", "rpm acme 1:2.0-3.fc40 x86_64 - - package -"),
    ];
    let members: Vec<_> = nested.iter().map(|(name, body)| File(name, body)).collect();
    let bundle = scratch.put(
        "bundle.tar",
        &tar(&[members.as_slice(), &[File("loose", &fixture(PROGRAM))]].concat()),
    );
    let found = owners(
        &records(&[bundle.to_str().unwrap()]),
        bundle.to_str().unwrap(),
    );
    for (kind, owner) in wanted {
        let path = scratch.path().join(format!("acme.{kind}"));
        let path = path.to_str().unwrap();
        check(
            &owners(&records(&[path]), path),
            &[("!usr/bin/acme", Some(owner))],
        );
        let inside = format!("!acme.{kind}!");
        let in_bundle = found
            .iter()
            .find(|(path, _)| path.starts_with(&inside))
            .unwrap();
        assert_eq!(in_bundle.1.as_deref(), Some(owner));
    }
    assert!(found.contains(&("!loose".to_owned(), None)), "{found:?}");
    // A package that is a file of an image owns its programs too.
    let layer = tar(&members);
    let image = docker_archive("test:1", "linux/amd64", &serde_json::json!({}), &[layer]);
    let image = scratch.put("image.tar", &image);
    let found = owners(&records(&[image.to_str().unwrap()]), "");
    assert_eq!(
        found.iter().filter(|f| f.1.is_some()).count(),
        3,
        "{found:?}"
    );
}

#[test]
fn a_broken_database_is_one_line_and_costs_no_program() {
    for (case, file) in [
        ("debian", "var/lib/dpkg/status"),
        ("alpine", "lib/apk/db/installed"),
        ("fedora", "usr/lib/sysimage/rpm/rpmdb.sqlite"),
        ("opensuse", "usr/lib/sysimage/rpm/Packages.db"),
        ("rhel", "var/lib/rpm/Packages"),
    ] {
        let scratch = Scratch::new();
        let root = root(&scratch, case, &["usr/bin/acme"]);
        let database = root.join(file);
        let bytes = std::fs::read(&database).unwrap();
        let mut states = vec![b"\x01 no database at all".repeat(100)];
        states.extend((1..8).map(|n| bytes[..bytes.len() * n / 8].to_vec()));
        for (number, state) in states.iter().enumerate() {
            std::fs::write(&database, state).unwrap();
            let lines = records(&[root.to_str().unwrap()]);
            let count = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
            assert_eq!(count("binary"), 1, "{case} {number}");
            let unexamined = lines.iter().filter(|line| line["type"] == "unexamined");
            let unexamined: Vec<_> = unexamined
                .map(|line| (&line["path"], &line["detail"]))
                .collect();
            assert!(unexamined.len() <= 1, "{case} {number}: {unexamined:?}");
            let unexamined = lines.iter().find(|line| line["type"] == "unexamined");
            if number == 0 {
                let unexamined =
                    unexamined.unwrap_or_else(|| panic!("{case}: nothing is reported"));
                assert!(
                    unexamined["path"].as_str().unwrap().ends_with(file),
                    "{unexamined}"
                );
                let end = lines.last().unwrap();
                assert_eq!(
                    (&end["reach"]["unexamined"], &end["type"]),
                    (&Value::from(1), &Value::from("end"))
                );
            }
        }
    }
}

#[test]
fn reports_name_the_owner() {
    let scratch = Scratch::new();
    let root = root(&scratch, "fedora", &["usr/bin/acme"]);
    let root = root.to_str().unwrap();
    let purl = "pkg:rpm/fedora/acme@2.0-3.fc40?arch=x86_64&distro=fedora-40&epoch=1";
    let card = run(&["scan", &format!("{root}/usr/bin/acme")]).stdout;
    assert!(
        card.contains("owner        acme 1:2.0-3.fc40 (rpm x86_64 of fedora 40)"),
        "{card}"
    );
    let csv = run(&["scan", "--format", "csv", root]).stdout;
    assert!(csv.contains(purl), "{csv}");
    let html = run(&["scan", "--format", "html", root]).stdout;
    assert!(html.contains("acme 1:2.0-3.fc40 (rpm x86_64 of fedora 40)"));

    let bill: Value = serde_json::from_str(&run(&["sbom", root]).stdout).unwrap();
    let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let components = all(&bill["components"]);
    let package = components.iter().find(|c| c["purl"] == purl).unwrap();
    assert_eq!(
        (&package["name"], &package["version"]),
        (&Value::from("acme"), &Value::from("1:2.0-3.fc40"))
    );
    let program = components
        .iter()
        .find(|c| c["type"] == "application")
        .unwrap();
    let edges = all(&bill["dependencies"]);
    let edge = edges
        .iter()
        .find(|e| e["ref"] == package["bom-ref"])
        .unwrap();
    assert_eq!(
        edge["dependsOn"],
        Value::from(vec![program["bom-ref"].clone()])
    );

    let bill: Value =
        serde_json::from_str(&run(&["sbom", "--format", "spdx", root]).stdout).unwrap();
    let packages = all(&bill["packages"]);
    let package = packages
        .iter()
        .find(|p| p["externalRefs"][0]["referenceLocator"] == purl)
        .unwrap();
    let holds =
        |r: &Value| r["spdxElementId"] == package["SPDXID"] && r["relationshipType"] == "CONTAINS";
    assert_eq!(
        all(&bill["relationships"])
            .iter()
            .filter(|r| holds(r))
            .count(),
        1
    );
}

#[test]
fn diff_shows_another_package() {
    let (old, new) = (Scratch::new(), Scratch::new());
    let before = records_of(&root(&old, "alpine", &["usr/bin/acme"]));
    let after = before.replace("2.0.1-r4", "2.0.1-r5");
    let (a, b) = (
        new.put("a.ndjson", before.as_bytes()),
        new.put("b.ndjson", after.as_bytes()),
    );
    let of = |path: &Path| format!("records:{}", path.display());
    let out = run(&["diff", &of(&a), &of(&b), "--fail-on", "owner"]);
    assert_eq!(out.code, Some(1), "{}", out.stdout);
    assert!(
        out.stdout.contains("2.0.1-r4") && out.stdout.contains("2.0.1-r5"),
        "{}",
        out.stdout
    );
    assert_eq!(
        run(&["diff", &of(&a), &of(&a), "--fail-on", "owner"]).code,
        Some(0)
    );
}

fn records_of(root: &Path) -> String {
    run(&["scan", "--format", "ndjson", root.to_str().unwrap()]).stdout
}
