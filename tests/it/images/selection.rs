//! What of an image or archive is looked at: one platform, what is not excluded, one program.

use super::*;

#[test]
fn a_platform_is_one_of_several() {
    let s = Scratch::new();
    let amd64 = image(s.path(), "amd64", &[tar(&[File("bin/app", &fixture(NEW))])]);
    let arm64 = image(s.path(), "arm64", &[tar(&[File("bin/app", &fixture(ARM))])]);
    index(s.path(), &[amd64, arm64]);
    let target = format!("oci-dir:{}", s.path().display());
    let arches = |args: &[&str]| -> Vec<String> {
        let (out, lines) = scan(args, None);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        lines_of_type(&lines, "binary")
            .iter()
            .map(|b| b["executable"]["arch"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(arches(&[&target]), ["amd64", "arm64"]);
    assert_eq!(arches(&[&target, "--platform=linux/arm64"]), ["arm64"]);
}

#[test]
fn exclude_leaves_out_what_is_in_archives_and_images() {
    let s = Scratch::new();
    let (old, new) = (fixture(OLD), fixture(NEW));
    let layer = tar(&[
        File("usr/bin/app", &new),
        File("opt/tools/x", &old),
        HardLink("opt/tools/y", "opt/tools/x"),
        File("opt/tools/cut", &old[..old.len() * 9 / 10]),
    ]);
    let entrypoint = json!({"Entrypoint": ["/usr/bin/app"]});
    let image = docker_archive("shop:1.2", "linux/amd64", &entrypoint, &[layer]);
    s.put("image.tar", &image);
    let inner = tar(&[File("bin/old", &old), File("bin/new", &new)]);
    s.put(
        "all.tar",
        &tar(&[File("./a.tar", &inner), File("new", &new)]),
    );
    let scan = |args: &[&str]| {
        let out =
            crate::support::cli::run_in(s.path(), &[&["scan", "--format=json"], args].concat());
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        let paths = |key: &str| -> Vec<String> {
            let all = document[key].as_array().unwrap().iter();
            all.map(|b| b["path"].as_str().unwrap().to_owned())
                .collect()
        };
        let reach = &document["reach"];
        let count = |key: &str| reach[key].as_u64().unwrap();
        let others = count("files") - count("go_files") - count("not_go") - count("below_min_size");
        (paths("binaries"), paths("unexamined"), others, out.stderr)
    };
    let (programs, problems, containers, _) = scan(&["image.tar"]);
    assert_eq!(programs.len(), 4, "{programs:?}");
    assert_eq!(problems, ["shop:1.2!opt/tools/cut"]);
    for pattern in ["/opt/**", "opt/**", "/opt", "tools", "**/tools/*", "*ool*"] {
        let (programs, problems, others, errors) =
            scan(&["--strict", "--exclude", pattern, "image.tar"]);
        assert_eq!(programs, ["/usr/bin/app"], "{pattern}");
        assert!(
            problems.is_empty() && errors.is_empty(),
            "{pattern}: {errors}"
        );
        assert_eq!(others, containers, "{pattern}");
    }
    let (programs, ..) = scan(&["--exclude", "/opt/tools/x", "image.tar"]);
    assert_eq!(programs, ["/opt/tools/cut", "/opt/tools/y", "/usr/bin/app"]);
    for (pattern, left) in [
        (
            "all.tar!a.tar!bin/old",
            &["all.tar!a.tar!bin/new", "all.tar!new"][..],
        ),
        ("a.tar", &["all.tar!new"]),
        ("bin/new", &["all.tar!a.tar!bin/old", "all.tar!new"]),
        ("new", &["all.tar!a.tar!bin/old"]),
    ] {
        let (programs, .., errors) = scan(&["--exclude", pattern, "all.tar"]);
        assert_eq!(programs, left, "{pattern}: {errors}");
    }
    let (programs, .., errors) = scan(&["--exclude", "opt/x", "image.tar"]);
    assert_eq!(programs.len(), 4);
    assert!(
        errors.contains("matched nothing: `*` does not match `/`"),
        "{errors}"
    );
}

#[test]
fn a_program_inside_is_a_target_by_the_name_that_scan_prints() {
    let s = Scratch::new();
    let (old, new) = (fixture(OLD), fixture(NEW));
    let layers = [
        tar(&[File("usr/bin/app", &old), File("opt/x", &old)]),
        tar(&[File("usr/bin/app", &new)]),
    ];
    let entrypoint = json!({"Entrypoint": ["/usr/bin/app"], "Env": ["GODEBUG=http2client=0"]});
    s.put(
        "image.tar",
        &docker_archive("shop:1.2", "linux/amd64", &entrypoint, &layers),
    );
    let inner = tar(&[File("bin/old", &old), File("bin/new", &new)]);
    s.put(
        "all.tar",
        &tar(&[File("./a.tar", &inner), File("new", &new)]),
    );
    let run = |args: &[&str]| crate::support::cli::run_in(s.path(), args);
    let paths = |targets: &[&str]| -> Vec<String> {
        let out = run(&[&["scan", "--format=json"], targets].concat());
        assert_eq!((out.code, out.stderr.as_str()), (Some(0), ""));
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        let all = document["binaries"].as_array().unwrap().iter();
        all.map(|b| b["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let app = "/usr/bin/app";
    for (targets, wanted) in [
        (&["image.tar!/usr/bin/app"][..], &[app, app][..]),
        (&["image.tar!usr/bin/app"], &[app, app]),
        (&["docker-archive:image.tar:shop:1.2!/opt/x"], &["/opt/x"]),
        (&["all.tar!new"], &["all.tar!new"]),
        (
            &["archive:all.tar!./a.tar!bin/old"],
            &["all.tar!a.tar!bin/old"],
        ),
        (
            &["all.tar!new", "all.tar!a.tar!bin/new"],
            &["all.tar!a.tar!bin/new", "all.tar!new"],
        ),
        (
            &["all.tar!new", "image.tar!/opt/x"],
            &["all.tar!new", "/opt/x"],
        ),
    ] {
        assert_eq!(paths(targets), wanted, "{targets:?}");
    }
    let whole = paths(&["all.tar"]);
    assert_eq!(paths(&["all.tar!new", "all.tar"]).len(), 2 * whole.len());
    let card = run(&["scan", "all.tar!new"]);
    assert!(card.stdout.starts_with("all.tar!new\n"), "{}", card.stdout);
    assert!(card.stdout.contains("Looked at 3 files"), "{}", card.stdout);
    for (target, hint) in [
        ("all.tar!old", "did you mean `all.tar!a.tar!bin/old`?"),
        (
            "image.tar!/usr/bin/ap",
            "did you mean `image.tar!/usr/bin/app`?",
        ),
        ("all.tar!zzzzzz", "it has a.tar!bin/old, a.tar!bin/new, new"),
    ] {
        let out = run(&["scan", target]);
        assert_eq!(out.code, Some(2), "{target}");
        assert!(out.stderr.contains(hint), "{target}: {}", out.stderr);
    }
    for command in ["audit", "packages", "sbom", "fips"] {
        let out = run(&[command, "--format=json", "--", "all.tar!new"]);
        let out = match command {
            "sbom" => run(&[command, "all.tar!new"]),
            _ => out,
        };
        assert!(out.code.unwrap() < 2, "{command}: {}", out.stderr);
    }
    let diff = run(&[
        "diff",
        "--format=json",
        "all.tar!a.tar!bin/old",
        "all.tar!new",
    ]);
    assert_eq!(diff.code, Some(0), "{}", diff.stderr);
}

#[test]
fn a_program_inside_is_read_by_commands_about_one_program() {
    let s = Scratch::new();
    let (old, new, arm) = (fixture(OLD), fixture(NEW), fixture(ARM));
    let layers = [
        tar(&[File("app", &old), File("same", &new)]),
        tar(&[File("app", &new)]),
    ];
    let config = json!({"Entrypoint": ["/app"]});
    s.put(
        "image.tar",
        &docker_archive("shop:1.2", "linux/amd64", &config, &layers),
    );
    let inner = tar(&[File("bin/old", &old)]);
    s.put("all.tar", &tar(&[File("a.tar", &inner), File("new", &new)]));
    s.put("one.tar.gz", &gzip(&tar(&[File("bin/new", &new)])));
    let (amd64, arm64) = (
        image(s.path(), "amd64", &[tar(&[File("bin/app", &new)])]),
        image(s.path(), "arm64", &[tar(&[File("bin/app", &arm)])]),
    );
    index(s.path(), &[amd64, arm64]);
    s.put("new", &new);
    s.put("old", &old);
    let run = |args: &[&str]| crate::support::cli::run_in(s.path(), args);
    let why = |program: &str, more: &[&str]| {
        let args = [&["why", "--format=json"], more, &[program, "main.main"]].concat();
        let out = run(&args);
        assert_eq!((out.code, out.stderr.as_str()), (Some(0), ""), "{program}");
        let mut document: Value = serde_json::from_str(&out.stdout).unwrap();
        document["answers"].take()
    };
    let (of_new, of_old) = (why("new", &[]), why("old", &[]));
    for (program, answers) in [
        // The copy that a later layer hides is not meant.
        ("image.tar!/app", &of_new),
        ("docker-archive:image.tar:shop:1.2!same", &of_new),
        ("all.tar!a.tar!bin/old", &of_old),
        ("one.tar.gz", &of_new),
        ("file:old", &of_old),
    ] {
        assert_eq!(&why(program, &[]), answers, "{program}");
    }
    let of_arm = why("oci-dir:.!/bin/app", &["--platform=linux/arm64"]);
    assert_eq!(of_arm[0]["found"], true);
    for (program, message) in [
        (
            "all.tar",
            "2 Go programs fit: a.tar!bin/old, new; name one, as `all.tar!a.tar!bin/old`",
        ),
        ("all.tar!ne", "did you mean `all.tar!new`?"),
        (
            "oci-dir:.!/bin/app",
            "(linux/amd64), . (linux/arm64); choose one with --platform, or name one image",
        ),
        ("-", "standard input is read only once"),
        ("docker:shop", "docker save -o image.tar shop"),
    ] {
        for command in [
            &["why", program, "main.main"][..],
            &["rebuild", "--recipe", program],
        ] {
            let out = run(command);
            assert_eq!(out.code, Some(2), "{command:?}");
            assert!(out.stderr.contains(message), "{command:?}: {}", out.stderr);
        }
    }
    let code = run(&["diff", "--code", "new", "image.tar!/app"]);
    assert!(
        code.stdout.contains("code: identical"),
        "{}{}",
        code.stdout,
        code.stderr
    );
}
