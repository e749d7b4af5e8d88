//! Facts of the build: toolchain, GOROOT, experiments, GODEBUG.

use crate::rules::scene::{files, image, made, one, program};
use crate::rules::{Row, row};
use crate::support::{derive, upx};

/// A program without findings: newest release, current go line, trimmed and stripped.
pub const FINE: &str = "fresh";

pub fn rows() -> Vec<Row> {
    [toolchain(), goroot(), experiments(), godebug()]
        .into_iter()
        .flatten()
        .collect()
}

fn toolchain() -> Vec<Row> {
    vec![
        row(
            "unsupported-toolchain",
            "dist/app",
            one("1.21-linux-amd64-strip"),
            one(FINE),
        ),
        row(
            "below-toolchain-floor",
            "dist/app",
            one(FINE).options("minimum = \"go1.27.4\""),
            one(FINE).options("minimum = \"go1.27.3\""),
        )
        .silent(one(FINE))
        .speaks(one("1.26-linux-amd64-strip").options("minimum = \"go1.27\"")),
        row(
            "prerelease-toolchain",
            "dist/app",
            one("says-prerelease"),
            one(FINE),
        ),
        row(
            "development-toolchain",
            "dist/app",
            one("says-devel"),
            one(FINE),
        ),
        row(
            "vendor-toolchain",
            "dist/app",
            one("says-vendor"),
            one(FINE),
        )
        .silent(one("says-vendor").options("allow = [\"Red Hat *\"]")),
        row(
            "downgraded-toolchain",
            "dist/app",
            one("1.26-linux-amd64-strip").after(one("1.27-linux-amd64-strip")),
            one("1.27-linux-amd64-strip").after(one("1.26-linux-amd64-strip")),
        ),
        row(
            "outdated-patch-release",
            "dist/app",
            one("1.26-linux-amd64-strip"),
            one(FINE),
        ),
        row(
            "unknown-toolchain",
            "dist/app",
            one("says-future"),
            one(FINE),
        ),
        row("alternative-compiler", "dist/app", one("gccgo"), one(FINE)),
    ]
}

fn goroot() -> Vec<Row> {
    vec![
        row(
            "goroot-not-allowed",
            "dist/app",
            one("fresh-untrimmed").options("allow = [\"/usr/lib/go*\"]"),
            one("fresh-untrimmed").options("allow = [\"/opt/**\"]"),
        )
        .silent(one("fresh-untrimmed"))
        .silent(one(FINE).options("allow = [\"/usr/lib/go*\"]")),
        row(
            "goroot-in-private-directory",
            "dist/app",
            one("goroot-home"),
            one("fresh-untrimmed"),
        )
        .silent(one("goroot-home").options("origins = [\"temp\"]"))
        .speaks(one("fresh-untrimmed").options("origins = [\"other\"]")),
        row(
            "goroot-sources-disagree",
            "dist/app",
            one("goroot-relinked"),
            one("fresh-untrimmed"),
        ),
        row(
            "goroot-overridden",
            "dist/app",
            one("x-goroot"),
            one("fresh-untrimmed"),
        ),
        row(
            "untrimmed-paths",
            "dist/app",
            one("fresh-untrimmed"),
            one(FINE),
        ),
        row(
            "build-paths-leaked",
            "dist/app",
            one("fresh-untrimmed"),
            one(FINE),
        )
        .silent(one("fresh-untrimmed").options("kinds = [\"temp\"]"))
        .speaks(one("goroot-home").options("kinds = [\"goroot\"]"))
        .silent(one("fresh-untrimmed").options("allow = [\"/build/**\"]")),
        row(
            "ineffective-x-flag",
            "dist/app",
            one("x-ineffective"),
            one("x-version"),
        ),
        row(
            "goroot-release-mismatch",
            "dist/app",
            one("goroot-misnamed"),
            one("goroot-home"),
        ),
    ]
}

fn experiments() -> Vec<Row> {
    vec![
        row(
            "experiment-not-allowed",
            "dist/app",
            one("exp-two"),
            one(FINE),
        )
        .silent(one("exp-two").options("allow = [\"nojsonv2\", \"simd\"]"))
        .speaks(one("exp-two").options("allow = [\"simd\"]")),
        row(
            "unknown-experiment",
            "dist/app",
            one("says-removed-experiment"),
            one("exp-two"),
        ),
        row(
            "experiment-records-disagree",
            "dist/app",
            one("says-experiment"),
            one("exp-two"),
        ),
        row(
            "per-loop-variables",
            "dist/app",
            one("hello"),
            one("modern"),
        ),
    ]
}

fn godebug() -> Vec<Row> {
    let set = |pairs: &str| one(FINE).env(&format!("GODEBUG={pairs}"));
    let app = |env: &[&str]| {
        image(
            "/app",
            env,
            &[&[("app", 0o755, program("fresh-untrimmed"))]],
        )
    };
    vec![
        row(
            "godebug-fatal",
            "dist/app",
            one("x-godebug-fatal"),
            one("block"),
        )
        .speaks(set("asynctimerchan=1"))
        .silent(set("asynctimerchan=0"))
        .speaks(app(&["GODEBUG=asynctimerchan=1"])),
        row("godebug-insecure", "dist/app", one("weak"), one(FINE))
            .silent(one("weak").options("allow = [\"x509negativeserial=1\"]"))
            .silent(one("hello")),
        row(
            "godebug-unknown",
            "dist/app",
            set("mmap=1"),
            set("gctrace=1"),
        ),
        row(
            "godebug-removed",
            "dist/app",
            set("asynctimerchan=0"),
            one(FINE),
        ),
        row(
            "godebug-no-effect",
            "dist/app",
            set("gcstoptheworld=0"),
            set("gcstoptheworld=1"),
        ),
        row(
            "godebug-diagnostic",
            "dist/app",
            set("gctrace=1"),
            set("gctrace=0"),
        )
        .silent(set("gctrace=1").options("allow = [\"gctrace\"]")),
        row(
            "godebug-legacy-defaults",
            "dist/app",
            one("hello"),
            one(FINE),
        ),
        row(
            "godebug-record-differs",
            "dist/app",
            one("x-godebug"),
            one("weak"),
        ),
        row(
            "godebug-environment-override",
            "dist/app",
            one("dbg").env("GODEBUG=http2client=1"),
            one("dbg").env("GODEBUG=http2client=0"),
        ),
        row(
            "inert-environment",
            "shop:1.2",
            app(&["GOEXPERIMENT=arenas"]),
            app(&["GOMAXPROCS=2", "GOGC=50"]),
        )
        .silent(app(&["GOEXPERIMENT=arenas"]).options("allow = [\"GOEXPERIMENT\"]")),
        row(
            "goroot-environment",
            "/app",
            app(&["GOROOT=/usr/local/go"]),
            app(&["GOGC=50"]),
        ),
        row(
            "memory-limit-malformed",
            "/app",
            app(&["GOMEMLIMIT=512MB"]),
            app(&["GOMEMLIMIT=512MiB"]),
        ),
        row(
            "environment-value-ignored",
            "/app",
            app(&["GOGC=fifty"]),
            app(&["GOGC=50", "GOMAXPROCS=2", "GOTRACEBACK=all"]),
        ),
        row(
            "godebug-repeated",
            "/app",
            app(&["GODEBUG=http2server=0,http2server=1"]),
            app(&["GODEBUG=http2server=0"]),
        ),
        row(
            "godebug-malformed",
            "/app",
            app(&["GODEBUG=http2server=0;http2client=0"]),
            app(&["GODEBUG=http2server=0,http2client=0"]),
        ),
    ]
}

pub fn integrity() -> Vec<Row> {
    let unrecorded = || {
        made("called", |f| {
            derive::edit_lines(f, |lines| lines.retain(|l| !l.starts_with("dep\t")))
        })
    };
    vec![
        row(
            "contradicted-claim",
            "dist/app",
            made(FINE, |f| {
                derive::edit_blob(f, "CGO_ENABLED=0", "CGO_ENABLED=1")
            }),
            one(FINE),
        )
        .silent(
            made(FINE, |f| {
                derive::edit_blob(f, "CGO_ENABLED=0", "CGO_ENABLED=1")
            })
            .options("ignore = [\"build-info\", \"cgo\"]"),
        ),
        row(
            "missing-build-info",
            "dist/app",
            one("direct"),
            one("called"),
        ),
        row(
            "hidden-build-info",
            "dist/app",
            made(FINE, derive::drop_section_headers),
            files(&[("app", FINE), ("app.wasm", "1.27-wasip1-wasm-strip")]),
        ),
        row(
            "packed-executable",
            "dist/app",
            made(FINE, upx::pack),
            one(FINE),
        ),
        row(
            "fips-checksum-invalid",
            "dist/app",
            made("fips-v1", derive::spoil_fips_sum),
            one("fips-v1"),
        ),
        row("module-not-linked", "dist/app", one("deps"), one("called"))
            .silent(one("deps").options("allow = [\"example.com/**\"]")),
        row(
            "package-not-recorded",
            "dist/app",
            unrecorded(),
            one("called"),
        )
        .silent(unrecorded().options("allow = [\"example.com/**\"]")),
    ]
}
