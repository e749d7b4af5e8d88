"""gospect on Spark 4: images, files and object stores as rows.

>>> from gospect.spark import register                                    # doctest: +SKIP
>>> register(spark)                                                       # doctest: +SKIP
>>> table = spark.read.format("gospect").option("targets", "registry:example.org").load()   # doctest: +SKIP
>>> table.write.mode("append").parquet("s3a://bucket/gospect")            # doctest: +SKIP

Options, all of them text:

====================  ===============================================================================================
``targets``           one target a line: ``registry:HOST`` (everything in it), ``registry:HOST/NAME:TAG``, files, folders,
                      ``s3://`` and other addresses that pyarrow or fsspec knows; or a JSON list
``targets_file``      a file of such lines
``known``             an earlier result (Parquet, any address that pyarrow knows): what it contains is not scanned again. The driver
                      reads it into its memory; :func:`sweep` joins with a table of any size and form instead
``plan``              ``true``: only the targets, with their identities
``partition_bytes``   bytes of targets in one task (256 MiB), ``partition_targets``: most targets in one task (64)
``audit``             ``true``: findings, by ``policy`` (a file that the driver reads), ``profile``, and ``audit.NAME`` for any
                      option of ``gospect audit``
``include``,          for whole registries, as in ``gospect catalog``; ``connections`` too
``exclude``, ``newest``
``sweep``             the name of this run, a column of the result (the time of the plan, UTC)
``cache``, ``hash``,  options of ``gospect scan``; ``scan.NAME`` for any other
``symbols``, …
====================  ===============================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema

from ._join import PLAN, plan_batches, sweep
from ._options import Options
from ._plan import partitions_of, plan
from ._targets import Target
from ._rows import columns, rows_of_partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

__all__ = ["GospectDataSource", "register", "sweep"]


class GospectDataSource(DataSource):
    """The data source ``gospect``."""

    @classmethod
    def name(cls) -> str:
        return "gospect"

    def schema(self) -> StructType:
        return from_arrow_schema(PLAN if Options.of(self.options).only_plan else columns())

    def reader(self, schema: StructType) -> GospectReader:
        options = Options.of(self.options)
        return PlanReader(options) if options.only_plan else GospectReader(options)


class TargetsPartition(InputPartition):
    """Targets that one task scans."""

    def __init__(self, targets: list[Target]) -> None:
        super().__init__(None)
        self.targets = targets


class GospectReader(DataSourceReader):
    """Plans on the driver, scans on the executors."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def partitions(self) -> Sequence[InputPartition]:
        return [TargetsPartition(targets) for targets in partitions_of(plan(self.options), self.options)]

    def read(self, partition: TargetsPartition) -> Iterator[pyarrow.RecordBatch]:
        return rows_of_partition(partition.targets, self.options)


class PlanReader(DataSourceReader):
    """Lists the targets, in a task of its own."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def partitions(self) -> Sequence[InputPartition]:
        return [InputPartition(0)]

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        return plan_batches(self.options)


def register(spark: SparkSession) -> None:
    """Makes ``spark.read.format("gospect")`` known to a session."""
    spark.dataSource.register(GospectDataSource)
