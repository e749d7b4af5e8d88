//! The text format.

use super::*;

#[test]
fn text_says_what_to_do_and_what_that_ends() {
    let report = report();
    let text = rendered("text", &report, Level::Symbol);
    let heads: Vec<&str> = text.lines().filter(|l| !l.starts_with(' ')).collect();
    assert_eq!(
        heads.get(..3).unwrap(),
        [
            "upgrade golang.org/x/net to v0.38.0: ends 2 vulnerabilities",
            "",
            "rebuild with go1.26.10: ends 1 vulnerability"
        ],
        "{text}"
    );
    for line in [
        "  in dist/app (golang.org/x/net v0.30.0), ",
        "  symbol GO-2026-0001 CVE-2026-0001 Summary of GO-2026-0001\n      links golang.org/x/net/html.Parse; fixed in v0.38.0\n",
        "      links golang.org/x/net/html.Parse; fixed in v0.36.0\n",
        "no version of golang.org/x/net ends these: 2 vulnerabilities\n",
        "5 vulnerabilities linked, in 2 of 3 programs\n",
        "not listed (`--level package` lists them): 3 with only a package linked\n",
        "judged by linked packages, because the program does not list its modules: example.com/gopath; in dist/old\n",
        "judged without the functions that no function table names: example.com/gopath, stdlib; in dist/old\n",
        "distributions fix without changing versions; ask them: ",
        "database: test, 2026-11-05, 8 entries\n",
    ] {
        assert!(text.contains(line), "{line}\n---\n{text}");
    }
    assert!(!text.contains("GO-2026-0003"));
    let all = rendered("text", &report, Level::Module);
    assert!(
        all.contains("GO-2026-0003") && !all.contains("not listed"),
        "{all}"
    );
}

/// `--all` shortens nothing, and `--summary` has one line for each upgrade; formats for machines are the same.
#[test]
fn all_lists_every_program_and_a_summary_only_what_to_do() {
    let mut report = report();
    let first = report.programs.first().unwrap().clone();
    for number in 0..120 {
        let mut program = first.clone();
        program.path = format!("dist/copy{number:03}");
        report.programs.push(program);
    }
    let of = |format: &str, listing| listed(format, &report, Level::Symbol, listing);
    for format in ["text", "markdown"] {
        let grouped = of(format, Listing::Grouped);
        assert!(grouped.contains(" more"), "{grouped}");
        assert!(grouped.contains("`--all` names every program"), "{grouped}");
        let all = of(format, Listing::All);
        assert!(!all.contains(" more") && !all.contains("--all"), "{all}");
        for number in 0..120 {
            assert!(all.contains(&format!("dist/copy{number:03}")), "{format}");
        }
        let summary = of(format, Listing::Summary);
        assert!(!summary.contains("GO-2026-0001"), "{summary}");
        assert!(summary.contains("upgrade golang.org/x/net to v0.38.0: "));
        assert!(summary.contains("5 vulnerabilities linked, in 122 of 123 programs"));
    }
    let heads = "upgrade golang.org/x/net to v0.38.0: ends 2 vulnerabilities\nrebuild with go1.26.10: ends 1 vulnerability\n";
    assert!(of("text", Listing::Summary).starts_with(heads));
    for format in ["json", "sarif", "openvex", "junit"] {
        let grouped = of(format, Listing::Grouped);
        assert_eq!(grouped, of(format, Listing::All), "{format}");
        assert_eq!(grouped, of(format, Listing::Summary), "{format}");
    }
}

/// `--why`: the most certain chain of any program stands under the finding.
#[test]
fn text_shows_chains_of_calls() {
    use gospect_record::why::{By, Step};
    let step = |function: &str, line: u32, by: By| Step {
        function: function.to_owned(),
        file: Some("app.go".to_owned()),
        line: Some(line),
        by,
        go: false,
    };
    let mut report = report();
    report.programs[1].findings[0].chains = Some(vec![vec![
        step("main.main", 7, By::Root),
        step("golang.org/x/net/html.Parse", 90, By::Value),
    ]]);
    report.programs[0].findings[1].chains = Some(Vec::new());
    report.programs[2].without_chains = Some("it is in an image".to_owned());
    let text = rendered("text", &report, Level::Symbol);
    let chain = " by\n        root   main.main  app.go:7\n        value  golang.org/x/net/html.Parse  app.go:90\n        by a function value: whether that step is taken depends on what happens at run time\n";
    assert!(text.contains(chain), "{text}");
    assert!(
        text.contains("      nothing was seen to lead there\n"),
        "{text}"
    );
    assert!(
        text.contains("no chains of calls for dist/old: it is in an image\n"),
        "{text}"
    );
    assert!(!rendered("text", &self::report(), Level::Symbol).contains("reached"));
    let page = rendered("markdown", &report, Level::Symbol);
    let head = "### How it is reached\n";
    let block = " by\n      root   main.main  app.go:7\n      value  golang.org/x/net/html.Parse  app.go:90\n      by a function value: ";
    assert!(page.contains(head) && page.contains(block), "{page}");
    assert!(
        page.contains("    nothing was seen to lead there\n"),
        "{page}"
    );
    assert!(page.contains("no chains of calls for dist/old"), "{page}");
    assert!(!rendered("markdown", &self::report(), Level::Symbol).contains(head));
}

#[test]
fn each_program_is_listed_at_its_own_level() {
    let database = database(&[entry(
        "GO-2026-0001",
        NET,
        "introduced 0, fixed 0.38.0",
        &["golang.org/x/net/html: Parse"],
    )]);
    let linking = |path: &str, linked: &[(&str, &[&str])]| {
        let mut binary = program(&[(NET, "v0.30.0")], linked);
        binary.path = path.to_owned();
        judge(&binary, &database).unwrap()
    };
    let linked = linking("links", &[("golang.org/x/net/html", &["Parse"])]);
    let package = linking("package", &[("golang.org/x/net/html", &["Other"])]);
    let versions = ["version1", "version2"].map(|path| linking(path, &[("fmt", &["Println"])]));
    let report_of = |programs: &[Program]| Report {
        programs: programs.to_vec(),
        ..Report::default()
    };
    let mut programs = vec![package.clone(), linked.clone()];
    programs.extend(versions.clone());
    let mixed = report_of(&programs);
    let page = rendered("html", &mixed, Level::Symbol);
    let numbers = "1 program links it, 1 links only its package, 2 by version only";
    // Once for the row of the finding, once for what the upgrade ends.
    assert!(
        page.contains(&format!(r#""summary":"{numbers}""#)),
        "{page}"
    );
    let page = rendered("html", &mixed, Level::Module);
    assert!(page.contains(&format!("{numbers}: Summary of GO-2026-0001")));
    let text = rendered("text", &mixed, Level::Module);
    let version = "(golang.org/x/net v0.30.0)";
    let places = format!(
        "; fixed in v0.38.0\n      in links {version}\n      only its package in package {version}\n      by version only in version1 {version}, version2 {version}\n"
    );
    assert!(text.contains(&places), "{text}");
    let markdown = rendered("markdown", &mixed, Level::Module);
    for row in [
        ("symbol", "links"),
        ("package", "package"),
        ("module", "version1, version2"),
    ] {
        let (level, names) = row;
        let has_row = |line: &str| {
            line.starts_with(&format!("| {level} ")) && line.ends_with(&format!("| {names} |"))
        };
        assert!(markdown.lines().any(has_row), "{row:?} {markdown}");
    }

    // One level alone.
    let page = rendered("html", &report_of(&versions), Level::Symbol);
    assert!(page.contains(r#""summary":"2 programs by version only""#));
    let text = rendered("text", &report_of(&versions), Level::Module);
    assert!(text.contains("\n      in version1 "), "{text}");
    let page = rendered("html", &report_of(&[linked.clone(), linked]), Level::Symbol);
    assert!(page.contains(r#""summary":"2 programs link it""#));
}

/// Programs are named once for an upgrade, and again only where a vulnerability is in others.
#[test]
fn places_of_most_vulnerabilities_are_named_once() {
    let entries: Vec<_> = ["A", "B", "C"]
        .map(|name| {
            let symbols = format!("golang.org/x/net/html: {name}");
            let id = format!("GO-2026-000{name}");
            entry(&id, NET, "introduced 0, fixed 0.38.0", &[&symbols])
        })
        .into();
    let database = database(&entries);
    let linking = |path: &str, names: &[&str]| {
        let mut binary = program(&[(NET, "v0.30.0")], &[("golang.org/x/net/html", names)]);
        binary.path = path.to_owned();
        judge(&binary, &database).unwrap()
    };
    let text_of = |programs: Vec<Program>| {
        let report = Report {
            programs,
            ..Report::default()
        };
        rendered("text", &report, Level::Symbol)
    };
    let place = |path: &str| format!("in {path} (golang.org/x/net v0.30.0)");

    let one = text_of(vec![linking("one", &["A", "B", "C"])]);
    assert_eq!(one.matches(&place("one")).count(), 1, "{one}");
    assert!(one.contains(&format!(": ends 3 vulnerabilities\n  {}\n", place("one"))));

    let most = text_of(vec![
        linking("one", &["A", "B", "C"]),
        linking("two", &["C"]),
    ]);
    let head = format!("\n  {}, where no other place is named\n", place("one"));
    assert!(most.contains(&head), "{most}");
    let both = format!("\n      {}, two (golang.org/x/net v0.30.0)\n", place("one"));
    assert_eq!(most.matches(&both).count(), 1, "{most}");

    let none = text_of(vec![linking("one", &["A"]), linking("two", &["B"])]);
    assert!(!none.contains("no other place"), "{none}");
    for path in ["one", "two"] {
        let line = format!("\n      {}\n", place(path));
        assert_eq!(none.matches(&line).count(), 1, "{none}");
    }
}
