use super::{OPTIONS, report_level};
use crate::rules::prelude::*;
use gospect_vuln as vuln;

pub const META: Meta = Meta {
    code: "GS703",
    id: "vulnerable-module",
    summary: "a module has a known vulnerability in packages that are not linked",
    levels: levels(OFF, NOTE, OFF, OFF),
    options: OPTIONS,
    since: "0.2.0",
    page: include_str!("vulnerable_module.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    report_level(
        ctx,
        sink,
        vuln::Level::Module,
        "no vulnerable package of MODULE is linked",
    );
}
