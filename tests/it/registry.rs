//! An image pushed to a real registry reads the same as the OCI layout it came from.
//!
//! Needs Debian's `docker-registry` and `skopeo`; without them the test prints a note and is skipped.

use crate::support::skip;

use gospect::source::archive::{ArchiveError, Candidate, Place, Want};
use gospect::source::image::{Digest, Examine, ImageOptions, Payload, StoreScan, scan_directory};
use gospect::source::registry::{self, Settings};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The digest of a program.
#[derive(Clone, Debug, PartialEq)]
struct Program(String);

impl Payload for Program {}

/// Takes files that begin with `EXE:` for programs.
struct Programs;

impl Examine<Program> for Programs {
    fn wants(&self, _: &Place, head: &[u8], _: Option<u64>) -> Want {
        if head.starts_with(b"EXE:") {
            Want::Whole
        } else {
            Want::Skip
        }
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<Program, ArchiveError>> {
        let mut bytes = vec![0; candidate.bytes.len() as usize];
        candidate.bytes.read_at(&mut bytes, 0).unwrap();
        vec![Ok(Program(Digest::of(&bytes).hex()))]
    }
}

/// Stops the server at the end of the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(dir: &Path, port: u16) -> Server {
    let config = dir.join("config.yml");
    let store = dir.join("store");
    let text = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
        store.display()
    );
    std::fs::write(&config, text).unwrap();
    let child = Command::new("docker-registry")
        .arg("serve")
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Server(child.unwrap());
    for _ in 0..6000 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return server;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the registry does not come up");
}

/// A tar of these files with mode 0755.
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, body) in files {
        let mut header = [0u8; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, name.as_bytes());
        put(100, b"0000755\x000000000\x000000000\x00");
        put(
            124,
            format!("{:011o}\x0000000000000\x00        0", body.len()).as_bytes(),
        );
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(header);
        out.extend(*body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

struct Layout<'a>(&'a Path);

impl Layout<'_> {
    fn blob(&self, bytes: &[u8]) -> String {
        let digest = Digest::of(bytes);
        std::fs::create_dir_all(self.0.join("blobs/sha256")).unwrap();
        std::fs::write(self.0.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        format!(r#""digest":"{digest}","size":{}"#, bytes.len())
    }

    /// Adds an image of these layers, compressed with gzip and zstd in turns.
    fn image(&self, arch: &str, tars: &[Vec<u8>]) -> String {
        let mut layers = Vec::new();
        for (i, tar) in tars.iter().enumerate() {
            let (kind, stored) = match i % 2 {
                0 => {
                    let mut encoder =
                        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                    encoder.write_all(tar).unwrap();
                    ("gzip", encoder.finish().unwrap())
                }
                _ => ("zstd", zstd::encode_all(tar.as_slice(), 1).unwrap()),
            };
            layers.push(format!(
                r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar+{kind}",{}}}"#,
                self.blob(&stored)
            ));
        }
        let ids: Vec<_> = tars
            .iter()
            .map(|t| format!("\"{}\"", Digest::of(t)))
            .collect();
        let config = format!(
            r#"{{"os":"linux","architecture":"{arch}","config":{{"Entrypoint":["/app"]}},"rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
            ids.join(",")
        );
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{}}},"layers":[{}]}}"#,
            self.blob(config.as_bytes()),
            layers.join(",")
        );
        let at = self.blob(manifest.as_bytes());
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json",{at},"platform":{{"os":"linux","architecture":"{arch}"}}}}"#
        )
    }
}

/// Everything that must not depend on where the image is read from: all but the names that people gave it.
fn comparable(scan: &StoreScan<Program>) -> Vec<String> {
    let mut all = Vec::new();
    for image in &scan.images {
        let mut record = image.record.clone();
        record.reference.clear();
        all.push(format!("{record:?} {:?}", image.problems));
        all.extend(image.programs.iter().map(|p| format!("{p:?}")));
    }
    all.extend(scan.problems.iter().map(|p| format!("{p:?}")));
    all
}

#[test]
fn a_registry_gives_what_the_layout_gave() {
    if !skip::needs(&["docker-registry", "skopeo"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("layout");
    let layout = Layout(&path);
    let base = tar_of(&[
        ("app", b"EXE:old"),
        ("gone", b"EXE:gone"),
        ("etc/motd", b"hello"),
    ]);
    let upper = tar_of(&[("app", b"EXE:new"), (".wh.gone", b"")]);
    let amd = layout.image("amd64", &[base.clone(), upper]);
    let arm = layout.image("arm64", &[base, tar_of(&[("tool", b"EXE:arm")])]);
    let index = layout.blob(
        format!(r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{amd},{arm}]}}"#).as_bytes(),
    );
    let top = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json",{index},"annotations":{{"org.opencontainers.image.ref.name":"1"}}}}]}}"#
    );
    std::fs::write(path.join("index.json"), top).unwrap();
    std::fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();

    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let _server = start(dir.path(), port);
    let pushed = Command::new("skopeo")
        .args([
            "--insecure-policy",
            "copy",
            "-q",
            "--all",
            "--dest-tls-verify=false",
        ])
        .arg(format!("oci:{}:1", path.display()))
        .arg(format!("docker://127.0.0.1:{port}/t/app:1"))
        .output()
        .unwrap();
    assert!(
        pushed.status.success(),
        "{}",
        String::from_utf8_lossy(&pushed.stderr)
    );

    let settings = Settings {
        insecure_http: true,
        docker_config: None,
        ..Settings::default()
    };
    let mut options = ImageOptions::new("image");
    options.verify_diffid = true;
    let from_layout = scan_directory(&path, &options, &Programs);
    let digest = index.split('"').find(|p| p.starts_with("sha256:")).unwrap();
    for tail in [":1", &format!("@{digest}")] {
        let target = format!("127.0.0.1:{port}/t/app{tail}");
        let from_registry = registry::scan(&target, &settings, &options, &Programs);
        assert_eq!(
            comparable(&from_registry),
            comparable(&from_layout),
            "{target}"
        );
    }
    assert_eq!(
        from_layout
            .images
            .iter()
            .map(|i| i.programs.len())
            .collect::<Vec<_>>(),
        [3, 3]
    );
}
