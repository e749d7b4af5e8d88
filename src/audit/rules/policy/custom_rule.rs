use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS900",
    id: "custom-rule",
    family: Family::Policy,
    summary: "a rule that the policy file defines matched",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "Conditions over record keys in a `[[custom]]` table of the policy hold for this program. The finding carries the id, message, level and help that the table gives; all such findings share this code.",
        why: "Every shop has rules of its own.",
        example: "`[[custom]] id = \"no-debug-tag\"  level = \"error\"  message = \"debug build\"  all = [{ key = \"-tags\", op = \"contains\", value = \"debug\" }]`.",
        fix: "See `help` of the finding, which the policy's author wrote.",
    },
};
