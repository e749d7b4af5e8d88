"""The lines for Ray Data and Dask in docs/python.md, run with Ray and Dask where they are installed."""

import json
import re

import pytest
from test_docs import blocks

pyarrow = pytest.importorskip("pyarrow")


def recipe():
    """The block with the function, and the names that it makes."""
    (block,) = [block for block in blocks("docs/python.md") if "def records" in block]
    # By the name of the main module, functions are sent to workers by value, as those of a notebook are.
    names = {"__name__": "__main__", "pa": pyarrow}
    exec(block, names)  # noqa: S102 - the recipe of our own page
    return block, names


def line(block, name):
    """The expression after a comment."""
    return re.search(rf"^# {name}: +(.*)$", block, re.MULTILINE).group(1)


def expected(programs):
    return {str(path): None if path.suffix == ".txt" else "go1.27.3" for path in programs.iterdir()}


def releases(rows):
    return {row["path"].removeprefix("file://"): row["record"] and json.loads(row["record"])["go_version"] for row in rows}


@pytest.fixture
def path_of_workers(monkeypatch):
    """Worker processes find the package where this process has it, and use no network."""
    import pathlib

    import gospect

    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(gospect.__file__).parents[1]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")


def test_ray_data(programs, path_of_workers):
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    pytest.importorskip("ray.data", reason="Ray Data is not installed")
    block, names = recipe()
    ray.init(num_cpus=1, include_dashboard=False, object_store_memory=256 << 20, log_to_driver=False)
    try:
        text = line(block, "Ray Data").replace("s3://bucket/bin/", str(programs))
        rows = eval(text, {**names, "ray": ray}).take_all()  # noqa: S307 - the line of our own page
    finally:
        ray.shutdown()
    assert releases(rows) == expected(programs)


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_dask(programs, path_of_workers, scheduler):
    dask = pytest.importorskip("dask", reason="Dask is not installed")
    pytest.importorskip("dask.bag", reason="the bags of Dask are not installed")
    block, names = recipe()
    paths = sorted(str(path) for path in programs.iterdir())
    bag = eval(line(block, "Dask"), {**names, "dask": dask, "paths": paths})  # noqa: S307
    with dask.config.set(num_workers=2):
        rows = bag.compute(scheduler=scheduler)
    assert [row["path"] for row in rows] == paths
    assert releases(rows) == expected(programs)
