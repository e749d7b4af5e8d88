//! Results of layers that `--cache` keeps: the output is the same with and without them, whatever happens to the folder, and layers are read once.

use crate::support::cli::{Output, Scratch, command, finish, run};
use crate::support::pack::docker_archive;
use crate::support::{fixture, fixtures};
use gospect::go;
use gospect::scan::FACTS;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use test_support::archives::ZipEntry;
use test_support::archives::{ar, gzip, zip};
use test_support::layouts::{Layout, digest_of, index_json, tagged, tar_of};

const APP: &str = "1.27-linux-amd64-deps-strip";
const OTHER: &str = "1.27-linux-amd64-plain";
const ARM: &str = "1.27-linux-arm64-trimstrip";

/// The layers of the test images: programs, hard and symbolic links, whiteouts, an archive, a package database, broken entries.
fn layers() -> Vec<Vec<u8>> {
    let (app, other) = (fixture(APP), fixture(OTHER));
    let status =
        b"Package: app\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n\n";
    let archive = zip(&[ZipEntry::deflated("bin/tool", &other)]);
    let deb = ar(&[("debian-binary", b"2.0\n"), ("data.tar", b"no tar")]);
    vec![
        tar_of(&[
            ("usr/", b""),
            ("usr/bin/", b""),
            ("usr/bin/app", &app),
            ("usr/bin/app-again", b"=usr/bin/app"),
            ("usr/bin/link", b"->app"),
            ("usr/bin/old", &other),
            ("etc/os-release", b"ID=debian\nVERSION_ID=\"13\"\n"),
            ("var/lib/dpkg/status", status),
            ("var/lib/dpkg/info/app.list", b"/usr/bin/app\n"),
        ]),
        tar_of(&[
            ("usr/bin/.wh.old", b""),
            ("opt/tools.zip", &archive),
            ("opt/broken.deb", &deb),
            ("opt/cut.gz", &gzip(&app)[..9000]),
            ("opt/caf\u{e9}", &app[..20_000]),
        ]),
        tar_of(&[("usr/local/bin/app", &other), ("empty", b"")]),
    ]
}

fn image(layout: &mut Layout, arch: &str, layers: &[Vec<u8>]) -> String {
    let kinds = ["+gzip", "+zstd", ""];
    let tars: Vec<_> = layers
        .iter()
        .cloned()
        .zip(kinds.into_iter().cycle())
        .collect();
    let run =
        r#"{"Env":["PATH=/usr/local/bin:/usr/bin","GODEBUG=http2client=0"],"Entrypoint":["app"]}"#;
    layout.image(("linux", arch), run, &tars)
}

/// A layout with two images that share layers.
fn layout() -> (Layout, Vec<String>) {
    let mut layout = Layout::default();
    let mut all = layers();
    let first = image(&mut layout, "amd64", &all);
    all.push(tar_of(&[("usr/bin/arm", &fixture(ARM))]));
    let second = image(&mut layout, "arm64", &all);
    let top = vec![tagged(&first, "one"), tagged(&second, "two")];
    (layout, top)
}

/// Changes the bytes of a result.
type Damage = fn(&[u8]) -> Vec<u8>;

fn scan(target: &Path, more: &[&str]) -> Output {
    let mut command = command();
    command
        .args(["scan", "--format", "ndjson"])
        .args(more)
        .arg(target);
    finish(&mut command)
}

fn with_cache(target: &Path, cache: &Path, more: &[&str]) -> Output {
    let mut all = vec!["--cache", cache.to_str().unwrap()];
    all.extend(more);
    scan(target, &all)
}

fn same(a: &Output, b: &Output, what: &str) {
    assert!(a.stdout == b.stdout, "{what}: other output");
    assert_eq!((&a.stderr, a.code), (&b.stderr, b.code), "{what}");
}

/// All files of the cache that are results.
fn entries(cache: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for shard in fs::read_dir(cache.join("results")).unwrap() {
        let shard = shard.unwrap().path();
        if shard.is_dir() {
            all.extend(
                fs::read_dir(shard)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    all.sort();
    all
}

fn counted(cache: &Path) -> u64 {
    let status = run(&[
        "cache",
        "status",
        "--format",
        "json",
        cache.to_str().unwrap(),
    ]);
    assert_eq!(status.code, Some(0), "{}", status.stderr);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    status["entries"].as_u64().unwrap()
}

#[test]
fn a_cache_changes_nothing_that_is_printed() {
    let scratch = Scratch::new();
    let (layout, top) = layout();
    let directory = layout.write(&top);
    let archive = scratch.put("image.tar", &layout.tar(&top));
    let packed = scratch.put("image.tar.gz", &gzip(&layout.tar(&top)));
    let config = json!({"Entrypoint": ["/usr/bin/app"]});
    let saved = docker_archive("app:1", "linux/amd64", &config, &layers());
    let saved = scratch.put("saved.tar", &saved);
    let cache = scratch.path().join("cache");
    for target in [directory.path(), &archive, &packed, &saved] {
        for more in [
            &[][..],
            &["--facts", "build-info"],
            &["--no-archives"],
            &["--verify-diffid"],
            &["--hash", "--strict"],
        ] {
            let plain = scan(target, more);
            let what = format!("{} {more:?}", target.display());
            let has_programs = plain.stdout.contains(r#""type":"binary""#);
            assert_eq!(has_programs, more != ["--no-archives"], "{what}");
            for _ in 0..2 {
                same(&with_cache(target, &cache, more), &plain, &what);
            }
        }
    }
    // For each set of options but --no-archives: four layers of directory and archive, two more of the archive of `docker save`, which has
    // the third in the same form. The compressed archive is read as a stream, which has its digests at its end.
    assert_eq!(counted(&cache), 4 * (4 + 2));
}

#[test]
fn other_commands_use_the_cache() {
    let scratch = Scratch::new();
    let (layout, top) = layout();
    let directory = layout.write(&top);
    let (target, cache) = (
        directory.path().to_str().unwrap(),
        scratch.path().join("cache"),
    );
    for words in [
        &["audit"][..],
        &["vuln"],
        &["vuln", "--why"],
        &["sbom", "--format", "spdx"],
        &["packages"],
        &["scan"],
        &["audit", "--capabilities"],
    ] {
        let plain = finish(
            command()
                .env("SOURCE_DATE_EPOCH", "1")
                .args(words)
                .arg(target)
                .env("XDG_CACHE_HOME", scratch.path()),
        );
        for _ in 0..2 {
            let mut cached = command();
            cached
                .env("SOURCE_DATE_EPOCH", "1")
                .args(words)
                .arg(target)
                .arg("--cache")
                .arg(&cache);
            same(&finish(&mut cached), &plain, &format!("{words:?}"));
        }
    }
}

#[test]
fn archives_that_must_be_decompressed_are_known_again() {
    let scratch = Scratch::new();
    let (app, other) = (fixture(APP), fixture(OTHER));
    let packed = tar_of(&[
        ("rel/bin/app", &app),
        ("rel/bin/same", b"=rel/bin/app"),
        (
            "rel/lib/tools.zip",
            &zip(&[ZipEntry::deflated("bin/tool", &other)]),
        ),
        ("rel/cut.gz", &gzip(&other)[..9000]),
        ("rel/README", b"text"),
    ]);
    let control = tar_of(&[(
        "control",
        b"Package: app\nVersion: 1.0-1\nArchitecture: amd64\n",
    )]);
    let deb = ar(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &gzip(&control)),
        ("data.tar.gz", &gzip(&packed)),
    ]);
    let (layout, top) = layout();
    scratch.put("tree/app.tar.gz", &gzip(&packed));
    scratch.put(
        "tree/app.tar.zst",
        &zstd::encode_all(packed.as_slice(), 1).unwrap(),
    );
    scratch.put("tree/app.deb", &deb);
    scratch.put("tree/one.gz", &gzip(&[app.as_slice(), &other].concat()));
    // Not kept: short archives, those whose digest takes as long as reading them, and those with images.
    scratch.put("tree/short.gz", &gzip(&app[..400_000]));
    scratch.put("tree/app.zip", &zip(&[ZipEntry::deflated("bin/app", &app)]));
    scratch.put("tree/image.tar.gz", &gzip(&layout.tar(&top)));
    let tree = scratch.path().join("tree");
    let cache = scratch.path().join("cache");
    for target in [
        tree.clone(),
        tree.join("app.tar.gz"),
        tree.join("one.gz"),
        tree.join("app.deb"),
    ] {
        let plain = scan(&target, &[]);
        for _ in 0..2 {
            same(
                &with_cache(&target, &cache, &[]),
                &plain,
                &target.display().to_string(),
            );
        }
    }
    assert_eq!(counted(&cache), 4);
    let whole = gzip(&packed);
    for (damage, bytes) in [
        ("cut", whole[..whole.len() - 9].to_vec()),
        ("longer", [&whole[..], b"junk"].concat()),
    ] {
        let path = scratch.put("tree/app.tar.gz", &bytes);
        let plain = scan(&path, &[]);
        for _ in 0..2 {
            same(&with_cache(&path, &cache, &[]), &plain, damage);
        }
    }
}

#[test]
fn a_damaged_image_is_found_out_in_spite_of_the_cache() {
    let scratch = Scratch::new();
    let (mut layout, top) = layout();
    let good = layout.write(&top);
    let cache = scratch.path().join("cache");
    with_cache(good.path(), &cache, &[]);
    // The images share layers, which are stored once.
    layout.blobs.sort();
    layout.blobs.dedup();
    for at in 0..layout.blobs.len() {
        let whole = layout.blobs[at].1.clone();
        let (mut flipped, mut longer) = (whole.clone(), whole.clone());
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        longer.push(0);
        for damaged in [flipped, whole[..whole.len() - 1].to_vec(), longer] {
            layout.blobs[at].1 = damaged;
            let bad = layout.write(&top);
            let plain = scan(bad.path(), &[]);
            assert_eq!(plain.code, Some(2), "{}", plain.stderr);
            same(&with_cache(bad.path(), &cache, &[]), &plain, "damaged");
        }
        layout.blobs[at].1 = whole;
    }
}

#[test]
fn damaged_results_are_made_again() {
    let scratch = Scratch::new();
    let (layout, top) = layout();
    let directory = layout.write(&top);
    let cache = scratch.path().join("cache");
    let plain = scan(directory.path(), &[]);
    with_cache(directory.path(), &cache, &[]);
    let whole: Vec<_> = entries(&cache)
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect();
    assert_eq!(whole.len(), 4);
    let damage: [Damage; 6] = [
        |_| Vec::new(),
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |bytes| [bytes, b"x"].concat(),
        |bytes| {
            bytes
                .iter()
                .enumerate()
                .map(|(i, b)| b ^ u8::from(i == 40))
                .collect()
        },
        |bytes| {
            bytes
                .iter()
                .enumerate()
                .map(|(i, b)| b ^ u8::from(i == 3))
                .collect()
        },
        |_| vec![7; 100_000],
    ];
    for change in damage {
        for (path, bytes) in entries(&cache).iter().zip(&whole) {
            fs::write(path, change(bytes)).unwrap();
        }
        same(
            &with_cache(directory.path(), &cache, &[]),
            &plain,
            "damaged results",
        );
        let now: Vec<_> = entries(&cache)
            .iter()
            .map(|path| fs::read(path).unwrap())
            .collect();
        assert_eq!(now, whole);
    }
    // The result of one layer under the name of another one.
    let paths = entries(&cache);
    for (path, bytes) in paths.iter().zip(whole.iter().cycle().skip(1)) {
        fs::write(path, bytes).unwrap();
    }
    same(
        &with_cache(directory.path(), &cache, &[]),
        &plain,
        "exchanged results",
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_used_costs_no_result() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let scratch = Scratch::new();
    let (layout, top) = layout();
    let directory = layout.write(&top);
    let plain = scan(directory.path(), &[]);
    // Folders of entries that are files, or links that lead nowhere: nothing can be kept.
    let cache = scratch.path().join("cache");
    with_cache(directory.path(), &cache, &["--no-archives"]);
    fs::remove_dir_all(cache.join("results")).unwrap();
    fs::create_dir(cache.join("results")).unwrap();
    fs::write(
        cache.join("results/gospect-cache"),
        "gospect cache, form 1\n",
    )
    .unwrap();
    for digit in "0123456789abcdef".chars() {
        fs::write(cache.join(format!("results/{digit}")), "").unwrap();
    }
    let kept = with_cache(directory.path(), &cache, &[]);
    assert_eq!((&kept.stdout, kept.code), (&plain.stdout, plain.code));
    assert!(
        kept.stderr.contains("--cache: results could not be kept: "),
        "{}",
        kept.stderr
    );
    assert_eq!(
        kept.stderr.lines().count(),
        plain.stderr.lines().count() + 1
    );
    // An entry that is a link out of the folder is not followed.
    let cache = scratch.path().join("links");
    with_cache(directory.path(), &cache, &[]);
    for path in entries(&cache) {
        let away = scratch.path().join("away");
        fs::rename(&path, &away).unwrap();
        symlink(&away, &path).unwrap();
    }
    same(&with_cache(directory.path(), &cache, &[]), &plain, "links");
    // Read-only, for those who are not root.
    let cache = scratch.path().join("read-only");
    fs::create_dir_all(cache.join("results")).unwrap();
    fs::set_permissions(cache.join("results"), fs::Permissions::from_mode(0o555)).unwrap();
    let kept = with_cache(directory.path(), &cache, &[]);
    assert_eq!((&kept.stdout, kept.code), (&plain.stdout, plain.code));
    fs::set_permissions(cache.join("results"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn foreign_folders_are_refused() {
    let scratch = Scratch::new();
    let (layout, top) = layout();
    let directory = layout.write(&top);
    scratch.put("mine/results/letter.txt", b"dear");
    scratch.put("newer/results/gospect-cache", b"gospect cache, form 9\n");
    scratch.put("file", b"");
    for (folder, why) in [
        ("mine", "it holds other files and no cache"),
        ("newer", "another version of gospect"),
        ("file", "Not a directory"),
    ] {
        let refused = with_cache(directory.path(), &scratch.path().join(folder), &[]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.stdout.is_empty());
        let line = format!(
            "gospect: --cache {}: {why}",
            scratch.path().join(folder).display()
        );
        assert!(refused.stderr.starts_with(&line), "{}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1);
    }
    let none = run(&["cache", "status", scratch.path().to_str().unwrap()]);
    assert_eq!(none.code, Some(2));
    assert!(
        none.stderr.contains("no results are kept here"),
        "{}",
        none.stderr
    );
    assert!(scratch.path().join("mine/results/letter.txt").exists());
    // `off` keeps nothing.
    assert_eq!(
        finish(
            command()
                .current_dir(scratch.path())
                .args(["scan", "--cache", "off"])
                .arg(directory.path())
        )
        .code,
        Some(0)
    );
    assert!(!scratch.path().join("off").exists());
}

#[test]
fn the_size_of_the_cache_is_bounded() {
    let scratch = Scratch::new();
    let cache = scratch.path().join("cache");
    let text = cache.to_str().unwrap();
    let app = fixture(OTHER);
    let mut layout = Layout::default();
    let layers: Vec<_> = (0..60)
        .map(|n| tar_of(&[(&format!("bin/app{n}"), &app)]))
        .collect();
    let one = layout.image(
        ("linux", "amd64"),
        "{}",
        &layers
            .into_iter()
            .map(|tar| (tar, "+gzip"))
            .collect::<Vec<_>>(),
    );
    let directory = layout.write(&[tagged(&one, "one")]);
    with_cache(directory.path(), &cache, &[]);
    assert_eq!(counted(&cache), 60);
    let bytes: u64 = entries(&cache)
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    let shown = run(&["cache", "status", text]);
    assert!(
        shown.stdout.contains(": 60 results, ") && shown.stdout.contains("the oldest used on "),
        "{}",
        shown.stdout
    );
    // The folder may be named as for the commands that fill it, and must be named.
    for named in [&["--cache", text][..], &[&format!("--cache={text}")]] {
        let again = run(&[&["cache", "status"], named].concat());
        assert_eq!((again.code, &again.stdout), (Some(0), &shown.stdout));
    }
    assert_eq!(run(&["cache", "status"]).code, Some(2));
    assert_eq!(
        run(&["cache", "status", text, "--cache", text]).code,
        Some(2)
    );
    // A bound of a third leaves about a third, and what is over is not kept in a later run either.
    let third = (bytes / 3).to_string();
    let plain = scan(directory.path(), &[]);
    let pruned = run(&["cache", "prune", "--max-size", &third, text]);
    assert!(
        pruned.stdout.starts_with("removed ") && pruned.code == Some(0),
        "{pruned:?}"
    );
    let left = counted(&cache);
    assert!((1..=20).contains(&left), "{left}");
    same(
        &with_cache(directory.path(), &cache, &["--cache-size", &third]),
        &plain,
        "a small cache",
    );
    let left: u64 = entries(&cache)
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(left <= bytes / 3, "{left} of {bytes}");
    // What was used today stays, and nothing is removed without a reason.
    let before = counted(&cache);
    run(&["cache", "prune", "--unused-for", "1", text]);
    assert_eq!(counted(&cache), before);
    assert_eq!(run(&["cache", "prune", text]).code, Some(2));
    run(&["cache", "prune", "--max-size", "0", text]);
    assert_eq!(counted(&cache), 0);
}

#[test]
fn several_processes_share_a_cache() {
    let scratch = Scratch::new();
    let (layout, top) = layout();
    let directory = layout.write(&top);
    let cache = scratch.path().join("cache");
    let plain = scan(directory.path(), &[]);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                same(
                    &with_cache(directory.path(), &cache, &[]),
                    &plain,
                    "beside others",
                )
            });
        }
    });
    assert_eq!(counted(&cache), 4);
    assert!(
        entries(&cache)
            .iter()
            .all(|path| path.file_name().unwrap().len() == 64)
    );
}

/// A registry with one repository; returns its address and the paths that were asked for.
fn registry(layout: &Layout, tag: &str, manifest: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let mut content: Vec<(String, Vec<u8>)> = layout.blobs.clone();
    content.push((tag.to_owned(), manifest.as_bytes().to_vec()));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines
                .next()
                .unwrap_or(Ok(String::new()))
                .unwrap_or_default();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let name = path.rsplit('/').next().unwrap_or_default();
            let body = content.iter().find(|(key, _)| key == name);
            log.lock().unwrap().push(path.clone());
            let (status, bytes) = match body {
                Some((_, bytes)) => ("200 OK", bytes.as_slice()),
                None => ("404 Not Found", &b""[..]),
            };
            let kind = "application/vnd.oci.image.index.v1+json";
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                bytes.len()
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(bytes));
        }
    });
    (host, asked)
}

#[test]
fn a_registry_is_asked_for_no_layer_that_is_known() {
    let scratch = Scratch::new();
    let (layout, top) = layout();
    let index = index_json(&top);
    let cache = scratch.path().join("cache");
    let (host, asked) = registry(&layout, "v1", &index);
    let target = PathBuf::from(format!("registry:{host}/app:v1"));
    let take = || std::mem::take(&mut *asked.lock().unwrap());
    let plain = scan(&target, &["--insecure-http"]);
    assert_eq!(plain.code, Some(0), "{}", plain.stderr);
    let all = take();
    same(
        &with_cache(&target, &cache, &["--insecure-http"]),
        &plain,
        "first",
    );
    assert_eq!(take().len(), all.len());
    same(
        &with_cache(&target, &cache, &["--insecure-http"]),
        &plain,
        "second",
    );
    // The index, two manifests and two configurations.
    let few = take();
    assert_eq!(few.len(), 5, "{few:?}");
    assert_eq!(all.len(), 9, "{all:?}");
    // One more layer is one more request.
    let mut layout = layout;
    let mut tars = layers();
    tars.push(tar_of(&[("usr/bin/new", &fixture(OTHER))]));
    let third = image(&mut layout, "amd64", &tars);
    let (host, asked) = registry(&layout, "v2", &index_json(&[third]));
    let target = PathBuf::from(format!("registry:{host}/app:v2"));
    let plain = scan(&target, &["--insecure-http"]);
    asked.lock().unwrap().clear();
    same(
        &with_cache(&target, &cache, &["--insecure-http"]),
        &plain,
        "a new layer",
    );
    let blobs = asked
        .lock()
        .unwrap()
        .iter()
        .filter(|path| path.contains("/blobs/"))
        .count();
    assert_eq!(blobs, 2, "the configuration and the new layer");
}

/// Groups of stored programs whose records stand for all.
const GROUPS: [&str; 3] = ["versions", "ages", "gopath"];

#[test]
fn the_number_of_the_facts_changes_with_the_records() {
    let mut all = String::new();
    for one in fixtures().filter(|one| GROUPS.contains(&one.group.as_str())) {
        let bytes = one.bytes();
        let options = go::Options {
            packages: true,
            symbols: true,
            ..go::Options::default()
        };
        let found = go::inspect(&bytes.as_slice(), &options).map(|inspection| inspection.found);
        for program in found.into_iter().flatten() {
            all.push_str(&serde_json::to_string(&program.record).unwrap());
        }
    }
    let now = format!("{FACTS} {}\n", digest_of(all.as_bytes()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/facts-number.txt");
    if std::env::var_os("GOSPECT_WRITE").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap();
    assert_eq!(
        now, before,
        "records of unchanged programs have changed: raise FACTS in src/scan/stored_program.rs, so that results that were kept are not used, then
GOSPECT_WRITE=1 cargo test --test it facts_have_another_number"
    );
}
