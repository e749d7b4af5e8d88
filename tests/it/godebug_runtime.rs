//! Checks the GODEBUG model with real programs: builds a probe with every toolchain in `GOSPECT_GOROOTS` (GOROOT directories
//! separated by colons), runs it with many settings, and compares its behaviour with the model. Without the variable it prints a
//! note and passes.

use crate::support::skip;
use gospect::record::GodebugStatus;

use gospect::knowledge::GoVersion;
use gospect::knowledge::godebug::implied;
use gospect::record::godebug;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Prints `key 0
/// 1` for each setting: whether the behaviour differs from the toolchain's default.
const PROBE: &str = r#"package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"math/rand"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"time"
)

func show(key string, differs bool) { fmt.Println(key, map[bool]int{true: 1}[differs]) }

func panicsSilently() (silent bool) {
	defer func() { silent = recover() == nil }()
	panic(nil)
}

func main() {
	_, _ = tls.VersionTLS13, sha256.Sum256(nil)
	runtime.GC()
	runtime.MemProfile(nil, false) // without it the linker turns heap profiling off
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "DefaultGODEBUG" {
				fmt.Println("recorded", s.Value)
			}
		}
	}
	fmt.Println("memprofilerate", runtime.MemProfileRate)
	show("panicnil", panicsSilently())
	rand.Seed(7)
	a := rand.Int63()
	rand.Seed(7)
	show("randseednop", a == rand.Int63())
	show("asynctimerchan", cap(time.NewTimer(time.Hour).C) != 0)
	_, err := url.Parse("http://a:b:80/")
	show("urlstrictcolons", err == nil)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "../x"})
	w.Close()
	_, err = tar.NewReader(&b).Next()
	show("tarinsecurepath", err != nil)
	mux := http.NewServeMux()
	mux.HandleFunc("/{x}", func(http.ResponseWriter, *http.Request) {})
	r, _ := http.NewRequest("GET", "http://h/y", nil)
	_, pattern := mux.Handler(r)
	show("httpmuxgo121", pattern == "")
}
"#;

/// Setting, first Go 1 minor version in which the probe can see it, and the values that change the behaviour.
const VISIBLE: [(&str, u32, &[&str]); 6] = [
    ("panicnil", 21, &["1"]),
    ("randseednop", 24, &["0"]),
    ("asynctimerchan", 23, &["1", "2"]),
    ("urlstrictcolons", 26, &["0"]),
    ("tarinsecurepath", 21, &["0"]),
    ("httpmuxgo121", 22, &["1"]),
];

const BAKED: [&str; 6] = [
    "",
    "panicnil=1,randseednop=0,urlstrictcolons=0,memprofilerate=11,gctrace=1",
    "panicnil=1,panicnil=0,httpmuxgo121=1,tarinsecurepath=0,inittrace=1,fips140=on",
    "cgocheck=2,gctrace=1",
    "asynctimerchan=1",
    "asynctimerchan=0,tls10server=0,profstackdepth=-8,fips140=bogus",
];

const ENVIRONMENT: [&str; 44] = [
    "",
    "panicnil=0",
    "panicnil=1",
    "panicnil=",
    "panicnil=x",
    "panicnil=2",
    "panicnil=1,panicnil=0",
    "panicnil=0,panicnil=1",
    "panicnil=1#x",
    "panicnil=+1",
    "panicnil",
    " panicnil=1",
    "panicnil =1",
    "panicnil=1=1",
    "randseednop=0",
    "randseednop=",
    "randseednop=0,randseednop=1",
    "randseednop=1,randseednop=0",
    "urlstrictcolons=1",
    "urlstrictcolons=00",
    "tarinsecurepath=1,httpmuxgo121=0",
    "tarinsecurepath=0,httpmuxgo121=1",
    "memprofilerate=5",
    "memprofilerate=x",
    "memprofilerate=+5",
    "memprofilerate=-5,memprofilerate=6,memprofilerate=",
    "memprofilerate=9999999999",
    "gctrace=0",
    "gctrace=99999999999",
    "gctrace=1,gctrace=no",
    "inittrace=1",
    "inittrace=0",
    "asynctimerchan=1",
    "asynctimerchan=0",
    "asynctimerchan=1,asynctimerchan=0",
    "asynctimerchan=2",
    "asynctimerchan=1#x",
    "cgocheck=2,cgocheck=0",
    "cgocheck=+2",
    "cgocheck=0",
    "fips140=off",
    "fips140=1",
    "x509sha1=1,tlskyber=1,mmap=1",
    "profstackdepth=7,gcstoptheworld=0",
];

struct Toolchain {
    root: PathBuf,
    version: GoVersion,
    minor: u32,
}

fn toolchains() -> Vec<Toolchain> {
    let Some(list) = std::env::var_os("GOSPECT_GOROOTS") else {
        skip::skipped("goroots", "");
        return Vec::new();
    };
    let one = |root: PathBuf| {
        let text = std::fs::read_to_string(root.join("VERSION")).expect("GOROOT/VERSION is there");
        let version =
            GoVersion::parse(text.lines().next().unwrap_or_default()).expect("it is a Go version");
        let minor = version.minor().expect("it has a minor");
        Toolchain {
            root,
            version,
            minor,
        }
    };
    std::env::split_paths(&list).map(one).collect()
}

impl Toolchain {
    fn build(&self, dir: &Path, name: &str, go_line: u32, baked: Option<&str>) -> PathBuf {
        std::fs::write(dir.join("main.go"), PROBE).expect("written");
        std::fs::write(
            dir.join("go.mod"),
            format!("module example.com/probe\n\ngo 1.{go_line}\n"),
        )
        .expect("written");
        let program = dir.join(name);
        let mut command = Command::new(self.root.join("bin/go"));
        command
            .current_dir(dir)
            .env("GOROOT", &self.root)
            .env("GOTOOLCHAIN", "local")
            .env("GOENV", "off");
        command
            .env("GOFLAGS", "")
            .env("GOWORK", "off")
            .env("CGO_ENABLED", "0")
            .args(["build", "-p", "2", "-o"])
            .arg(&program);
        if let Some(text) = baked {
            command.arg(format!("-ldflags=-X=runtime.godebugDefault={text}"));
        }
        let output = command.output().expect("go runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        program
    }

    fn assess(&self, baked: Option<&str>, environment: Option<&str>) -> gospect::record::Godebug {
        godebug::assess(&godebug::Facts {
            version: &self.version,
            recorded: None,
            baked,
            environment,
            has_settings: false,
            main_package: Some("example.com/probe"),
            goos: Some("linux"),
            goarch: Some("amd64"),
            crypto_linked: Some(true),
            unfit_for_fips: None,
        })
    }
}

fn run(program: &Path, environment: &str) -> Output {
    Command::new(program)
        .env_clear()
        .env("GODEBUG", environment)
        .output()
        .expect("the probe runs")
}

#[test]
fn the_model_says_what_programs_do() {
    let mut wrong = Vec::new();
    for toolchain in toolchains() {
        let dir = tempfile::tempdir().expect("a directory");
        for (i, baked) in BAKED.into_iter().enumerate() {
            let program = toolchain.build(
                dir.path(),
                &format!("probe{i}"),
                toolchain.minor,
                Some(baked),
            );
            for environment in ENVIRONMENT {
                let output = run(&program, environment);
                let effective = toolchain
                    .assess(Some(baked), Some(environment))
                    .effective
                    .expect("there is a row");
                let mut complain = |what: String| {
                    wrong.push(format!(
                        "{} baked {baked:?} environment {environment:?}: {what}",
                        toolchain.version
                    ));
                };
                let value = |key: &str| {
                    effective
                        .iter()
                        .find(|e| e.key == key)
                        .map_or("", |e| e.value.as_str())
                };
                let dies = effective.iter().any(|e| e.status == GodebugStatus::Fatal);
                let stderr = String::from_utf8_lossy(&output.stderr);
                if dies == output.status.success() {
                    complain(format!(
                        "dies: model {dies}, program {} {:.80}",
                        output.status, stderr
                    ));
                }
                if dies || !output.status.success() {
                    continue;
                }
                let stdout = String::from_utf8_lossy(&output.stdout);
                let shown = |key: &str| {
                    stdout
                        .lines()
                        .find_map(|l| l.strip_prefix(key)?.strip_prefix(' '))
                        .map(str::to_owned)
                };
                for (key, from, acting) in VISIBLE {
                    if toolchain.minor < from
                        || !effective
                            .iter()
                            .all(|e| e.key != key || e.status != GodebugStatus::Removed)
                    {
                        continue;
                    }
                    let differs = acting.contains(&value(key));
                    if shown(key).as_deref() != Some(if differs { "1" } else { "0" }) {
                        complain(format!(
                            "{key}: model {:?}, program {:?}",
                            value(key),
                            shown(key)
                        ));
                    }
                }
                let rate = effective
                    .iter()
                    .find(|e| e.key == "memprofilerate" && e.status == GodebugStatus::Ok);
                let rate = rate.map_or("524288", |e| e.value.as_str());
                if shown("memprofilerate").as_deref() != Some(rate) {
                    complain(format!(
                        "memprofilerate: model {rate}, program {:?}",
                        shown("memprofilerate")
                    ));
                }
                for (key, mark) in [("gctrace", "gc "), ("inittrace", "init ")] {
                    let prints = value(key).parse::<i32>().is_ok_and(|n| n > 0);
                    if prints != stderr.lines().any(|line| line.starts_with(mark)) {
                        complain(format!(
                            "{key}: model {:?}, stderr {:.80}",
                            value(key),
                            stderr
                        ));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn recorded_defaults_give_the_go_line_back() {
    for toolchain in toolchains().into_iter().filter(|t| t.minor >= 21) {
        let dir = tempfile::tempdir().expect("a directory");
        for go_line in (18..=toolchain.minor).step_by(2).chain([toolchain.minor]) {
            let program = toolchain.build(dir.path(), "probe", go_line, None);
            // Old go lines may set values that this toolchain refuses, so the environment stays empty, and the output is compared
            // only if the program runs.
            let output = run(&program, "");
            let stdout = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success(),
                "go line 1.{go_line} by {}",
                toolchain.version
            );
            let recorded = stdout
                .lines()
                .find_map(|line| line.strip_prefix("recorded "))
                .unwrap_or_default()
                .to_owned();
            let want: Vec<String> = implied(go_line, toolchain.minor)
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            assert_eq!(
                recorded,
                want.join(","),
                "go line 1.{go_line} by {}",
                toolchain.version
            );
            let range = godebug::language(&godebug::Facts {
                version: &toolchain.version,
                recorded: (!recorded.is_empty()).then_some(recorded.as_str()),
                baked: None,
                environment: None,
                has_settings: true,
                main_package: None,
                goos: None,
                goarch: None,
                crypto_linked: None,
                unfit_for_fips: None,
            });
            let range = range.expect("a range");
            assert!(
                range.min <= go_line && go_line <= range.max,
                "go line 1.{go_line} by {}: {range}",
                toolchain.version
            );
        }
    }
}
