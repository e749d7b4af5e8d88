#!/usr/bin/env python3
"""Compares the capabilities that gospect finds in programs with those that capslock finds in their source.

usage: compare-capslock.py GOSPECT CAPSLOCK SOURCE,PACKAGE,PROGRAM...

SOURCE is the directory of a module, PACKAGE the directory of its main package in it (`./cmd/app`), PROGRAM what `go build` made of it.
Pairs of package and capability outside the standard library are compared, without UNANALYZED. What only capslock has is told apart by its chain:

  unsafe pointer  UNSAFE_POINTER: a conversion in the source leaves no trace in machine code
  standard body   it ends in a function of the standard library without a body in Go, which gospect counts as part of Go
  not linked      the program has no function of the package
  initialiser     it leads through the initialiser of an imported package, and the program has no code that shows the import
  value           the rest: calls of interface methods and function values
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


def packages_of(tool, program):
    document = json.loads(output(tool, "packages", "--no-capabilities", "--format", "json", program))
    return {p["path"] for m in document["programs"][0]["modules"] for p in m["packages"]}


def reason(pair, chain, linked):
    path, capability = pair
    if capability == "UNSAFE_POINTER":
        return "unsafe pointer"
    if capability == "ARBITRARY_EXECUTION" and is_standard(chain[-1]):
        return "standard body"
    if path not in linked:
        return "not linked"
    return "initialiser" if any(name.endswith(".init") for name in chain) else "value"


def is_standard(name):
    """Whether the import path in a function name such as `(*crypto/rand.reader).Read` has no dot in its first part."""
    path = name.lstrip("(*")
    return "/" not in path or "." not in path.split("/")[0]


def counted(pairs):
    counts = collections.Counter(capability for _, capability in pairs)
    return ", ".join(f"{name} {n}" for name, n in counts.most_common()) or "none"


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    gospect, capslock, programs = sys.argv[1], sys.argv[2], sys.argv[3:]
    total = collections.Counter()
    for source, package, program in (argument.split(",") for argument in programs):
        theirs, ours = by_capslock(capslock, source, package), by_gospect(gospect, program)
        certain = {pair for pair, found in ours.items() if found["certain"]}
        both, missed, added = theirs.keys() & ours.keys(), theirs.keys() - ours.keys(), ours.keys() - theirs.keys()
        print(f"{program}: {len(theirs)} by capslock, {len(ours)} by gospect ({len(certain)} certain), both {len(both)}")
        print(f"  only gospect, certain: {counted(added & certain)}")
        print(f"  only gospect, possible: {counted(added - certain)}")
        linked = packages_of(gospect, program)
        why = collections.Counter(reason(pair, theirs[pair], linked) for pair in missed)
        print(f"  only capslock: {', '.join(f'{kind} {n}' for kind, n in why.most_common()) or 'none'}")
        total += collections.Counter(why, capslock=len(theirs), gospect=len(ours), certain=len(certain), both=len(both), certain_both=len(both & certain))
    print(", ".join(f"{kind} {n}" for kind, n in total.items()))


main()
