use super::is_directory;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS135",
    id: "replaced-module",
    summary: "a dependency was replaced by another module",
    levels: levels(OFF, NOTE, OFF, OFF),
    options: &[allow("Modules that may be replaced.")],
    since: "0.1.0",
    page: include_str!("replaced_module.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    for m in &build.deps {
        let Some(to) = m.replace.as_deref().filter(|r| !is_directory(r)) else {
            continue;
        };
        if ctx.options.allows(&m.path) {
            continue;
        }
        sink.report(
            Report::new(format!(
                "{} was replaced by {} {}",
                m.path, to.path, to.version
            ))
            .see(
                "module",
                format!("{} {} => {} {}", m.path, m.version, to.path, to.version),
            )
            .salient(m.path.clone())
            .salient(to.path.clone())
            .help(format!(
                "`go mod edit -dropreplace={0} && go get {1}`, or allow it: {2}",
                argument(&m.path),
                argument(&format!("{}@latest", m.path)),
                allow_line(META.id, &[&m.path])
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

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
