"""A registry named as a whole, on a real one."""

import gospect
import local_registry
import pytest
from local_registry import LocalRegistry, layer

pytestmark = pytest.mark.skipif(not local_registry.AVAILABLE, reason="docker-registry is not installed")


@pytest.fixture(scope="module")
def registry(programs, tmp_path_factory):
    registry = LocalRegistry(tmp_path_factory.mktemp("registry"))
    program = layer({"app": (programs / "1.27-linux-amd64-strip").read_bytes()})
    for name, tag, day in [("team/one", "1", 1), ("team/one", "2", 3), ("team/one", "old", 2), ("team/two", "1", 1), ("other", "1", 1)]:
        registry.push(name, tag, [program, layer({f"{name}-{tag}": b"x"})], f"2026-01-0{day}T00:00:00Z")
    yield registry
    registry.stop()


def test_the_catalog_lists_targets(registry):
    def listed(**options):
        text = gospect.call("catalog", registry.host, format="text", insecure_http=True, **options)
        return [line.removeprefix(f"registry:{registry.host}/") for line in text.splitlines()]

    assert listed() == ["other:1", "team/one:1", "team/one:2", "team/one:old", "team/two:1"]
    assert listed(include="team/*", exclude="*/two", newest=2) == ["team/one:2", "team/one:old"]
    assert listed(after="team/one") == ["team/two:1"]
    assert all("@sha256:" in line for line in listed(digests=True))


def test_a_scan_of_a_registry_is_a_scan_of_its_images(registry):
    images = gospect.call("catalog", registry.host, format="text", insecure_http=True, include="team/*").split()
    whole = list(gospect.scan(f"registry:{registry.host}", include="team/*", insecure_http=True))
    assert whole[1:] == list(gospect.scan(images, insecure_http=True))[1:]
    assert whole[0]["targets"] == [f"registry:{registry.host}"]
    assert sum(line["type"] == "binary" for line in whole) == 4


def test_a_registry_that_is_not_there_is_a_line(registry, program):
    lines = list(gospect.scan(["registry:127.0.0.1:9", program], insecure_http=True))
    assert [line["type"] for line in lines] == ["run", "unexamined", "binary", "end"]
    assert lines[-1]["failed"] and "127.0.0.1:9" in lines[1]["detail"]
