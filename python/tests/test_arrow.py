"""Record batches hold what the lines hold, in the schema that the record schema gives."""

import json
import time

import gospect
import pytest

arrow = pytest.importorskip("gospect.arrow", reason="pyarrow is not installed")
pyarrow = pytest.importorskip("pyarrow")


def with_nulls(value, kind):
    """A JSON value as Arrow gives it back: every key of the schema, null where it is absent, objects with free keys as lists."""
    if value is None:
        return None
    if pyarrow.types.is_struct(kind):
        return {field.name: with_nulls(value.get(field.name), field.type) for field in kind}
    if pyarrow.types.is_list(kind):
        if isinstance(value, dict):
            return [{"key": key, "value": item} for key, item in value.items()]
        return [with_nulls(item, kind.value_type) for item in value]
    return value


def keys(value, kind, path=()):
    """Keys of a JSON value that the Arrow type has no field for."""
    if isinstance(value, dict) and pyarrow.types.is_struct(kind):
        for key, item in value.items():
            index = kind.get_field_index(key)
            if index < 0:
                yield (*path, key)
            else:
                yield from keys(item, kind.field(index).type, (*path, key))
    elif isinstance(value, list) and pyarrow.types.is_list(kind):
        for item in value:
            yield from keys(item, kind.value_type, path)


def test_batches_hold_what_the_lines_hold(programs):
    lines = list(gospect.scan(programs, hash=True, symbols=True, capabilities=True))
    rows = pyarrow.Table.from_batches(gospect.scan(programs, hash=True, symbols=True, capabilities=True, format="arrow")).to_pylist()
    assert [row["type"] for row in rows] == [line["type"] for line in lines]
    for line, row in zip(lines, rows):
        name = line.pop("type")
        kind = arrow.schema().field(name).type
        assert row[name] == with_nulls(line, kind)
        assert list(keys(line, kind)) == []
        assert all(row[other] is None for other in arrow.LINES if other != name)


def test_every_key_of_the_record_schema_has_a_field():
    definitions = json.loads(gospect._native.RECORD_SCHEMA)["$defs"]
    assert [field.name for field in arrow.schema()] == ["type", *arrow.LINES]
    for name, definition in arrow.LINES.items():
        fields = {field.name for field in arrow.schema().field(name).type}
        assert fields == set(definitions[definition]["properties"])
    text = str(arrow.schema().field("binary").type)
    for definition in ("Executable", "Goroot", "Godebug", "Linkage", "Fips", "PackageCapability", "Module"):
        for key in definitions[definition]["properties"]:
            assert f"{key}: " in text, key


def test_numbers_that_a_file_lies_about_are_null():
    line = {"type": "image", "reference": "a", "layers": [{"digest": None, "created_by": None, "size": 2**64 - 1}], "labels": {"k": "v"}}
    (row,) = arrow.table([line]).to_pylist()
    assert row["image"]["layers"][0]["size"] is None
    assert row["image"]["labels"] == [{"key": "k", "value": "v"}]


def test_an_empty_stream_is_an_empty_table():
    assert arrow.table([]).num_rows == 0 and arrow.table([]).schema == arrow.schema()


def test_a_hundred_thousand_records_take_seconds_and_not_minutes(programs):
    lines = [line for piece in gospect.scan(programs, format="bytes") for line in piece.splitlines() if b'"type":"binary"' in line[:20]]
    count = 100_000
    many = (lines[at % len(lines)] for at in range(count))
    start = time.process_time(), time.monotonic()
    rows = sum(batch.num_rows for batch in arrow.batches(many))
    spent, seconds = time.process_time() - start[0], time.monotonic() - start[1]
    print(f"{count} records of {sum(map(len, lines)) // len(lines)} bytes: {seconds:.1f} s, {spent:.1f} s of processors")
    # It is below ten seconds on a quiet machine; reading what was read before again would take minutes. Processor time, because tests of other
    # programs run beside it.
    assert rows == count and spent < 60
