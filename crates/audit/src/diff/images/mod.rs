//! What the configurations of two images say about the containers made of them: user, command, environment, files that programs need.

mod pairing;
mod started;

use super::changes::Changes;
use super::{Change, Class, Direction, Pair, Side};
use gospect_knowledge::variables::variable;
use gospect_record::arguments::{HIDDEN, shown_arguments};
use gospect_record::{ImageRecord, Location};
use std::collections::{BTreeMap, BTreeSet};

/// Keys of changes.
pub(super) const USER: &str = "USER";
pub(super) const CERTIFICATES: &str = "CA certificates";
pub(super) const TIME_ZONES: &str = "time zones";
pub(super) use started::{EXECUTE_BIT, STARTED};

/// Variables whose effects each program of the image has as changes of its own.
const OF_PROGRAMS: [&str; 6] = [
    "GODEBUG",
    "GOROOT",
    "GOMEMLIMIT",
    "GOGC",
    "GOMAXPROCS",
    "GOTRACEBACK",
];

/// Compares the images of both sides that belong together. Only those with changes are in the result, and where both sides have images, those without a
/// partner.
pub(super) fn compare(old: &[ImageRecord], new: &[ImageRecord]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut has_partner = vec![false; old.len()];
    let has_both = !old.is_empty() && !new.is_empty();
    for (now, partner) in new.iter().zip(pairing::partners(old, new)) {
        if let Some(has_partner) = partner.and_then(|number| has_partner.get_mut(number)) {
            *has_partner = true;
        }
        let before = partner.and_then(|number| old.get(number));
        let changes = match before {
            Some(before) => changes(before, now),
            None if has_both => vec![alone(Direction::Added, None, Some(now))],
            None => Vec::new(),
        };
        pairs.extend(pair(before, Some(now), changes));
    }
    let gone = old.iter().zip(&has_partner);
    for (before, _) in gone.filter(|(_, has_partner)| has_both && !**has_partner) {
        let change = alone(Direction::Removed, Some(before), None);
        pairs.extend(pair(Some(before), None, vec![change]));
    }
    pairs
}

fn pair(
    old: Option<&ImageRecord>,
    new: Option<&ImageRecord>,
    changes: Vec<Change>,
) -> Option<Pair> {
    let platform = new.or(old)?.platform.clone();
    (!changes.is_empty()).then(|| Pair {
        main_package: None,
        port: platform.unwrap_or_default(),
        old: old.map(side),
        new: new.map(side),
        changes,
        same_bytes: false,
        parts: None,
        packages: None,
    })
}

/// The change of an image that only one side has.
fn alone(direction: Direction, old: Option<&ImageRecord>, new: Option<&ImageRecord>) -> Change {
    let name = |image: Option<&ImageRecord>| image.map(|image| image.reference.clone());
    let mut out = Changes::default();
    let (old, new) = (name(old), name(new));
    out.push(
        Class::Image,
        "image",
        direction,
        old.as_deref(),
        new.as_deref(),
        false,
    );
    out.0.remove(0)
}

fn side(image: &ImageRecord) -> Side {
    Side {
        path: image.reference.clone(),
        go_version: None,
        version: None,
        size: 0,
        location: Location::default(),
    }
}

fn changes(old: &ImageRecord, new: &ImageRecord) -> Vec<Change> {
    let mut out = Changes::default();
    let mut value = |key: &str, was: Option<&str>, is: Option<&str>, worse: bool| {
        out.value(Class::Image, key, was, is, worse);
    };
    value(
        "platform",
        old.platform.as_deref(),
        new.platform.as_deref(),
        false,
    );
    // Root without one.
    let users = [old, new].map(|image| image.shown_user().unwrap_or_else(|| "root".to_owned()));
    value(
        USER,
        Some(&users[0]),
        Some(&users[1]),
        new.runs_as_root() && !old.runs_as_root(),
    );
    for (key, was, is) in [
        ("ENTRYPOINT", &old.entrypoint, &new.entrypoint),
        ("CMD", &old.cmd, &new.cmd),
    ] {
        let [was, is] = words(was, is);
        value(key, was.as_deref(), is.as_deref(), false);
    }
    let folder = |image: &'_ ImageRecord| {
        let folder = image.working_dir.clone();
        folder.filter(|folder| !folder.is_empty())
    };
    let (was, is) = (folder(old), folder(new));
    value("WORKDIR", was.as_deref(), is.as_deref(), false);
    for (key, [was, is]) in [
        (
            CERTIFICATES,
            [&old.rootfs.ca_bundles, &new.rootfs.ca_bundles],
        ),
        (TIME_ZONES, [&old.rootfs.zoneinfo, &new.rootfs.zoneinfo]),
    ] {
        let [was, is] = [was, is].map(|paths| paths.first().map(String::as_str));
        value(key, was, is, is.is_none());
    }
    started::compare(old, new, &mut out);
    environment(old, new, &mut out);
    out.0
}

/// Two commands as Dockerfiles write them, without values that may be secrets; `None`: none.
fn words(old: &[String], new: &[String]) -> [Option<String>; 2] {
    let was = shown_arguments(old);
    let mut is = shown_arguments(new);
    let both = old.iter().zip(new).zip(was.iter().zip(&mut is));
    for ((old, new), (was, is)) in both {
        if old != new && was == is {
            *is = is.replace(HIDDEN, "another value");
        }
    }
    let text = |words: Vec<String>| serde_json::Value::from(words).to_string();
    [was, is].map(|words| Some(words).filter(|words| !words.is_empty()).map(text))
}

/// Variables that are new, gone or have another value. Values of variables that Go does not read may be secrets and are left out.
fn environment(old: &ImageRecord, new: &ImageRecord, out: &mut Changes) {
    let [before, now] = [old, new].map(|image| {
        let pairs = image.env.iter().map(|pair| pair.split_once('='));
        pairs.flatten().collect::<BTreeMap<&str, &str>>()
    });
    for name in before.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        if OF_PROGRAMS.contains(name) {
            continue;
        }
        let (was, is) = (before.get(name), now.get(name));
        let is_shown = variable(name).is_some() || *name == "PATH";
        let text = |value: Option<&&str>, word: &str| match is_shown {
            true => value.map(|value| (*value).to_owned()),
            false => value.map(|_| word.to_owned()),
        };
        let (was, is) = match was == is {
            true => continue,
            false => (text(was, HIDDEN), text(is, "another value")),
        };
        let is = match (&was, is.as_deref()) {
            (None, Some("another value")) => Some(HIDDEN.to_owned()),
            _ => is,
        };
        let key = format!("ENV {name}");
        out.value(Class::Image, &key, was.as_deref(), is.as_deref(), false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(change: impl Fn(&mut ImageRecord)) -> ImageRecord {
        let mut image = ImageRecord {
            reference: "r.example:5000/app:1".to_owned(),
            platform: Some("linux/amd64".to_owned()),
            user: Some("65532".to_owned()),
            entrypoint: vec!["/app".to_owned()],
            env: ["PATH=/bin", "TOKEN=abc"].map(str::to_owned).to_vec(),
            ..ImageRecord::default()
        };
        image.rootfs.ca_bundles = vec!["/etc/ssl/certs/ca-certificates.crt".to_owned()];
        change(&mut image);
        image
    }

    fn rows(change: impl Fn(&mut ImageRecord)) -> Vec<String> {
        let pairs = compare(&[image(|_| ())], &[image(change)]);
        let changes = pairs.into_iter().flat_map(|pair| pair.changes);
        let row = |c: Change| {
            let mark = if c.worse { "! " } else { "" };
            let none = || "none".to_owned();
            let (old, new) = (c.old.unwrap_or_else(none), c.new.unwrap_or_else(none));
            format!("{mark}{}: {old} -> {new}", c.key)
        };
        changes.map(row).collect()
    }

    #[test]
    fn each_part_of_a_configuration_is_compared() {
        assert_eq!(rows(|i| i.reference = "other:2".to_owned()), [""; 0]);
        for root in [None, Some(""), Some("0"), Some("00:7"), Some("root:root")] {
            let found = rows(|i| i.user = root.map(str::to_owned));
            let name = root.filter(|root| !root.is_empty()).unwrap_or("root");
            assert_eq!(found, [format!("! USER: 65532 -> {name}")]);
        }
        let named = |i: &mut ImageRecord| {
            i.user = Some("admin".to_owned());
            i.rootfs.user_id = Some(0);
        };
        assert_eq!(rows(named), ["! USER: 65532 -> admin (uid 0)"]);
        type Case = (fn(&mut ImageRecord), &'static str);
        let cases: [Case; 11] = [
            (|i| i.user = Some("app".into()), "USER: 65532 -> app"),
            (
                |i| i.entrypoint.push("serve".into()),
                r#"ENTRYPOINT: ["/app"] -> ["/app","serve"]"#,
            ),
            (|i| i.cmd.push("-v".into()), r#"CMD: none -> ["-v"]"#),
            (|i| i.working_dir = Some("/w".into()), "WORKDIR: none -> /w"),
            (
                |i| i.rootfs.ca_bundles.clear(),
                "! CA certificates: /etc/ssl/certs/ca-certificates.crt -> none",
            ),
            (|i| i.env[0] = "PATH=/x".into(), "ENV PATH: /bin -> /x"),
            (
                |i| i.env[1] = "TOKEN=abd".into(),
                "ENV TOKEN: a value -> another value",
            ),
            (|i| i.env.push("B=1".into()), "ENV B: none -> a value"),
            (|i| drop(i.env.pop()), "ENV TOKEN: a value -> none"),
            (
                |i| i.entrypoint = vec!["/app serve".into()],
                r#"ENTRYPOINT: ["/app"] -> ["/app serve"]"#,
            ),
            (
                |i| i.platform = Some("linux/arm64".into()),
                "platform: linux/amd64 -> linux/arm64",
            ),
        ];
        for (change, row) in cases {
            assert_eq!(rows(change), [row]);
        }
        // Programs have changes for what their runtime reads.
        assert_eq!(rows(|i| i.env.push("GOGC=50".into())), [""; 0]);
    }

    #[test]
    fn arguments_are_compared_without_secrets() {
        let of = |cmd: &[&str]| {
            let cmd: Vec<String> = cmd.iter().map(|word| (*word).to_owned()).collect();
            image(|i| i.cmd.clone_from(&cmd))
        };
        for (old, new, row) in [
            (
                &["--password=a1", "-v"][..],
                &["--password=b2", "-v"][..],
                r#"["--password=a value","-v"] -> ["--password=another value","-v"]"#,
            ),
            (
                &["--token", "a1"],
                &["--token", "a1", "x"],
                r#"["--token","a value"] -> ["--token","a value","x"]"#,
            ),
        ] {
            let pairs = compare(&[of(old)], &[of(new)]);
            let change = &pairs[0].changes[0];
            let [old, new] = [&change.old, &change.new].map(|value| value.as_deref().unwrap());
            assert_eq!(format!("{old} -> {new}"), row);
        }
        let same = [of(&["--password=a1"])];
        assert!(compare(&same, &same).is_empty());
    }

    #[test]
    fn images_are_compared_with_those_of_their_platform_and_name() {
        let of = |reference: &str, platform: &str, user: &str| {
            image(|i| {
                i.reference = reference.to_owned();
                i.platform = Some(platform.to_owned());
                i.user = Some(user.to_owned());
            })
        };
        let old = [
            of("r.example:5000/a:1", "linux/arm64", "1"),
            of("r.example:5000/a:1", "linux/amd64", "2"),
            of("r.example:5000/b:1", "linux/amd64", "3"),
        ];
        let new = [
            of("r.example:5000/b:2", "linux/amd64", "4"),
            of("r.example:5000/a@sha256:0", "linux/amd64", "5"),
            of("r.example:5000/c:1", "linux/arm64", "6"),
            of("r.example:5000/c:1", "linux/s390x", "7"),
        ];
        let pairs = compare(&old, &new);
        let first = pairs.iter().map(|pair| {
            let change = &pair.changes[0];
            (change.old.as_deref(), change.new.as_deref())
        });
        assert_eq!(
            first.collect::<Vec<_>>(),
            [
                (Some("3"), Some("4")),
                (Some("2"), Some("5")),
                (Some("1"), Some("6")),
                (None, Some("r.example:5000/c:1"))
            ]
        );
        let gone = compare(&old, &new[..1]);
        assert_eq!(gone.len(), 3);
        assert!(gone[1..].iter().all(|pair| pair.new.is_none()));
        // A file or a folder has no images that could be gone or new.
        assert!(compare(&old, &[]).is_empty() && compare(&[], &new).is_empty());
    }
}
