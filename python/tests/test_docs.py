"""The examples of docs/python.md and README.md run."""

import json
import re
import subprocess
import sys

import pytest
from conftest import ROOT


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.fixture
def dist(programs, tmp_path):
    """A folder with what the examples name."""
    (tmp_path / "dist").mkdir()
    content = (programs / "1.27-linux-amd64-plain").read_bytes()
    (tmp_path / "dist/app").write_bytes(content)
    (tmp_path / "image.tar").write_bytes(b"\0" * 1024)
    return tmp_path


@pytest.mark.parametrize("page", ["docs/python.md", "python/README.md"])
def test_examples_run(page, dist):
    examples = blocks(page)
    assert examples
    for example in examples:
        if "pyarrow" in example:
            pytest.importorskip("pyarrow")
        done = subprocess.run([sys.executable, "-c", example], cwd=dist, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""


def test_the_examples_for_clusters_are_python():
    assert len([compile(example, "docs/fleet.md", "exec") for example in blocks("docs/fleet.md")]) == 2


def test_the_figures_of_ten_million_images_are_those_of_the_model():
    model = subprocess.run([sys.executable, ROOT / "scripts/fleet-model.py"], capture_output=True, text=True, check=True)
    assert model.stdout and f"```text\n{model.stdout}```" in (ROOT / "docs/fleet.md").read_text()
    smaller = subprocess.run([sys.executable, ROOT / "scripts/fleet-model.py", "--images", "1000000"], capture_output=True, text=True, check=True)
    assert smaller.stdout.startswith("First sweep: 1,000,000 images")


def test_the_recipe_for_map_batches(programs):
    pyarrow = pytest.importorskip("pyarrow")
    (recipe,) = [block for block in blocks("docs/python.md") if "def records" in block]
    names = {}
    exec(recipe, names)  # noqa: S102 - the recipe of our own page
    paths = sorted(programs.iterdir())
    batch = pyarrow.table({"path": [path.name for path in paths], "bytes": [path.read_bytes() for path in paths]})
    rows = names["records"](batch).to_pylist()
    assert {row["path"]: row["record"] and json.loads(row["record"])["go_version"] for row in rows} == {
        path.name: None if path.suffix == ".txt" else "go1.27.3" for path in paths
    }
