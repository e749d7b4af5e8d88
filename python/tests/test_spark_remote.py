"""Files behind an address: an S3 server, a web server, and what is not there."""

import functools
import http.server
import json
import threading

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("pyspark")
from gospect.spark import _plan, _rows  # noqa: E402
from gospect.spark._options import Options  # noqa: E402


def planned(*targets):
    return _plan.plan(Options.of({"targets": json.dumps(targets)}))


def swept(targets):
    return [row for batch in _rows.rows_of_partition(targets, Options.of({"targets": "x"})) for row in batch.to_pylist()]


def records(rows):
    """What the records say, except their places."""
    return {row["path"].rpartition("/")[2]: (row["record"]["go_version"], row["record"]["size"]) for row in rows if row["type"] == "binary"}


@pytest.fixture(scope="module")
def local(programs):
    found = records(swept(planned(str(programs))))
    assert len(found) == 5
    return found


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def web(programs):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server, host = serve(functools.partial(Handler, directory=str(programs)))
    yield host
    server.shutdown()


def test_a_web_server_is_read_by_fsspec(web, local, programs):
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    name = "1.27-linux-amd64-plain"
    address = f"http://{web}/{name}"
    (target,) = planned(address)
    assert (target.name, target.size, target.error) == (address, (programs / name).stat().st_size, None)
    # A web server states no time, so a changed file could look known.
    assert target.identity is None
    rows = swept([target])
    assert records(rows) == {name: local[name]}
    assert rows[0]["record"]["location"]["file"] == address and rows[0]["target"] == address
    # All that its page lists, except what is too small; names, passwords and queries stay out of the table.
    assert records(swept(planned(f"http://{web}/"))) == local
    (secret,) = planned(f"http://me:sesame@{web}/{name}?token=sesame")
    rows = swept([secret])
    assert records(rows) == {name: local[name]} and "sesame" not in json.dumps(rows)
    missing = planned(f"http://me:sesame@{web}/missing?token=sesame")
    assert [bool(target.error) for target in missing] == [True] and "sesame" not in str(missing[0].error)


def test_a_file_that_goes_between_plan_and_scan_is_a_row(web, programs):
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    passing = programs.parent / "passing"
    passing.mkdir()
    (passing / "app").write_bytes((programs / "1.27-linux-amd64-plain").read_bytes())

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server, host = serve(functools.partial(Handler, directory=str(passing)))
    try:
        (target,) = planned(f"http://{host}/app")
        (passing / "app").unlink()
        (row,) = swept([target])
    finally:
        server.shutdown()
    assert row["type"] == "error" and row["target"] == f"http://{host}/app" and row["error"]


@pytest.fixture(scope="module")
def bucket(programs):
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    from pyarrow import fs

    system = fs.S3FileSystem(access_key="key", secret_key="sesame", endpoint_override=f"{host}:{port}", scheme="http", region="us-east-1", allow_bucket_creation=True)
    system.create_dir("releases")
    fs.copy_files(str(programs), "releases/v1 (a%b)", destination_filesystem=system, source_filesystem=fs.LocalFileSystem())
    yield f"?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
    server.stop()


def test_an_s3_server_is_read_file_by_file(bucket, local):
    from urllib.parse import quote

    folder = quote("v1 (a%b)")
    targets = planned(f"s3://key:sesame@releases/{folder}{bucket}")
    # Five programs, and a text that is long enough to be one.
    assert len(targets) == 6 and all(target.size and target.identity and not target.error for target in targets)
    assert all(target.name.startswith("s3://releases/v1 (a%b)/") for target in targets), targets
    rows = swept(targets)
    assert records(rows) == local and not [row for row in rows if row["error"]]
    assert "sesame" not in json.dumps([row["line"] for row in rows]) + json.dumps([row["target"] + (row["identity"] or "") for row in rows])
    (one,) = planned(f"s3://key:sesame@releases/{folder}/1.27-linux-amd64-plain{bucket}")
    assert one.identity in {target.identity for target in targets}
    (gone,) = planned(f"s3://key:sesame@releases/none{bucket}")
    assert gone.error == "not found" and gone.name == "s3://releases/none"
    (wrong,) = planned(f"s3://key:sesame@nobody/none{bucket}")
    assert wrong.error and "sesame" not in wrong.error


def test_an_address_of_nothing_that_is_known_says_what_to_install(monkeypatch):
    import sys

    (target,) = planned("nonsense://x/y")
    assert target.error and target.name == "nonsense://x/y"
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    (target,) = planned("http://127.0.0.1:9/app")
    assert target.error == "http:// needs fsspec: pip install fsspec"
