//! Signatures of real documents: a Sigstore bundle of npm, an envelope that openssl signed (testdata/verify/provenance).

use super::{Signers, Trust};
use crate::verify::check::{Signature, SignatureState};
use crate::verify::provenance::{Document, read};
use serde_json::Value;
use std::path::Path;

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/verify/provenance");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn document(text: &str) -> Document {
    read(text.as_bytes()).unwrap().remove(0)
}

fn by_root(text: &str) -> Signature {
    let mut trust = Trust::default();
    trust
        .add_root("root.json", &sample("trusted_root.json"))
        .unwrap();
    trust.check(&document(text))
}

/// The bundle of the provenance of sigstore 2.0.0 on npm.
const BUNDLE: &str = "npm.sigstore.json";

#[test]
fn a_real_bundle_holds_by_its_root_and_is_only_parsed_without() {
    let signature = by_root(&sample(BUNDLE));
    assert_eq!(signature.state, SignatureState::Valid, "{}", signature.done);
    let by = signature.by.unwrap();
    assert!(
        by.contains("https://github.com/sigstore/sigstore-js/"),
        "{by}"
    );
    let unchecked = Trust::default().check(&document(&sample(BUNDLE)));
    assert_eq!(unchecked.state, SignatureState::NotChecked);
    assert_eq!(unchecked.done, "parsed, signature not checked");
    assert_eq!(unchecked.by, None);
}

/// The places of a bundle where a byte is changed: proof, log entry, certificate, signature.
#[test]
fn one_changed_byte_of_a_bundle_is_found() {
    let bundle: Value = serde_json::from_str(&sample(BUNDLE)).unwrap();
    let entry = "/verificationMaterial/tlogEntries/0";
    let hashes = bundle.pointer(&format!("{entry}/inclusionProof/hashes"));
    let count = hashes.unwrap().as_array().unwrap().len();
    assert!(count > 3);
    let mut places: Vec<String> = (0..count)
        .map(|at| format!("{entry}/inclusionProof/hashes/{at}"))
        .collect();
    places.extend([
        format!("{entry}/inclusionProof/rootHash"),
        format!("{entry}/canonicalizedBody"),
        format!("{entry}/inclusionPromise/signedEntryTimestamp"),
        format!("{entry}/inclusionProof/checkpoint/envelope"),
        "/dsseEnvelope/signatures/0/sig".to_owned(),
    ]);
    for place in places {
        let mut changed = bundle.clone();
        let text = changed
            .pointer_mut(&place)
            .unwrap_or_else(|| panic!("{place}"));
        let mut bytes = text.as_str().unwrap().as_bytes().to_vec();
        // The checkpoint is text, whose last line is a signature; the others are base64.
        let at = match place.ends_with("envelope") {
            true => bytes.len() - 20,
            false => bytes.len() / 2,
        };
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        *text = Value::String(String::from_utf8(bytes).unwrap());
        let signature = by_root(&changed.to_string());
        assert_eq!(
            signature.state,
            SignatureState::Invalid,
            "{place}: {}",
            signature.done
        );
        assert!(
            signature.done.contains("does not hold"),
            "{place}: {}",
            signature.done
        );
    }
    // Numbers of the proof.
    for key in ["logIndex", "treeSize"] {
        let mut changed = bundle.clone();
        let number = changed.pointer_mut(&format!("{entry}/inclusionProof/{key}"));
        let number = number.unwrap();
        let next = number.as_str().unwrap().parse::<u64>().unwrap() + 1;
        *number = Value::String(next.to_string());
        let signature = by_root(&changed.to_string());
        assert_eq!(
            signature.state,
            SignatureState::Invalid,
            "{key}: {}",
            signature.done
        );
    }
}

#[test]
fn an_envelope_holds_by_the_key_that_signed_it_and_no_other() {
    let envelope = sample("envelope.json");
    let check = |key: &str, text: &str| {
        let mut trust = Trust::default();
        trust.add_key("key.pub", key).unwrap();
        trust.check(&document(text))
    };
    let signature = check(&sample("key.pub"), &envelope);
    assert_eq!(signature.state, SignatureState::Valid);
    assert_eq!(signature.done, "signed by the given key key.pub");
    let other = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let signature = check(other, &envelope);
    assert_eq!(signature.state, SignatureState::Invalid);
    assert_eq!(signature.done, "not signed by the given key key.pub");
    // Another payload under the same signature.
    let mut changed: Value = serde_json::from_str(&envelope).unwrap();
    let mut statement: Value = serde_json::from_str(&sample("statement.json")).unwrap();
    statement["subject"][0]["name"] = "other".into();
    let payload = crate::bytes::base64::encode(statement.to_string().as_bytes());
    changed["payload"] = payload.into();
    let signature = check(&sample("key.pub"), &changed.to_string());
    assert_eq!(signature.state, SignatureState::Invalid);
    // A bare statement is signed by nobody, whatever key is given.
    let signature = check(&sample("key.pub"), &sample("statement.json"));
    assert_eq!(signature.state, SignatureState::Unsigned);
}

#[test]
fn files_that_are_no_key_or_root_are_refused() {
    let mut trust = Trust::default();
    for bad in [
        "",
        "hello",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        assert!(trust.add_key("k", bad).is_err(), "{bad}");
        assert!(trust.add_root("r", bad).is_err(), "{bad}");
    }
}

/// The signer in the certificate must be one of those that are named; whoever else signed is named.
#[test]
fn another_signer_is_named() {
    let by = |identity: &str, issuer: &str| {
        let patterns = |text: &str| match text {
            "" => Vec::new(),
            text => vec!["me@example.com".to_owned(), text.to_owned()],
        };
        let mut trust = Trust::default();
        trust
            .add_root("root.json", &sample("trusted_root.json"))
            .unwrap();
        trust.set_signers(Signers {
            identities: patterns(identity),
            issuers: patterns(issuer),
        });
        trust.check(&document(&sample(BUNDLE)))
    };
    let actions = "https://token.actions.githubusercontent.com";
    for (identity, issuer) in [
        ("", actions),
        ("https://github.com/sigstore/sigstore-js/*", actions),
        ("https://github.com/*/release.yml@refs/heads/main", ""),
        ("*", "https://token.*.com"),
    ] {
        let signature = by(identity, issuer);
        assert_eq!(signature.state, SignatureState::Valid, "{}", signature.done);
    }
    for (identity, issuer) in [
        ("https://github.com/sigstore/sigstore-js", ""),
        ("https://github.com/sigstore/other/*", actions),
        ("*", "https://token.actions.githubusercontent.com.example"),
        ("*sigstore-js*sigstore-js*", ""),
    ] {
        let signature = by(identity, issuer);
        assert_eq!(signature.state, SignatureState::OtherSigner);
        assert!(signature.done.contains("and not by"), "{}", signature.done);
    }
}
