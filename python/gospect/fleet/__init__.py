"""Questions about all programs of a sweep, in SQL: views and queries over the table that :mod:`gospect.spark` writes.

>>> import duckdb                                                         # doctest: +SKIP
>>> from gospect.fleet import create_views, queries                       # doctest: +SKIP
>>> connection = duckdb.connect()                                         # doctest: +SKIP
>>> connection.sql("CREATE VIEW results AS FROM 'results/*.parquet'")     # doctest: +SKIP
>>> create_views(connection.execute)                                      # doctest: +SKIP
>>> connection.sql(queries()["Go releases in use"])                       # doctest: +SKIP

With Spark: ``table.createOrReplaceTempView("results")``, then ``create_views(spark.sql, "spark")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from typing import Any, Literal

Dialect = Literal["duckdb", "spark"]


def views(dialect: Dialect = "duckdb") -> dict[str, str]:
    """The views by name, each after those that it uses."""
    return _parts("views.sql", "view", dialect)


def queries(dialect: Dialect = "duckdb") -> dict[str, str]:
    """The queries by title."""
    return _parts("queries.sql", "query", dialect)


def create_views(execute: Callable[[str], Any], dialect: Dialect = "duckdb") -> None:
    """Creates the views, by a function that runs a statement. The table or view ``results`` must exist."""
    for name, text in views(dialect).items():
        execute(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {text}")


def _parts(file: str, kind: str, dialect: Dialect) -> dict[str, str]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    if dialect == "spark":
        text = text.replace("unnest(", "explode(")
    _, *parts = re.split(rf"^-- {kind}: (.*)\n", text, flags=re.MULTILINE)
    bodies = ("\n".join(line for line in body.splitlines() if not line.startswith("--")).strip() for body in parts[1::2])
    return dict(zip(parts[::2], bodies))
