use super::*;
use crate::{BuildInfo, Module};

/// A program of this module with claims as triples: source, name (empty: none), value.
fn program(module: &str, claims: &[(&str, &str, &str)]) -> Binary {
    let claim = |(source, name, value): &(&str, &str, &str)| VersionClaim {
        value: (*value).to_owned(),
        source: (*source).into(),
        name: (!name.is_empty()).then(|| (*name).to_owned()),
    };
    Binary {
        path: "dist/app".to_owned(),
        main_package: Some("example.com/app/cmd/app".to_owned()),
        build_info: Some(BuildInfo {
            main: Module {
                path: "example.com/app".to_owned(),
                version: module.to_owned(),
                ..Module::default()
            },
            ..BuildInfo::default()
        }),
        versions: Some(claims.iter().map(claim).collect()),
        ..Binary::default()
    }
}

fn version(module: &str, claims: &[(&str, &str, &str)]) -> Option<String> {
    let binary = program(module, claims);
    binary.main_version().map(|v| v.value.to_owned())
}

#[test]
fn the_order_of_claims() {
    const X: &str = "x-flag";
    const S: &str = "linker-string";
    for (module, claims, want) in [
        ("v1.2.0", &[(X, "main.version", "9.9.9")][..], "v1.2.0"),
        (
            "v1.2.1-0.20260102030405-abcdefabcdef+dirty",
            &[],
            "v1.2.1-0.20260102030405-abcdefabcdef+dirty",
        ),
        (
            "(devel)",
            &[
                (X, "main.kubectlVersion", "v1.30.1"),
                (X, "main.Version", "2.5.0"),
            ],
            "2.5.0",
        ),
        (
            "",
            &[
                (S, "main.kubectlVersion", "v1.30.1"),
                (S, "main.Version", "2.5.0"),
            ],
            "2.5.0",
        ),
        (
            "(devel)",
            &[
                (X, "main.gitVersion", "2.5.0-3-gabcdef1"),
                (X, "main.version", "2.5.0"),
            ],
            "2.5.0",
        ),
        (
            "(devel)",
            &[
                (X, "main.tag", "v3"),
                (X, "example.com/app/internal/build.appVersion", "2.5.0"),
            ],
            "2.5.0",
        ),
        (
            "(devel)",
            &[
                (
                    X,
                    "github.com/containerd/containerd/version.Version",
                    "1.7.1",
                ),
                (
                    X,
                    "k8s.io/component-base/version.gitVersion",
                    "v1.30.1+k3s1",
                ),
            ],
            "v1.30.1+k3s1",
        ),
        (
            "(devel)",
            &[
                (
                    X,
                    "github.com/containerd/containerd/version.Version",
                    "1.7.1",
                ),
                (X, "example.com/app/pkg/version.Version", "0.4.0"),
            ],
            "0.4.0",
        ),
        (
            "(devel)",
            &[(X, "example.com/shared/buildinfo.Version", "1.1.0")],
            "1.1.0",
        ),
        (
            "(devel)",
            &[
                (X, "example.com/apple/version.Version", "7.0.0"),
                (X, "example.com/app/version.Version", "1.0.0"),
            ],
            "1.0.0",
        ),
        (
            "(devel)",
            &[(X, "main.version", "dev"), (X, "main.appVersion", "1.1.0")],
            "1.1.0",
        ),
        (
            "(devel)",
            &[(X, "main.appVersion", "1.1.0"), (S, "", "v1.30.1")],
            "1.1.0",
        ),
        ("(devel)", &[(X, "main.app_version", "1.1.0")], "1.1.0"),
        // Without names: the one that the file name confirms, or else the only one.
        ("(devel)", &[(S, "", "2.5.0"), (S, "", "v2.5.0")], "2.5.0"),
        (
            "(devel)",
            &[(S, "", "1.5.0-1+b6"), (S, "", "1.5.0")],
            "1.5.0-1+b6",
        ),
        ("(devel)", &[(S, "", "0.0.0"), (S, "", "2.6.2")], "2.6.2"),
        ("(devel)", &[(S, "", "2.3")], "2.3"),
        (
            "(devel)",
            &[
                (S, "", "v1.30.1"),
                (S, "", "2.3"),
                ("file-name", "app_2.3.tar.gz", "2.3"),
            ],
            "2.3",
        ),
        (
            "(devel)",
            &[
                (S, "", "v1.30.1"),
                (S, "", "2.5.0"),
                ("file-name", "app_2.5.0.tar.gz", "2.5.0"),
            ],
            "2.5.0",
        ),
        (
            "(devel)",
            &[
                (X, "main.kubectlVersion", "v1.30.1"),
                (S, "", "v1.30.1"),
                (S, "", "2.5.0"),
            ],
            "2.5.0",
        ),
    ] {
        assert_eq!(
            version(module, claims).as_deref(),
            Some(want),
            "{module} {claims:?}"
        );
    }
}

#[test]
fn other_texts_are_not_the_version_of_the_program() {
    for claims in [
        &[][..],
        &[("x-flag", "main.kubectlVersion", "v1.30.1")],
        &[
            ("x-flag", "main.kubectlVersion", "v1.30.1"),
            ("linker-string", "", "v1.30.1"),
        ],
        &[("x-flag", "main.version", "dev")],
        &[
            ("linker-string", "", "v1.30.1"),
            ("linker-string", "", "2.5.0"),
        ],
        &[
            ("linker-string", "", "2.1.0+git20220118.bc2f2b1"),
            ("linker-string", "", "2.3"),
        ],
        &[
            ("linker-string", "", "v1.30.1"),
            ("linker-string", "", "r123"),
        ],
        &[("linker-string", "", "v2")],
        &[("x-flag", "main.version", "8a1b2c3d4e")],
        &[("linker-string", "main.version", "two words 1.2")],
        &[
            ("vcs", "vcs.revision", "8a1b2c3d4e"),
            ("file-name", "app_1.0.0", "1.0.0"),
        ],
        &[("image-label", "org.opencontainers.image.version", "1.0.0")],
    ] {
        let binary = program("(devel)", claims);
        assert_eq!(binary.main_version(), None, "{claims:?}");
        assert_eq!(binary.shown_version(), Some("(devel)"));
        let why = binary.why_no_version();
        assert!(why.contains("recorded as (devel)"), "{why}");
    }
    assert_eq!(Binary::default().shown_version(), None);
    assert!(Binary::default().why_no_version().contains("no build info"));
}

#[test]
fn loose_versions_are_distinguished_from_words_dates_and_numbers() {
    for text in [
        "2.3",
        "v2",
        "V2",
        "r123",
        "2024.01.02",
        "2.3-rc1",
        "2.3rc1",
        "2.3~beta1",
        "release-2.3",
        "v2-beta",
        "1.2.3.4.5",
        "2.1.0+git20220118.bc2f2b1",
        "gocryptfs_v2.3",
    ] {
        assert!(could_be_version(text), "{text}");
    }
    for text in [
        "",
        "dev",
        "v",
        "8080",
        "12",
        "2026-01-02",
        "2026-01-02T03:04:05Z",
        "go1.27.3",
        "8a1b2c3d4e",
        "127.0.0.1:80",
        "a/v2.3",
        "v2 of it",
        "main",
        "1700000000",
        "12.",
        "é2.3",
    ] {
        assert!(!could_be_version(text), "{text}");
    }
}

#[test]
fn a_label_is_about_what_the_image_starts() {
    let label = [("image-label", "org.opencontainers.image.version", "1.5.0")];
    let mut binary = program("(devel)", &label);
    binary.location.started = Some(true);
    assert_eq!(binary.main_version().map(|v| v.value), Some("1.5.0"));
    binary.location.started = None;
    assert_eq!(binary.main_version(), None);
}

#[test]
fn variables_of_other_things_are_distinguished() {
    let binary = program("(devel)", &[]);
    for (variable, want) in [
        ("main.version", Some(Closeness::Own)),
        ("main.Version", Some(Closeness::Own)),
        ("example.com/app/internal.GitVersion", Some(Closeness::Own)),
        ("main.app_version", Some(Closeness::Own)),
        ("main.tag", Some(Closeness::Own)),
        ("example.com/app/cmd/app.buildVersion", Some(Closeness::Own)),
        (
            "github.com/prometheus/common/version.Version",
            Some(Closeness::Own),
        ),
        (
            "github.com/hashicorp/terraform/version.Version",
            Some(Closeness::Foreign),
        ),
        ("main.terraformVersion", None),
        ("main.postgresVer", None),
        ("main.versionPrerelease", None),
    ] {
        assert_eq!(binary.closeness(variable), want, "{variable}");
    }
    let mut kubectl = binary;
    kubectl.path = "bin/kubectl.exe".to_owned();
    assert_eq!(
        kubectl.closeness("main.kubectlVersion"),
        Some(Closeness::Own)
    );
}
