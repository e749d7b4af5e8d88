use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS201",
    id: "dynamic-linkage",
    summary: "dynamically linked where a static program is required",
    levels: levels(OFF, OFF, OFF, OFF),
    options: &[allow("Libraries that may be needed.")],
    since: "0.1.0",
    page: include_str!("dynamic_linkage.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(l) = &ctx.binary.linkage else { return };
    if l.is_static != Some(false)
        || matches!(
            ctx.binary.executable.os.as_deref(),
            Some("darwin" | "ios" | "windows")
        )
    {
        return;
    }
    let allow = ctx.options.list("allow");
    let needed: Vec<&str> = l
        .needed
        .iter()
        .flatten()
        .map(String::as_str)
        .filter(|n| !ctx.options.allows(n))
        .collect();
    if needed.is_empty() && (l.interpreter.is_none() || !allow.is_empty()) {
        return;
    }
    let mut report = Report::new("dynamically linked")
        .help(format!("`{}`", ctx.go_build(&[set("CGO_ENABLED", "0")])));
    if let Some(i) = &l.interpreter {
        report = report.see("linkage.interpreter", i.clone());
    }
    if !needed.is_empty() {
        report = report.see("linkage.needed", needed.join(", "));
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_what_is_not_allowed_counts() {
        let b = binary(|b| {
            let l = b.linkage.as_mut().unwrap();
            (l.is_static, l.interpreter, l.needed) = (
                Some(false),
                Some("/lib64/ld-linux-x86-64.so.2".into()),
                Some(vec!["libc.so.6".into()]),
            );
        });
        let with = |options: &str| {
            Setup {
                policy: &format!("[rules]\ndynamic-linkage = {{ level = \"error\"{options} }}"),
                rule: "dynamic-linkage",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with(""), 1);
        assert_eq!(with(", allow = [\"libc.so.*\"]"), 0);
        assert!(judge_one("dynamic-linkage", &b).is_empty());
    }
}
