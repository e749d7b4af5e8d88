"""Planning and rows of the data source, without a cluster."""

import json

import gospect
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("pyspark")
from gospect.spark import _plan, _rows  # noqa: E402
from gospect.spark._options import Options  # noqa: E402


def options(**given):
    return Options.of({"targets": "x", **{name: str(value) for name, value in given.items()}})


def table(target, given):
    return [row for batch in _rows.rows_of(target, given) for row in batch.to_pylist()]


def test_options_of_every_kind(tmp_path):
    policy = tmp_path / "gospect.toml"
    policy.write_text("# none")
    given = options(hash="true", **{"scan.exclude": "a\nb", "audit.deny": "dirty-tree", "policy": policy, "Include": "x\ny", "partition-bytes": 7})
    assert given.scan == {"jobs": "1", "hash": True, "exclude": ["a", "b"]}
    assert given.audit == {"deny": "dirty-tree"} and given.policy == "# none"
    assert given.catalog == {"include": ["x", "y"]} and given.partition_bytes == 7
    assert options().audit is None
    assert Options.of({"targets": '["a b", "c"]'}).targets == ["a b", "c"]
    for wrong in ({"nonsense": "1"}, {"partition_targets": "0"}):
        with pytest.raises(gospect.UsageError):
            options(**wrong)
    with pytest.raises(gospect.UsageError):
        Options.of({})


def test_folders_are_planned_file_by_file_and_known_files_left_out(programs, tmp_path):
    import pyarrow
    import pyarrow.parquet

    given = options(targets=f"{programs}\n{tmp_path}/missing", partition_targets=2)
    planned = _plan.plan(given)
    names = sorted(str(path) for path in programs.iterdir())
    assert [target.name for target in planned[:-1]] == names
    assert planned[-1].error == "No such file or directory"
    assert [len(group) for group in _plan.partitions_of(planned, given)] == [2, 2, 2, 1]
    one_by_one = _plan.partitions_of(planned, options(partition_bytes=1))
    assert [len(group) for group in one_by_one[:5]] == [1] * 5
    rows = [row for target in planned[:2] for row in table(target, given)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, _rows.columns()), tmp_path / "known.parquet")
    given.known = str(tmp_path / "known.parquet")
    assert [target.name for target in _plan.plan(given)] == [*names[2:], f"{tmp_path}/missing"]
    (programs / "notes.txt").touch()
    assert len(_plan.plan(given)) == len(names) - 2 + 1


def test_images_in_files_are_planned_with_their_form(tmp_path):
    (tmp_path / "app.tar").write_bytes(b"x" * 100)
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout/blob").write_bytes(b"x" * 50)
    names = [f"docker-archive:{tmp_path}/app.tar", f"oci-archive:{tmp_path}/app.tar:v1", f"oci:{tmp_path}/layout", f"oci:{tmp_path}/layout:v1", f"archive:{tmp_path}/none"]
    planned = _plan.plan(options(targets="\n".join(names)))
    assert [target.name for target in planned] == names
    assert [target.size for target in planned] == [100, 100, 50, 50, 0]
    # A folder may change inside, so it is scanned every time.
    assert [target.identity is None for target in planned] == [False, False, True, True, True]
    assert planned[0].identity != planned[1].identity
    assert [target.error for target in planned] == [None] * 4 + ["No such file or directory"]


def test_rows_hold_lines_records_and_findings(programs):
    given = options(audit="true", symbols="true", **{"audit.vulns": "true", "audit.profile": "release"})
    path = str(programs / "1.27-linux-amd64-capable-new")
    rows = table(_plan.Target(path, "file:1"), given)
    assert [row["type"] for row in rows] == ["binary", "end"]
    lines = list(gospect.scan(path, symbols=True))
    assert [json.loads(row["line"]) for row in rows] == lines[1:]
    report = gospect.audit(records=lines, profile="release", vulns=True)
    kept = [finding["fingerprint"] for row in rows for finding in row["findings"]]
    assert sorted(kept) == sorted(finding["fingerprint"] for finding in report["findings"]) and kept
    assert rows[0]["record"]["main_package"] and rows[1]["failed"] is False


def test_a_target_that_fails_is_one_row(tmp_path):
    (row,) = table(_plan.Target("docker:alpine"), options())
    assert row["type"] == "error" and "docker save" in row["error"] and row["failed"] is None
    rows = table(_plan.Target(str(tmp_path / "missing"), "file:1"), options())
    assert [row["type"] for row in rows] == ["unexamined", "end"] and rows[1]["failed"]


def test_other_file_systems_are_read_by_address(programs):
    address = f"file://{programs}"
    planned = _plan.plan(options(targets=address))
    assert [target.name for target in planned] == sorted(f"{address}/{path.name}" for path in programs.iterdir())
    program = next(target for target in planned if target.name.endswith("plain"))
    rows = table(program, options())
    assert rows[0]["record"]["path"] == rows[0]["record"]["location"]["file"] == program.name
    assert json.loads(rows[0]["line"])["location"]["target"] == program.name
