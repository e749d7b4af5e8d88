//! Values as the program sees them, and who that is.

use super::variables;

#[test]
#[cfg(feature = "lint")]
fn values_of_kubernetes_refer_to_earlier_ones() {
    let text = r#"apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    - name: app
      command: [env, "GOGC=$(V)", "GOMEMLIMIT=$$(V)", /app]
      env:
        - {name: GODEBUG, value: "$(V)"}
        - {name: V, value: asynctimerchan=1}
        - {name: GODEBUG, value: "gctrace=1,$(V)"}
        - {name: GOROOT, value: "$(W)/$$(V)"}
"#;
    assert_eq!(
        variables("pod.yaml", text),
        [
            "7:23 GOGC=asynctimerchan=1 run ?",
            "7:36 GOMEMLIMIT=$(V) run ?",
            "11:35 env GODEBUG=gctrace=1,asynctimerchan=1 run ?",
            "12:34 env GOROOT=$(W)/$(V) run ?",
        ]
    );
}

#[test]
fn units_have_the_escapes_of_c() {
    let text = "[Service]\nEnvironment=GODEBUG=mmap\\x3d1\\054gctrace\\u003d1 \"GOROOT=a\\sb\\\"\\\\\"\nExecStart=/usr/bin/env GOGC\\x3d50 /app\n";
    assert_eq!(
        variables("app.service", text),
        [
            "2:13 Environment=GODEBUG=mmap=1,gctrace=1 run ?",
            "2:50 Environment=GOROOT=a b\"\\ run ?",
            "3:24 GOGC=50 run ?",
        ]
    );
}

/// The variables of a unit of one section with some lines.
fn of_section(name: &str, section: &str, lines: &str) -> Vec<String> {
    let text = format!("[{section}]\n{lines}\n");
    variables(name, &text)
}

#[test]
fn a_mistake_in_a_unit_drops_what_systemd_drops() {
    for bad in [
        "\\q",
        "\\xzz",
        "\\x0",
        "\\x00",
        "\\000",
        "\\08",
        "\\777",
        "\\u12",
        "\\U00110000",
        "\"b",
        "'b",
        "\\é",
        "\"\\",
    ] {
        let line = format!("Environment=GOGC=1 GODEBUG=a{bad} GOMEMLIMIT=1X");
        assert_eq!(
            of_section("a.service", "Service", &line),
            ["2:13 Environment=GOGC=1 run ?"],
            "{bad}"
        );
    }
    // A value with a control character is no assignment, but the words after it count.
    assert_eq!(
        of_section("a.service", "Service", "Environment=GODEBUG=a\\a GOGC=1\\t"),
        ["2:25 Environment=GOGC=1\t run ?"]
    );
    // Two backslashes at the end of a line are an escaped one.
    assert_eq!(
        of_section(
            "a.service",
            "Service",
            "Environment=GOGC=1\\\\\nEnvironment=GOGC=2"
        ),
        ["3:13 Environment=GOGC=2 run ?"]
    );
    // Command lines keep such an escape, and are refused with an open quote.
    let commands =
        "ExecStart=/usr/bin/env GOGC=\\q GODEBUG=a\\x00 /a\nExecStart=/usr/bin/env GOGC=1 /a \"b";
    assert_eq!(
        of_section("a.service", "Service", commands),
        ["2:24 GOGC=\\q run ?", "2:32 GODEBUG=a\\x00 run ?"]
    );
    // podman drops the whole value, and does without the closing quote.
    assert_eq!(
        of_section(
            "a.container",
            "Container",
            "Environment=GOGC=1 GODEBUG=\\q\nEnvironment=GOROOT=1 \"GOMEMLIMIT=1"
        ),
        [
            "3:13 Environment=GOROOT=1 run ?",
            "3:23 Environment=GOMEMLIMIT=1 run ?"
        ]
    );
}

#[test]
fn a_key_of_a_unit_counts_in_its_section() {
    let both =
        "Environment=GOGC=1\nExecStart=/usr/bin/env GODEBUG=a /a\nDefaultEnvironment=GOROOT=/x";
    let environment = "2:13 Environment=GOGC=1 run ?";
    let command = "3:24 GODEBUG=a run ?";
    let every = "4:20 DefaultEnvironment=GOROOT=/x some ?";
    let cases: [(&str, &[&str]); 10] = [
        ("Service", &[environment, command]),
        ("Socket", &[environment]),
        ("Mount", &[environment]),
        ("Swap", &[environment]),
        ("Container", &[environment]),
        ("Manager", &[every]),
        ("Unit", &[]),
        ("Install", &[]),
        ("service", &[]),
        ("X-Service", &[]),
    ];
    for (section, want) in cases {
        for path in ["app.service", "app.service.d/a.conf"] {
            assert_eq!(of_section(path, section, both), want, "{section}");
        }
    }
    for key in ["environment", "ENVIRONMENT", "Environments"] {
        let line = format!("{key}=GOGC=1");
        assert!(of_section("a.service", "Service", &line).is_empty());
    }
    let mixed = "Environment=GOGC=0\n[Service]\nEnvironment = GOGC=1\nUnsetEnvironment=GOROOT\n[Unit]\nEnvironment=\n[Install]\nEnvironment=GOGC=2\n [Service]\nUnsetEnvironment=\nEnvironment=GOROOT=/x\n";
    assert_eq!(
        variables("app.service", mixed),
        [
            "3:15 Environment=GOGC=1 run ?",
            "11:13 Environment=GOROOT=/x run ?"
        ]
    );
}

#[test]
fn a_stage_that_nothing_uses_has_no_reader() {
    let text = "FROM golang:1.27 AS b\nRUN go build -o /app\nFROM alpine AS a1\nENV GODEBUG=asynctimerchan=1\nRUN apk add curl\nFROM alpine AS a2\nENV GODEBUG=mmap=1\nRUN ./make-it\nFROM alpine AS a3\nENV GODEBUG=gctrace=1\nFROM a3\nCOPY --from=b /app /app\nCMD /app\n";
    assert_eq!(
        variables("Dockerfile", text),
        [
            "4:5 ENV GODEBUG=asynctimerchan=1 nobody ?",
            "7:5 ENV GODEBUG=mmap=1 build ?",
            "10:5 ENV GODEBUG=gctrace=1 run go1.27",
        ]
    );
}

#[test]
fn a_named_stage_with_a_program_may_be_a_target() {
    let stage = |image: &str, rest: &str| {
        let text = format!(
            "FROM golang:1.27 AS b\nRUN go build -o /app\nFROM {image}\nENV GODEBUG=mmap=1\n{rest}\nFROM scratch\nCOPY --from=b /app /app\nCMD [\"/app\"]\n"
        );
        let all = variables("Dockerfile", &text);
        let (_, reader) = all[0].split_once("mmap=1 ").unwrap();
        reader.to_owned()
    };
    for (image, rest, want) in [
        (
            "alpine AS d",
            "COPY ./app /app\nRUN apk add curl",
            "run go1.27",
        ),
        ("alpine AS d", "COPY --from=b /app /app", "run go1.27"),
        ("scratch AS d", "ADD app.tar.gz /", "run go1.27"),
        ("example.com/base AS d", "COPY app-1.2 /app", "run go1.27"),
        ("alpine AS d", "COPY ./app /app\nRUN ./make-it", "unknown ?"),
        ("alpine AS d", "COPY app /app\nFROM d AS e", "run go1.27"),
        (
            "golang:1.26 AS d",
            "COPY . .\nRUN go build -o /a",
            "both go1.26",
        ),
        (
            "golang:1.26 AS d",
            "COPY . .\nRUN go install .",
            "both go1.26",
        ),
        // Nothing that could run, no name, or a stage that another one uses.
        (
            "golang:1.26 AS d",
            "COPY cmd .\nRUN go test .",
            "build go1.26",
        ),
        (
            "golang:1.26 AS d",
            "COPY . .\nRUN go build ./...",
            "build go1.26",
        ),
        (
            "golang:1.26 AS d",
            "RUN go install a@latest",
            "build go1.26",
        ),
        ("alpine AS d", "COPY app.conf .env . /etc/", "nobody ?"),
        ("alpine AS d", "RUN apk add curl", "nobody ?"),
        ("alpine", "COPY app /app", "nobody ?"),
        (
            "golang:1.26 AS d-arm64",
            "RUN go build -o /a\nFROM d-$TARGETARCH AS e",
            "build go1.26",
        ),
        (
            "alpine AS d",
            "COPY x /x\nFROM alpine\nCOPY --from=d /x /x",
            "nobody ?",
        ),
    ] {
        assert_eq!(stage(image, rest), want, "{image}: {rest}");
    }
}

#[test]
#[cfg(feature = "lint")]
fn an_empty_value_of_kubernetes_is_known() {
    let text = r#"apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    - name: app
      command: [sh, -c, "GOTRACEBACK=a$A$U exec /app"]
      env:
        - {name: A, value: ""}
        - {name: B}
        - {name: C, value: null}
        - {name: D, value: ""}
        - {name: D, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: U, value: b}
        - {name: U, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: GODEBUG, value: "$(A)$(B)$(C)mmap=1"}
        - {name: GOGC, value: "$(D)50"}
        - {name: GOMEMLIMIT, value: ""}
"#;
    assert_eq!(
        variables("pod.yaml", text),
        [
            "7:26 GOTRACEBACK=a${U} run ?",
            "16:35 env GODEBUG=mmap=1 run ?",
            "17:32 env GOGC=$(D)50 run ?",
            "18:18 env GOMEMLIMIT= run ?",
        ]
    );
}

#[test]
#[cfg(feature = "lint")]
fn a_value_of_the_caller_of_compose_is_unknown() {
    let text = r#"services:
  a:
    image: example.com/a
    environment: {A: , B: null, C: "", D: d}
    command: sh -c 'GOGC=$$A$$B$$C$$D exec /app'
"#;
    assert_eq!(
        variables("compose.yaml", text),
        ["5:21 GOGC=${A}${B}d run ?"]
    );
}

#[test]
#[cfg(feature = "lint")]
fn commands_of_task_definitions_are_read() {
    let text = r#"{"containerDefinitions": [{"image": "example.com/a",
  "entryPoint": ["sh", "-c"],
  "command": ["GODEBUG=$A$B GOGC=50 exec /app"],
  "environment": [{"name": "A", "value": "mmap=1"}],
  "secrets": [{"name": "B", "valueFrom": "arn:x"}]}]}
"#;
    assert_eq!(
        variables("task.json", text),
        ["3:16 GODEBUG=mmap=1${B} run ?", "3:29 GOGC=50 run ?"]
    );
}

#[test]
fn a_document_of_a_shell_is_read_without_its_escapes() {
    let unit = "[Service]\nEnvironment=\"A=\\$B\" GOGC=1\nEnvironment=GODEBUG=a\\\\x3d1\n";
    let written = |word: &str| {
        let text = format!("#!/bin/sh\ncat > a.service <<{word}\n{unit}E\n");
        let all = variables("x.sh", &text);
        let names = all.iter().map(|v| v.split(' ').nth(1).unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        written("E"),
        ["Environment=GOGC=1", "Environment=GODEBUG=a=1"]
    );
    assert_eq!(written("'E'"), ["Environment=GODEBUG=a\\x3d1"]);
}
