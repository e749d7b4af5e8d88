use super::{OPTIONS, report_level};
use crate::rules::prelude::*;
use gospect_vuln as vuln;

pub const META: Meta = Meta {
    code: "GS701",
    id: "vulnerable-symbol",
    summary: "a function with a known vulnerability is linked",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: OPTIONS,
    since: "0.2.0",
    page: include_str!("vulnerable_symbol.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    report_level(
        ctx,
        sink,
        vuln::Level::Symbol,
        "vulnerable code of MODULE is linked",
    );
}
