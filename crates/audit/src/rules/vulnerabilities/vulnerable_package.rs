use super::{OPTIONS, report_level};
use crate::rules::prelude::*;
use gospect_vuln as vuln;

pub const META: Meta = Meta {
    code: "GS702",
    id: "vulnerable-package",
    summary: "a package with a known vulnerability is linked, but none of its vulnerable functions",
    levels: levels(NOTE, WARN, NOTE, NOTE),
    options: OPTIONS,
    since: "0.2.0",
    page: include_str!("vulnerable_package.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    report_level(
        ctx,
        sink,
        vuln::Level::Package,
        "a package of MODULE is linked, but none of its vulnerable functions",
    );
}
