use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS021",
    id: "goroot-in-private-directory",
    summary: "GOROOT is in a home, temporary or CI directory",
    levels: levels(OFF, NOTE, OFF, NOTE),
    options: &[OptionSpec {
        name: "origins",
        kind: ValueKind::Choices(&[
            "home",
            "temp",
            "ci",
            "bazel",
            "nix",
            "homebrew",
            "distribution",
            "toolchain-download",
            "official",
            "other",
        ]),
        default: D::List(&["home", "temp"]),
        doc: "Kinds of GOROOT to report.",
    }],
    since: "0.1.0",
    page: include_str!("goroot_in_private_directory.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(goroot) = &ctx.binary.goroot else {
        return;
    };
    let (Some(root), Some(origin)) = (goroot.value.as_deref(), goroot.origin.as_deref()) else {
        return;
    };
    if !ctx.options.list("origins").contains(&origin) {
        return;
    }
    sink.report(
        Report::new(format!("GOROOT is {root} ({origin})"))
            .see("goroot.value", root)
            .see("goroot.origin", origin)
            .help(format!(
                "leave no GOROOT in the file: `{}`",
                ctx.go_build(&[set("-trimpath", "true")])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_home_directory_is_reported_and_an_official_place_not() {
        let with = |root: &str, origin: &str| {
            let b = binary(|b| {
                let g = b.goroot.as_mut().unwrap();
                (g.value, g.origin) = (Some(root.into()), Some(origin.into()));
            });
            Setup {
                profile: "release",
                rule: "goroot-in-private-directory",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with("/home/ann/sdk/go1.27.3", "home"), 1);
        assert_eq!(with("/usr/local/go", "official"), 0);
    }
}
