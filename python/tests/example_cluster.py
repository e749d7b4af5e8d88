"""A cluster and a registry of 40 images on this machine, a sweep, and a page about it: ``scripts/spark-cluster.sh``."""

import pathlib
import shutil
import sys
import tarfile
import tempfile

from cluster import Cluster
from gospect.fleet import dashboard
from local_registry import LocalRegistry, layer

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main(out):
    out = pathlib.Path(out)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        registry = LocalRegistry(folder)
        (pathlib.Path(folder) / "spark").mkdir()
        cluster = None
        try:
            with tarfile.open(ROOT / "testdata/fixtures/versions.tar.xz") as archive:
                programs = {member.name: archive.extractfile(member).read() for member in archive.getmembers()}
            for at in range(40):
                name, program = list(programs.items())[at % len(programs)]
                registry.push(f"team/app-{at:02}", "1", [layer({"app": program}), layer({"etc/config": b"%d" % at})])
            print(f"a registry with 40 images: {registry.host}", flush=True)
            cluster = Cluster(pathlib.Path(folder) / "spark")
            print(f"a cluster with 2 workers: {cluster.url}", flush=True)
            table = out / "results"
            options = ("--option", "insecure_http=true", "--partition-targets", "4", "--audit")
            sweep = cluster.sweep("--targets", f"registry:{registry.host}", "--out", table, *options)
            for line in sweep.stdout:
                if line.startswith("gospect:"):
                    print(line, end="", flush=True)
            if sweep.wait() == 0:
                dashboard.main(["--table", str(table), "--out", str(out / "fleet.html")])
                print(f"the table: {table}, the page: {out}/fleet.html")
            return sweep.returncode
        finally:
            if cluster:
                cluster.stop()
            registry.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
