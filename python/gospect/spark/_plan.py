"""The plan of a sweep, made by the driver: the targets, the size of each, and which are known already."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator

from .._command import arguments, lines
from .._errors import Error
from ._options import Options
from ._targets import SMALLEST, Target, printable

def plan(options: Options) -> list[Target]:
    """All targets that must be scanned, in the order in which they are named."""
    known = _known(options.known) if options.known else set()
    return [target for target in listed(options) if target.identity is None or target.identity not in known]


def partitions_of(targets: Iterable[Target], options: Options) -> list[list[Target]]:
    """Targets that follow each other, in groups of about the same size. Neighbours in a registry often share layers."""
    groups: list[list[Target]] = []
    size = 0
    for target in targets:
        is_full = groups and (len(groups[-1]) >= options.partition_targets or size + target.size > options.partition_bytes)
        if not groups or is_full:
            groups.append([])
            size = 0
        groups[-1].append(target)
        size += target.size
    return groups


def listed(options: Options) -> Iterator[Target]:
    """All targets, known or not, while they are found."""
    images: list[str] = []
    for name in options.targets:
        if name.startswith("registry:"):
            images.append(_tagged(name))
            continue
        yield from _images(images, options)
        images.clear()
        yield from _remote(name) if "://" in name else _local(name)
    yield from _images(images, options)


def _tagged(name: str) -> str:
    """A registry target for the catalog: an image without a tag has the tag ``latest``, as everywhere else."""
    _, _, repository = name.removeprefix("registry:").partition("/")
    return f"{name}:latest" if repository.strip("/") and not any(sign in repository for sign in ":@") else name


def _images(names: list[str], options: Options) -> Iterator[Target]:
    if not names:
        return
    catalog_options = {"platform": options.scan.get("platform"), "insecure_http": options.scan.get("insecure_http"), **options.catalog}
    line = arguments("catalog", names, {"digests": True, "format": "ndjson", **catalog_options})
    try:
        for piece in lines(line):
            for text in piece.splitlines():
                yield _image(json.loads(text))
    except Error as error:
        yield Target(" ".join(names), error=str(error))


def _image(entry: dict) -> Target:
    if entry["type"] == "problem":
        return Target(f"registry:{entry['name']}", error=entry["detail"])
    return Target(entry["target"], entry["digest"], entry["bytes"] or 0)


#: Forms of images and archives; the path may be followed by a tag.
_FORMS = ("archive", "docker-archive", "oci-archive", "oci-dir", "oci")


def _stored(name: str, form: str, rest: str) -> Target:
    """An image or an archive in a file or a folder, named with its form."""
    path, tag = rest, ""
    if not os.path.exists(path):
        path, _, tag = rest.rpartition(":")
    stat = os.stat(path or rest)
    if os.path.isdir(path):
        return Target(name, size=_size_below(path))
    return Target(name, printable(f"{form}:{os.path.abspath(path)}:{tag}:{stat.st_size}:{stat.st_mtime_ns}"), stat.st_size)


def _size_below(folder: str) -> int:
    return sum(os.path.getsize(os.path.join(inner, file)) for inner, _, files in os.walk(folder) for file in files)


def _local(name: str) -> Iterator[Target]:
    form, _, rest = name.partition(":")
    path = rest if form in ("file", "dir") else name
    try:
        if form in _FORMS and rest:
            yield _stored(name, form, rest)
        elif not os.path.isdir(path):
            yield _file(name, path, os.stat(path))
        elif os.path.exists(os.path.join(path, "oci-layout")):
            yield Target(name, size=_size_below(path))
        else:
            yield from _folder(path)
    except OSError as error:
        yield Target(name, error=error.strerror or str(error))
    except ValueError as error:
        # A path with a zero byte.
        yield Target(name, error=str(error))


def _folder(path: str) -> Iterator[Target]:
    problems: list[OSError] = []
    for inside, folders, files in os.walk(path, onerror=problems.append):
        folders.sort()
        if "oci-layout" in files:
            folders.clear()
            yield from _local(inside)
            continue
        for file in sorted(files):
            inner = os.path.join(inside, file)
            try:
                stat = os.lstat(inner)
            except OSError as error:
                problems.append(error)
                continue
            if stat.st_size >= SMALLEST and not os.path.islink(inner):
                yield _file(inner, inner, stat)
    for problem in problems:
        yield Target(str(problem.filename), error=problem.strerror or str(problem))


def _file(name: str, path: str, stat: os.stat_result) -> Target:
    return Target(name, printable(f"file:{os.path.abspath(path)}:{stat.st_size}:{stat.st_mtime_ns}"), stat.st_size)


def _remote(address: str) -> Iterator[Target]:
    # pyarrow.fs takes long to import, and most sweeps need none of it.
    from ._remote import listed_files

    return listed_files(address)


def _known(address: str) -> set[str]:
    """Identities of targets that an earlier result has completely: those of its rows ``end`` that did not fail."""
    import pyarrow.compute as compute
    import pyarrow.dataset as dataset

    try:
        table = dataset.dataset(address, format="parquet", exclude_invalid_files=True).to_table(
            columns=["identity"],
            filter=(compute.field("type") == "end") & ~compute.field("failed"),
        )
    except FileNotFoundError:
        return set()
    return set(table["identity"].to_pylist()) - {None}
