//! Records written by hand for the tests of the formats: ordinary, unusual and hostile ones.

use gospect_record::*;

/// A name that attacks terminals, spreadsheets, HTML and line-based readers.
pub const HOSTILE: &str =
    "=x\u{1b}[31m\u{202e}</script><img src=x onerror=alert(1)>\n\"a\"\u{9b}2J\u{200b}'&";

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// A dependency with a checksum.
pub fn module(path: &str, version: &str) -> Module {
    Module {
        path: path.into(),
        version: version.into(),
        sum: "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into(),
        replace: None,
    }
}

fn setting(key: &str, value: &str) -> Setting {
    Setting {
        key: key.into(),
        value: value.into(),
    }
}

/// A released program with nothing unusual.
pub fn clean() -> Binary {
    let path = "usr/bin/hello";
    Binary {
        path: path.into(),
        location: Location {
            target: "usr/bin".into(),
            file: text(path),
            mode: Some(0o755),
            uid: Some(0),
            gid: Some(0),
            ..Location::default()
        },
        size: 2_436_866,
        executable: Executable {
            format: "elf".into(),
            bits: 64,
            endian: "little".into(),
            os: text("linux"),
            arch: text("amd64"),
            kind: "exe".into(),
            go_symbols: Some(false),
            debug_info: Some(false),
            packed: None,
            build_id: text("abc/def/ghi/jkl"),
        },
        go_version: text("go1.27.3"),
        go_version_raw: text("go1.27.3"),
        main_package: text("example.com/hello/cmd/hello"),
        build_info: Some(BuildInfo {
            go_version: "go1.27.3".into(),
            path: "example.com/hello/cmd/hello".into(),
            main: module("example.com/hello", "v1.4.2"),
            deps: vec![
                module("github.com/BurntSushi/toml", "v1.5.0"),
                module("golang.org/x/sys", "v0.41.0"),
                module("gopkg.in/yaml.v3", "v3.0.1"),
            ],
            settings: vec![
                setting("-buildmode", "exe"),
                setting("-compiler", "gc"),
                setting("-ldflags", "-s -w"),
                setting("-trimpath", "true"),
                setting("CGO_ENABLED", "0"),
                setting("GOARCH", "amd64"),
                setting("GOOS", "linux"),
                setting("GOAMD64", "v1"),
                setting("vcs", "git"),
                setting("vcs.revision", "8c4f4d1f0b7a2c9e5d6a3b1c0f9e8d7c6b5a4f3e"),
                setting("vcs.time", "2026-10-01T12:00:00Z"),
                setting("vcs.modified", "false"),
            ],
        }),
        build_info_source: Some(BuildInfoSource::Section.into()),
        versions: Some(vec![VersionClaim {
            value: "v1.4.2".into(),
            source: "main-module".into(),
            name: None,
        }]),
        goroot: Some(Goroot {
            trimmed: Some(true),
            linked: Some(true),
            evidence: vec![Evidence {
                source: "pclntab".into(),
                value: "runtime/proc.go".into(),
            }],
            ..Goroot::default()
        }),
        linkage: Some(Linkage {
            is_static: Some(true),
            needed: Some(Vec::new()),
            pie: Some(false),
            relro: Some("none".into()),
            nx: Some(true),
            ..Linkage::default()
        }),
        corroboration: Some(vec![Corroboration {
            claim: "go-version".into(),
            recorded: text("go1.27.3"),
            observed: text("go1.27.3"),
            verdict: Verdict::Confirmed.into(),
            how: "runtime.buildVersion holds the same text".into(),
        }]),
        paths: Some(Vec::new()),
        ..Binary::default()
    }
}

/// A program with edited build info, built on a developer's machine, in a lower layer of an image.
pub fn contradicted() -> Binary {
    let mut binary = clean();
    binary.path =
        "opt/very/long/directory/names/that/do/not/fit/into/eighty/columns/at/all/server".into();
    binary.location = Location {
        target: "docker-archive:app.tar".into(),
        file: text("app.tar"),
        entry: vec!["app.tar".into(), "layer.tar".into(), binary.path.clone()],
        image: Some(ImageRef {
            reference: "registry.example/app:1.0".into(),
            digest: text("sha256:aaaa"),
            platform: text("linux/amd64"),
        }),
        layer: Some(LayerRef {
            index: 1,
            digest: text("sha256:bbbb"),
        }),
        visible: Some(true),
        started: Some(true),
        mode: Some(0o4755),
        ..Location::default()
    };
    binary.go_version = text("go1.21.13");
    binary.go_version_raw = text("go1.21.13 X:loopvar");
    if let Some(info) = &mut binary.build_info {
        info.main.version = "(devel)".into();
        info.main.sum.clear();
        if let Some(dependency) = info.deps.first_mut() {
            dependency.replace = Some(Box::new(Module {
                path: "../toml".into(),
                ..Module::default()
            }));
            dependency.sum.clear();
        }
        if let Some(dependency) = info.deps.get_mut(1) {
            dependency.replace = Some(Box::new(module("example.com/fork/sys", "v0.41.1")));
            dependency.sum.clear();
        }
        for setting in &mut info.settings {
            match setting.key.as_str() {
                "vcs.modified" => setting.value = "true".into(),
                "CGO_ENABLED" => setting.value = "1".into(),
                _ => {}
            }
        }
    }
    binary.versions = Some(vec![
        VersionClaim {
            value: "(devel)".into(),
            source: "main-module".into(),
            name: None,
        },
        VersionClaim {
            value: "1.0.3".into(),
            source: "x-flag".into(),
            name: text("main.version"),
        },
    ]);
    binary.goroot = Some(Goroot {
        value: text("/home/joe/sdk/go1.21.13"),
        trimmed: Some(false),
        linked: Some(true),
        runtime: text("/home/joe/sdk/go1.21.13"),
        origin: Some("home".into()),
        evidence: Vec::new(),
    });
    let mut functions = functions::Builder::default();
    let package = functions.package("example.com/tool/v2");
    functions.add_method(package, b"Client", b"Do");
    functions.add(package, b"http2", HOSTILE.as_bytes());
    binary.functions = Some(functions.finish(FunctionSource::FunctionTable, true));
    binary.experiments = Experiments {
        setting: text("loopvar"),
        suffix: vec!["loopvar".into()],
        enabled: Some(vec![
            "loopvar".into(),
            "regabiargs".into(),
            "regabiwrappers".into(),
        ]),
        unknown: Some(Vec::new()),
        loopvar: Some("per-iteration".into()),
        consistent: Some(true),
    };
    let effective =
        |key: &str, value: &str, origin: &str, status: &str, note: Option<&str>| EffectiveSetting {
            key: key.into(),
            value: value.into(),
            origin: origin.into(),
            status: status.into(),
            note: note.map(str::to_owned),
        };
    binary.godebug = Godebug {
        recorded: text("panicnil=1,x509sha1=1"),
        baked: text("panicnil=1,x509sha1=1"),
        environment: text("fips140=maybe"),
        recorded_pairs: Some(vec![
            ("panicnil".into(), "1".into()),
            ("x509sha1".into(), "1".into()),
        ]),
        baked_pairs: Some(vec![
            ("panicnil".into(), "1".into()),
            ("x509sha1".into(), "1".into()),
        ]),
        environment_pairs: Some(vec![("fips140".into(), "maybe".into())]),
        effective: Some(vec![
            effective(
                "fips140",
                "maybe",
                "environment",
                "fatal",
                Some("The program stops at start."),
            ),
            effective("panicnil", "1", "baked", "ok", None),
            effective(
                "x509sha1",
                "1",
                "baked",
                "ok",
                Some("Certificates signed with SHA-1 are accepted."),
            ),
        ]),
        language_version: text("1.20"),
    };
    binary.linkage = Some(Linkage {
        is_static: Some(false),
        interpreter: text("/lib64/ld-linux-x86-64.so.2"),
        needed: Some(vec!["libc.so.6".into(), "libpthread.so.0".into()]),
        pie: Some(true),
        relro: Some("full".into()),
        nx: Some(true),
        glibc: text("2.34"),
        ..Linkage::default()
    });
    binary.fips = Some(Fips {
        module: text("v1.0.0-c2097c7c"),
        mode: Some("on".into()),
        crypto: Some("go".into()),
        checksum: Some("invalid".into()),
        checksum_fault: None,
    });
    binary.corroboration = Some(vec![
        Corroboration {
            claim: "go-version".into(),
            recorded: text("go1.21.13"),
            observed: text("go1.19.8"),
            verdict: Verdict::Contradicted.into(),
            how: "the second copy in read-only data says otherwise".into(),
        },
        Corroboration {
            claim: "port".into(),
            verdict: Verdict::Confirmed.into(),
            ..Corroboration::default()
        },
        Corroboration {
            claim: "cgo".into(),
            verdict: Verdict::Unverifiable.into(),
            ..Corroboration::default()
        },
    ]);
    binary.paths = Some(vec![PathLeak {
        prefix: "/home/joe/src/app".into(),
        kind: "home".into(),
        count: 42,
        example: "/home/joe/src/app/main.go".into(),
        found_in: "pclntab,dwarf".into(),
    }]);
    binary.notes = vec!["the section table is cut off".into()];
    binary
}

/// A program without build info.
pub fn without_record() -> Binary {
    Binary {
        path: "lib/libold.so".into(),
        go_version: text("go1.9.7"),
        go_version_raw: text("go1.9.7"),
        size: 1_000,
        executable: Executable {
            format: "elf".into(),
            bits: 32,
            endian: "big".into(),
            arch: text("mips"),
            kind: "shared".into(),
            ..Executable::default()
        },
        notes: vec!["no build info; the version is what the file's text says".into()],
        ..Binary::default()
    }
}

/// A program in which every text is an attack, with a path that is not UTF-8.
pub fn hostile() -> Binary {
    let mut binary = clean();
    let bad = || HOSTILE.to_owned();
    binary.path = format!("dir/{HOSTILE}\u{fffd}");
    binary.path_bytes = text("ZGlyL//+");
    binary.location.target = bad();
    binary.go_version = Some(bad());
    binary.go_version_raw = Some(bad());
    binary.go_vendor = Some(bad());
    binary.main_package = Some(bad());
    if let Some(info) = &mut binary.build_info {
        info.path = bad();
        info.main = module(HOSTILE, HOSTILE);
        info.deps = vec![module(HOSTILE, HOSTILE)];
        info.settings = vec![setting(HOSTILE, HOSTILE), setting("vcs.revision", HOSTILE)];
    }
    binary.versions = Some(vec![VersionClaim {
        value: bad(),
        source: "x-flag".into(),
        name: Some(bad()),
    }]);
    binary.owner = Some(Owner {
        kind: bad().as_str().into(),
        name: bad(),
        version: bad(),
        arch: Some(bad()),
        distribution: Some(bad()),
        release: Some(bad()),
        source: Some(SourcePackage {
            name: bad(),
            version: Some(bad()),
        }),
        how: bad().as_str().into(),
        compared: Some(bad().as_str().into()),
    });
    binary.executable.packed = Some(bad());
    binary.executable.build_id = Some(bad());
    binary.goroot = Some(Goroot {
        value: Some(bad()),
        runtime: Some(bad()),
        origin: Some(bad().as_str().into()),
        ..Goroot::default()
    });
    binary.experiments.setting = Some(bad());
    binary.godebug.recorded = Some(bad());
    binary.godebug.effective = Some(vec![EffectiveSetting {
        key: bad(),
        value: bad(),
        origin: "environment".into(),
        status: "unknown".into(),
        note: Some(bad()),
    }]);
    binary.linkage = Some(Linkage {
        interpreter: Some(bad()),
        needed: Some(vec![bad()]),
        ..Linkage::default()
    });
    binary.fips = Some(Fips {
        module: Some(bad()),
        ..Fips::default()
    });
    binary.corroboration = Some(vec![Corroboration {
        claim: bad().as_str().into(),
        recorded: Some(bad()),
        observed: Some(bad()),
        verdict: Verdict::Contradicted.into(),
        how: bad(),
    }]);
    binary.paths = Some(vec![PathLeak {
        prefix: bad(),
        kind: bad().as_str().into(),
        count: 1,
        example: bad(),
        found_in: "dwarf".into(),
    }]);
    binary.notes = vec![bad()];
    binary
}

/// The lines of a scan that found all of the above.
pub fn lines() -> Vec<Line> {
    let contradicted = contradicted();
    let image = ImageRecord {
        reference: "registry.example/app:1.0".into(),
        aliases: vec!["registry.example/app:latest".into()],
        digest: text("sha256:aaaa"),
        platform: text("linux/amd64"),
        env: vec!["GODEBUG=fips140=maybe".into()],
        entrypoint: vec!["/server".into()],
        layers: vec![
            LayerRecord {
                digest: text("sha256:cccc"),
                created_by: text("FROM scratch"),
                size: Some(10),
            },
            LayerRecord {
                digest: text("sha256:bbbb"),
                created_by: text(HOSTILE),
                size: Some(20),
            },
        ],
        ..ImageRecord::default()
    };
    let unexamined = |path: &str, reason: &str, detail: &str| {
        Line::Unexamined(Unexamined {
            path: path.into(),
            location: Location {
                target: "usr/bin".into(),
                file: text(path),
                ..Location::default()
            },
            reason: reason.into(),
            detail: detail.into(),
        })
    };
    let binary = |binary: Binary| Line::Binary(Box::new(binary));
    let versions = [
        ("go1.27.3", 1),
        ("go1.21.13", 1),
        ("go1.9.7", 1),
        (HOSTILE, 1),
    ];
    vec![
        Line::Run(Run {
            schema: SCHEMA.into(),
            tool: Tool {
                name: "gospect".into(),
                version: "0.1.0".into(),
            },
            knowledge: KnowledgeDate {
                newest_go: "go1.27".into(),
                date: "2026-11-22".into(),
            },
            targets: vec!["usr/bin".into(), "docker-archive:app.tar".into()],
            facts: "full".into(),
        }),
        Line::Image(Box::new(image)),
        binary(clean()),
        binary(contradicted),
        binary(without_record()),
        binary(hostile()),
        unexamined("usr/bin/secret", "unreadable", "permission denied"),
        unexamined(HOSTILE, "unreadable", "permission denied"),
        unexamined(
            "big.zip",
            "limit",
            "an entry is larger than --max-entry-size",
        ),
        Line::End(End {
            reach: Reach {
                files: 1236,
                below_min_size: 70,
                links: 0,
                not_go: 1157,
                go: 4,
                go_files: Some(4),
                unexamined: 3,
                bytes: 5_130_000_000,
            },
            summary: Summary {
                go_versions: versions
                    .iter()
                    .map(|(v, n)| ((*v).to_owned(), *n))
                    .collect(),
                ports: [("linux/amd64".to_owned(), 3)].into(),
                contradicted: 2,
                without_build_info: 1,
                modules_unknown: 1,
            },
            failed: false,
        }),
    ]
}

/// [`lines`] as one document.
pub fn document() -> Document {
    let mut lines = lines().into_iter();
    let Some(Line::Run(run)) = lines.next() else {
        unreachable!("the first line is `run`")
    };
    let mut document = Document::new(run);
    lines.for_each(|line| document.push(line));
    document
}
