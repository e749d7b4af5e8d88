use super::effective;
use crate::rules::prelude::*;
use crate::{glob, known};

pub const META: Meta = Meta {
    code: "GS138",
    id: "module-below-floor",
    summary: "a dependency is older than the policy allows",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "minimum",
        kind: ValueKind::Floors,
        default: D::List(&[]),
        doc: "`MODULE-GLOB@VERSION` each: the oldest version of these modules that may be linked in.",
    }],
    since: "0.1.0",
    page: include_str!("module_below_floor.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let floors = ctx.options.list("minimum");
    let Some(build) = ctx
        .binary
        .build_info
        .as_ref()
        .filter(|_| !floors.is_empty())
    else {
        return;
    };
    for m in build.deps.iter().map(effective) {
        for (pattern, floor) in floors.iter().filter_map(|f| f.rsplit_once('@')) {
            if !glob::matches(pattern, &m.path)
                || !known::is_module_version(&m.version)
                || known::compare_modules(&m.version, floor).is_ge()
            {
                continue;
            }
            sink.report(
                Report::new(format!(
                    "{} {} is below the floor {floor}",
                    m.path, m.version
                ))
                .see("module", format!("{} {}", m.path, m.version))
                .salient(m.path.clone())
                .help(format!(
                    "`go get {} && go mod tidy`, then rebuild",
                    argument(&format!("{}@{floor}", m.path))
                )),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn the_order_is_that_of_modules() {
        let with = |version: &str| {
            let b = binary(|b| dep(b, "golang.org/x/crypto", version, None));
            Setup {
                policy: "[rules]\nmodule-below-floor = { minimum = [\"golang.org/x/*@v0.31.0\"] }",
                rule: "module-below-floor",
                ..Setup::default()
            }
            .judge(&b)
            .iter()
            .filter(|f| f.message.contains("crypto"))
            .count()
        };
        assert_eq!(
            (with("v0.9.0"), with("v0.31.0"), with("v0.100.0")),
            (1, 0, 0)
        );
        assert_eq!(with("v0.31.0-rc.1"), 1);
        assert_eq!(with("v0.0.0-20210921155107-089bfa567519"), 1);
    }
}
