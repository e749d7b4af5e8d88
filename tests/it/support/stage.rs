//! The files that the documentation uses: a directory with a release, an older one, images, and substitutes for other tools.

use super::cli::Scratch;
use super::fixture;
use gospect::source::image::Digest;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const NEW: &str = "1.27-linux-amd64-vcs-clean";
const OLD: &str = "1.26-linux-amd64-w";

/// A directory in which the commands of the documentation can run.
pub struct Stage(Scratch);

impl Stage {
    pub fn new() -> Self {
        let stage = Self(Scratch::new());
        for (path, id) in [
            ("dist/app", NEW),
            ("dist/app.wasm", "1.27-wasip1-wasm-strip"),
            ("dist/agent.exe", "1.27-windows-amd64-strip"),
            ("dist/legacy", "1.19-linux-amd64-deps"),
            ("worker", "1.22-linux-amd64-strip"),
            ("app", NEW),
            ("new/app", NEW),
            ("old/app", OLD),
            ("old-dist/app", OLD),
        ] {
            stage.program(path, &fixture(id));
        }
        stage.program("edited", &edited(&fixture(NEW)));
        stage.0.put("ci/gospect.toml", b"profile = \"release\"\n");
        tar(
            stage.path(),
            &stage.path().join("dist/worker.tar"),
            &["worker"],
        );
        let dockerfile = include_bytes!("../../../testdata/lint/Dockerfile");
        stage.0.put("Dockerfile", dockerfile);
        let unit = b"[Service]\nEnvironment=GODEBUG=gctrace=1\nExecStart=/usr/bin/app\n";
        stage.0.put("deploy/app.service", unit);
        let pod = b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: app\n    env:\n    - {name: GODEBUG, value: mmap=1}\n";
        stage.0.put("deploy/pod.yaml", pod);
        stage.images();
        // Scripts that answer like the real tools for these files.
        let root = stage.path().display();
        for (name, script) in [
            ("docker", format!("cat '{root}/image.tar'")),
            ("podman", format!("cat '{root}/image.oci.tar'")),
            ("git", format!("echo {:040x}", 7)),
            ("helm", format!("cat '{root}/deploy/pod.yaml'")),
        ] {
            stage.program(
                &format!("bin/{name}"),
                format!("#!/bin/sh\n{script}\n").as_bytes(),
            );
        }
        let link = stage.path().join("bin/gospect");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gospect"), link).unwrap();
        stage
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The search path, with the substitutes first.
    pub fn search_path(&self) -> std::ffi::OsString {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let own = std::iter::once(self.path().join("bin"));
        std::env::join_paths(own.chain(std::env::split_paths(&rest))).unwrap()
    }

    fn program(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.put(path, bytes);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// One image in every form: OCI layout (two platforms), OCI archive, and the output of `docker save`.
    fn images(&self) {
        let layout = self.path().join("build/image");
        fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
        let manifests = [
            image(&layout, self, "amd64", &[OLD, NEW]),
            image(&layout, self, "arm64", &["1.27-linux-arm64-w"]),
        ];
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        fs::write(layout.join("index.json"), index.to_string()).unwrap();
        fs::write(
            layout.join("oci-layout"),
            r#"{"imageLayoutVersion":"1.0.0"}"#,
        )
        .unwrap();
        tar(&layout, &self.path().join("image.oci.tar"), &["."]);

        let blob = |digest: &Value| {
            let hex = digest.as_str().unwrap().trim_start_matches("sha256:");
            format!("blobs/sha256/{hex}")
        };
        let manifest = fs::read(layout.join(blob(&manifests[0]["digest"]))).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layers = manifest["layers"].as_array().unwrap().iter();
        let layers: Vec<String> = layers.map(|layer| blob(&layer["digest"])).collect();
        let saved = json!([{
            "Config": blob(&manifest["config"]["digest"]), "RepoTags": ["app:1.2"],
            "Layers": layers,
        }]);
        fs::write(layout.join("manifest.json"), saved.to_string()).unwrap();
        for name in ["image.tar", "images.tar"] {
            tar(
                &layout,
                &self.path().join(name),
                &["manifest.json", "blobs"],
            );
        }
        fs::remove_file(layout.join("manifest.json")).unwrap();
    }
}

/// Writes the blobs of an image that starts `/app`, which every layer replaces.
fn image(layout: &Path, stage: &Stage, arch: &str, ids: &[&str]) -> Value {
    let layer = |id: &&str| {
        stage.program("root/app", &fixture(id));
        let layer = stage.path().join("layer.tar");
        tar(&stage.path().join("root"), &layer, &["app"]);
        let bytes = fs::read(&layer).unwrap();
        fs::remove_file(&layer).unwrap();
        fs::remove_dir_all(stage.path().join("root")).unwrap();
        bytes
    };
    let layers: Vec<Vec<u8>> = ids.iter().map(layer).collect();
    let diff_ids: Vec<String> = layers.iter().map(|l| Digest::of(l).to_string()).collect();
    let blob = |kind: &str, bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(layout.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        let kind = format!("application/vnd.oci.image.{kind}");
        json!({"mediaType": kind, "digest": digest.to_string(), "size": bytes.len()})
    };
    let config = json!({
        "os": "linux", "architecture": arch,
        "config": {"Entrypoint": ["/app"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("config.v1+json", config.to_string().as_bytes()),
        "layers": layers.iter().map(|l| blob("layer.v1.tar", l)).collect::<Vec<_>>(),
    });
    let mut row = blob("manifest.v1+json", manifest.to_string().as_bytes());
    row["platform"] = json!({"os": "linux", "architecture": arch});
    row["annotations"] = json!({"org.opencontainers.image.ref.name": "latest"});
    row
}

fn tar(from: &Path, to: &Path, names: &[&str]) {
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(from).arg("-cf").arg(to).args(names);
    assert!(tar.status().unwrap().success());
}

/// A program whose release in the build-info blob was changed as with a hex editor.
fn edited(program: &[u8]) -> Vec<u8> {
    let mut bytes = program.to_vec();
    let blob = bytes
        .windows(14)
        .position(|w| w == b"\xff Go buildinf:")
        .unwrap();
    let at = bytes[blob..]
        .windows(8)
        .position(|w| w == b"go1.27.3")
        .unwrap();
    bytes[blob + at..blob + at + 8].copy_from_slice(b"go1.27.9");
    bytes
}
