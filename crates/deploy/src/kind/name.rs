//! Finds the kind of a file by its name.

use super::{Kind, Named};

/// Extensions of units whose sections can set an environment; `.container` is podman's.
const UNITS: [&str; 6] = ["service", "socket", "mount", "swap", "timer", "container"];
/// Prefixes of names of files for CI systems.
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

/// Kinds by file name; a dot and more may follow the name.
const NAMES: [(&str, Kind); 7] = [
    ("earthfile", Kind::Earthly),
    ("jenkinsfile", Kind::Jenkins),
    ("justfile", Kind::Just),
    (".justfile", Kind::Just),
    ("pkgbuild", Kind::Shell),
    ("procfile", Kind::Procfile),
    ("terragrunt.hcl", Kind::Terraform),
];

/// Kinds by file extension.
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

/// Names of Dockerfiles. A dot and more may follow, or they are an extension.
const DOCKERFILES: [&str; 2] = ["dockerfile", "containerfile"];

/// Files of kinds that are recognised but not supported.
const UNREAD: [(&str, &str); 5] = [
    ("apkbuild", "APKBUILD"),
    ("devcontainer.json", "development container"),
    (".devcontainer.json", "development container"),
    ("docker-bake.json", "bake file in JSON"),
    ("docker-bake.override.json", "bake file in JSON"),
];

/// Finds the kind of a file by its path only.
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
        // `Dockerfile.go` may be a Dockerfile or Go source: the content decides.
        _ if is_dockerfile_and_more(name) && has_other_end(name) => return Named::Nothing,
        _ if DOCKERFILES.contains(&name)
            || DOCKERFILES.contains(&extension)
            || is_dockerfile_and_more(name) =>
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

/// Extensions of files that are not deployment files: sources, texts, pictures, archives and programs.
const OTHERS: [&str; 88] = [
    "7z", "a", "adoc", "asc", "avif", "bin", "bmp", "br", "bz2", "c", "cc", "cfg", "class", "cpp",
    "cs", "css", "csv", "cue", "dart", "db", "diff", "dll", "dylib", "eot", "exe", "gif", "go",
    "golden", "graphql", "gz", "h", "hpp", "htm", "html", "ico", "ini", "ipynb", "jar", "java",
    "jpeg", "jpg", "js", "jsonl", "jsx", "kt", "less", "lock", "log", "lua", "map", "md", "mdx",
    "mjs", "mod", "mp4", "o", "ogg", "pb", "pdf", "pem", "php", "pl", "png", "proto", "py", "rb",
    "rs", "rst", "s", "scala", "scss", "so", "sql", "sum", "svg", "swift", "tar", "ts", "tsx",
    "ttf", "txt", "wasm", "webp", "woff", "woff2", "xml", "xz", "zip",
];

/// Whether the extension shows that a file is not a deployment file.
pub fn is_other(path: &std::path::Path) -> bool {
    let name = path.file_name().and_then(std::ffi::OsStr::to_str);
    let name = name.map(str::to_ascii_lowercase).unwrap_or_default();
    has_other_end(&name) && !is_dockerfile_and_more(&name)
}

/// The same for a name in lower case.
fn has_other_end(name: &str) -> bool {
    let end = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
    end.is_some_and(|(_, e)| OTHERS.binary_search(&e).is_ok())
}

/// Whether a name begins with `dockerfile.`.
fn is_dockerfile_and_more(name: &str) -> bool {
    let rest = DOCKERFILES.iter().find_map(|stem| name.strip_prefix(stem));
    rest.is_some_and(|rest| rest.starts_with('.'))
}

/// Whether a file of this name concerns Go builds even if no word in it says so.
pub fn builds_go(path: &str) -> bool {
    matches!(of_name(path), Named::Kind(Kind::Goreleaser | Kind::Melange))
}

/// Whether this is the name of a file of values of a chart.
pub fn is_values(path: &str) -> bool {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    name.starts_with("values") && matches!(name.rsplit_once('.'), Some((_, "yaml" | "yml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_the_kind() {
        for (path, want) in [
            ("Dockerfile", Named::Kind(Kind::Dockerfile)),
            ("build/Dockerfile.alpine", Named::Kind(Kind::Dockerfile)),
            ("api.Dockerfile", Named::Kind(Kind::Dockerfile)),
            ("Containerfile", Named::Kind(Kind::Dockerfile)),
            ("templates/dockerfile.go", Named::Nothing),
            ("Dockerfile.distroless.arm64", Named::Kind(Kind::Dockerfile)),
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
}
