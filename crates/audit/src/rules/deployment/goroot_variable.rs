use super::about;
use crate::rules::prelude::*;
use gospect_deploy::Reader;

pub const META: Meta = Meta {
    code: "GS410",
    id: "goroot-variable",
    summary: "a deployment file sets GOROOT, which changes what `runtime.GOROOT()` returns",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("goroot_variable.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    let deployed = ctx
        .file
        .variables
        .iter()
        .filter(|v| v.reader == Reader::Program);
    for v in deployed.filter(|v| v.name == "GOROOT" && !v.value.is_empty()) {
        sink.report(
            about(
                v,
                format!(
                    "{} overrides what runtime.GOROOT() answers: {}",
                    v.label,
                    v.value.as_str()
                ),
                &[],
            )
            .help("delete it, unless the program is a Go tool"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn goroot_matters_where_no_go_command_is() {
        let unit = "[Service]\nEnvironment=GOROOT=/usr/local/go\n";
        assert_eq!(
            places(&lint("goroot-variable", "a.service", unit)),
            ["2:13-33"]
        );
        let build = "FROM golang:1.27\nENV GOROOT=/usr/local/go\nCMD go run .\n";
        assert!(lint("goroot-variable", "Dockerfile", build).is_empty());
    }
}
