use crate::facts::x_flags;
use crate::rules::prelude::*;
use crate::secrets;
use std::collections::HashSet;

pub const META: Meta = Meta {
    code: "GS111",
    id: "secret-variable",
    summary: "an `-X` flag sets a variable that is named like a secret",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[allow(
        "Targets such as `main.publicKey*` that are not secrets.",
    )],
    since: "0.1.0",
    page: include_str!("secret_variable.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let strings = ctx.binary.linker_strings.as_deref().unwrap_or_default();
    let named = strings
        .iter()
        .filter_map(|s| Some((s.name.clone()?, s.value.clone())));
    let mut seen: HashSet<String> = HashSet::new();
    for (target, value) in x_flags(ctx.binary)
        .into_iter()
        .map(|x| (x.target, x.value))
        .chain(named)
    {
        if seen.contains(&target)
            || ctx.options.allows(&target)
            || !secrets::is_secret_name(&target)
            || secrets::is_placeholder(&value)
        {
            continue;
        }
        sink.report(
            Report::new(format!("`{target}` is linked in and its name says secret"))
                .see(target.clone(), secrets::redact(&value))
                .salient(target.clone())
                .help(format!("read it at run time instead of `-X {target}=...`: `{}`; if it is not a secret: {}", ctx.go_build(&[without_definition(&target)]), allow_line(META.id, &[&target]))),
        );
        seen.insert(target);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn names_decide_and_values_stay_hidden() {
        for (flags, n) in [
            ("-X main.apiKey=s3cr3tv4lue", 1),
            ("-X main.DB_PASSWORD=hunter2hunter2", 1),
            ("-X main.token=", 0),
            ("-X main.tokenizer=bpe-large", 0),
            ("-X main.publicKey=abcdefghijkl", 0),
            ("-X main.version=1.2.3", 0),
            ("-X main.secretName=changeme", 0),
        ] {
            let found = judge_one("secret-variable", &binary(|b| set(b, "-ldflags", flags)));
            assert_eq!(found.len(), n, "{flags}");
            assert!(
                !serde_json::to_string(&found)
                    .unwrap()
                    .contains("hunter2hunter2")
            );
        }
    }
}
