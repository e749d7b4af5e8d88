//! The origin of each value, and the answer for unusual programs.

use super::*;

mod cases;

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
        unfit_for_fips: None,
    })
}

fn lines(answer: &Godebug) -> Vec<String> {
    let line = |e: &EffectiveSetting| format!("{}={} {} {}", e.key, e.value, e.origin, e.status);
    answer.effective.iter().flatten().map(line).collect()
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
            unfit_for_fips: None,
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
    // The runtime uses the linker string; the recorded one counts only when that was not found.
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
fn without_a_table_row_there_is_no_answer() {
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

/// Without this setting the old behaviour returns.
#[test]
fn a_setting_that_keeps_an_old_go_line_from_acting_has_an_effect() {
    let old = gospect_knowledge::godebug::implied(20, 27)
        .map(|(key, value)| match key {
            "panicnil" => "panicnil=0".to_owned(),
            _ => format!("{key}={value}"),
        })
        .collect::<Vec<_>>()
        .join(",");
    let kept = assess_case("go1.27.3", Some(&old), None, None);
    let of = |answer: &Godebug| {
        let mut all = answer.effective.clone().unwrap().into_iter();
        all.find(|e| e.key == "panicnil").unwrap()
    };
    assert_eq!(of(&kept).status, GodebugStatus::Ok);
    assert_eq!(
        of(&kept).note.as_deref(),
        Some("keeps the toolchain's default where a go line before 1.21 brings back panicnil=1")
    );
    let needless = assess_case("go1.27.3", Some("panicnil=0"), None, None);
    assert_eq!(of(&needless).status, GodebugStatus::NoEffect);
    let asked = assess_case("go1.27.3", Some(&old), None, Some("panicnil=0"));
    assert_eq!(of(&asked).status, GodebugStatus::NoEffect);
}

#[test]
fn fips_mode_does_not_work_in_every_build() {
    for (setting, unfit) in [
        (("-asan", "true"), Some("-asan")),
        (("-asan", "false"), None),
        (("-buildmode", "c-archive"), Some("-buildmode=c-archive")),
        (("-buildmode", "exe"), None),
    ] {
        let found = unfit_for_fips(|key| (key == setting.0).then_some(setting.1));
        assert_eq!(found, unfit);
        let version = GoVersion::parse("go1.27.3").expect("a version");
        let answer = assess(&Facts {
            version: &version,
            recorded: None,
            baked: None,
            environment: Some("fips140=on"),
            has_settings: true,
            main_package: None,
            goos: Some("linux"),
            goarch: Some("amd64"),
            crypto_linked: Some(true),
            unfit_for_fips: found,
        });
        let fatal = lines(&answer).concat() == "fips140=on environment fatal";
        assert_eq!(fatal, unfit.is_some(), "{setting:?}");
    }
}
