use super::clip;
use crate::rules::goroot::ineffective_x_flag::no_such_variable;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS416",
    id: "inert-x-flag",
    summary: "a build sets a variable with `-X` that does not exist",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("inert_x_flag.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for d in &ctx.file.definitions {
        let judge = ctx.judge(false, d.go.as_ref());
        // If the release is unknown, or may be a later one, only variables that no release has are certainly wrong.
        let minor = (!judge.guessed && !judge.at_least).then(|| judge.minor());
        let Some(why) = no_such_variable(&d.target, minor) else {
            continue;
        };
        let target = &d.target;
        let flag = format!("-X {target}={}", clip(d.value.as_str()));
        let help = if target == "internal/godebug.defaultGODEBUG" {
            "record defaults with `go mod edit -godebug=KEY=VALUE`; the variable that the linker sets is `runtime.godebugDefault`".to_owned()
        } else {
            format!("drop `{flag}` from -ldflags; `-trimpath` keeps build paths out")
        };
        sink.report(
            Report::new(format!("`-X {target}` has no effect: {why}"))
                .see("-ldflags", flag)
                .on(d.at)
                .salient(target.as_str())
                .salient(d.scope.as_str())
                .help(help),
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
        let wrong_name = "#!/bin/sh\ngo build -ldflags '-X internal/godebug.defaultGODEBUG=a=1'\n";
        let found = lint("inert-x-flag", "b.sh", wrong_name);
        assert_eq!(places(&found), ["2:23-58"]);
        assert!(found[0].help.contains("runtime.godebugDefault"));
    }
}
