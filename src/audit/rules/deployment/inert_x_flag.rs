use crate::audit::rules::goroot::ineffective_x_flag::no_such_variable;
use crate::audit::rules::prelude::*;
use crate::deploy::Text;
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
    // Where flags stand in a variable, the variable is the place to change.
    let mut said: Vec<(String, String)> = Vec::new();
    for v in ctx
        .file
        .variables
        .iter()
        .filter(|v| v.name.ends_with("FLAGS"))
    {
        let flags = v.value.as_str().replace("-ldflags=", " ");
        for (target, value) in ldflags::definitions(&flags) {
            report(&target, &value, &v.value, &v.scope, sink);
            said.push((target, value));
        }
    }
    for c in &ctx.file.commands {
        let link = if c.verb() == "tool" {
            c.arguments()
        } else {
            &[]
        };
        let words = c.flag("ldflags").into_iter().map(|w| (w, ""));
        for (word, before) in words.chain(link.iter().map(|w| (w, "-X "))) {
            let flags = word.as_str();
            let flags = flags.split_once("ldflags=").map_or(flags, |(_, f)| f);
            for (target, value) in ldflags::definitions(&format!("{before}{flags}")) {
                let pair = (target, value);
                if !(word.dynamic && said.contains(&pair)) {
                    report(&pair.0, &pair.1, &word.text, &c.scope, sink);
                }
            }
        }
    }
}

fn report(target: &str, value: &str, text: &Text, scope: &str, sink: &mut Sink) {
    let Some(name) = no_such_variable(target) else {
        return;
    };
    sink.report(
        Report::new(format!(
            "`-X {target}` has no effect: package runtime has no string variable `{name}`"
        ))
        .see("-ldflags", format!("-X {target}={value}"))
        .on(text.find(&format!("{target}={value}")))
        .salient(target)
        .salient(scope)
        .help(format!(
            "drop `-X {target}={value}` from -ldflags; `-trimpath` keeps build paths out"
        )),
    );
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
