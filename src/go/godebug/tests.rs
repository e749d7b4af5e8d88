//! Cases measured with real programs; `tests/godebug_runtime.rs` repeats the measurement where toolchains are at hand.

use super::*;

struct Case {
    version: &'static str,
    baked: Option<&'static str>,
    environment: Option<&'static str>,
    /// `key=value origin status`, in order.
    want: &'static [&'static str],
}

fn assess_case(
    version: &str,
    recorded: Option<&str>,
    baked: Option<&str>,
    environment: Option<&str>,
) -> Godebug {
    let version = GoVersion::parse(version).expect("a version");
    assess(&Facts {
        version: &version,
        recorded,
        baked,
        environment,
        has_settings: true,
        main_package: Some("example.com/app"),
        goos: Some("linux"),
        goarch: Some("amd64"),
        crypto_linked: Some(true),
    })
}

fn lines(answer: &Godebug) -> Vec<String> {
    let line = |e: &EffectiveSetting| format!("{}={} {} {}", e.key, e.value, e.origin, e.status);
    answer.effective.iter().flatten().map(line).collect()
}

#[test]
fn values_in_force() {
    let table = [
        // Nothing given.
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
        // The environment beats the defaults key by key; the last one in a string counts.
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
        // The runtime's own variables skip what is not a number.
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
        // Defaults spelled out.
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
        // Read elsewhere or nowhere.
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
        // 1.19: no defaults, and package settings take the first value.
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
        // One setting that moves another.
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
fn deaths() {
    let table = [
        // Any old value of a removed setting, in any string, from 1.27 on.
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
        // cgocheck is looked at after each string.
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

#[test]
fn fips_mode_needs_crypto_and_a_port() {
    let version = GoVersion::parse("go1.27.3").expect("a version");
    let facts = |value, crypto_linked, goos, goarch| {
        let answer = assess(&Facts {
            version: &version,
            recorded: None,
            baked: None,
            environment: Some(value),
            has_settings: true,
            main_package: None,
            goos: Some(goos),
            goarch: Some(goarch),
            crypto_linked,
        });
        lines(&answer).concat()
    };
    assert_eq!(
        facts("fips140=bogus", Some(false), "linux", "amd64"),
        "fips140=bogus environment no-effect"
    );
    assert_eq!(
        facts("fips140=bogus", None, "linux", "amd64"),
        "fips140=bogus environment fatal"
    );
    assert_eq!(
        facts("fips140=on", Some(true), "openbsd", "amd64"),
        "fips140=on environment fatal"
    );
    assert_eq!(
        facts("fips140=on", Some(true), "js", "wasm"),
        "fips140=on environment fatal"
    );
    assert_eq!(
        facts("fips140=on", Some(true), "windows", "amd64"),
        "fips140=on environment ok"
    );
}

#[test]
fn record_and_linker_string() {
    // The linker string is what the runtime sees; the record stands in for it only when it was not found.
    let both = assess_case(
        "go1.24.11",
        Some("panicnil=1,rsa1024min=0"),
        Some("gctrace=1"),
        None,
    );
    assert_eq!(
        lines(&both),
        [
            "gctrace=1 baked ok",
            "panicnil=0 toolchain no-effect",
            "rsa1024min= toolchain no-effect"
        ]
    );
    let record = assess_case(
        "go1.24.11",
        Some("panicnil=1,rsa1024min=0"),
        None,
        Some("panicnil=0"),
    );
    assert_eq!(
        lines(&record),
        ["panicnil=0 environment ok", "rsa1024min=0 recorded ok"]
    );
    assert_eq!(
        record.recorded_pairs,
        Some(vec![
            ("panicnil".into(), "1".into()),
            ("rsa1024min".into(), "0".into())
        ])
    );
    assert_eq!(record.baked_pairs, None);
    assert_eq!(record.environment_pairs.map(|p| p.len()), Some(1));
}

#[test]
fn notes_say_what_to_know() {
    let note = |version: &str, baked: Option<&str>, environment: &str| {
        let answer = assess_case(version, None, baked, Some(environment));
        answer
            .effective
            .unwrap_or_default()
            .first()
            .and_then(|e| e.note.clone())
            .unwrap_or_default()
    };
    assert!(note("go1.27.3", None, "gctarce=1").contains("did you mean gctrace?"));
    assert!(note("go1.22.10", None, "asynctimerchan=1").contains("Go 1.23"));
    assert!(note("go1.27.3", None, "x509negativeserial=1").contains("before Go 1.23"));
    assert!(
        note("go1.27.3", Some("panicnil=1"), "panicnil=0")
            .contains("overrides panicnil=1 of the built-in defaults")
    );
    assert!(note("go1.27.3", None, "gocachehash=1").contains("go command"));
}

#[test]
fn language_versions() {
    let language =
        |version: &str, recorded| assess_case(version, recorded, None, None).language_version;
    assert_eq!(language("go1.27.3", None).as_deref(), Some("1.27"));
    assert_eq!(
        language("go1.21.13", Some("panicnil=1")).as_deref(),
        Some("1.19-1.20")
    );
    assert_eq!(language("go1.20.1", None), None);
    assert_eq!(language("go1.19.8", None), None);
    assert_eq!(language("go1.99.1", None), None);
}

#[test]
fn no_row_no_answer() {
    for version in ["go1.20.14", "go1.18", "devel +abcdef"] {
        let answer = assess_case(version, None, None, Some("gctrace=1"));
        assert_eq!(answer.effective, None, "{version}");
        assert_eq!(
            answer.environment_pairs,
            Some(vec![("gctrace".into(), "1".into())])
        );
    }
}

#[test]
fn hostile_strings_end_soon_and_stay_sorted() {
    let mut state = 11u64;
    let mut random = move |n: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    let words = [
        "gctrace",
        "=",
        "=",
        ",",
        ",",
        "1",
        "-",
        "+",
        "#",
        "é",
        "\0",
        " ",
        "asynctimerchan",
        "cpu.",
        "http2debug",
        "fips140",
        "2",
    ];
    let versions = ["go1.27.3", "go1.19.8", "go1.23.9", "go1.99.1", "go1.20"];
    for round in 0..3000 {
        let mut text = String::new();
        for _ in 0..random(20) {
            text.push_str(words[random(words.len())]);
        }
        let answer = assess_case(
            versions[round % 5],
            Some(&text),
            (round % 3 == 0).then_some(&text),
            Some(&text),
        );
        let keys: Vec<_> = answer.effective.iter().flatten().map(|e| &e.key).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{text}");
    }
    let long: String = (0..200_000)
        .map(|i| format!("k{i}=1,gctrace={i},"))
        .collect();
    let answer = assess_case("go1.27.3", Some(&long), Some(&long), Some(&long));
    assert!(answer.effective.is_some_and(|e| e.len() <= MOST_KEYS));
}
