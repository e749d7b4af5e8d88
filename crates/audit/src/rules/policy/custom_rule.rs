use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS900",
    id: "custom-rule",
    summary: "a rule that the policy file defines matched",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("custom_rule.md"),
};
