use crate::rules::prelude::*;
use gospect_record::Location;
use std::collections::{BTreeMap, BTreeSet};

pub const META: Meta = Meta {
    code: "GS260",
    id: "missing-port",
    summary: "a port that the release should have is not there",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[
        OptionSpec {
            name: "ports",
            kind: ValueKind::Ports,
            default: D::List(&[]),
            doc: "`os/arch` each. Every program of the run must be there for each of them.",
        },
        OptionSpec {
            name: "programs",
            kind: ValueKind::Globs,
            default: D::List(&["**"]),
            doc: "Main packages to which this applies.",
        },
    ],
    since: "0.1.0",
    page: include_str!("missing_port.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    let ports = ctx.options.list("ports");
    if ports.is_empty() {
        return;
    }
    let programs = ctx.options.list("programs");
    let mut have: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in ctx.fleet.visible() {
        if let Some(main) = row
            .main_package
            .as_deref()
            .filter(|m| crate::glob::any(&programs, m))
        {
            have.entry(main).or_default().insert(&row.port);
        }
    }
    if have.is_empty() {
        have.insert("any program", BTreeSet::new());
    }
    for (main, found) in &have {
        for port in &ports {
            if found.iter().any(|p| crate::glob::matches(port, p)) {
                continue;
            }
            let target = ctx.fleet.target();
            sink.report(
                Report::new(format!("{main} is missing for {port}"))
                    .see(
                        "ports there",
                        found.iter().copied().collect::<Vec<_>>().join(", "),
                    )
                    .salient(*main)
                    .salient(*port)
                    .help(advice(main, port))
                    .at(
                        target,
                        Location {
                            target: target.to_string(),
                            ..Location::default()
                        },
                    ),
            );
        }
    }
}

/// How to build a program for a port, or for one that a glob matches.
fn advice(main: &str, port: &str) -> String {
    match port.split_once('/') {
        Some((os, arch)) if !port.contains(['*', '?', '[', '{']) => {
            format!(
                "`GOOS={} GOARCH={} go build {}`",
                argument(os),
                argument(arch),
                argument(main)
            )
        }
        _ => format!("build {main} for a port that matches `{port}`"),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn each_program_must_be_there_for_each_port() {
        let at = |main: &str, os: &str| {
            binary(|b| {
                (b.main_package, b.executable.os) = (Some(main.into()), Some(os.into()));
                b.path = format!("{main}-{os}");
            })
        };
        let all = [
            at("example.com/a", "linux"),
            at("example.com/a", "darwin"),
            at("example.com/b", "linux"),
        ];
        let setup = Setup {
            policy: "[rules]\nmissing-port = { ports = [\"linux/amd64\", \"darwin/*\"] }",
            rule: "missing-port",
            ..Setup::default()
        };
        let found = setup.judge_all(&all);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("example.com/b") && found[0].message.contains("darwin"));
        assert_eq!(setup.judge_all(&[]).len(), 2);
        assert!(setup.judge_all(&all[..2]).is_empty());
    }
}
