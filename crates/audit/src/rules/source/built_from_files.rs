use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS141",
    id: "built-from-files",
    summary: "built from a list of files instead of a package",
    levels: levels(OFF, WARN, OFF, OFF),
    options: &[],
    since: "0.1.0",
    page: include_str!("built_from_files.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.binary.main_package.as_deref() != Some("command-line-arguments") {
        return;
    }
    sink.report(
        Report::new("built from a list of files; the main module is not recorded")
            .see("main_package", "command-line-arguments")
            .help("name the package: `go build -o app ./cmd/app` instead of `go build main.go`"),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_the_placeholder_is_reported() {
        let judge = |main: &str| {
            Setup {
                profile: "release",
                rule: "built-from-files",
                ..Setup::default()
            }
            .judge(&binary(|b| b.main_package = Some(main.into())))
            .len()
        };
        assert_eq!(
            (judge("command-line-arguments"), judge("example.com/app")),
            (1, 0)
        );
    }
}
