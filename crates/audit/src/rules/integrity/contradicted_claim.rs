use crate::rules::prelude::*;
use gospect_record::{Claim, Verdict};

pub const META: Meta = Meta {
    code: "GS160",
    id: "contradicted-claim",
    summary: "build info and program contradict each other",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "ignore",
        kind: ValueKind::Texts,
        default: D::List(&[]),
        doc: "Claims that are not checked, such as `cgo` or `buildmode`.",
    }],
    since: "0.1.0",
    page: include_str!("contradicted_claim.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let ignore = ctx.options.list("ignore");
    for claimed in ctx.binary.corroboration.iter().flatten() {
        // Rules of their own report these two, with more detail.
        let has_own_rule = claimed.claim == Claim::Godebug
            || (claimed.claim == Claim::Experiments
                && ctx.binary.experiments.consistent == Some(false));
        if has_own_rule
            || claimed.verdict != Verdict::Contradicted
            || ignore.contains(&claimed.claim.as_str())
        {
            continue;
        }
        let shown = |value: &Option<String>| {
            value
                .as_deref()
                .map_or("nothing".to_string(), crate::facts::shorten)
        };
        sink.report(
            Report::new(format!("{} is recorded as {}, but the program shows {}", claimed.claim, shown(&claimed.recorded), shown(&claimed.observed)))
                .see(format!("recorded {}", claimed.claim), shown(&claimed.recorded))
                .see(format!("observed {}", claimed.claim), shown(&claimed.observed))
                .see("how", claimed.how.clone())
                .salient(claimed.claim.as_str())
                .help("fetch the file again from where it was published and compare: `sha256sum FILE`; if you built it, rebuild it"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::{Corroboration, Verdict};

    #[test]
    fn only_contradictions_are_reported() {
        let row = |claim: &str, verdict: Verdict| Corroboration {
            claim: claim.into(),
            recorded: Some("a".into()),
            observed: Some("b".into()),
            verdict: verdict.into(),
            how: "x".into(),
        };
        let b = binary(|b| {
            b.corroboration = Some(vec![
                row("go-version", Verdict::Contradicted),
                row("port", Verdict::Confirmed),
                row("cgo", Verdict::Unverifiable),
                row("buildmode", Verdict::Contradicted),
                row("godebug", Verdict::Contradicted),
            ])
        });
        assert_eq!(judge_one("contradicted-claim", &b).len(), 2);
        let policy = "[rules]\ncontradicted-claim = { ignore = [\"buildmode\"] }";
        assert_eq!(
            Setup {
                policy,
                rule: "contradicted-claim",
                ..Setup::default()
            }
            .judge(&b)
            .len(),
            1
        );
    }
}
