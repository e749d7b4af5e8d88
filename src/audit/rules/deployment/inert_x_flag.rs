use crate::audit::rules::goroot::ineffective_x_flag::no_such_variable;
use crate::audit::rules::prelude::*;
use crate::deploy::{Span, Text};
use crate::go::ldflags;

pub const META: Meta = Meta {
    code: "GS416",
    id: "inert-x-flag",
    family: Family::Deployment,
    summary: "a build sets a variable with `-X` that does not exist",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    doc: Doc {
        what: "`-ldflags` of a build, or a variable that holds such flags, has an `-X` for a name in package `runtime` that is no string variable.",
        why: "The linker ignores such a flag without a word, so the program lacks the value that somebody meant to put in.",
        example: "`go build -ldflags '-X runtime.gorootFinal=/usr/local/go'`.",
        fix: "Drop the flag. For GOROOT there is nothing to set: use `-trimpath`.",
    },
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    let mut seen: Vec<Span> = Vec::new();
    for c in &ctx.file.commands {
        for word in c.flag("ldflags") {
            let flags = word.as_str();
            let flags = flags.split_once("ldflags=").map_or(flags, |(_, f)| f);
            report(flags, &word.text, &c.scope, &mut seen, sink);
        }
        if c.verb() == "tool" {
            for word in c.arguments() {
                report(
                    &format!("-X {}", word.as_str()),
                    &word.text,
                    &c.scope,
                    &mut seen,
                    sink,
                );
            }
        }
    }
    for v in &ctx.file.variables {
        if v.name.ends_with("FLAGS") {
            let flags = v.value.as_str().replace("-ldflags=", " ");
            report(&flags, &v.value, &v.scope, &mut seen, sink);
        }
    }
}

fn report(flags: &str, text: &Text, scope: &str, seen: &mut Vec<Span>, sink: &mut Sink) {
    for (target, value) in ldflags::definitions(flags) {
        let Some(name) = no_such_variable(&target) else {
            continue;
        };
        let at = text.find(&format!("{target}={value}"));
        if seen.contains(&at) {
            continue;
        }
        seen.push(at);
        sink.report(
            Report::new(format!(
                "`-X {target}` has no effect: package runtime has no string variable `{name}`"
            ))
            .see("-ldflags", format!("-X {target}={value}"))
            .on(at)
            .salient(target.clone())
            .salient(scope)
            .help(format!(
                "drop `-X {target}={value}` from -ldflags; `-trimpath` keeps build paths out"
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn flags_in_commands_and_in_variables() {
        let text = "FROM golang:1.27\nENV LDFLAGS=\"-s -X runtime.gorootFinal=/x\"\nRUN go build -trimpath -ldflags=\"-X main.v=1 -X runtime.GOROOT=/y\" . && go build -trimpath -ldflags \"$LDFLAGS\"\n";
        assert_eq!(
            places(&lint("inert-x-flag", "Dockerfile", text)),
            ["2:20-42", "3:49-66"]
        );
        let fine = "#!/bin/sh\ngo build -ldflags '-X runtime.defaultGOROOT=/x -X main.a=b'\n";
        assert!(lint("inert-x-flag", "b.sh", fine).is_empty());
    }
}
