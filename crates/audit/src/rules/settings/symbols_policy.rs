use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS112",
    id: "symbols-policy",
    summary: "symbols or debug information kept or stripped against the policy",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[
        OptionSpec {
            name: "symbols",
            kind: ValueKind::Choice(&["keep", "strip"]),
            default: D::Unset,
            doc: "What must be done with Go's symbol table. Unset: either.",
        },
        OptionSpec {
            name: "debug-info",
            kind: ValueKind::Choice(&["keep", "strip"]),
            default: D::Unset,
            doc: "What must be done with debug information. Unset: either.",
        },
    ],
    since: "0.1.0",
    page: include_str!("symbols_policy.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let executable = &ctx.binary.executable;
    for (option, what, key, there, flag) in [
        (
            "symbols",
            "Go symbol table",
            "executable.go_symbols",
            executable.go_symbols,
            "-s",
        ),
        (
            "debug-info",
            "debug information",
            "executable.debug_info",
            executable.debug_info,
            "-w",
        ),
    ] {
        let (message, help) = match (ctx.options.text(option), there) {
            (Some("strip"), Some(true)) => (
                format!("{what} is in the file; the policy strips it"),
                format!(
                    "`{}`",
                    ctx.go_build(&[BuildChange::With(ListSetting::LinkFlags, flag.into())])
                ),
            ),
            (Some("keep"), Some(false)) => (
                format!("{what} is gone; the policy keeps it"),
                format!(
                    "drop {flag} (and `strip`): `{}`",
                    ctx.go_build(&[BuildChange::Without(ListSetting::LinkFlags, flag.into())])
                ),
            ),
            _ => continue,
        };
        sink.report(
            Report::new(message)
                .see(key, there.unwrap_or_default().to_string())
                .salient(option)
                .help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn both_directions_are_checked() {
        let b = binary(|b| {
            (b.executable.go_symbols, b.executable.debug_info) = (Some(true), Some(false))
        });
        let with = |options: &str| {
            Setup {
                policy: &format!("[rules]\nsymbols-policy = {{ {options} }}"),
                rule: "symbols-policy",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with("symbols = \"strip\""), 1);
        assert_eq!(with("symbols = \"keep\""), 0);
        assert_eq!(with("symbols = \"strip\", debug-info = \"keep\""), 2);
        assert!(judge_one("symbols-policy", &b).is_empty());
    }
}
