//! Record keys by name, as used in `--expect`, custom rules and `group-by`.
//!
//! A key is a dotted path in the JSON record (`executable.arch`; arrays give all their elements), or a short form: `port`,
//! `version` (of the program, see docs/sbom.md), `settings.NAME` and bare names of build settings (`vcs.revision`, `-trimpath`,
//! `CGO_ENABLED`), `modules.PATH` (version of a dependency, after replacement), `godebug.effective.NAME`, and of the image that holds
//! the program `image.user`, `image.digest`, `image.config_digest`, `image.env.NAME` and `image.labels.NAME`.

mod names;
mod settings;

pub use names::{hint, is_known};
pub use settings::{BuildSetting, is_flag, is_proven_by_packages};

use gospect_record::StandIn;
use gospect_record::*;
use names::{IN_FORCE, is_setting};
use serde_json::Value;
use std::cell::OnceCell;

/// A record that can be read by key. Its JSON form is made when a key first needs it.
pub struct KeyedRecord<'a> {
    binary: &'a Binary,
    /// The image that holds it; `None`: it is in none, or the record of the image did not come before.
    image: Option<&'a ImageRecord>,
    json: OnceCell<Value>,
}

impl<'a> KeyedRecord<'a> {
    /// Wraps a record.
    pub fn new(binary: &'a Binary) -> Self {
        KeyedRecord {
            binary,
            image: None,
            json: OnceCell::new(),
        }
    }

    /// Adds the image that holds it.
    pub fn in_image(self, image: Option<&'a ImageRecord>) -> Self {
        KeyedRecord { image, ..self }
    }

    /// What is known about the build setting that the key names; `None`: it names none.
    pub fn setting(&self, key: &str) -> Option<BuildSetting<'a>> {
        let is_named = key.starts_with("settings.") || is_setting(key);
        is_named.then(|| BuildSetting::of(self.binary, key))
    }

    /// All values of a key, of a build setting also a proven one; or why nothing says.
    pub fn answer(&self, key: &str) -> Result<Vec<String>, String> {
        match self.setting(key) {
            Some(BuildSetting::Unknown(why)) => Err(why),
            Some(setting) => Ok(setting.value(key).map(str::to_owned).into_iter().collect()),
            None => Ok(self.values(key)),
        }
    }

    /// All values of a key as texts; empty when the key is unknown or has no value.
    pub fn values(&self, key: &str) -> Vec<String> {
        let binary = self.binary;
        let one = |value: Option<&str>| value.map(str::to_string).into_iter().collect();
        match key {
            "go_version" => return one(binary.go_version.as_deref()),
            "main_package" => return one(binary.main_package.as_deref()),
            "path" => return vec![binary.path.clone()],
            "port" => return vec![binary.port_text()],
            "version" => return one(binary.main_version().map(|value| value.value)),
            "build_info.Main.Path" => {
                return one(binary
                    .build_info
                    .as_ref()
                    .map(|i| i.main.path.as_str())
                    .filter(|p| !p.is_empty()));
            }
            _ => {}
        }
        let setting = |name: &str| one(binary.build_info.as_ref().and_then(|i| i.setting(name)));
        if let Some(name) = key.strip_prefix("settings.") {
            return setting(name);
        }
        if let Some(path) = key.strip_prefix("modules.") {
            let unrecorded = binary.stand_ins();
            let Some(info) = binary.build_info.as_ref() else {
                return named(&unrecorded, path);
            };
            let module = std::iter::once(&info.main)
                .chain(&info.deps)
                .find(|m| m.path == path);
            return match module {
                Some(m) => one(Some(m.replace.as_deref().unwrap_or(m).version.as_str())),
                None => named(&unrecorded, path),
            };
        }
        if let Some(name) = key.strip_prefix(IN_FORCE) {
            return one(binary
                .godebug
                .effective
                .iter()
                .flatten()
                .find(|s| s.key == name)
                .map(|s| s.value.as_str()));
        }
        if let Some(rest) = key.strip_prefix(IMAGE) {
            return one(self.image.and_then(|image| of_image(image, rest)));
        }
        if is_setting(key) {
            return setting(key);
        }
        let json = self
            .json
            .get_or_init(|| serde_json::to_value(binary).unwrap_or(Value::Null));
        let mut out = Vec::new();
        collect(json, key.split('.'), &mut out);
        if key == DEPENDENCIES {
            let unrecorded = binary.stand_ins();
            let others = unrecorded.iter().filter(|s| !s.is_own);
            out.extend(others.flat_map(|s| s.module_paths().map(str::to_owned)));
            out.sort_unstable();
            out.dedup();
        }
        out
    }
}

/// The start of keys of the image that holds the program.
const IMAGE: &str = "image.";

/// The value of a key of an image, without [`IMAGE`]. Of a variable that `ENV` sets several times the last value counts.
fn of_image<'i>(image: &'i ImageRecord, key: &str) -> Option<&'i str> {
    match key {
        "user" => return image.user.as_deref().filter(|user| !user.is_empty()),
        "digest" => return image.digest.as_deref(),
        "config_digest" => return image.config_digest.as_deref(),
        _ => {}
    }
    if let Some(name) = key.strip_prefix("labels.") {
        return image.labels.get(name).map(String::as_str);
    }
    let name = key.strip_prefix("env.")?;
    let mut pairs = image
        .env
        .iter()
        .rev()
        .filter_map(|pair| pair.split_once('='));
    pairs.find(|(set, _)| *set == name).map(|(_, value)| value)
}

/// The paths of all dependencies; without a list of modules, all paths that they may have.
pub const DEPENDENCIES: &str = "build_info.Deps.Path";

/// An empty version for a module that is linked in, if the function table shows it: its version is not recorded.
fn named(unrecorded: &[StandIn<'_>], path: &str) -> Vec<String> {
    let is_there = unrecorded.iter().any(|s| s.may_be_of(path));
    is_there.then(String::new).into_iter().collect()
}

fn collect<'k>(
    value: &Value,
    mut path: impl Iterator<Item = &'k str> + Clone,
    out: &mut Vec<String>,
) {
    match value {
        Value::Array(items) => items.iter().for_each(|i| collect(i, path.clone(), out)),
        Value::Object(map) => {
            if let Some(next) = path.next().and_then(|k| map.get(k)) {
                collect(next, path, out);
            }
        }
        Value::Null => {}
        _ if path.next().is_some() => {}
        Value::String(s) => out.push(s.clone()),
        other => out.push(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{binary, dep, set};

    #[test]
    fn every_form_of_key_reads() {
        let b = binary(|b| {
            dep(
                b,
                "golang.org/x/net",
                "v0.40.0",
                Some(("example.com/net", "v0.41.0")),
            );
            set(b, "vcs.revision", "abc");
            b.linkage.as_mut().unwrap().needed = Some(vec!["a".into(), "b".into()]);
        });
        let r = KeyedRecord::new(&b);
        assert_eq!(r.values("go_version"), ["go1.27.3"]);
        assert_eq!(r.values("executable.arch"), ["amd64"]);
        assert_eq!(r.values("executable.bits"), ["64"]);
        assert_eq!(r.values("vcs.revision"), ["abc"]);
        assert_eq!(r.values("modules.golang.org/x/net"), ["v0.41.0"]);
        assert_eq!(r.values("linkage.needed"), ["a", "b"]);
        assert_eq!(r.values("build_info.Main.Version"), ["v1.2.3"]);
        assert_eq!(r.values("fips.mode"), Vec::<String>::new());
        assert_eq!(r.values("path.deeper"), Vec::<String>::new());
    }

    #[test]
    fn keys_of_the_image_that_holds_a_program() {
        let b = binary(|_| {});
        let image = ImageRecord {
            env: ["PATH=/bin", "GOTRACEBACK=all", "GOTRACEBACK=none=1", "X"]
                .map(str::to_owned)
                .into(),
            user: Some("65532:65532".to_owned()),
            digest: Some("sha256:1a".to_owned()),
            config_digest: Some("sha256:2b".to_owned()),
            labels: [("org.example/name".to_owned(), "app".to_owned())].into(),
            ..ImageRecord::default()
        };
        let r = KeyedRecord::new(&b).in_image(Some(&image));
        assert_eq!(r.values("image.user"), ["65532:65532"]);
        assert_eq!(r.values("image.digest"), ["sha256:1a"]);
        assert_eq!(r.values("image.config_digest"), ["sha256:2b"]);
        assert_eq!(r.values("image.env.GOTRACEBACK"), ["none=1"]);
        assert_eq!(r.values("image.labels.org.example/name"), ["app"]);
        for key in ["image.env.X", "image.env.HOME", "image.labels.org"] {
            assert_eq!(r.values(key), [""; 0], "{key}");
        }
        // Docker writes an empty user if none is set.
        let image = ImageRecord {
            user: Some(String::new()),
            ..image
        };
        let r = KeyedRecord::new(&b).in_image(Some(&image));
        assert_eq!(r.values("image.user"), [""; 0]);
        let without = KeyedRecord::new(&b);
        assert_eq!(without.values("image.user"), [""; 0]);
        for key in [
            "image.user",
            "image.config_digest",
            "image.env.HOME",
            "image.labels.a.b/c",
        ] {
            assert!(is_known(key), "{key}");
        }
        for key in [
            "image.env.",
            "image.entrypoint",
            "env.HOME",
            "location.image.user",
            "location.image.env",
        ] {
            assert!(
                !is_known(key) && hint(key).contains("`image.user`"),
                "{key}: {}",
                hint(key)
            );
        }
    }

    #[test]
    fn without_a_list_of_modules_paths_are_those_of_the_function_table() {
        let b = crate::testing::gopath(&["github.com/x/y/z", "fmt"]);
        let r = KeyedRecord::new(&b);
        assert_eq!(r.values("modules.github.com/x/y"), [""]);
        assert_eq!(r.values("modules.github.com/x/w"), Vec::<String>::new());
        assert_eq!(
            r.values(DEPENDENCIES),
            ["github.com/x/y", "github.com/x/y/z"]
        );
    }
}
