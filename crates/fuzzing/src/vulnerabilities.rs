//! Databases of vulnerabilities, lists of severities and of fixes, statements of others, the functions of records, and signed notes.

use super::texts::text;
use gospect::proxy::{ProxyError, Settings, Store, Sums};
use gospect_record::{Binary, BuildInfo, Functions, Module, Owner, PackageKind};
use gospect_vuln::database::{About, Builder, Database, parse};
use gospect_vuln::distribution::DistributionFixes;
use gospect_vuln::severity::{Condition, Severities};
use gospect_vuln::vex::{self, Bill, Document};
use gospect_vuln::{Program, judge, why};
use std::fmt::Display;
use std::sync::OnceLock;

/// First bytes of the compact form, and the bytes of them with its checksum.
const MAGIC: &[u8] = b"gspvuln2";
const HEAD: usize = 12;

/// Users see errors as one line.
fn is_one_line(error: &dyn Display) {
    let error = error.to_string();
    assert!(!error.is_empty() && !error.contains('\n'), "{error}");
}

/// A program with the module that most seeds are about.
fn program() -> Binary {
    let module = |path: &str, version: &str| Module {
        path: path.to_owned(),
        version: version.to_owned(),
        ..Module::default()
    };
    Binary {
        go_version: Some("go1.20".to_owned()),
        build_info: Some(BuildInfo {
            main: module("example.com/app", "(devel)"),
            deps: vec![module("golang.org/x/net", "v0.17.0")],
            ..BuildInfo::default()
        }),
        ..Binary::default()
    }
}

/// Reads everything in a database, and judges a program with it.
fn read_all(database: &Database) {
    for entry in database.entries() {
        match entry {
            Ok(entry) => drop((
                entry.id(),
                entry.aliases(),
                entry.summary(),
                entry.affected(),
            )),
            Err(damaged) => is_one_line(&damaged),
        }
    }
    for affected in database.all() {
        for one in affected.iter().flatten() {
            one.packages
                .iter()
                .for_each(|package| drop(package.symbols()));
        }
    }
    let modules: Vec<&str> = database.modules().take(100).collect();
    for module in modules {
        let _ = database.for_module(module);
    }
    let binary = program();
    let _ = (judge(&binary, database), why::wanted(&binary, database));
}

/// Reads bytes as a document of OSV; what is accepted makes a database that is the same when it is read back.
pub fn osv(data: &[u8]) {
    let document = match parse(data) {
        Ok(Some(document)) => document,
        Ok(None) => return,
        Err(why) => return is_one_line(&why),
    };
    let mut builder = Builder::default();
    if builder.add(document).is_err() {
        return;
    }
    match builder.finish(&About::default(), true) {
        Ok(database) => {
            read_all(&database);
            let again = Database::open(database.as_bytes().to_vec());
            let again = again.expect("the compact form reads back");
            assert_eq!(again.len(), database.len());
        }
        Err(why) => is_one_line(&why),
    }
}

/// Reads bytes after the checksum as a database in the compact form, with the checksum that fits them.
pub fn vulndb(data: &[u8]) {
    let body = data.get(HEAD..).unwrap_or_default();
    let mut crc = 0xffff_ffff_u32;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let whole = [MAGIC, &(!crc).to_le_bytes(), body].concat();
    match Database::open(whole) {
        Ok(database) => read_all(&database),
        Err(damaged) => is_one_line(&damaged),
    }
}

/// Reads bytes as a list of severities and as a condition.
pub fn severities(data: &[u8]) {
    let mut severities = Severities::default();
    if let Err(why) = severities.read(data) {
        is_one_line(&why);
    }
    let found = severities.of(["CVE-2023-45288", "CVE-2021-44228"]);
    if let Ok(condition) = Condition::parse(text(data)) {
        assert!(!condition.holds(None));
        let _ = condition.holds(found);
    }
}

/// Reads bytes as a list of fixes of a distribution, and asks it about a package of each distribution; the answer is one line.
pub fn fixes(data: &[u8]) {
    let mut fixes = DistributionFixes::default();
    if let Err(why) = fixes.read(data, "list", &|id| id.starts_with("CVE-2023-")) {
        assert!(fixes.is_empty());
        return is_one_line(&why);
    }
    let releases = [
        (PackageKind::Deb, "debian", "12"),
        (PackageKind::Deb, "ubuntu", "22.04"),
        (PackageKind::Apk, "alpine", "3.20.3"),
        (PackageKind::Apk, "wolfi", ""),
    ];
    for (kind, distribution, release) in releases {
        for version in ["0", "1.2.3-r1", "1:1.2.3-1+deb12u1"] {
            let owner = Owner {
                kind: kind.into(),
                name: "acme".to_owned(),
                version: version.to_owned(),
                distribution: Some(distribution.to_owned()),
                release: Some(release.to_owned()),
                ..Owner::default()
            };
            if let Some(fix) = fixes.of(&owner, ["CVE-2023-45288"]) {
                assert_eq!(fix.installed, version);
            }
        }
    }
}

/// A judged program with a finding.
fn judged() -> &'static Program {
    static JUDGED: OnceLock<Program> = OnceLock::new();
    JUDGED.get_or_init(|| {
        let database = Database::builtin().expect("the table in the program is whole");
        let judged = judge(&program(), &database).expect("it can be read");
        assert!(!judged.findings.is_empty());
        judged
    })
}

/// Reads bytes as statements of others and as a bill, and applies them.
pub fn vex(data: &[u8]) {
    match Document::parse(data, "document") {
        Ok(document) => {
            let mut program = judged().clone();
            let before = program.findings.len();
            vex::apply(&[document], &mut program);
            assert_eq!(program.findings.len(), before);
        }
        Err(why) => is_one_line(&why),
    }
    match Bill::parse(data) {
        Ok(bill) => drop(bill.links(&["pkg:golang/golang.org/x/net@v0.17.0".to_owned()])),
        Err(why) => is_one_line(&why),
    }
}

/// Reads bytes as the functions of a record; what is accepted is the same when it is written and read back.
pub fn functions(data: &[u8]) {
    let Ok(functions) = serde_json::from_slice::<Functions>(data) else {
        return;
    };
    let packages: Vec<&str> = functions.packages().collect();
    for package in packages.iter().take(100) {
        assert!(functions.has_package(package));
        for name in functions.names(package).take(100) {
            assert!(functions.contains(package, name), "{package} {name}");
        }
    }
    let written = serde_json::to_string(&functions).expect("it can be written");
    let again: Functions = serde_json::from_str(&written).expect("it reads back");
    assert_eq!(again.len(), functions.len());
    let binary = Binary {
        functions: Some(functions),
        ..program()
    };
    let database = Database::builtin().expect("the table in the program is whole");
    assert!(judge(&binary, &database).is_ok());
}

/// Whether a seed is what its target reads, and not refused at once.
#[cfg(test)]
pub(super) fn accepts(target: &str, data: &[u8]) -> bool {
    match target {
        "vulndb" => Database::open(data.to_vec()).is_ok(),
        "severities" => Severities::default().read(data).is_ok(),
        "fixes" => DistributionFixes::default()
            .read(data, "list", &|_| true)
            .is_ok(),
        "vex" => Document::parse(data, "document").is_ok_and(|document| !document.is_empty()),
        "functions" => serde_json::from_slice::<Functions>(data).is_ok(),
        // Only what proves it is missing.
        "note" => looked_up(data).is_err_and(|why| !matches!(why, ProxyError::Security(_))),
        _ => false,
    }
}

/// A store whose answers to look-ups are these bytes.
struct Lookups<'d>(&'d [u8]);

impl Store for Lookups<'_> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        name.contains("/lookup/").then(|| self.0.to_vec())
    }

    fn write(&self, _: &str, _: &[u8]) {}
}

/// The sums that are believed with these bytes as the answer to a look-up.
fn looked_up(data: &[u8]) -> Result<Vec<(String, String)>, ProxyError> {
    let settings = Settings::from(|_| None, || Some("off".to_owned()))?;
    let store = Lookups(data);
    let sums = Sums::offline(&settings, &store)?;
    let version = "v0.0.0-20261105234957-e22db6528018";
    let mut sums = sums.expect("the checksum database is not turned off");
    sums.lookup("golang.org/x/vulndb", version)
}

/// Reads bytes as a signed record of the checksum database: without the tiles that prove it, nothing is believed.
pub fn note(data: &[u8]) {
    match looked_up(data) {
        Ok(believed) => panic!("believed without a proof: {believed:?}"),
        Err(why) => is_one_line(&why),
    }
}
