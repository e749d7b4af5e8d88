//! Finds the kind of a deployment file: by its name, else by its content.

mod content;
mod name;

pub(crate) use content::{is_apko, is_melange};
pub use content::{may_be_known, may_be_script, mentions_go, of_content, of_documents};
pub use name::{builds_go, is_other, is_values, of_name};

/// A kind of deployment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Dockerfile or Containerfile.
    Dockerfile,
    /// Compose file.
    Compose,
    /// Kubernetes manifests.
    Kubernetes,
    /// systemd unit or drop-in.
    Systemd,
    /// Shell script.
    Shell,
    /// Makefile.
    Make,
    /// Workflow of a CI system.
    Ci,
    /// File of `NAME=value` lines, as `env_file` and `EnvironmentFile` name them.
    Env,
    /// GoReleaser file.
    Goreleaser,
    /// Package of melange or image of apko.
    Melange,
    /// Values of a Helm chart; its templates are [`Kind::Kubernetes`].
    Helm,
    /// Overlay of Kustomize.
    Kustomize,
    /// Taskfile.
    Taskfile,
    /// justfile.
    Just,
    /// PowerShell script.
    Powershell,
    /// Terraform or OpenTofu.
    Terraform,
    /// Job of Nomad.
    Nomad,
    /// Targets of `docker buildx bake`.
    Bake,
    /// Earthfile.
    Earthly,
    /// Jenkinsfile.
    Jenkins,
    /// Procfile.
    Procfile,
    /// `fly.toml`.
    Fly,
    /// `app.yaml` of App Engine.
    AppEngine,
    /// `snapcraft.yaml`.
    Snap,
    /// Task definition of ECS.
    Ecs,
}

impl Kind {
    /// Every kind with its name and description.
    pub const ALL: [(Kind, &'static str, &'static str); 25] = [
        (
            Kind::Dockerfile,
            "dockerfile",
            "Dockerfile or Containerfile",
        ),
        (Kind::Compose, "compose", "Compose file"),
        (Kind::Kubernetes, "kubernetes", "Kubernetes manifests"),
        (Kind::Systemd, "systemd", "systemd unit or drop-in"),
        (Kind::Shell, "shell", "shell script"),
        (Kind::Make, "make", "makefile"),
        (
            Kind::Ci,
            "ci",
            "workflow of GitHub, GitLab or another CI system",
        ),
        (Kind::Env, "env", "file of NAME=value lines"),
        (Kind::Goreleaser, "goreleaser", "GoReleaser file"),
        (
            Kind::Melange,
            "melange",
            "package of melange, image of apko",
        ),
        (
            Kind::Helm,
            "helm",
            "values of a Helm chart (templates: kubernetes)",
        ),
        (Kind::Kustomize, "kustomize", "overlay of Kustomize"),
        (Kind::Taskfile, "taskfile", "Taskfile"),
        (Kind::Just, "just", "justfile"),
        (Kind::Powershell, "powershell", "PowerShell script"),
        (Kind::Terraform, "terraform", "Terraform or OpenTofu"),
        (Kind::Nomad, "nomad", "job of Nomad"),
        (Kind::Bake, "bake", "targets of docker buildx bake, in HCL"),
        (Kind::Earthly, "earthly", "Earthfile"),
        (Kind::Jenkins, "jenkins", "Jenkinsfile"),
        (Kind::Procfile, "procfile", "Procfile"),
        (Kind::Fly, "fly", "fly.toml"),
        (Kind::AppEngine, "app-engine", "app.yaml of App Engine"),
        (Kind::Snap, "snapcraft", "snapcraft.yaml"),
        (Kind::Ecs, "ecs", "task definition of ECS"),
    ];

    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(k, ..)| *k == self)
            .map_or("", |(_, name, _)| name)
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Kind> {
        Self::ALL
            .iter()
            .find(|(_, n, _)| *n == name)
            .map(|(k, ..)| *k)
    }

    /// Whether the file is YAML.
    pub(crate) fn is_yaml(self) -> bool {
        matches!(
            self,
            Kind::Compose
                | Kind::Kubernetes
                | Kind::Ci
                | Kind::Goreleaser
                | Kind::Melange
                | Kind::Helm
                | Kind::Kustomize
                | Kind::Taskfile
                | Kind::AppEngine
                | Kind::Snap
                | Kind::Ecs
        )
    }
}

/// What the name of a file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Its kind.
    Kind(Kind),
    /// Some kind of YAML.
    Yaml,
    /// A kind that is not supported, with its name for people.
    Unread(&'static str),
    /// Nothing.
    Nothing,
}

/// Whether a text can be the name of a variable.
pub fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}
