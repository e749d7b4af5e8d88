use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS105",
    id: "build-mode-not-allowed",
    summary: "built in another mode than the policy allows",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "allow",
        kind: ValueKind::Choices(&[
            "exe",
            "pie",
            "c-archive",
            "c-shared",
            "shared",
            "plugin",
            "archive",
        ]),
        default: D::Unset,
        doc: "Allowed build modes. Unset: the rule reports nothing.",
    }],
    since: "0.1.0",
    page: include_str!("build_mode_not_allowed.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(allow) = ctx.options.list_if_set("allow") else {
        return;
    };
    let kind = match ctx.binary.executable.kind.as_str() {
        "shared" => "c-shared",
        "object" => "c-archive",
        other => other,
    };
    // Before Go 1.19 the mode was not recorded, so the file decides.
    let (mode, source) = ctx
        .setting("-buildmode")
        .map_or((kind, "executable.kind"), |m| (m, "-buildmode"));
    if allow.contains(&mode) {
        return;
    }
    sink.report(
        Report::new(format!("build mode {mode} is not allowed"))
            .see(source, mode)
            .salient(mode)
            .help(format!(
                "`{}`",
                ctx.go_build(&[set("-buildmode", *allow.first().unwrap_or(&"exe"))])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn the_record_goes_before_the_file() {
        let policy = "[rules]\nbuild-mode-not-allowed = { allow = [\"pie\"] }";
        let with = |mode: Option<&str>, kind: &str| {
            let b = binary(|b| {
                unset(b, "-buildmode");
                if let Some(m) = mode {
                    set(b, "-buildmode", m);
                }
                b.executable.kind = kind.into();
            });
            Setup {
                policy,
                rule: "build-mode-not-allowed",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with(Some("exe"), "exe"), 1);
        assert_eq!(with(Some("pie"), "exe"), 0);
        assert_eq!(with(None, "pie"), 0);
        assert_eq!(with(None, "shared"), 1);
    }
}
