"""The record stream as Arrow record batches, one row for each line. Needs pyarrow: ``pip install 'gospect[arrow]'``.

Columns are ``type`` (``run``, ``image``, ``binary``, ``unexamined``, ``end``) and a struct of the name of each type, which is null in the
rows of the others: ``SELECT binary.go_version FROM lines WHERE type = 'binary'``. The schema is made from ``docs/record.schema.json``:

==========================  ==========================================
JSON                        Arrow
==========================  ==========================================
string, word of a set       string
integer, boolean            int64, bool
array                       list; pairs such as ``godebug.recorded_pairs`` are lists of two strings
object                      struct
object with free keys       list of structs ``key`` and ``value``: ``image.labels``, ``end.summary.go_versions``, ``end.summary.ports``
module in ``Replace``       struct without a ``Replace`` of its own (Go allows one replacement)
==========================  ==========================================

A whole number above 2^63 - 1, which only a file with a false size can have, is null.
"""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow
import pyarrow.json

from . import _native

#: The types of lines, each with its definition in the schema.
LINES = {"run": "Run", "image": "ImageRecord", "binary": "Binary", "unexamined": "Unexamined", "end": "End"}

#: Bytes of lines that become one batch; a longer line is a batch of its own.
BATCH_BYTES = 8 << 20

#: Keys whose objects have free keys, by the type of the line.
_FREE_KEYS = {"image": (("labels",),), "end": (("summary", "go_versions"), ("summary", "ports"))}

_LARGEST = 2**63 - 1


@functools.cache
def schema() -> pyarrow.Schema:
    """The schema of the batches."""
    definitions = json.loads(_native.RECORD_SCHEMA)["$defs"]
    columns = [pyarrow.field("type", pyarrow.string())]
    columns += [pyarrow.field(name, _type({"$ref": definition}, definitions, ())) for name, definition in LINES.items()]
    return pyarrow.schema(columns)


def _type(node: dict[str, Any], definitions: dict[str, Any], inside: tuple[str, ...]) -> pyarrow.DataType:
    """The Arrow type of a node of the JSON schema; ``inside`` are the definitions around it."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        return _type(definitions[name], definitions, (*inside, name))
    if "anyOf" in node:
        # Something or null, or a set of words that may grow.
        first = node["anyOf"][0]
        return pyarrow.string() if "enum" in first else _type(first, definitions, inside)
    kind = node["type"]
    if isinstance(kind, list):
        kind = next(name for name in kind if name != "null")
    if kind == "array":
        items = node.get("items") or node["prefixItems"][0]
        return pyarrow.list_(_type(items, definitions, inside))
    if kind == "object" and "properties" not in node:
        value = _type(node["additionalProperties"], definitions, inside)
        return pyarrow.list_(pyarrow.struct([("key", pyarrow.string()), ("value", value)]))
    if kind == "object":
        fields = []
        for name, child in node["properties"].items():
            reference = next((part["$ref"].rsplit("/", 1)[-1] for part in (child, *child.get("anyOf", ())) if "$ref" in part), None)
            if inside.count(reference) < 2:
                fields.append((name, _type(child, definitions, inside)))
        return pyarrow.struct(fields)
    return {"string": pyarrow.string(), "integer": pyarrow.int64(), "boolean": pyarrow.bool_()}[kind]


def batches(lines: Iterable[bytes | str | dict[str, Any]]) -> Iterator[pyarrow.RecordBatch]:
    """Record batches of lines of the stream: bytes or text of one or several lines, or the documents of :func:`gospect.scan`."""
    waiting: list[bytes] = []
    size = 0
    for piece in lines:
        if isinstance(piece, dict):
            piece = json.dumps(piece)
        if isinstance(piece, str):
            piece = piece.encode()
        for line in piece.split(b"\n"):
            if line:
                waiting.append(_row(line))
                size += len(line)
        if size >= BATCH_BYTES:
            yield from read_rows(waiting, schema())
            waiting, size = [], 0
    if waiting:
        yield from read_rows(waiting, schema())


def table(lines: Iterable[bytes | str | dict[str, Any]]) -> pyarrow.Table:
    """The same as one table."""
    return pyarrow.Table.from_batches(batches(lines), schema())


def struct_of(line: bytes) -> tuple[str, bytes]:
    """The type of a line, and the JSON of its struct."""
    name = line[9 : line.index(b'"', 9)].decode() if line.startswith(b'{"type":"') else json.loads(line)["type"]
    if name in _FREE_KEYS:
        line = _with_lists(json.loads(line), _FREE_KEYS[name])
    return name, line


def _row(line: bytes) -> bytes:
    name, struct = struct_of(line)
    return b'{"type":"%b","%b":%b}' % (name.encode(), name.encode(), struct)


def _with_lists(document: dict[str, Any], paths: Iterable[tuple[str, ...]]) -> bytes:
    for *parents, last in paths:
        parent_object = document
        for key in parents:
            parent_object = parent_object[key]
        parent_object[last] = [{"key": name, "value": value} for name, value in parent_object[last].items()]
    return json.dumps(document).encode()


def read_rows(rows: list[bytes], columns: pyarrow.Schema) -> list[pyarrow.RecordBatch]:
    """Batches of rows that are JSON objects; keys without a column are ignored."""
    try:
        read = _read_text(b"\n".join(rows), columns)
    except pyarrow.ArrowInvalid:
        # Arrow refuses whole numbers that do not fit into 64 bits.
        text = b"\n".join(json.dumps(_in_range(json.loads(row))).encode() for row in rows)
        read = _read_text(text, columns)
    return read.to_batches()


def _read_text(text: bytes, columns: pyarrow.Schema) -> pyarrow.Table:
    return pyarrow.json.read_json(
        io.BytesIO(text),
        read_options=pyarrow.json.ReadOptions(block_size=len(text) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=columns, unexpected_field_behavior="ignore"),
    )


def _in_range(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_range(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_range(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value <= _LARGEST:
        return None
    return value
