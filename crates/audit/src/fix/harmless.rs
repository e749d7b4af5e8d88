//! Recorded flags without what a build that mends findings must not repeat.

use crate::facts::words;
use gospect_record::{Binary, PathKind};

/// Kinds of paths of the build host that a command does not repeat.
const PRIVATE: [PathKind; 4] = [
    PathKind::Home,
    PathKind::Temp,
    PathKind::Ci,
    PathKind::Workspace,
];

/// Linker flags that need cgo.
const EXTERNAL: [&str; 3] = ["linkmode", "extld", "extldflags"];

/// Flags of the compiler or assembler without `-trimpath=`, which undoes the `-trimpath` of the `go` command; `None`: nothing is left.
/// A pattern such as `all=` before the first flag stays.
pub(super) fn compiler_flags(flags: &str) -> Option<String> {
    let all = words(flags);
    let first = all.first()?;
    let pattern = match first.split_once('=') {
        Some((pattern, _)) if !pattern.starts_with('-') => &first[..=pattern.len()],
        _ => "",
    };
    let is_kept = |flag: &&str| !flag.trim_start_matches('-').starts_with("trimpath");
    let all = all
        .iter()
        .map(|word| word.strip_prefix(pattern).unwrap_or(word));
    let kept: Vec<&str> = all.filter(is_kept).collect();
    (!kept.is_empty()).then(|| format!("{pattern}{}", kept.join(" ")))
}

/// Linker flags for a build without cgo.
pub(super) fn internal_link(flags: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut rest = flags.into_iter();
    while let Some(flag) = rest.next() {
        let plain = flag.trim_start_matches('-');
        let name = plain.split('=').next().unwrap_or_default();
        match EXTERNAL.contains(&name) {
            // Its value is the next word.
            true if name == plain => drop(rest.next()),
            true => {}
            false => kept.push(flag),
        }
    }
    kept
}

/// Words of flags, each without paths of the build host.
pub(super) fn words_without_paths(binary: &Binary, flags: &str) -> String {
    let words = words(flags);
    match words.iter().any(|word| path_start(binary, word).is_some()) {
        true => {
            let shown: Vec<String> = words
                .iter()
                .map(|word| without_path(binary, word))
                .collect();
            shown.join(" ")
        }
        false => flags.to_owned(),
    }
}

/// A word of flags up to a path of the build host.
pub(super) fn without_path(binary: &Binary, word: &str) -> String {
    let start = path_start(binary, word);
    match start.and_then(|start| word.get(..start)) {
        Some(before) => format!("{before}…"),
        None => word.to_owned(),
    }
}

/// Where a path begins that a finding says is one of the build host.
fn path_start(binary: &Binary, word: &str) -> Option<usize> {
    let leaks = binary.paths.iter().flatten();
    let private = leaks.filter(|leak| {
        leak.kind
            .known()
            .is_some_and(|kind| PRIVATE.contains(&kind))
    });
    private.filter_map(|leak| word.find(&leak.prefix)).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::binary;
    use gospect_record::PathLeak;

    #[test]
    fn compiler_flags_do_not_undo_trimpath() {
        for (flags, kept) in [
            ("-trimpath=", None),
            ("all=-trimpath=/src", None),
            ("-N -trimpath=/src -l", Some("-N -l")),
            ("all=-trimpath=/src -N", Some("all=-N")),
            ("example.com/...=-m", Some("example.com/...=-m")),
        ] {
            assert_eq!(compiler_flags(flags).as_deref(), kept, "{flags}");
        }
    }

    #[test]
    fn without_cgo_the_linker_is_that_of_go() {
        let flags = [
            "-s",
            "-linkmode",
            "external",
            "-extldflags=-static",
            "-X main.a=b",
        ];
        let kept = internal_link(flags.map(str::to_owned).into());
        assert_eq!(kept, ["-s", "-X main.a=b"]);
    }

    #[test]
    fn paths_of_the_build_host_are_left_out() {
        let b = binary(|b| {
            b.paths = Some(vec![PathLeak {
                prefix: "/home/ann".into(),
                kind: PathKind::Home.into(),
                ..PathLeak::default()
            }]);
        });
        assert_eq!(without_path(&b, "main.root=/home/ann/src"), "main.root=…");
        assert_eq!(
            words_without_paths(&b, "-g -I/home/ann/inc -I/usr/x"),
            "-g -I… -I/usr/x"
        );
        assert_eq!(words_without_paths(&b, "-O2 -g"), "-O2 -g");
    }
}
