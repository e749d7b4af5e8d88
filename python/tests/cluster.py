"""A Spark standalone cluster on the loopback: a master and workers of one core each, out of the pip package alone."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time


def missing():
    """Why there can be no cluster here; an empty text if there can."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed"
    return "" if shutil.which("java") else "Java is not installed"


class Cluster:
    def __init__(self, folder, workers=2):
        import pyspark

        self.home = pathlib.Path(pyspark.__file__).parent
        self.folder = pathlib.Path(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"spark://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "SPARK_HOME": str(self.home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_WORKER_DIR": str(self.folder / "work"),
            "PYSPARK_PYTHON": sys.executable,
        }
        self.processes = []
        self._start("Master", "--host", "127.0.0.1", "--port", str(port))
        self._wait("I have been elected leader", 0)
        for _ in range(workers):
            self.add_worker()

    def add_worker(self):
        self._start("worker.Worker", "--host", "127.0.0.1", "-c", "1", "-m", "1g", self.url)
        self._wait("Successfully registered with master", len(self.processes) - 1)

    def kill_worker(self):
        """Kills a worker and its executor at once, as a machine that fails does."""
        worker = self.processes.pop(1)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def _start(self, name, *arguments):
        name = name if "." in name else f"{name.lower()}.{name}"
        log = open(self.folder / f"log-{len(self.processes)}-{time.monotonic_ns()}", "w")
        command = [self.home / "bin/spark-class", f"org.apache.spark.deploy.{name}", *arguments[:2], "--webui-port", "0", *arguments[2:]]
        process = subprocess.Popen(list(map(str, command)), env=self.environment, stdout=log, stderr=log, start_new_session=True)
        process.log = log.name
        self.processes.append(process)

    def _wait(self, text, which):
        process = self.processes[which]
        for _ in range(1200):
            if re.search(text, pathlib.Path(process.log).read_text()):
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"no cluster: {pathlib.Path(process.log).read_text()[-2000:]}")

    def stop(self):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def sweep(self, *arguments, **options):
        """Starts ``python -m gospect.spark sweep`` on the cluster."""
        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.executor.memory": "600m",
            "spark.executor.cores": "1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.network.timeout": "60s",
            **options,
        }
        pairs = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        command = [sys.executable, "-m", "gospect.spark", "sweep", "--master", self.url, *pairs, *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process, seconds=420):
    output, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, output
    return output
