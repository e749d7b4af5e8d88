//! Whether a file shows that the result of a build goes to others.
//!
//! GoReleaser files, stages of a Dockerfile and jobs of CI show it directly. Recipes and scripts are also run by developers, so they
//! are judged by their name, by what they do with the result, and by how other files of the project make releases.

use super::built_files::{
    covers, is_in_hidden_directory, is_installed, outputs, packages, stem, written,
};
use super::linker_flags::links;
use super::own_use::{is_for_the_project, is_own, parts, recipe, stays_here};
use crate::rules::prelude::*;
use gospect_deploy::{Invocation, Kind as FileKind, Leaves, Span, Start};
use std::collections::{BTreeMap, BTreeSet};

/// Facts about all commands of a file together.
pub(super) struct Around<'a> {
    /// Whether one of its builds has linker flags of a release.
    links: bool,
    /// Whether one of its builds has `-trimpath`.
    trims: bool,
    /// Whether one of its release recipes builds, directly or with another tool.
    releases: bool,
    /// The programs that it starts, by name.
    starts: BTreeMap<&'a str, Vec<&'a Start>>,
    /// The last command of each scope that packs or publishes files.
    packs: BTreeMap<&'a str, Span>,
    /// Scopes of recipes that mostly build things for the project's own use.
    own: BTreeSet<&'a str>,
}

/// Most starts of one name that are examined.
const MOST_STARTS: usize = 200;

impl<'a> Around<'a> {
    pub(super) fn of(ctx: &FileCtx<'a>) -> Around<'a> {
        let mut starts: BTreeMap<&str, Vec<&Start>> = BTreeMap::new();
        let mut packs: BTreeMap<&str, Span> = BTreeMap::new();
        for start in &ctx.file.starts {
            let name = stem(&start.name);
            let all = starts.entry(name).or_default();
            if !name.is_empty() && all.len() < MOST_STARTS {
                all.push(start);
            }
            if PACKING.contains(&name) {
                let last = packs.entry(&start.scope).or_insert(start.at);
                *last = start.at.max(*last);
            }
        }
        let builds = |c: &&Invocation| matches!(c.verb(), "build" | "install");
        let builds = || ctx.file.commands.iter().filter(builds);
        let names_release = |c: &Invocation| {
            recipe(c).is_some()
                && (is_named_for_release(ctx, c) || goes_to_release(c))
                && !is_for_the_project(ctx, c)
        };
        Around {
            links: builds().any(links),
            trims: builds().any(|c| c.has("trimpath")),
            releases: builds().any(names_release)
                || RELEASING.iter().any(|n| starts.contains_key(n)),
            starts,
            packs,
            own: of_the_project(ctx),
        }
    }

    /// Whether files are packed or published after a command in the same scope.
    fn packs(&self, c: &Invocation) -> bool {
        self.packs.get(&*c.scope).is_some_and(|at| *at > c.at)
    }

    /// Whether a recipe mostly builds things for the project's own use.
    pub(super) fn is_own(&self, c: &Invocation) -> bool {
        self.own.contains(&*c.scope)
    }
}

/// Recipes with more than two builds, most of which are for the project's own use: then the others are too.
fn of_the_project<'a>(ctx: &FileCtx<'a>) -> BTreeSet<&'a str> {
    let mut builds: BTreeMap<&str, Vec<&Invocation>> = BTreeMap::new();
    for c in ctx.file.commands.iter().filter(|c| c.verb() == "build") {
        if recipe(c).is_some() {
            builds.entry(&c.scope).or_default().push(c);
        }
    }
    let mostly_own = |all: &[&Invocation]| {
        let own = |c: &&&Invocation| is_for_the_project(ctx, c);
        all.len() > 2 && all.iter().filter(own).count() * 2 > all.len()
    };
    let own = builds.into_iter().filter(|(_, all)| mostly_own(all));
    own.map(|(scope, _)| scope).collect()
}

/// Whether it builds a package of another project: an import path that begins with a host and is not in the module of the file.
fn is_foreign(ctx: &FileCtx, c: &Invocation) -> bool {
    let module = ctx.file.module.as_deref();
    packages(c).into_iter().any(|package| {
        let Some((host, _)) = package.split_once('/') else {
            return false;
        };
        let path = host.contains('.') && !host.starts_with('.') && !host.contains('$');
        // Other modules of the same repository belong to the project.
        let hosts = ["github.com", "gitlab.com", "bitbucket.org"];
        let own = module.is_some_and(|module| {
            let mut repository = module;
            if hosts.contains(&host) {
                let end = module.match_indices('/').nth(2).map(|(at, _)| at);
                repository = module.get(..end.unwrap_or(module.len())).unwrap_or(module);
            }
            let rest = package.strip_prefix(repository);
            rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
        });
        path && !own
    })
}

/// Whether the file shows that the result goes to others.
pub(super) fn is_shipped(ctx: &FileCtx, around: &Around, c: &Invocation) -> bool {
    match (&c.leaves, ctx.file.kind) {
        (Some(leaves), FileKind::Ci) => {
            !is_foreign(ctx, c) && reaches(ctx, c, leaves) && is_for_release(ctx, c)
        }
        (None, FileKind::Ci) => false,
        // Everything that becomes part of an image is shipped, except single files without a module.
        (Some(leaves), _) => {
            let loose = leaves.loose && is_loose(c);
            reaches(ctx, c, leaves) && !loose && (links(c) || is_image_of_product(ctx))
        }
        (None, _) if c.release => true,
        // These kinds only describe packages and images.
        (None, FileKind::Earthly | FileKind::Melange | FileKind::Snap) => !is_foreign(ctx, c),
        (None, _) => !is_foreign(ctx, c) && is_made_for_release(ctx, around, c),
    }
}

/// Whether a command of a publishing job looks like one for a release. Jobs also upload test builds.
fn is_for_release(ctx: &FileCtx, c: &Invocation) -> bool {
    let sets = |name: &str| c.env.get(name).is_some_and(|value| !value.is_empty());
    links(c) || sets("GOOS") || sets("GOARCH") || is_named_for_release(ctx, c) || goes_to_release(c)
}

/// Directories in which projects keep the Dockerfiles of their products.
const OF_IMAGES: &[&str] = &[
    ".docker",
    "build",
    "container",
    "containers",
    "deploy",
    "docker",
    "image",
    "images",
    "package",
    "packaging",
];

/// Whether a Dockerfile is in a place for images of products. In a project with a module, images without linker flags in other
/// places are as often for tests, samples and demonstrations.
fn is_image_of_product(ctx: &FileCtx) -> bool {
    let Some(folder) = ctx.file.inside.as_deref().filter(|f| !f.is_empty()) else {
        return true;
    };
    let name = ctx.file.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let plain = name.starts_with("dockerfile") || name.starts_with("containerfile");
    let first = folder.split('/').next().unwrap_or_default();
    let placed = OF_IMAGES.contains(&first) || folder.split('/').any(|part| part == "cmd");
    let lone = ctx.file.module.is_none() && !folder.contains('/');
    lone || (plain && placed)
}

/// Whether it builds single files.
fn is_loose(c: &Invocation) -> bool {
    let all = packages(c);
    !all.is_empty() && all.iter().all(|package| package.ends_with(".go"))
}

/// Whether the output is among the files that leave the stage or job.
fn reaches(ctx: &FileCtx, c: &Invocation, leaves: &Leaves) -> bool {
    if leaves.all && (leaves.to.is_empty() || leaves.to.iter().any(|s| !stays_here(s))) {
        return true;
    }
    let files = written(c, ctx.file.module.as_deref());
    let paths = leaves.paths.iter().filter(|(_, to)| !stays_here(to));
    let mut paths = paths.map(|(path, _)| path.as_str());
    paths.any(|path| files.iter().any(|file| covers(path, file)))
}

/// Words in names of recipes, scripts and directories for releases.
const RELEASED: &[&str] = &[
    "artifacts",
    "binaries",
    "cross",
    "crosscompile",
    "dist",
    "package",
    "packages",
    "packaging",
    "publish",
    "release",
    "releases",
    "releasing",
];

/// Commands that build releases.
const RELEASING: &[&str] = &["goreleaser", "gox", "goxz", "ko", "xgo"];

/// Commands that make archives, packages, checksums or signatures of built files, or publish them.
const PACKING: &[&str] = &[
    "7z",
    "bsdtar",
    "cosign",
    "dpkg-deb",
    "fpm",
    "gh",
    "ghr",
    "gpg",
    "gsutil",
    "gzip",
    "nfpm",
    "rpmbuild",
    "rsync",
    "s3cmd",
    "scp",
    "sha256sum",
    "shasum",
    "tar",
    "upx",
    "zip",
];

/// Words in names of targets that start a built program to try it.
const TRIED: &[&str] = &["run", "start", "serve", "server", "launch", "demo"];

/// Whether it is `go install` without GOBIN in a script or in a recipe that installs: the user of it gets the program.
pub(super) fn is_for_the_user(ctx: &FileCtx, c: &Invocation) -> bool {
    let script = matches!(ctx.file.kind, FileKind::Shell | FileKind::Powershell);
    let installs = || recipe(c).is_some_and(|name| parts(name).any(|p| p.starts_with("install")));
    c.verb() == "install" && !c.env.contains_key("GOBIN") && (script || installs())
}

/// Whether a recipe or script shows signs of a release and none of a helper, such as a program that it runs itself, or that lacks
/// the linker flags of the other builds.
fn is_made_for_release(ctx: &FileCtx, around: &Around, c: &Invocation) -> bool {
    let linked = links(c);
    let all = outputs(c);
    if !linked && around.links || all.iter().any(|output| is_installed(output)) {
        return false;
    }
    // A program that other commands of the file run is a tool, unless they only try it.
    let runs = |start: &Start| {
        let after = start.scope == c.scope && start.at > c.at;
        let tries = parts(&start.scope).any(|p| TRIED.contains(&&*p) || is_own(&p));
        let uses = start.scope != c.scope && start.name.contains('/') && !tries;
        after || !linked || uses
    };
    let files = written(c, None);
    let started = files
        .iter()
        .filter_map(|file| around.starts.get(stem(file)));
    if started.flatten().any(|start| runs(start)) {
        return false;
    }
    // A directory named by the caller may be for anything, and demonstrations of WebAssembly are built like products.
    let variable = |name: &str| c.env.get(name).map_or("", String::as_str);
    let here = all.iter().any(|output| is_in_hidden_directory(output));
    if !linked && (here || c.moved.starts_with('$') || variable("GOARCH") == "wasm") {
        return false;
    }
    if is_named_for_release(ctx, c) {
        return true;
    }
    if around.packs(c) {
        return true;
    }
    // The remaining cases are as often for daily development. They count as that if something else makes the releases.
    let elsewhere = &ctx.file.released_by;
    if elsewhere.goreleaser {
        return false;
    }
    if goes_to_release(c) {
        return true;
    }
    // If another build of the file has the flag, leaving it out is probably intended, unless names show a release.
    if around.trims || (recipe(c).is_some() && around.releases) {
        return false;
    }
    let system = variable("GOOS");
    // In scripts, loops often set them.
    let other = |name: &str, usual: &str| c.env.get(name).is_some_and(|value| value != usual);
    let crosses = match recipe(c) {
        Some(_) => !matches!(system, "" | "linux") && !system.contains('$'),
        None => other("GOOS", "linux") || other("GOARCH", "amd64"),
    };
    let is_named = linked && (names_system(c) || is_run_for_release(ctx, c));
    crosses || is_named || (ctx.file.module.is_none() && (linked || is_for_the_caller(c)))
}

/// Whether the output is named after a system or processor, which files for the own machine need not be.
fn names_system(c: &Invocation) -> bool {
    let system = |part: String| {
        let known = [
            "386", "amd64", "arch", "arm", "arm64", "armv5", "armv6", "armv7", "darwin", "freebsd",
            "goarch", "goos", "loong64", "macos", "mips", "mips64", "os", "ppc64le", "riscv64",
            "s390x", "windows",
        ];
        known.contains(&&*part)
    };
    outputs(c)
        .into_iter()
        .any(|output| parts(output).any(system))
}

/// Whether Dockerfiles or release workflows run this script or recipe.
fn is_run_for_release(ctx: &FileCtx, c: &Invocation) -> bool {
    let runs = &ctx.file.released_by.runs;
    let last = |path: &str| {
        path.rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    match recipe(c) {
        Some(target) => runs.contains(&format!("make {}", last(target))),
        None => runs.contains(&last(&ctx.file.path)),
    }
}

/// Whether the caller decides where the output goes, as packagers do.
fn is_for_the_caller(c: &Invocation) -> bool {
    let named = |output: &str| {
        let after = output.split('$').nth(1);
        let first = after.map(|rest| rest.trim_start_matches(['{', '(']));
        first.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
    };
    outputs(c).into_iter().any(named)
}

/// Whether the name of a recipe or of the file shows that it makes releases.
fn is_named_for_release(ctx: &FileCtx, c: &Invocation) -> bool {
    let path = ctx.file.path.replace('\\', "/");
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    match recipe(c) {
        Some(target) => says_release(name) || (!target.contains('/') && says_release(target)),
        None => says_release(name) || says_release(folder.rsplit('/').next().unwrap_or_default()),
    }
}

/// Whether the output, or the target file of a recipe, is in a directory for releases.
fn goes_to_release(c: &Invocation) -> bool {
    let target = recipe(c).filter(|target| target.contains('/'));
    outputs(c).into_iter().chain(target).any(says_release)
}

fn says_release(text: &str) -> bool {
    parts(text).any(|part| RELEASED.contains(&&*part))
}
