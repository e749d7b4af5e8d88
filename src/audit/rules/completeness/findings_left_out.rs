use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS264",
    id: "findings-left-out",
    family: Family::Completeness,
    summary: "there are more findings than are listed",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    doc: Doc {
        what: "A rule found more than a thousand things at one file, or all findings together take more than `--memory` allows. What is not listed is counted by rule; the level is that of the worst of them. Waivers and baselines are not asked about what is not listed, and this rule cannot be turned off.",
        why: "A list that ends early without a word would read as if the rest were well.",
        example: "A record that names a hundred thousand unknown experiments: somebody made it to fill reports.",
        fix: "Fix or remove what is listed and audit again; with very many programs raise the bound: `gospect audit --memory 2G DIR`, or audit directories one by one.",
    },
};
