use super::unix_image;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS239",
    id: "runs-as-root",
    summary: "the image starts the program as root",
    levels: levels(OFF, OFF, NOTE, OFF),
    options: &[],
    since: "0.2.0",
    page: include_str!("runs_as_root.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(image) = unix_image(ctx) else {
        return;
    };
    let user = image.user.as_deref().unwrap_or_default();
    if ctx.binary.location.started != Some(true) || !is_root(user) {
        return;
    }
    let (message, value) = match user {
        "" => ("the image starts it as root: no USER is set", "none"),
        user => ("the image starts it as root", user),
    };
    sink.report(
        Report::new(message)
            .see("image.user", value)
            .help("`USER 65532` in the final stage, or another number that is not 0"),
    );
}

/// Whether a USER of an image (`name`, `number`, with or without a group behind a colon) is root, which it is without one.
pub(crate) fn is_root(user: &str) -> bool {
    let user = user.split(':').next().unwrap_or_default();
    matches!(user, "" | "root") || user.parse() == Ok(0u32)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_root_that_is_started_is_reported() {
        let judge = |user: Option<&str>, platform: &str, started: bool| {
            let image = image(|i| {
                i.user = user.map(str::to_owned);
                i.platform = Some(platform.to_owned());
            });
            let program = change(in_image(&image, binary(|_| ())), |b| {
                b.location.started = Some(started);
            });
            Setup {
                profile: "container",
                rule: "runs-as-root",
                ..Setup::default()
            }
            .judge_image(&image, &[program])
            .len()
        };
        let linux = "linux/amd64";
        for root in [
            None,
            Some(""),
            Some("0"),
            Some("0:0"),
            Some("root:app"),
            Some("00"),
        ] {
            assert_eq!(judge(root, linux, true), 1, "{root:?}");
            assert_eq!(judge(root, linux, false), 0, "{root:?}");
            assert_eq!(judge(root, "windows/amd64", true), 0, "{root:?}");
        }
        for user in ["65532", "app", "1000:0", "rooted"] {
            assert_eq!(judge(Some(user), linux, true), 0, "{user}");
        }
    }
}
