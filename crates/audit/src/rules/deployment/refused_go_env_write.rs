use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS413",
    id: "refused-go-env-write",
    summary: "`go env -w` sets a variable that the go command refuses",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("refused_go_env_write.md"),
};

/// Variables that `go env -w` accepts (src/internal/cfg/cfg.go KnownEnv without those that cmd/go/internal/envcmd checkEnvWrite refuses, 1.27).
const TAKEN: [&str; 54] = [
    "AR",
    "CC",
    "CGO_CFLAGS",
    "CGO_CFLAGS_ALLOW",
    "CGO_CFLAGS_DISALLOW",
    "CGO_CPPFLAGS",
    "CGO_CPPFLAGS_ALLOW",
    "CGO_CPPFLAGS_DISALLOW",
    "CGO_CXXFLAGS",
    "CGO_CXXFLAGS_ALLOW",
    "CGO_CXXFLAGS_DISALLOW",
    "CGO_ENABLED",
    "CGO_FFLAGS",
    "CGO_FFLAGS_ALLOW",
    "CGO_FFLAGS_DISALLOW",
    "CGO_LDFLAGS",
    "CGO_LDFLAGS_ALLOW",
    "CGO_LDFLAGS_DISALLOW",
    "CXX",
    "FC",
    "GCCGO",
    "GO111MODULE",
    "GO386",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOAUTH",
    "GOBIN",
    "GOCACHE",
    "GOCACHEPROG",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOFLAGS",
    "GOINSECURE",
    "GOMIPS",
    "GOMIPS64",
    "GOMODCACHE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOOS",
    "GOPATH",
    "GOPPC64",
    "GOPRIVATE",
    "GOPROXY",
    "GORISCV64",
    "GOROOT",
    "GOSUMDB",
    "GOTMPDIR",
    "GOTOOLCHAIN",
    "GOVCS",
    "GOWASM",
    "GO_EXTLINK_ENABLED",
    "PKG_CONFIG",
];
/// Variables that it knows but refuses to set.
const FIXED: [&str; 10] = [
    "GOEXE",
    "GOGCCFLAGS",
    "GOHOSTARCH",
    "GOHOSTOS",
    "GOMOD",
    "GOTELEMETRY",
    "GOTELEMETRYDIR",
    "GOTOOLDIR",
    "GOVERSION",
    "GOWORK",
];

/// First release that accepts a variable of a later release (tried with Go 1.19 and 1.21 to 1.24).
const SINCE: [(&str, u32); 6] = [
    ("GOARM64", 23),
    ("GOAUTH", 24),
    ("GOCACHEPROG", 21),
    ("GOFIPS140", 24),
    ("GORISCV64", 23),
    ("GOTOOLCHAIN", 21),
];

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for c in ctx.file.commands.iter().filter(|c| c.verb() == "env") {
        if !c
            .arguments()
            .iter()
            .any(|w| matches!(w.as_str(), "-w" | "--w"))
        {
            continue;
        }
        for word in c.arguments() {
            let Some((name, value)) = word.as_str().split_once('=') else {
                continue;
            };
            let judge = ctx.judge(false, c.go.as_ref());
            let younger = SINCE
                .iter()
                .any(|(n, since)| *n == name && judge.minor() < *since);
            let why = match name {
                _ if younger => "its Go release does not know it yet",
                "GODEBUG" | "GOENV" => "it can only come from the environment",
                _ if FIXED.contains(&name) => "it cannot be modified",
                _ if name.contains('$') || name.starts_with('-') || TAKEN.contains(&name) => {
                    continue;
                }
                _ => "it is not a variable of the go command",
            };
            let help = match name {
                _ if younger => format!("delete it: {} does not know it", judge.name()),
                "GODEBUG" => "record it in the program with `go mod edit -godebug=KEY=VALUE`, or set GODEBUG where the program runs".to_owned(),
                "GOROOT_FINAL" => "delete it: it has had no effect since Go 1.23; `go build -trimpath` keeps build paths out".to_owned(),
                "GOGC" | "GOMEMLIMIT" | "GOMAXPROCS" | "GOTRACEBACK" | "GORACE" => {
                    format!("set it where the program runs: `{name}={}`", argument(value))
                }
                _ => match near(name) {
                    Some(near) => format!("did you mean `{near}={}`?", argument(value)),
                    None => "delete it; `go help environment` lists the variables".to_owned(),
                },
            };
            sink.report(
                Report::new(format!("`go env -w {name}` fails: {why}"))
                    .see("go env -w", word.as_str())
                    .on(word.text.whole())
                    .salient(name)
                    .salient(c.scope.clone())
                    .help(help),
            );
        }
    }
}

/// The variable that was probably meant.
fn near(name: &str) -> Option<&'static str> {
    let lower = TAKEN.map(str::to_ascii_lowercase);
    let near = gospect_knowledge::nearest(name, lower.iter().map(String::as_str))?;
    TAKEN.into_iter().find(|t| t.eq_ignore_ascii_case(near))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn writes_that_the_go_command_refuses_are_reported() {
        let text = "FROM golang:1.22\nRUN go env -w GOROOT_FINAL=/x GOFLAGS=-trimpath \\\n && go env -w GODEBUG=a=1 && go env -w GOVERSION=go1.1 && go env -u GOROOT_FINAL\n";
        let found = lint("refused-go-env-write", "Dockerfile", text);
        assert_eq!(places(&found), ["2:15-30", "3:15-26", "3:40-55"]);
        assert!(
            found[0]
                .message
                .contains("not a variable of the go command")
        );
        assert!(
            lint(
                "refused-go-env-write",
                "x.sh",
                "#!/bin/sh\ngo env -w GOPROXY=direct\n"
            )
            .is_empty()
        );
        let old = "FROM golang:1.22\nRUN go env -w GOFIPS140=latest GOTOOLCHAIN=local\n";
        let found = lint("refused-go-env-write", "Dockerfile", old);
        assert_eq!(places(&found), ["2:15-31"]);
        let near = lint(
            "refused-go-env-write",
            "x.sh",
            "#!/bin/sh\ngo env -w GOPROXI=direct\n",
        );
        assert!(near[0].help.contains("GOPROXY"), "{}", near[0].help);
    }
}
