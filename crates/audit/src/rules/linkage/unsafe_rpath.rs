use crate::facts::words;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS203",
    id: "unsafe-rpath",
    summary: "libraries are searched where others may write",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[allow("Directories that are fine.")],
    since: "0.1.0",
    page: include_str!("unsafe_rpath.md"),
};

const WRITABLE: [&str; 8] = [
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/home",
    "/Users",
    "/root",
    "/builds",
    "/workspace",
];

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(rpath) = ctx
        .binary
        .linkage
        .as_ref()
        .and_then(|l| l.rpath.as_deref())
        .filter(|r| r.iter().any(|d| !d.is_empty()))
    else {
        return;
    };
    let bad: Vec<&str> = rpath
        .iter()
        .map(String::as_str)
        .filter(|d| {
            let fixed = d.starts_with('/')
                || d.starts_with("$ORIGIN")
                || d.starts_with("${ORIGIN}")
                || d.starts_with('@');
            let below = |base: &str| {
                d.strip_prefix(base)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            (!fixed || WRITABLE.iter().any(|w| below(w))) && !ctx.options.allows(d)
        })
        .collect();
    if bad.is_empty() {
        return;
    }
    let shown: Vec<&str> = bad
        .iter()
        .map(|d| {
            if d.is_empty() {
                "(the current directory)"
            } else {
                d
            }
        })
        .collect();
    sink.report(
        Report::new(format!("libraries are searched in {}", shown.join(", ")))
            .see("linkage.rpath", rpath.join(":"))
            .salient(bad.join(":"))
            .help(format!(
                "drop `-rpath` from CGO_LDFLAGS and -extldflags: `{}`, or `patchelf --remove-rpath FILE`",
                ctx.go_build(&without_rpath(ctx))
            )),
    );
}

/// The changes that remove the recorded linker words for a search path.
fn without_rpath(ctx: &Ctx) -> Vec<BuildChange> {
    let mut out = Vec::new();
    let asks = |word: &str| word.contains("rpath");
    for word in words(ctx.setting("CGO_LDFLAGS").unwrap_or_default()) {
        if asks(&word) {
            out.push(BuildChange::Without(ListSetting::CgoLinkFlags, word));
        }
    }
    let flags = words(ctx.setting("-ldflags").unwrap_or_default());
    for (at, word) in flags.iter().enumerate().filter(|(_, w)| asks(w)) {
        out.push(BuildChange::Without(ListSetting::LinkFlags, word.clone()));
        let before = at.checked_sub(1).and_then(|i| flags.get(i));
        if let Some(flag) = before.filter(|f| f.ends_with("-extldflags")) {
            out.push(BuildChange::Without(ListSetting::LinkFlags, flag.clone()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_places_that_others_write_are_reported() {
        for (rpath, n) in [
            ("/tmp/build/lib", 1),
            ("lib", 1),
            ("/usr/lib:", 1),
            ("$ORIGIN/../lib:/usr/lib", 0),
            ("@loader_path/x", 0),
            ("/tmpfs", 0),
            ("", 0),
        ] {
            let b = binary(|b| {
                b.linkage.as_mut().unwrap().rpath =
                    Some(rpath.split(':').map(str::to_owned).collect())
            });
            assert_eq!(judge_one("unsafe-rpath", &b).len(), n, "{rpath}");
        }
    }
}
