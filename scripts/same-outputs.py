#!/usr/bin/env python3
"""Compares two builds of gospect: standard output, standard error and exit code of every command below.

usage: scripts/same-outputs.py OLD NEW [FILE_OR_DIRECTORY...]

OLD and NEW are the two programs. They read the stored programs of testdata (unpacked into a temporary folder), the deployment files of
testdata/lint, and any further files and directories named. Each difference is shown as a command and the first lines that differ; exit code 1 when
there is one. Times, versions of the tool and counts of bytes read are left out of the comparison.
"""
import concurrent.futures
import difflib
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCAN_FORMATS = ["card", "table", "csv", "json", "ndjson", "html"]
AUDIT_FORMATS = ["text", "json", "sarif", "junit", "markdown", "gitlab", "github", "html"]
DIFF_FORMATS = ["text", "json", "markdown", "html"]
BILLS = ["cyclonedx", "spdx"]
# Text that may differ between runs.
VOLATILE = [
    (re.compile(rb'"bytes": ?\d+'), b'"bytes":0'),
    (re.compile(rb"[0-9.,]+ ?(?:[KMGT]i?B|bytes) (?:read|in )[^\n]*"), b"BYTES"),
    (re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), b"TIME"),
    (re.compile(rb'"name":\s*"gospect",(?:\s*"\w+":\s*"[^"]*",){0,2}\s*"(?:semanticV|v)ersion":\s*"[^"]+"'), b"GOSPECT"),
    (re.compile(rb"\bgospect[ /@-]v?\d+\.\d+\.\d+"), b"GOSPECT"),
    (re.compile(rb"urn:uuid:[0-9a-f-]{36}"), b"UUID"),
]


def unpack(into):
    """The stored programs, one folder for each archive."""
    for archive in sorted((ROOT / "testdata").rglob("*.tar.xz")):
        folder = into / archive.relative_to(ROOT / "testdata").as_posix().removesuffix(".tar.xz")
        folder.mkdir(parents=True)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="fully_trusted")


def tar_of(entries):
    """The bytes of a tar; an entry is (name, bytes), (name, None) for a directory, or (name, link target) for a hard link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.LNKTYPE, content
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


def containers(into, programs):
    """Archives, archives in archives, and an image in three layers, of stored programs; returns their paths."""
    into.mkdir()
    one, two, three = (p.read_bytes() for p in programs[:3])
    release = tar_of([("app/", None), ("app/one", one), ("app/link", "app/one"), ("app/readme", b"text")])
    (into / "release.tar.gz").write_bytes(gzip.compress(release, mtime=0))
    with zipfile.ZipFile(into / "release.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bin/two", two)
        archive.writestr("inner.tar.gz", gzip.compress(release, mtime=0))
    layers = [
        tar_of([("usr/bin/one", one), ("usr/bin/gone", two), ("usr/bin/again", "usr/bin/one"), ("etc/os-release", b"ID=debian\n")]),
        tar_of([("usr/bin/.wh.gone", b""), ("opt/release.tar", release)]),
        tar_of([("usr/bin/one", three)]),
    ]
    digest = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()  # noqa: E731
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Env": ["GODEBUG=panicnil=1", "GOMEMLIMIT=64MiB"], "Entrypoint": ["/usr/bin/one"], "Labels": {"org.opencontainers.image.version": "1.2.3"}},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
    }).encode()
    names = [f"{i}/layer.tar" for i in range(len(layers))]
    manifest = json.dumps([{"Config": "config.json", "RepoTags": ["example.com/app:1"], "Layers": names}]).encode()
    docker = tar_of([*zip(names, layers), ("config.json", config), ("manifest.json", manifest)])
    (into / "image.tar").write_bytes(docker)
    blobs = into / "layout" / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(data, media):
        (blobs / hashlib.sha256(data).hexdigest()).write_bytes(data)
        return {"mediaType": media, "digest": digest(data), "size": len(data)}

    oci = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "config": blob(config, oci + "config.v1+json"),
        "layers": [blob(gzip.compress(layer, mtime=0), oci + "layer.v1.tar+gzip") for layer in layers],
    }).encode()
    (into / "layout" / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (into / "layout" / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [blob(manifest, oci + "manifest.v1+json")]}))
    (into / "cut.tar.gz").write_bytes((into / "release.tar.gz").read_bytes()[:-2000])
    return sorted(into.iterdir()) + [into]


def run(program, arguments, folder):
    """Exit code, standard output and standard error of one command."""
    environment = dict(os.environ, NO_COLOR="1", SOURCE_DATE_EPOCH="1700000000", TZ="UTC", COLUMNS="120")
    try:
        done = subprocess.run([program, *arguments], cwd=folder, env=environment, capture_output=True, timeout=600, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return ("timeout", b"", b"")
    texts = []
    for text in (done.stdout, done.stderr):
        for pattern, word in VOLATILE:
            text = pattern.sub(word, text)
        texts.append(text)
    return (done.returncode, *texts)


def commands(targets, lint):
    """Every command that is compared."""
    for target in targets:
        for form in SCAN_FORMATS:
            yield ["scan", "--format", form, target]
        yield ["scan", "--format", "ndjson", "--facts", "build-info", target]
        yield ["scan", "--format", "json", "--hash", "--jobs", "1", target]
        yield ["version", "-m", target]
        for form in AUDIT_FORMATS:
            yield ["audit", "--format", form, target]
        yield ["audit", "--format", "json", "--profile", "strict", target]
        for form in BILLS:
            yield ["sbom", "--format", form, target]
    for old, new in zip(targets, targets[1:]):
        for form in DIFF_FORMATS:
            yield ["diff", "--format", form, "--fail-on", "any", old, new]
    for target in lint:
        for form in ["text", "json", "sarif"]:
            yield ["lint", "--format", form, target]
        yield ["lint", "--go", "1.27", target]
    for topic in ["rules", "policy"]:
        yield ["explain", topic]
    yield ["init", "-o", "-"]
    yield ["--help"]
    yield ["scan", "--help"]
    yield ["audit", "--help"]


def first_difference(one, other):
    """The first lines in which two texts differ."""
    lines = [t.decode(errors="backslashreplace").splitlines() for t in (one, other)]
    different = [line[:300] for line in difflib.unified_diff(*lines, "old", "new", n=0, lineterm="")]
    return different[2:14]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    old, new = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        unpack(folder / "testdata")
        targets = sorted(str(p.relative_to(folder)) for p in (folder / "testdata").rglob("*") if p.is_dir() and any(f.is_file() for f in p.iterdir()))
        programs = sorted(p for p in (folder / "testdata" / "fixtures" / "amd64").rglob("*") if p.is_file() and p.stat().st_size > 100_000)
        targets += [str(p.relative_to(folder)) for p in containers(folder / "containers", programs)]
        targets += [str(pathlib.Path(p).resolve()) for p in sys.argv[3:]]
        lint = [str(p) for p in sorted((ROOT / "testdata" / "lint").iterdir())]
        every = list(commands(targets, lint))

        def both(arguments):
            return arguments, run(old, arguments, folder), run(new, arguments, folder)

        differences = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for arguments, before, after in pool.map(both, every):
                if before == after:
                    continue
                differences += 1
                print("gospect", *arguments)
                for name, one, other in zip(["exit code", "stdout", "stderr"], before, after):
                    if one == other:
                        continue
                    if name == "exit code":
                        print(f"  {name}: {one} became {other}")
                        continue
                    print(f"  {name}:", *(first_difference(one, other) or ["(ends of lines)"]), sep="\n    ")
        print(f"{len(every)} commands over {len(targets)} targets: {differences} differ")
        sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
