//! What an image says about the containers made of it: the command, the user, the environment, its version, its ID.

use gospect_bytes::escape::{clean, shell_word};
use gospect_knowledge::variables::variable;
use gospect_record::ImageRecord;
use gospect_record::arguments::shown_arguments;

/// Names of other variables that are listed.
const NAMED: usize = 6;
/// Label with the version of what is in the image (OCI image specification, annotations.md).
const VERSION: &str = "org.opencontainers.image.version";
/// Most characters of one fact.
const LONGEST: usize = 240;
/// Digits of an ID that `docker image ls` and `podman images` show.
const ID: usize = 12;

/// The facts of an image with their names, without those that it does not have.
pub(crate) fn facts(image: &ImageRecord) -> Vec<(&'static str, String)> {
    let id = image.config_digest.as_deref().map(short_id);
    let version = image.labels.get(VERSION).map(|v| clean(v).into_owned());
    let all = [
        ("starts", Some(command(image))),
        ("as", Some(user(image))),
        ("ENV", variables(image)),
        ("version", version),
        ("ID", id),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(name, text)| Some((name, shortened(text?))))
        .collect()
}

/// The facts in one line: `starts /app serve; as 65532; ENV GOGC=50, also PATH; version 1.2; ID 0123456789ab`.
pub(crate) fn line(image: &ImageRecord) -> String {
    let facts = facts(image).into_iter();
    let parts: Vec<String> = facts.map(|(name, text)| format!("{name} {text}")).collect();
    parts.join("; ")
}

/// The name and the platform.
pub(crate) fn name(image: &ImageRecord) -> String {
    let platform = image.platform.as_deref();
    let platform = platform.map_or_else(String::new, |platform| format!(" ({platform})"));
    clean(&format!("{}{platform}", image.reference)).into_owned()
}

/// ENTRYPOINT and CMD, as a shell would take them, without values that may be secrets.
fn command(image: &ImageRecord) -> String {
    let words: Vec<_> = image.entrypoint.iter().chain(&image.cmd).cloned().collect();
    let words = shown_arguments(&words).into_iter();
    let words: Vec<_> = words.map(|word| shell_word(&clean(&word))).collect();
    match words.is_empty() {
        true => "nothing (no ENTRYPOINT or CMD)".to_owned(),
        false => words.join(" "),
    }
}

/// USER; without one a container runs as root.
fn user(image: &ImageRecord) -> String {
    match image.shown_user() {
        Some(user) => clean(&user).into_owned(),
        None => "root (no USER)".to_owned(),
    }
}

/// ENV: variables of Go with their values; of the others, which may be secrets, the names.
fn variables(image: &ImageRecord) -> Option<String> {
    let pairs = image.env.iter().map(|pair| {
        let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
        (name, clean(pair))
    });
    let (read, other): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| variable(name).is_some());
    let read: Vec<String> = read
        .into_iter()
        .map(|(_, pair)| pair.into_owned())
        .collect();
    let names = other
        .iter()
        .take(NAMED)
        .map(|(name, _)| clean(name).into_owned());
    let names: Vec<String> = names.collect();
    let others = match other.len() - names.len() {
        0 => names.join(" "),
        more => format!("{} and {more} more", names.join(" ")),
    };
    match (read.is_empty(), others.is_empty()) {
        (true, true) => None,
        (true, false) => Some(others),
        (false, true) => Some(read.join(" ")),
        (false, false) => Some(format!("{}, also {others}", read.join(" "))),
    }
}

/// The first digits, as `docker image ls` shows an ID.
fn short_id(digest: &str) -> String {
    let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
    clean(hex).chars().take(ID).collect()
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn an_image_is_described_in_one_line() {
        let mut image = ImageRecord {
            reference: "app:1.2".into(),
            platform: Some("linux/amd64".into()),
            config_digest: Some("sha256:0123456789abcdef".into()),
            env: texts(&["PATH=/bin", "GOGC=50", "TOKEN=s3cret", "GODEBUG=a=1"]),
            entrypoint: texts(&["/app"]),
            cmd: texts(&["serve", "-m", "a b", "--password=s3cret", "--key", "s3cret"]),
            user: Some("65532".into()),
            ..ImageRecord::default()
        };
        image.labels.insert(VERSION.into(), "1.2.0".into());
        assert_eq!(name(&image), "app:1.2 (linux/amd64)");
        assert_eq!(
            line(&image),
            "starts /app serve -m 'a b' '--password=a value' --key 'a value'; as 65532; ENV GOGC=50 GODEBUG=a=1, also PATH TOKEN; version 1.2.0; ID 0123456789ab"
        );
        let bare = ImageRecord::default();
        assert_eq!(
            line(&bare),
            "starts nothing (no ENTRYPOINT or CMD); as root (no USER)"
        );
    }

    #[test]
    fn values_from_an_image_stay_short_and_harmless() {
        let env = (0..9).map(|i| format!("V{i}=x")).collect();
        let image = ImageRecord {
            entrypoint: texts(&["/a\u{1b}[31m"]),
            cmd: vec!["x".repeat(4096)],
            env,
            ..ImageRecord::default()
        };
        let line = line(&image);
        assert!(line.contains("\\x1b") && !line.contains('\u{1b}'), "{line}");
        assert!(line.contains("V0 V1 V2 V3 V4 V5 and 3 more"), "{line}");
        assert!(line.len() < 500, "{line}");
    }
}
