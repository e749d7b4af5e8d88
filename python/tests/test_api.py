"""The functions answer as the command does, print nothing, and say by exceptions what is wrong."""

import contextlib
import http.server
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import threading
import time

import gospect
import pytest
from conftest import ROOT


def command(*arguments, cwd=None):
    """What the command of the package prints, and its exit code."""
    done = subprocess.run([sys.executable, "-m", "gospect", *map(os.fspath, arguments)], capture_output=True, cwd=cwd)
    return done.returncode, done.stdout, done.stderr.decode()


def test_the_command_is_part_of_the_package(program):
    code, output, _ = command("--version")
    assert code == 0 and output.decode().strip() == f"gospect {gospect.__version__}"
    script = os.path.join(os.path.dirname(sys.executable), "gospect")
    assert subprocess.run([script, "scan", program], capture_output=True).stdout == command("scan", program)[1]
    assert command("nonsense")[0] == 2
    assert command("audit", ROOT / "docs", "--quiet")[0] == 3


def test_the_command_ends_when_its_output_is_closed(program):
    closed = subprocess.run(f"'{sys.executable}' -m gospect scan '{program}' >&-", shell=True, capture_output=True)
    assert closed.returncode == 2 and b"standard output is closed" in closed.stderr


def test_inspect_reads_a_path_and_the_bytes_alike(program):
    record = gospect.inspect(program)
    assert record["go_version"] == "go1.27.3"
    assert record["path"] == record["location"]["file"] == str(program)
    inner = gospect.inspect(program.read_bytes())
    assert {**inner, "path": 0, "location": 0} == {**record, "path": 0, "location": 0}
    assert gospect.inspect(str(program), hash=True)["sha256"]
    assert gospect.inspect(program, symbols=True)["functions"]["text"]
    assert gospect.inspect(program, facts="build-info")["goroot"] is None


def test_inspect_agrees_with_the_scan(program):
    (scanned,) = (line for line in gospect.scan(f"file:{program}", hash=True) if line["type"] == "binary")
    record = gospect.inspect(program, hash=True)
    for key in set(scanned) - {"type", "location", "path", "packages", "environment", "owner"}:
        assert scanned[key] == record[key], key


def test_inspect_of_a_universal_file_is_a_list():
    with tarfile.open(ROOT / "testdata/fixtures/capabilities.tar.xz") as archive:
        program = archive.extractfile("1.27-darwin-arm64-capable-new").read()
    header = struct.pack(">2I", 0xCAFEBABE, 2)
    first, second = 0x4000, 0x4000 + -(-len(program) // 0x4000) * 0x4000
    header += struct.pack(">5I", 0x0100000C, 0, first, len(program), 14)
    header += struct.pack(">5I", 0x0100000C, 2, second, len(program), 14)
    universal = header.ljust(first, b"\0") + program.ljust(second - first, b"\0") + program
    records = gospect.inspect(universal)
    assert [record["executable"]["arch"] for record in records] == ["arm64", "arm64"]


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"MZ" * 40, b"\xca\xfe\xba\xbe" + b"\xff" * 60])
def test_what_is_not_go_is_an_exception(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(gospect.NotGoError, match="not a Go program"):
            gospect.inspect(source)


def test_a_cut_program_is_still_read_or_refused(program):
    content = program.read_bytes()
    for cut in (100, 4096, len(content) // 2, len(content) - 1):
        try:
            gospect.inspect(content[:cut])
        except gospect.NotGoError:
            pass


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        gospect.inspect(tmp_path / "missing")


def test_scan_gives_the_lines_of_the_command(programs):
    _, output, _ = command("scan", "--format", "ndjson", "--hash", programs)
    expected = [json.loads(line) for line in output.splitlines()]
    assert list(gospect.scan(programs, hash=True)) == expected
    assert b"".join(gospect.scan([programs], hash=True, format="bytes")) == output
    assert [line["type"] for line in expected].count("binary") == 5


def test_options_are_those_of_the_command(programs):
    lines = list(gospect.scan(programs, exclude=["*strip", "*capable*"], min_size="1KiB", env={"GODEBUG": "panicnil=1"}, jobs=1))
    records = [line for line in lines if line["type"] == "binary"]
    assert [record["path"].rsplit("-", 1)[1] for record in records] == ["plain", "w"]
    assert all(record["godebug"]["environment"] == "panicnil=1" for record in records)
    with pytest.raises(gospect.UsageError, match="no-such-option"):
        list(gospect.scan(programs, no_such_option=1))
    with pytest.raises(ValueError, match="format="):
        gospect.scan(programs, format="xml")


def test_a_target_that_cannot_be_read_loses_no_other(program, tmp_path):
    lines = list(gospect.scan([tmp_path / "missing", program]))
    assert [line["type"] for line in lines] == ["run", "unexamined", "binary", "end"]
    assert lines[-1]["failed"] and "No such file" in lines[1]["detail"]
    with pytest.raises(gospect.NotExaminedError):
        list(gospect.scan([program, ROOT / "testdata/fixtures/amd64.tar.xz"], max_entries=1, strict=True))


def test_a_scan_that_is_not_read_to_its_end_stops(programs):
    lines = gospect.scan([programs] * 2000, jobs=1)
    assert next(lines)["type"] == "run"
    start = time.monotonic()
    lines.close()
    assert time.monotonic() - start < 10
    assert list(lines) == []


def test_audit_gives_the_document_of_the_command(programs, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[rules]\n"missing-vcs-stamp" = "error"\n')
    options = ("--policy", policy, "--today", "2026-11-30", "-D", "dirty-tree")
    code, output, _ = command("audit", "--format", "json", *options, programs)
    report = gospect.audit(programs, policy=policy, today="2026-11-30", deny=["dirty-tree"])
    assert code == 1 and report == json.loads(output)
    records = list(gospect.scan(programs))
    assert gospect.audit(records=records, policy=policy, today="2026-11-30", deny="dirty-tree")["findings"] == report["findings"]
    assert gospect.audit(ROOT / "docs")["findings"] == []


def test_vuln_gives_the_document_of_the_command(programs, vulndb):
    _, output, _ = command("vuln", "--format", "json", "--db", vulndb, programs)
    report = gospect.vuln(programs, db=vulndb)
    assert report == json.loads(output) and len(report["programs"]) == 5
    records = gospect.scan(programs, symbols=True, format="bytes")
    assert gospect.vuln(records=records, db=vulndb)["programs"] == report["programs"]


def test_other_commands(programs, program):
    assert gospect.call("sbom", program)["bomFormat"] == "CycloneDX"
    old, new = programs / "1.27-linux-amd64-capable-old", programs / "1.27-linux-amd64-capable-new"
    assert gospect.call("diff", old, new) == json.loads(command("diff", "--format", "json", old, new)[1])
    assert gospect.call("explain", "dirty-tree", format="markdown").startswith("#")


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: list(gospect.scan("registry:")), gospect.UsageError),
        (lambda: list(gospect.scan("docker:alpine")), gospect.UsageError),
        (lambda: list(gospect.scan([])), gospect.UsageError),
        (lambda: gospect.audit("x", policy="/nonexistent"), gospect.PolicyError),
        (lambda: gospect.audit("x", deny="no-such-rule"), gospect.PolicyError),
        (lambda: gospect.vuln("x", db="/nonexistent"), gospect.DatabaseError),
        (lambda: gospect.vuln("x", db=ROOT / "testdata/vulndb", vex="/nonexistent"), gospect.InputError),
        (lambda: gospect.call("sbom", "x", output="/nonexistent/bill"), gospect.Error),
    ],
)
def test_each_kind_of_failure_is_an_exception(call, kind):
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, gospect.Error) and str(caught.value)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.messages) == (kind if kind is not gospect.Error else type(copy), str(caught.value), caught.value.messages)


def test_nothing_is_printed(programs, tmp_path, capfd):
    list(gospect.scan([programs, tmp_path / "missing", programs / "notes.txt"]))
    gospect.audit(programs, profile="release")
    for call in (lambda: gospect.audit("x", policy="/nonexistent"), lambda: list(gospect.scan("x", no_such=1))):
        with pytest.raises(gospect.Error):
            call()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("call", [lambda *a, **o: list(gospect.scan(*a, **o)), gospect.audit, gospect.vuln])
def test_the_interpreter_is_free_while_a_call_runs(call):
    """The registry is a thread of this interpreter: it can answer only while the call does not hold the interpreter."""
    asked = []

    class Registry(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with contextlib.suppress(gospect.Error):
            call(f"registry:127.0.0.1:{server.server_port}/programs:1", insecure_http=True)
        server.shutdown()
    assert asked


def test_calls_from_several_threads_keep_their_results_apart(programs):
    names = sorted(path.name for path in programs.iterdir() if path.suffix != ".txt")
    results = {}

    def work(name):
        results[name] = [line["path"] for line in gospect.scan(programs / name) if line["type"] == "binary"]

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {name: [str(programs / name)] for name in names}
