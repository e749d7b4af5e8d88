use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS264",
    id: "findings-left-out",
    summary: "there are more findings than are listed",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("findings_left_out.md"),
};
