//! The page and Markdown.

use super::*;

/// The data block of the page.
#[cfg(feature = "formats")]
fn page(report: &Report, level: Level) -> (String, Value) {
    let html = rendered("html", report, level);
    let data = html.split("application/json\">").nth(1);
    let data = data.unwrap().split("</script>").next().unwrap();
    let data = serde_json::from_str(data).unwrap();
    (html, data)
}

/// The page gives the advice of text and Markdown, and says what it leaves out.
#[cfg(feature = "formats")]
#[test]
fn the_page_advises_as_text_and_markdown_do() {
    let report = report();
    for level in Level::ALL {
        let (_, data) = page(&report, level);
        let tables = data["tables"].as_array().unwrap();
        let advice = tables.iter().find(|t| t["title"] == "What to do").unwrap();
        let rows = advice["rows"].as_array().unwrap();
        let rows: Vec<(String, usize)> = rows
            .iter()
            .map(|row| {
                let what = row["cells"][1].as_str().unwrap();
                let what = what.split(": `go get").next().unwrap();
                (what.to_owned(), row["places"].as_array().unwrap().len())
            })
            .collect();
        let text = rendered("text", &report, level);
        let markdown = rendered("markdown", &report, level);
        for (what, number) in &rows {
            let what = what.as_str();
            let in_text = text.lines().find(|line| line.starts_with(what)).unwrap();
            assert!(
                in_text.contains(&format!(" {number} vulnerabilit")),
                "{in_text}"
            );
            let end = format!(": {number}");
            let mut lines = markdown.lines().filter(|line| line.starts_with("- "));
            assert!(lines.any(|line| line.ends_with(&end)), "{markdown}");
        }
        assert_eq!(rows.len(), report.actions(level).len());
        let about = data["about"].to_string();
        let says_more = about.contains("`--level module` adds");
        // Nothing in the report is found by the version alone.
        assert_eq!(says_more, level == Level::Symbol, "{about}");
    }
}

#[cfg(feature = "formats")]
#[test]
fn the_page_names_target_and_day_and_links_entries() {
    let mut report = report();
    for (number, program) in report.programs.iter_mut().enumerate() {
        program.location.target = format!("dist/{number}");
    }
    let (html, data) = page(&report, Level::Symbol);
    assert!(
        html.contains("<title>Known vulnerabilities in dist/0, dist/1"),
        "{}",
        data["title"]
    );
    assert!(data["about"].to_string().contains("Judged on 1970-01-01."));
    let links = &data["links"];
    assert_eq!(
        links["GO-2026-0001"],
        "https://pkg.go.dev/vuln/GO-2026-0001"
    );
    assert_eq!(
        links["CVE-2026-0001"],
        "https://nvd.nist.gov/vuln/detail/CVE-2026-0001"
    );
}

#[test]
fn markdown_links_entries_and_only_entries() {
    let mut report = report();
    let markdown = rendered("markdown", &report, Level::Symbol);
    let linked = "[GO-2026-0001](https://pkg.go.dev/vuln/GO-2026-0001) [CVE-2026-0001](https://nvd.nist.gov/vuln/detail/CVE-2026-0001)";
    assert!(markdown.contains(linked), "{markdown}");
    // What is no ID cannot become an address.
    for id in ["GO-](https://x", "CVE-2026-1)[x", "CVE-", "EXAMPLE-1"] {
        for program in &mut report.programs {
            for finding in &mut program.findings {
                finding.id = id.to_owned();
                finding.aliases = vec![id.to_owned()];
            }
        }
        let markdown = rendered("markdown", &report, Level::Symbol);
        assert!(!markdown.contains("]("), "{markdown}");
    }
}
