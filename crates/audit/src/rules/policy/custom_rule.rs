use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS900",
    id: "custom-rule",
    summary: "a custom rule of the policy matched",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("custom_rule.md"),
};
