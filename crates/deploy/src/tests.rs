use super::*;

mod values;

fn parsed(path: &str, text: &str) -> Deployment {
    read(path, text, None).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// `line:column label=value [where] who reads it`.
fn variables(path: &str, text: &str) -> Vec<String> {
    parsed(path, text)
        .variables
        .iter()
        .map(|v| {
            let role = match v.reader {
                Reader::Both => "both",
                Reader::Program => "run",
                Reader::SomeProgram => "some",
                Reader::Unknown => "unknown",
                Reader::Build => "build",
                Reader::Nobody => "nobody",
            };
            let go = v.go.as_ref().map_or("?", |g| &g.version);
            format!(
                "{}:{} {}={} {role} {go}",
                v.at.line,
                v.at.column,
                v.label,
                v.value.as_str()
            )
        })
        .collect()
}

fn commands(path: &str, text: &str) -> Vec<String> {
    parsed(path, text)
        .commands
        .iter()
        .map(|c| {
            let words: Vec<&str> = c.words.iter().map(Word::as_str).collect();
            format!("{}:{} {}", c.at.line, c.at.column, words.join("|"))
        })
        .collect()
}

#[test]
fn a_dockerfile_with_stages() {
    let text = r#"# syntax=docker/dockerfile:1
ARG GO_VERSION=1.26
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS build
ARG GOEXPERIMENT=greenteagc
ENV CGO_ENABLED=0 \
    # why not
    GOFLAGS="-trimpath -mod=vendor"
RUN --mount=type=cache,target=/root/.cache \
    GOOS=linux go build \
      -ldflags "-s -X runtime.gorootFinal=/usr/local/go" -o /app ./cmd/app

FROM alpine:3.22 AS base
ENV GODEBUG gctrace=1,madvdontneed=1

FROM base
COPY --from=build /app /app
ENV GOEXPERIMENT=arenas
ENV GOEXPERIMENT=rangefunc
HEALTHCHECK --interval=5s CMD GODEBUG=x=1 /app health
ENTRYPOINT ["env", "GOGC=50", "/app"]
"#;
    assert_eq!(
        variables("Dockerfile", text),
        [
            "4:5 ARG GOEXPERIMENT=greenteagc build go1.26",
            "5:5 ENV CGO_ENABLED=0 build go1.26",
            "7:5 ENV GOFLAGS=-trimpath -mod=vendor build go1.26",
            "9:5 GOOS=linux build go1.26",
            "13:5 ENV GODEBUG=gctrace=1,madvdontneed=1 run go1.26",
            "18:5 ENV GOEXPERIMENT=rangefunc run go1.26",
            "19:31 GODEBUG=x=1 run go1.26",
            "20:21 GOGC=50 run go1.26",
        ]
    );
    let file = parsed("Dockerfile", text);
    let build = &file.commands[0];
    assert_eq!(
        (build.verb(), build.at.line, build.at.end_line),
        ("build", 9, 10)
    );
    assert!(build.has("trimpath"), "by GOFLAGS");
    let flags = build.flag("ldflags")[0];
    let place = flags.text.find("gorootFinal");
    assert_eq!((place.line, place.column), (10, 31));
}

#[test]
fn one_stage_that_builds_and_runs() {
    let text = "FROM golang:1.22\nENV GODEBUG=panicnil=1 GOEXPERIMENT=arenas\nRUN go build -o /app\nCMD /app\n";
    assert_eq!(
        variables("Dockerfile", text),
        [
            "2:5 ENV GODEBUG=panicnil=1 both go1.22",
            "2:24 ENV GOEXPERIMENT=arenas both go1.22"
        ]
    );
}

#[test]
fn documents_scripts_and_downloads_in_a_dockerfile() {
    let text = "FROM debian\nRUN <<EOF\nset -e\nexport GOEXPERIMENT=arenas\ngo env -w GOROOT_FINAL=/x\nEOF\nRUN curl -L https://go.dev/dl/go1.25.5.linux-amd64.tar.gz | tar x\nRUN bash -c 'go build -o app && go run -e x'\nRUN python3 <<EOF\ngo build\nEOF\n";
    assert_eq!(
        commands("Dockerfile", text),
        [
            "5:1 env|-w|GOROOT_FINAL=/x",
            "8:14 build|-o|app",
            "8:33 run|-e|x"
        ]
    );
    assert_eq!(
        variables("Dockerfile", text),
        ["4:8 GOEXPERIMENT=arenas build go1.25.5"]
    );
}

#[test]
#[cfg(feature = "lint")]
fn compose_in_both_forms_with_anchors() {
    let text = r#"
x-env: &env
  GODEBUG: "http2server=0"
services:
  web:
    image: example.com/web:1
    environment:
      <<: *env
      GOEXPERIMENT: arenas
    env_file:
      - web.env
      - path: other.env
  job:
    image: golang:1.25
    environment:
      - GODEBUG=gctrace=${TRACE:-1}
      - HOME
    command: sh -c "GOFLAGS=-v go run ."
    build:
      args:
        GOEXPERIMENT: ${EXP:-jsonv2}
"#;
    assert_eq!(
        variables("compose.yaml", text),
        [
            "3:3 environment GODEBUG=http2server=0 run ?",
            "9:7 environment GOEXPERIMENT=arenas run ?",
            "16:9 environment GODEBUG=gctrace=1 both go1.25",
            "18:21 GOFLAGS=-v build go1.25",
            "21:9 build argument GOEXPERIMENT=jsonv2 build ?",
        ]
    );
    let files: Vec<String> = parsed("compose.yaml", text)
        .env_files
        .iter()
        .map(|f| f.as_str().to_owned())
        .collect();
    assert_eq!(files, ["web.env", "other.env"]);
}

#[test]
#[cfg(feature = "lint")]
fn kubernetes_in_every_kind() {
    let text = r#"apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers:
            - name: init
              env: [{name: GODEBUG, value: "gctrace=1"}]
          containers:
            - name: app
              image: example.com/app
              command: ["/bin/sh", "-c"]
              args:
                - |
                  export GOEXPERIMENT=arenas
                  exec /app
              env:
                - name: GODEBUG
                  value: mmap=1
                - name: GOMEMLIMIT
                  valueFrom: {resourceFieldRef: {resource: limits.memory}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  GODEBUG: cgocheck=2
  app.env: |
    # x
    GODEBUG=tls10server=1
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {ephemeralContainers: [{name: d, env: [{name: GOROOT, value: /x}]}]}}
"#;
    assert_eq!(
        variables("app.yaml", text),
        [
            "11:45 env GODEBUG=gctrace=1 run ?",
            "18:26 GOEXPERIMENT=arenas run ?",
            "22:26 env GODEBUG=mmap=1 run ?",
            "23:25 env GOMEMLIMIT= run ?",
            "31:3 data GODEBUG=cgocheck=2 some ?",
            "34:5 data app.env: GODEBUG=tls10server=1 some ?",
            "39:121 env GOROOT=/x run ?",
        ]
    );
    let file = parsed("app.yaml", text);
    assert_eq!(file.variables[2].scope, "CronJob tick, container app");
    assert_eq!(file.variables[6].scope, "Pod p, container d");
}

#[test]
fn units_with_resets_quotes_and_continuations() {
    let text = "[Service]\nEnvironment=GODEBUG=mmap=1\nEnvironment=\nEnvironment=\"GODEBUG=gctrace=1,x=2\" 'A=b' GOROOT=/usr/local/go\n# c\nEnvironment=GOFLAGS=-v \\\n# between\n  GOEXPERIMENT=arenas\nUnsetEnvironment=GOFLAGS\nEnvironmentFile=-/etc/default/app\nExecStart=/bin/old\nExecStart=\nExecStart=-/usr/bin/env GODEBUG=asynctimerchan=1 /usr/bin/app --x\n";
    assert_eq!(
        variables("app.service", text),
        [
            "4:14 Environment=GODEBUG=gctrace=1,x=2 run ?",
            "4:43 Environment=GOROOT=/usr/local/go run ?",
            "8:3 Environment=GOEXPERIMENT=arenas run ?",
            "13:25 GODEBUG=asynctimerchan=1 run ?",
        ]
    );
    assert_eq!(
        parsed("app.service", text).env_files[0].as_str(),
        "/etc/default/app"
    );
}

#[test]
#[cfg(feature = "lint")]
fn workflows_and_scripts() {
    let text = "on: push\nenv: {GOROOT_FINAL: /usr/local/go}\njobs:\n  b:\n    steps:\n      - uses: actions/setup-go@v5\n        with: {go-version: '1.25'}\n      - run: |\n          go env -w GOROOT_FINAL=/x\n          test \"$(go env GOROOT_FINAL)\" = /x\n";
    assert_eq!(
        variables(".github/workflows/ci.yml", text),
        ["2:7 env GOROOT_FINAL=/usr/local/go build go1.25"]
    );
    assert_eq!(
        commands(".github/workflows/ci.yml", text),
        ["9:11 env|-w|GOROOT_FINAL=/x", "10:19 env|GOROOT_FINAL"]
    );
    let releaser =
        "builds:\n  - env: [CGO_ENABLED=0]\n    ldflags:\n      - -s -X runtime.gorootFinal=/x\n";
    assert_eq!(
        variables(".goreleaser.yml", releaser),
        [
            "2:11 env CGO_ENABLED=0 build ?",
            "4:9 LDFLAGS=-s -X runtime.gorootFinal=/x build ?"
        ]
    );
    let lab = "image: golang:1.24\nvariables:\n  GOFLAGS: -trimpath\nbuild:\n  script:\n    - go build -o app .\n";
    assert_eq!(commands(".gitlab-ci.yml", lab), ["6:7 build|-o|app|."]);
    assert!(parsed(".gitlab-ci.yml", lab).commands[0].has("trimpath"));
    let start = "#!/bin/sh\nexport GODEBUG=mmap=1\nexec /app\n";
    assert_eq!(variables("start", start), ["2:8 GODEBUG=mmap=1 run ?"]);
    let build = "#!/bin/sh\nGODEBUG=mmap=1\ngo build\n";
    assert_eq!(
        variables("build.sh", build),
        ["2:1 GODEBUG=mmap=1 nobody ?"]
    );
    assert_eq!(
        variables("x.env", "export GODEBUG=\"a=1\"\n"),
        ["1:1 GODEBUG=a=1 some ?"]
    );
}

#[test]
fn makefiles_with_variables_continuations_and_functions() {
    let text = "\
# go build in a comment
GO ?= go
GO_VERSION := 1.25
export GOEXPERIMENT := arenas  # not yet
export GODEBUG
GODEBUG = mmap=1
GOFLAGS = -trimpath
LDFLAGS = -s
LDFLAGS += -X runtime.gorootFinal=$(ROOT)
ROOT := $(shell go env GOROOT_FINAL)
.PHONY: all
all: app; @$(GO) vet ./...
app: export GOFLAGS=-trimpath
app: main.go
\t@echo $$HOME && \\
\t  $(GO) build -ldflags \"$(LDFLAGS)\" \\
\t  -o $@ $(EXTRA) $(addprefix ./,cmd)
ifdef X
\t-CGO_ENABLED=0 go env -w GOROOT_FINAL=/x
endif
define body
\tgo run -e .
endef
";
    assert_eq!(
        variables("Makefile", text),
        [
            "4:8 export GOEXPERIMENT=arenas build go1.25",
            "6:1 export GODEBUG=mmap=1 build go1.25",
            "8:1 LDFLAGS=-s build go1.25",
            "9:1 LDFLAGS=-X runtime.gorootFinal=${ROOT} build go1.25",
            "13:13 export GOFLAGS=-trimpath build go1.25",
            "19:3 CGO_ENABLED=0 build go1.25",
        ]
    );
    assert_eq!(
        commands("Makefile", text),
        [
            "10:17 env|GOROOT_FINAL",
            "12:12 vet|./...",
            "16:4 build|-ldflags|-s -X runtime.gorootFinal=${ROOT}|-o|app|${EXTRA}|${function}",
            "19:17 env|-w|GOROOT_FINAL=/x",
        ]
    );
    let file = parsed("Makefile", text);
    let build = |verb: &str| file.commands.iter().find(|c| c.verb() == verb).unwrap();
    assert_eq!(build("build").scope, "target app");
    assert!(build("build").has("trimpath"), "exported for its target");
    assert!(!build("vet").has("trimpath"), "not exported to others");
    let starts = "export GODEBUG = mmap=1\nrun:\n\t./app\n";
    assert_eq!(
        variables("Makefile", starts),
        ["1:8 export GODEBUG=mmap=1 build ?"]
    );
}

#[test]
fn variables_of_make_that_hold_themselves_end() {
    let many = |name: &str| format!("$({name})").repeat(500);
    let mut text = format!("a = $(a) {}\n", many("b0"));
    for i in 0..9 {
        text += &format!("b{i} = x{}\n", many(&format!("b{}", i + 1)));
    }
    text += "b9 = $(b9\nc = $\nall:\n\tgo build $(a) $(c)\n";
    let file = parsed("Makefile", &text);
    assert_eq!(file.commands.len(), 1);
}

#[test]
fn other_files_are_no_deployment_files() {
    assert_eq!(
        read("notes.txt", "hello there", None).unwrap_err(),
        Problem::Unknown
    );
    #[cfg(feature = "lint")]
    {
        assert_eq!(
            read("x.yaml", "a: 1\n", None).unwrap_err(),
            Problem::UnknownYaml
        );
        let wrong = read("x.yaml", "a: {{ .Values.x }}\nb: [\n", None).unwrap_err();
        assert!(
            matches!(wrong, Problem::Template { line: 2.., .. }),
            "{wrong:?}"
        );
    }
    assert!(read("notes.txt", "FROM x", Some(Kind::Dockerfile)).is_ok());
}

/// A file with `n` of something that readers put into each other.
fn hostile(n: usize) -> Vec<(&'static str, String)> {
    let all = |one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<String>();
    let before = |i: usize| i.saturating_sub(1);
    vec![
        (
            "vars.sh",
            format!(
                "#!/bin/sh\n{}go build\n",
                all(&|i| format!("export GO_{i}=$GO_{}$GO_0\n", before(i)))
            ),
        ),
        (
            "cds.sh",
            format!(
                "#!/bin/sh\n{}go build -o bin/a\n",
                all(&|i| format!("cd a{i}\n"))
            ),
        ),
        (
            "here.sh",
            format!(
                "#!/bin/sh\n{}",
                all(&|i| format!("cat > a{i}.env <<E\nGOGC=5{i}\nE\n"))
            ),
        ),
        (
            "written.sh",
            format!(
                "#!/bin/sh\n{}",
                all(&|i| format!("echo \"GOGC=5{i}\" >> a.env\ndocker run -e GOGC=$GOGC{i} a\n"))
            ),
        ),
        (
            "Dockerfile",
            format!(
                "FROM golang:1.27\n{}RUN go build -o /a\n",
                all(&|i| format!("ENV GO{i}=$GO{}x GODEBUG=a{i}=1\n", before(i)))
            ),
        ),
        (
            "vars.mk",
            format!(
                "{}all:\n\tgo build\n",
                all(&|i| format!("export GO{i} = $(GO{})x\n", before(i)))
            ),
        ),
        (
            "add.mk",
            format!(
                "{}all:\n\tgo build -ldflags '$(LDFLAGS)' -o a\n",
                all(&|i| format!("LDFLAGS += -X a.b{i}=$(LDFLAGS)\n"))
            ),
        ),
        (
            "targets.mk",
            all(&|i| format!("$(A)x{i}: export GODEBUG = a=1\n$(A)x{i}:\n\tgo build -o $@\n")),
        ),
        (
            "compose.yaml",
            format!(
                "services:\n  a:\n    image: a\n    environment:\n{}",
                all(&|i| format!("      GO{i}: ${{GO{i}:-x}}\n"))
            ),
        ),
        ("x.env", all(&|i| format!("GO{i}=\"x\n"))),
        (
            "x.service",
            format!(
                "[Service]\nEnvironment={}\nExecStart=/a\n",
                all(&|i| format!("GO{i}=1 "))
            ),
        ),
        (
            "justfile",
            format!(
                "{}a:\n  go build\n",
                all(&|i| format!("export GO{i} := GO{} + 'x'\n", before(i)))
            ),
        ),
        (
            "x.ps1",
            format!(
                "{}go build\n",
                all(&|i| format!("$env:GO{i} = \"$env:GO{}x\"\n", before(i)))
            ),
        ),
        (
            "Jenkinsfile",
            format!(
                "pipeline {{ environment {{\n{}}}\n sh 'go build' }}\n",
                all(&|i| format!("GO{i} = \"${{GO{}}}x\"\n", before(i)))
            ),
        ),
        (
            "Earthfile",
            format!(
                "VERSION 0.8\nFROM golang:1.27\n{}",
                all(&|i| format!(
                    "t{i}:\n  FROM +t{}\n  ENV GOX{i}=1\n  COPY +t{i}/x /\n",
                    before(i)
                ))
            ),
        ),
        (
            ".github/workflows/x.yml",
            format!(
                "on: push\njobs:\n  a:\n    env:\n{}    steps:\n{}",
                all(&|i| format!("      GO{i}: '1'\n")),
                all(&|i| format!("    - run: go build -o a{i}\n"))
            ),
        ),
        (
            ".goreleaser.yaml",
            format!(
                "env:\n{}builds:\n- id: a\n",
                all(&|i| format!("- GO{i}=1\n"))
            ),
        ),
    ]
}

#[cfg(feature = "lint")]
#[test]
fn work_grows_no_faster_than_a_file() {
    let work = |n: usize| -> Vec<(&str, u64)> {
        let one = |(path, text): (&'static str, String)| {
            let before = text::COPIED.with(std::cell::Cell::get);
            read(path, &text, None).unwrap_or_else(|e| panic!("{path}: {e}"));
            (path, text::COPIED.with(std::cell::Cell::get) - before)
        };
        hostile(n).into_iter().map(one).collect()
    };
    // Doubled four times: sixteen times as much, and what numbers with more digits add.
    for ((path, few), (_, many)) in work(300).into_iter().zip(work(4_800)) {
        assert!(many <= few * 30, "{path}: {few} characters become {many}");
    }
}
