use super::*;
use gospect_record::SourcePackage;
use serde_json::{Value, json};

fn read(fixes: &mut DistributionFixes, list: &[u8]) -> Result<(), String> {
    let is_wanted = |id: &str| id != "CVE-0000-0000";
    let read = fixes.read(list, "list.json", &is_wanted);
    read.map_err(|why| why.to_string())
}

fn list(document: &Value) -> DistributionFixes {
    let mut fixes = DistributionFixes::default();
    read(&mut fixes, document.to_string().as_bytes()).unwrap();
    fixes
}

/// What the lists say about CVE-2026-9001 and the package `acme-tools` of the source package `acme` in this version and release.
fn said(fixes: &DistributionFixes, os: (&str, &str), version: &str) -> String {
    let [distribution, release] =
        [os.0, os.1].map(|text| (!text.is_empty()).then(|| text.to_owned()));
    let kind = match os.0 {
        "debian" | "ubuntu" => PackageKind::Deb,
        _ => PackageKind::Apk,
    };
    let owner = Owner {
        kind: kind.into(),
        name: "acme-tools".to_owned(),
        version: format!("{version}+b7"),
        distribution,
        release,
        source: Some(SourcePackage {
            name: "acme".to_owned(),
            version: Some(version.to_owned()),
        }),
        ..Owner::default()
    };
    let said = fixes.of(&owner, ["GO-2026-9001", "CVE-2026-9001"]);
    said.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn secdb(fixes: &Value) -> Value {
    json!({
        "distroversion": "v3.20", "reponame": "community", "archs": ["x86_64"], "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
        "packages": [{ "pkg": { "name": "acme", "secfixes": fixes } }, { "pkg": { "name": "other", "secfixes": null } }]
    })
}

#[test]
fn a_secdb_gives_the_version_with_the_fix() {
    let fixes = list(&secdb(&json!({
        "1.2.3-r1": ["CVE-2026-1", "CVE-2026-9001 GHSA-x (first part)"], "1.2.3-r3": ["CVE-2026-9001"], "1.0-r0": null
    })));
    let alpine = |release: &str, version: &str| said(&fixes, ("alpine", release), version);
    let update = "alpine 3.20 fixes it in acme 1.2.3-r3, but 1.2.3-r2 is installed: update the package (list.json)";
    assert_eq!(alpine("3.20.3", "1.2.3-r2"), update);
    let fixed = "alpine 3.20 fixed it in acme 1.2.3-r3, and 1.2.3-r10 is installed (list.json)";
    assert_eq!(alpine("3.20.3", "1.2.3-r10"), fixed);
    // Another release, a version that is none, and another distribution.
    for (os, version) in [
        (("alpine", "3.2"), "1.2.3-r2"),
        (("alpine", "3.200.1"), "1.2.3-r2"),
        (("alpine", "3.21_alpha20240923"), "1.2.3-r2"),
        (("alpine", ""), "1.2.3-r2"),
        (("alpine", "3.20.3"), "not a version"),
        (("wolfi", ""), "1.2.3-r2"),
        (("debian", "3.20.3"), "1.2.3-r2"),
        (("", "3.20.3"), "1.2.3-r2"),
    ] {
        assert_eq!(said(&fixes, os, version), "", "{os:?} {version}");
    }
    let never = list(&secdb(&json!({ "0": ["CVE-2026-9001"] })));
    let text = "alpine 3.20 says that acme 0.1-r0 is not affected (list.json)";
    assert_eq!(said(&never, ("alpine", "3.20.0"), "0.1-r0"), text);
}

#[test]
fn rolling_distributions_have_one_release() {
    for (id, address, repository) in [
        ("wolfi", "https://packages.wolfi.dev", "os"),
        ("chainguard", "https://packages.cgr.dev", "chainguard"),
    ] {
        let document = json!({
            "apkurl": "{{urlprefix}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk", "archs": ["x86_64"], "reponame": repository, "urlprefix": address,
            "packages": [{ "pkg": { "name": "acme", "secfixes": { "2.39-r1": ["CVE-2026-9001"] } } }]
        });
        let text = format!("{id} fixed it in acme 2.39-r1, and 2.40-r0 is installed (list.json)");
        assert_eq!(said(&list(&document), (id, "20230201"), "2.40-r0"), text);
    }
    let mut edge = secdb(&json!({ "2.39-r1": ["CVE-2026-9001"] }));
    edge["distroversion"] = json!("edge");
    let text = "alpine edge fixed it in acme 2.39-r1, and 2.40-r0 is installed (list.json)";
    assert_eq!(
        said(&list(&edge), ("alpine", "3.24_alpha20260805"), "2.40-r0"),
        text
    );
}

fn tracker(releases: &Value) -> Value {
    json!({
        "other": { "TEMP-0000001-ABCDEF": { "releases": {} } },
        "acme": {
            "CVE-2026-1": { "scope": "remote", "releases": { "bookworm": { "status": "resolved", "fixed_version": "9" } } },
            "CVE-2026-9001": { "description": "…", "debianbug": 1, "releases": releases }
        }
    })
}

#[test]
fn the_tracker_of_debian_gives_fixes_for_each_release() {
    let fixes = list(&tracker(&json!({
        "bullseye": { "status": "resolved", "repositories": { "bullseye": "0.9-1" }, "fixed_version": "0", "urgency": "unimportant" },
        "bookworm": { "status": "resolved", "repositories": {}, "fixed_version": "1.0-2+deb12u2", "urgency": "not yet assigned" },
        "trixie": { "status": "open", "repositories": { "trixie": "1.4-1" }, "nodsa": "Minor issue", "urgency": "low" },
        "forky": { "status": "undetermined", "repositories": {}, "urgency": "" },
        "sid": { "status": "resolved", "repositories": {}, "fixed_version": "1.5-1", "urgency": "" }
    })));
    let debian = |release: &str, version: &str| said(&fixes, ("debian", release), version);
    assert_eq!(
        debian("12", "1.0-2+deb12u1"),
        "debian 12 fixes it in acme 1.0-2+deb12u2, but 1.0-2+deb12u1 is installed: update the package (list.json)"
    );
    assert_eq!(
        debian("12", "1.0-2+deb12u10"),
        "debian 12 fixed it in acme 1.0-2+deb12u2, and 1.0-2+deb12u10 is installed (list.json)"
    );
    assert_eq!(
        debian("11", "0.9-1"),
        "debian 11 says that acme 0.9-1 is not affected (list.json)"
    );
    assert_eq!(
        debian("13", "1.4-1"),
        "debian 13 has no fix of acme 1.4-1 (list.json)"
    );
    for release in ["14", "10", "1", ""] {
        assert_eq!(debian(release, "1.4-1"), "", "{release}");
    }
    assert_eq!(said(&fixes, ("ubuntu", "12"), "1.0-1"), "");
}

fn osv(id: &str, ecosystem: &str, events: Value) -> Value {
    json!({
        "schema_version": "1.7.0", "id": id, "upstream": ["CVE-2026-9001"], "related": ["CVE-2026-1"],
        "affected": [
            { "package": { "ecosystem": "Ubuntu:Pro:22.04:LTS", "name": "acme" }, "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }] }] },
            { "package": { "ecosystem": "Go", "name": "acme" }, "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }] },
            { "package": { "ecosystem": ecosystem, "name": "acme" }, "ranges": [{ "type": "GIT", "events": [] }, { "type": "ECOSYSTEM", "events": events }], "versions": ["1.0-1"] }
        ]
    })
}

#[test]
fn documents_of_osv_give_fixes_by_ranges() {
    let events = json!([{ "introduced": "0" }, { "fixed": "1.0-2" }, { "introduced": "2.0-1" }, { "fixed": "2.0-4" }]);
    let document = osv("UBUNTU-CVE-2026-9001", "Ubuntu:22.04:LTS", events.clone());
    let words = |fixes: &DistributionFixes, version: &str| {
        let text = said(fixes, ("ubuntu", "22.04"), version);
        text.strip_suffix(" (list.json)")
            .unwrap_or_default()
            .replace("ubuntu 22.04 ", "")
    };
    for (version, text) in [
        (
            "1.0-1",
            "fixes it in acme 1.0-2, but 1.0-1 is installed: update the package",
        ),
        ("1.5-1", "fixed it in acme 1.0-2, and 1.5-1 is installed"),
        (
            "2.0-3",
            "fixes it in acme 2.0-4, but 2.0-3 is installed: update the package",
        ),
        ("2.1-1", "fixed it in acme 2.0-4, and 2.1-1 is installed"),
    ] {
        assert_eq!(words(&list(&document), version), text);
    }
    let open = json!([{ "introduced": "2.0-1" }]);
    let open = list(&json!([osv("USN-1", "Ubuntu:22.04:LTS", open)]));
    assert_eq!(words(&open, "2.0-1"), "has no fix of acme 2.0-1");
    assert_eq!(
        words(&open, "1.9-1"),
        "says that acme 1.9-1 is not affected"
    );
    let last = osv(
        "X-1",
        "Ubuntu:22.04",
        json!([{ "introduced": "0" }, { "last_affected": "2.0-1" }]),
    );
    // Two documents, one after the other: the worse one counts.
    let mut fixes = DistributionFixes::default();
    read(&mut fixes, format!("{document}\n{last}\n").as_bytes()).unwrap();
    assert_eq!(words(&fixes, "1.5-1"), "has no fix of acme 1.5-1");
    assert_eq!(
        words(&fixes, "2.0-5"),
        "fixed it in acme 2.0-4, and 2.0-5 is installed"
    );
    // The ID alone, without the name of the distribution before it, and a document that was taken back.
    let mut own = osv("DEBIAN-CVE-2026-9001", "Debian:12", events);
    own["upstream"] = Value::Null;
    let text = "debian 12 fixed it in acme 2.0-4, and 2.0-4 is installed (list.json)";
    assert_eq!(said(&list(&own), ("debian", "12"), "2.0-4"), text);
    own["withdrawn"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(said(&list(&own), ("debian", "12"), "2.0-4"), "");
}

#[test]
fn lists_add_up_and_may_be_gzipped() {
    let mut fixes = DistributionFixes::default();
    let first = secdb(&json!({ "1.0-r1": ["CVE-2026-9001"] })).to_string();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, first.as_bytes()).unwrap();
    assert!(fixes.is_empty());
    read(&mut fixes, &gzip.finish().unwrap()).unwrap();
    let second = tracker(&json!({ "bookworm": { "status": "open" } })).to_string();
    fixes.read(second.as_bytes(), "second", &|_| true).unwrap();
    assert!(said(&fixes, ("alpine", "3.20.3"), "1.0-r1").ends_with("(list.json)"));
    assert!(said(&fixes, ("debian", "12"), "1.0-1").ends_with("(second)"));
    // Only wanted vulnerabilities are kept.
    let mut none = DistributionFixes::default();
    none.read(second.as_bytes(), "second", &|_| false).unwrap();
    assert_eq!((none.rows, fixes.rows), (0, 3));
}

#[test]
fn lists_of_too_many_fixes_are_refused_whole() {
    let list = tracker(&json!({ "bookworm": { "status": "open" } })).to_string();
    let mut one = DistributionFixes::default();
    one.read(list.as_bytes(), "list", &|_| true).unwrap();
    let mut fixes = DistributionFixes {
        rows: rows::MOST,
        ..DistributionFixes::default()
    };
    let refused = fixes.read(list.as_bytes(), "list", &|_| true).unwrap_err();
    assert_eq!(refused.to_string(), "more than 1000000 fixes");
    assert!(fixes.is_empty());
    fixes.rows = rows::MOST - one.rows;
    fixes.read(list.as_bytes(), "list", &|_| true).unwrap();
}

#[test]
fn what_is_no_list_is_refused_whole() {
    let deep = format!(
        "{{\"acme\":{{\"CVE-1-1\":{}1{}}}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let many = format!("[{}", "[".repeat(100_000));
    let good = secdb(&json!({ "1": ["CVE-2026-9001"] })).to_string();
    let cut = good.get(..good.len() - 1).unwrap().to_owned();
    let tracked = tracker(&json!({ "bookworm": { "status": "open" } })).to_string();
    for (text, why) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("{}", "is not a list of fixes"),
        ("null", "is not a list of fixes"),
        ("\"x\"", "is not a list of fixes"),
        (
            "{\"a\":1,\"b\":[{}],\"c\":null,\"d\":true,\"e\":-1.5,\"f\":{}}",
            "is not a list of fixes",
        ),
        ("[]", "says nothing"),
        ("[1]", "invalid type"),
        (&many, "invalid type"),
        (&deep, "expected a map"),
        (&cut, "EOF"),
        (&format!("{good} x"), "trailing characters"),
        (&format!("{tracked} x"), "trailing characters"),
        (&tracked.replace("\"open\"", "7"), "invalid type: integer"),
        (
            &tracked.replace("\"releases\":{", "\"releases\":[{"),
            "expected",
        ),
        ("{\"packages\":{}}", "expected a sequence"),
        (
            "{\"packages\":[]}",
            "unknown distribution: its urlprefix is \"\"",
        ),
        (&good.replace("alpine", "example"), "unknown distribution"),
        (&good.replace("\"v3.20\"", "null"), "without distroversion"),
        (
            &good.replace("[\"CVE-2026-9001\"]", "\"CVE-2026-9001\""),
            "expected a sequence",
        ),
        (
            "{\"schema_version\":\"1.7.0\",\"id\":\"GO-1\",\"affected\":[]}",
            "says nothing",
        ),
        ("{\"schema_version\":\"1.7.0\"}", "missing field `id`"),
        ("\u{1f}\u{8b}", "expected value"),
    ] {
        let mut fixes = DistributionFixes::default();
        let shown: String = text.chars().take(60).collect();
        let read = read(&mut fixes, text.as_bytes());
        let error = read.expect_err(&shown);
        assert!(error.contains(why), "{shown}: {error}");
        assert!(fixes.is_empty() && error.len() < 300, "{shown}: {error}");
    }
    let mut fixes = DistributionFixes::default();
    assert!(read(&mut fixes, &[0x1f, 0x8b, 8, 0]).is_err());
    assert!(read(&mut fixes, b"{\"a\xff\":1}").is_err());
}

/// Lists of every length and with every byte changed end in rows or an error.
#[test]
fn damaged_lists_end() {
    for document in [
        secdb(&json!({ "1.0-r1": ["CVE-2026-9001"] })),
        tracker(&json!({ "bookworm": { "status": "resolved", "fixed_version": "1" } })),
        osv(
            "X",
            "Alpine:v3.20",
            json!([{ "introduced": "0" }, { "fixed": "1" }]),
        ),
    ] {
        let text = document.to_string().into_bytes();
        for at in 0..text.len() {
            let mut fixes = DistributionFixes::default();
            assert!(read(&mut fixes, &text[..at]).is_err(), "{at}");
            for byte in [b'"', b'{', b']', b'0', 0xff] {
                let mut changed = text.clone();
                changed[at] = byte;
                let mut fixes = DistributionFixes::default();
                if read(&mut fixes, &changed).is_ok() {
                    said(&fixes, ("debian", "12"), "1");
                }
            }
        }
    }
}
