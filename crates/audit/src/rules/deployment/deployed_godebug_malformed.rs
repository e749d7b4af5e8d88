use super::mended::advice;
use super::{about, fields, read_by_somebody};
use crate::rules::debug_settings::malformed;
use crate::rules::prelude::*;
use gospect_deploy::Variable;

pub const META: Meta = Meta {
    code: "GS407",
    id: "deployed-godebug-malformed",
    summary: "part of a GODEBUG string is not KEY=VALUE",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("deployed_godebug_malformed.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in read_by_somebody(ctx, "GODEBUG").filter(|v| !is_own_switch(v)) {
        for field in fields(v)
            .into_iter()
            .filter(|f| !f.open && malformed(f.text))
        {
            let text = field.text;
            let why = if text.contains(['"', '\'']) {
                "quotes are part of the text here"
            } else if text.contains([';', ' ', '\t', '\n']) {
                "settings are separated by a comma and nothing else"
            } else if text.contains('=') {
                "no setting is called so"
            } else {
                "it has no `=`"
            };
            let help = advice(ctx, v, text);
            let message = format!("Go ignores `{text}` in GODEBUG: {why}");
            sink.report(about(v, message, &[text]).on(field.at).help(help));
        }
    }
}

/// Whether a value is meant for a script of the project that reads a variable of that name: `GODEBUG=y ./build.sh`.
fn is_own_switch(v: &Variable) -> bool {
    let value = v.value.as_str().to_ascii_lowercase();
    let switch = matches!(
        &*value,
        "0" | "1" | "y" | "n" | "yes" | "no" | "true" | "false" | "on" | "off"
    );
    switch && !v.reader.runs() && !v.uses.builds
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn blanks_semicolons_quotes_and_bare_words() {
        let text = "FROM golang:1.27\nENV GODEBUG=\"gctrace=1, http2server=0,gctrace=1;http2debug=2,gctrace\"\nCMD /a\n";
        let found = lint("deployed-godebug-malformed", "Dockerfile", text);
        assert_eq!(places(&found), ["2:24-38", "2:39-61", "2:62-69"]);
        assert!(
            found[0].help.contains("`http2server=0`"),
            "{}",
            found[0].help
        );
        assert_eq!(found[1].help, "write `gctrace=1,http2debug=2` in its place");
        assert!(
            lint(
                "deployed-godebug-malformed",
                "x.env",
                "GODEBUG=gctrace=1,,cpu.avx2=off\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn advice_is_judged_as_if_it_were_already_written() {
        let help = |go: &str, value: &str| {
            let text = format!("FROM golang:{go}\nENV GODEBUG=\"http2debug=1,{value}\"\nCMD /a\n");
            let found = lint("deployed-godebug-malformed", "Dockerfile", &text);
            assert_eq!(found.len(), 1, "{go} {value}");
            found[0].help.clone()
        };
        for (go, value, advice) in [
            // Removed in Go 1.27, which stops programs that set another value than the default.
            (
                "1.27",
                " tls10server=1",
                "take ` tls10server=1` out of ENV GODEBUG: written right, `tls10server=1` would stop a program of go1.27 at start",
            ),
            (
                "1.26",
                " tls10server=1",
                "write `tls10server=1` in its place; but `tls10server=1` weakens security",
            ),
            (
                "1.27",
                "gctrace=1;tls10server=1",
                "write `gctrace=1` in its place, and leave out the rest: written right, `tls10server=1` would stop a program of go1.27 at start",
            ),
            (
                "1.27",
                " gctraces=1",
                "take ` gctraces=1` out of ENV GODEBUG: written right, `gctraces=1` does nothing in go1.27",
            ),
            (
                "1.27",
                " gcstoptheworld=0",
                "take ` gcstoptheworld=0` out of ENV GODEBUG: written right, `gcstoptheworld=0` does nothing in go1.27",
            ),
            (
                "1.27",
                " gctrace=1=2",
                "write KEY=VALUE, or take ` gctrace=1=2` out of ENV GODEBUG",
            ),
        ] {
            assert_eq!(help(go, value), advice, "{go}");
        }
        // Whatever is advised for, the same rule and the one about fatal values have nothing to say once it is written.
        for value in [
            " tls10server=1",
            "gctrace=1;tls10server=1",
            "'http2client=0'",
            "a=1 b=2",
        ] {
            let advice = help("1.27", value);
            let Some(mended) = advice
                .strip_prefix("write `")
                .and_then(|a| a.split('`').next())
            else {
                continue;
            };
            let text = format!("FROM golang:1.27\nENV GODEBUG=\"{mended}\"\nCMD /a\n");
            for rule in ["malformed", "fatal", "removed", "unknown", "no-effect"] {
                let found = lint(&format!("deployed-godebug-{rule}"), "Dockerfile", &text);
                assert!(found.is_empty(), "{rule} {mended}");
            }
        }
    }
}
