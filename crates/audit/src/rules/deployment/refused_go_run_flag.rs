use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS414",
    id: "refused-go-run-flag",
    summary: "`go run -e` is used, a flag that does not exist",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("refused_go_run_flag.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for c in ctx.file.commands.iter().filter(|c| c.verb() == "run") {
        // Flags end at the first argument; the rest is for the program.
        let mut flags = c
            .arguments()
            .iter()
            .take_while(|w| w.as_str().starts_with('-'));
        if let Some(word) =
            flags.find(|w| matches!(w.as_str(), "-e" | "--e") || w.as_str().starts_with("-e="))
        {
            sink.report(
                Report::new("`go run -e` fails: the go command has no flag -e")
                    .on(word.text.whole())
                    .salient(c.scope.clone())
                    .help("put the code into a file and `go run` it; `gospect scan FILE` shows what a program answers"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_flag_that_does_not_exist() {
        let text = "FROM golang:1.27\nRUN go run -e 'println(1)'\nRUN go run . -e x\n";
        assert_eq!(
            places(&lint("refused-go-run-flag", "Dockerfile", text)),
            ["2:12-14"]
        );
    }
}
