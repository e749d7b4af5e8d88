//! Documents that refer to an image, listed by the registry or by tags.

use super::super::testing::{Reply, Server, reply};
use super::super::{Reference, Registry, Settings};
use crate::image::Digest;
use std::collections::HashMap;

const SUBJECT: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Blobs and manifests of a registry by path, with an attestation whose manifest is at this path.
fn files(list: &str) -> HashMap<String, Vec<u8>> {
    let bundle = br#"{"dsseEnvelope":{}}"#.to_vec();
    let blob = Digest::of(&bundle).to_string();
    let manifest = format!(
        r#"{{"layers":[{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","digest":"{blob}"}},{{"mediaType":"text/plain","digest":"{SUBJECT}"}}]}}"#
    );
    let own = Digest::of(manifest.as_bytes()).to_string();
    let index = format!(r#"{{"manifests":[{{"digest":"{own}"}}]}}"#);
    let tag = SUBJECT.replace(':', "-");
    let mut files = HashMap::from([(format!("/v2/app/blobs/{blob}"), bundle)]);
    match list {
        "referrers" => {
            drop(files.insert(format!("/v2/app/referrers/{SUBJECT}"), index.into_bytes()))
        }
        "tag" => drop(files.insert(format!("/v2/app/manifests/{tag}"), index.into_bytes())),
        _ => drop(files.insert(
            format!("/v2/app/manifests/{tag}.att"),
            manifest.clone().into_bytes(),
        )),
    }
    files.insert(format!("/v2/app/manifests/{own}"), manifest.into_bytes());
    files
}

fn attached(files: HashMap<String, Vec<u8>>) -> Result<Vec<super::super::Attached>, String> {
    let server = Server::start(move |request| -> Reply {
        match files.get(&request.path) {
            Some(bytes) => reply(200, bytes),
            None => reply(404, b""),
        }
    });
    let settings = Settings {
        insecure_http: true,
        docker_config: None,
        tries: 1,
        ..Settings::default()
    };
    let reference = Reference::parse(&format!("{}/app:1", server.host)).unwrap();
    let registry = Registry::new(reference, &settings).map_err(|e| e.detail)?;
    registry.attached(SUBJECT).map_err(|e| e.detail)
}

#[test]
fn documents_are_found_by_the_list_and_by_both_tags() {
    for list in ["referrers", "tag", "cosign"] {
        let found = attached(files(list)).unwrap();
        assert_eq!(found.len(), 1, "{list}");
        assert_eq!(found[0].bytes, br#"{"dsseEnvelope":{}}"#, "{list}");
    }
    assert_eq!(attached(HashMap::new()), Ok(Vec::new()));
}

#[test]
fn a_document_that_was_changed_or_names_a_path_is_refused() {
    let mut changed = files("referrers");
    for (path, bytes) in &mut changed {
        if path.contains("/blobs/") {
            bytes.push(b' ');
        }
    }
    let error = attached(changed).unwrap_err();
    assert!(error.contains("is not what its digest"), "{error}");
    let mut odd = files("referrers");
    odd.insert(
        format!("/v2/app/referrers/{SUBJECT}"),
        br#"{"manifests":[{"digest":"../../x"}]}"#.to_vec(),
    );
    let error = attached(odd).unwrap_err();
    assert!(error.contains("malformed"), "{error}");
}
