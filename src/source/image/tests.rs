//! Images in every form, and what is found in them.

use super::testing::*;
use super::*;
use crate::source::archive::Feed;
use crate::source::archive::build::gzip;

const RUN: &str = r#"{"Env":["PATH=/bin","GODEBUG=a=1"],"Entrypoint":["app"],"Cmd":["serve"],"User":"10","Labels":{"k":"v"},"WorkingDir":"/w"}"#;

/// Two images that share their first layer, one of them for two platforms.
fn sample() -> (Layout, Vec<String>) {
    let inner = gzip(&tar_of(&[("./x/tool", b"EXE:nested")]));
    let base = tar_of(&[
        ("bin/", b""),
        ("bin/app", b"EXE:old"),
        ("bin/gone", b"EXE:gone"),
        ("pack.tar.gz", &inner),
        ("etc/motd", b"hi"),
    ]);
    let upper = tar_of(&[
        ("bin/app", b"EXE:new"),
        ("bin/.wh.gone", b""),
        ("bin/two", b"=bin/app"),
        ("bin/link", b"->app"),
    ]);
    let arm = tar_of(&[("bin/app", b"EXE:arm")]);
    let mut layout = Layout::default();
    let amd = layout.image(
        ("linux", "amd64"),
        RUN,
        &[(base.clone(), "+gzip"), (upper, "+zstd")],
    );
    let arm = layout.image(("linux", "arm64"), RUN, &[(base, "+gzip"), (arm, "")]);
    let index = layout.index(&[
        format!(r#"{amd},"platform":{{"os":"linux","architecture":"amd64"}}"#),
        format!(r#"{arm},"platform":{{"os":"linux","architecture":"arm64"}}"#),
        format!(r#"{amd},"platform":{{"os":"unknown","architecture":"unknown"}},"annotations":{{"vnd.docker.reference.type":"attestation-manifest"}}"#),
    ]);
    (layout, vec![tagged(&index, "all"), tagged(&amd, "amd")])
}

/// The bounds of limits.md on layers, for images as registries and as `docker save` give them.
#[test]
fn an_image_of_very_many_layers_is_read_to_the_bound() {
    let tar = tar_of(&[("bin/app", b"EXE:app")]);
    let last = tar_of(&[("bin/last", b"EXE:last")]);
    for (count, wanted) in [(1000, None), (1001, Some("1001 layers, 1000 are read"))] {
        let mut layers = vec![(tar.clone(), ""); count - 1];
        layers.push((last.clone(), ""));
        let mut layout = Layout::default();
        let image = layout.image(("linux", "amd64"), RUN, &layers);
        let oci = layout.tar(&[tagged(&image, "1")]);
        let names = |n: usize| {
            if n + 1 == count {
                "\"b/layer.tar\""
            } else {
                "\"a/layer.tar\""
            }
        };
        let listed: Vec<&str> = (0..count).map(names).collect();
        let ids: Vec<String> = layers
            .iter()
            .map(|(tar, _)| format!("\"{}\"", Digest::of(tar)))
            .collect();
        let config = format!(
            r#"{{"os":"linux","architecture":"amd64","config":{RUN},"rootfs":{{"diff_ids":[{}]}}}}"#,
            ids.join(",")
        );
        let manifest = format!(
            r#"[{{"Config":"c.json","RepoTags":["img:1"],"Layers":[{}]}}]"#,
            listed.join(",")
        );
        let docker = tar_of(&[
            ("a/layer.tar", &tar),
            ("b/layer.tar", &last),
            ("c.json", config.as_bytes()),
            ("manifest.json", manifest.as_bytes()),
        ]);
        for archive in [oci, docker] {
            let options = Options::new("img");
            for scan in [
                scan_archive(&archive, &options, &Programs),
                scan_stream(&mut Feed::at(&archive), &options, &Programs),
            ] {
                let told = problems(&scan);
                let limits: Vec<_> = told.iter().filter(|p| p.contains("layers,")).collect();
                assert_eq!(limits.len(), usize::from(wanted.is_some()), "{told:?}");
                assert!(
                    limits
                        .iter()
                        .all(|p| p.contains(wanted.unwrap_or("?")) && p.starts_with("limit")),
                    "{told:?}"
                );
                let found = shown(&scan);
                assert_eq!(
                    found.contains("/bin/last=last"),
                    wanted.is_none(),
                    "{count}"
                );
                assert!(found.contains("/bin/app=app"));
            }
        }
    }
}

#[test]
fn problems_of_one_layer_have_a_share_of_the_memory_and_an_end() {
    let names: Vec<String> = (0..3000).map(|n| format!("bin/{n}")).collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|n| (n.as_str(), &b"EXE:broken"[..]))
        .collect();
    let mut entries = entries;
    entries.push(("bin/last", b"EXE:last"));
    let mut layout = Layout::default();
    let image = layout.image(("linux", "amd64"), RUN, &[(tar_of(&entries), "")]);
    let archive = layout.tar(&[tagged(&image, "1")]);
    // A 1024th of a gigabyte has room for more than the 1000 that there may be, one of 100 MiB for a few dozen.
    for (memory, least, most) in [(1 << 30, 1000, 1000), (100 << 20, 20, 130)] {
        let mut options = Options::new("img");
        options.budget = crate::bytes::Budget::new(memory);
        let scan = scan_archive(&archive, &options, &Programs);
        let told = problems(&scan);
        let broken = told
            .iter()
            .filter(|p| p.contains("cannot be unpacked"))
            .count();
        assert!((least..=most).contains(&broken), "{memory}: {broken}");
        let rest = format!("more than {broken} problems in one layer");
        let said = told.iter().filter(|p| p.contains(&rest));
        assert_eq!(said.count(), 1, "{:?}", told.last());
        assert!(
            shown(&scan).contains("/bin/last=last"),
            "what works is found behind them"
        );
    }
}

const SAMPLE: &str = "img:all linux/amd64
  /bin/app=old 0 hidden
  /bin/app=new 1 started
  /bin/gone=gone 0 hidden
  /bin/two=new 1
  /pack.tar.gz!x/tool=nested 0
img:all linux/arm64
  /bin/app=old 0 hidden
  /bin/app=arm 1 started
  /bin/gone=gone 0
  /pack.tar.gz!x/tool=nested 0
";

/// `docker save` as it was before Docker 25: two images that share a layer, once by a link.
fn docker_save(layers_first: bool) -> Vec<u8> {
    let base = tar_of(&[("bin/app", b"EXE:old")]);
    let upper = tar_of(&[("bin/app", b"EXE:new")]);
    let config = |tars: &[&Vec<u8>]| {
        let ids: Vec<_> = tars
            .iter()
            .map(|t| format!("\"{}\"", Digest::of(t)))
            .collect();
        format!(
            r#"{{"os":"linux","architecture":"amd64","config":{RUN},"rootfs":{{"diff_ids":[{}]}}}}"#,
            ids.join(",")
        )
        .into_bytes()
    };
    let (one, two) = (config(&[&base, &upper]), config(&[&base]));
    let names: Vec<String> = [&one, &two]
        .iter()
        .map(|c| format!("{}.json", Digest::of(c).hex()))
        .collect();
    let (a, b, c) = (
        format!("{}/layer.tar", "a".repeat(64)),
        format!("{}/layer.tar", "b".repeat(64)),
        format!("{}/layer.tar", "c".repeat(64)),
    );
    let manifest = format!(
        r#"[{{"Config":"{}","RepoTags":["example.test/app:1"],"Layers":["{a}","{b}"]}},{{"Config":"{}","RepoTags":["example.test/app:0","old:0"],"Layers":["{c}"]}}]"#,
        names[0], names[1]
    );
    let link = format!("->../{a}");
    let mut members: Vec<(&str, &[u8])> = vec![
        (&names[0], &one),
        (&names[1], &two),
        ("manifest.json", manifest.as_bytes()),
        ("repositories", b"{}"),
    ];
    let layers: Vec<(&str, &[u8])> = vec![(&a, &base), (&b, &upper), (&c, link.as_bytes())];
    match layers_first {
        true => members.splice(0..0, layers).for_each(drop),
        false => members.extend(layers),
    }
    tar_of(&members)
}

#[test]
fn a_layout_an_archive_and_a_stream_of_it_say_the_same() {
    let (layout, top) = sample();
    let dir = layout.write(&top);
    let tar = layout.tar(&top);
    let mut options = Options::new("img");
    options.verify_diffid = true;
    assert!(is_image_directory(dir.path()) && is_image_archive(&tar, &options));
    let from_dir = scan_directory(dir.path(), &options, &Programs);
    let from_tar = scan_archive(&tar, &options, &Programs);
    let from_stream = scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs);
    assert_eq!(shown(&from_dir), SAMPLE);
    assert_eq!(from_dir, from_tar);
    assert_eq!(from_dir, from_stream);
    // The attestation beside the images is a statement about one, and no file that was missed.
    assert_eq!(problems(&from_dir), [""; 0]);
    assert_eq!(from_dir.images[0].record.aliases, ["img:amd"]);
    let record = &from_dir.images[0].record;
    assert_eq!(record.env, ["PATH=/bin", "GODEBUG=a=1"]);
    assert_eq!(
        (
            record.user.as_deref(),
            record.working_dir.as_deref(),
            record.cmd.as_slice()
        ),
        (Some("10"), Some("/w"), &["serve".to_owned()][..])
    );
    assert_eq!(
        record
            .layers
            .iter()
            .map(|l| l.created_by.as_deref())
            .collect::<Vec<_>>(),
        [Some("COPY 0"), Some("COPY 1")]
    );
    assert!(
        record
            .layers
            .iter()
            .all(|l| l.size.is_some_and(|s| s > 100))
    );
    let app = &from_dir.images[0].programs[1];
    let place = &app.item.place;
    assert_eq!(
        (place.mode, place.uid, place.gid),
        (Some(0o755), Some(1000), Some(100))
    );
    assert_eq!(path(app), "/bin/app");
    assert_eq!(path(&from_dir.images[0].programs[4]), "/pack.tar.gz!x/tool");
}

#[test]
fn a_platform_or_a_reference_can_be_chosen() {
    let (layout, top) = sample();
    let tar = layout.tar(&top);
    let scan = |change: &dyn Fn(&mut Options)| {
        let mut options = Options::new("img");
        change(&mut options);
        scan_archive(&tar, &options, &Programs)
    };
    let arm = scan(&|o| o.platform = Platform::parse("linux/arm64"));
    assert_eq!(arm.images.len(), 1);
    assert_eq!(
        arm.images[0].record.platform.as_deref(),
        Some("linux/arm64")
    );
    let amd = scan(&|o| o.reference = Some("amd".into()));
    assert_eq!(
        (amd.images.len(), amd.images[0].record.reference.as_str()),
        (1, "img:amd")
    );
    let none = problems(&scan(&|o| o.platform = Platform::parse("windows/amd64")));
    assert!(
        none.iter().any(|p| p.starts_with(
            "fatal unreadable img: no image for windows/amd64; there is linux/amd64, linux/arm64"
        )),
        "{none:?}"
    );
    let none = problems(&scan(&|o| o.reference = Some("nope".into())));
    assert_eq!(none, ["fatal unreadable img: no image is called nope"]);
}

#[test]
fn the_older_docker_save_is_read_in_any_order() {
    let options = Options::new("save.tar");
    let want = "example.test/app:1 linux/amd64\n  /bin/app=old 0 hidden\n  /bin/app=new 1 started\nexample.test/app:0 linux/amd64\n  /bin/app=old 0 started\n";

    for layers_first in [true, false] {
        let tar = docker_save(layers_first);
        assert!(is_image_archive(&tar, &options));
        let random = scan_archive(&tar, &options, &Programs);
        let stream = scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs);
        assert_eq!(shown(&random), want);
        assert_eq!(random, stream);
        assert_eq!(problems(&random), [""; 0]);
        assert_eq!(random.images[1].record.aliases, ["old:0"]);
    }
}

/// What crane and ko write: the configuration under its digest, layers as `.tar.gz` beside it.
#[test]
fn archives_of_compressed_layers_are_images_too() {
    let options = Options::new("app.tar");
    let layer = tar_of(&[("bin/app", b"EXE:new")]);
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","config":{RUN},"rootfs":{{"diff_ids":["{}"]}}}}"#,
        Digest::of(&layer)
    );
    let layer = gzip(&layer);
    let config_name = Digest::of(config.as_bytes()).to_string();
    let layer_name = format!("{}.tar.gz", Digest::of(&layer).hex());
    let manifest = format!(
        r#"[{{"Config":"{config_name}","RepoTags":["example.test/app:1"],"Layers":["{layer_name}"]}}]"#
    );
    let tar = tar_of(&[
        (&config_name, config.as_bytes()),
        (&layer_name, &layer),
        ("manifest.json", manifest.as_bytes()),
    ]);
    assert!(is_image_archive(&tar, &options));
    let random = scan_archive(&tar, &options, &Programs);
    let stream = scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs);
    assert_eq!(
        shown(&random),
        "example.test/app:1 linux/amd64\n  /bin/app=new 0 started\n"
    );
    assert_eq!(random, stream);
    assert_eq!(problems(&random), [""; 0]);
}

#[test]
fn other_archives_are_no_images() {
    let options = Options::new("x.tar");
    for entries in [
        &[("manifest.json", &b"{\"name\":\"extension\"}"[..])][..],
        &[("bin/app", b"EXE:a"), ("manifest.json", b"[]")],
        &[],
    ] {
        let tar = tar_of(entries);
        assert!(!is_image_archive(&tar, &options));
    }
    // A stream that began like one still gives what was in it.
    let name = format!("blobs/sha256/{}", "0".repeat(64));
    let tar = tar_of(&[("blobs/", b""), (&name, b"EXE:loose")]);
    let scan = scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs);
    assert_eq!(scan.loose.len(), 1, "{:?}", problems(&scan));
    assert_eq!(scan.loose[0].program, "loose");
    assert!(scan.not_image && !problems(&scan).iter().any(|p| p.starts_with("fatal")));
}

#[test]
fn a_missing_layer_may_hide_what_is_below_and_nothing_above() {
    let tars = [
        tar_of(&[("bin/app", b"EXE:low"), ("bin/old", b"EXE:old")]),
        tar_of(&[("bin/x", b"EXE:x"), ("bin/.wh.old", b"")]),
        tar_of(&[("bin/top", b"EXE:top")]),
    ];
    let states = |entrypoint: &str, lost: usize| {
        let mut layout = Layout::default();
        let run = format!(r#"{{"Env":["PATH=/bin"],"Entrypoint":["{entrypoint}"]}}"#);
        let layers: Vec<_> = tars.iter().map(|tar| (tar.clone(), "")).collect();
        let image = layout.image(("linux", "amd64"), &run, &layers);
        let gone = Digest::of(&tars[lost]);
        layout.blobs.retain(|(digest, _)| *digest != gone);
        let tar = layout.tar(&[tagged(&image, "a")]);
        let options = Options::new("img");
        let scan = scan_archive(&tar, &options, &Programs);
        let stream = scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs);
        assert_eq!(scan, stream);
        let image = &scan.images[0];
        let found = image.programs.iter();
        let found = found.map(|p| (path(p), p.visible, p.started));
        let started = image.record.rootfs.started.clone();
        (found.collect::<Vec<_>>(), started.and_then(|s| s.path))
    };
    let row = |path: &str, visible, started| (path.to_owned(), visible, started);
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(
        states("/bin/app", 2),
        (
            vec![
                row("/bin/app", None, None),
                row("/bin/old", no, no),
                row("/bin/x", None, None),
            ],
            None
        )
    );
    assert_eq!(
        states("/bin/app", 1),
        (
            vec![
                row("/bin/app", None, None),
                row("/bin/old", None, None),
                row("/bin/top", yes, None),
            ],
            None
        )
    );
    assert_eq!(
        states("/bin/top", 0),
        (
            vec![row("/bin/top", yes, yes), row("/bin/x", yes, no)],
            Some("/bin/top".to_owned())
        )
    );
}

#[test]
fn a_file_of_an_artifact_counts_as_a_file() {
    struct Counting(std::sync::atomic::AtomicU64);
    impl Examine<String> for Counting {
        fn entry_seen(&self, _: u64) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want {
            Programs.wants(place, head, size)
        }
        fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<String, ArchiveError>> {
            Programs.examine(candidate)
        }
    }
    let mut layout = Layout::default();
    let config = layout.blob(b"{}");
    let layer = layout.blob(b"EXE:tool");
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.example",{config}}},"layers":[{{"mediaType":"application/octet-stream",{layer}}}]}}"#
    );
    let at = layout.blob(manifest.as_bytes());
    let top = format!(r#""mediaType":"application/vnd.oci.image.manifest.v1+json",{at}"#);
    let counting = Counting(Default::default());
    let dir = layout.write(&[tagged(&top, "a")]);
    let scan = scan_directory(dir.path(), &Options::new("img"), &counting);
    assert_eq!(scan.images[0].programs.len(), 1);
    assert_eq!(counting.0.into_inner(), 1);
}

#[test]
fn wrong_digests_and_missing_layers_are_fatal_and_the_rest_is_told() {
    let (layout, top) = sample();
    let layers: Vec<usize> = (0..layout.blobs.len())
        .filter(|&i| !layout.blobs[i].1.starts_with(b"{"))
        .collect();
    for &i in &layers {
        let mut broken = Layout {
            blobs: layout.blobs.clone(),
        };
        // The same blob may be stored under two images.
        let digest = broken.blobs[i].0;
        broken.blobs.retain(|(d, _)| *d != digest);
        let scan = scan_archive(&broken.tar(&top), &Options::new("img"), &Programs);
        let lines = problems(&scan);
        assert!(
            lines
                .iter()
                .any(|l| l.starts_with("fatal unreadable img:all!layer ")
                    && l.ends_with("the layer is missing")),
            "{lines:?}"
        );
        assert_eq!(scan.images.len(), 2);
        assert!(!scan.images.iter().all(|i| i.programs.is_empty()));

        let mut broken = Layout {
            blobs: layout.blobs.clone(),
        };
        for blob in broken.blobs.iter_mut().filter(|(d, _)| *d == digest) {
            blob.1 = gzip(&tar_of(&[("bin/evil", b"EXE:evil")]));
        }
        let tar = broken.tar(&top);
        let scan = scan_archive(&tar, &Options::new("img"), &Programs);
        let lines = problems(&scan);
        assert!(
            lines
                .iter()
                .any(|l| l.starts_with("fatal malformed img:all!layer ") && l.contains("digest")),
            "{lines:?}"
        );
        assert!(shown(&scan).contains("/bin/evil=evil"));
        let stream = scan_stream(
            &mut Feed::new(&mut tar.as_slice()),
            &Options::new("img"),
            &Programs,
        );
        assert_eq!(problems(&stream), lines);
    }
}

#[test]
fn a_wrong_diff_id_shows_when_asked_for() {
    let mut layout = Layout::default();
    let image = layout.image(
        ("linux", "amd64"),
        RUN,
        &[(tar_of(&[("app", b"EXE:a")]), "+gzip")],
    );
    let config = layout
        .blobs
        .iter()
        .position(|(_, b)| b.starts_with(br#"{"os""#))
        .unwrap();
    // The same configuration with another DiffID, under the digest that the manifest has: its own digest is wrong too,
    // so the manifest is written anew.
    let text = String::from_utf8(layout.blobs[config].1.clone()).unwrap();
    let at = text.find("diff_ids\":[\"sha256:").unwrap() + 19;
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    let text = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
    let old = layout.blobs[config].0.to_string();
    let new = layout.blob(text.as_bytes());
    let manifest = layout
        .blobs
        .iter()
        .find(|(d, _)| image.contains(&d.to_string()))
        .unwrap()
        .1
        .clone();
    let manifest = String::from_utf8(manifest)
        .unwrap()
        .replace(&old, &new[10..81]);
    let at = layout.blob(manifest.as_bytes());
    let top = [format!(
        r#""mediaType":"application/vnd.oci.image.manifest.v1+json",{at}"#
    )];
    let mut options = Options::new("img");
    let tar = layout.tar(&top);
    assert_eq!(problems(&scan_archive(&tar, &options, &Programs)), [""; 0]);
    options.verify_diffid = true;
    let lines = problems(&scan_archive(&tar, &options, &Programs));
    assert!(
        lines.len() == 1
            && lines[0].starts_with("fatal malformed img!layer 0: the layer's content"),
        "{lines:?}"
    );
}

#[test]
fn what_is_no_readable_layer_is_one_line() {
    let mut layout = Layout::default();
    let good = tar_of(&[("app", b"EXE:a")]);
    let good = layout.blob(&good);
    let odd = layout.blob(b"odd");
    let config = layout
        .blob(br#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["a","b","c","d"]}}"#);
    let gone = format!(r#""digest":"{}","size":9"#, Digest::of(b"elsewhere"));
    let manifest = format!(
        r#"{{"config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{config}}},"layers":[
        {{"mediaType":"application/vnd.oci.image.layer.v1.tar",{good}}},
        {{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",{gone}}},
        {{"mediaType":"application/vnd.example.odd",{odd}}},
        {{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip+encrypted",{odd}}}]}}"#
    );
    let image = layout.blob(manifest.as_bytes());
    let helm = format!(
        r#"{{"config":{{"mediaType":"application/vnd.cncf.helm.config.v1+json",{config}}},"layers":[{{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip",{good}}}]}}"#
    );
    let helm = layout.blob(helm.as_bytes());
    let scan = scan_archive(&layout.tar(&[image, helm]), &Options::new("img"), &Programs);
    // The chart has no title, so it goes by its digest.
    let chart = Digest::of(&tar_of(&[("app", b"EXE:a")]));
    let want = format!("img linux/amd64\n  /app=a 0\nimg -\n  {chart}!app=a 0 started?\n");
    assert_eq!(shown(&scan), want);
    let lines = problems(&scan);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("unsupported img!layer 1: the layer is kept elsewhere"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("encrypted img!layer 3"), "{lines:?}");
}

#[test]
fn a_program_that_cannot_be_read_is_one_line() {
    let mut layout = Layout::default();
    let tar = tar_of(&[
        ("app", b"EXE:broken"),
        ("old.gz", &gzip(b"EXE:broken too")),
        ("ok", b"EXE:ok"),
    ]);
    let top = [layout.image(("linux", "amd64"), "{}", &[(tar, "+gzip")])];
    let tar = layout.tar(&top);
    let options = Options::new("img");
    for scan in [
        scan_directory(layout.write(&top).path(), &options, &Programs),
        scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs),
    ] {
        assert_eq!(shown(&scan), "img linux/amd64\n  /ok=ok 0\n");
        assert_eq!(
            problems(&scan),
            [
                "packed img!app: cannot be unpacked",
                "packed img!old.gz: cannot be unpacked"
            ]
        );
    }
}

#[test]
fn tricky_paths_get_a_line_and_no_place() {
    let mut layout = Layout::default();
    let long = format!("{}/x", "d".repeat(90));
    let tar = tar_of(&[
        ("../out", b"EXE:out"),
        ("/abs", b"EXE:abs"),
        (&long, b"EXE:long"),
        ("ok", b"EXE:ok"),
        ("h", b"=nowhere"),
    ]);
    let image = layout.image(("linux", "amd64"), "{}", &[(tar, "+gzip")]);
    let mut options = Options::new("img");
    options.limits.path = 80;
    let dir = layout.write(&[image]);
    let scan = scan_directory(dir.path(), &options, &Programs);
    assert_eq!(shown(&scan), "img linux/amd64\n  /abs=abs 0\n  /ok=ok 0\n");
    let lines = problems(&scan);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("limit img!layer 0!ddd") || lines[0].starts_with("limit img!ddd"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("malformed img!../out: a name that leads out of the root"),
        "{lines:?}"
    );
    assert!(
        lines[2].starts_with("malformed img!h: a hard link to a missing file"),
        "{lines:?}"
    );
}

#[test]
fn indexes_nested_without_end_are_cut_and_many_hard_links_are_counted() {
    let mut layout = Layout::default();
    let mut entries = vec![("app".to_owned(), b"EXE:a".to_vec())];
    entries.extend((0..21_000).map(|i| (format!("l{i}"), b"=app".to_vec())));
    let tar = tar_of(
        &entries
            .iter()
            .map(|(n, b)| (n.as_str(), b.as_slice()))
            .collect::<Vec<_>>(),
    );
    let mut at = layout.image(("linux", "amd64"), "{}", &[(tar, "+gzip")]);
    let shallow = at.clone();
    for _ in 0..8 {
        at = layout.index(&[at]);
    }
    let scan = scan_archive(&layout.tar(&[at]), &Options::new("img"), &Programs);
    assert!(
        problems(&scan)[0].starts_with("fatal limit img: img: an index inside"),
        "{:?}",
        problems(&scan)
    );
    let scan = scan_archive(&layout.tar(&[shallow]), &Options::new("img"), &Programs);
    assert_eq!(scan.images[0].programs.len(), 20_000);
    assert!(problems(&scan)[0].starts_with("limit img: 21001 names of programs"));
}

#[test]
fn broken_archives_end_in_a_line_and_never_in_a_panic() {
    let (layout, top) = sample();
    let options = Options::new("img");
    let mut seed = 3u64;
    let mut random = move |n: usize| {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 33) as usize % n
    };
    for tar in [layout.tar(&top), docker_save(true)] {
        for round in 0..150 {
            let mut bytes = tar.clone();
            if round % 2 == 0 {
                bytes.truncate(random(bytes.len()));
            } else {
                for _ in 0..1 + random(8) {
                    let at = random(bytes.len());
                    bytes[at] = random(256) as u8;
                }
            }
            let scans = [
                scan_archive(&bytes, &options, &Programs),
                scan_stream(&mut Feed::new(&mut bytes.as_slice()), &options, &Programs),
            ];
            if round % 2 == 0 && bytes.len() + 2048 < tar.len() {
                assert!(
                    scans.iter().all(|s| s.not_image || !problems(s).is_empty()),
                    "cut to {} of {}",
                    bytes.len(),
                    tar.len()
                );
            }
        }
    }
}

#[test]
fn a_stream_is_told_by_its_first_file() {
    let begins = |tar: Vec<u8>| begins_like_image(&mut Feed::new(&mut tar.as_slice())).unwrap();
    let (layout, top) = sample();
    assert!(begins(layout.tar(&top)) && begins(docker_save(true)) && begins(docker_save(false)));
    assert!(begins(tar_of(&[
        ("./", b""),
        ("./blobs/", b""),
        ("./blobs/sha256/", b""),
        ("./index.json", b"{}")
    ])));
    assert!(!begins(tar_of(&[("./", b""), ("./bin/app", b"EXE:a")])));
    assert!(!begins(tar_of(&[("blobs/", b""), ("bin/", b"")])));
    assert!(!begins(Vec::new()) && !begins(vec![0xff; 2000]));
}
