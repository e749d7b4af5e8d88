use crate::rules::prelude::*;
use gospect_verify::sums::{Sum, SumVerdict};

pub const META: Meta = Meta {
    code: "GS143",
    id: "module-sum-mismatch",
    summary: "a recorded checksum is not the one of the module",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("module_sum_mismatch.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let sums = ctx.sums.unwrap_or_default().iter();
    for sum in sums.filter(|sum| sum.verdict == SumVerdict::Different) {
        sink.report(report(sum));
    }
}

fn report(sum: &Sum) -> Report {
    let Sum {
        module, version, ..
    } = sum;
    let copy = match sum.second_copy {
        true => " in the second copy of the record",
        false => "",
    };
    let source = sum.source.as_deref().unwrap_or("expected");
    let report = match &sum.why {
        Some(why) => Report::new(format!("{module} {version}{copy}: {why}")),
        None => Report::new(format!(
            "the checksum of {module} {version}{copy} is not the one of {source}"
        ))
        .see("recorded", sum.recorded.as_deref().unwrap_or("none"))
        .see(source, sum.expected.as_deref().unwrap_or("none")),
    };
    report
    .salient(module.clone())
    .help("do not ship it: `go clean -modcache && go mod verify` on a clean machine, build again, and compare")
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::{Auditor, Date, Finding, Policy};
    use gospect_record::Binary;
    use gospect_verify::go_sum::GoSum;

    pub(super) fn judged(binary: &Binary, go_sum: &str) -> Vec<Finding> {
        let policy = Policy::default();
        let files = [("go.sum".to_owned(), GoSum::parse(go_sum).unwrap())];
        let mut auditor = Auditor::new(&policy, Date::parse("2026-11-30").unwrap());
        if !go_sum.is_empty() {
            auditor = auditor.with_go_sums(&files);
        }
        auditor.binary(binary);
        let findings = auditor.finish().findings.into_iter();
        findings
            .filter(|f| f.rule.starts_with("module-sum"))
            .collect()
    }

    #[test]
    fn an_edited_checksum_is_an_error_only_with_a_go_sum_file() {
        let program = binary(|b| {
            dep(b, "example.com/a", "v1.0.0", None);
            dep(b, "example.com/b", "v1.0.0", None);
            b.build_info.as_mut().unwrap().deps.last_mut().unwrap().sum = "h1:evil=".into();
        });
        let go_sum = "golang.org/x/sys v0.37.0 h1:golang.org/x/sysv0.37.0=\n\
            example.com/a v1.0.0 h1:example.com/av1.0.0=\n\
            example.com/b v1.0.0 h1:example.com/bv1.0.0=\n";
        let found = judged(&program, go_sum);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].level, crate::Level::Error);
        assert!(found[0].message.contains("example.com/b v1.0.0"));
        assert!(judged(&program, "").is_empty());
    }

    #[test]
    fn modules_that_the_file_does_not_list_are_one_warning() {
        let program = binary(|b| dep(b, "example.com/a", "v1.0.0", None));
        let found = judged(&program, "example.com/other v1.0.0 h1:x=\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].rule, "module-sum-unknown");
        assert_eq!(found[0].level, crate::Level::Warning);
        assert!(
            found[0].message.starts_with("2 of 2 checksums"),
            "{}",
            found[0].message
        );
    }
}
