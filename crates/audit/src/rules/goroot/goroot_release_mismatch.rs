use crate::known::GoRelease;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS027",
    id: "goroot-release-mismatch",
    summary: "the GOROOT names another Go release than the build info",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("goroot_release_mismatch.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(recorded) = ctx.release else { return };
    let Some(root) = ctx.binary.goroot.as_ref().and_then(|g| g.value.as_deref()) else {
        return;
    };
    let Some(named) = release_in(&root.replace('\\', "/")) else {
        return;
    };
    // A path may name only the minor release (`/usr/lib/go-1.22`).
    let same = named.minor == recorded.minor
        && (named.patch.is_none() || named.patch == recorded.patch.or(Some(0)));
    if same {
        return;
    }
    let version = ctx.binary.go_version.as_deref().unwrap_or_default();
    sink.report(
        Report::new(format!(
            "the record says {version}, the GOROOT says {named}"
        ))
        .see("go_version", version)
        .see("goroot.value", root)
        .help(format!(
            "see what the installation is: `{} version`",
            argument(&format!("{root}/bin/go"))
        )),
    );
}

/// The release in the name of an installation directory.
fn release_in(root: &str) -> Option<GoRelease> {
    let after = |marker: &str| root.find(marker).and_then(|i| root.get(i + marker.len()..));
    let text = after("golang.org/toolchain@v0.0.1-go")
        .or_else(|| after("/hostedtoolcache/go/"))
        .or_else(|| after("/sdk/go"))
        .or_else(|| after("/usr/lib/go-"))
        .or_else(|| after("/.gvm/gos/go"))?;
    let mut end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    while text[..end].ends_with('.') {
        end -= 1;
    }
    let number = text.get(..end)?;
    let mut release = GoRelease::parse(&format!("go{number}"))?;
    // `/usr/lib/go-1.19` may be any patch release, although `go1.19` is also the name of a release.
    if number.matches('.').count() < 2 {
        release.patch = None;
    }
    Some(release)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_directory_of_a_minor_release_holds_every_patch_of_it() {
        let b = binary(|b| {
            b.go_version = Some("go1.19.8".into());
            b.goroot.as_mut().unwrap().value = Some("/usr/lib/go-1.19".into());
        });
        assert!(judge_one("goroot-release-mismatch", &b).is_empty());
    }

    #[test]
    fn only_a_path_that_names_another_release_is_reported() {
        for (root, n) in [
            (
                "/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.1.linux-amd64",
                1,
            ),
            (
                "/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64",
                0,
            ),
            ("/opt/hostedtoolcache/go/1.27.2/x64", 1),
            ("C:\\hostedtoolcache\\go\\1.27.3\\x64", 0),
            ("/usr/lib/go-1.27", 0),
            ("/usr/lib/go-1.19", 1),
            ("/usr/local/go", 0),
        ] {
            let b = binary(|b| b.goroot.as_mut().unwrap().value = Some(root.into()));
            assert_eq!(judge_one("goroot-release-mismatch", &b).len(), n, "{root}");
        }
    }
}
