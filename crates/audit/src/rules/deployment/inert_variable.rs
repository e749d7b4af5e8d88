use super::about;
use crate::rules::godebug::inert_environment::BUILD_ONLY;
use crate::rules::prelude::*;
use gospect_deploy::Reader;
use std::collections::BTreeMap;

pub const META: Meta = Meta {
    code: "GS409",
    id: "inert-variable",
    summary: "a deployment file sets a Go variable that does nothing at run time",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[allow_texts("Variables that may be set.")],
    since: "0.2.0",
    page: include_str!("inert_variable.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    let allow = ctx.options.list("allow");
    // Searched once for each name.
    let mut put_in: BTreeMap<&str, bool> = BTreeMap::new();
    for v in ctx
        .file
        .variables
        .iter()
        .filter(|v| v.reader == Reader::Program)
    {
        let Some((name, why)) = BUILD_ONLY.iter().find(|(n, _)| *n == v.name) else {
            continue;
        };
        if allow.contains(name) || v.value.is_empty() {
            continue;
        }
        let source = ctx.file.source.as_str();
        if *put_in
            .entry(*name)
            .or_insert_with(|| is_put_in(source, name))
        {
            continue;
        }
        let help = match *name {
            "GOROOT_FINAL" => {
                "delete it: since Go 1.23 it has no effect on builds either".to_owned()
            }
            _ => format!(
                "delete it here; if it is wanted, {name} belongs where the program is built"
            ),
        };
        let message = format!("{} does nothing at run time: {why}", v.label);
        sink.report(about(v, message, &[name]).help(help));
    }
}

/// Whether the file expands the variable somewhere: then it has another purpose, such as the name of a download.
fn is_put_in(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        let ends = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        ends && (before.ends_with('$') || before.ends_with("${") || before.ends_with("$("))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn build_variables_are_reported_where_no_go_command_is() {
        let text = "FROM golang:1.27 AS b\nENV GOEXPERIMENT=arenas\nRUN go build -trimpath\nFROM scratch\nENV GOEXPERIMENT=arenas GOROOT_FINAL=/x GOMAXPROCS=2 GOFLAGS=\n";
        assert_eq!(
            places(&lint("inert-variable", "Dockerfile", text)),
            ["5:5-24", "5:25-40"]
        );
        let one = "FROM golang:1.27\nENV GOEXPERIMENT=arenas\nCMD go run .\n";
        assert!(lint("inert-variable", "Dockerfile", one).is_empty());
        let policy = "[rules]\ninert-variable = { allow = [\"GOFLAGS\"] }";
        let used = "FROM scratch\nENV GOARCH=arm64\nCOPY bin/app-$GOARCH /app\nCMD [\"/app\"]\n";
        assert!(lint("inert-variable", "Dockerfile", used).is_empty());
        let unit = "[Service]\nEnvironment=GOFLAGS=-v\nExecStart=/app\n";
        assert!(lint_by(policy, "inert-variable", "a.service", unit).is_empty());
        assert_eq!(lint("inert-variable", "a.service", unit).len(), 1);
        assert!(
            lint("inert-variable", "x.env", "GOFLAGS=-v\n").is_empty(),
            "who reads it?"
        );
    }
}
