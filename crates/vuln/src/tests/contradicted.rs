//! Programs that contradict what their records say.

use super::{NET, judged, short, why};
use crate::testing::{database, entry, program};
use crate::{UnjudgedReason, VersionFrom};
use gospect_record::{Claim, Corroboration, Linked, ModuleVersion, Verdict};

#[test]
fn a_release_that_the_program_contradicts_clears_nothing_that_is_linked() {
    let fixed = |id: &str, symbol: &str| {
        let imports = format!("net/http: {symbol}");
        entry(id, "stdlib", "introduced 0, fixed 1.24.1", &[&imports])
    };
    let database = database(&[
        fixed("GO-2026-0001", "Serve"),
        fixed("GO-2026-0002", "Other"),
    ]);
    let mut binary = program(&[], &[("net/http", &["Serve"])]);
    let corroboration = |verdict: Verdict| {
        Some(vec![Corroboration {
            claim: Claim::GoVersion.into(),
            verdict: verdict.into(),
            ..Corroboration::default()
        }])
    };
    binary.corroboration = corroboration(Verdict::Confirmed);
    let honest = judged(&binary, &database);
    assert_eq!((short(&honest), why(&honest)), (vec![], vec![]));

    binary.corroboration = corroboration(Verdict::Contradicted);
    let forged = judged(&binary, &database);
    assert_eq!(
        short(&forged),
        ["GO-2026-0001 symbol", "GO-2026-0002 package"]
    );
    assert_eq!(
        why(&forged),
        [(Some("stdlib"), UnjudgedReason::Contradicted)]
    );
    let first = forged.findings.first().unwrap();
    assert_eq!(
        (first.version.as_deref(), first.version_from),
        (None, VersionFrom::Contradicted)
    );

    // What is found by the recorded release stays as it is.
    binary.go_version_raw = Some("go1.24.0".to_owned());
    let both = judged(&binary, &database);
    let from: Vec<VersionFrom> = both.findings.iter().map(|f| f.version_from).collect();
    assert_eq!(from, [VersionFrom::Toolchain; 2]);
}

#[test]
fn a_module_is_judged_by_the_version_of_its_source_files_too() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/html: Parse"],
        ),
        entry(
            "GO-2026-0002",
            NET,
            "introduced 0.40.0",
            &["golang.org/x/net/html: Parse"],
        ),
    ]);
    let mut binary = program(
        &[(NET, "v0.44.0")],
        &[("golang.org/x/net/html", &["Parse"])],
    );
    assert_eq!(short(&judged(&binary, &database)), ["GO-2026-0002 symbol"]);
    binary.linked = Some(Linked {
        other_versions: vec![ModuleVersion {
            path: NET.to_owned(),
            version: "v0.17.0".to_owned(),
        }],
        ..Linked::default()
    });
    let forged = judged(&binary, &database);
    assert_eq!(
        short(&forged),
        ["GO-2026-0001 symbol", "GO-2026-0002 symbol"]
    );
    assert_eq!(why(&forged), [(Some(NET), UnjudgedReason::Contradicted)]);
    let first = forged.findings.first().unwrap();
    assert_eq!(first.version.as_deref(), Some("v0.17.0"));
    assert_eq!(first.version_from, VersionFrom::SourceFiles);
}
