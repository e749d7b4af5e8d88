use crate::facts::x_flags;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS023",
    id: "goroot-overridden",
    summary: "`runtime.GOROOT()` was set with `-X`",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("goroot_overridden.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let flag = x_flags(ctx.binary)
        .into_iter()
        .find(|x| x.target == "runtime.defaultGOROOT");
    let goroot = ctx.binary.goroot.as_ref();
    let answered = goroot
        .filter(|g| g.trimmed == Some(true))
        .and_then(|g| g.runtime.as_deref())
        .filter(|r| r.starts_with('/') || r.get(1..2) == Some(":"));
    let value = match (&flag, answered) {
        (Some(x), _) => x.value.clone(),
        (None, Some(value)) => value.to_string(),
        (None, None) => return,
    };
    let mut report = Report::new(format!(
        "`runtime.GOROOT()` was set to {value} at link time"
    ))
    .help(format!(
        "drop `-X runtime.defaultGOROOT=...` from -ldflags: `{}`",
        ctx.go_build(&[without_definition("runtime.defaultGOROOT")])
    ));
    if let Some(x) = flag {
        report = report.see("-ldflags", format!("-X {}={}", x.target, x.value));
    }
    if let Some(answer) = answered {
        report = report.see("goroot.runtime", answer);
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn an_answer_in_a_trimmed_program_is_reported() {
        let trimmed = |runtime: &str| {
            judge_one(
                "goroot-overridden",
                &binary(|b| {
                    let g = b.goroot.as_mut().unwrap();
                    (g.value, g.trimmed, g.runtime) = (None, Some(true), Some(runtime.into()));
                }),
            )
            .len()
        };
        assert_eq!(trimmed("/opt/fake"), 1);
        assert_eq!(trimmed(""), 0);
        assert_eq!(trimmed("go"), 0, "what -trimpath left up to Go 1.18");
        assert_eq!(
            judge_one(
                "goroot-overridden",
                &binary(|b| set(b, "-ldflags", "-X runtime.defaultGOROOT=/x"))
            )
            .len(),
            1
        );
    }
}
