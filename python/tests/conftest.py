"""Programs of testdata/fixtures, unpacked once."""

import pathlib
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """A folder with real Go programs of several ports and releases, and a file that is none."""
    folder = tmp_path_factory.mktemp("programs")
    for group, names in {
        "amd64": ["1.27-linux-amd64-plain", "1.27-linux-amd64-strip"],
        "arm64": ["1.27-linux-arm64-w"],
        "capabilities": ["1.27-linux-amd64-capable-old", "1.27-linux-amd64-capable-new"],
    }.items():
        with tarfile.open(ROOT / f"testdata/fixtures/{group}.tar.xz") as archive:
            for name in names:
                (folder / name).write_bytes(archive.extractfile(name).read())
    (folder / "notes.txt").write_text("no program " * 4000)
    return folder


@pytest.fixture(scope="session")
def program(programs):
    return programs / "1.27-linux-amd64-plain"


@pytest.fixture(scope="session")
def vulndb():
    return ROOT / "testdata/vulndb"
