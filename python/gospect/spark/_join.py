"""Sweeps whose known targets are found by Spark: the plan is a table, joined with an earlier result of whatever size and form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow

from ._options import Options
from ._plan import listed
from ._rows import columns, rows_of_partition
from ._targets import Target, printable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Targets of one batch of the plan.
BATCH = 1000

#: The columns of a plan: the identity of a target, its name, its bytes, and all that a task needs to know about it.
PLAN = pyarrow.schema([("identity", pyarrow.string()), ("name", pyarrow.string()), ("size", pyarrow.int64()), ("target", pyarrow.string())])


def plan_batches(options: Options) -> Iterator[pyarrow.RecordBatch]:
    """The plan, while it is made."""
    waiting: list[Target] = []
    for target in listed(options):
        waiting.append(target)
        if len(waiting) >= BATCH:
            yield _batch(waiting)
            waiting = []
    if waiting:
        yield _batch(waiting)


def _batch(targets: Iterable[Target]) -> pyarrow.RecordBatch:
    rows = [
        {"identity": target.identity, "name": printable(target.name), "size": target.size, "target": target.as_text()}
        for target in targets
    ]
    return pyarrow.RecordBatch.from_pylist(rows, PLAN)


def sweep(spark: SparkSession, targets: Iterable[str], *, known: DataFrame | None = None, tasks: int | None = None, **given: str) -> DataFrame:
    """The rows of all targets except those that ``known`` has: an earlier result, read from a table of any form (Parquet, Delta, Iceberg).

    Unlike the option ``known`` of the data source, which the driver reads into its memory, this is a left anti-join of Spark, and the driver
    holds no list of targets either. ``tasks`` is the number of tasks (four for each core), the other options are those of the data source.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    names = {name: str(value) for name, value in given.items()}
    options = Options.of({**names, "targets": "x"})
    # Every task writes the same name of the sweep.
    names["sweep"] = options.sweep
    plan = spark.read.format("gospect").options(**names, plan="true", targets="\n".join(targets)).load()
    if known is not None:
        done = known.where("type = 'end' AND NOT failed AND identity IS NOT NULL").select("identity").distinct()
        # A target without an identity is equal to none, so it stays.
        plan = plan.join(done, "identity", "left_anti")
    tasks = tasks or 4 * spark.sparkContext.defaultParallelism

    def scan(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        planned = (Target.of_text(text) for batch in batches for text in batch.column("target").to_pylist())
        return rows_of_partition(planned, options)

    return plan.select("target").repartition(tasks).mapInArrow(scan, from_arrow_schema(columns()))
