"""npm: one package with a small starter, and one package with the program for each platform, of which npm installs the one that fits.

No script runs while it is installed, and nothing is downloaded besides the two packages.
"""
import gzip, json
import os

from table import save, tar, template


def name_of(release, target):
    system, cpu = target.npm
    return f"{release.project['npm_scope']}/{system}-{cpu}"


def manifest(release, name, **more):
    project = release.project
    return dict(
        name=name, version=release.version, description=project["summary"], license=project["licence"], homepage=project["homepage"],
        repository={"type": "git", "url": f"git+{project['homepage']}.git"}, **more)


def pack(release, out, name, files):
    """A tarball as `npm pack` writes it: every file below `package/`. The same files give the same bytes."""
    entries = [(f"package/{path}", data, mode) for path, (data, mode) in sorted(files.items())]
    path = os.path.join(out, f"{name.lstrip('@').replace('/', '-')}-{release.version}.tgz")
    return save(path, gzip.compress(tar(entries, release.epoch), 9, mtime=0))


def package_json(data):
    return (json.dumps(data, indent=2) + "\n").encode(), 0o644


def make(release, out):
    made, platforms = [], {}
    for target in release.targets:
        name, files = name_of(release, target), release.files(target)
        system, cpu = target.npm
        platforms[name] = release.version
        content = {
            "package.json": package_json(manifest(release, name, os=[system], cpu=[cpu], preferUnplugged=True, files=["bin"])),
            f"bin/{target.program}": (files[target.program][0], 0o755),
            "README.md": (f"The program gospect for {system} on {cpu}. Install `gospect`, which brings it.\n".encode(), 0o644),
        }
        content |= {licence: (files[licence][0], 0o644) for licence in ("LICENSE-APACHE", "LICENSE-MIT")}
        made.append(pack(release, out, name, content))
    files = release.files(release.targets[0])
    main = {
        "package.json": package_json(manifest(
            release, release.project["name"], keywords=["go", "golang", "binary", "audit", "sbom"], bin={"gospect": "bin/gospect.js"},
            engines={"node": ">=16"}, optionalDependencies=platforms)),
        "bin/gospect.js": (template("gospect.js", scope=release.project["npm_scope"]).encode(), 0o755),
    }
    main |= {name: (files[name][0], 0o644) for name in ("README.md", "LICENSE-APACHE", "LICENSE-MIT")}
    # Last: it can be published only when what it names is there.
    return made + [pack(release, out, release.project["name"], main)]
