use super::whose;
use crate::audit::rules::godebug::inert_environment::BUILD_ONLY;
use crate::audit::rules::prelude::*;
use crate::deploy::Reader;

pub const META: Meta = Meta {
    code: "GS409",
    id: "inert-variable",
    family: Family::Deployment,
    summary: "a deployment file sets a Go variable that does nothing at run time",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[OptionSpec {
        name: "allow",
        kind: Kind::Texts,
        default: D::List(&[]),
        doc: "Variables that may be set.",
    }],
    since: "0.2.0",
    doc: Doc {
        what: "The environment of a deployed program holds a variable that only the `go` command and the compiler read: GOEXPERIMENT, GOROOT_FINAL, GOFLAGS, GOFIPS140, CGO_ENABLED and their kin. Only environments that are sure to start a program count: the last stage of a Dockerfile, services and containers whose image is none for building, units, `exec app` of a script. Where a `go` command may run, or a script reads the variable, it is left alone.",
        why: "Somebody believes that it changes the running program. It does not: the choice was made when the program was built.",
        example: "`- GOEXPERIMENT=greenteagc` under `environment:` of a Compose file.",
        fix: "Take it out; set it where the program is built: `RUN GOEXPERIMENT=greenteagc go build …`. GOROOT_FINAL has had no effect at all since Go 1.23.",
    },
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    let allow = ctx.options.list("allow").unwrap_or_default();
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
        let help = match *name {
            "GOROOT_FINAL" => {
                "delete it: since Go 1.23 it has no effect on builds either".to_owned()
            }
            _ => format!(
                "delete it here; if it is wanted, {name} belongs where the program is built"
            ),
        };
        sink.report(
            Report::new(format!("{} does nothing at run time: {why}", v.label))
                .see(whose(v), v.value.as_str())
                .on(v.at)
                .salient(*name)
                .salient(v.scope.clone())
                .help(help),
        );
    }
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
        let unit = "[Service]\nEnvironment=GOFLAGS=-v\nExecStart=/app\n";
        assert!(lint_by(policy, "inert-variable", "a.service", unit).is_empty());
        assert_eq!(lint("inert-variable", "a.service", unit).len(), 1);
        assert!(
            lint("inert-variable", "x.env", "GOFLAGS=-v\n").is_empty(),
            "who reads it?"
        );
    }
}
