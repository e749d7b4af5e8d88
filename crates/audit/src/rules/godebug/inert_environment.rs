use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS069",
    id: "inert-environment",
    summary: "the image sets a Go variable that does nothing at run time",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[allow_texts("Variables that may be set.")],
    since: "0.1.0",
    page: include_str!("inert_environment.md"),
};

/// Variables of cmd/go and the build (src/internal/cfg/cfg.go, 1.27) that people set in images; package runtime reads none of
/// them.
pub(in crate::rules) const BUILD_ONLY: [(&str, &str); 12] = [
    (
        "GOEXPERIMENT",
        "experiments are chosen when the program is built",
    ),
    ("GOROOT_FINAL", "it acts on builds up to Go 1.22 only"),
    ("GOFLAGS", "only the `go` command reads it"),
    ("GO111MODULE", "only the `go` command reads it"),
    ("GOAMD64", "the level was chosen when the program was built"),
    ("GOARM64", "the level was chosen when the program was built"),
    ("GOARM", "the level was chosen when the program was built"),
    ("GO386", "the level was chosen when the program was built"),
    (
        "GOFIPS140",
        "the module was chosen when the program was built; at run time `GODEBUG=fips140=on` switches it on",
    ),
    ("CGO_ENABLED", "cgo was chosen when the program was built"),
    ("GOOS", "the port was chosen when the program was built"),
    ("GOARCH", "the port was chosen when the program was built"),
];

pub fn check(ctx: &ImageCtx, sink: &mut Sink) {
    let has_go = ctx.binaries.iter().any(|b| {
        b.visible
            && b.main_package
                .as_deref()
                .is_some_and(|p| p == "cmd/go" || p == "cmd/compile")
    });
    if has_go || !ctx.binaries.iter().any(|b| b.started) {
        return;
    }
    let allow = ctx.options.list("allow");
    for pair in &ctx.image.env {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let Some((_, why)) = BUILD_ONLY.iter().find(|(n, _)| *n == name) else {
            continue;
        };
        if allow.contains(&name) || value.is_empty() {
            continue;
        }
        sink.report(
            Report::new(format!("ENV {name} does nothing at run time: {why}"))
                .see("ENV", pair.clone())
                .salient(name)
                .help(format!("delete `ENV {name}` from the final stage; if it is wanted, {name} belongs where the program is built")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    fn judge(env: &[&str], main: &str) -> usize {
        let image = image(|i| i.env = env.iter().map(|s| s.to_string()).collect());
        let app = in_image(&image, binary(|b| b.main_package = Some(main.into())));
        Setup {
            rule: "inert-environment",
            ..Setup::default()
        }
        .judge_image(&image, &[app])
        .len()
    }

    #[test]
    fn build_variables_are_reported_where_no_go_command_is() {
        assert_eq!(
            judge(
                &[
                    "GOEXPERIMENT=arenas",
                    "GOROOT_FINAL=/x",
                    "GODEBUG=gctrace=1",
                    "GOMAXPROCS=2"
                ],
                "example.com/app"
            ),
            2
        );
        assert_eq!(judge(&["GOEXPERIMENT=arenas"], "cmd/go"), 0);
        assert_eq!(judge(&["GOEXPERIMENT="], "example.com/app"), 0);
    }
}
