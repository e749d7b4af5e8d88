use super::is_directory;
use crate::audit::glob;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS135",
    id: "replaced-module",
    family: Family::Source,
    summary: "a dependency was replaced by another module",
    levels: levels(OFF, NOTE, OFF, OFF),
    options: &[OptionSpec {
        name: "allow",
        kind: Kind::Globs,
        default: D::List(&[]),
        doc: "Modules that may be replaced.",
    }],
    since: "0.1.0",
    doc: Doc {
        what: "A `replace` line sent a dependency to a fork or to another version.",
        why: "Advisories for the original do not name the fork, and the fork may lack fixes.",
        example: "`replace github.com/gogo/protobuf => github.com/regen-network/protobuf v1.3.3-alpha.regen.1`.",
        fix: "Go back to the original when its fix is out: `go mod edit -dropreplace=MODULE && go get MODULE@latest`. If the fork is meant, allow the module in the policy.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    let allow = ctx.options.list("allow").unwrap_or_default();
    for m in &build.deps {
        let Some(to) = m.replace.as_deref().filter(|r| !is_directory(r)) else {
            continue;
        };
        if glob::any(&allow, &m.path) {
            continue;
        }
        sink.report(
            Report::new(format!("{} was replaced by {} {}", m.path, to.path, to.version))
                .see("module", format!("{} {} => {} {}", m.path, m.version, to.path, to.version))
                .salient(m.path.clone())
                .salient(to.path.clone())
                .help(format!("`go mod edit -dropreplace={0} && go get {0}@latest`, or allow it: `replaced-module = {{ allow = [\"{0}\"] }}`", m.path)),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn forks_are_reported_unless_allowed() {
        let b = binary(|b| {
            dep(
                b,
                "example.com/lib",
                "v1.0.0",
                Some(("example.com/fork", "v1.0.1")),
            )
        });
        assert_eq!(
            Setup {
                profile: "release",
                rule: "replaced-module",
                ..Setup::default()
            }
            .judge(&b)
            .len(),
            1
        );
        let policy = "[rules]\nreplaced-module = { allow = [\"example.com/*\"] }";
        assert!(
            Setup {
                profile: "release",
                policy,
                rule: "replaced-module",
                ..Setup::default()
            }
            .judge(&b)
            .is_empty()
        );
    }
}
