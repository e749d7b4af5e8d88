//! Rules on a whole run and on the policy itself.

use crate::rules::builds::FINE;
use crate::rules::scene::{Scene, files, one, program};
use crate::rules::{Row, row};
use crate::support::derive;
use std::sync::Arc;

/// A gzip stream that ends after its header.
fn broken() -> Scene {
    let bytes = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[7; 40_000]].concat();
    one(FINE).with("broken.tar.gz", 0o644, Arc::new(bytes))
}

pub fn rows() -> Vec<Row> {
    [completeness(), fleet(), policy()]
        .into_iter()
        .flatten()
        .collect()
}

fn completeness() -> Vec<Row> {
    let two = || files(&[("app", FINE), ("app-arm64", "1.27-linux-arm64-trimstrip")]);
    vec![
        row(
            "missing-port",
            "dist",
            one(FINE).options("ports = [\"linux/amd64\", \"linux/arm64\"]"),
            one(FINE).options("ports = [\"linux/amd64\"]"),
        )
        .silent(one(FINE))
        .silent(two().options("ports = [\"linux/*\"], programs = [\"example.com/goroot\"]"))
        .speaks(two().options("ports = [\"linux/arm64\"], programs = [\"example.com/fresh\"]")),
        row(
            "missing-path",
            "dist",
            one(FINE).options("paths = [\"dist/app\", \"dist/tool\"]"),
            one(FINE).options("paths = [\"dist/*\"]"),
        )
        .silent(one(FINE)),
        row(
            "unmet-expectation",
            "dist/app",
            one(FINE).flag("--expect=go_version=go1.26.6"),
            one(FINE)
                .flag("--expect=go_version=go1.27.*")
                .flag("--expect=-trimpath=true"),
        )
        .speaks(one(FINE).flag("--expect=vcs.revision=0123456"))
        .speaks(one(FINE).policy("[expect]\nCGO_ENABLED = \"1\"\n")),
        row("unexamined-file", "dist/broken.tar.gz", broken(), one(FINE))
            .silent(broken().options("allow = [\"dist/*.gz\"]")),
    ]
}

fn fleet() -> Vec<Row> {
    let pair = |a: &str, b: &str| files(&[("a", a), ("b", a), ("c", b)]);
    let grouped = |scene: Scene| scene.policy("[fleet]\ngroup-by = []\n");
    let other_version = || derive::edit_blob(&program("called"), "lib\tv1.0.0", "lib\tv1.0.1");
    let versions =
        || files(&[("a", "called"), ("b", "called")]).with("c", 0o755, Arc::new(other_version()));
    vec![
        row(
            "mixed-toolchains",
            "dist/c",
            pair("1.27-linux-amd64-strip", "1.26-linux-amd64-strip"),
            pair("1.27-linux-amd64-strip", "1.27-darwin-amd64-strip"),
        )
        // Different main modules form no group unless the policy says so.
        .silent(pair(FINE, "1.26-linux-amd64-strip"))
        .speaks(grouped(pair(FINE, "1.26-linux-amd64-strip"))),
        row(
            "mixed-settings",
            "dist/c",
            pair(FINE, "tags"),
            pair(FINE, FINE),
        )
        .silent(pair(FINE, "tags").options("keys = [\"-race\"]"))
        .speaks(pair(FINE, "v3").options("keys = [\"GOAMD64\"]"))
        .silent(pair(FINE, "v3")),
        row(
            "mixed-experiments",
            "dist/c",
            pair("w", "exp-two"),
            pair("w", "w"),
        ),
        row(
            "mixed-revisions",
            "dist/c",
            grouped(pair("vcs-clean", "vcs-tagged")),
            pair("vcs-clean", "vcs-clean"),
        ),
        row(
            "mixed-dependencies",
            "dist/c",
            versions(),
            pair("called", "called"),
        )
        .silent(versions().options("allow = [\"example.com/lib\"]")),
    ]
}

fn policy() -> Vec<Row> {
    let waiver = |rule: &str, expires: &str| {
        one("vcs-dirty").policy(&format!(
            "[[waivers]]\nrule = \"{rule}\"\nreason = \"r\"\nexpires = {expires}\n"
        ))
    };
    let overriding = |path: &str| {
        one(FINE).policy(&format!(
            "[[overrides]]\npaths = [\"{path}\"]\n[overrides.rules]\nrace-detector = \"error\"\n"
        ))
    };
    let custom = |value: &str| {
        one(FINE).policy(&format!(
            "[[custom]]\nid = \"servers-only\"\nlevel = \"error\"\nmessage = \"no server\"\nhelp = \"build a server\"\nall = [ {{ key = \"main_package\", op = \"!glob\", value = \"{value}\" }} ]\n"
        ))
    };
    vec![
        row(
            "expired-waiver",
            "policy.toml",
            waiver("dirty-tree", "2026-01-01").flag("-Wdirty-tree"),
            one(FINE),
        ),
        row(
            "unused-waiver",
            "policy.toml",
            waiver("race-detector", "2027-01-01"),
            one(FINE),
        ),
        row(
            "unused-override",
            "policy.toml",
            overriding("dist/old"),
            overriding("dist/*"),
        ),
        row(
            "custom-rule",
            "dist/app",
            custom("example.com/*-server"),
            custom("example.com/fr*"),
        )
        .called("servers-only"),
    ]
}
