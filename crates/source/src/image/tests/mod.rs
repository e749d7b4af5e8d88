//! Images in every form, and the programs found in them.

use super::testing::*;
use super::*;
use crate::archive::Feed;
use test_support::archives::gzip;

mod broken;

const RUN: &str = r#"{"Env":["PATH=/bin","GODEBUG=a=1"],"Entrypoint":["app"],"Cmd":["serve"],"User":"10","Labels":{"k":"v"},"WorkingDir":"/w"}"#;

/// Two images that share their first layer; one is for two platforms.
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

/// `docker save` from before Docker 25: two images that share a layer, once by a link.
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
fn a_layout_its_archive_and_a_stream_of_it_give_the_same() {
    let (layout, top) = sample();
    let dir = layout.write(&top);
    let tar = layout.tar(&top);
    let mut options = ImageOptions::new("img");
    options.verify_diffid = true;
    assert!(is_image_directory(dir.path()) && is_image_archive(&tar, &options));
    let from_dir = scan_directory(dir.path(), &options, &Programs);
    let from_tar = scan_archive(&tar, &options, &Programs);
    let from_stream = scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs);
    assert_eq!(shown(&from_dir), SAMPLE);
    assert_eq!(from_dir, from_tar);
    assert_eq!(from_dir, from_stream);
    // The attestation describes an image; it holds no file that was missed.
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
    let scan = |change: &dyn Fn(&mut ImageOptions)| {
        let mut options = ImageOptions::new("img");
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
    assert_eq!(
        none,
        ["fatal unreadable img: no image is called nope; there is all, amd"]
    );
}

#[test]
fn the_older_docker_save_is_read_in_any_order() {
    let options = ImageOptions::new("save.tar");
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

/// Archives of crane and ko: the configuration under its digest, layers as `.tar.gz` beside it.
#[test]
fn archives_of_compressed_layers_are_images_too() {
    let options = ImageOptions::new("app.tar");
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
    let options = ImageOptions::new("x.tar");
    for entries in [
        &[("manifest.json", &b"{\"name\":\"extension\"}"[..])][..],
        &[("bin/app", b"EXE:a"), ("manifest.json", b"[]")],
        &[],
    ] {
        let tar = tar_of(entries);
        assert!(!is_image_archive(&tar, &options));
    }
    // A stream that began like an image still gives the programs in it.
    let name = format!("blobs/sha256/{}", "0".repeat(64));
    let tar = tar_of(&[("blobs/", b""), (&name, b"EXE:loose")]);
    let scan = scan_stream(&mut Feed::new(&mut tar.as_slice()), &options, &Programs);
    assert_eq!(scan.loose.len(), 1, "{:?}", problems(&scan));
    assert_eq!(scan.loose[0].program, "loose");
    assert!(scan.not_image && !problems(&scan).iter().any(|p| p.starts_with("fatal")));
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
    let scan = scan_directory(dir.path(), &ImageOptions::new("img"), &counting);
    assert_eq!(scan.images[0].programs.len(), 1);
    assert_eq!(counting.0.into_inner(), 1);
}

#[test]
fn a_stream_is_recognised_by_its_first_file() {
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
