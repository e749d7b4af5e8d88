"""Caches that cannot be used, tokens that end, and targets that are none: each is a row with its reason, and nothing else is lost."""

import gzip
import http.server
import json
import os
import subprocess
import threading

import gospect
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("pyspark")
from gospect.spark import _plan, _rows  # noqa: E402
from gospect.spark._options import Options  # noqa: E402
from local_registry import digest_of, layer  # noqa: E402


MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def swept(targets, **given):
    """The rows of a sweep that one worker makes."""
    options = Options.of({"targets": json.dumps([str(target) for target in targets]), **{name: str(value) for name, value in given.items()}})
    groups = _plan.partitions_of(_plan.plan(options), options)
    return [row for group in groups for batch in _rows.rows_of_partition(group, options) for row in batch.to_pylist()]


def essence(rows):
    return sorted((row["target"].rpartition(":")[2], row["type"], row["line"].split('"scan_ms"')[0]) for row in rows if row["type"] != "error")


def complaints(rows):
    return [row["error"] for row in rows if row["target"] == "--cache"]


def image(content):
    """Blobs of an image of one compressed layer, its manifest last."""
    config = {"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest_of(gzip.decompress(content))]}}
    config = json.dumps(config).encode()
    kinds = ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip")
    parts = [{"mediaType": kind, "digest": digest_of(data), "size": len(data)} for kind, data in zip(kinds, (config, content))]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
    return [config, content, json.dumps(manifest).encode()]


@pytest.fixture(scope="module")
def images(programs, tmp_path_factory):
    """Three layouts of images, whose layers are kept by the cache."""
    folder = tmp_path_factory.mktemp("images")
    for at, name in enumerate(["1.27-linux-amd64-plain", "1.27-linux-amd64-strip", "1.27-linux-arm64-w"]):
        blobs = folder / str(at) / "blobs/sha256"
        blobs.mkdir(parents=True)
        for blob in image(layer({f"app-{at}": (programs / name).read_bytes()})):
            digest = digest_of(blob)
            (blobs / digest.removeprefix("sha256:")).write_bytes(blob)
        index = {"schemaVersion": 2, "manifests": [{"mediaType": MANIFEST, "digest": digest, "size": len(blob)}]}
        (blobs.parent.parent / "index.json").write_text(json.dumps(index))
        (blobs.parent.parent / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return [folder / str(at) for at in range(3)]


@pytest.fixture(scope="module")
def plain(images):
    rows = swept(images)
    assert sum(row["type"] == "binary" for row in rows) == 3 and not complaints(rows)
    return essence(rows)


def entries(cache):
    return [os.path.join(at, name) for at, _, names in os.walk(cache) for name in names if name != "gospect-cache"]


def test_a_cache_that_works_says_nothing_and_is_used(images, plain, tmp_path):
    for _ in range(2):
        rows = swept(images, cache=tmp_path / "cache")
        assert essence(rows) == plain and not complaints(rows)
    assert entries(tmp_path / "cache")


def test_a_half_written_cache_is_made_again(images, plain, tmp_path):
    cache = tmp_path / "cache"
    swept(images, cache=cache)
    for path in entries(cache):
        os.truncate(path, os.path.getsize(path) // 2)
    assert essence(swept(images, cache=cache)) == plain
    assert essence(swept(images, cache=cache)) == plain


def test_a_tiny_cache_costs_no_result(images, plain, tmp_path):
    rows = swept(images, cache=tmp_path / "cache", **{"scan.cache_size": "1KiB"})
    assert essence(rows) == plain


@pytest.mark.parametrize("content, why", [("gospect cache, form 9\n", "another version of gospect"), (None, "other files and no cache")])
def test_a_cache_of_another_version_is_a_row(images, plain, tmp_path, content, why):
    folder = tmp_path / "cache" / "results"
    folder.mkdir(parents=True)
    (folder / "letter.txt" if content is None else folder / "gospect-cache").write_text(content or "dear")
    rows = swept(images, cache=tmp_path / "cache", partition_targets=2)
    assert essence(rows) == plain
    texts = complaints(rows)
    assert len(texts) == 2, "one for each task"
    assert all(why in text and str(tmp_path) in text for text in texts)


def mounted(folder, options):
    """Mounts a small file system; skips where that is not allowed."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "gospect-test", str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


def test_a_full_cache_is_a_row(images, plain, tmp_path):
    folder = tmp_path / "full"
    mounted(folder, "size=64k")
    try:
        with pytest.raises(OSError), open(folder / "filler", "wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        rows = swept(images, cache=folder)
        assert essence(rows) == plain
        (complaint,) = set(complaints(rows))
        assert "No space left" in complaint or "could not be kept" in complaint
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_cache_is_a_row_and_what_it_has_is_used(images, plain, tmp_path):
    folder = tmp_path / "read-only"
    mounted(folder, "size=8m")
    try:
        swept(images[:1], cache=folder)
        kept = len(entries(folder))
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        rows = swept(images, cache=folder)
        assert essence(rows) == plain and len(entries(folder)) == kept > 0
        (complaint,) = set(complaints(rows))
        assert "could not be kept" in complaint and "ead-only" in complaint
    finally:
        subprocess.run(["umount", str(folder)], check=True)


class Registry:
    """A registry of some images that requires a token, and revokes it after so many blobs."""

    def __init__(self, layers, blobs):
        self.files, self.left = {}, blobs
        self.fetched = []
        for at, content in enumerate(layers):
            blobs_of = image(content)
            manifest = blobs_of[2]
            for place in (f"manifests/v{at}", f"manifests/{digest_of(manifest)}"):
                self.files[f"/v2/app/{place}"] = manifest
            self.files.update({f"/v2/app/blobs/{digest_of(data)}": data for data in blobs_of[:2]})
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                is_open = outer.left > 0
                if self.path.startswith("/token"):
                    return self.answer(200 if is_open else 401, b'{"token":"t"}' if is_open else b"{}")
                if self.headers.get("Authorization") != "Bearer t" or not is_open:
                    return self.answer(401, b"{}", {"WWW-Authenticate": f'Bearer realm="http://{outer.host}/token",service="s"'})
                if "/blobs/" in self.path:
                    outer.left -= 1
                    outer.fetched.append(self.path)
                body = outer.files.get(self.path)
                kind = MANIFEST if "/manifests/" in self.path else "application/octet-stream"
                return self.answer(404 if body is None else 200, body or b"{}", {"Content-Type": kind})

            def answer(self, status, body, headers=()):
                self.send_response(status)
                for name, value in {**dict(headers), "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def test_a_token_that_is_revoked_in_the_middle_is_a_row_for_each_image_after_it(programs):
    program = (programs / "1.27-linux-amd64-strip").read_bytes()
    registry = Registry([layer({"app": program + b"%d" % at}) for at in range(6)], 5)
    try:
        options = Options.of({"targets": "\n".join(f"registry:{registry.host}/app:v{at}" for at in range(6)), "insecure_http": "true"})
        # The plan is made with a valid token.
        planned = _plan.plan(options)
        assert [target.error for target in planned] == [None] * 6
        rows = [row for batch in _rows.rows_of_partition(planned, options) for row in batch.to_pylist()]
    finally:
        registry.stop()
    ends = [row for row in rows if row["type"] == "end"]
    good = {row["target"] for row in ends if not row["failed"]}
    bad = {row["target"] for row in ends if row["failed"]}
    assert len(ends) == 6 and good and bad and good | bad == {target.name for target in planned}
    assert {row["target"] for row in rows if row["type"] == "binary"} == good
    reasons = {row["target"]: json.loads(row["line"])["detail"] for row in rows if row["type"] == "unexamined"}
    assert set(reasons) == bad and all("401" in text or "refuse" in text for text in reasons.values()), reasons
    assert len(registry.fetched) == 5


def test_lines_that_are_no_targets_are_rows(program, tmp_path):
    nonsense = [
        "registry:", "registry:UPPER CASE/x", "registry:127.0.0.1:9/gone:1", "docker:alpine", "nonsense://x/y", "://", "s3://",
        "http://127.0.0.1:9/app", "-rf", "\x00", "é\u202e", "a" * 5000, "[1, 2", str(tmp_path / "missing"),
    ]
    rows = swept([*nonsense, program], insecure_http="true")
    assert [row["path"] for row in rows if row["type"] == "binary"] == [str(program)]
    told = {row["target"] for row in rows if row["error"] or row["type"] == "unexamined"}
    for line in nonsense:
        assert any(line in target or target in line for target in told), (line, told)
    assert len([row for row in rows if row["type"] == "end" and not row["failed"]]) == 1
    # A file of lines, as users write them: empty ones are ignored.
    (tmp_path / "list").write_bytes(b"\n\n  \r\n\xff\xfe\n" + str(program).encode() + b"\r\n")
    options = Options.of({"targets_file": str(tmp_path / "list")})
    assert len(options.targets) == 2 and options.targets[1] == str(program)
    rows = [row for batch in _rows.rows_of_partition(_plan.plan(options), options) for row in batch.to_pylist()]
    assert sorted(row["type"] for row in rows) == ["binary", "end", "error"]


def test_messages_are_heard_once_and_by_those_who_listen(program):
    from gospect._command import _conclude, messages

    with messages() as outer:
        with messages() as inner:
            _conclude(0, ["gospect: one"], None, False)
        _conclude(0, ["gospect: two"], None, False)
    _conclude(0, ["gospect: three"], None, False)
    assert (inner, outer) == (["one"], ["one", "two"])
    assert gospect.inspect(program)["go_version"]
