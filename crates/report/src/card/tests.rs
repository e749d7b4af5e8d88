use super::*;
use crate::style::width;
use test_support::records as sample;

fn card(binary: &Binary, look: Look) -> String {
    let mut out = Vec::new();
    write(
        binary,
        None,
        &crate::document::sample::support(),
        &look,
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

fn look(width: Option<usize>) -> Look {
    Look {
        width,
        color: false,
        unicode: true,
    }
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn the_card_starts_with_what_an_auditor_asks() {
    let text = card(&sample::clean(), look(None));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "usr/bin/hello");
    assert_eq!(
        lines[1],
        "  program      example.com/hello/cmd/hello (module example.com/hello)"
    );
    assert_eq!(lines[2], "  version      v1.4.2 (main-module)");
    assert_eq!(lines[3], "  go           go1.27.3, supported until 2027-08");
    assert!(text.contains("\n  goroot       trimmed\n"), "{text}");
    assert!(text.contains("\n  evidence     1 confirmed\n"));
    assert!(text.contains(" of 2026-10-01T12:00:00Z, unmodified\n"));
    assert!(text.contains("\n  modules (3)\n"));
    assert!(
        text.contains("    golang.org/x/sys            v0.41.0  h1:"),
        "{text}"
    );
    assert!(text.find("modules (").unwrap() < text.find("settings (").unwrap());
}

#[test]
fn spells_out_contradictions_and_puts_fatal_settings_first() {
    let text = card(&sample::contradicted(), look(None));
    assert!(text.contains("1 of 3 claims contradicted, 1 confirmed, 1 cannot be checked"));
    assert!(text.contains(
        "go-version: recorded go1.21.13, the program says go1.19.8: the second copy in read-only data says otherwise"
    ));
    let fatal = text
        .find("fips140=maybe (environment, fatal): The program stops")
        .unwrap();
    let remark = text.find("x509sha1=1 (baked): Certificates").unwrap();
    assert!(
        fatal < remark && remark < text.find("\n    panicnil=1 (baked)\n").unwrap(),
        "{text}"
    );
    for part in [
        "image registry.example/app:1.0 (linux/amd64), layer 1, started by the image, mode 4755",
        "v1.5.0 → ../toml",
        "v0.41.0 → example.com/fork/sys@v0.41.1  h1:",
        "1.0.3 (x-flag main.version), (devel) (main-module)",
        "/home/joe/sdk/go1.21.13 (home), runtime.GOROOT() says the same",
        "GOEXPERIMENT=loopvar, version says X:loopvar",
        "checksum invalid",
        "/home/joe/src/app (home, 42 in pclntab,dwarf, such as /home/joe/src/app/main.go)",
        "unsupported since 2024-08-13",
        "the section table is cut off",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn says_so_when_there_is_no_record() {
    let text = card(&sample::without_record(), look(None));
    assert!(text.contains("no module record in this file"), "{text}");
    assert!(text.contains("?/mips") && !text.contains("modules ("));
}

#[test]
fn fits_every_width_and_loses_nothing() {
    for binary in [
        sample::clean(),
        sample::contradicted(),
        sample::without_record(),
        sample::hostile(),
    ] {
        for columns in [60, 80, 120, 200] {
            let text = card(&binary, look(Some(columns)));
            for line in text.lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
            let package = binary.main_package.as_deref().map(safe).unwrap_or_default();
            assert!(squeezed(&text).contains(&squeezed(&package)));
        }
    }
}

#[test]
fn hostile_text_is_shown_not_obeyed() {
    for color in [false, true] {
        let text = card(
            &sample::hostile(),
            Look {
                width: Some(100),
                color,
                unicode: true,
            },
        );
        for (index, c) in text.char_indices() {
            if c == '\u{1b}' {
                assert!(color && text[index..].starts_with("\u{1b}["));
                let end = text[index..].find('m').unwrap();
                let code = &text[index + 2..index + end];
                assert!(code.bytes().all(|b| b.is_ascii_digit()), "{code}");
            } else {
                assert!(c == '\n' || clean(&c.to_string()) == c.to_string(), "{c:?}");
            }
        }
        assert!(text.contains("\\x1b[31m\\u{202e}"));
    }
    assert!(!card(&sample::contradicted(), Look::PLAIN).contains('\u{1b}'));
    assert!(
        card(
            &sample::contradicted(),
            Look {
                color: true,
                ..Look::PLAIN
            }
        )
        .contains("\u{1b}[1m")
    );
}

#[test]
fn without_unicode_our_own_glyphs_are_ascii() {
    let text = card(
        &sample::contradicted(),
        Look {
            width: Some(80),
            ..Look::PLAIN
        },
    );
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("=> ../toml"));
}

#[test]
fn says_what_the_environment_makes_of_goroot_and_godebug() {
    let mut binary = sample::contradicted();
    let variables = [
        ("GOROOT".to_owned(), "/usr/local/go".to_owned()),
        ("GODEBUG".to_owned(), "http2client=0".to_owned()),
    ];
    let place = gospect_record::environment::EnvironmentSource::Given;
    gospect_record::environment::assume(&mut binary, &variables, place);
    let text = card(&binary, look(None));
    let row =
        "/home/joe/sdk/go1.21.13 (home), runtime.GOROOT() is /usr/local/go, by the environment\n";
    assert!(text.contains(row), "{text}");
    assert!(!text.contains("says the same"), "{text}");

    // Nothing is fatal here, so the environment comes first, with the words of `explain`.
    let known = gospect_knowledge::godebug::setting("http2client").unwrap();
    let first = format!("http2client=0 (environment): {} {}", known.what, known.cost);
    let heading = text.find("godebug in force").unwrap();
    let list = text[heading..].lines().nth(1).unwrap();
    assert_eq!(list.trim(), first, "{text}");
}

#[test]
fn a_layer_is_named_with_the_last_one_and_with_its_step() {
    let mut binary = sample::clean();
    let reference = "app:1.0".to_owned();
    binary.location.image = Some(gospect_record::ImageRef {
        reference: reference.clone(),
        digest: None,
        platform: None,
    });
    binary.location.layer = Some(gospect_record::LayerRef {
        index: 1,
        digest: None,
    });
    let layer = |step: Option<&str>| gospect_record::LayerRecord {
        created_by: step.map(str::to_owned),
        ..Default::default()
    };
    let card = |layers: Vec<gospect_record::LayerRecord>| {
        let image = gospect_record::ImageRecord {
            reference: reference.clone(),
            layers,
            ..Default::default()
        };
        let mut out = Vec::new();
        let support = crate::document::sample::support();
        write(&binary, Some(&image), &support, &Look::PLAIN, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let long = format!("RUN {}", "x".repeat(100));
    let all = [layer(None), layer(Some("COPY app /")), layer(Some(&long))];
    assert!(card(all.to_vec()).contains(", layer 1 of 0-2, made by `COPY app /`"));
    let unknown = card(vec![layer(None), layer(None)]);
    assert!(unknown.contains(", layer 1 of 0-1\n"), "{unknown}");
    let cut = card(vec![layer(None), layer(Some(&long))]);
    assert!(
        cut.contains(&format!("`RUN {}...`", "x".repeat(56))),
        "{cut}"
    );
}
