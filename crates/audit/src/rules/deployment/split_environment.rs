use super::clip;
use crate::rules::prelude::*;
use gospect_deploy::Mistake;
use gospect_knowledge::godebug;

pub const META: Meta = Meta {
    code: "GS421",
    id: "split-environment",
    summary: "a blank cuts the value of a Go variable",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("split_environment.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for note in &ctx.file.notes {
        let text = clip(&note.text);
        let name = &note.variable;
        let (message, help) = match note.what {
            Mistake::OtherVariable => {
                let key = note.text.split('=').next().unwrap_or_default();
                if name != "GODEBUG" || godebug::setting(key).is_none() {
                    continue;
                }
                (
                    format!(
                        "`{text}` is not part of GODEBUG here: after a blank it is another variable"
                    ),
                    format!("join the settings by a comma and nothing else: `GODEBUG=...,{text}`"),
                )
            }
            Mistake::NoAssignment => (
                format!("systemd drops `{text}`: after a blank, {name} has ended"),
                format!("put the whole assignment into quotes: `Environment=\"{name}=...\"`"),
            ),
        };
        sink.report(
            Report::new(message)
                .see(name.clone(), text)
                .on(note.at)
                .salient(note.text.clone())
                .salient(note.scope.clone())
                .help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_blank_ends_the_variable() {
        let unit = |line: &str| {
            let text = format!("[Service]\nEnvironment={line}\nExecStart=/app\n");
            places(&lint("split-environment", "a.service", &text))
        };
        assert_eq!(
            unit("GODEBUG=madvdontneed=1 asyncpreemptoff=0 gccheckmark=0"),
            ["2:36-53", "2:54-67"]
        );
        assert_eq!(unit("GOFLAGS=-mod=mod -v"), ["2:30-32"]);
        for fine in [
            "GODEBUG=madvdontneed=1,asyncpreemptoff=0",
            "GODEBUG=madvdontneed=1 HOME=/x GOGC=50",
            "\"GOFLAGS=-mod=mod -v\"",
            "'GODEBUG=a=1' LANG=C",
        ] {
            assert!(unit(fine).is_empty(), "{fine}");
        }
    }
}
