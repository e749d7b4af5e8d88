use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS141",
    id: "built-from-files",
    family: Family::Source,
    summary: "built from a list of files instead of a package",
    levels: levels(OFF, WARN, OFF, OFF),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "The main package is `command-line-arguments`: the build named files (`go build main.go`) and not a package.",
        why: "The record then lacks the main module, its version and the commit, so scanners cannot say what the program is.",
        example: "`go build -o app main.go`.",
        fix: "Name the package: `go build -o app .` or `go build -o app ./cmd/app`.",
    },
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
    use crate::audit::testing::*;

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
