//! Settings, source, integrity, linkage: facts of one program's record and file.

use crate::rules::builds::{FINE, integrity};
use crate::rules::scene::{Scene, files, made, one, program};
use crate::rules::{Row, row};
use crate::support::derive;

pub fn rows() -> Vec<Row> {
    [settings(), source(), integrity(), linkage(), capabilities()]
        .into_iter()
        .flatten()
        .collect()
}

fn capabilities() -> Vec<Row> {
    let capable = |id: &str| one(id).scan("--capabilities");
    let (old, new) = ("capable-old", "capable-new");
    let rows = "allowed = [\"example.com/tool=READ_SYSTEM_STATE\"]";
    vec![
        row(
            "capability-gained",
            "dist/app",
            capable(new).after(capable(old)),
            capable(old).after(capable(new)),
        )
        .speaks(
            capable(new)
                .after(capable(old))
                .options("watch = [\"EXEC\"]"),
        )
        .silent(
            capable(new)
                .after(capable(old))
                .options("watch = [\"NETWORK\"]"),
        )
        .silent(capable(new)),
        row(
            "capability-not-allowed",
            "dist/app",
            capable(new).options(rows),
            capable(old).options(rows),
        )
        .silent(capable(new)),
    ]
}

fn settings() -> Vec<Row> {
    vec![
        row("race-detector", "dist/app", one("race"), one(FINE)),
        row("sanitizer", "dist/app", one("asan"), one("cgo")),
        row("coverage-instrumented", "dist/app", one("cover"), one(FINE)),
        row(
            "optimizations-disabled",
            "dist/app",
            one("gcflags"),
            one(FINE),
        ),
        row("cgo-enabled", "dist/app", one("cgo"), one(FINE))
            .silent(one("cgo").options("allow = [\"example.com/cgo\"]")),
        row(
            "build-mode-not-allowed",
            "dist/app",
            one("pie").options("allow = [\"exe\"]"),
            one("pie").options("allow = [\"exe\", \"pie\"]"),
        )
        .silent(one("pie"))
        .speaks(one("c-shared").options("allow = [\"exe\"]")),
        row(
            "build-tag-policy",
            "dist/app",
            one("tags").options("deny = [\"debug\"]"),
            one("tags").options("deny = [\"dev*\"]"),
        )
        .speaks(one("tags").options("require = [\"osusergo\"]"))
        .silent(one("tags").options("require = [\"netgo\"]")),
        row("cpu-level-too-high", "dist/app", one("v3"), one(FINE))
            .silent(one("v3").options("maximum = [\"GOAMD64=v3\"]")),
        row("fips-off", "dist/app", one(FINE), one("fips-v1"))
            .speaks(one("fips-v1").options("mode = \"only\""))
            .silent(
                one("fips-v1")
                    .env("GODEBUG=fips140=only")
                    .options("mode = \"only\""),
            )
            .speaks(one("fips-v1").env("GODEBUG=fips140=off")),
        row(
            "fips-module-not-allowed",
            "dist/app",
            one("fips"),
            one("fips-v1"),
        )
        .silent(one("fips").options("allow = [\"latest\"]"))
        .speaks(one("fips-v1").options("allow = [\"v1.26.*\"]")),
        row(
            "credential-in-flags",
            "dist/app",
            one("x-credential"),
            one("x-version"),
        ),
        row(
            "secret-variable",
            "dist/app",
            one("x-secret"),
            one("x-version"),
        )
        .silent(one("x-secret").options("allow = [\"main.apiToken\"]")),
        row(
            "symbols-policy",
            "dist/app",
            one("w").options("symbols = \"strip\""),
            one("strip").options("symbols = \"strip\""),
        )
        .silent(one("w"))
        .speaks(one("strip").options("symbols = \"keep\""))
        .speaks(one("plain").options("debug-info = \"strip\""))
        .silent(one("w").options("debug-info = \"strip\"")),
    ]
}

fn source() -> Vec<Row> {
    let without_sum = |id: &str, module: &str| {
        made(id, |f| {
            derive::edit_lines(f, |lines| {
                let line = lines.iter_mut().find(|l| l.contains(module)).unwrap();
                line.truncate(line.rfind('\t').unwrap());
            })
        })
    };
    vec![
        row("missing-vcs-stamp", "dist/app", one(FINE), one("vcs-clean")),
        row("dirty-tree", "dist/app", one("vcs-dirty"), one("vcs-clean")),
        row("unversioned-main", "dist/app", one(FINE), one("vcs-tagged")),
        row(
            "versions-disagree",
            "dist/app",
            one("tagged-x"),
            one("vcs-tagged"),
        )
        .silent(one("tagged-x").options("sources = [\"main-module\", \"file-name\"]"))
        .speaks(
            files(&[("app_1.4.3_linux_amd64", "vcs-tagged")])
                .options("sources = [\"main-module\", \"file-name\"]"),
        )
        .speaks(files(&[("app_2.0.0_linux_amd64", "one")]))
        .speaks(files(&[("app_2.0.0_linux_amd64", "one-strip")]))
        .silent(files(&[("app_2.0.0_linux_amd64", "two-strip")]))
        .speaks(files(&[("app_2.0.0_linux_amd64", "both-trimstrip")]))
        .silent(files(&[("app_2.5.0_linux_amd64", "both-trimstrip")]))
        .silent(files(&[("app_2.5.0_linux_amd64", "both-trim")])),
        row("local-replace", "dist/app", one("deps"), one("called"))
            .silent(one("deps").options("allow = [\"example.com/other\"]")),
        row("replaced-module", "dist/app", one("deps"), one("called"))
            .silent(one("deps").options("allow = [\"example.com/third\"]")),
        row(
            "missing-sum",
            "dist/app",
            without_sum("deps-strip", "dep\texample.com/dep"),
            one("deps"),
        )
        .speaks(without_sum("called", "dep\texample.com/lib").options("vendored = true")),
        row(
            "denied-module",
            "dist/app",
            one("deps").options("deny = [\"example.com/dep\"]"),
            one("deps").options("deny = [\"example.com/dep@v1.2.4\"]"),
        )
        .silent(one("deps"))
        .speaks(one("deps").options("allow = [\"example.com/dep\"]")),
        row(
            "module-below-floor",
            "dist/app",
            one("deps").options("minimum = [\"example.com/dep@v1.2.4\"]"),
            one("deps").options("minimum = [\"example.com/dep@v1.2.3\"]"),
        )
        .silent(one("deps")),
        row(
            "module-sum-conflict",
            "dist/b",
            files(&[("a", "called"), ("b", "altered"), ("c", "called")]),
            files(&[("a", "called"), ("c", "called")]),
        ),
        row(
            "module-sum-mismatch",
            "dist/app",
            one("deps").flag(&go_sum("wrong")),
            one("deps").flag(&go_sum("right")),
        )
        .silent(one("deps")),
        row(
            "module-sum-unknown",
            "dist/app",
            one("deps").flag(&go_sum("short")),
            one("deps").flag(&go_sum("right")),
        )
        .silent(one("deps")),
        row("modules-unknown", "dist/app", one("gopath"), one("deps")).speaks(one("direct")),
        row(
            "unversioned-dependency",
            "dist/app",
            one("work"),
            one("deps"),
        )
        .silent(one("loose")),
        row("built-from-files", "dist/app", one("loose"), one(FINE)),
    ]
}

fn linkage() -> Vec<Row> {
    vec![
        row("not-pie", "dist/app", one(FINE), one("pie")),
        row("dynamic-linkage", "dist/app", one("cgo"), one(FINE))
            .silent(one("cgo").options("allow = [\"libc.so.6\", \"libpthread.so.0\"]")),
        row(
            "glibc-too-new",
            "dist/app",
            one("cgo").options("maximum = \"2.17\""),
            one("cgo").options("maximum = \"2.99\""),
        )
        .silent(one("cgo")),
        row("unsafe-rpath", "dist/app", one("rpath"), one("cgo"))
            .silent(one("rpath").options("allow = [\"/tmp/build/**\"]")),
        row(
            "unsigned-binary",
            "dist/app",
            one("1.27-windows-amd64-strip"),
            one("1.27-darwin-arm64-trimstrip"),
        )
        .silent(one("1.27-windows-amd64-strip").options("formats = [\"macho\"]")),
        row(
            "unsigned-apple-silicon",
            "dist/app",
            made("1.27-darwin-arm64-trimstrip", derive::unsign),
            files(&[
                ("app", "1.27-darwin-arm64-trimstrip"),
                ("intel", "1.27-darwin-amd64-strip"),
            ]),
        ),
        row("executable-stack", "dist/app", one("execstack"), one("cgo")),
        row(
            "setuid-binary",
            "dist/app",
            Scene::default().with("app", 0o4755, program(FINE)),
            one(FINE),
        )
        .silent(
            Scene::default()
                .with("app", 0o4755, program(FINE))
                .options("allow = [\"dist/app\"]"),
        ),
    ]
}

/// The flag for a go.sum file of testdata/verify.
fn go_sum(name: &str) -> String {
    format!(
        "--go-sum={}/testdata/verify/{name}.sum",
        env!("CARGO_MANIFEST_DIR")
    )
}
