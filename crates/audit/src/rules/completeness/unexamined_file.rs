use crate::rules::prelude::*;
use gospect_record::{Reason, Unexamined};
use std::borrow::Cow;

pub const META: Meta = Meta {
    code: "GS263",
    id: "unexamined-file",
    summary: "something could not be examined",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[allow("Paths that need not be examined.")],
    since: "0.1.0",
    page: include_str!("unexamined_file.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    for u in ctx
        .fleet
        .unexamined
        .iter()
        .filter(|u| !ctx.options.allows(&u.path))
    {
        let help = advice(u);
        sink.report(
            Report::new(format!("not examined: {}", u.reason))
                .see(u.reason.as_str(), u.detail.clone())
                .salient(u.reason.as_str())
                .unanswered()
                .help(help)
                .at(u.path.clone(), u.location.clone()),
        );
    }
    let more = ctx.fleet.unexamined_more;
    if more > 0 {
        sink.report(
            Report::new(format!("not examined: {more} things more"))
                .salient("more")
                .unanswered()
                .help("`gospect scan --format ndjson` lists them all; `--memory` bounds how many are listed here"),
        );
    }
}

/// What to do, depending on what it is and why it was not examined.
fn advice(u: &Unexamined) -> Cow<'static, str> {
    let detail = u.detail.as_str();
    if let Some((_, there)) = detail
        .strip_prefix("no image for ")
        .and_then(|rest| rest.split_once("; there is "))
    {
        return format!(
            "give `--platform` one that it has ({there}), or build the image for the wanted one"
        )
        .into();
    }
    if detail.starts_with("database of packages: ") && u.reason != Reason::Limit {
        return database(&u.path).into();
    }
    let is_missing = detail.ends_with(" is missing") || detail.ends_with("is listed but not here");
    let is_of_image = u.location.image.is_some() || is_missing;
    match u.reason.known() {
        Some(Reason::Limit) => "raise the limit that the evidence names, or leave it out with `--exclude`",
        Some(Reason::Unreadable | Reason::Unsupported) if detail.contains("kept elsewhere by its publisher") => {
            "pull the image with all its layers, or accept it: `unexamined-file = { allow = [\"PATH\"] }`"
        }
        Some(Reason::Unreadable) if is_missing => {
            "the image is not whole: save or pull it again (`docker save`, `skopeo copy`)"
        }
        Some(Reason::Unreadable) if detail.starts_with("no image is called") || detail.starts_with("it has no image") => {
            "check the name: `gospect scan FILE` without a name lists the images"
        }
        Some(Reason::Truncated | Reason::Malformed) if is_of_image && u.location.layer.is_some() && u.location.entry.is_empty() => {
            "the layer is damaged: save or pull the image again (`docker save`, `skopeo copy`)"
        }
        Some(Reason::Unreadable) if detail.starts_with("No such file") => "check the path",
        Some(Reason::Unreadable) if detail.starts_with("Permission denied") => {
            "make it readable for this user: `chmod a+r FILE`, or run as its owner"
        }
        Some(Reason::Unreadable) => "see the evidence for what failed, then scan again",
        Some(Reason::Truncated | Reason::Malformed) => "fetch the file again and compare checksums",
        Some(Reason::Encrypted) => "decrypt it first, then audit",
        Some(Reason::Link) => "`--follow` enters links",
        _ => "see the evidence; `--exclude GLOB` leaves it out",
    }
    .into()
}

/// How to check or rebuild the package database that this file belongs to.
fn database(path: &str) -> &'static str {
    if path.contains("/dpkg/") {
        "check the database of packages: `dpkg --audit`, and reinstall what it names; in an image, build the layer again"
    } else if path.contains("/rpm/") || path.contains("/sysimage/") {
        "make the database of packages again: `rpm --rebuilddb`; in an image, build the layer again"
    } else if path.contains("/apk/") {
        "check the database of packages: `apk audit --system`, then `apk fix`; in an image, build the layer again"
    } else if path.contains("/pacman/") {
        "check the database of packages: `pacman -Dk`; in an image, build the layer again"
    } else {
        "check the database of packages with its package manager; in an image, build the layer again"
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Unexamined;

    #[test]
    fn advice_depends_on_the_reason() {
        for (path, reason, detail, want, not) in [
            (
                "a.tar",
                "unreadable",
                "no image for linux/arm64; there is linux/amd64, linux/s390x",
                "(linux/amd64, linux/s390x)",
                "chmod",
            ),
            (
                "a.tar!layer 1",
                "unreadable",
                "the layer is missing",
                "save or pull it again",
                "chmod",
            ),
            (
                "/var/lib/rpm/rpmdb.sqlite",
                "malformed",
                "database of packages: no page 3",
                "rpm --rebuilddb",
                "fetch",
            ),
            (
                "/var/lib/dpkg/status",
                "unreadable",
                "database of packages: Permission denied (os error 13)",
                "dpkg --audit",
                "fetch",
            ),
            (
                "/lib/apk/db/installed",
                "malformed",
                "database of packages: x",
                "apk fix",
                "fetch",
            ),
            (
                "x",
                "unreadable",
                "Permission denied (os error 13)",
                "chmod a+r",
                "fetch",
            ),
            (
                "x",
                "unreadable",
                "Input/output error (os error 5)",
                "see the evidence",
                "chmod",
            ),
            ("x", "truncated", "it ends early", "fetch", "chmod"),
        ] {
            let rows = [Unexamined {
                path: path.into(),
                location: Default::default(),
                reason: reason.into(),
                detail: detail.into(),
            }];
            let found = Setup {
                rule: "unexamined-file",
                ..Setup::default()
            }
            .judge_unexamined(&rows);
            let help = &found[0].help;
            assert!(
                help.contains(want) && !help.contains(not),
                "{detail}: {help}"
            );
        }
    }

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
