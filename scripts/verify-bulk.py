#!/usr/bin/env python3
"""Measures `gospect verify` over many programs: requests for each module, memory, and what a second run asks after a kill.

usage: verify-bulk.py GOSPECT [PROGRAMS [MODULES]]      10000 programs with 40 of 3000 modules each; needs the Python package `cryptography`

A checksum database of that many modules is made here and served on the loopback, by way of GOPROXY. The programs are lines of records, made from the
record of testdata/verify/isatty.xz by other lists of modules.
"""

import base64
import collections
import hashlib
import http.server
import json
import lzma
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAME = "sum.example.com"
EACH = 40


def sha256(data):
    return hashlib.sha256(data).digest()


class Log:
    """A checksum database (https://go.dev/design/25530-sumdb)."""

    def __init__(self, modules):
        self.modules = modules
        self.records = [f"{m} {v} {h}\n{m} {v}/go.mod {h}\n" for m, v, h in modules]
        self.number = {f"{m}@{v}": at for at, (m, v, _) in enumerate(modules)}
        self.levels = [[sha256(b"\0" + text.encode()) for text in self.records]]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([sha256(b"\1" + a + b) for a, b in zip(below[::2], below[1::2])])
        private = ed25519.Ed25519PrivateKey.generate()
        public = b"\1" + private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        number = sha256(NAME.encode() + b"\n" + public)[:4]
        self.key = f"{NAME}+{number.hex()}+{base64.b64encode(public).decode()}"
        head = f"go.sum database tree\n{len(modules)}\n{base64.b64encode(self.root()).decode()}\n"
        self.note = f"{head}\n— {NAME} {base64.b64encode(number + private.sign(head.encode())).decode()}\n"

    def root(self):
        """RFC 6962: the complete subtrees, hashed from the right."""
        size, done, parts = len(self.records), 0, []
        for level in range(len(self.levels) - 1, -1, -1):
            if size >> level & 1:
                parts.append(self.levels[level][done >> level])
                done += 1 << level
        whole = parts.pop()
        while parts:
            whole = sha256(b"\1" + parts.pop() + whole)
        return whole

    def answer(self, path):
        if path in ("supported", "latest"):
            return self.note.encode()
        kind, _, rest = path.partition("/")
        if kind == "lookup":
            at = self.number[rest]
            return f"{at}\n{self.records[at]}\n{self.note}".encode()
        height, level, place = rest.split("/", 2)
        assert (kind, height) == ("tile", "8")
        place, _, width = place.partition(".p/")
        number = int(place.replace("x", "").replace("/", ""))
        hashes = self.levels[8 * int(level)][256 * number :][: int(width or 256)]
        return b"".join(hashes)


def serve(log, seen):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = self.path.removeprefix(f"/sumdb/{NAME}/")
            seen[path] += 1
            body = log.answer(path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def write_records(gospect, work, programs, modules):
    program = os.path.join(work, "isatty")
    with lzma.open(os.path.join(ROOT, "testdata", "verify", "isatty.xz")) as file, open(program, "wb") as out:
        out.write(file.read())
    text = subprocess.run([gospect, "scan", "--format", "ndjson", program], check=True, capture_output=True).stdout
    lines = [json.loads(line) for line in text.splitlines()]
    binary = next(line for line in lines if line["type"] == "binary")
    end = next(line for line in lines if line["type"] == "end")
    chance = random.Random(1)
    target = os.path.join(work, f"records-{programs}.ndjson")
    binary.pop("second_build_info", None)
    with open(target, "w", encoding="utf-8") as out:
        out.write(json.dumps(lines[0]) + "\n")
        for at in range(programs):
            chosen = chance.sample(modules, EACH)
            binary["path"] = f"program-{at}"
            binary["build_info"]["Deps"] = [{"Path": m, "Version": v, "Sum": h} for m, v, h in chosen]
            out.write(json.dumps(binary) + "\n")
        end["summary"]["binaries"] = programs
        out.write(json.dumps(end) + "\n")
    return target


def verify(gospect, records, work, log, proxy, name, kill_when=None):
    """Runs it; the exit code, the seconds, and the last two lines."""
    names = {"GOPROXY": proxy, "GOSUMDB": log.key, "GOENV": "off", "GOFLAGS": "", "GOPATH": os.path.join(work, "go")}
    for name_of in ("GONOSUMDB", "GOPRIVATE", "GONOPROXY"):
        names[name_of] = ""
    environment = {**os.environ, **names, "HOME": work, "XDG_CACHE_HOME": os.path.join(work, f"cache-{name}")}
    begin = time.monotonic()
    with open(os.path.join(work, "out"), "w+b") as out:
        process = subprocess.Popen([gospect, "verify", f"records:{records}"], env=environment, stdout=out, stderr=subprocess.STDOUT)
        while kill_when and process.poll() is None and not kill_when():
            time.sleep(0.01)
        if kill_when:
            process.send_signal(signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        last = out.read().decode().splitlines()[-2:]
    return os.waitstatus_to_exitcode(status), time.monotonic() - begin, usage.ru_maxrss, last


def report(what, seen, result):
    code, seconds, memory, last = result
    lookups = {path: count for path, count in seen.items() if path.startswith("lookup/")}
    print(f"{what}: exit code {code}, {seconds:.1f} s, {memory >> 10} MiB, {sum(seen.values())} requests, "
          f"{len(lookups)} modules looked up, each at most {max(lookups.values(), default=0)} times; {' | '.join(last)}")


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    gospect = os.path.abspath(sys.argv[1])
    programs, count = (int(v) for v in (sys.argv[2:] + ["10000", "3000"][len(sys.argv) - 2 :]))
    modules = [(f"example.com/m{at}", f"v1.{at % 7}.0", f"h1:{base64.b64encode(sha256(str(at).encode())).decode()}") for at in range(count)]
    log, seen = Log(modules), collections.Counter()
    proxy = serve(log, seen)
    with tempfile.TemporaryDirectory() as work:
        few = write_records(gospect, work, programs // 10, modules)
        many = write_records(gospect, work, programs, modules)
        for what, records, name in ((f"{programs // 10} programs", few, "few"), (f"{programs} programs", many, "many")):
            seen.clear()
            report(what, seen, verify(gospect, records, work, log, proxy, name))
        seen.clear()
        report("once more", seen, verify(gospect, many, work, log, proxy, "many"))
        seen.clear()
        half = lambda: sum(path.startswith("lookup/") for path in list(seen)) >= count // 2
        report("killed half way", seen, verify(gospect, many, work, log, proxy, "killed", half))
        before = {path for path in seen if path.startswith("lookup/")}
        result = verify(gospect, many, work, log, proxy, "killed")
        report("continued (both runs)", seen, result)
        again = [path for path in before if seen[path] > 1]
        print(f"asked for again after the kill: {len(again)} of {len(before)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
