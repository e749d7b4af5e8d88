use super::*;
use crate::check::{Aspect, Check, Signature, SignatureState, Verdict};
use gospect_bytes::base64;
use gospect_record::{Binary, BuildInfo, Module, Setting};
use serde_json::{Value, json};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const DIGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn statement(kind: &str, predicate: Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": DIGEST } }],
        "predicateType": kind,
        "predicate": predicate
    })
}

/// As the generator of GitHub's attestations writes it.
fn v1() -> Value {
    statement(
        "https://slsa.dev/provenance/v1",
        json!({
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": { "workflow": {
                    "ref": "refs/tags/v1.2.3", "repository": "https://github.com/example/app", "path": ".github/workflows/release.yml" } },
                "resolvedDependencies": [
                    { "uri": "git+https://github.com/example/app@refs/tags/v1.2.3", "digest": { "gitCommit": COMMIT } },
                    { "uri": "https://go.dev/dl/go1.26.5.linux-amd64.tar.gz", "digest": { "sha256": "00" } }
                ]
            },
            "runDetails": { "builder": { "id": "https://github.com/actions/runner/github-hosted" } }
        }),
    )
}

/// As the generic generator of slsa-github-generator writes it.
fn v02() -> Value {
    statement(
        "https://slsa.dev/provenance/v0.2",
        json!({
            "builder": { "id": "https://github.com/slsa-framework/slsa-github-generator" },
            "invocation": {
                "configSource": { "uri": "git+https://github.com/example/app@refs/tags/v1.2.3", "digest": { "sha1": COMMIT } },
                "parameters": { "go-version": "1.26" }
            },
            "materials": [
                { "uri": "git+https://github.com/example/app@refs/tags/v1.2.3", "digest": { "sha1": COMMIT } },
                { "uri": "git+https://github.com/actions/checkout@refs/tags/v4", "digest": { "sha1": "ffffffffffffffffffffffffffffffffffffffff" } }
            ]
        }),
    )
}

fn envelope(statement: &Value) -> Value {
    let payload = base64::encode(statement.to_string().as_bytes());
    json!({ "payloadType": PAYLOAD_TYPE, "payload": payload, "signatures": [{ "sig": "AAAA" }] })
}

fn program() -> Binary {
    let setting = |key: &str, value: &str| Setting {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    Binary {
        go_version: Some("go1.26.5".to_owned()),
        build_info: Some(BuildInfo {
            main: Module {
                path: "github.com/example/app/v2".to_owned(),
                version: "v1.2.3".to_owned(),
                ..Module::default()
            },
            settings: vec![setting("vcs.revision", COMMIT)],
            ..BuildInfo::default()
        }),
        ..Binary::default()
    }
}

fn digests(value: &str) -> Vec<Digest> {
    vec![Digest {
        of: "the program".to_owned(),
        algorithm: "sha256",
        value: value.to_owned(),
    }]
}

fn unchecked() -> Signature {
    Signature {
        state: SignatureState::NotChecked,
        done: "parsed, signature not checked".to_owned(),
        by: None,
    }
}

fn checks(value: &Value, binary: &Binary) -> Vec<(Aspect, Verdict)> {
    let documents = read(value.to_string().as_bytes()).unwrap();
    let judged = judge(
        &documents[0],
        "p.json",
        unchecked(),
        binary,
        &digests(DIGEST),
    );
    let of = |check: &Check| (check.what, check.verdict);
    judged.checks.iter().map(of).collect()
}

#[test]
fn both_versions_of_slsa_are_compared_with_the_record() {
    use Aspect::{Builder, GoVersion, Repository, Revision, Subject, Version};
    use Verdict::{Different, Equal, Unknown};
    for document in [
        v1(),
        v02(),
        envelope(&v1()),
        json!({ "dsseEnvelope": envelope(&v02()), "mediaType": "x" }),
    ] {
        assert_eq!(
            checks(&document, &program()),
            [
                (Subject, Equal),
                (Revision, Equal),
                (Repository, Equal),
                (Version, Equal),
                (GoVersion, Equal),
                (Builder, Unknown)
            ],
            "{document}"
        );
    }
    let mut other = program();
    other.go_version = Some("go1.25.1".to_owned());
    let info = other.build_info.as_mut().unwrap();
    info.settings[0].value = COMMIT.replace('0', "1");
    info.main.version = "v1.2.4".to_owned();
    info.main.path = "corp.example/app".to_owned();
    assert_eq!(
        checks(&v1(), &other),
        [
            (Subject, Equal),
            (Revision, Different),
            (Repository, Unknown),
            (Version, Different),
            (GoVersion, Different),
            (Builder, Unknown)
        ]
    );
    // Without a stamp, the pseudo-version has the commit.
    let info = other.build_info.as_mut().unwrap();
    info.settings.clear();
    info.main.version = "v0.0.0-20261101120000-0123456789ab".to_owned();
    assert_eq!(checks(&v1(), &other)[1], (Revision, Equal));
}

#[test]
fn a_document_about_another_file_is_different() {
    let documents = read(v1().to_string().as_bytes()).unwrap();
    let other = digests(&DIGEST.replace('a', "b"));
    assert!(!concerns(&documents[0], &other));
    let said = about_others("p.json", &[&documents[0]], &other);
    assert_eq!(said.verdict, Verdict::Different);
    assert_eq!(
        said.checks[0].expected.as_deref(),
        Some(&*format!("sha256:{DIGEST}"))
    );
    // In capitals it is the same.
    assert!(concerns(&documents[0], &digests(&DIGEST.to_uppercase())));
}

#[test]
fn a_signature_that_does_not_hold_is_never_equal() {
    let documents = read(v1().to_string().as_bytes()).unwrap();
    let signature = Signature {
        state: SignatureState::Invalid,
        ..unchecked()
    };
    let judged = judge(
        &documents[0],
        "p.json",
        signature,
        &program(),
        &digests(DIGEST),
    );
    assert_eq!(judged.verdict, Verdict::Different);
}

#[test]
fn lists_lines_and_answers_of_an_api_are_read() {
    let (a, b) = (v1(), envelope(&v02()));
    let lines = format!("{a}\n\n{b}\n");
    let list = json!([a, b]).to_string();
    let api = json!({ "attestations": [{ "bundle": { "dsseEnvelope": b, "mediaType": "x" } }, { "bundle": { "dsseEnvelope": b } }] });
    for text in [lines, list, api.to_string()] {
        assert_eq!(read(text.as_bytes()).unwrap().len(), 2, "{text}");
    }
    assert_eq!(read(a.to_string().as_bytes()).unwrap()[0].number, None);
}

#[test]
fn what_is_no_provenance_is_named() {
    let mut cut = envelope(&v1());
    cut["payload"] = json!("*");
    let mut other = envelope(&v1());
    other["payloadType"] = json!("text/plain");
    let mut broken = envelope(&v1());
    broken["payload"] = json!(base64::encode(b"{"));
    for (text, expected) in [
        (String::new(), "holds no provenance"),
        ("[]".to_owned(), "holds no provenance"),
        ("{".to_owned(), "is not JSON"),
        ("hello".to_owned(), "is not JSON"),
        (format!("{}\nhello\n", v1()), "line 2: is not JSON"),
        ("{}".to_owned(), "is not an in-toto statement"),
        (
            json!({ "messageSignature": {} }).to_string(),
            "the signature of a file is malformed",
        ),
        (
            json!({ "messageSignature": { "signature": "AAAA" } }).to_string(),
            "does not name by a digest",
        ),
        (
            file_signature("SHA2_384", &[0; 48]).to_string(),
            "SHA2_256 and SHA2_512 are compared",
        ),
        (
            file_signature("SHA2_256", &[0; 31]).to_string(),
            "is not a sha256",
        ),
        (
            json!({ "base64Signature": "AAAA", "cert": "", "rekorBundle": {} }).to_string(),
            "--new-bundle-format",
        ),
        (cut.to_string(), "is not base64"),
        (other.to_string(), "no statement"),
        (broken.to_string(), "is malformed"),
        (
            json!({ "_type": "x", "predicateType": "y", "subject": 1 }).to_string(),
            "is malformed",
        ),
    ] {
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    // Truncated anywhere: an error, no panic.
    let whole = envelope(&v1()).to_string();
    for end in (0..whole.len()).step_by(7) {
        assert!(read(&whole.as_bytes()[..end]).is_err());
    }
}

fn file_signature(algorithm: &str, digest: &[u8]) -> Value {
    let digest = base64::encode(digest);
    json!({ "mediaType": "x", "messageSignature": {
        "messageDigest": { "algorithm": algorithm, "digest": digest }, "signature": "AAAA" } })
}

#[test]
fn the_signature_of_a_file_counts_only_when_it_holds() {
    let bundle = file_signature("SHA2_256", &[0xaa; 32]).to_string();
    let document = &read(bundle.as_bytes()).unwrap()[0];
    assert!(concerns(document, &digests(DIGEST)));
    assert!(document.bundle.is_some());
    let judged = |state: SignatureState| {
        let signature = Signature {
            state,
            ..unchecked()
        };
        let name = "app.sigstore.json";
        let judged = judge(document, name, signature, &program(), &digests(DIGEST));
        assert_eq!(judged.predicate, None);
        judged.verdict
    };
    assert_eq!(judged(SignatureState::Valid), Verdict::Equal);
    assert_eq!(judged(SignatureState::NotChecked), Verdict::Unknown);
    assert_eq!(judged(SignatureState::Invalid), Verdict::Different);
    assert_eq!(judged(SignatureState::OtherSigner), Verdict::Different);
    // A signature that holds confirms the file, whoever made it.
    let signature = Signature {
        state: SignatureState::OtherSigner,
        ..unchecked()
    };
    let by_other = judge(document, "x", signature, &program(), &digests(DIGEST));
    assert_eq!(by_other.checks[0].verdict, Verdict::Equal);
    let other = digests(&DIGEST.replace('a', "b"));
    assert!(!concerns(document, &other));
    let others = about_others("app.sigstore.json", &[document], &other);
    assert_eq!(others.verdict, Verdict::Different);
    // A file named by its SHA-512.
    let bundle = file_signature("SHA2_512", &[0xbb; 64]).to_string();
    let document = &read(bundle.as_bytes()).unwrap()[0];
    let long = Digest {
        algorithm: "sha512",
        value: "bb".repeat(64),
        ..other[0].clone()
    };
    assert!(concerns(document, &[long]));
}

#[test]
fn a_subject_that_contradicts_itself_is_different() {
    let mut document = v1();
    let long = "b".repeat(128);
    document["subject"][0]["digest"]["sha512"] = long.clone().into();
    let own = |sha512: &str| {
        let mut own = digests(DIGEST);
        own.push(Digest {
            algorithm: "sha512",
            value: sha512.to_owned(),
            ..own[0].clone()
        });
        own
    };
    let documents = read(document.to_string().as_bytes()).unwrap();
    let judged = |own: &Digests| judge(&documents[0], "p", unchecked(), &program(), own);
    assert_eq!(judged(&own(&long)).checks[0].verdict, Verdict::Equal);
    let other = judged(&own(&"c".repeat(128)));
    assert_eq!(other.verdict, Verdict::Different);
    assert_eq!(
        other.checks[0].why.as_deref(),
        Some("the program has the sha256 of the subject, and another sha512")
    );
}

#[test]
fn a_statement_that_is_no_provenance_confirms_nothing() {
    for kind in [
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        "https://spdx.dev/Document",
        "https://slsa.dev/provenance/v9",
        "",
    ] {
        let other = statement(kind, json!({}));
        assert_eq!(
            checks(&other, &program()),
            [(Aspect::Subject, Verdict::Unknown)]
        );
        let documents = read(other.to_string().as_bytes()).unwrap();
        assert!(!is_about_the_build(&documents[0]));
    }
}

#[test]
fn a_statement_of_no_known_type_is_refused() {
    for kind in ["anything", "https://in-toto.io/Statement/v9", ""] {
        let mut bare = v1();
        bare["_type"] = kind.into();
        for document in [bare.clone(), envelope(&bare)] {
            let error = read(document.to_string().as_bytes()).unwrap_err();
            let DocumentError::Malformed { why, .. } = &error else {
                panic!("{error}");
            };
            assert!(why.contains("_type"), "{why}");
        }
    }
}
