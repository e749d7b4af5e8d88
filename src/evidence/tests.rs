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
    trust.check(&document(text), None)
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
    let unchecked = Trust::default().check(&document(&sample(BUNDLE)), None);
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
        trust.check(&document(text), None)
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
}

/// Whoever changes a program can take the signatures away from its documents, so without them no document holds by a key or a root.
#[test]
fn a_document_without_signatures_does_not_hold_where_somebody_must_have_signed() {
    let statement = sample("statement.json");
    let mut stripped: Value = serde_json::from_str(&sample("envelope.json")).unwrap();
    stripped["signatures"] = serde_json::json!([]);
    let stripped = stripped.to_string();
    for text in [&statement, &stripped] {
        let signature = Trust::default().check(&document(text), None);
        assert_eq!(signature.state, SignatureState::Unsigned);
        let mut trust = Trust::default();
        trust.add_key("key.pub", &sample("key.pub")).unwrap();
        for signature in [trust.check(&document(text), None), by_root(text)] {
            assert_eq!(signature.state, SignatureState::Invalid);
            let why = "although a key or a trusted root is given";
            assert!(signature.done.ends_with(why), "{}", signature.done);
        }
    }
    // An envelope that a key signed has no certificate that a root could confirm.
    let signature = by_root(&sample("envelope.json"));
    assert_eq!(signature.state, SignatureState::Invalid);
    assert!(
        signature.done.contains("--key names the key"),
        "{}",
        signature.done
    );
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
        trust.check(&document(&sample(BUNDLE)), None)
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

/// Bundles that sign a whole file (testdata/verify/file-signature).
mod file_signatures {
    use super::{Signers, Trust, document};
    use crate::bytes::base64;
    use crate::verify::check::{Signature, SignatureState};
    use serde_json::{Value, json};
    use std::io::Read;
    use std::path::{Path, PathBuf};
    use std::rc::Rc;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/verify")
    }

    fn text(name: &str) -> String {
        std::fs::read_to_string(folder().join("file-signature").join(name)).unwrap()
    }

    fn bundle(name: &str) -> Value {
        serde_json::from_str(&text(name)).unwrap()
    }

    /// The program that the bundles by a certificate and by a key sign.
    fn program() -> Rc<Vec<u8>> {
        let file = std::fs::File::open(folder().join("isatty.xz")).unwrap();
        let mut bytes = Vec::new();
        lzma_rust2::XzReader::new(file, false)
            .read_to_end(&mut bytes)
            .unwrap();
        Rc::new(bytes)
    }

    fn trust(with_key: bool, with_root: bool, identity: &str) -> Trust {
        let mut trust = Trust::default();
        if with_key {
            trust.add_key("key.pub", &text("key.pub")).unwrap();
        }
        if with_root {
            trust.add_root("root.json", &text("root.json")).unwrap();
        }
        let identities = match identity {
            "" => Vec::new(),
            identity => vec![identity.to_owned()],
        };
        trust.set_signers(Signers {
            identities,
            issuers: Vec::new(),
        });
        trust
    }

    fn check(trust: &Trust, bundle: &Value, file: &Rc<Vec<u8>>) -> Signature {
        trust.check(&document(&bundle.to_string()), Some(file))
    }

    /// Changes one byte of a value in base64.
    fn flip(bundle: &mut Value, place: &str) {
        let value = bundle
            .pointer_mut(place)
            .unwrap_or_else(|| panic!("{place}"));
        let mut bytes = base64::decode(value.as_str().unwrap().as_bytes()).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        *value = base64::encode(&bytes).into();
    }

    const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

    #[test]
    fn a_real_bundle_of_cosign_holds_for_its_file_only() {
        let mut trust = Trust::default();
        trust
            .add_root("root.json", &text("public_root.json"))
            .unwrap();
        let bundle = bundle("cosign-v3-blob.sigstore.json");
        let file = text("cosign-v3-blob.txt").into_bytes();
        let signature = check(&trust, &bundle, &Rc::new(file.clone()));
        assert_eq!(signature.state, SignatureState::Valid, "{}", signature.done);
        assert!(signature.by.unwrap().contains("@gmail.com"));
        let other = [file.as_slice(), b"\n"].concat();
        let signature = check(&trust, &bundle, &Rc::new(other));
        assert_eq!(
            signature.state,
            SignatureState::Invalid,
            "{}",
            signature.done
        );
    }

    #[test]
    fn without_a_key_a_root_or_the_file_it_is_only_parsed() {
        let parsed = document(&text("certificate.sigstore.json"));
        let nothing = Trust::default().check(&parsed, Some(&program()));
        assert_eq!(nothing.state, SignatureState::NotChecked);
        assert_eq!(nothing.done, "parsed, signature not checked");
        let no_file = trust(true, true, "").check(&parsed, None);
        assert_eq!(no_file.state, SignatureState::NotChecked);
        assert_eq!(
            no_file.done,
            "parsed, signature not checked: the bytes of the signed file are not at hand"
        );
    }

    #[test]
    fn certificate_log_and_signature_hold_and_each_change_is_named() {
        let (program, trust_root) = (program(), trust(false, true, ""));
        let bundle = bundle("certificate.sigstore.json");
        let signature = check(&trust_root, &bundle, &program);
        assert_eq!(signature.state, SignatureState::Valid, "{}", signature.done);
        let by = signature.by.unwrap();
        assert!(by.contains("github.com/example/isatty/"), "{by}");
        for (place, expected) in [
            ("/messageSignature/messageDigest/digest", "digest"),
            ("/messageSignature/signature", "signature"),
            ("/verificationMaterial/certificate/rawBytes", "certificate"),
            (&format!("{ENTRY}/inclusionProof/hashes/0"), "proof"),
            (&format!("{ENTRY}/inclusionProof/hashes/1"), "proof"),
            (&format!("{ENTRY}/inclusionProof/rootHash"), "oot"),
            (&format!("{ENTRY}/canonicalizedBody"), ""),
            (
                &format!("{ENTRY}/inclusionPromise/signedEntryTimestamp"),
                "",
            ),
        ] {
            let mut changed = bundle.clone();
            flip(&mut changed, place);
            let signature = check(&trust_root, &changed, &program);
            let done = &signature.done;
            assert_eq!(signature.state, SignatureState::Invalid, "{place}: {done}");
            assert!(
                done.starts_with("does not hold by the given trusted root root.json: "),
                "{place}: {done}"
            );
            assert!(done.contains(expected), "{place}: {done}");
            assert_eq!(signature.by, None, "{place}");
        }
        // Without an entry in the log, nothing proves when it was signed.
        let mut changed = bundle.clone();
        changed["verificationMaterial"]["tlogEntries"] = json!([]);
        let signature = check(&trust_root, &changed, &program);
        assert_eq!(signature.state, SignatureState::Invalid);
        // The signed head of the log.
        let mut changed = bundle.clone();
        let head = changed.pointer_mut(&format!("{ENTRY}/inclusionProof/checkpoint/envelope"));
        let head = head.unwrap();
        *head = head.as_str().unwrap().replacen("\n3\n", "\n4\n", 1).into();
        let signature = check(&trust_root, &changed, &program);
        assert_eq!(signature.state, SignatureState::Invalid);
        // Another program, whose digest the bundle names.
        let mut other = program.to_vec();
        other[1000] ^= 1;
        let digest = ring::digest::digest(&ring::digest::SHA256, &other);
        let mut changed = bundle.clone();
        changed["messageSignature"]["messageDigest"]["digest"] =
            base64::encode(digest.as_ref()).into();
        let signature = check(&trust_root, &changed, &Rc::new(other));
        assert_eq!(
            signature.state,
            SignatureState::Invalid,
            "{}",
            signature.done
        );
    }

    #[test]
    fn another_signer_is_named() {
        let bundle = bundle("certificate.sigstore.json");
        let signature = check(&trust(false, true, "me@example.com"), &bundle, &program());
        assert_eq!(signature.state, SignatureState::OtherSigner);
        assert!(
            signature.done.contains("and not by me@example.com"),
            "{}",
            signature.done
        );
        let own = "https://github.com/example/isatty/*";
        let signature = check(&trust(false, true, own), &bundle, &program());
        assert_eq!(signature.state, SignatureState::Valid);
    }

    #[test]
    fn a_key_confirms_the_file_and_the_root_its_proof() {
        let program = program();
        let bundle = bundle("key.sigstore.json");
        let signature = check(&trust(true, false, ""), &bundle, &program);
        assert_eq!(signature.state, SignatureState::Valid);
        assert_eq!(signature.done, "signed by the given key key.pub");
        let signature = check(&trust(true, true, ""), &bundle, &program);
        assert_eq!(
            signature.done,
            "signed by the given key key.pub, and the log proof holds by the given trusted root root.json"
        );
        assert_eq!(signature.state, SignatureState::Valid);
        // A root alone has no key to check with, and the key of somebody else signed nothing.
        let signature = check(&trust(false, true, ""), &bundle, &program);
        assert_eq!(signature.state, SignatureState::Invalid);
        assert!(
            signature.done.ends_with("--key names the key"),
            "{}",
            signature.done
        );
        let other = super::sample("key.pub");
        let mut foreign = Trust::default();
        foreign.add_key("other.pub", &other).unwrap();
        let signature = check(&foreign, &bundle, &program);
        assert_eq!(signature.done, "not signed by the given key other.pub");
        // The proof counts as soon as there is a root to check it with.
        let mut changed = bundle.clone();
        flip(&mut changed, &format!("{ENTRY}/inclusionProof/hashes/0"));
        let signature = check(&trust(true, false, ""), &changed, &program);
        assert_eq!(signature.done, "signed by the given key key.pub");
        let signature = check(&trust(true, true, ""), &changed, &program);
        assert_eq!(signature.state, SignatureState::Invalid);
        assert!(
            signature.done.starts_with(
                "signed by the given key key.pub, but the log proof does not hold by the given trusted root root.json: "
            ),
            "{}",
            signature.done
        );
        // A bundle from which the entries of the log were taken, and what says that it is signed by a key.
        let mut without = bundle.clone();
        for part in ["tlogEntries", "publicKey"] {
            let material = without["verificationMaterial"].as_object_mut().unwrap();
            material.remove(part);
            let signature = check(&trust(true, false, ""), &without, &program);
            assert_eq!(signature.done, "signed by the given key key.pub");
            let signature = check(&trust(true, true, ""), &without, &program);
            assert_eq!(signature.state, SignatureState::Invalid, "{part}");
            assert_eq!(
                signature.done,
                "signed by the given key key.pub, but the bundle has no log entry, which must hold because a trusted root is given"
            );
        }
        let mut changed = bundle;
        flip(&mut changed, "/messageSignature/signature");
        let signature = check(&trust(true, false, ""), &changed, &program);
        assert_eq!(signature.state, SignatureState::Invalid);
    }
}
