"""A real registry on the loopback (Debian's docker-registry), filled over its own API, and what it was asked for."""

import gzip
import hashlib
import io
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.request

AVAILABLE = shutil.which("docker-registry") is not None


def layer(files):
    """A compressed layer of these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), 1, mtime=0)


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class LocalRegistry:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        config = self.folder / "config.yml"
        config.write_text(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: "
            f"{self.folder}/store\nhttp:\n  addr: {self.host}\n"
        )
        self.log = open(self.folder / "access.log", "w")
        self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=self.log, stderr=self.log)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://{self.host}/v2/")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the registry does not come up")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _send(self, method, url, content=b"", kind="application/octet-stream"):
        url = url if url.startswith("http") else f"http://{self.host}{url}"
        request = urllib.request.Request(url, content, {"Content-Type": kind}, method=method)
        return urllib.request.urlopen(request)

    def blob(self, name, content):
        digest = digest_of(content)
        place = self._send("POST", f"/v2/{name}/blobs/uploads/").headers["Location"]
        sign = "&" if "?" in place else "?"
        self._send("PUT", f"{place}{sign}digest={digest}", content)
        return digest

    def push(self, name, tag, layers, created="2026-01-01T00:00:00Z"):
        """An image of these compressed layers; gives their digests."""
        digests = [self.blob(name, content) for content in layers]
        ids = [digest_of(gzip.decompress(content)) for content in layers]
        config = json.dumps(
            {
                "os": "linux",
                "architecture": "amd64",
                "created": created,
                "config": {"Entrypoint": ["/app"]},
                "rootfs": {"type": "layers", "diff_ids": ids},
            }
        ).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.blob(name, config),
                "size": len(config),
            },
            "layers": [
                {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": len(content)}
                for digest, content in zip(digests, layers)
            ],
        }
        self._send("PUT", f"/v2/{name}/manifests/{tag}", json.dumps(manifest).encode(), manifest["mediaType"])
        return digests

    def stored(self, digest):
        """The file in which the registry keeps a blob."""
        hexadecimal = digest.removeprefix("sha256:")
        return self.folder / f"store/docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"

    def fetched(self):
        """Digests of the blobs that were asked for so far, each as often as it was."""
        self.log.flush()
        text = (self.folder / "access.log").read_text()
        return re.findall(r'"GET /v2/[^ ]*/blobs/(sha256:[0-9a-f]+) HTTP', text)

    def requests(self):
        self.log.flush()
        return len(re.findall(r'"(?:GET|HEAD) /v2/', (self.folder / "access.log").read_text()))
