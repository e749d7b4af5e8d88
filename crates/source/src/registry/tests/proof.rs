//! Where credentials and tokens are sent: redirects, token services, TLS.

use super::*;

/// Credentials are for the registry that the user named. Another host that it redirects to gets none, neither in a request nor by
/// naming a token service, and after its word neither does the registry itself.
#[test]
fn credentials_do_not_follow_redirects() {
    let served = Arc::new(image());
    for (scheme, status_text) in [
        ("Bearer", "307"),
        ("Bearer", "302"),
        ("Basic", "307"),
        ("Basic", "308"),
    ] {
        let status: u16 = status_text.parse().unwrap();
        // The other host asks for a login with its own realm, and would accept any credentials.
        let other = Server::start(move |r| {
            if r.path.starts_with("/token") {
                return reply(200, br#"{"token":"stolen"}"#);
            }
            let realm = format!(
                r#"{scheme} realm="http://{}/token",service="s",scope="x:y:pull,push""#,
                r.header("host")
            );
            reply(401, b"").with("WWW-Authenticate", &realm)
        });
        let away = other.host.clone();
        let known = Arc::clone(&served);
        let server = Server::start(move |r| match r.path.contains("/blobs/") {
            true => reply(status, b"").with("Location", &format!("http://{away}{}", r.path)),
            false => known.answer(r),
        });
        let dir = tempfile::tempdir().unwrap();
        // Credentials for both hosts, so that only the rule protects them: u:s3cr3t.
        let auths = [&server.host, &other.host]
            .map(|host| format!(r#""{host}":{{"auth":"dTpzM2NyM3Q="}}"#))
            .join(",");
        let config = format!(r#"{{"auths":{{{auths}}}}}"#);
        std::fs::write(dir.path().join("config.json"), config).unwrap();
        let settings = Settings {
            docker_config: Some(dir.path().to_owned()),
            ..settings()
        };
        let scan = scan_with(&server, ":1.2", &settings);
        let text = fatal(&scan);
        assert!(
            text.contains("asks for a login") && text.contains("go nowhere else"),
            "{scheme} {status_text}: {text}"
        );
        let asked = other.requests();
        assert!(!asked.is_empty());
        for request in asked.iter().chain(&server.requests()) {
            assert_eq!(
                request.header("authorization"),
                "",
                "{scheme} {status_text}: {}",
                request.path
            );
            assert!(!request.path.starts_with("/token"), "{}", request.path);
        }
    }
}

/// The other host may redirect back: credentials are not sent to an address that it chose.
#[test]
fn a_redirect_back_from_another_host_carries_no_credentials() {
    let served = Arc::new(image());
    let home = Arc::new(Mutex::new(String::new()));
    let back = Arc::clone(&home);
    let other = Server::start(move |r| {
        let to = format!("http://{}/elsewhere{}", back.lock().unwrap(), r.path);
        reply(307, b"").with("Location", &to)
    });
    let away = other.host.clone();
    let server = Server::start(move |r| {
        if r.path.starts_with("/elsewhere") {
            return reply(200, b"x");
        }
        if r.header("authorization") != "Basic dTpzM2NyM3Q=" {
            return reply(401, b"").with("WWW-Authenticate", r#"Basic realm="r""#);
        }
        match r.path.contains("/blobs/") {
            true => reply(307, b"").with("Location", &format!("http://{away}{}", r.path)),
            false => served.answer(r),
        }
    });
    home.lock().unwrap().clone_from(&server.host);
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        r#"{{"auths":{{"{}":{{"auth":"dTpzM2NyM3Q="}}}}}}"#,
        server.host
    );
    std::fs::write(dir.path().join("config.json"), config).unwrap();
    let settings = Settings {
        docker_config: Some(dir.path().to_owned()),
        ..settings()
    };
    let _ = scan_with(&server, ":1.2", &settings);
    let all = server.requests();
    let led: Vec<_> = all
        .iter()
        .filter(|r| r.path.starts_with("/elsewhere"))
        .collect();
    assert!(!led.is_empty() && led.iter().all(|r| r.header("authorization").is_empty()));
    assert!(
        other
            .requests()
            .iter()
            .all(|r| r.header("authorization").is_empty())
    );
}

/// Whatever a challenge asks for, the token is only for reading this repository.
#[test]
fn scopes_are_pull_only() {
    for asked in [
        "repository:t/app:pull,push,delete",
        "registry:catalog:*",
        "repository:other/secret:pull",
        "",
    ] {
        let served = image();
        let server = Server::start(move |r| {
            if r.path.starts_with("/token?") {
                return reply(200, br#"{"token":"t"}"#);
            }
            match r.header("authorization") {
                "Bearer t" => served.answer(r),
                _ => {
                    let realm = format!(
                        r#"Bearer realm="http://{}/token",service="s",scope="{asked}""#,
                        r.header("host")
                    );
                    reply(401, b"").with("WWW-Authenticate", &realm)
                }
            }
        });
        let scan = scan_with(&server, ":1.2", &settings());
        assert_eq!(fatal(&scan), "");
        let all = server.requests();
        let tokens: Vec<_> = all
            .iter()
            .filter(|r| r.path.starts_with("/token?"))
            .collect();
        assert!(!tokens.is_empty());
        for token in tokens {
            assert!(
                token.path.contains("scope=repository%3At%2Fapp%3Apull&"),
                "{asked}: {}",
                token.path
            );
            assert_eq!(token.path.matches("scope=").count(), 1);
        }
    }
}

#[test]
fn plain_http_where_tls_was_expected_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let settings = Settings {
        insecure_http: false,
        ..settings()
    };
    let scan = scan(
        &format!("{host}/app"),
        &settings,
        &ImageOptions::new("x"),
        &Programs,
    );
    let text = fatal(&scan);
    assert!(text.contains("add --insecure-http"), "{text}");
}

#[test]
fn a_token_is_fetched_used_and_renewed() {
    let served = image();
    let tokens = Mutex::new(0);
    let server = Server::start(move |r| {
        let host = r.header("host");
        if r.path.starts_with("/token?") {
            assert!(
                r.path.contains("scope=repository%3At%2Fapp%3Apull")
                    && r.path.contains("service=reg"),
                "{}",
                r.path
            );
            let mut n = tokens.lock().unwrap();
            *n += 1;
            return reply(200, format!(r#"{{"access_token":"t{n}"}}"#).as_bytes());
        }
        // The first token is valid for two requests.
        let good = match r.header("authorization") {
            "Bearer t1" => r.path.contains("/manifests/"),
            proof => proof == "Bearer t2" || proof == "Bearer t3",
        };
        match good {
            true => served.answer(r),
            false => reply(401, b"").with(
                "WWW-Authenticate",
                &format!(r#"Bearer realm="http://{host}/token",service="reg",scope="repository:t/app:pull""#),
            ),
        }
    });
    let scan = scan_with(&server, ":1.2", &settings());
    assert_eq!(fatal(&scan), "");
    assert!(shown(&scan).ends_with(SHOWN));
}

#[test]
fn a_password_goes_to_its_host_only_and_into_no_message() {
    let served = Arc::new(image());
    let other_image = Arc::clone(&served);
    // Blobs are on another server, as in most hosted registries.
    let store = Server::start(move |r| other_image.answer(r));
    let away = store.host.clone();
    let server = Server::start(move |r| {
        if r.header("authorization") != "Basic dTpzM2NyM3Q=" {
            return reply(401, b"").with("WWW-Authenticate", r#"Basic realm="r""#);
        }
        match r.path.contains("/blobs/") {
            true => {
                reply(307, b"").with("Location", &format!("http://{away}{}?sig=s3cr3t", r.path))
            }
            false => served.answer(r),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let config = |auth: &str| {
        std::fs::write(
            dir.path().join("config.json"),
            format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, server.host),
        )
        .unwrap()
    };
    let settings = Settings {
        docker_config: Some(dir.path().to_owned()),
        ..settings()
    };
    config("dTpzM2NyM3Q=");
    // The path of the redirect has a query, which the blob server ignores.
    let scan = scan_with(&server, ":1.2", &settings);
    assert!(
        store
            .requests()
            .iter()
            .all(|r| r.header("authorization").is_empty() && r.path.contains("sig="))
    );
    assert!(store.requests().len() >= 3);
    let text = format!("{scan:?}");
    assert!(
        !text.contains("s3cr3t") && !text.contains("dTpzM2"),
        "{text}"
    );
    config("dTpzM2NyM3R3cm9uZw==");
    let text = fatal(&scan_with(&server, ":1.2", &settings));
    assert!(
        text.contains("answered 401") && text.contains("docker login") && !text.contains("s3cr3t"),
        "{text}"
    );
}

#[test]
fn redirects_end_and_never_leave_this_machine_without_tls() {
    let server = Server::start(|r| reply(302, b"").with("Location", &r.path));
    assert!(fatal(&scan_with(&server, ":1.2", &settings())).contains("redirects more than"));
    let server =
        Server::start(|_| reply(302, b"").with("Location", "http://example.com/secret?sig=1"));
    let text = fatal(&scan_with(&server, ":1.2", &settings()));
    assert!(
        text.contains("sends to example.com without TLS") && !text.contains("sig"),
        "{text}"
    );
    let server = Server::start(|_| {
        reply(401, b"").with(
            "WWW-Authenticate",
            r#"Bearer realm="http://example.com/token""#,
        )
    });
    assert!(fatal(&scan_with(&server, ":1.2", &settings())).contains("without TLS"));
}

#[cfg(unix)]
#[test]
fn a_credential_helper_is_asked() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let helper = dir.path().join("docker-credential-x");
    std::fs::write(&helper, "#!/bin/sh\nread server\n[ \"$1 $server\" = 'get h.example' ] && echo '{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":\"p\"}'\n").unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let found = credentials::ask_program(&helper, "x", "h.example");
    assert!(
        found.unwrap()
            == Some(credentials::Credential::Basic {
                user: "u".into(),
                password: "p".into()
            })
    );
    let other = credentials::ask_program(&helper, "x", "other.example");
    assert!(other.unwrap().is_none());
    let missing = credentials::ask_program(&dir.path().join("none"), "none", "h.example");
    assert!(missing.is_err_and(|e| {
        e.to_string()
            .contains("docker-credential-none cannot be run")
    }));
}

#[test]
fn own_certificates_are_read_before_the_first_request() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("roots.pem");
    let open = |insecure_http, host: &str| {
        let settings = Settings {
            insecure_http,
            roots: Some(path.clone()),
            ..settings()
        };
        Registry::new(
            Reference::parse(&format!("{host}/app:1")).unwrap(),
            &settings,
        )
        .map(|_| ())
    };
    let message = |result: Result<(), ArchiveError>| format!("{:?}", result.unwrap_err());
    assert!(message(open(false, "registry.example")).contains("SSL_CERT_FILE"));
    std::fs::write(&path, "no certificate").unwrap();
    assert!(message(open(false, "registry.example")).contains("there is none in it"));
    assert!(
        open(true, "localhost:5000").is_ok(),
        "plain HTTP needs none"
    );
    std::fs::write(
        &path,
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    assert!(open(false, "registry.example").is_ok());
}
