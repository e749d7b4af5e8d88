use crate::facts::x_flags;
use crate::rules::prelude::*;
use gospect_knowledge::linker;

pub const META: Meta = Meta {
    code: "GS026",
    id: "ineffective-x-flag",
    summary: "a recorded `-X` flag sets a variable that does not exist",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("ineffective_x_flag.md"),
};

/// Why the linker ignores a definition of a name in the standard library; `None` when it does not, or that is unknown. Without
/// a release: only when no release in the table has the variable.
pub(in crate::rules) fn no_such_variable(target: &str, minor: Option<u32>) -> Option<String> {
    let (package, name) = target.rsplit_once('.')?;
    let has = linker::has_string_variable(target, minor)?;
    (!has).then(|| match minor {
        Some(minor) => format!("package {package} of Go 1.{minor} has no string variable `{name}`"),
        None => format!("package {package} has no string variable `{name}`"),
    })
}

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let main = ctx.binary.main_package.as_deref().unwrap_or_default();
    for x in x_flags(ctx.binary) {
        let Some((package, name)) = x.target.rsplit_once('.') else {
            continue;
        };
        let release = ctx.release.map(|r| r.minor);
        let missing = release.and_then(|r| no_such_variable(&x.target, Some(r)));
        let (why, help) = if let Some(why) = missing {
            (
                why,
                format!(
                    "drop `-X {}={}` from -ldflags: `{}`",
                    x.target,
                    x.value,
                    ctx.go_build(&[without_definition(&x.target)])
                ),
            )
        } else if !main.is_empty() && main != "main" && package == main {
            (
                "symbols of the main package are called `main.…` whatever its import path"
                    .to_string(),
                format!(
                    "write `-X main.{name}={}` in -ldflags: `{}`",
                    x.value,
                    ctx.go_build(&[
                        without_definition(&x.target),
                        BuildChange::With(
                            ListSetting::LinkFlags,
                            format!("-X main.{name}={}", x.value)
                        ),
                    ])
                ),
            )
        } else {
            continue;
        };
        sink.report(
            Report::new(format!("`-X {}` has no effect: {why}", x.target))
                .see("-ldflags", format!("-X {}={}", x.target, x.value))
                .help(help)
                .salient(x.target),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn targets_that_cannot_be_set_are_reported() {
        for (flags, n) in [
            ("-X runtime.gorootFinal=/usr/local/go", 1),
            (
                "-s -w -X=runtime.GOEXPERIMENT=x -X 'example.com/app/cmd/app.version=1 2'",
                2,
            ),
            (
                "-X main.version=1 -X example.com/app/internal/v.Version=2",
                0,
            ),
            ("-X runtime.defaultGOROOT=/x", 0),
            ("-X internal/godebug.defaultGODEBUG=a=1", 1),
        ] {
            assert_eq!(
                judge_one("ineffective-x-flag", &binary(|b| set(b, "-ldflags", flags))).len(),
                n,
                "{flags}"
            );
        }
    }
}
