use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS263",
    id: "unexamined-file",
    family: Family::Completeness,
    summary: "something could not be examined",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[OptionSpec {
        name: "allow",
        kind: Kind::Globs,
        default: D::List(&[]),
        doc: "Paths that need not be examined.",
    }],
    since: "0.1.0",
    doc: Doc {
        what: "A file, entry or layer was met and not examined: unreadable, truncated, encrypted, over a limit, of an unknown kind.",
        why: "No finding there means nothing. What nobody looked at is where surprises are.",
        example: "An archive with a member above `--max-entry-size`.",
        fix: "The evidence has the reason: fix permissions, raise the limit it names, or fetch the file again. `--strict` makes it exit with 2.",
    },
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    let allow = ctx.options.list("allow").unwrap_or_default();
    for u in ctx
        .fleet
        .unexamined
        .iter()
        .filter(|u| !crate::audit::glob::any(&allow, &u.path))
    {
        let help = match u.reason.as_str() {
            "limit" => "raise the limit that the evidence names, or leave it out with `--exclude`",
            "unreadable" if u.detail.starts_with("No such file") => "check the path",
            "unreadable" => "make it readable for this user: `chmod a+r FILE`, or run as its owner",
            "truncated" | "malformed" => "fetch the file again and compare checksums",
            "encrypted" => "decrypt it first, then audit",
            _ => "see the evidence; `--exclude GLOB` leaves it out",
        };
        sink.report(
            Report::new(format!("not examined: {}", u.reason))
                .see(u.reason.clone(), u.detail.clone())
                .salient(u.reason.clone())
                .help(help)
                .at(u.path.clone(), u.location.clone()),
        );
    }
    let more = ctx.fleet.unexamined_more;
    if more > 0 {
        sink.report(
            Report::new(format!("not examined: {more} things more"))
                .salient("more")
                .help("`gospect scan --format ndjson` lists them all; `--memory` bounds how many are listed here"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;
    use crate::report::model::Unexamined;

    #[test]
    fn reasons_are_passed_on() {
        let rows = [Unexamined {
            path: "dist/x.zip!y".into(),
            location: Default::default(),
            reason: "encrypted".into(),
            detail: "needs a password".into(),
        }];
        let found = Setup {
            rule: "unexamined-file",
            ..Setup::default()
        }
        .judge_unexamined(&rows);
        assert_eq!((found.len(), found[0].path.as_str()), (1, "dist/x.zip!y"));
        let policy = "[rules]\nunexamined-file = { allow = [\"dist/**\"] }";
        assert!(
            Setup {
                policy,
                rule: "unexamined-file",
                ..Setup::default()
            }
            .judge_unexamined(&rows)
            .is_empty()
        );
    }
}
