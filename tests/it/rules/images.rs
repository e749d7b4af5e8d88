//! Images: faults that keep a container from starting, and files that should not be in it.

use crate::rules::builds::FINE;
use crate::rules::scene::{Scene, anything, built, image, program};
use crate::rules::{Row, row};
use serde_json::json;

const LOADER: &str = "lib64/ld-linux-x86-64.so.2";
const LIBRARY: &str = "lib/x86_64-linux-gnu/libc.so.6";

/// An image that starts `/app`, a stored program, with these other files.
fn starts(id: &str, others: &[&str]) -> Scene {
    let mut layer = vec![("app", 0o755, program(id))];
    layer.extend(others.iter().map(|name| (*name, 0o755, anything())));
    image("/app", &["PATH=/bin"], &[&layer])
}

pub fn rows() -> Vec<Row> {
    let app = || program(FINE);
    let mode = |mode| image("/app", &[], &[&[("app", mode, app())]]);
    let script = || {
        image(
            "/start.sh",
            &[],
            &[&[("app", 0o755, app()), ("start.sh", 0o755, anything())]],
        )
    };
    let platform = |platform: &str, started: &str| {
        let config = json!({"Entrypoint": [started]});
        built(platform, &config, &[&[("app", 0o755, app())]])
    };
    let user = |user: &str| {
        let config = json!({"Entrypoint": ["/app"], "User": user});
        built("linux/amd64", &config, &[&[("app", 0o755, app())]])
    };
    vec![
        row("runs-as-root", "/app", user(""), user("65532"))
            .silent(user("app:app"))
            .silent(built(
                "linux/amd64",
                &json!({"Entrypoint": ["/other"], "User": "0"}),
                &[&[("app", 0o755, app())]],
            )),
        row(
            "missing-loader",
            "/app",
            starts("cgo", &[LIBRARY]),
            starts("cgo", &[LIBRARY, LOADER]),
        )
        .silent(starts(FINE, &[])),
        row(
            "missing-library",
            "/app",
            starts("cgo", &[LOADER]),
            starts("cgo", &[LIBRARY, LOADER]),
        )
        .silent(starts("cgo", &[LOADER]).options("allow = [\"libc.so.6\"]"))
        // Without a loader, only the loader is reported.
        .silent(starts("cgo", &[])),
        row(
            "platform-mismatch",
            "/app",
            platform("linux/arm64", "/app"),
            platform("linux/amd64", "/app"),
        )
        .silent(platform("linux/arm64", "/app").options("allow = [\"/app\"]")),
        row(
            "entrypoint-missing",
            "shop:1.2",
            image("/usr/bin/app", &[], &[&[("app", 0o755, app())]]),
            mode(0o755),
        ),
        row(
            "entrypoint-not-executable",
            "shop:1.2",
            mode(0o644),
            mode(0o755),
        ),
        row("entrypoint-not-go", "shop:1.2", script(), mode(0o755))
            .silent(script().options("allow = [\"/start.sh\"]"))
            .silent(image(
                "/sbin/tini",
                &[],
                &[&[("app", 0o755, app()), ("sbin/tini", 0o755, anything())]],
            )),
        row(
            "missing-ca-bundle",
            "/app",
            starts("verify", &[]),
            starts("verify", &["etc/ssl/certs/ca-certificates.crt"]),
        )
        .silent(starts(FINE, &[]))
        .silent(image(
            "/app",
            &["SSL_CERT_FILE=/ca.pem"],
            &[&[("app", 0o755, program("verify"))]],
        )),
        row(
            "missing-zoneinfo",
            "/app",
            starts("zone", &[]),
            starts("zone", &["usr/share/zoneinfo/Europe/Berlin"]),
        )
        .silent(starts("zone-embedded", &[]))
        .silent(starts(FINE, &[])),
        row(
            "shadowed-copy",
            "/app",
            image(
                "/app",
                &[],
                &[
                    &[("app", 0o755, program("1.21-linux-amd64-strip"))],
                    &[("app", 0o755, app())],
                ],
            ),
            image(
                "/app",
                &[],
                &[&[("bin/other", 0o755, app())], &[("app", 0o755, app())]],
            ),
        ),
    ]
}
