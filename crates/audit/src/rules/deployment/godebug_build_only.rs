use super::{about, fields};
use crate::known;
use crate::rules::prelude::*;
use gospect_deploy::Reader;
use gospect_knowledge::godebug;

pub const META: Meta = Meta {
    code: "GS408",
    id: "godebug-build-only",
    summary: "GODEBUG is set for the build, which does not carry it into the program",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("godebug_build_only.md"),
};

/// Settings for the `go` command and the compiler.
const OF_THE_BUILD: [&str; 6] = [
    "installgoroot",
    "gotypesalias",
    "goindex",
    "gocachehash",
    "gocachetest",
    "gocacheverify",
];
/// Settings that change how the `go` command uses the network. In an environment, that may be their purpose.
const OF_DOWNLOADS: [&str; 5] = ["netdns", "http2client", "netedns0", "fips140", "tlsmlkem"];

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in &ctx.file.variables {
        let built = v.reader == Reader::Build && v.uses.builds && !v.uses.others;
        if v.name != "GODEBUG" || v.baked || !built {
            continue;
        }
        let in_front = v.label == "GODEBUG";
        let meant = |field: &str| {
            let (key, value) = field.split_once('=').unwrap_or((field, ""));
            let Some(setting) = godebug::setting(key) else {
                return false;
            };
            let trace = setting.risk == godebug::Risk::Diagnostic || setting.is_go_command();
            !trace
                && !value.is_empty()
                && !OF_THE_BUILD.contains(&key)
                && (in_front || !OF_DOWNLOADS.contains(&key))
        };
        let fields = fields(v).into_iter().filter(|f| !f.open).map(|f| f.text);
        let Some(first) = fields.into_iter().find(|f| meant(f)) else {
            continue;
        };
        sink.report(
            about(
                v,
                format!("{} does not reach the program that is built here", v.label),
                &[],
            )
            .help(if is_wanted(first) {
                format!(
                    "record it: `go mod edit -godebug={}` or `//go:debug {first}` in package main; or set it where the program runs",
                    argument(first)
                )
            } else {
                "delete it: where it takes effect other rules find fault with it".to_owned()
            }),
        );
    }
}

/// Whether a setting is harmless where the program runs, so that `deployed-godebug-insecure` and `deployed-godebug-fatal` would not report it there.
fn is_wanted(field: &str) -> bool {
    let (key, value) = field.split_once('=').unwrap_or((field, ""));
    key != "cgocheck" && known::weakens(key, value, known::newest_minor()).is_none()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn only_where_no_image_is_made_of_the_stage() {
        let id = "godebug-build-only";
        let text = "FROM golang:1.27 AS b\nENV GODEBUG=http2server=0\nRUN go build -trimpath\nFROM scratch\nCOPY --from=b /a /a\n";
        assert_eq!(places(&lint(id, "Dockerfile", text)), ["2:5-26"]);
        let one = "FROM golang:1.27 AS b\nENV GODEBUG=http2server=0\nRUN go build -trimpath\n";
        assert!(lint(id, "Dockerfile", one).is_empty());
        let weak = text.replace("http2server=0", "tls10server=1");
        let found = lint(id, "Dockerfile", &weak);
        assert!(found.iter().all(|f| f.help.starts_with("delete it")));
        let tests = text.replace("go build", "go test ./... && go build");
        assert!(lint(id, "Dockerfile", &tests).is_empty(), "tests read it");
    }

    #[test]
    fn in_front_of_the_command_and_exported_before_it() {
        let id = "godebug-build-only";
        let script = |text: &str| places(&lint(id, "b.sh", &format!("#!/bin/sh\n{text}\n")));
        assert_eq!(
            script("GODEBUG=http2server=0 go build -trimpath -o a ."),
            ["2:1-22"]
        );
        assert_eq!(
            script("export GODEBUG=http2server=0\ngo mod download\ngo install ."),
            ["2:8-29"]
        );
        for fine in [
            "GODEBUG=installgoroot=all go install std",
            "GODEBUG=gctrace=1 go build .",
            "GODEBUG=gotypesalias=1 go build .",
            "GODEBUG=http2server=0 go test .",
            "GODEBUG=http2server=0 go run .",
            "GODEBUG=http2server=0\ngo build .",
            "export GODEBUG=http2server=0\ngo build -o a .\n./a",
            "export GODEBUG=http2server=0\nmake",
        ] {
            assert!(script(fine).is_empty(), "{fine}");
        }
    }

    #[test]
    #[cfg(feature = "lint")]
    fn under_env_of_what_runs_the_command() {
        let id = "godebug-build-only";
        let flow = |text: &str| places(&lint(id, ".github/workflows/x.yml", text));
        let step = "jobs:\n  a:\n    steps:\n      - run: go build -o a .\n        env: {GODEBUG: http2server=0}\n      - run: go test ./...\n";
        assert_eq!(flow(step), ["5:15-37"]);
        let job = "jobs:\n  a:\n    env: {GODEBUG: http2server=0}\n    steps:\n      - run: go build -o a .\n      - run: go test ./...\n";
        assert!(flow(job).is_empty(), "tests see it too");
    }
}
