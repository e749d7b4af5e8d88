use super::*;
use gospect_record::{Document, LayerRef};
use test_support::records as sample;

fn table(document: &Document, look: Look) -> String {
    let options = Options {
        look,
        support: crate::document::sample::support(),
        memory: 64 << 20,
    };
    let mut out = Vec::new();
    let mut rows = Rows::default();
    for line in document.clone().lines() {
        rows.line(line, &options, &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

fn look(width: Option<usize>) -> Look {
    Look {
        width,
        color: false,
        unicode: true,
    }
}

#[test]
fn fits_the_terminal_at_every_width() {
    for columns in [20, 40, 80, 120, 200] {
        let text = table(&sample::document(), look(Some(columns)));
        for line in text.lines() {
            assert!(width(line) <= columns, "{columns}: {line}\n{text}");
        }
    }
}

#[test]
fn a_text_too_long_for_any_cell_is_cut_at_a_character() {
    let mut document = sample::document();
    document.binaries[0].path = "é".repeat(100_000);
    let text = table(&document, look(None));
    assert!(
        text.len() < 40_000 && text.contains("é..."),
        "{}",
        text.len()
    );
}

#[test]
fn cuts_directories_of_paths_on_a_terminal_and_never_elsewhere() {
    let document = sample::document();
    let path = &document.binaries[1].path;
    let narrow = table(&document, look(Some(80)));
    assert!(!narrow.contains(path.as_str()));
    assert!(narrow.contains("…/server"), "{narrow}");
    let piped = table(&document, look(None));
    assert!(piped.contains(path.as_str()) && !piped.contains('…'));
    assert!(
        piped.contains("!contradicted:go-version !godebug-fatal"),
        "{piped}"
    );
}

#[test]
fn file_names_stay_whole_where_they_take_a_third_of_the_width_or_less() {
    let mut document = sample::document();
    let named = |name: &str| {
        let mut binary = sample::clean();
        binary.path = format!("a/directory/that/is/long/{name}");
        binary.main_package = Some("example.com/some/long/package/name".to_owned());
        binary
    };
    let (fits, wide) = (
        "containerd-shim-runc-v2",
        "sing-box-windows-amd64-v3-legacy.exe",
    );
    document.binaries = vec![named(fits), named(wide)];
    let text = table(&document, look(Some(80)));
    assert!(text.contains(fits), "{text}");
    assert!(
        text.contains("\nsing-box-wi…3-legacy.exe"),
        "both ends: {text}"
    );
    assert!(table(&document, look(Some(120))).contains(wide));
}

#[test]
fn one_row_a_binary_then_the_summary() {
    let document = sample::document();
    let text = table(&document, look(None));
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("image"), "{text}");
    assert!(lines[1].starts_with("──"));
    let blank = lines.iter().position(|line| line.is_empty()).unwrap();
    assert_eq!(blank, 2 + document.binaries.len());
    assert!(lines[blank + 1].starts_with("Notes: "));
    assert!(lines[blank + 3].starts_with("registry.example/app:1.0 (linux/amd64): starts /server"));
    assert!(lines.iter().any(|line| line.starts_with("4 Go programs")));
    assert!(
        text.contains("example.com/hello@1.0.3"),
        "a claim beats (devel): {text}"
    );
}

#[test]
fn explains_the_notes_that_occur_and_no_others() {
    let mut document = sample::document();
    let text = table(&document, look(None));
    let legend = text.lines().find(|line| line.starts_with("Notes: "));
    let legend = legend.unwrap();
    for binary in &document.binaries {
        for (note, _) in flags::of(binary) {
            let (word, meaning) = flags::meaning(&note).unwrap();
            let entry = format!("{word}: {meaning}");
            assert!(legend.contains(&entry), "{entry}: {legend}");
        }
    }
    assert!(!legend.contains("sanitizer:"), "{legend}");
    document.binaries.truncate(1);
    document.binaries[0].executable.go_symbols = None;
    assert_eq!(flags::of(&document.binaries[0]), []);
    assert!(!table(&document, look(None)).contains("Notes:"));
}

#[test]
fn programs_of_images_have_a_layer() {
    let mut document = sample::document();
    document.binaries.truncate(1);
    assert!(!table(&document, look(None)).contains("layer"));
    let location = &mut document.binaries[0].location;
    location.layer = Some(LayerRef {
        index: 7,
        digest: None,
    });
    let text = table(&document, look(None));
    let at = text.find("layer").unwrap();
    let row = text.lines().nth(2).unwrap();
    assert_eq!(row.get(at..at + 2), Some("7 "), "{text}");
}

#[test]
fn columns_empty_everywhere_are_left_out() {
    let mut document = sample::document();
    document.binaries.truncate(1);
    let text = table(&document, look(Some(80)));
    assert!(text.starts_with("path"), "{text}");
    assert!(!text.lines().next().unwrap().contains("image"));
    document.binaries.clear();
    let text = table(&document, look(Some(80)));
    assert!(
        text.starts_with("registry.example/app:1.0 (linux/amd64): starts"),
        "no header without rows: {text}"
    );
}

#[test]
fn colour_changes_nothing_but_colour() {
    for columns in [Some(80), Some(200), None] {
        let plain = table(&sample::document(), look(columns));
        let colored = table(
            &sample::document(),
            Look {
                color: true,
                ..look(columns)
            },
        );
        assert!(!plain.contains('\u{1b}'));
        let mut bare = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            bare.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        bare.push_str(rest);
        assert_eq!(bare, plain);
        assert!(
            colored.contains("\u{1b}[33mgo1.21.13\u{1b}[0m"),
            "{colored}"
        );
    }
}

#[test]
fn ascii_terminals_get_ascii_lines() {
    let mut document = sample::document();
    document.binaries.pop();
    assert!(
        table(
            &document,
            Look {
                width: Some(80),
                ..Look::PLAIN
            }
        )
        .is_ascii()
    );
}

#[test]
fn one_absurd_value_does_not_pad_every_row() {
    let mut document = sample::document();
    document.binaries = vec![sample::clean(); 200];
    document.binaries[7].main_package = Some("x".repeat(5_000_000));
    document.binaries[7].build_info = None;
    assert!(table(&document, look(None)).len() < 2_000_000);
}

/// The cells of the column `path`.
fn paths(names: &[&str], columns: usize) -> Vec<String> {
    let mut document = sample::document();
    document.binaries = names
        .iter()
        .map(|name| {
            let mut binary = sample::clean();
            binary.path = (*name).to_owned();
            binary
        })
        .collect();
    let text = table(&document, look(Some(columns)));
    let rows = text.lines().skip(2).take(names.len());
    rows.map(|row| row.split("  ").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn members_of_two_archives_differ_at_every_width() {
    for names in [
        [
            "dist/acme_1.4.3_linux_amd64.tar.gz!acme",
            "dist/acme_1.4.3_linux_arm64.tar.gz!acme",
        ],
        [
            "dist/acme_1.4.3_linux_amd64.tar.gz!acme",
            "dist/acme_1.4.2_linux_amd64.tar.gz!acme",
        ],
        [
            "releases/one/dist.zip!bin/acme",
            "releases/two/dist.zip!bin/acme",
        ],
        [
            "one/very/long/directory/bin/acme",
            "two/very/long/directory/bin/acme",
        ],
        [
            "a.tgz!b-one.zip!usr/local/bin/acme",
            "a.tgz!b-two.zip!usr/local/bin/acme",
        ],
        [
            "dist/世界_1.0.tar.gz!usr/bin/acme",
            "dist/世外_1.0.tar.gz!usr/bin/acme",
        ],
    ] {
        for columns in [60, 70, 80, 100, 120, 160, 200] {
            let shown = paths(&names, columns);
            assert_ne!(shown[0], shown[1], "{columns}");
            for shown in &shown {
                assert!(shown.ends_with("acme"), "{columns}: {shown:?}");
            }
        }
    }
    assert_eq!(
        paths(
            &[
                "dist/widget_2.0.tar.gz!widget",
                "dist/gadget_2.0.tar.gz!gadget"
            ],
            80
        ),
        ["widget_2.0.tar.gz!widget", "gadget_2.0.tar.gz!gadget"]
    );
}

#[test]
fn rows_that_differ_in_the_middle_are_shown_differently() {
    let names: Vec<String> = (0..40)
        .map(|n| {
            format!(
                "dist/a-program-of-some-name_{}.{}.0_linux_amd64.tar.gz!usr/bin/program",
                n / 10,
                n % 10
            )
        })
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for columns in [80, 100, 140] {
        let shown = paths(&names, columns);
        let distinct: std::collections::HashSet<_> = shown.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{columns}: {shown:?}");
    }
}

/// A release with archives for several ports, or an image for them.
fn release(is_image: bool) -> Document {
    let mut document = sample::document();
    let named = |path: &str, os: &str, arch: &str, package: &str| {
        let mut binary = sample::clean();
        binary.path = path.to_owned();
        (binary.executable.os, binary.executable.arch) =
            (Some(os.to_owned()), Some(arch.to_owned()));
        binary.main_package = Some(package.to_owned());
        if let Some(info) = &mut binary.build_info {
            info.main.path = package.to_owned();
            info.main.version = "v1.14.3-rc.1".to_owned();
        }
        binary
    };
    let package = "example.com/acme/platform/cmd/acme-server";
    let mut binaries: Vec<_> = [("linux", "amd64"), ("linux", "arm64"), ("darwin", "arm64"), ("windows", "amd64")]
        .map(|(os, arch)| {
            let path = format!("dist/acme-server_1.14.3-rc.1_{os}_{arch}.tar.gz!acme-server_1.14.3-rc.1/bin/acme-server");
            named(&path, os, arch, package)
        })
        .into();
    if is_image {
        for binary in &mut binaries {
            binary.path = "/usr/local/bin/acme-server".to_owned();
            binary.location.image = Some(gospect_record::ImageRef {
                reference: "registry.example.com:5000/acme/server:1.14.3-rc.1".to_owned(),
                ..Default::default()
            });
        }
    }
    document.binaries = binaries;
    document
}

/// The table at the widths of screens. `GOSPECT_WRITE=1 cargo test -p gospect-report --all-features screens` writes the files.
#[test]
fn screens_of_80_120_and_200_columns_are_kept() {
    for columns in [80, 120, 200] {
        let archives = table(&release(false), look(Some(columns)));
        let images = table(&release(true), look(Some(columns)));
        let text = [archives.as_str(), images.as_str()].map(|text| {
            let end = text.find("\n\n").unwrap_or(text.len());
            text.get(..end).unwrap_or_default()
        });
        let text = text.join("\n\n") + "\n";
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("src/table/screens/{columns}.txt"));
        if std::env::var_os("GOSPECT_WRITE").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, kept, "{}", file.display());
        let rows = text.lines().filter(|row| row.contains("go1."));
        let rows: Vec<&str> = rows.collect();
        assert_eq!(rows.len(), 8, "{text}");
        for port in [
            "linux/amd64",
            "linux/arm64",
            "darwin/arm64",
            "windows/amd64",
        ] {
            assert!(
                rows.iter().any(|row| row.contains(port)),
                "{columns}: {text}"
            );
        }
        for row in rows {
            assert!(width(row) <= columns, "{columns}: {row}");
            assert!(row.contains("@v1.14.3-rc.1"), "{columns}: {row}");
            assert!(row.contains("acm"), "{columns}: {row}");
        }
    }
}

/// Where not all notes fit, a sign says so, also beside a note that fits alone.
#[test]
fn a_sign_stands_for_notes_that_are_left_out() {
    let notes = |words: &[&str]| -> Cell {
        let words = words.iter().map(|word| ((*word).to_owned(), None));
        words.collect()
    };
    let column = COLUMNS.iter().find(|column| column.header == "notes");
    let column = column.unwrap();
    for (words, width, expected) in [
        (&["no-modules", "stripped"][..], 20, "no-modules stripped"),
        (&["no-modules", "stripped"], 12, "no-modules …"),
        (&["no-modules", "stripped"], 11, "no-modules…"),
        (&["no-modules", "stripped"], 10, "no-module…"),
        (&["no-modules"], 10, "no-modules"),
        (&["cgo", "stripped", "dirty"], 12, "cgo …"),
        (&["cgo", "stripped", "dirty"], 14, "cgo stripped …"),
    ] {
        let cell = paint(&look(Some(80)), column, &notes(words), width);
        assert_eq!(cell, expected, "{words:?} in {width}");
    }
}
