use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS022",
    id: "goroot-sources-disagree",
    summary: "places in the file name different GOROOTs",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("goroot_sources_disagree.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(goroot) = &ctx.binary.goroot else {
        return;
    };
    // The rule goroot-overridden reports values set on purpose.
    let defined = crate::facts::x_flags(ctx.binary);
    if defined.iter().any(|x| x.target == "runtime.defaultGOROOT") {
        return;
    }
    let fold = |v: &str| {
        v.replace('\\', "/")
            .trim_end_matches('/')
            .to_ascii_lowercase()
    };
    let mut roots: Vec<String> = goroot
        .evidence
        .iter()
        .map(|e| fold(&e.value))
        .filter(|v| v.starts_with('/') || v.get(1..2) == Some(":"))
        .collect();
    roots.sort();
    roots.dedup();
    if roots.len() < 2 {
        return;
    }
    let mut report = Report::new(format!("{} different GOROOTs are in the file", roots.len()))
        .help(format!(
            "build with one installation and no leftovers: `{}`, then `{}`",
            if ctx.is_bazel() {
                "bazel clean"
            } else {
                "go clean -cache"
            },
            ctx.go_build(&[set("-trimpath", "true")])
        ));
    for e in &goroot.evidence {
        report = report.see(format!("goroot ({})", e.source), e.value.clone());
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Evidence;

    #[test]
    fn only_the_directory_counts_not_its_spelling() {
        let with = |a: &str, b: &str| {
            let rows = [("pclntab", a), ("linker-string", b)].map(|(s, v)| Evidence {
                source: s.into(),
                value: v.into(),
            });
            judge_one(
                "goroot-sources-disagree",
                &binary(|b| b.goroot.as_mut().unwrap().evidence = rows.to_vec()),
            )
            .len()
        };
        assert_eq!(with("/usr/lib/go-1.22", "/opt/go"), 1);
        assert_eq!(with("C:/Program Files/Go", "c:\\Program Files\\Go"), 0);
        assert_eq!(with("/usr/local/go", "trimmed"), 0);
    }
}
