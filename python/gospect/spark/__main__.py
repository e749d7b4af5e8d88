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
from . import register


def main(given: list[str] | None = None) -> int:
    args = _parser().parse_args(given)
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
    reader = spark.read.format("gospect").option("targets", "\n".join(_targets(args.targets)))
    for pair in args.option:
        name, _, value = pair.partition("=")
        reader = reader.option(name, value)
    for name in ("cache", "policy", "profile", "partition_bytes", "partition_targets", "sweep"):
        if getattr(args, name) is not None:
            reader = reader.option(name, str(getattr(args, name)))
    if args.audit:
        reader = reader.option("audit", "true")
    known = args.known or (None if args.all else args.out)
    if known and _exists(spark, known):
        reader = reader.option("known", known)
    start = time.monotonic()
    with _progress(spark):
        reader.load().write.mode("append").parquet(args.out)
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
    """Says every few seconds how many tasks are done, on a line of its own when nobody looks at a terminal."""
    done = threading.Event()

    def watch() -> None:
        tracker = spark.sparkContext.statusTracker()
        last = None
        while not done.wait(2):
            stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
            text = ", ".join(f"{s.numCompletedTasks} of {s.numTasks} tasks done, {s.numActiveTasks} running" for s in stages if s)
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
    sweep = commands.add_parser("sweep", help="scan what is new among the targets, and append it to a Parquet table")
    sweep.add_argument("--targets", nargs="+", required=True, metavar="TARGET", help="targets as in option targets; @FILE: one a line")
    sweep.add_argument("--out", required=True, metavar="ADDRESS", help="the table; also what is known already")
    sweep.add_argument("--known", metavar="ADDRESS", help="another table whose images are known")
    sweep.add_argument("--all", action="store_true", help="scan what the table has, too")
    sweep.add_argument("--cache", metavar="DIR", help="results of layers, on a path that all workers share")
    sweep.add_argument("--audit", action="store_true", help="add findings")
    sweep.add_argument("--policy", metavar="FILE", help="add findings by this policy")
    sweep.add_argument("--profile", metavar="NAME", help="add findings by this profile")
    sweep.add_argument("--partition-bytes", type=int, metavar="N", help="bytes of targets in one task")
    sweep.add_argument("--partition-targets", type=int, metavar="N", help="most targets in one task")
    sweep.add_argument("--sweep", metavar="NAME", help="the name of this run in the table [default: the time]")
    sweep.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="another option of the data source")
    sweep.add_argument("--master", metavar="URL", help="the cluster, when spark-submit does not say")
    sweep.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark")
    return parser


if __name__ == "__main__":
    sys.exit(main())
