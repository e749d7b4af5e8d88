#!/usr/bin/env python3
"""Compares the capabilities that gospect finds in programs with those that capslock finds in their source.

usage: compare-capslock.py GOSPECT CAPSLOCK SOURCE,PACKAGE,PROGRAM...

SOURCE is the directory of a module, PACKAGE the directory of its main package in it (`./cmd/app`), PROGRAM what `go build` made of it.
Pairs of package and capability outside the standard library are compared, without UNANALYZED. `by init`: the chain of capslock leads through
the initialiser of an imported package, which a program does not show.
"""
import collections
import json
import subprocess
import sys


def output(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, check=True, text=True).stdout


def by_capslock(tool, source, package):
    name = output("go", "list", package, cwd=source).strip()
    document = json.loads(output(tool, f"-packages={package}", "-granularity=intermediate", "-output=json", cwd=source))
    found = {}
    for row in document["capabilityInfo"]:
        path = row["packageDir"]
        if "." in path.split("/")[0] and row["capabilityName"] != "UNANALYZED":
            chain = [step["name"] for step in row.get("path", [])]
            found["main" if path == name else path, row["capabilityName"]] = chain
    return found


def by_gospect(tool, program):
    document = json.loads(output(tool, "packages", "--format", "json", program))
    packages = [p for m in document["programs"][0]["modules"] if m["path"] != "std" for p in m["packages"]]
    return {(p["path"], c["capability"]): c for p in packages for c in p["chains"]}


def counted(pairs):
    counts = collections.Counter(capability for _, capability in pairs)
    return ", ".join(f"{name} {n}" for name, n in counts.most_common()) or "none"


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    gospect, capslock, programs = sys.argv[1], sys.argv[2], sys.argv[3:]
    for source, package, program in (argument.split(",") for argument in programs):
        theirs, ours = by_capslock(capslock, source, package), by_gospect(gospect, program)
        certain = {pair for pair, found in ours.items() if found["certain"]}
        both, missed, added = theirs.keys() & ours.keys(), theirs.keys() - ours.keys(), ours.keys() - theirs.keys()
        by_init = {pair for pair in missed if any(f.endswith(".init") for f in theirs[pair])}
        print(f"{program}: {len(theirs)} by capslock, {len(ours)} by gospect ({len(certain)} certain), both {len(both)}")
        print(f"  only gospect, certain: {counted(added & certain)}")
        print(f"  only gospect, possible: {counted(added - certain)}")
        print(f"  only capslock: {len(by_init)} by init; {counted(missed - by_init)}")


main()
