//! Which kind of deployment file it is: by its name, else by what it says.

use super::yaml::Node;

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
    /// Every kind with its word and what it means.
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

    /// The word for it.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(k, ..)| *k == self)
            .map_or("", |(_, name, _)| name)
    }

    /// The kind with that word.
    pub fn parse(name: &str) -> Option<Kind> {
        Self::ALL
            .iter()
            .find(|(_, n, _)| *n == name)
            .map(|(k, ..)| *k)
    }

    /// True when the file is YAML.
    pub fn is_yaml(self) -> bool {
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

/// What a name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Its kind.
    Kind(Kind),
    /// Some kind of YAML.
    Yaml,
    /// A kind that is not read; what people call it.
    Unread(&'static str),
    /// Nothing.
    Nothing,
}

/// Extensions of units whose sections can set an environment; `.container` is podman's.
const UNITS: [&str; 6] = ["service", "socket", "mount", "swap", "timer", "container"];
/// Beginnings of names of files for CI systems.
const CI: [&str; 8] = [
    ".gitlab-ci",
    ".drone",
    ".woodpecker",
    ".travis",
    ".cirrus",
    "azure-pipelines",
    "bitbucket-pipelines",
    "cloudbuild",
];

/// Kinds whose files have one of these names, or one that goes on with a dot.
const NAMES: [(&str, Kind); 7] = [
    ("earthfile", Kind::Earthly),
    ("jenkinsfile", Kind::Jenkins),
    ("justfile", Kind::Just),
    (".justfile", Kind::Just),
    ("pkgbuild", Kind::Shell),
    ("procfile", Kind::Procfile),
    ("terragrunt.hcl", Kind::Terraform),
];

/// Kinds by the extension of their names.
const EXTENSIONS: [(&str, Kind); 10] = [
    ("earth", Kind::Earthly),
    ("jenkinsfile", Kind::Jenkins),
    ("just", Kind::Just),
    ("nomad", Kind::Nomad),
    ("ps1", Kind::Powershell),
    ("psm1", Kind::Powershell),
    ("tf", Kind::Terraform),
    ("tofu", Kind::Terraform),
    ("tftest", Kind::Terraform),
    ("earthfile", Kind::Earthly),
];

/// Files that are recognised and not read.
const UNREAD: [(&str, &str); 5] = [
    ("apkbuild", "APKBUILD"),
    ("devcontainer.json", "development container"),
    (".devcontainer.json", "development container"),
    ("docker-bake.json", "bake file in JSON"),
    ("docker-bake.override.json", "bake file in JSON"),
];

/// Judges a path by its name alone.
pub fn of_name(path: &str) -> Named {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    let yaml = matches!(extension, "yaml" | "yml");
    if let Some((_, what)) = UNREAD.iter().find(|(n, _)| *n == name) {
        return Named::Unread(what);
    }
    if name.ends_with(".tf.json") {
        return Named::Unread("Terraform in JSON");
    }
    let called = |n: &str| {
        let rest = name.strip_prefix(n);
        rest.is_some_and(|r| r.is_empty() || (r.starts_with('.') && !is_other(name.as_ref())))
    };
    if let Some((_, kind)) = NAMES.iter().find(|(n, _)| called(n)) {
        return Named::Kind(*kind);
    }
    if let Some((_, kind)) = EXTENSIONS.iter().find(|(e, _)| *e == extension) {
        return Named::Kind(*kind);
    }
    let kind = match extension {
        _ if ["dockerfile", "containerfile"].iter().any(|stem| {
            name == *stem || extension == *stem || name.starts_with(&format!("{stem}."))
        }) =>
        {
            Kind::Dockerfile
        }
        _ if ["makefile", "gnumakefile"].contains(&name) || name.starts_with("makefile.") => {
            Kind::Make
        }
        "mk" | "mak" => Kind::Make,
        "sh" | "bash" | "ksh" | "ash" => Kind::Shell,
        "env" => Kind::Env,
        _ if name.starts_with(".env.") || name.starts_with("env.") && !yaml => Kind::Env,
        "conf"
            if path.rsplit('/').nth(1).is_some_and(|folder| {
                UNITS
                    .iter()
                    .any(|unit| folder.ends_with(&format!(".{unit}.d")))
            }) =>
        {
            Kind::Systemd
        }
        unit if UNITS.contains(&unit) => Kind::Systemd,
        _ if yaml && name.trim_start_matches('.').starts_with("goreleaser") => Kind::Goreleaser,
        _ if yaml && name.starts_with("taskfile") => Kind::Taskfile,
        _ if yaml && name.starts_with("kustomization.") => Kind::Kustomize,
        "toml" if name == "fly.toml" || name.starts_with("fly.") => Kind::Fly,
        "hcl" if name.starts_with("docker-bake") => Kind::Bake,
        "hcl" if name.ends_with(".nomad.hcl") => Kind::Nomad,
        _ if yaml && (CI.iter().any(|c| name.starts_with(c)) || in_ci_folder(&path)) => Kind::Ci,
        _ if yaml && (name.starts_with("docker-compose") || name.starts_with("compose.")) => {
            Kind::Compose
        }
        _ if yaml && name.starts_with("compose-") => Kind::Compose,
        _ if yaml || extension == "json" => return Named::Yaml,
        _ => return Named::Nothing,
    };
    Named::Kind(kind)
}

fn in_ci_folder(path: &str) -> bool {
    let inside = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    inside(".github/") || inside(".gitea/") || inside(".forgejo/") || inside(".circleci/")
}

/// Judges lines of a file whose name says nothing.
pub fn of_content(text: &str) -> Named {
    let mut lines = text.lines();
    if let Some(interpreter) = lines.next().and_then(|l| l.strip_prefix("#!")) {
        if interpreter.contains("openrc-run") {
            return Named::Unread("OpenRC service");
        }
        let kind = interpreter
            .split(|c: char| c == '/' || c.is_whitespace())
            .find_map(|word| match word {
                "sh" | "bash" | "ash" | "dash" | "ksh" | "zsh" => Some(Kind::Shell),
                "make" | "gmake" => Some(Kind::Make),
                "just" => Some(Kind::Just),
                "pwsh" => Some(Kind::Powershell),
                _ => None,
            });
        return kind.map_or(Named::Nothing, Named::Kind);
    }
    let telling = text
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty() && !l.starts_with(['#', ';']));
    let Some(line) = telling else {
        return Named::Nothing;
    };
    if text.lines().any(|l| l.starts_with("%build")) && text.lines().any(|l| l.starts_with("Name:"))
    {
        return Named::Unread("RPM spec");
    }
    let word = line.split_whitespace().next().unwrap_or_default();
    if (word.eq_ignore_ascii_case("from") || word.eq_ignore_ascii_case("arg"))
        && !line.contains(": ")
        && text.lines().any(|l| {
            l.trim_start()
                .get(..5)
                .is_some_and(|w| w.eq_ignore_ascii_case("from "))
        })
    {
        return Named::Kind(Kind::Dockerfile);
    }
    let section = line.strip_prefix('[').and_then(|l| l.strip_suffix(']'));
    if section
        .is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    {
        let known = ["[Unit]", "[Service]", "[Container]", "[Install]"];
        if text.lines().any(|l| known.contains(&l.trim())) {
            return Named::Kind(Kind::Systemd);
        }
    }
    let assignments = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .all(|l| l.split_once('=').is_some_and(|(name, _)| is_name(name)));
    if assignments {
        return Named::Kind(Kind::Env);
    }
    if line.starts_with("---") || line.starts_with(['{', '%', '-']) || line.contains(':') {
        return Named::Yaml;
    }
    Named::Nothing
}

/// Ends of names of files that are no deployment files: sources, texts, pictures, archives and programs.
const OTHERS: [&str; 88] = [
    "7z", "a", "adoc", "asc", "avif", "bin", "bmp", "br", "bz2", "c", "cc", "cfg", "class", "cpp",
    "cs", "css", "csv", "cue", "dart", "db", "diff", "dll", "dylib", "eot", "exe", "gif", "go",
    "golden", "graphql", "gz", "h", "hpp", "htm", "html", "ico", "ini", "ipynb", "jar", "java",
    "jpeg", "jpg", "js", "jsonl", "jsx", "kt", "less", "lock", "log", "lua", "map", "md", "mdx",
    "mjs", "mod", "mp4", "o", "ogg", "pb", "pdf", "pem", "php", "pl", "png", "proto", "py", "rb",
    "rs", "rst", "s", "scala", "scss", "so", "sql", "sum", "svg", "swift", "tar", "ts", "tsx",
    "ttf", "txt", "wasm", "webp", "woff", "woff2", "xml", "xz", "zip",
];

/// True when the end of a name tells that it is no deployment file.
pub fn is_other(path: &std::path::Path) -> bool {
    path.extension()
        .and_then(std::ffi::OsStr::to_str)
        .is_some_and(|e| OTHERS.binary_search(&&*e.to_ascii_lowercase()).is_ok())
}

/// True when the first bytes of a file whose name tells nothing may be those of a script, a Dockerfile or a unit.
pub fn may_be_script(head: &[u8]) -> bool {
    if head.contains(&0) {
        return false;
    }
    let text = String::from_utf8_lossy(head);
    let Some(first) = text
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty() && (l.starts_with("#!") || !l.starts_with(['#', ';'])))
    else {
        return false;
    };
    // A letter begins with `From ` too.
    first.starts_with("#!")
        || first.starts_with('[')
        || first.starts_with("ARG ")
        || text.contains("\n%build")
        || (first.starts_with("FROM ") && text.contains('\n'))
}

/// Words that begin with `go` and speak of Go: keys of build files, and what linkers are told.
const OF_GO: [&str; 14] = [
    "goamd64",
    "goarch",
    "goarm",
    "goarm64",
    "gobinary",
    "godebug",
    "godebugDefault",
    "golang",
    "gomips",
    "goos",
    "goppc64",
    "goriscv64",
    "gorootFinal",
    "gotip",
];

/// True when something in a text can concern Go: a variable of it, the word `go`, or a word that speaks of it.
pub fn mentions_go(text: &str) -> bool {
    if memchr::memmem::find(text.as_bytes(), b"GO").is_some() || text.contains("LDFLAGS") {
        return true;
    }
    let bytes = text.as_bytes();
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    memchr::memmem::find_iter(bytes, b"go").any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 2);
        let from = bytes.get(at..).unwrap_or_default();
        let named = |name: &&str| from.starts_with(name.as_bytes()) && !word(from.get(name.len()));
        let command = !word(after) || after == Some(&b'1') || OF_GO.iter().any(named);
        !word(before) && command
    })
}

/// True for the name of a file that says how Go is built, whatever words it uses.
pub fn builds_go(path: &str) -> bool {
    matches!(of_name(path), Named::Kind(Kind::Goreleaser | Kind::Melange))
}

/// Judges the documents of a YAML file.
pub fn of_documents(documents: &[Node]) -> Option<Kind> {
    let has = |key: &str| documents.iter().any(|d| d.get(key).is_some());
    let any = |is: fn(&Node) -> bool| documents.iter().any(is);
    if any(|d| d.get("kind").is_some_and(|k| k.str() == "Kustomization")) {
        return Some(Kind::Kustomize);
    }
    if documents
        .iter()
        .any(|d| d.get("kind").is_some() && d.get("apiVersion").is_some())
    {
        return Some(Kind::Kubernetes);
    }
    let mapping = |key: &str| {
        documents
            .iter()
            .any(|d| d.get(key).is_some_and(Node::is_mapping))
    };
    if any(is_melange) || any(is_apko) {
        return Some(Kind::Melange);
    }
    if has("containerDefinitions") || has("ContainerDefinitions") {
        return Some(Kind::Ecs);
    }
    if any(is_snap) {
        return Some(Kind::Snap);
    }
    if mapping("tasks") && has("version") {
        return Some(Kind::Taskfile);
    }
    let release = [
        "archives",
        "project_name",
        "checksum",
        "snapshot",
        "dockers",
    ];
    if has("builds") && release.iter().any(|key| has(key)) {
        return Some(Kind::Goreleaser);
    }
    if any(is_app_engine) {
        return Some(Kind::AppEngine);
    }
    if mapping("services") && !has("jobs") && !has("steps") && !has("pipeline") {
        return Some(Kind::Compose);
    }
    // GitHub and CircleCI have jobs, Drone and Cloud Build steps, an action runs; the jobs of GitLab have scripts.
    let jobs = documents.iter().flat_map(Node::pairs);
    let scripted = jobs
        .into_iter()
        .any(|(_, job)| job.get("script").is_some() || job.get("cmds").is_some());
    (has("jobs")
        || has("builds")
        || has("steps")
        || has("stages")
        || has("runs")
        || has("pipeline")
        || scripted)
        .then_some(Kind::Ci)
}

/// True for a file of melange: a package, and how it is made.
pub(crate) fn is_melange(document: &Node) -> bool {
    document.find(&["package", "name"]).is_some()
        && (document.get("pipeline").is_some() || document.get("subpackages").is_some())
}

/// True for a file of apko: what is in an image, and what it starts.
pub(crate) fn is_apko(document: &Node) -> bool {
    document.find(&["contents", "packages"]).is_some()
        && [
            "entrypoint",
            "cmd",
            "accounts",
            "archs",
            "paths",
            "environment",
        ]
        .iter()
        .any(|key| document.get(key).is_some())
}

/// True for `app.yaml` of App Engine.
fn is_app_engine(document: &Node) -> bool {
    document
        .get("runtime")
        .is_some_and(|r| r.str().starts_with("go"))
        || document.get("env_variables").is_some()
}

/// True for `snapcraft.yaml`.
fn is_snap(document: &Node) -> bool {
    document.get("parts").is_some_and(Node::is_mapping) && document.get("name").is_some()
}

/// True for the name of a file of values of a chart.
pub fn is_values(path: &str) -> bool {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    name.starts_with("values") && matches!(name.rsplit_once('.'), Some((_, "yaml" | "yml")))
}

/// Words of which one stands in every file of YAML or JSON that is of some kind.
const TELLING: [&str; 18] = [
    "apiVersion",
    "services",
    "jobs",
    "steps",
    "stages",
    "runs",
    "pipeline",
    "script",
    "cmds",
    "builds",
    "tasks",
    "contents",
    "ontainerDefinitions",
    "env",
    "parts",
    "kind",
    "image",
    "containers",
];

/// True when a text may be YAML or JSON of a kind that is read; to find out for certain takes longer.
pub fn may_be_known(path: &str, text: &str) -> bool {
    let json = path.to_ascii_lowercase().ends_with(".json");
    if json {
        return ["ontainerDefinitions", "\"apiVersion\""]
            .iter()
            .any(|word| text.contains(word));
    }
    TELLING.iter().any(|word| text.contains(word))
}

/// A name that a variable can have.
pub fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for (path, want) in [
            ("Dockerfile", Named::Kind(Kind::Dockerfile)),
            ("build/Dockerfile.alpine", Named::Kind(Kind::Dockerfile)),
            ("api.Dockerfile", Named::Kind(Kind::Dockerfile)),
            ("Containerfile", Named::Kind(Kind::Dockerfile)),
            ("docker-compose.prod.yml", Named::Kind(Kind::Compose)),
            ("compose.yaml", Named::Kind(Kind::Compose)),
            ("app.service", Named::Kind(Kind::Systemd)),
            (
                "etc/app.service.d/10-debug.conf",
                Named::Kind(Kind::Systemd),
            ),
            ("nginx.conf", Named::Nothing),
            ("Makefile", Named::Kind(Kind::Make)),
            ("build/GNUmakefile", Named::Kind(Kind::Make)),
            ("Makefile.release", Named::Kind(Kind::Make)),
            ("rules/go.mk", Named::Kind(Kind::Make)),
            ("entrypoint.sh", Named::Kind(Kind::Shell)),
            (".github/workflows/ci.yml", Named::Kind(Kind::Ci)),
            (".gitlab-ci.yml", Named::Kind(Kind::Ci)),
            (".goreleaser.yaml", Named::Kind(Kind::Goreleaser)),
            (
                "ci/goreleaser/goreleaser-5.yml",
                Named::Kind(Kind::Goreleaser),
            ),
            ("Taskfile.dist.yml", Named::Kind(Kind::Taskfile)),
            ("justfile", Named::Kind(Kind::Just)),
            ("Jenkinsfile.release", Named::Kind(Kind::Jenkins)),
            ("Jenkinsfile.md", Named::Nothing),
            ("Earthfile", Named::Kind(Kind::Earthly)),
            ("infra/main.tf", Named::Kind(Kind::Terraform)),
            ("web.nomad.hcl", Named::Kind(Kind::Nomad)),
            ("docker-bake.hcl", Named::Kind(Kind::Bake)),
            (
                "overlays/dev/kustomization.yaml",
                Named::Kind(Kind::Kustomize),
            ),
            ("fly.staging.toml", Named::Kind(Kind::Fly)),
            ("APKBUILD", Named::Unread("APKBUILD")),
            ("deploy/app.yaml", Named::Yaml),
            ("pod.json", Named::Yaml),
            (".env", Named::Kind(Kind::Env)),
            ("prod.env", Named::Kind(Kind::Env)),
            ("README.md", Named::Nothing),
        ] {
            assert_eq!(of_name(path), want, "{path}");
        }
    }

    #[test]
    fn content_tells() {
        for (text, want) in [
            (
                "# syntax=x\nARG V=1\nFROM golang:$V\n",
                Named::Kind(Kind::Dockerfile),
            ),
            ("from alpine\n", Named::Kind(Kind::Dockerfile)),
            ("#!/usr/bin/env bash\n", Named::Kind(Kind::Shell)),
            ("#!/usr/bin/make -f\n", Named::Kind(Kind::Make)),
            ("#!/usr/bin/python3\n", Named::Nothing),
            ("; x\n[Unit]\nDescription=x\n", Named::Kind(Kind::Systemd)),
            ("[package]\nname = 1\n", Named::Nothing),
            ("#!/sbin/openrc-run\n", Named::Unread("OpenRC service")),
            ("Name: x\n%build\n", Named::Unread("RPM spec")),
            ("#!/usr/bin/env just\n", Named::Kind(Kind::Just)),
            ("GODEBUG=gctrace=1\n\n# x\nA=\n", Named::Kind(Kind::Env)),
            ("apiVersion: v1\n", Named::Yaml),
            ("Dear all,\nhello\n", Named::Nothing),
            ("", Named::Nothing),
        ] {
            assert_eq!(of_content(text), want, "{text}");
        }
    }
}
