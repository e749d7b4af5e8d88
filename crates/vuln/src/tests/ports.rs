//! Entries that are about some systems and processors only.

use super::*;
use gospect_record::Setting;

#[test]
fn withdrawn_entries_and_those_of_other_ports_are_no_findings() {
    let mut withdrawn = entry("GO-2026-0001", NET, "introduced 0", &[]);
    withdrawn["withdrawn"] = json!("2026-02-01T00:00:00Z");
    let mut other = entry(
        "GO-2026-0002",
        NET,
        "introduced 0",
        &["golang.org/x/net/http2: F"],
    );
    other["affected"][0]["ecosystem_specific"]["imports"][0]["goos"] = json!(["windows"]);
    let mut arch = entry(
        "GO-2026-0003",
        NET,
        "introduced 0",
        &["golang.org/x/net/http2: F"],
    );
    arch["affected"][0]["ecosystem_specific"]["imports"][0]["goarch"] = json!(["amd64", "arm64"]);
    let database = database(&[withdrawn, other, arch]);
    let mut binary = program(&[(NET, "v0.30.0")], &[("golang.org/x/net/http2", &["F"])]);
    assert_eq!(short(&judged(&binary, &database)), ["GO-2026-0003 symbol"]);
    binary.executable.os = Some("windows".to_owned());
    binary.executable.arch = Some("386".to_owned());
    assert_eq!(short(&judged(&binary, &database)), ["GO-2026-0002 symbol"]);
    // A port that is not known clears nothing.
    binary.executable.os = None;
    binary.executable.arch = None;
    assert_eq!(
        short(&judged(&binary, &database)),
        ["GO-2026-0002 symbol", "GO-2026-0003 symbol"]
    );
}

/// `matchTag` of go/build: the tag `linux` holds for android too, and so on.
#[test]
fn systems_that_build_the_files_of_another_have_its_entries() {
    for (listed, own, recorded, applies) in [
        ("linux", "android", true, true),
        ("solaris", "illumos", true, true),
        ("darwin", "ios", true, true),
        ("android", "linux", true, false),
        ("ios", "darwin", true, false),
        ("linux", "ios", true, false),
        ("darwin", "android", true, false),
        ("solaris", "linux", true, false),
        // Files of both systems look the same.
        ("android", "linux", false, true),
        ("ios", "darwin", false, true),
        ("windows", "linux", false, false),
    ] {
        let mut document = entry(
            "GO-2026-0001",
            NET,
            "introduced 0",
            &["golang.org/x/net/http2: F"],
        );
        document["affected"][0]["ecosystem_specific"]["imports"][0]["goos"] = json!([listed]);
        let database = database(&[document]);
        let mut binary = program(&[(NET, "v0.30.0")], &[("golang.org/x/net/http2", &["F"])]);
        binary.executable.os = Some(own.to_owned());
        if let Some(info) = binary.build_info.as_mut().filter(|_| recorded) {
            info.settings.push(Setting {
                key: "GOOS".to_owned(),
                value: own.to_owned(),
            });
        }
        let found = short(&judged(&binary, &database));
        let wanted: &[&str] = if applies {
            &["GO-2026-0001 symbol"]
        } else {
            &[]
        };
        assert_eq!(found, wanted, "{listed} {own} {recorded}");
    }
}
