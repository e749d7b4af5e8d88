//! The input of a rule: programs in a directory or image, with flags and policy.

use crate::support::cli::Scratch;
use crate::support::fixture;
use crate::support::pack::{Member, docker_archive, tar};
use serde_json::{Value, json};
use std::sync::Arc;

type Bytes = Arc<Vec<u8>>;

/// What to audit, and how.
#[derive(Clone, Default)]
pub struct Scene {
    files: Vec<(String, u32, Bytes)>,
    image: Option<Bytes>,
    /// Flags of the scan that become part of the records, such as `--env`.
    pub scan: Vec<String>,
    /// Flags of the audit only.
    pub audit: Vec<String>,
    /// Options of the rule, as in the inline table of `[rules]`.
    pub options: String,
    /// The rest of the policy.
    pub policy: String,
    /// The state when the baseline was written.
    pub before: Option<Box<Scene>>,
}

/// A stored program: `fresh` means `1.27-linux-amd64-fresh`; other releases and ports are named in full.
pub fn program(id: &str) -> Bytes {
    if id.starts_with("1.") {
        fixture(id)
    } else {
        fixture(&format!("1.27-linux-amd64-{id}"))
    }
}

/// One stored program as `dist/app`.
pub fn one(id: &str) -> Scene {
    files(&[("app", id)])
}

/// Stored programs under `dist`.
pub fn files(list: &[(&str, &str)]) -> Scene {
    let mut scene = Scene::default();
    for (name, id) in list {
        scene = scene.with(name, 0o755, program(id));
    }
    scene
}

/// A variant of a stored program as `dist/app`.
pub fn made(id: &str, make: impl FnOnce(&[u8]) -> Vec<u8>) -> Scene {
    Scene::default().with("app", 0o755, Arc::new(make(&program(id))))
}

/// An image for linux/amd64 that starts `entrypoint`; each layer is a list of path, mode and content.
pub fn image(entrypoint: &str, env: &[&str], layers: &[&[(&str, u32, Bytes)]]) -> Scene {
    let config = json!({"Env": env, "Entrypoint": [entrypoint]});
    built("linux/amd64", &config, layers)
}

pub fn built(platform: &str, config: &Value, layers: &[&[(&str, u32, Bytes)]]) -> Scene {
    let tars: Vec<Vec<u8>> = layers
        .iter()
        .map(|layer| {
            let members: Vec<Member> = layer
                .iter()
                .map(|(path, mode, body)| Member::Moded(path, *mode, body))
                .collect();
            tar(&members)
        })
        .collect();
    Scene {
        image: Some(Arc::new(docker_archive(
            "shop:1.2", platform, config, &tars,
        ))),
        ..Scene::default()
    }
}

/// Placeholder for a library or bundle, of which rules need only the name.
pub fn anything() -> Bytes {
    Arc::new(b"\x7fELF anything\n".repeat(8))
}

impl Scene {
    pub fn with(mut self, name: &str, mode: u32, bytes: Bytes) -> Self {
        self.files.push((name.to_owned(), mode, bytes));
        self
    }

    pub fn env(mut self, pair: &str) -> Self {
        self.scan.push(format!("--env={pair}"));
        self
    }

    /// A flag of the scan.
    pub fn scan(mut self, flag: &str) -> Self {
        self.scan.push(flag.to_owned());
        self
    }

    pub fn flag(mut self, flag: &str) -> Self {
        self.audit.push(flag.to_owned());
        self
    }

    pub fn options(mut self, inline: &str) -> Self {
        self.options = inline.to_owned();
        self
    }

    pub fn policy(mut self, text: &str) -> Self {
        self.policy = text.to_owned();
        self
    }

    pub fn after(mut self, before: Scene) -> Self {
        self.before = Some(Box::new(before));
        self
    }

    /// Writes it to disk and returns the target.
    pub fn place(&self, scratch: &Scratch) -> &'static str {
        if let Some(image) = &self.image {
            scratch.put("image.tar", image);
            return "image.tar";
        }
        for (name, mode, bytes) in &self.files {
            let path = scratch.put(&format!("dist/{name}"), bytes);
            set_mode(&path, *mode);
        }
        "dist"
    }
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &std::path::Path, _: u32) {}
