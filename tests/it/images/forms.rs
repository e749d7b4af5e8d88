//! The forms in which an image comes: layouts, archives, streams, with layers of any name, whole or damaged.

use super::*;

#[test]
fn a_layout_an_archive_and_a_stream_of_it_read_the_same() {
    let s = Scratch::new();
    let dir = s.path().join("app");
    layout(&dir);
    let archive = s.put("app.tar", &packed(&dir));
    let target = format!("oci-dir:{}", dir.display());
    let (out, lines) = scan(&[&target], None);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert_eq!(summary_of_programs(&lines), expected());
    let image = lines_of_type(&lines, "image")[0];
    assert_eq!(image["platform"], "linux/amd64");
    assert_eq!(image["user"], "1000");
    assert_eq!(image["entrypoint"], json!(["app", "--serve"]));
    assert_eq!(
        image["labels"]["org.opencontainers.image.version"],
        "v9.9.9"
    );
    assert_eq!(image["layers"][1]["created_by"], "COPY step 1");
    assert_eq!(image["aliases"], json!([]));
    let stored: u64 = (image["layers"].as_array().unwrap().iter())
        .map(|layer| layer["size"].as_u64().unwrap())
        .sum();
    let read = |lines: &[Value]| {
        lines_of_type(lines, "end")[0]["reach"]["bytes"]
            .as_u64()
            .unwrap()
    };
    assert!(read(&lines) >= stored, "{} of {stored}", read(&lines));
    for binary in lines_of_type(&lines, "binary") {
        let effective = binary["godebug"]["effective"].as_array().unwrap();
        let client = effective.iter().find(|e| e["key"] == "http2client");
        // Nothing starts a hidden copy, so no environment acts on it.
        let Some(client) = client else {
            assert_eq!(binary["location"]["visible"], false, "{}", binary["path"]);
            continue;
        };
        assert_eq!(
            [&client["value"], &client["origin"]],
            ["0", "environment"],
            "{}",
            binary["path"]
        );
    }
    for args in [
        vec![format!("oci-archive:{}", archive.display())],
        vec![archive.display().to_string()],
        // Found in a walk, once as a directory and once as an archive.
        vec![format!("dir:{}", s.path().display())],
    ] {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let (out, lines) = scan(&args, None);
        assert_eq!(out.code, Some(0), "{args:?} {}", out.stderr);
        let mut want = expected();
        if args[0].starts_with("dir:") {
            want.extend(expected());
            want.sort_by_key(Value::to_string);
        }
        assert_eq!(summary_of_programs(&lines), want, "{args:?}");
    }
    let (out, lines) = scan(&["-"], Some(&packed(&dir)));
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert_eq!(summary_of_programs(&lines), expected());
    assert!(read(&lines) >= stored, "{} of {stored}", read(&lines));
}

/// A `dir:` directory of `skopeo copy`: blobs beside the manifest, named by their hex digits.
#[test]
fn an_image_copied_into_a_directory_is_found_in_a_walk() {
    let s = Scratch::new();
    let (layout_dir, flat) = (s.path().join("layout"), s.path().join("walk/flat"));
    layout(&layout_dir);
    std::fs::create_dir_all(&flat).unwrap();
    let index = std::fs::read(layout_dir.join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let manifest = index["manifests"][0]["digest"].as_str().unwrap();
    for blob in std::fs::read_dir(layout_dir.join("blobs/sha256")).unwrap() {
        let blob = blob.unwrap();
        let name = blob.file_name();
        let name = match manifest.ends_with(name.to_str().unwrap()) {
            true => "manifest.json".into(),
            false => name,
        };
        std::fs::copy(blob.path(), flat.join(name)).unwrap();
    }
    std::fs::write(flat.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    let walk = s.path().join("walk");
    let (out, lines) = scan(&[walk.to_str().unwrap()], None);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert_eq!(summary_of_programs(&lines), expected());
}

#[test]
fn docker_save_is_read_from_a_file_and_from_a_stream() {
    let s = Scratch::new();
    let path = s.put("shop.tar", &saved());
    for (args, stdin) in [
        (path.to_str().unwrap(), None),
        ("-", Some(saved())),
        ("-", Some(gzip(&saved()))),
    ] {
        let (out, lines) = scan(&[args], stdin.as_deref());
        assert_eq!(out.code, Some(0), "{args} {}", out.stderr);
        assert_eq!(summary_of_programs(&lines), expected(), "{args}");
    }
}

/// In the format of `docker save`, the manifest may give its layers any name.
#[test]
fn layers_may_have_any_name() {
    let s = Scratch::new();
    let layer = tar(&[File("bin/app", &fixture(NEW))]);
    let config = json!({
        "os": "linux", "architecture": "amd64", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer).to_string()]},
    })
    .to_string();
    for name in ["layer1.tar", "l1/layer.tar"] {
        let manifest =
            json!([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": [name]}]).to_string();
        let image = tar(&[
            File("c.json", config.as_bytes()),
            File(name, &layer),
            File("manifest.json", manifest.as_bytes()),
        ]);
        let path = s.put("image.tar", &image).display().to_string();
        let (out, lines) = scan(&[&format!("docker-archive:{path}")], None);
        assert_eq!(out.code, Some(0), "{name}: {}", out.stderr);
        assert_eq!(
            lines_of_type(&lines, "binary")[0]["path"],
            "/bin/app",
            "{name}"
        );
    }
}

#[test]
fn a_wrong_or_missing_layer_fails_and_the_rest_is_reported() {
    type Damage = fn(&Path);
    let damage: [(&str, Damage); 2] = [
        ("digest", |p| {
            let mut bytes = std::fs::read(p).unwrap();
            // The operating system byte of the gzip header, so that the content stays readable.
            bytes[9] ^= 1;
            std::fs::write(p, bytes).unwrap();
        }),
        ("missing", |p| std::fs::remove_file(p).unwrap()),
    ];
    for (word, harm) in damage {
        let s = Scratch::new();
        layout(s.path());
        let digest = Digest::of(&gzip(&layers()[0]));
        harm(&s.path().join("blobs/sha256").join(digest.hex()));
        let (out, lines) = scan(&[&format!("oci-dir:{}", s.path().display())], None);
        assert_eq!(out.code, Some(2), "{word}");
        let problems = lines_of_type(&lines, "unexamined");
        assert!(
            problems
                .iter()
                .any(|p| p["detail"].as_str().unwrap().contains(word)),
            "{word}: {problems:?}"
        );
        assert!(
            summary_of_programs(&lines)
                .iter()
                .any(|t| t[0] == "/bin/twin" && t[2] == true),
            "{word}"
        );
    }
}
