use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS412",
    id: "goroot-final-read",
    summary: "`go env GOROOT_FINAL` is read, which is always empty",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("goroot_final_read.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for c in ctx.file.commands.iter().filter(|c| c.verb() == "env") {
        let Some(word) = c.arguments().iter().find(|w| w.as_str() == "GOROOT_FINAL") else {
            continue;
        };
        if c.arguments()
            .iter()
            .any(|w| matches!(w.as_str(), "-w" | "-u"))
        {
            continue;
        }
        sink.report(
            Report::new(
                "`go env GOROOT_FINAL` always answers nothing: the go command does not know it",
            )
            .on(word.text.whole())
            .salient(c.scope.clone())
            .help("delete the check; `go env GOROOT` says where Go is"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_question_that_has_no_answer() {
        let text = "#!/bin/sh\n[ \"$(go env GOROOT_FINAL)\" = /x ] || exit 1\ngo env GOROOT\n";
        assert_eq!(
            places(&lint("goroot-final-read", "c.sh", text)),
            ["2:13-25"]
        );
    }
}
