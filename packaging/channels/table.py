"""The table of targets, and what a release consists of: archives and their digests."""
import hashlib, io, os, re, stat, sys, tarfile, tomllib, zipfile

# What every archive has besides the program; scripts/package.sh adds manual pages and completions.
REQUIRED = ("README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT")
PACKAGING = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(PACKAGING)
sys.path.append(os.path.join(ROOT, "scripts"))
import semver


class Missing(Exception):
    """An archive of the release that is missing or incomplete."""


class NoVersion(Exception):
    """A version that is not one of Semantic Versioning; it would be part of names of files and of lines."""


class Target:
    def __init__(self, row):
        self.triple = row["triple"]
        self.archive = f"gospect-{self.triple}.{row['archive']}"
        self.folder = f"gospect-{self.triple}"
        self.program = "gospect.exe" if "-windows-" in self.triple else "gospect"
        self.npm, self.brew = row["npm"], row.get("brew")
        self.oci, self.deb, self.windows = row.get("oci"), row.get("deb"), row.get("windows")


class Release:
    """Version, targets and archives of a release. `dist` is the folder with the archives; `downloads` the address they can be had from."""

    def __init__(self, dist, version=None, downloads=None):
        with open(os.path.join(PACKAGING, "targets.toml"), "rb") as file:
            table = tomllib.load(file)
        self.project = table["project"]
        self.targets = [Target(row) for row in table["target"]]
        with open(os.path.join(ROOT, "Cargo.toml"), "rb") as file:
            self.version = tomllib.load(file)["workspace"]["package"]["version"] if version is None else version
        if not semver.is_version(self.version):
            raise NoVersion(f"--version: {self.version!r} is not a version such as 1.2.3 or 1.2.3-rc.1")
        self.dist = dist
        self.downloads = (downloads or f"{self.project['homepage']}/releases/download/v{self.version}").rstrip("/")
        # Times in what is made; a release sets it to the time of its commit.
        self.epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

    def url(self, target):
        return f"{self.downloads}/{target.archive}"

    def path(self, target):
        path = os.path.join(self.dist, target.archive)
        if not os.path.isfile(path):
            raise Missing(f"{path}: no such archive; every target of packaging/targets.toml needs one")
        return path

    def sha256(self, target):
        with open(self.path(target), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def files(self, target):
        """{name below the folder of the archive: (bytes, whether it can be run)}."""
        path, found = self.path(target), {}
        if path.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if not info.is_dir():
                        found[info.filename] = (archive.read(info), bool(info.external_attr >> 16 & stat.S_IXUSR))
        else:
            with tarfile.open(path) as archive:
                for info in archive:
                    if info.isfile():
                        found[info.name] = (archive.extractfile(info).read(), bool(info.mode & stat.S_IXUSR))
        prefix = target.folder + "/"
        inside = {name.removeprefix(prefix): entry for name, entry in found.items() if name.startswith(prefix)}
        for name in (target.program, *REQUIRED):
            if name not in inside:
                raise Missing(f"{path}: does not contain {prefix}{name}")
        return inside

    def program(self, target):
        return self.files(target)[target.program][0]


def save(path, data):
    """Writes text or bytes, and makes the folders above."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)
    return path


def tar(entries, epoch):
    """An uncompressed tar of (name, bytes or None for a folder, mode), owned by root, with one time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data, mode in entries:
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, epoch
            if data is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def template(name, **values):
    """A file of packaging/templates with every `@NAME@` filled in."""
    with open(os.path.join(PACKAGING, "templates", name), encoding="utf-8") as file:
        text = file.read()
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    if left := re.search(r"@[A-Z_]+@", text):
        raise ValueError(f"templates/{name}: nothing fills {left[0]}")
    return text
