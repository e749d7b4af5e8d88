//! Whether the program will run in its image.

pub mod entrypoint_missing;
pub mod entrypoint_not_executable;
pub mod entrypoint_not_go;
pub mod missing_ca_bundle;
pub mod missing_library;
pub mod missing_loader;
pub mod missing_zoneinfo;
pub mod platform_mismatch;
pub mod runs_as_root;
pub mod shadowed_copy;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Image;

use super::prelude::{Ctx, Level, Report};
use gospect_record::{ImageRecord, Location};

/// The path without a leading `/usr`: distributions link `/lib` to `/usr/lib`.
fn folded(path: &str) -> &str {
    path.strip_prefix("/usr")
        .filter(|p| p.starts_with("/lib") || p.starts_with("/bin"))
        .unwrap_or(path)
}

/// The image of a visible program. Copies in lower layers never start, so nothing can be missing for them.
fn image<'a>(ctx: &Ctx<'a>) -> Option<&'a ImageRecord> {
    ctx.image.filter(|_| !ctx.hidden())
}

/// As [`image`], if its root has CA bundles and time zones where Unix systems have them. Windows brings its own.
fn unix_image<'a>(ctx: &Ctx<'a>) -> Option<&'a ImageRecord> {
    image(ctx).filter(|image| {
        image
            .platform
            .as_ref()
            .is_none_or(|p| p != "windows" && !p.starts_with("windows/"))
    })
}

/// The line of a Dockerfile that starts a program, between backquotes.
fn entrypoint(path: &str) -> String {
    format!("`ENTRYPOINT [{}]`", json(path))
}

/// The line of a Dockerfile that takes a program from the stage `build`, between backquotes.
fn copy(from: &str, to: &str) -> String {
    let is_word = |path: &str| {
        let plain = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
        path.chars().all(plain)
    };
    match is_word(from) && is_word(to) {
        true => format!("`COPY --from=build {from} {to}`"),
        false => format!("`COPY --from=build [{}, {}]`", json(from), json(to)),
    }
}

/// A text in JSON, as Dockerfiles take it. A backquote would end the advice.
fn json(text: &str) -> String {
    let text = serde_json::Value::from(text).to_string();
    text.replace('`', "\\u0060")
}

/// Lowers the level for a program that the image does not start.
fn by_role(ctx: &Ctx, report: Report) -> Report {
    if ctx.binary.location.started == Some(true) {
        report
    } else {
        report.at_most(Level::Warning)
    }
}

/// The path and location of an image.
pub(crate) fn place(image: &ImageRecord) -> (String, Location) {
    let reference = gospect_record::ImageRef {
        reference: image.reference.clone(),
        digest: image.digest.clone(),
        platform: image.platform.clone(),
    };
    (
        image.reference.clone(),
        Location {
            target: image.reference.clone(),
            image: Some(reference),
            ..Location::default()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::{copy, entrypoint};

    #[test]
    fn lines_of_a_dockerfile_hold_any_path() {
        for (path, expected) in [
            ("/app", r#"`ENTRYPOINT ["/app"]`"#),
            ("/a \"b\" `c`", r#"`ENTRYPOINT ["/a \"b\" \u0060c\u0060"]`"#),
            ("/a\nRUN x", r#"`ENTRYPOINT ["/a\nRUN x"]`"#),
        ] {
            assert_eq!(entrypoint(path), expected);
        }
        assert_eq!(
            copy("/out/app", "/app"),
            "`COPY --from=build /out/app /app`"
        );
        assert_eq!(
            copy("/out/app", "/a b"),
            r#"`COPY --from=build ["/out/app", "/a b"]`"#
        );
    }
}
