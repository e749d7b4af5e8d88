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
    if ctx.binary.location.started != Some(true) || !image.runs_as_root() {
        return;
    }
    let (message, value) = match image.shown_user() {
        None => (
            "the image starts it as root: no USER is set",
            "none".to_owned(),
        ),
        Some(user) => ("the image starts it as root", user),
    };
    sink.report(
        Report::new(message)
            .see("image.user", value)
            .help("`USER 65532` in the final stage, or another number that is not 0"),
    );
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
        for root in ["-0", "+0:1"] {
            assert_eq!(judge(Some(root), linux, true), 1, "{root}");
        }
        for user in ["65532", "app", "1000:0", "rooted"] {
            assert_eq!(judge(Some(user), linux, true), 0, "{user}");
        }
    }
}
