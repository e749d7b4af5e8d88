use super::is_directory;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS134",
    id: "local-replace",
    summary: "a dependency was replaced by a local directory",
    levels: levels(OFF, WARN, OFF, WARN),
    options: &[allow("Modules that may be replaced by a directory.")],
    since: "0.1.0",
    page: include_str!("local_replace.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    for m in &build.deps {
        let Some(to) = m.replace.as_deref().filter(|r| is_directory(r)) else {
            continue;
        };
        if ctx.options.allows(&m.path) {
            continue;
        }
        sink.report(
            Report::new(format!(
                "{} was replaced by the directory {}",
                m.path, to.path
            ))
            .see("module", format!("{} {} => {}", m.path, m.version, to.path))
            .salient(m.path.clone())
            .help(format!(
                "`go mod edit -dropreplace={} && go mod tidy`, then rebuild",
                argument(&m.path)
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn directories_are_reported_and_forks_not() {
        let with = |path: &str, version: &str| {
            let b = binary(|b| dep(b, "example.com/lib", "v1.0.0", Some((path, version))));
            Setup {
                profile: "release",
                rule: "local-replace",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with("../lib", ""), 1);
        assert_eq!(with("C:\\src\\lib", ""), 1);
        assert_eq!(with("example.com/fork", "v1.0.1"), 0);
    }
}
