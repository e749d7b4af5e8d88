#!/usr/bin/env python3
"""Makes testdata/verify: a small program with two public modules, its go.sum, and what the checksum database says about them.

usage: make-verify.py GO GOSPECT      GO is a go command, GOSPECT the program that asks the database

The program is built in a checkout that is made here (git), so that it records a revision. What a proxy answers is kept in the layout that the go
command has in GOMODCACHE/cache/download/sumdb.
"""

import base64
import hashlib
import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile

from recording_proxy import recording_proxy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.path.join(ROOT, "testdata", "verify")
MAIN = """package main

import "github.com/mattn/go-isatty"

func main() {
\tprintln(isatty.IsTerminal(1))
}
"""
GO_MOD = """module example.com/isatty

go 1.25.0

require (
\tgithub.com/mattn/go-isatty v0.0.20
\tgolang.org/x/sys v0.30.0 // indirect
)
"""


def run(command, folder, **variables):
    environment = dict(os.environ, **variables)
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def build(go, work):
    folder = os.path.join(work, "isatty")
    os.makedirs(folder)
    for name, text in (("main.go", MAIN), ("go.mod", GO_MOD)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    run([go, "mod", "tidy"], folder, GOTOOLCHAIN="local")
    date = "2026-11-01T12:00:00Z"
    who = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": os.devnull}
    user = ["-c", "user.name=Example", "-c", "user.email=me@example.com"]
    run(["git", "init", "-q", "-b", "main"], folder, **who)
    run(["git", "add", "."], folder, **who)
    run(["git", *user, "commit", "-q", "-m", "First"], folder, **who)
    run(["git", "tag", "v1.0.0"], folder, **who)
    settings = {"GOTOOLCHAIN": "local", "GOOS": "linux", "GOARCH": "amd64", "CGO_ENABLED": "0", "GOFLAGS": ""}
    run([go, "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", "../program", "."], folder, **settings)
    return folder, os.path.join(work, "program")


def record(gospect, program, work):
    """Verifies the program through a proxy that records what the checksum database answers."""
    with recording_proxy(go_command(), os.path.join(TARGET, "goproxy")) as proxy:
        unused = os.path.join(work, "none")
        print(run([gospect, "verify", "--cache", "off", program], work, GOPROXY=proxy, GOMODCACHE=unused, GOPATH=work))


def provenance(program, folder):
    """A statement about the program, and the same in a DSSE envelope that is signed by a key made for it (openssl)."""
    target = os.path.join(TARGET, "provenance")
    os.makedirs(target, exist_ok=True)
    with open(program, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    revision = run(["git", "rev-parse", "HEAD"], folder).strip()
    release = run([go_command(), "env", "GOVERSION"], folder, GOTOOLCHAIN="local").strip()
    uri = "git+https://example.com/isatty@refs/tags/v1.0.0"
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "isatty", "digest": {"sha256": digest}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://example.com/build/v1",
                "externalParameters": {"source": uri},
                "resolvedDependencies": [
                    {"uri": uri, "digest": {"gitCommit": revision}},
                    {"uri": f"https://go.dev/dl/{release}.linux-amd64.tar.gz"},
                ],
            },
            "runDetails": {"builder": {"id": "https://example.com/builder"}},
        },
    }
    payload = json.dumps(statement).encode()
    kind = "application/vnd.in-toto+json"
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    with tempfile.TemporaryDirectory() as work:
        key = os.path.join(work, "key.pem")
        run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key], work)
        run(["openssl", "pkey", "-in", key, "-pubout", "-out", os.path.join(target, "key.pub")], work)
        with open(os.path.join(work, "signed"), "wb") as file:
            file.write(signed)
        run(["openssl", "dgst", "-sha256", "-sign", key, "-out", "signature", "signed"], work)
        with open(os.path.join(work, "signature"), "rb") as file:
            signature = file.read()
    envelope = {
        "payloadType": kind,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }
    for name, value in (("statement.json", statement), ("envelope.json", envelope)):
        with open(os.path.join(target, name), "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.write("\n")


def go_command():
    return sys.argv[1]


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    shutil.rmtree(os.path.join(TARGET, "goproxy"), ignore_errors=True)
    os.makedirs(TARGET, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        folder, program = build(go_command(), work)
        provenance(program, folder)
        record(os.path.abspath(sys.argv[2]), program, work)
        with open(program, "rb") as file, lzma.open(os.path.join(TARGET, "isatty.xz"), "wb", preset=9 | lzma.PRESET_EXTREME) as out:
            shutil.copyfileobj(file, out)
        shutil.copy(os.path.join(folder, "go.sum"), TARGET)
        run(["tar", "--sort=name", "--mtime=2026-11-01", "--owner=0", "--group=0", "--numeric-owner", "-cJf", os.path.join(TARGET, "checkout.tar.xz"), "-C", work, "isatty"], work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
