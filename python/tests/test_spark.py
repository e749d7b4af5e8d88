"""A real cluster sweeps a real registry: rows equal to a scan on one machine, whatever happens to the workers."""

import collections
import json
import time

import cluster as clusters
import gospect
import local_registry
import pytest
from local_registry import LocalRegistry, layer

reason = clusters.missing() or ("" if local_registry.AVAILABLE else "docker-registry is not installed")
pytestmark = pytest.mark.skipif(bool(reason), reason=reason)

IMAGES = 200
SHARING = 40
NEW = 10


@pytest.fixture(scope="module")
def registry(programs, tmp_path_factory):
    """200 images: 40 with the same layers below, 158 of their own, one with a missing layer and one with a changed one."""
    registry = LocalRegistry(tmp_path_factory.mktemp("registry"))
    program = (programs / "1.27-linux-amd64-strip").read_bytes()
    other = (programs / "1.27-linux-arm64-w").read_bytes()
    base = layer({"usr/bin/base": other})
    for at in range(SHARING):
        registry.push(f"shared/{at:03}", "1", [base, layer({"app/config": b"%d" % at})])
    for at in range(IMAGES - SHARING):
        # Bytes after a program make it another layer.
        digests = registry.push(f"own/{at:03}", "1", [layer({"app": program + b"%d" % at})])
        if at == 7:
            registry.stored(digests[0]).unlink()
        if at == 8:
            content = bytearray(registry.stored(digests[0]).read_bytes())
            content[len(content) // 2] ^= 0xFF
            registry.stored(digests[0]).write_bytes(content)
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = clusters.Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def single(registry):
    """What one machine finds: the lines of the scan of each image."""
    targets = gospect.call("catalog", registry.host, digests=True, insecure_http=True)["tags"]
    assert len(targets) == IMAGES
    lines = gospect.scan([tag["target"] for tag in targets], insecure_http=True, jobs=2)
    return [line for line in lines if line["type"] not in ("run", "end")]


def rows(out):
    import pyarrow.dataset as dataset

    return dataset.dataset(str(out), format="parquet", exclude_invalid_files=True).to_table().to_pylist()


def counted(lines):
    return collections.Counter(json.dumps(line, sort_keys=True) for line in lines)


def found(table):
    return [json.loads(row["line"]) for row in table if row["type"] in ("image", "binary", "unexamined")]


def test_a_worker_that_dies_loses_nothing_and_doubles_nothing(cluster, registry, single, tmp_path):
    out = tmp_path / "table"
    options = ("--option", "insecure_http=true", "--partition-targets", 5)
    before = len(registry.fetched())
    sweep = cluster.sweep("--targets", f"registry:{registry.host}", "--out", out, "--audit", *options)
    # In the middle: some layers were fetched, most were not.
    deadline = time.monotonic() + 240
    while len(registry.fetched()) < before + IMAGES and time.monotonic() < deadline and sweep.poll() is None:
        time.sleep(0.2)
    assert sweep.poll() is None, sweep.communicate()[0]
    cluster.kill_worker()
    output = clusters.finish(sweep)
    assert "of 40 tasks done" in output, output
    cluster.add_worker()

    table = rows(out)
    assert counted(found(table)) == counted(single)
    ends = [row for row in table if row["type"] == "end"]
    assert len(ends) == IMAGES and sum(row["failed"] for row in ends) == 2
    broken = [row for row in table if row["type"] == "unexamined"]
    assert {row["target"].split("/", 1)[1].split("@")[0] for row in broken} == {"own/007:1", "own/008:1"}
    programs = [row for row in table if row["type"] == "binary"]
    # A changed byte may be one of a program, which is read as far as it goes.
    whole = [row for row in programs if "/own/008:" not in row["target"]]
    assert len(whole) == IMAGES - 2 and all(row["record"]["go_version"] == "go1.27.3" for row in whole)
    assert all(row["findings"] is not None for row in programs) and any(row["findings"] for row in programs)

    # Ten new images: only their layers are read, and those of the broken images, which are not known.
    program = json.dumps(single[0]).encode()
    new = [registry.push(f"new/{at}", "1", [layer({"app": program * 50 + b"%d" % at})])[0] for at in range(NEW)]
    before = len(registry.fetched())
    clusters.finish(cluster.sweep("--targets", f"registry:{registry.host}", "--out", out, "--audit", *options))
    manifests = {layer for tag in gospect.call("catalog", f"{registry.host}/shared/000", insecure_http=True, digests=True)["tags"] for layer in tag["images"][0]["layers"]}
    fetched = set(registry.fetched()[before:])
    assert set(new) <= fetched and not manifests & fetched
    table = rows(out)
    targets = collections.Counter(row["target"].split("/", 1)[1].split("@")[0] for row in table if row["type"] == "end")
    assert len(targets) == IMAGES + NEW
    assert {name for name, times in targets.items() if times > 1} == {"own/007:1", "own/008:1"}
    # A layer and a configuration of each.
    assert len(registry.fetched()) - before <= 2 * (NEW + 2) + 8


def test_bad_targets_are_rows(cluster, program, tmp_path):
    out = tmp_path / "table"
    nonsense = ["registry:127.0.0.1:9/gone:1", "registry:", "docker:alpine", str(tmp_path / "missing"), str(program), "nonsense://x"]
    (tmp_path / "list").write_text("\n".join(nonsense))
    clusters.finish(cluster.sweep("--targets", f"@{tmp_path}/list", "--out", out, "--option", "insecure_http=true"))
    table = rows(out)
    assert [row["record"]["path"] for row in table if row["type"] == "binary"] == [str(program)]
    failed = {row["target"] for row in table if row["error"] or row["type"] == "unexamined"}
    assert failed == set(nonsense) - {str(program)}
    # The program is known now, what failed is tried again.
    clusters.finish(cluster.sweep("--targets", f"@{tmp_path}/list", "--out", out, "--option", "insecure_http=true"))
    table = rows(out)
    assert len([row for row in table if row["type"] == "binary"]) == 1
    assert len([row for row in table if row["error"]]) == 2 * len([name for name in failed])
