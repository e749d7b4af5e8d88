use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS300",
    id: "expired-waiver",
    summary: "a waiver has expired and would still cover findings",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("expired_waiver.md"),
};
