"""``python -m gospect.spark sweep --targets registry:example.org --out s3a://bucket/gospect``: scans what is new, and appends it."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from .._errors import Error
from . import register, sweep


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    builder = SparkSession.builder.appName("gospect sweep")
    if args.master:
        builder = builder.master(args.master)
    for pair in args.conf:
        builder = builder.config(*pair.split("=", 1))
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        return _sweep(spark, args)
    except Error as error:
        print(f"gospect: {error}", file=sys.stderr)
        return 2
    finally:
        spark.stop()


def _sweep(spark: SparkSession, args: argparse.Namespace) -> int:
    register(spark)
    options = {name: value for name, _, value in (pair.partition("=") for pair in args.option)}
    for name in ("cache", "policy", "profile", "partition_bytes", "partition_targets", "sweep"):
        if getattr(args, name) is not None:
            options[name] = str(getattr(args, name))
    if args.audit:
        options["audit"] = "true"
    targets = list(_targets(args.targets))
    known = args.known or (None if args.all else args.out)
    known = known if known and _exists(spark, known) else None
    if args.join:
        result = sweep(spark, targets, known=spark.read.parquet(known) if known else None, **options)
    else:
        reader = spark.read.format("gospect").options(**options).option("targets", "\n".join(targets))
        result = (reader.option("known", known) if known else reader).load()
    start = time.monotonic()
    with _progress(spark):
        result.write.mode("append").parquet(args.out)
    _say(f"{args.out}: written in {time.monotonic() - start:.0f} s")
    return 0


def _targets(named: list[str]) -> Iterator[str]:
    """Targets; ``@FILE`` stands for the lines of a file."""
    for name in named:
        if name.startswith("@"):
            with open(name[1:], encoding="utf-8") as file:
                yield from (line.strip() for line in file if line.strip())
        else:
            yield name


def _exists(spark: SparkSession, address: str) -> bool:
    path = spark._jvm.org.apache.hadoop.fs.Path(address)
    return path.getFileSystem(spark._jsc.hadoopConfiguration()).exists(path)


@contextmanager
def _progress(spark: SparkSession) -> Iterator[None]:
    """Prints every few seconds how many tasks are done, if that has changed."""
    done = threading.Event()

    def watch() -> None:
        tracker = spark.sparkContext.statusTracker()
        last = None
        while not done.wait(2):
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            text = ", ".join(f"{info.numCompletedTasks} of {info.numTasks} tasks done, {info.numActiveTasks} running" for info in stages if info)
            if text and text != last:
                _say(text)
                last = text

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _say(text: str) -> None:
    print(f"gospect: {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gospect.spark", description="gospect on a Spark cluster")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    parsed = commands.add_parser("sweep", help="scan what is new among the targets, and append it to a Parquet table")
    parsed.add_argument("--targets", nargs="+", required=True, metavar="TARGET", help="targets as in option targets; @FILE: one a line")
    parsed.add_argument("--out", required=True, metavar="ADDRESS", help="the table to append to; its images are not scanned again")
    parsed.add_argument("--known", metavar="ADDRESS", help="another table whose images are known")
    parsed.add_argument("--join", action="store_true", help="find what is known by a join of Spark, for tables larger than the memory of the driver")
    parsed.add_argument("--all", action="store_true", help="also scan what the table already has")
    parsed.add_argument("--cache", metavar="DIR", help="results of layers, on a path that all workers share")
    parsed.add_argument("--audit", action="store_true", help="add findings")
    parsed.add_argument("--policy", metavar="FILE", help="add findings by this policy")
    parsed.add_argument("--profile", metavar="NAME", help="add findings by this profile")
    parsed.add_argument("--partition-bytes", type=int, metavar="N", help="bytes of targets in one task")
    parsed.add_argument("--partition-targets", type=int, metavar="N", help="most targets in one task")
    parsed.add_argument("--sweep", metavar="NAME", help="the name of this run in the table [default: the time]")
    parsed.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="another option of the data source")
    parsed.add_argument("--master", metavar="URL", help="the cluster, if spark-submit does not name one")
    parsed.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark")
    return parser


if __name__ == "__main__":
    sys.exit(main())
