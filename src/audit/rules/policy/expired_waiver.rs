use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS300",
    id: "expired-waiver",
    family: Family::Policy,
    summary: "a waiver has run out and would still cover findings",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "The day in a waiver's `expires` is past. The findings it used to cover count again.",
        why: "The date was set so that somebody looks again.",
        example: "`expires = 2026-06-30`, audited on 2026-11-22.",
        fix: "Fix what the waiver covers and delete it, or set a new date with a reason that still holds.",
    },
};
