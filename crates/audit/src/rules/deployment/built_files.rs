//! The files that a `go build` writes, and whether a copied path includes one of them.

use gospect_deploy::Invocation;

/// Flags of `go build` with a value.
pub(super) const WITH_VALUE: [&str; 17] = [
    "C",
    "o",
    "p",
    "asmflags",
    "buildmode",
    "compiler",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "overlay",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
];

/// Values of `-o`.
pub(super) fn outputs(c: &Invocation) -> Vec<&str> {
    let all = c.flag("o").into_iter().map(|w| w.as_str());
    all.map(|w| {
        let value = w.trim_start_matches('-').strip_prefix("o=");
        value.filter(|_| w.starts_with('-')).unwrap_or(w)
    })
    .collect()
}

/// The packages and files that it builds.
pub(super) fn packages(c: &Invocation) -> Vec<&str> {
    let mut found = Vec::new();
    let mut value = false;
    for word in c.arguments().iter().map(|w| w.as_str()) {
        let after = std::mem::replace(&mut value, false);
        if word.starts_with('-') {
            value = WITH_VALUE.contains(&word.trim_start_matches('-'));
        } else if !after {
            found.push(word);
        }
    }
    found
}

/// Whether a path is where programs are installed on the machine that builds: the home directory, GOBIN, or `/usr/local`.
pub(super) fn is_installed(output: &str) -> bool {
    let first = output.split(['/', '\\']).next().unwrap_or_default();
    let named = ["HOME", "GOBIN", "GOPATH"];
    first == "~"
        || (first.starts_with('$') && named.iter().any(|name| first.contains(name)))
        || output.starts_with("/usr/local/")
}

/// Whether a path is in a hidden directory of the project.
pub(super) fn is_in_hidden_directory(output: &str) -> bool {
    let mut parts = output.split(['/', '\\']);
    parts.any(|part| part.len() > 1 && part.starts_with('.') && part != "..")
}

/// The directory of the build: the working directory, then `-C`.
fn directory(c: &Invocation) -> String {
    let before = c.words.iter().position(|w| w.as_str() == "-C");
    let before = before.and_then(|at| c.words.get(at + 1));
    let folder = before.or_else(|| c.flag("C").into_iter().next());
    let folder = folder.map_or("", |w| w.as_str().trim_start_matches("-C="));
    match folder {
        "" => c.dir.clone(),
        folder if folder.starts_with('/') => folder.to_owned(),
        folder => format!("{}/{folder}", c.dir.trim_end_matches('/')),
    }
}

/// The paths of the programs that a command writes, from the root, as far as known. The go command names a program after
/// its package: after `module` in the directory of go.mod, after the directory elsewhere.
pub(super) fn written(c: &Invocation, module: Option<&str>) -> Vec<String> {
    let dir = directory(c);
    let from = |path: &str| match path.starts_with(['/', '$']) {
        true => path.to_owned(),
        false => format!("{}/{path}", dir.trim_end_matches('/')),
    };
    let outputs = outputs(c);
    if !outputs.is_empty() {
        return outputs.into_iter().map(from).collect();
    }
    let packages = packages(c);
    let here = if packages.is_empty() {
        vec!["."]
    } else {
        packages
    };
    let name = |package: &str| {
        let name = last(package.trim_end_matches("/...").trim_end_matches(".go"));
        match name {
            "." | "" | "..." => last(&dir).to_owned(),
            name => name.to_owned(),
        }
    };
    let of_module = module.filter(|_| here.iter().all(|p| matches!(*p, "." | "./")));
    let of_module = of_module.map(program_of);
    let bin = match (c.verb(), c.env.get("GOBIN")) {
        ("install", Some(bin)) => bin.as_str(),
        ("install", None) => "/go/bin",
        _ => &dir,
    };
    let named = here
        .into_iter()
        .map(|package| match package.ends_with("...") {
            true => format!("{bin}/"),
            false => format!("{bin}/{}", name(package)),
        });
    let of_module = of_module.map(|name| format!("{bin}/{name}"));
    named.chain(of_module).collect()
}

/// The name of the program of a module: the last part of its path, without a major version.
fn program_of(module: &str) -> &str {
    let name = last(module);
    let major = name.strip_prefix('v').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()) && module.contains('/')
    });
    match major {
        true => last(module.strip_suffix(name).unwrap_or(module)),
        false => name,
    }
}

pub(super) fn last(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether a copied path includes a file, or is inside of the directory that the build writes.
pub(super) fn covers(path: &str, file: &str) -> bool {
    let (path, path_cut) = known(path);
    let (file, file_cut) = known(file);
    let below = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer.trim_end_matches('/'));
        rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
    };
    let deep = |cut: &str| cut.len() > 1;
    match (path_cut, file_cut) {
        (false, false) => {
            below(&file, &path)
                || (file.ends_with('/') && below(&path, &file))
                || last(&file) == last(&path)
        }
        (true, false) => deep(&path) && file.starts_with(&path),
        (false, true) => deep(&file) && (path.starts_with(&file) || below(&file, &path)),
        (true, true) => {
            deep(&path) && deep(&file) && (path.starts_with(&file) || file.starts_with(&path))
        }
    }
}

/// The start of a path up to the first unknown part, and whether there is such a part.
fn known(path: &str) -> (String, bool) {
    let path = path.replace("${{ github.workspace }}", "");
    let end = path.find(['$', '*', '?', '[', '`']);
    let start = path.get(..end.unwrap_or(path.len())).unwrap_or_default();
    let mut out: Vec<&str> = Vec::new();
    for part in start.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    let slash = start.ends_with('/') && !out.is_empty();
    let tail = if slash { "/" } else { "" };
    (format!("/{}{tail}", out.join("/")), end.is_some())
}

/// The name of a program without extension and variables.
pub(super) fn stem(path: &str) -> &str {
    let name = last(path);
    let end = name
        .char_indices()
        .find(|(at, c)| *at > 0 && matches!(c, '$' | '{'));
    let name = name
        .get(..end.map_or(name.len(), |(at, _)| at))
        .unwrap_or(name);
    name.strip_suffix(".exe").unwrap_or(name)
}
