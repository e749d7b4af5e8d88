//! Archives: paths through them, and compression inside compression.

use super::*;

#[test]
fn archives_give_paths_through_them() {
    let s = Scratch::new();
    let app = fixture(NEW);
    let plain = tar(&[
        File("./bin/app", &app),
        HardLink("bin/also", "bin/app"),
        File("README", b"text"),
    ]);
    let debian = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &gzip(&tar(&[]))),
        ("data.tar.gz", &gzip(&plain)),
    ]);
    s.put("d/a.tar.gz", &gzip(&plain));
    s.put("d/b.zip", &zip("app", &app));
    s.put("d/c.deb", &debian);
    s.put("d/e.tar", &tar(&[File("in/b.zip", &zip("app", &app))]));
    s.put("d/f.gz", &gzip(&app));
    s.put("d/small.gz", &gzip(b"not a program"));
    // Paths use slashes on every system.
    let prefix = format!("{}/", s.path().join("d").display()).replace('\\', "/");
    for target in [
        s.path().join("d").display().to_string(),
        format!("dir:{}", s.path().join("d").display()),
    ] {
        let (out, lines) = scan(&[&target], None);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let paths: Vec<_> = lines_of_type(&lines, "binary")
            .iter()
            .map(|b| b["path"].as_str().unwrap().replace(&prefix, ""))
            .collect();
        assert_eq!(
            paths,
            [
                "a.tar.gz!bin/app",
                "a.tar.gz!bin/also",
                "b.zip!app",
                "c.deb!bin/app",
                "c.deb!bin/also",
                "e.tar!in/b.zip!app",
                "f.gz",
            ]
        );
        assert!(lines_of_type(&lines, "unexamined").is_empty());
    }
}

fn xz(bytes: &[u8], window: u32) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    options.lzma_options.dict_size = window;
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Waiting for memory that the same walk holds would never end: compressed streams inside compressed streams, in a file and on
/// standard input, with windows of which only one may be used at a time, and with a budget that one window fills.
#[test]
fn compression_inside_compression_ends() {
    let (done, ended) = std::sync::mpsc::channel();
    let work = std::thread::spawn(move || {
        let s = Scratch::new();
        let app = fixture(NEW);
        let plain = tar(&[File("bin/app", &app)]);
        for (window, memory) in [(12 << 20, "512M"), (12 << 20, "12M"), (6 << 20, "6M")] {
            let layer = xz(&plain, window);
            let archive = xz(&tar(&[File("in.tar.xz", &layer)]), window);
            let config = json!({"Entrypoint": ["/bin/app"]});
            let layers = [layer.clone(), layer];
            let image = xz(
                &docker_archive("a:1", "linux/amd64", &config, &layers),
                window,
            );
            for (name, bytes, found) in [
                ("archive.tar.xz", archive, "!in.tar.xz!bin/app"),
                ("image.tar.xz", image, "/bin/app"),
            ] {
                let path = s.put(name, &bytes).display().to_string();
                for (target, input) in [(path.as_str(), None), ("-", Some(bytes.as_slice()))] {
                    for jobs in ["--jobs=1", "--jobs=4"] {
                        let memory = format!("--memory={memory}");
                        let (out, lines) = scan(&[target, jobs, &memory], input);
                        let paths = lines_of_type(&lines, "binary");
                        let paths: Vec<_> =
                            paths.iter().map(|b| b["path"].as_str().unwrap()).collect();
                        assert!(
                            paths.last().is_some_and(|p| p.ends_with(found)),
                            "{name} {target} {jobs} {memory}: {paths:?} {}",
                            out.stderr
                        );
                    }
                }
            }
        }
        drop(done);
    });
    let ended = ended.recv_timeout(std::time::Duration::from_secs(1800));
    assert_ne!(
        ended,
        Err::<(), _>(std::sync::mpsc::RecvTimeoutError::Timeout),
        "a scan hangs"
    );
    work.join().unwrap();
}
