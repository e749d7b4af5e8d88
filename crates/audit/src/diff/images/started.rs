//! The program that a container starts: another one, no longer found, no longer executable.

use super::super::Class;
use super::super::changes::Changes;
use gospect_record::{ImageRecord, Started};

/// Keys of changes.
pub(in super::super) const STARTED: &str = "started program";
pub(in super::super) const EXECUTE_BIT: &str = "execute bit";

/// What stands for the path of a program that is not in the image.
const NOT_FOUND: &str = "not found";

/// Adds what changed. Nothing, if the layers of one side do not show which program it is.
pub(super) fn compare(old: &ImageRecord, new: &ImageRecord, out: &mut Changes) {
    if is_unknown(old) || is_unknown(new) {
        return;
    }
    let [was, is] = [old, new].map(|image| image.rootfs.started.as_ref());
    let path = |started: &Started| match &started.path {
        Some(path) => path.clone(),
        None => NOT_FOUND.to_owned(),
    };
    let [before, now] = [was, is].map(|started| started.map(path));
    let is_lost = now.as_deref() == Some(NOT_FOUND) || stops_earlier(old, new);
    out.value(
        Class::Image,
        STARTED,
        before.as_deref(),
        now.as_deref(),
        is_lost,
    );
    let executable = |started: Option<&Started>| {
        let started = started.filter(|started| started.executable == Some(true));
        started.and_then(|started| started.path.clone())
    };
    if let (Some(before), Some(false)) = (executable(was), is.and_then(|is| is.executable)) {
        out.value(Class::Image, EXECUTE_BIT, Some(&before), None, true);
    }
    if let (Some(false), Some(now)) = (was.and_then(|was| was.executable), executable(is)) {
        out.value(Class::Image, EXECUTE_BIT, None, Some(&now), false);
    }
}

/// Whether something is started, but not known what.
fn is_unknown(image: &ImageRecord) -> bool {
    let is_configured = !(image.entrypoint.is_empty() && image.cmd.is_empty());
    is_configured && image.rootfs.started.is_none()
}

/// Whether the same words start only the wrapper of what they started before, such as `tini`: it no longer finds the program.
fn stops_earlier(old: &ImageRecord, new: &ImageRecord) -> bool {
    let (Some(was), Some(is)) = (&old.rootfs.started, &new.rootfs.started) else {
        return false;
    };
    let is_same = (&old.entrypoint, &old.cmd) == (&new.entrypoint, &new.cmd);
    let place = |command: &str| {
        let words = new.entrypoint.iter().chain(&new.cmd);
        // The command line of a shell is one word.
        let parts =
            words.flat_map(|word| [word.as_str()].into_iter().chain(word.split_whitespace()));
        parts
            .clone()
            .position(|part| part == command)
            .unwrap_or(usize::MAX)
    };
    is_same && was.path.is_some() && place(&is.command) < place(&was.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image with these words that starts this command, from this path.
    fn image(words: &[&str], command: &str, path: &str, executable: bool) -> ImageRecord {
        let mut image = ImageRecord {
            entrypoint: words.iter().map(|word| (*word).to_owned()).collect(),
            ..ImageRecord::default()
        };
        let is_found = !path.is_empty();
        image.rootfs.started = Some(Started {
            command: command.to_owned(),
            path: is_found.then(|| path.to_owned()),
            executable: is_found.then_some(executable),
        });
        image
    }

    fn rows(old: &ImageRecord, new: &ImageRecord) -> Vec<String> {
        let mut changes = Changes::default();
        compare(old, new, &mut changes);
        let row = |c: super::super::Change| {
            let mark = if c.worse { "! " } else { "" };
            let [old, new] = [c.old, c.new].map(|value| value.unwrap_or_else(|| "none".into()));
            format!("{mark}{}: {old} -> {new}", c.key)
        };
        changes.0.into_iter().map(row).collect()
    }

    #[test]
    fn a_program_that_no_longer_starts_is_worse() {
        let good = image(&["/app"], "/app", "/app", true);
        let plain = image(&["/app"], "/app", "/app", false);
        let gone = image(&["/app"], "/app", "", false);
        let moved = image(&["/app"], "/app", "/opt/app", true);
        assert_eq!(rows(&good, &plain), ["! execute bit: /app -> none"]);
        assert_eq!(rows(&plain, &good), ["execute bit: none -> /app"]);
        assert_eq!(rows(&good, &gone), ["! started program: /app -> not found"]);
        assert_eq!(rows(&gone, &good), ["started program: not found -> /app"]);
        assert_eq!(rows(&good, &moved), ["started program: /app -> /opt/app"]);
        assert_eq!(rows(&gone, &gone), [""; 0]);
        assert_eq!(rows(&plain, &plain), [""; 0]);
        // Neither did start before.
        assert_eq!(rows(&gone, &plain), ["started program: not found -> /app"]);
    }

    #[test]
    fn a_wrapper_that_no_longer_finds_its_program_is_worse() {
        let sh = "exec app --serve";
        for words in [&["tini", "--", "app"][..], &["tini", "--", "sh", "-c", sh]] {
            let good = image(words, "app", "/app", true);
            let lost = image(words, "tini", "/tini", true);
            assert_eq!(rows(&good, &lost), ["! started program: /app -> /tini"]);
            assert_eq!(rows(&lost, &good), ["started program: /tini -> /app"]);
            // With other words it may be meant.
            let other = image(&["tini"], "tini", "/tini", true);
            assert_eq!(rows(&good, &other), ["started program: /app -> /tini"]);
        }
    }

    #[test]
    fn a_program_that_is_not_known_is_no_change() {
        let good = image(&["/app"], "/app", "/app", true);
        let mut unknown = good.clone();
        unknown.rootfs.started = None;
        assert_eq!(rows(&good, &unknown), [""; 0]);
        assert_eq!(rows(&unknown, &good), [""; 0]);
        let none = ImageRecord::default();
        assert_eq!(rows(&none, &good), ["started program: none -> /app"]);
    }
}
