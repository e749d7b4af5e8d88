use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS302",
    id: "unused-override",
    summary: "an override applies to nothing, or one of its globs does",
    levels: levels(NOTE, WARN, NOTE, NOTE),
    options: &[],
    since: "0.2.0",
    page: include_str!("unused_override.md"),
};
