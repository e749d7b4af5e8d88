//! Builds that mend several findings of a program.

use super::groups::with;
use super::*;

/// Four programs: three with one finding in common and further ones, one with a finding alone.
fn with_builds() -> Audit {
    let program = |path: &str, settings: &[&str]| {
        binary(|b| {
            b.path = path.to_owned();
            b.location.file = Some(path.to_owned());
            b.main_package = Some(format!("example.com/{path}"));
            settings.iter().for_each(|key| set(b, key, "true"));
        })
    };
    let programs = [
        program("a", &["-race", "-cover"]),
        program("b", &["-race", "-msan"]),
        program("c", &["-race", "-asan"]),
        program("d", &["-cover"]),
    ];
    Setup::default().audit(&[], &programs)
}

#[test]
fn a_build_that_mends_several_findings_is_written_once() {
    let audit = with_builds();
    for listing in [Listing::All, Listing::Grouped] {
        let text = with("text", &audit, listing);
        for path in ["a", "b", "c"] {
            let command = format!("go build -trimpath example.com/{path}`");
            assert_eq!(text.matches(&command).count(), 1, "{path}: {text}");
            let end = text.find(&command).unwrap();
            let line = text[..end].rfind("one build mends ").unwrap();
            assert!(line > text.find(path).unwrap(), "{text}");
        }
        let fix = "drop -race from the release build: as in the build below";
        assert!(text.contains(fix), "{text}");
        // A finding alone has its whole command.
        let alone = "go build -trimpath example.com/d`";
        let fix = text.lines().find(|line| line.contains(alone)).unwrap();
        assert!(fix.trim_start().starts_with("fix: "), "{fix}");
    }
    let github = rendered("github", &audit);
    let lines: Vec<&str> = github.lines().collect();
    let builds = lines.iter().filter(|l| l.contains("title=build::"));
    assert_eq!(builds.count(), 3, "{github}");
    for path in ["a", "b", "c"] {
        let mut of_program = lines
            .iter()
            .filter(|l| l.contains(&format!("file={path},")));
        let last = of_program.next_back().unwrap();
        assert!(
            last.starts_with("::notice ") && last.contains("one build mends "),
            "{last}"
        );
    }
    let markdown = rendered("markdown", &audit);
    assert_eq!(markdown.matches(": one build mends ").count(), 3);
    // Machines get the whole advice.
    let json: Value = serde_json::from_str(&rendered("json", &audit)).unwrap();
    for finding in json["findings"].as_array().unwrap() {
        let help = finding["help"].as_str().unwrap();
        assert!(!help.contains("build below"), "{help}");
        assert!(finding.get("build").is_none());
    }
}
