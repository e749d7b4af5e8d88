//! Texts: what Go wrote, what users write, what registries answer, and records read back.

use gospect_audit::Baseline;
use gospect_audit::diff::diff;
use gospect_audit::fuzzing::{glob, known, secrets};
use gospect_audit::{Assumed, Audit, Auditor, Date, Diagnostic, Policy};
use gospect_deploy::{self as deploy, Kind};
use gospect_go::facts::experiment;
use gospect_go::written::modinfo::{self, ModInfo};
use gospect_knowledge::GoVersion;
use gospect_knowledge::ldflags;
use gospect_knowledge::semver::Semver;
use gospect_knowledge::{linker, modules};
use gospect_record::Document;
use gospect_record::Line;
use gospect_record::read::Records;
use gospect_record::{godebug, purl};
use gospect_report::format::{self, Writer};
use gospect_report::style::Look;
use gospect_report::{diff as differences, findings, sbom};
use gospect_source::image::manifest::{Config, Document as Manifest, Saved};
use gospect_source::image::{Digest, Platform};
use gospect_source::registry::Reference;
use gospect_source::registry::fuzzing::{read_challenges, read_token};
use gospect_source::target::Target;
use std::cmp::Ordering;
use std::ffi::OsStr;

pub(super) fn text(data: &[u8]) -> &str {
    match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(e) => {
            std::str::from_utf8(data.get(..e.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
    }
}

/// Parses module text; what it prints must read back as the same.
pub fn modinfo(data: &[u8]) {
    let _ = modinfo::unframe(data);
    let info = ModInfo::parse(data);
    let _ = info.to_record("go1.27.3");
    let printed = info.to_text();
    let again = ModInfo::parse(&printed);
    assert_eq!(again.settings, info.settings);
    assert_eq!(again.to_text(), printed);
}

/// Reads versions of Go and of modules, and orders them.
pub fn version(data: &[u8]) {
    let text = text(data);
    let mut parts = text.splitn(3, '\n');
    let [a, b, c] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let versions = [a, b, c].map(GoVersion::parse);
    for version in versions.iter().flatten() {
        let _ = (version.release_text(), version.minor(), version.patch());
        assert_eq!(version.compare(version), Ordering::Equal);
    }
    if let [Some(x), Some(y), Some(z)] = &versions {
        order([x, y, z], GoVersion::compare);
    }
    let versions = [a, b, c].map(Semver::parse);
    for version in versions.iter().flatten() {
        let _ = (version.pseudo(), version.is_dirty(), version.prerelease());
        assert_eq!(version.compare(version), Ordering::Equal);
    }
    if let [Some(x), Some(y), Some(z)] = &versions {
        order([x, y, z], Semver::compare);
    }
    let _ = Date::parse(a);
}

/// A total order: what sorting relies on.
fn order<T>([x, y, z]: [&T; 3], compare: impl Fn(&T, &T) -> Ordering) {
    assert_eq!(compare(x, y), compare(y, x).reverse());
    if compare(x, y) != Ordering::Greater && compare(y, z) != Ordering::Greater {
        assert_ne!(compare(x, z), Ordering::Greater);
    }
}

/// Splits linker flags, GODEBUG and GOEXPERIMENT; matches globs; reads targets.
pub fn flags(data: &[u8]) {
    let text = text(data);
    let _ = (ldflags::words(text), ldflags::definitions(text));
    let _ = godebug::recorded(Some(text));
    let _ = experiment::recorded(GoVersion::parse(text).as_ref(), Some(text));
    let _ = experiment::expand(27, "amd64", "linux", text);
    let (pattern, rest) = text.split_once('\n').unwrap_or((text, ""));
    if glob::check(pattern).is_ok() {
        let _ = glob::matches(pattern, rest);
    }
    let _ = Target::parse(OsStr::new(pattern));
    let _ = Platform::parse(pattern);
    names(pattern, rest);
}

/// The facts in names of modules, packages and variables, and in values of variables.
fn names(name: &str, value: &str) {
    if let Some(prefix) = modules::prefix(name) {
        assert!(name.starts_with(prefix));
    }
    let _ = (modules::is_standard(name), modules::unvendored(name));
    let _ = linker::has_string_variable(name, Some(27));
    let _ = (purl::of_stdlib(name), purl::cpe(name));
    if let Some(purl) = purl::of_module(name, value) {
        assert!(purl.is_ascii(), "{purl}");
    }
    let _ = known::malformed_memory_limit(value);
    let _ = known::ignored_value(name, value);
    let _ = secrets::is_secret_name(name);
    for hit in secrets::credentials(value) {
        let _ = format!("{hit:?}");
    }
    let _ = secrets::redact(value);
}

/// Loads a policy; every mistake has a message that is harmless on a terminal.
pub fn policy(data: &[u8]) {
    let text = text(data);
    match Policy::load(text, "gospect.toml") {
        Ok(policy) => {
            let _ = policy.print_config();
            let _ = Auditor::new(&policy, day()).finish();
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                harmless(&Diagnostic::render(problem, text, false));
                harmless(&problem.line());
            }
        }
    }
}

/// Reads a deployment file of the kind that the first byte asks for, or of the kind that its content shows, judges it, and gives every report on
/// what was found.
pub fn deployment(data: &[u8]) {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };
    let kind = Kind::ALL.get(usize::from(kind)).map(|row| row.0);
    match deploy::read("file", text(data), kind) {
        Ok(file) => {
            let policy = Policy::built_in();
            let mut auditor = Auditor::new(&policy, day());
            auditor.deployment(&file, &Assumed::default());
            show(&auditor.finish());
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}

/// Every form of findings.
fn show(audit: &Audit) {
    for format in findings::FORMATS {
        let mut out = Vec::new();
        (format.render)(audit, &findings::Options::default(), &mut out)
            .expect("memory takes everything");
        if matches!(format.name, "text" | "github") {
            harmless(&String::from_utf8_lossy(&out));
        }
    }
}

/// 22 November 2026.
fn day() -> Date {
    Date::from_unix(1_795_305_600)
}

/// Reads a baseline.
pub fn baseline(data: &[u8]) {
    match Baseline::parse(text(data)) {
        Ok(baseline) => {
            assert_eq!(Baseline::parse(&baseline.to_json()).ok(), Some(baseline));
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}

/// No character that acts on a terminal but the end of a line.
pub(super) fn harmless(text: &str) {
    if let Some(c) = text
        .chars()
        .find(|&c| c != '\n' && findings::clean(c.encode_utf8(&mut [0; 4])) != c.to_string())
    {
        panic!("{c:?} reaches the terminal in {text:?}");
    }
}

/// Reads records back, and gives every report on them.
pub fn records(data: &[u8]) {
    let Ok(mut records) = Records::open(data) else {
        return;
    };
    let mut lines = vec![Line::Run(records.run().clone())];
    while let Ok(Some(line)) = records.next() {
        lines.push(line);
    }
    report(&lines);
}

/// Every output there is, and that those for people are harmless.
pub(super) fn report(lines: &[Line]) {
    let policy = Policy::built_in();
    let mut auditor = Auditor::new(&policy, day());
    lines.iter().for_each(|line| auditor.line(line));
    show(&auditor.finish());
    for format in format::SCAN {
        let mut out = Vec::new();
        let options = format::Options {
            look: Look::PLAIN,
            support: Default::default(),
            memory: 1 << 30,
        };
        let mut writer = Writer::new(format, options, &mut out);
        for line in lines.iter().cloned() {
            writer.line(line).expect("memory takes everything");
        }
        if format.human {
            harmless(&String::from_utf8_lossy(&out));
        }
    }
    let Some(Line::Run(run)) = lines.first() else {
        return;
    };
    let mut document = Document::new(run.clone());
    lines.iter().cloned().for_each(|line| document.push(line));
    let mut inventory = sbom::Inventory::new(run.clone(), 1 << 30);
    for line in lines {
        inventory
            .push(line)
            .expect("what was read into memory fits");
    }
    let versions = sbom::FORMATS.iter().flat_map(|format| {
        let names = format.versions.iter();
        names.map(move |name| (format, *name))
    });
    for (format, version) in versions {
        let input = sbom::Input {
            spec: sbom::spec::CycloneDx::parse(version).unwrap_or_default(),
            spdx: sbom::spec::Spdx::parse(version).unwrap_or_default(),
            licences: None,
            inventory: &inventory,
            remarks: &[],
            vulnerabilities: &[],
            subject: sbom::Subject::default(),
            time: 0,
        };
        (format.write)(&input, &mut Vec::new()).expect("memory takes everything");
    }
    let (old, new) = document.binaries.split_at(document.binaries.len() / 2);
    let change = diff(old, new);
    let mut out = Vec::new();
    differences::text::render(&change, &Default::default(), &mut out)
        .expect("memory takes everything");
    harmless(&String::from_utf8_lossy(&out));
    differences::markdown::render(
        &change,
        ["old", "new"],
        findings::Listing::Grouped,
        &mut Vec::new(),
    )
    .expect("memory takes everything");
}

/// Names of images in registries.
pub fn reference(data: &[u8]) {
    let text = text(data);
    if let Ok(reference) = Reference::parse(text) {
        // These become parts of addresses.
        for part in [&reference.host, &reference.name, &reference.tag] {
            assert!(
                part.bytes()
                    .all(|b| b.is_ascii_graphic() && !b"?#%@\\".contains(&b)),
                "{part:?}"
            );
        }
        assert!(
            !reference
                .name
                .split('/')
                .any(|part| part == ".." || part.is_empty())
        );
        let _ = reference.api_host();
    }
    if let Some(digest) = Digest::parse(text) {
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
    }
}

/// What a registry asks for.
pub fn challenge(data: &[u8]) {
    read_challenges(text(data));
}

/// What a token service answers.
pub fn token(data: &[u8]) {
    if let Some(token) = read_token(data) {
        assert!(token.bytes().all(|b| b.is_ascii_graphic()));
    }
}

/// The JSON documents of images.
pub fn documents(data: &[u8]) {
    let _ = serde_json::from_slice::<Manifest>(data);
    if let Ok(config) = serde_json::from_slice::<Config>(data) {
        let _ = (config.platform(), config.created_by(3));
    }
    let _ = serde_json::from_slice::<Vec<Saved>>(data);
}
