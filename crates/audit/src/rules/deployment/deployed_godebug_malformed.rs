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
            let clean: Vec<&str> = text
                .split(|c: char| c.is_whitespace() || matches!(c, ';' | '"' | '\''))
                .filter(|part| !part.is_empty())
                .collect();
            let help = if clean.iter().all(|part| part.contains('=')) && !clean.is_empty() {
                format!("write `{}` in its place", clean.join(","))
            } else {
                format!("write KEY=VALUE, or take `{text}` out of {}", v.label)
            };
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
        let text =
            "FROM golang:1.27\nENV GODEBUG=\"gctrace=1, http2server=0,a=1;b=2,gctrace\"\nCMD /a\n";
        let found = lint("deployed-godebug-malformed", "Dockerfile", text);
        assert_eq!(places(&found), ["2:24-38", "2:39-46", "2:47-54"]);
        assert!(
            found[0].help.contains("`http2server=0`"),
            "{}",
            found[0].help
        );
        assert!(found[1].help.contains("`a=1,b=2`"), "{}", found[1].help);
        assert!(
            lint(
                "deployed-godebug-malformed",
                "x.env",
                "GODEBUG=gctrace=1,,cpu.avx2=off\n"
            )
            .is_empty()
        );
    }
}
