//! Programs whose lists of modules are missing, or lack modules.

use super::{NET, judged, short, why};
use crate::testing::{self, database, entry};
use crate::{Level, UnjudgedReason, VersionFrom};
use gospect_record::{Module, ModuleList};

#[test]
fn without_a_list_of_modules_packages_are_asked() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/http2: F"],
        ),
        entry(
            "GO-2026-0002",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/proxy: F"],
        ),
        entry(
            "GO-2026-0003",
            NET,
            "introduced 0",
            &["golang.org/x/net/http2: F"],
        ),
        entry("GO-2026-0004", "example.com/absent", "introduced 0", &[]),
    ]);
    let mut binary = testing::program(
        &[],
        &[("example.com/app/vendor/golang.org/x/net/http2", &["F"])],
    );
    binary.build_info = None;
    binary.module_list = Some(ModuleList::NoRecord.into());
    let program = judged(&binary, &database);
    // Every version is affected: that is certain. Of the others only the package is.
    assert_eq!(
        short(&program),
        ["GO-2026-0003 symbol", "GO-2026-0001 package"]
    );
    assert!(
        program
            .findings
            .iter()
            .all(|f| f.version.is_none() && f.symbols.is_empty() == (f.level == Level::Package))
    );
    assert_eq!(why(&program), [(Some(NET), UnjudgedReason::NoModules)]);
    assert_eq!(program.findings[1].fixed.as_deref(), Some("v0.38.0"));
    let mut binary = testing::program(&[], &[("example.com/app", &["main"])]);
    binary.build_info = None;
    binary.module_list = Some(ModuleList::NoRecord.into());
    assert_eq!(
        why(&judged(&binary, &database)),
        [(None, UnjudgedReason::NoModules)]
    );
    // A module that is listed without a version.
    let binary = testing::program(&[(NET, "")], &[("golang.org/x/net/http2", &["F"])]);
    let program = judged(&binary, &database);
    assert_eq!(
        short(&program),
        ["GO-2026-0003 symbol", "GO-2026-0001 package"]
    );
    assert_eq!(why(&program), [(Some(NET), UnjudgedReason::NoVersion)]);
}

#[test]
fn packages_that_no_listed_module_explains_are_judged_and_said() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/http2: F"],
        ),
        entry("GO-2026-0002", "example.com/other", "introduced 0", &[]),
        entry("GO-2026-0003", "example.com/app", "introduced 0", &[]),
    ]);
    let linked: &[(&str, &[&str])] = &[
        ("example.com/app/lib", &["F"]),
        ("golang.org/x/net/http2", &["F"]),
        ("golang.org/x/text/unicode", &["F"]),
        ("vendor/golang.org/x/crypto/chacha20", &["F"]),
    ];
    let text = ("golang.org/x/text", "v0.30.0");
    let whole = testing::program(&[(NET, "v0.40.0"), text], linked);
    assert_eq!(short(&judged(&whole, &database)), ["GO-2026-0003 symbol"]);
    assert_eq!(why(&judged(&whole, &database)), []);
    let without_net = testing::program(&[text], linked);
    let program = judged(&without_net, &database);
    assert_eq!(
        short(&program),
        ["GO-2026-0003 symbol", "GO-2026-0001 package"]
    );
    assert_eq!(why(&program), [(Some(NET), UnjudgedReason::NoModules)]);
    // No entry is about the module that is missing; the name of another module may hide it.
    let renamed = testing::program(
        &[(NET, "v0.40.0"), ("golang.org/x/texu", "v0.30.0")],
        linked,
    );
    assert_eq!(
        why(&judged(&renamed, &database)),
        [(None, UnjudgedReason::NoModules)]
    );
    let mut without_main = whole;
    without_main.build_info.as_mut().unwrap().main = Module::default();
    without_main.main_package = Some("example.com/app/cmd/one".to_owned());
    let program = judged(&without_main, &database);
    assert_eq!(short(&program), ["GO-2026-0003 symbol"]);
    let unlisted = Some("example.com/app");
    assert_eq!(why(&program), [(unlisted, UnjudgedReason::NoModules)]);
}

/// Nobody knows which of two contradicting copies of the record is right.
#[test]
fn the_modules_of_both_copies_of_the_record_are_judged() {
    let database = database(&[entry(
        "GO-2026-0001",
        NET,
        "introduced 0, fixed 0.38.0",
        &["golang.org/x/net/http2: F"],
    )]);
    let linked: &[(&str, &[&str])] = &[("golang.org/x/net/http2", &["F"])];
    let of_version = |version| testing::program(&[(NET, version)], linked);
    for first in [vec![(NET, "v0.40.0")], vec![]] {
        let mut binary = testing::program(&first, linked);
        assert_eq!(
            judged(&binary, &database).unjudged.is_empty(),
            !first.is_empty()
        );
        binary.second_build_info = of_version("v0.20.0").build_info;
        let program = judged(&binary, &database);
        assert_eq!(short(&program), ["GO-2026-0001 symbol"]);
        assert_eq!(program.findings[0].version.as_deref(), Some("v0.20.0"));
        assert_eq!(program.findings[0].version_from, VersionFrom::Module);
        assert_eq!(program.unjudged, []);
    }
}
