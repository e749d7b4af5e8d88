use crate::facts::{NOT_SET, has_relative_paths};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS024",
    id: "untrimmed-paths",
    summary: "built without `-trimpath`",
    levels: levels(OFF, WARN, NOTE, NOTE),
    options: &[],
    since: "0.1.0",
    page: include_str!("untrimmed_paths.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let seen = ctx.binary.goroot.as_ref().and_then(|g| g.trimmed);
    // The file table decides; without it the recorded settings do.
    let recorded = ctx
        .binary
        .build_info
        .as_ref()
        .filter(|b| !b.settings.is_empty())
        .map(|b| b.setting("-trimpath") == Some("true"));
    if seen.or(recorded) != Some(false) || has_relative_paths(ctx.binary) {
        return;
    }
    let mut report = Report::new("built without -trimpath")
        .help(format!("`{}`", ctx.go_build(&[set("-trimpath", "true")])));
    if let Some(root) = ctx.binary.goroot.as_ref().and_then(|g| g.value.as_deref()) {
        report = report.see("goroot.value", root);
    }
    // Go records the flag only where it is set.
    let missing = match recorded {
        Some(_) => NOT_SET,
        None => "not recorded",
    };
    report = report.see("-trimpath", ctx.setting("-trimpath").unwrap_or(missing));
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Binary;

    /// The number of findings about a program, in the profile of releases.
    fn findings(program: &Binary) -> usize {
        let setup = Setup {
            profile: "release",
            rule: "untrimmed-paths",
            ..Setup::default()
        };
        setup.judge(program).len()
    }

    #[test]
    fn the_file_table_goes_before_the_record() {
        let with = |trimmed: Option<bool>, flag: bool| {
            findings(&binary(|b| {
                b.goroot.as_mut().unwrap().trimmed = trimmed;
                unset(b, "-trimpath");
                if flag {
                    set(b, "-trimpath", "true");
                }
            }))
        };
        assert_eq!(with(Some(false), true), 1);
        assert_eq!(with(Some(true), false), 0);
        assert_eq!(with(None, false), 1);
        assert_eq!(with(None, true), 0);
    }

    #[test]
    fn a_builder_may_make_paths_relative_in_its_own_way() {
        let with = |root: &str| {
            findings(&binary(|b| {
                let goroot = b.goroot.as_mut().unwrap();
                (goroot.trimmed, goroot.value) = (Some(false), Some(root.into()));
                b.paths = Some(vec![]);
                unset(b, "-trimpath");
            }))
        };
        assert_eq!(with("GOROOT"), 0);
        assert_eq!(with("/usr/lib/go"), 1);
        assert_eq!(with("C:\\go"), 1);
    }
}
