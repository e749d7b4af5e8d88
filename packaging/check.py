#!/usr/bin/env python3
"""Make every channel of a release from a program, and install or lint each with the tools that are here.

usage: packaging/check.py GOSPECT [--require]

GOSPECT stands for the program of every target; it must run on this machine. Nothing outside of a temporary folder is changed and no server
outside of this machine is asked. A tool that is not here is said and skipped; with --require that is an error. GOSPECT_SCHEMAS names a folder
with the schemas of Scoop (scoop.json) and winget (winget.version.json, winget.installer.json, winget.defaultLocale.json).
"""
import os, shlex, sys, tempfile, traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "checks"), os.path.join(HERE, "channels")]
import files, installs
from table import ROOT, Release
from tools import Skipped, check, run


def archives(gospect, dist):
    """The archives of a release, each with the same program."""
    release = Release(dist)
    for target in release.targets:
        # By its own name, as it is built for Windows.
        program = os.path.join(dist, "..", "programs", target.triple, target.program)
        os.makedirs(os.path.dirname(program))
        # A script that starts it: the program may have a hundred megabytes, and need a loader, which the image does not have.
        with open(program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nexec {shlex.quote(gospect)} \"$@\"\n")
        os.chmod(program, 0o755)
        run(os.path.join(ROOT, "scripts/package.sh"), target.triple, program, dist)
    return release


def contents(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                found[os.path.relpath(os.path.join(where, name), folder)] = file.read()
    return found


def same_bytes(work):
    make(work, "again")
    one, two = contents(os.path.join(work, "out")), contents(os.path.join(work, "again"))
    check(one == two, f"two runs differ in {sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))}")


def make(work, name):
    run(sys.executable, os.path.join(HERE, "channels"), os.path.join(work, "dist"), os.path.join(work, name))


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--require"]
    if len(args) != 1:
        sys.exit(__doc__)
    skipped = failed = 0
    with tempfile.TemporaryDirectory() as work:
        os.environ.setdefault("SOURCE_DATE_EPOCH", "1796000000")
        release = archives(os.path.realpath(args[0]), os.path.join(work, "dist"))
        make(work, "out")
        checks = [("the same archives give the same files", lambda _release, work: same_bytes(work)), *files.CHECKS, *installs.CHECKS]
        for what, inspect in checks:
            try:
                inspect(release, work)
                print(f"ok: {what}", flush=True)
            except Skipped as missing:
                print(f"skipped: {what}: no {missing} here", flush=True)
                skipped += 1
            except Exception as error:
                print(f"FAILED: {what}: {error}", flush=True)
                if not isinstance(error, AssertionError):
                    traceback.print_exc(file=sys.stdout)
                failed += 1
    sys.exit(1 if failed or (skipped and "--require" in sys.argv) else 0)


main()
