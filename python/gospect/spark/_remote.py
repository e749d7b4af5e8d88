"""Files by address: object stores that pyarrow knows (``s3://``, ``gs://``, ``hdfs://``, ``file://``), and what fsspec knows where it is
installed (``http://``, ``ftp://``, ``abfs://``, …)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import pyarrow
from pyarrow import fs

from ._targets import SMALLEST, Target


def shown(address: str) -> str:
    """An address without name, password and query: it becomes part of the table."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.split("://", 1)[0] + "://…"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def listed_files(address: str) -> Iterator[Target]:
    """The file at an address, or all large enough files below it."""
    name = shown(address)
    try:
        system, path, name_of = _opened(address)
        info = system.get_file_info(path)
        if info.type == fs.FileType.NotFound:
            yield Target(name, error="not files")
            return
        is_folder = info.type == fs.FileType.Directory or address.endswith("/")
        files = system.get_file_info(fs.FileSelector(path, recursive=True)) if is_folder else [info]
    except Exception as error:  # noqa: BLE001: each file system has errors of its own
        yield Target(name, error=_text(error, address))
        return
    for file in sorted(files, key=lambda file: file.path):
        # If the server does not state the size, the file may be large.
        is_large = file.size is None or file.size >= SMALLEST
        if file.type == fs.FileType.File and (file is info or is_large):
            inner = name_of(file.path)
            # Without a time, a changed file cannot be told from the old one, so it is scanned every time.
            is_known = file.size is not None and file.mtime_ns is not None
            identity = f"{inner}:{file.size}:{file.mtime_ns}" if is_known else None
            yield Target(inner, identity, file.size or 0, remote=(address, file.path))


@contextmanager
def copied(address: str, path: str) -> Iterator[str]:
    """A copy on this machine of a file of the file system that an address opens; it is removed again."""
    with tempfile.TemporaryDirectory(prefix="gospect-") as folder:
        try:
            system = _opened(address)[0]
            copy = os.path.join(folder, os.path.basename(path.split("?", 1)[0]) or "file")
            fs.copy_files(path, copy, source_filesystem=system, destination_filesystem=fs.LocalFileSystem())
        except Exception as error:  # noqa: BLE001
            raise OSError(_text(error, address)) from None
        yield copy


def _opened(address: str):
    """The file system of an address, the path in it, and a function that names a path of it for the table."""
    try:
        system, path = fs.FileSystem.from_uri(address)
    except pyarrow.ArrowInvalid as error:
        if "Unrecognized filesystem type" not in str(error):
            raise
        return _by_fsspec(address)
    bare = address.partition("?")[0]
    prefix = bare[: len(bare) - len(path)] if bare.endswith(path) else bare.split("://", 1)[0] + "://"
    # A name and a password before the bucket are no part of its path.
    scheme, _, rest = prefix.partition("://")
    prefix = f"{scheme}://{rest.rpartition('@')[2]}"
    return system, path, lambda path: prefix + path


def _by_fsspec(address: str):
    scheme = address.split("://", 1)[0]
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise OSError(f"{scheme}:// needs fsspec: pip install fsspec") from None
    try:
        system, path = url_to_fs(address)
    except ImportError as error:
        raise OSError(f"{scheme}:// needs another package: {error}") from None
    return fs.PyFileSystem(fs.FSSpecHandler(system)), path, lambda path: shown(system.unstrip_protocol(path))


def _text(error: BaseException, address: str) -> str:
    """What an error says, without the secrets of the address."""
    text = " ".join(str(error).split()) or type(error).__name__
    for secret in (address, urlsplit(address).query, urlsplit(address).netloc.rpartition("@")[0]):
        if secret:
            text = text.replace(secret, shown(address) if secret == address else "…")
    return text
