"""Debian: a package for each architecture, and the files of an apt repository that has them (`deb URL ./`).

The format of a package is that of deb(5): an ar archive of debian-binary, control.tar.gz and data.tar.gz; that of the repository is the flat
repository of https://wiki.debian.org/DebianRepository/Format.
"""
import datetime, gzip, hashlib, os, textwrap

from table import save, tar

# Where the files of an archive go; man/*.1 are added.
PLACES = {
    "gospect": ("usr/bin/gospect", 0o755),
    "completions/gospect.bash": ("usr/share/bash-completion/completions/gospect", 0o644),
    "completions/_gospect": ("usr/share/zsh/vendor-completions/_gospect", 0o644),
    "completions/gospect.fish": ("usr/share/fish/vendor_completions.d/gospect.fish", 0o644),
    "README.md": ("usr/share/doc/gospect/README.md", 0o644),
}


def control(release, target, size):
    """The control file. The program is static, so it depends on nothing."""
    project = release.project
    long = textwrap.fill(project["description"].strip(), 78, initial_indent=" ", subsequent_indent=" ")
    return (
        f"Package: gospect\nVersion: {debian_version(release.version)}\nArchitecture: {target.deb}\nMaintainer: {project['maintainer']}\n"
        f"Installed-Size: {(size + 1023) // 1024}\nSection: devel\nPriority: optional\nHomepage: {project['homepage']}\n"
        f"Description: {project['short']}\n{long}\n")


def debian_version(version):
    """A pre-release sorts before its release by a tilde (deb-version(7))."""
    return version.replace("-", "~", 1) + "-1"


def day(release):
    return datetime.datetime.fromtimestamp(release.epoch, datetime.timezone.utc)


def changelog(release):
    """The changes of the package, as deb-changelog(5) has them; those of gospect are in changelog.gz."""
    project = release.project
    return (
        f"gospect ({debian_version(release.version)}) stable; urgency=medium\n\n  * gospect {release.version}:\n"
        f"    {project['homepage']}/releases/tag/v{release.version}\n\n -- {project['maintainer']}  {day(release):%a, %d %b %Y %H:%M:%S +0000}\n")


def rights(release, mit):
    """The copyright file in its machine-readable form (DEP-5). Debian's base system has the text of Apache 2.0."""
    text = "\n".join(f" {line}" if line.strip() else " ." for line in mit.strip().splitlines())
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: gospect\n"
        f"Source: {release.project['homepage']}\n\nFiles: *\nCopyright: 2026, the gospect authors\nLicense: Apache-2.0 or Expat\n\n"
        "License: Apache-2.0\n The text is in /usr/share/common-licenses/Apache-2.0.\n\n"
        f"License: Expat\n{text}\n")


def contents(release, target):
    """(path, bytes, mode) of the files of a package, sorted."""
    files = release.files(target)
    found = [(place, files[name][0], mode) for name, (place, mode) in PLACES.items()]
    found += [(f"usr/share/man/{name}.gz".replace("man/man/", "man/man1/"), gzip.compress(data, 9, mtime=0), 0o644)
              for name, (data, _) in files.items() if name.startswith("man/") and name.endswith(".1")]
    found.append(("usr/share/doc/gospect/changelog.gz", gzip.compress(files["CHANGELOG.md"][0], 9, mtime=0), 0o644))
    found.append(("usr/share/doc/gospect/changelog.Debian.gz", gzip.compress(changelog(release).encode(), 9, mtime=0), 0o644))
    found.append(("usr/share/doc/gospect/copyright", rights(release, files["LICENSE-MIT"][0].decode()).encode(), 0o644))
    return sorted(found)


def with_folders(files):
    """The entries of a tar of these files: every folder once, before what is in it."""
    entries, seen = [("./", None, 0o755)], set()
    for path, data, mode in files:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "./" + "/".join(parts[:depth]) + "/"
            if folder not in seen:
                seen.add(folder)
                entries.append((folder, None, 0o755))
        entries.append(("./" + path, data, mode))
    return entries


def ar(members, epoch):
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{epoch:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


def package(release, target, out):
    files = contents(release, target)
    about = control(release, target, sum(len(data) for _, data, _ in files))
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  {path}\n" for path, data, _ in files)
    inner = [("./", None, 0o755), ("./control", about.encode(), 0o644), ("./md5sums", sums.encode(), 0o644)]
    data = ar([
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", gzip.compress(tar(inner, release.epoch), 9, mtime=0)),
        ("data.tar.gz", gzip.compress(tar(with_folders(files), release.epoch), 9, mtime=0)),
    ], release.epoch)
    name = f"gospect_{debian_version(release.version)}_{target.deb}.deb"
    entry = f"{about}Filename: ./{name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
    return save(os.path.join(out, name), data), entry


def make(release, out):
    made, entries = [], []
    for target in release.targets:
        if target.deb:
            path, entry = package(release, target, out)
            made.append(path)
            entries.append(entry)
    listed = "\n".join(entries).encode()
    indexes = {"Packages": listed, "Packages.gz": gzip.compress(listed, 9, mtime=0)}
    made += [save(os.path.join(out, name), data) for name, data in indexes.items()]
    # Packages may be of another day than Release when a mirror is half copied; the date tells apt which is newer.
    date = day(release).strftime("%a, %d %b %Y %H:%M:%S UTC")
    architectures = " ".join(t.deb for t in release.targets if t.deb)
    head = f"Origin: gospect\nLabel: gospect\nSuite: stable\nCodename: stable\nDate: {date}\nArchitectures: {architectures}\nDescription: gospect\n"
    sums = "".join(f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n" for name, data in indexes.items())
    return made + [save(os.path.join(out, "Release"), f"{head}SHA256:\n{sums}")]
