use super::clip;
use crate::audit::rules::prelude::*;
use crate::deploy::Oddity;
use crate::knowledge::godebug;

pub const META: Meta = Meta {
    code: "GS421",
    id: "split-environment",
    family: Family::Deployment,
    summary: "a blank cuts the value of a Go variable",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    doc: Doc {
        what: "`Environment=GODEBUG=a=1 b=2` in a unit, `ENV GODEBUG=a=1 b=2` in a Dockerfile and `export GODEBUG=a=1 b=2` in a script set two variables: GODEBUG and `b`. In a unit words without `=`, as in `Environment=GOFLAGS=-a -b`, are dropped.",
        why: "Blanks separate assignments. The setting after the blank never reaches the program.",
        example: "`Environment=GODEBUG=madvdontneed=1 asyncpreemptoff=0`.",
        fix: "Settings of GODEBUG are separated by commas: `Environment=GODEBUG=madvdontneed=1,asyncpreemptoff=0`. A value with blanks takes quotes around the whole assignment: `Environment=\"GOFLAGS=-a -b\"`.",
    },
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for note in &ctx.file.notes {
        let text = clip(&note.text);
        let name = &note.variable;
        let (message, help) = match note.what {
            Oddity::OtherVariable => {
                let key = note.text.split('=').next().unwrap_or_default();
                if name != "GODEBUG" || godebug::setting(key).is_none() {
                    continue;
                }
                (
                    format!(
                        "`{text}` is no part of GODEBUG here: after a blank it is another variable"
                    ),
                    format!("join the settings by a comma and nothing else: `GODEBUG=...,{text}`"),
                )
            }
            Oddity::NoAssignment => (
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
