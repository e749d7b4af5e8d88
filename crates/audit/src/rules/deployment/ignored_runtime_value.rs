use super::{about, clip};
use crate::known;
use crate::rules::prelude::*;
use gospect_deploy::{Reader, placeholder};

pub const META: Meta = Meta {
    code: "GS420",
    id: "ignored-runtime-value",
    summary: "a deployment file gives GOGC, GOMAXPROCS or GOTRACEBACK a value that Go ignores",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("ignored_runtime_value.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in ctx
        .file
        .variables
        .iter()
        .filter(|v| v.reader != Reader::Nobody)
    {
        let value = v.value.as_str();
        if placeholder::is_unresolved(value) {
            continue;
        }
        let Some(ignored) = known::ignored_value(&v.name, value) else {
            continue;
        };
        sink.report(
            about(
                v,
                format!("{}={} is ignored: {}", v.label, clip(value), ignored.why),
                &[&v.name],
            )
            .help(ignored.help),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn values_that_go_does_not_read() {
        let id = "ignored-runtime-value";
        for value in [
            "GOGC=fifty",
            "GOGC=50%",
            "GOGC=OFF",
            "GOGC=0.5",
            "GOMAXPROCS=auto",
            "GOMAXPROCS=0",
            "GOMAXPROCS=1.5",
            "GOMAXPROCS=-1",
            "GOTRACEBACK=full",
            "GOTRACEBACK=Crash",
        ] {
            assert_eq!(lint(id, "x.env", &format!("{value}\n")).len(), 1, "{value}");
        }
        for value in [
            "GOGC=off",
            "GOGC=50",
            "GOGC=-1",
            "GOGC=",
            "GOMAXPROCS=4",
            "GOTRACEBACK=2",
            "GOTRACEBACK=crash",
            "GOTRACEBACK=wer",
            "GOGC=${X}",
            "GOMAXPROCS=$(nproc)",
            "GOGC={{ .x }}",
        ] {
            assert!(
                lint(id, "x.env", &format!("{value}\n")).is_empty(),
                "{value}"
            );
        }
    }
}
