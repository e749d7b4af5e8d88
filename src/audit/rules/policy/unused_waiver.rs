use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS301",
    id: "unused-waiver",
    family: Family::Policy,
    summary: "a waiver covers nothing",
    levels: levels(NOTE, WARN, NOTE, NOTE),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "No finding of this run matches the waiver.",
        why: "What it excused is fixed, or path or rule are misspelt. Left in place it will one day hide something new.",
        example: "`[[waivers]] rule = \"dirty-tree\" path = \"bin/old\"` after bin/old is gone.",
        fix: "Delete the waiver, or correct its `rule` and `path`.",
    },
};
