//! Images that are cut, forged or endless: each fault costs only the part it is in, and is reported.

use super::*;

/// The limits on layers in limits.md, for images from registries and from `docker save`.
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
            let options = ImageOptions::new("img");
            for scan in [
                scan_archive(&archive, &options, &Programs),
                scan_stream(&mut Feed::at(&archive), &options, &Programs),
            ] {
                let reported = problems(&scan);
                let limits: Vec<_> = reported.iter().filter(|p| p.contains("layers,")).collect();
                assert_eq!(limits.len(), usize::from(wanted.is_some()), "{reported:?}");
                assert!(
                    limits
                        .iter()
                        .all(|p| p.contains(wanted.unwrap_or("?")) && p.starts_with("limit")),
                    "{reported:?}"
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
fn problems_of_one_layer_are_bounded_in_memory_and_number() {
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
    // A 1024th of a gigabyte has room for more than the 1000 problems allowed, that of 100 MiB for a few dozen.
    for (memory, least, most) in [(1 << 30, 1000, 1000), (100 << 20, 20, 130)] {
        let mut options = ImageOptions::new("img");
        options.budget = gospect_bytes::Budget::new(memory);
        let scan = scan_archive(&archive, &options, &Programs);
        let reported = problems(&scan);
        let broken = reported
            .iter()
            .filter(|p| p.contains("cannot be unpacked"))
            .count();
        assert!((least..=most).contains(&broken), "{memory}: {broken}");
        let rest = format!("more than {broken} problems in one layer");
        let matching = reported.iter().filter(|p| p.contains(&rest));
        assert_eq!(matching.count(), 1, "{:?}", reported.last());
        assert!(
            shown(&scan).contains("/bin/last=last"),
            "what works is found behind them"
        );
    }
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
        let lost_digest = digest_of(&tars[lost]);
        layout.blobs.retain(|(digest, _)| *digest != lost_digest);
        let tar = layout.tar(&[tagged(&image, "a")]);
        let options = ImageOptions::new("img");
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
fn wrong_digests_and_missing_layers_are_fatal_and_the_rest_is_reported() {
    let (layout, top) = sample();
    let layers: Vec<usize> = (0..layout.blobs.len())
        .filter(|&i| !layout.blobs[i].1.starts_with(b"{"))
        .collect();
    for &i in &layers {
        let mut broken = Layout {
            blobs: layout.blobs.clone(),
        };
        // Two images may store the same blob.
        let digest = broken.blobs[i].0.clone();
        broken.blobs.retain(|(d, _)| *d != digest);
        let scan = scan_archive(&broken.tar(&top), &ImageOptions::new("img"), &Programs);
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
        let scan = scan_archive(&tar, &ImageOptions::new("img"), &Programs);
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
            &ImageOptions::new("img"),
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
    // The configuration with another DiffID, under the digest that the manifest names. Its own digest would be wrong too, so the
    // manifest is written anew.
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
    let mut options = ImageOptions::new("img");
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
fn an_unreadable_layer_is_one_line() {
    let mut layout = Layout::default();
    let good = tar_of(&[("app", b"EXE:a")]);
    let good = layout.blob(&good);
    let odd = layout.blob(b"odd");
    let config = layout
        .blob(br#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["a","b","c","d"]}}"#);
    let absent = format!(r#""digest":"{}","size":9"#, Digest::of(b"elsewhere"));
    let manifest = format!(
        r#"{{"config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{config}}},"layers":[
        {{"mediaType":"application/vnd.oci.image.layer.v1.tar",{good}}},
        {{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",{absent}}},
        {{"mediaType":"application/vnd.example.odd",{odd}}},
        {{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip+encrypted",{odd}}}]}}"#
    );
    let image = layout.blob(manifest.as_bytes());
    let helm = format!(
        r#"{{"config":{{"mediaType":"application/vnd.cncf.helm.config.v1+json",{config}}},"layers":[{{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip",{good}}}]}}"#
    );
    let helm = layout.blob(helm.as_bytes());
    let scan = scan_archive(
        &layout.tar(&[image, helm]),
        &ImageOptions::new("img"),
        &Programs,
    );
    // The chart has no title, so its digest is its name.
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
    let options = ImageOptions::new("img");
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
    let mut options = ImageOptions::new("img");
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
    let scan = scan_archive(&layout.tar(&[at]), &ImageOptions::new("img"), &Programs);
    assert!(
        problems(&scan)[0].starts_with("fatal limit img: img: an index inside"),
        "{:?}",
        problems(&scan)
    );
    let scan = scan_archive(
        &layout.tar(&[shallow]),
        &ImageOptions::new("img"),
        &Programs,
    );
    assert_eq!(scan.images[0].programs.len(), 20_000);
    assert!(problems(&scan)[0].starts_with("limit img: 21001 names of programs"));
}

#[test]
fn broken_archives_end_in_a_line_and_never_in_a_panic() {
    let (layout, top) = sample();
    let options = ImageOptions::new("img");
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
