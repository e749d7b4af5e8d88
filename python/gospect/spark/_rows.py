"""The rows of one target, made by an executor."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow

from .. import _api, _native, arrow
from .._command import messages
from .._errors import Error
from ._options import Options
from ._targets import Target, printable

#: The column for each type of line; the line ``run`` only repeats options.
COLUMNS = {"binary": "record", "image": "image", "unexamined": "unexamined", "end": "totals"}

#: Words of ``module_list`` that say that the record names all modules.
_KNOWN_LISTS = ("recorded", "empty", "cut")

#: Bytes of rows that become one batch.
BATCH_BYTES = 4 << 20

_FINDING = pyarrow.struct(
    [
        *((name, pyarrow.string()) for name in ("rule", "code", "level", "message", "path", "help", "fingerprint")),
        ("waived", pyarrow.bool_()),
        ("evidence", pyarrow.list_(pyarrow.struct([("source", pyarrow.string()), ("value", pyarrow.string())]))),
    ]
)


@functools.cache
def columns() -> pyarrow.Schema:
    """The columns of the result."""
    lines = arrow.schema()
    texts = ("sweep", "target", "identity", "type", "path", "main_module", "error")
    return pyarrow.schema(
        [
            *((name, pyarrow.string()) for name in texts),
            ("failed", pyarrow.bool_()),
            *((COLUMNS[name], lines.field(name).type) for name in COLUMNS),
            ("findings", pyarrow.list_(_FINDING)),
            ("line", pyarrow.string()),
        ]
    )


def rows_of_partition(targets: Iterable[Target], options: Options) -> Iterator[pyarrow.RecordBatch]:
    """The rows of all targets of a task, and a row ``error`` about a cache that could not be used: the targets are still scanned."""
    with messages() as collected:
        options = _with_usable_cache(options, collected)
        for target in targets:
            yield from rows_of(target, options)
    reasons = dict.fromkeys(text for text in collected if text.startswith("--cache"))
    rows = [{"sweep": options.sweep, "type": "error", "target": "--cache", "error": text} for text in reasons]
    if rows:
        yield from arrow.read_rows([json.dumps(row).encode() for row in rows], columns())


def _with_usable_cache(options: Options, collected: list[str]) -> Options:
    """The options, without the cache if its folder cannot be used. A scan of an empty folder finds that out."""
    if "cache" not in options.scan:
        return options
    try:
        with tempfile.TemporaryDirectory(prefix="gospect-") as empty:
            for _ in _api.scan([empty], format="bytes", **options.scan):
                pass
    except Error as error:
        if not str(error).startswith("--cache"):
            # The scan of each target reports it.
            return options
        collected.append(str(error))
        without = {name: value for name, value in options.scan.items() if not name.startswith("cache")}
        return dataclasses.replace(options, scan=without)
    return options


def rows_of(target: Target, options: Options) -> Iterator[pyarrow.RecordBatch]:
    """A row for each program, image and unexamined thing, and a row ``end``; a row ``error`` when the target cannot be scanned."""
    waiting: list[bytes] = []
    size = 0
    for row in _rows(target, options):
        waiting.append(row)
        size += len(row)
        if size >= BATCH_BYTES:
            yield from arrow.read_rows(waiting, columns())
            waiting, size = [], 0
    if waiting:
        yield from arrow.read_rows(waiting, columns())


def _rows(target: Target, options: Options) -> Iterator[bytes]:
    common = {"sweep": options.sweep, "target": printable(target.name), "identity": target.identity}
    if target.error is not None:
        yield json.dumps({**common, "type": "error", "error": printable(target.error)}).encode()
        return
    try:
        with _local_copy(target) as name:
            pieces = _api.scan([name], format="bytes", **options.scan)
            lines = [line for piece in pieces for line in _renamed(piece, name, target.name).splitlines()]
        findings = _findings(lines, options)
        # All rows are made before the first is yielded: a target has all its rows, or one row `error`.
        yield from [_row(line, common, findings) for line in lines if not line.startswith(b'{"type":"run"')]
    except (Error, OSError) as error:
        yield json.dumps({**common, "type": "error", "error": printable(str(error))}).encode()


def _renamed(piece: bytes, copy: str, name: str) -> bytes:
    """Lines about a copy, as lines about what was copied. The path of the copy has a random part, so nothing else contains it."""
    return piece if copy == name else piece.replace(copy.encode(), json.dumps(name)[1:-1].encode())


def _row(line: bytes, common: dict[str, Any], findings: dict[str, list[Any]] | None) -> bytes:
    name, struct = arrow.struct_of(line)
    document = json.loads(line)
    row = {**common, "type": name, "path": document.get("path") or document.get("reference"), "line": line.decode()}
    if name == "end":
        row["failed"] = document["failed"]
    if name == "binary":
        row["main_module"] = _main_module(document)
    if findings is not None:
        # Findings about no program are in the row `end`.
        row["findings"] = sum(findings.values(), []) if name == "end" else findings.pop(_place(document), []) if name == "binary" else []
    return b'%b,"%b":%b}' % (json.dumps(row).encode()[:-1], COLUMNS[name].encode(), struct)


def _main_module(record: dict[str, Any]) -> str | None:
    """What programs are compared by, as ``gospect audit`` does: the main module, or what the path of the main package says about it."""
    recorded = ((record.get("build_info") or {}).get("Main") or {}).get("Path")
    if recorded or record.get("module_list") in _KNOWN_LISTS or not record.get("main_package"):
        return recorded or None
    return _native.module_of(record["main_package"])


def _place(document: dict[str, Any]) -> str:
    """What a record and the findings about it have in common."""
    return json.dumps([document["path"], document["location"]], sort_keys=True)


def _findings(lines: list[bytes], options: Options) -> dict[str, list[Any]] | None:
    """Findings by the place of their program."""
    if options.audit is None:
        return None
    with _policy(options) as policy:
        report = _api.audit(records=lines, **policy, **options.audit)
    places: dict[str, list[Any]] = {}
    for finding in report["findings"]:
        finding["waived"] = finding["waived"] is not None or finding["accepted"]
        places.setdefault(_place(finding), []).append(finding)
    return places


@contextmanager
def _policy(options: Options) -> Iterator[dict[str, str]]:
    if options.policy is None:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="gospect-") as folder:
        path = os.path.join(folder, "gospect.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(options.policy)
        yield {"policy": path}


@contextmanager
def _local_copy(target: Target) -> Iterator[str]:
    """A path at which a target can be scanned: files of an object store are copied, and removed again."""
    if target.remote is None:
        yield target.name
        return
    from ._remote import copied

    with copied(*target.remote) as copy:
        yield copy
