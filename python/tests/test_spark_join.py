"""What is known is found by Spark: the same rows as when the driver finds it."""

import collections
import json
import sys

import cluster as clusters
import pytest

reason = clusters.missing()
pytestmark = pytest.mark.skipif(bool(reason), reason=reason)


@pytest.fixture(scope="module")
def spark():
    from gospect.spark import register
    from pyspark.sql import SparkSession

    patch = pytest.MonkeyPatch()
    # Workers start the first python3 of the path otherwise, which need not be the one that has this package.
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[2]").appName("gospect tests").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.sql.shuffle.partitions", "2").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    register(spark)
    yield spark
    spark.stop()
    patch.undo()


def counted(table):
    """The rows, except for the name of the sweep."""
    return collections.Counter((row["target"], row["identity"], row["type"], row["line"], row["error"]) for row in table)


def test_the_join_finds_what_the_driver_finds(spark, programs, tmp_path):
    from gospect.spark import sweep

    targets = [str(programs), str(tmp_path / "missing"), "docker:alpine"]
    by_driver = spark.read.format("gospect").option("targets", json.dumps(targets)).load().collect()
    first = sweep(spark, targets, tasks=3, sweep="one")
    first.write.parquet(str(tmp_path / "table"))
    table = spark.read.parquet(str(tmp_path / "table"))
    rows = table.collect()
    assert counted(rows) == counted(by_driver)
    assert {row["sweep"] for row in rows} == {"one"}
    assert sum(row["type"] == "binary" for row in rows) == 5
    # Complete targets are known; failed ones are scanned again, and so is a changed file.
    again = sweep(spark, targets, known=table).collect()
    assert {row["target"] for row in again} == {str(tmp_path / "missing"), "docker:alpine"}
    changed = programs / "1.27-linux-amd64-strip"
    changed.touch()
    again = sweep(spark, targets, known=table).collect()
    assert {row["target"] for row in again if row["type"] == "binary"} == {str(changed)}
    # Any table with these columns works, even one without rows.
    one = table.where("type = 'end' AND target LIKE '%plain'").select("type", "failed", "identity")
    assert one.count() == 1
    assert sum(row["type"] == "end" for row in sweep(spark, targets, known=one).collect()) == 5


def test_the_plan_is_a_table(spark, programs):
    plan = spark.read.format("gospect").option("targets", str(programs)).option("plan", "true").load().collect()
    assert sorted(row["name"] for row in plan) == sorted(str(path) for path in programs.iterdir())
    assert all(row["identity"] and row["size"] for row in plan)
