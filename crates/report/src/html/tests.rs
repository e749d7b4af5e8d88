use super::*;
use crate::packages::{Format, Shown, Writer};
use crate::style::Look;
use gospect_record::{Binary, Line, Linked, LinkedPackage, PackageCapability};
use test_support::records as sample;

fn remarks() -> Vec<Remark> {
    let remark = |binary, rule: &str, level: &str, message: &str| Remark {
        binary,
        rule: rule.into(),
        code: "GS001".into(),
        level: level.into(),
        message: message.into(),
        help: "Rebuild with a supported release.".into(),
        evidence: vec!["go1.21.13".into()],
        waived: None,
        place: String::new(),
    };
    vec![
        remark(
            Some(1),
            "stale-toolchain",
            "error",
            "go1.21.13 is no longer supported",
        ),
        remark(Some(3), "odd-name", "warning", sample::HOSTILE),
        remark(None, "mixed-releases", "note", "3 releases"),
    ]
}

fn page(document: &Document, remarks: &[Remark]) -> String {
    let mut out = Vec::new();
    Page::of_scan(document, &crate::document::sample::support(), remarks)
        .write(&mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// Parses the data block of a page.
fn block(html: &str) -> serde_json::Value {
    let start = html.find("application/json\">").unwrap() + "application/json\">".len();
    let text = html[start..].split("</script>").next().unwrap();
    serde_json::from_str(text).unwrap()
}

/// Many programs as in a large collection of images: 60 programs in many builds, with 150 modules each.
fn fleet(size: usize) -> Document {
    let mut document = sample::document();
    document.binaries = (0..size)
        .map(|index| {
            let mut binary = if index % 50 == 7 {
                sample::contradicted()
            } else {
                sample::clean()
            };
            binary.path = format!(
                "srv/host{}/opt/service-{}/bin/server",
                index / 60,
                index % 60
            );
            binary.go_version = Some(format!("go1.{}.{}", 20 + index % 8, index % 5));
            binary.size += index as u64 * 1000;
            binary.executable.build_id = Some(format!("{index:040x}/{:040x}", index * 7));
            if let Some(info) = &mut binary.build_info {
                info.deps = (0..150)
                    .map(|m| {
                        let version = format!("v1.{}.{}", (index + m) % 9, m % 4);
                        sample::module(
                            &format!("example.com/organisation/module-{:03}", m * 3 + index % 3),
                            &version,
                        )
                    })
                    .collect();
                for setting in &mut info.settings {
                    if setting.key == "vcs.revision" {
                        setting.value = format!("{index:040x}");
                    }
                }
            }
            binary
        })
        .collect();
    document
}

/// Three findings for each program, as long as those of rules, two with texts of their own.
fn fleet_remarks(size: usize) -> Vec<Remark> {
    let of = |index: usize, rule: &str, level: &str, message: String| Remark {
        binary: Some(index),
        rule: rule.into(),
        code: "GS001".into(),
        level: level.into(),
        message,
        help: format!(
            "rebuild with go1.26 or newer: `GOTOOLCHAIN=go1.26.10 go build -trimpath example.com/organisation/service-{}`",
            index % 60
        ),
        evidence: vec!["build_info: setting vcs.modified true, in the module record".into()],
        waived: None,
        place: String::new(),
    };
    (0..size)
        .flat_map(|index| {
            [
                of(
                    index,
                    "unsupported-toolchain",
                    "error",
                    "built with go1.21.3; Go 1.21 has had no fixes since 2024-08-13".into(),
                ),
                of(
                    index,
                    "dirty-tree",
                    "warning",
                    format!(
                        "built from a working tree with uncommitted changes after {index:040x}"
                    ),
                ),
                of(
                    index,
                    "versions-disagree",
                    "note",
                    format!("the record says v1.{index}.0, the linker string v1.{index}.1"),
                ),
            ]
        })
        .collect()
}

#[test]
fn the_data_comes_back_and_names_every_binary() {
    let document = sample::document();
    let data = block(&page(&document, &remarks()));
    assert_eq!(data["binaries"].as_array().unwrap().len(), 4);
    let strings = data["strings"].as_array().unwrap();
    let path = |row: usize| {
        strings[data["binaries"][row]["t"][0].as_u64().unwrap() as usize]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(path(0), "usr/bin/hello");
    assert_eq!(data["binaries"][1]["n"], serde_json::json!([0]));
    assert_eq!(data["binaries"][1]["s"], 0, "go1.21.13 is not supported");
    let titles: Vec<_> = data["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "Images",
            "Layers with programs",
            "Owned by packages",
            "Not examined"
        ]
    );
    // The differences of module numbers lead back to the recorded modules.
    let mut id = 0;
    let modules: Vec<_> = data["binaries"][0]["m"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            id += step.as_u64().unwrap() as usize;
            data["modules"][id][0].as_str().unwrap()
        })
        .collect();
    assert_eq!(
        modules,
        [
            "github.com/BurntSushi/toml",
            "golang.org/x/sys",
            "gopkg.in/yaml.v3"
        ]
    );
}

#[test]
fn layers_have_the_number_of_the_record_and_tell_copies_apart() {
    let mut document = sample::document();
    let image = document.images[0].clone();
    let (mut copy, layer) = document
        .binaries
        .iter()
        .find_map(|b| Some((b.clone(), b.location.layer.clone()?)))
        .unwrap();
    copy.location.layer.as_mut().unwrap().index += 1;
    document.binaries.push(copy);
    document.images[0].layers.extend(image.layers);
    let data = block(&page(&document, &[]));
    let tables = data["tables"].as_array().unwrap();
    let table = tables.iter().find(|t| t["title"] == "Layers with programs");
    let table = table.unwrap();
    assert_eq!(table["columns"][1], "platform");
    let row = &table["rows"][0]["cells"];
    assert_eq!(row[1], image.platform.unwrap().as_str());
    assert_eq!(row[2], layer.index.to_string());
    let strings = data["strings"].as_array().unwrap();
    for index in [layer.index, layer.index + 1] {
        let name = format!("(layer {index})");
        let is_named = |text: &serde_json::Value| text.as_str().unwrap().ends_with(&name);
        assert!(strings.iter().any(is_named), "{name}");
    }
}

#[test]
fn a_hostile_name_cannot_leave_the_data_block() {
    let html = page(&sample::document(), &remarks());
    assert_eq!(
        html.matches("</script").count(),
        2,
        "the two of the template"
    );
    assert_eq!(html.matches("<script").count(), 2);
    assert!(!html.contains("<img") && !html.contains("<!--"));
    assert!(!html.chars().any(|c| c.is_control() && c != '\n'));
    let mut document = sample::document();
    document.run.targets = vec!["</title><script>alert(1)</script>".into()];
    let html = page(&document, &[]);
    assert!(html.contains("<title>Scan of &lt;/title&gt;&lt;script&gt;"));
}

#[test]
fn the_policy_allows_this_style_and_script_and_nothing_else() {
    let html = page(&sample::document(), &[]);
    let policy = html
        .split("content=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none';")
            && !policy.contains("unsafe")
            && !policy.contains("http")
    );
    assert!(!html.contains("{{"), "every mark is filled in");
    for outside in ["http:", "https:", "src=", "url(", "@import"] {
        assert!(
            !STYLE.contains(outside) && !SCRIPT.contains(outside) && !TEMPLATE.contains(outside),
            "{outside}"
        );
    }
}

#[test]
fn charts_count_releases_newest_first_and_modules_in_several_versions() {
    let mut document = sample::document();
    if let Some(info) = &mut document.binaries[1].build_info {
        info.deps[2].version = "v3.0.0".into();
    }
    let data = block(&page(&document, &remarks()));
    let charts = data["charts"].as_array().unwrap();
    let labels = |title: &str| -> Vec<String> {
        let chart = charts.iter().find(|c| c["title"] == title).unwrap();
        chart["bars"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b["label"].as_str().unwrap().to_owned())
            .collect()
    };
    let releases = labels("Go releases");
    assert_eq!(releases[..3], ["go1.27", "go1.21", "go1.9"]);
    assert_eq!(
        labels("Findings by rule"),
        ["stale-toolchain", "odd-name", "mixed-releases"]
    );
    assert_eq!(labels("Modules in most versions"), ["gopkg.in/yaml.v3"]);
}

#[test]
fn five_thousand_binaries_stay_below_ten_megabytes() {
    let html = page(&fleet(5000), &fleet_remarks(5000));
    assert!(html.len() < 10_000_000, "{}", html.len());
    assert!(html.len() > 1_000_000, "all of them are in it");
}

#[test]
fn a_page_without_a_scan_has_its_own_tables() {
    let page = Page {
        title: "old to new".into(),
        tables: vec![Table {
            title: "Changes".into(),
            columns: vec!["what".into()],
            places: None,
            rows: vec![Row {
                cells: vec!["go1.26.6 to go1.27.3".into()],
                ..Row::default()
            }],
        }],
        ..Page::default()
    };
    let mut out = Vec::new();
    page.write(&mut out).unwrap();
    let data = block(&String::from_utf8(out).unwrap());
    assert_eq!(data["tables"][0]["title"], "Changes");
    assert_eq!(data["binaries"].as_array().unwrap().len(), 0);
}

/// Two programs of twelve modules with four packages each, of which one has no code of its own, and one whose packages are unknown.
fn package_page() -> String {
    let capability = |name: &str, certain| PackageCapability {
        capability: name.into(),
        direct: true,
        certain,
        chain: vec!["example.com/x.Run".into(), "os.StartProcess".into()],
    };
    let mut program = sample::clean();
    let mut packages = Vec::new();
    let info = program.build_info.as_mut().unwrap();
    for number in 1..=12u64 {
        let module = format!("example.com/module-{number}");
        info.deps.push(sample::module(&module, "v1.2.3"));
        for part in 0..4u64 {
            packages.push(LinkedPackage {
                path: format!("{module}/part-{part}"),
                module: Some(module.clone()),
                functions: 7,
                bytes: number * [5000, 3000, 2000, 0][part as usize],
                capabilities: Some(match part {
                    0 => vec![capability("EXEC", true), capability("FILES", false)],
                    _ => Vec::new(),
                }),
            });
        }
    }
    program.packages = Some(packages);
    program.linked = Some(Linked {
        functions: 336,
        ..Linked::default()
    });
    let hostile = Binary {
        path: sample::HOSTILE.into(),
        ..program.clone()
    };
    let unknown = Binary {
        packages: None,
        linked: None,
        ..program.clone()
    };
    let mut out = Vec::new();
    let mut writer = Writer::new(Format::Html, Look::PLAIN, Shown::Capabilities, &mut out).unwrap();
    for binary in [&program, &hostile, &unknown] {
        writer.program(binary).unwrap();
    }
    assert_eq!(writer.end().unwrap().packages, 1);
    String::from_utf8(out).unwrap()
}

#[test]
fn packages_are_on_the_page_of_a_scan() {
    let mut document = sample::document();
    assert_eq!(
        block(&page(&document, &[]))["maps"],
        serde_json::json!([]),
        "records without packages have no map"
    );
    document.binaries[0].packages = Some(vec![LinkedPackage {
        path: "fmt".into(),
        module: Some("std".into()),
        functions: 3,
        bytes: 200,
        capabilities: None,
    }]);
    let maps = block(&page(&document, &[]))["maps"].clone();
    assert_eq!(maps.as_array().unwrap().len(), 1);
    assert_eq!(
        maps[0]["modules"][0]["packages"],
        serde_json::json!([["fmt", 3, 200, ""]])
    );
}

/// Runs `scripts/test-html.py` in a real browser.
#[test]
fn works_in_a_browser() {
    let dir = tempfile::tempdir().unwrap();
    let small = dir.path().join("small.html");
    let large = dir.path().join("large.html");
    let mut document = sample::document();
    let thing = document.unexamined[0].clone();
    document.unexamined.extend((0..12).map(|index| {
        let mut thing = thing.clone();
        thing.path = format!("usr/bin/closed-{index}");
        thing
    }));
    std::fs::write(&small, page(&document, &remarks())).unwrap();
    std::fs::write(&large, page(&fleet(5000), &fleet_remarks(5000))).unwrap();
    let packages = dir.path().join("packages.html");
    std::fs::write(&packages, package_page()).unwrap();
    let script = test_support::root().join("scripts/test-html.py");
    let Ok(output) = std::process::Command::new("python3")
        .arg(script)
        .arg(&small)
        .arg(&large)
        .arg(&packages)
        .output()
    else {
        return test_support::skip::skipped("python3", "");
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(3) {
        return test_support::skip::skipped("chromium", "");
    }
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn unsorted_and_repeated_modules_are_kept() {
    let mut binary: Binary = sample::clean();
    if let Some(info) = &mut binary.build_info {
        info.deps.reverse();
        let again = info.deps[0].clone();
        info.deps.push(again);
    }
    let mut document = sample::document();
    document.push(Line::Binary(Box::new(binary)));
    let data = block(&page(&document, &[]));
    assert_eq!(data["binaries"][4]["m"].as_array().unwrap().len(), 4);
}
