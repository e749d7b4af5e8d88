use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS301",
    id: "unused-waiver",
    summary: "a waiver covers nothing",
    levels: levels(NOTE, WARN, NOTE, NOTE),
    options: &[],
    since: "0.1.0",
    page: include_str!("unused_waiver.md"),
};
