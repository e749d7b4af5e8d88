//! Cases measured with real programs. `tests/it/godebug_runtime.rs` repeats the measurement where there are toolchains.

use super::*;

struct Case {
    version: &'static str,
    baked: Option<&'static str>,
    environment: Option<&'static str>,
    /// Expected `key=value origin status`, in order.
    want: &'static [&'static str],
}

#[test]
fn values_in_force() {
    let table = [
        // No strings at all.
        Case {
            version: "go1.27.3",
            baked: None,
            environment: None,
            want: &[],
        },
        Case {
            version: "go1.27.3",
            baked: Some(""),
            environment: Some(""),
            want: &[],
        },
        // The environment beats the defaults for each key; the last value in a string counts.
        Case {
            version: "go1.27.3",
            baked: Some("panicnil=1,inittrace=1"),
            environment: Some("inittrace=0"),
            want: &["inittrace=0 environment ok", "panicnil=1 baked ok"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gctrace=0,gctrace=2"),
            want: &["gctrace=2 environment ok"],
        },
        Case {
            version: "go1.21.13",
            baked: Some("http2server=0"),
            environment: Some("http2server=1"),
            want: &["http2server=1 environment ok"],
        },
        Case {
            version: "go1.21.13",
            baked: Some("http2server=0"),
            environment: Some("http2server="),
            want: &["http2server= environment ok"],
        },
        // The runtime's own variables skip values that are not numbers.
        Case {
            version: "go1.27.3",
            baked: Some("gctrace=1"),
            environment: Some("gctrace=abc"),
            want: &["gctrace=1 baked ok"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gctrace=1,gctrace=x"),
            want: &["gctrace=1 environment ok"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("asyncpreemptoff=x"),
            want: &["asyncpreemptoff=0 toolchain no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gctrace"),
            want: &["gctrace=0 toolchain no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gctrace=99999999999"),
            want: &["gctrace=0 toolchain no-effect"],
        },
        Case {
            version: "go1.26.6",
            baked: None,
            environment: Some("gctrace=+1"),
            want: &["gctrace=1 environment ok"],
        },
        Case {
            version: "go1.25.5",
            baked: None,
            environment: Some("gctrace=+1"),
            want: &["gctrace=0 toolchain no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gctrace=1#x"),
            want: &["gctrace=0 toolchain no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("profstackdepth=5000"),
            want: &["profstackdepth=1024 environment ok"],
        },
        // Defaults that are spelled out.
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gcstoptheworld=0"),
            want: &["gcstoptheworld=0 environment no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("http2client=1"),
            want: &["http2client=1 environment no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("fips140=off"),
            want: &["fips140=off environment no-effect"],
        },
        // Names that this release does not read.
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("mmap=1"),
            want: &["mmap=1 environment unknown"],
        },
        Case {
            version: "go1.22.10",
            baked: None,
            environment: Some("asynctimerchan=1"),
            want: &["asynctimerchan=1 environment unknown"],
        },
        Case {
            version: "go1.26.6",
            baked: None,
            environment: Some("x509sha1=1"),
            want: &["x509sha1=1 environment removed"],
        },
        Case {
            version: "go1.24.11",
            baked: None,
            environment: Some("allocfreetrace=1"),
            want: &["allocfreetrace=1 environment removed"],
        },
        Case {
            version: "go1.24.11",
            baked: None,
            environment: Some("urlmaxqueryparams=0"),
            want: &["urlmaxqueryparams=0 environment unknown"],
        },
        Case {
            version: "go1.24.13",
            baked: None,
            environment: Some("urlmaxqueryparams=0"),
            want: &["urlmaxqueryparams=0 environment ok"],
        },
        // Names that are read elsewhere or nowhere.
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gocachehash=1"),
            want: &["gocachehash=1 environment no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: Some("winsymlink=0"),
            environment: None,
            want: &["winsymlink=0 baked no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: Some("http2debug=1"),
            environment: None,
            want: &["http2debug= toolchain no-effect"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("http2debug=12"),
            want: &["http2debug=1 environment ok"],
        },
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("cpu.avx2=off"),
            want: &["cpu.avx2=off environment ok"],
        },
        // A bisect pattern.
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("http2server=0#y"),
            want: &["http2server=0 environment ok"],
        },
        // 1.19 has no defaults, and its package settings take the first value.
        Case {
            version: "go1.19.8",
            baked: Some("http2server=0"),
            environment: None,
            want: &["http2server= toolchain no-effect"],
        },
        Case {
            version: "go1.19.8",
            baked: None,
            environment: Some("http2server=0,http2server=1"),
            want: &["http2server=0 environment ok"],
        },
        Case {
            version: "go1.19.8",
            baked: None,
            environment: Some("gctrace=1,gctrace=0"),
            want: &["gctrace=0 environment no-effect"],
        },
        Case {
            version: "go1.19.8",
            baked: None,
            environment: Some("memprofilerate=5"),
            want: &["memprofilerate=5 environment no-effect"],
        },
        // A setting that changes another one.
        Case {
            version: "go1.27.3",
            baked: None,
            environment: Some("gccheckmark=1"),
            want: &[
                "asyncpreemptoff=1 toolchain ok",
                "gccheckmark=1 environment ok",
            ],
        },
        Case {
            version: "go1.24.11",
            baked: None,
            environment: Some("gccheckmark=1"),
            want: &["gccheckmark=1 environment ok"],
        },
    ];
    for case in table {
        let answer = assess_case(case.version, None, case.baked, case.environment);
        assert_eq!(
            lines(&answer),
            case.want,
            "{} {:?} {:?}",
            case.version,
            case.baked,
            case.environment
        );
    }
}

#[test]
fn settings_that_end_the_process() {
    let table = [
        // Since 1.27 any old value of a removed setting, in any string.
        (
            "go1.27.3",
            None,
            Some("asynctimerchan=1"),
            "asynctimerchan=1 environment fatal",
        ),
        (
            "go1.27.3",
            None,
            Some("asynctimerchan=1,asynctimerchan=0"),
            "asynctimerchan=1 environment fatal",
        ),
        (
            "go1.27.3",
            Some("asynctimerchan=2"),
            Some("asynctimerchan=0"),
            "asynctimerchan=2 baked fatal",
        ),
        (
            "go1.27.3",
            None,
            Some("asynctimerchan=0"),
            "asynctimerchan=0 environment removed",
        ),
        (
            "go1.27.3",
            None,
            Some("asynctimerchan=1#x"),
            "asynctimerchan=1#x environment removed",
        ),
        (
            "go1.27.3",
            None,
            Some("asynctimerchan=abc"),
            "asynctimerchan=abc environment removed",
        ),
        (
            "go1.26.6",
            None,
            Some("asynctimerchan=1"),
            "asynctimerchan=1 environment ok",
        ),
        (
            "go1.27.3",
            None,
            Some("gotypesalias=0"),
            "gotypesalias=0 environment fatal",
        ),
        (
            "go1.27.3",
            None,
            Some("tlskyber=0"),
            "tlskyber=0 environment fatal",
        ),
        (
            "go1.99.0",
            None,
            Some("tls10server=1"),
            "tls10server=1 environment fatal",
        ),
        // cgocheck is checked after each string.
        (
            "go1.27.3",
            None,
            Some("cgocheck=2"),
            "cgocheck=2 environment fatal",
        ),
        (
            "go1.21.13",
            None,
            Some("cgocheck=2,cgocheck=0"),
            "cgocheck=0 environment ok",
        ),
        (
            "go1.21.13",
            Some("cgocheck=2"),
            Some("cgocheck=0"),
            "cgocheck=2 baked fatal",
        ),
        (
            "go1.19.8",
            None,
            Some("cgocheck=2"),
            "cgocheck=2 environment ok",
        ),
        (
            "go1.25.5",
            None,
            Some("cgocheck=+2"),
            "cgocheck=1 toolchain no-effect",
        ),
        (
            "go1.26.6",
            None,
            Some("cgocheck=+2"),
            "cgocheck=+2 environment fatal",
        ),
        (
            "go1.23.9",
            None,
            Some("profstackdepth=-8"),
            "profstackdepth=-8 environment fatal",
        ),
        (
            "go1.23.9",
            None,
            Some("profstackdepth=-8,profstackdepth=7"),
            "profstackdepth=7 environment ok",
        ),
        (
            "go1.23.9",
            Some("profstackdepth=-8"),
            Some("profstackdepth=7"),
            "profstackdepth=7 environment ok",
        ),
        (
            "go1.27.3",
            None,
            Some("fips140=bogus"),
            "fips140=bogus environment fatal",
        ),
        (
            "go1.27.3",
            Some("fips140=on"),
            Some("fips140=1"),
            "fips140=1 environment fatal",
        ),
        (
            "go1.27.3",
            Some("fips140=bogus"),
            Some("fips140=only"),
            "fips140=only environment ok",
        ),
        (
            "go1.23.9",
            None,
            Some("fips140=bogus"),
            "fips140=bogus environment unknown",
        ),
    ];
    for (version, baked, environment, want) in table {
        let answer = assess_case(version, None, baked, environment);
        assert_eq!(
            lines(&answer),
            [want.replace("=+2 ", "=2 ")],
            "{version} {baked:?} {environment:?}"
        );
    }
}
