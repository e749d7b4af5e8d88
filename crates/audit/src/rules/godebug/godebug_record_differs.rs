use crate::rules::prelude::*;
use std::collections::BTreeMap;

pub const META: Meta = Meta {
    code: "GS067",
    id: "godebug-record-differs",
    summary: "the GODEBUG defaults in the program are not those in its build info",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("godebug_record_differs.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let godebug = &ctx.binary.godebug;
    // A build system that records no settings makes no claim that could be contradicted.
    let records = ctx
        .binary
        .build_info
        .as_ref()
        .is_some_and(|baked_pairs| !baked_pairs.settings.is_empty());
    let (true, Some(baked)) = (records, godebug.baked.as_deref()) else {
        return;
    };
    let recorded = godebug.recorded.as_deref().unwrap_or_default();
    let (recorded_pairs, baked_pairs) = (pairs(recorded), pairs(baked));
    if recorded_pairs == baked_pairs {
        return;
    }
    let mut keys: Vec<&str> = recorded_pairs
        .keys()
        .chain(baked_pairs.keys())
        .copied()
        .filter(|k| recorded_pairs.get(k) != baked_pairs.get(k))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let shown = |v: &str| {
        if v.is_empty() {
            "nothing".to_string()
        } else {
            v.to_string()
        }
    };
    // It was set on purpose and is recorded among the flags.
    let declared = crate::facts::x_flags(ctx.binary)
        .iter()
        .any(|x| x.target == "runtime.godebugDefault" && x.value == baked);
    let worst = if declared { Level::Note } else { Level::Error };
    sink.report(
        Report::new(format!("the program's GODEBUG defaults differ from the record in {}", keys.join(", ")))
            .at_most(worst)
            .see("DefaultGODEBUG", shown(recorded))
            .see("runtime.godebugDefault", shown(baked))
            .salient(keys.join(","))
            .help(format!(
                "drop `-X runtime.godebugDefault=...` from -ldflags and set defaults with {}, then `{}`",
                match ctx.is_gopath() {
                    true => "`//go:debug KEY=VALUE` in package main",
                    false => "`go mod edit -godebug=KEY=VALUE`",
                },
                ctx.go_build(&[without_definition("runtime.godebugDefault")])
            )),
    );
}

/// Keys with their values in force: the last one in a string wins.
fn pairs(text: &str) -> BTreeMap<&str, &str> {
    text.split(',').filter_map(|p| p.split_once('=')).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn values_count_and_order_does_not() {
        let with = |recorded: Option<&str>, baked: Option<&str>| {
            judge_one(
                "godebug-record-differs",
                &binary(|b| {
                    (b.godebug.recorded, b.godebug.baked) =
                        (recorded.map(Into::into), baked.map(Into::into))
                }),
            )
            .len()
        };
        assert_eq!(with(Some("a=1,b=2"), Some("b=2,a=1")), 0);
        assert_eq!(with(Some("a=1"), Some("gctrace=1")), 1);
        assert_eq!(with(None, Some("a=1")), 1);
        assert_eq!(with(None, Some("")), 0);
        assert_eq!(with(Some("a=1"), None), 0);
    }
}
