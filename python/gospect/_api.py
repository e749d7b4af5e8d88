"""The functions of the package."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Union, overload

from . import _native
from ._command import Targets, arguments, lines, run
from ._errors import InputError, NotGoError

if TYPE_CHECKING:
    import pyarrow

#: A record, or another document, as the JSON that the command writes.
Document = dict[str, Any]


def inspect(
    source: Union[bytes, bytearray, memoryview, str, "os.PathLike[str]"],
    *,
    facts: Literal["full", "build-info"] = "full",
    symbols: bool = False,
    hash: bool = False,
) -> Document | list[Document]:
    """The record of the Go program in a file, or in the bytes of one.

    Returns a list of records when the file contains several programs: a universal Mach-O file, an archive of objects.

    ``facts="build-info"`` reads only what the build recorded, ``symbols`` adds the linked functions and packages, ``hash`` the SHA-256.
    Raises :class:`NotGoError` when it is not a Go program, :class:`InputError` when the file cannot be read.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        name, content, path = "the bytes", bytes(source), None
    else:
        name = path = os.fsdecode(source)
        try:
            with open(source, "rb") as file:
                content = file.read()
        except OSError as error:
            raise InputError(f"{name}: {error.strerror or error}") from error
    try:
        texts, faults = _native.inspect(content, facts == "full", symbols, hash)
    except ValueError as error:
        raise NotGoError(f"{name}: not a Go program: {error}") from None
    if not texts:
        why = "; ".join(faults) or "an executable without any trace of Go"
        raise NotGoError(f"{name}: not a Go program: {why}")
    records = [json.loads(text) for text in texts]
    if path is not None:
        for record in records:
            record["path"] = path
            record["location"].update(target=path, file=path)
    return records[0] if len(records) == 1 else records


@overload
def scan(targets: Targets, *, format: Literal["dict"] = "dict", **options: Any) -> Iterator[Document]: ...


@overload
def scan(targets: Targets, *, format: Literal["arrow"], **options: Any) -> Iterator["pyarrow.RecordBatch"]: ...


@overload
def scan(targets: Targets, *, format: Literal["bytes"], **options: Any) -> Iterator[bytes]: ...


def scan(targets, *, format="dict", **options):
    """Every Go program under the targets, as the lines of the record stream, while the scan runs.

    The first line has the type ``run``, the last ``end``; between them come ``image``, ``binary`` and ``unexamined``. A target that cannot be
    read is a line ``unexamined``, and the line ``end`` says ``failed``. ``format="arrow"`` gives record batches (:mod:`gospect.arrow` has the
    schema), ``format="bytes"`` the lines as they are, a piece of whole lines at a time.

    Options are those of ``gospect scan`` with ``_`` for ``-``, such as ``exclude=["*.test"]``, ``min_size="1MiB"``, ``jobs=4``, ``hash=True``.
    Closing the iterator stops the scan.
    """
    if format not in ("dict", "arrow", "bytes"):
        raise ValueError(f"format={format!r}: there are dict, arrow and bytes")
    strict = bool(options.get("strict"))
    pieces = lines(arguments("scan", targets, {"format": "ndjson", **options}), strict=strict)
    if format == "bytes":
        return pieces
    if format == "arrow":
        from . import arrow

        return arrow.batches(pieces)
    return _documents(pieces)


def _documents(pieces: Iterator[bytes]) -> Iterator[Document]:
    for piece in pieces:
        for line in piece.splitlines():
            yield json.loads(line)


def audit(targets: Targets | None = None, *, records: Iterable[Document | bytes] | None = None, **options: Any) -> Document:
    """Findings about the programs under the targets: the document of ``gospect audit --format json``.

    ``records`` are the lines of an earlier :func:`scan`, instead of targets or in addition to them. Options are those of ``gospect audit``:
    ``policy="gospect.toml"``, ``profile="release"``, ``deny=["not-trimmed"]``, ``baseline=…``, ``vulns=True``.
    """
    return _judge("audit", targets, records, {"allow_none": True, **options})


def vuln(targets: Targets | None = None, *, records: Iterable[Document | bytes] | None = None, **options: Any) -> Document:
    """Known vulnerabilities of what is linked: the document of ``gospect vuln --format json``.

    ``records`` are the lines of an earlier ``scan(…, symbols=True)``. Options are those of ``gospect vuln``: ``db="vulndb.zip"``,
    ``vex=["app.vex.json"]``, ``only_fixed=True``.
    """
    return _judge("vuln", targets, records, options)


def call(command: str, *targets: Union[str, "os.PathLike[str]"], **options: Any) -> Any:
    """Any other command: ``call("sbom", "dist/app")``, ``call("diff", "old", "new")``, ``call("verify", "app", go_sum="go.sum")``.

    Returns the JSON document that it writes, or the text when ``format=`` asks for something else.
    """
    options.setdefault("format", "cyclonedx" if command == "sbom" else "json")
    text = run(arguments(command, targets, options), strict=bool(options.get("strict")))
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace")


def _judge(command: str, targets: Targets | None, records: Iterable[Any] | None, options: Mapping[str, Any]) -> Document:
    with _stored(records) as stored:
        target_list = [] if targets is None else [targets] if isinstance(targets, (str, os.PathLike)) else list(targets)
        line = arguments(command, target_list + stored, {"format": "json", **options})
        output = run(line, strict=bool(options.get("strict")))
    if not output:
        raise InputError(f"{command}: nothing could be read")
    return json.loads(output)


@contextmanager
def _stored(records: Iterable[Any] | None) -> Iterator[list[str]]:
    """The lines of a scan as a target: a temporary file."""
    if records is None:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="gospect-") as folder:
        path = os.path.join(folder, "records.ndjson")
        with open(path, "wb") as file:
            for record in records:
                piece = record if isinstance(record, bytes) else json.dumps(record).encode()
                file.write(piece if piece.endswith(b"\n") else piece + b"\n")
        yield [f"records:{path}"]
