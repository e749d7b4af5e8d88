use super::{by_role, folded, image};
use crate::rules::prelude::*;
use std::collections::HashSet;

pub const META: Meta = Meta {
    code: "GS231",
    id: "missing-library",
    summary: "a needed shared library is not in the image",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[allow_texts(
        "Libraries that are mounted at run time, such as `libcuda.so.1`.",
    )],
    since: "0.1.0",
    page: include_str!("missing_library.md"),
};

/// Names that musl's loader resolves to itself, whatever file is asked for (musl, ldso/dynlink.c, reserved names).
const MUSL_OWN: [&str; 7] = [
    "libc.",
    "libpthread.",
    "librt.",
    "libm.",
    "libdl.",
    "libutil.",
    "libxnet.",
];

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let (Some(image), Some(linkage)) = (image(ctx), ctx.binary.linkage.as_ref()) else {
        return;
    };
    let Some(loader) = linkage.interpreter.as_deref() else {
        return;
    };
    if !image
        .rootfs
        .loaders
        .iter()
        .any(|l| folded(l) == folded(loader))
    {
        return;
    }
    let allow: HashSet<&str> = ctx.options.list("allow").into_iter().collect();
    let there = There::new(&[&image.rootfs.libraries, &image.rootfs.loaders]);
    let musl = loader.contains("ld-musl");
    let missing: Vec<&str> = linkage
        .needed
        .iter()
        .flatten()
        .map(String::as_str)
        .filter(|n| !(allow.contains(n) || musl && MUSL_OWN.iter().any(|own| n.starts_with(own))))
        .filter(|n| !there.has(n))
        .collect();
    if missing.is_empty() {
        return;
    }
    let report = Report::new(format!(
        "{} not in the image: the program cannot start",
        missing.join(", ")
    ))
    .see("linkage.needed", missing.join(", "))
    .salient(missing.join(","))
    .help(format!(
        "install the package in the final stage, or `{}`",
        ctx.go_build(&[set("CGO_ENABLED", "0")])
    ));
    sink.report(by_role(ctx, report));
}

/// The libraries in the image, by path and by name: built once, not for each library.
struct There<'i> {
    paths: HashSet<&'i str>,
    names: HashSet<&'i str>,
}

impl<'i> There<'i> {
    fn new(lists: &[&'i [String]]) -> Self {
        let all = || lists.iter().flat_map(|list| list.iter());
        Self {
            paths: all().map(|path| folded(path)).collect(),
            names: all().filter_map(|path| path.rsplit('/').next()).collect(),
        }
    }

    /// Whether a needed library is there. A name may be in any directory; a path must match exactly.
    fn has(&self, name: &str) -> bool {
        match name.contains('/') {
            true => self.paths.contains(folded(name)),
            false => self.names.contains(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn libraries_are_found_by_name() {
        let judge = |loader: &str, needed: &str, libraries: &[&str]| {
            let image = image(|i| {
                i.rootfs.loaders = vec![loader.into()];
                i.rootfs.libraries = libraries.iter().map(|s| s.to_string()).collect();
            });
            let b = in_image(
                &image,
                binary(|b| {
                    let l = b.linkage.as_mut().unwrap();
                    (l.interpreter, l.needed) = (Some(loader.into()), Some(vec![needed.into()]));
                }),
            );
            Setup {
                rule: "missing-library",
                ..Setup::default()
            }
            .judge_image(&image, &[b])
            .len()
        };
        let glibc = "/lib64/ld-linux-x86-64.so.2";
        assert_eq!(judge(glibc, "libsqlite3.so.0", &["/usr/lib/libc.so.6"]), 1);
        assert_eq!(
            judge(glibc, "libc.so.6", &["/usr/lib/x86_64-linux-gnu/libc.so.6"]),
            0
        );
        assert_eq!(judge(glibc, "ld-linux-x86-64.so.2", &[]), 0);
        assert_eq!(judge("/lib/ld-musl-x86_64.so.1", "libc.so", &[]), 0);
        assert_eq!(
            judge("/lib/ld-musl-x86_64.so.1", "libc.musl-x86_64.so.1", &[]),
            0
        );
        assert_eq!(judge("/lib/ld-musl-x86_64.so.1", "libsqlite3.so.0", &[]), 1);
    }
}
