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
    let text = "[Service]\nEnvironment=GODEBUG=mmap\\x3d1\\054gctrace\\u003d1 \"GOROOT=a\\sb\\\"\\xzz\"\nExecStart=/usr/bin/env GOGC\\x3d50 /app\n";
    assert_eq!(
        variables("app.service", text),
        [
            "2:13 Environment=GODEBUG=mmap=1,gctrace=1 run ?",
            "2:50 Environment=GOROOT=a b\"xzz run ?",
            "3:24 GOGC=50 run ?",
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
