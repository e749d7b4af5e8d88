#!/usr/bin/env python3
"""Compares the direct calls that gospect sees with those that `go tool objdump` shows.

usage: compare-calls.py CALL_GRAPH ARCH PROGRAM[,STRIPPED]...

CALL_GRAPH is the example program (`cargo build --release --example call_graph`), ARCH Go's name of the architecture. The programs must not be
stripped, because objdump needs symbols. Missed are pairs of functions that only objdump shows; added are pairs that only gospect shows: calls
of code in the middle of a function (duffzero, duffcopy) and by two instructions (trampolines), which objdump prints as numbers. STRIPPED is the same
program without symbols, in which gospect must see the same calls.
"""
import re
import subprocess
import sys

BRANCHES = {
    "386": r"CALL|J[A-Z]+",
    "amd64": r"CALL|J[A-Z]+",
    "arm": r"CALL|BL?(?:\.\w+)?|B\w*",
    "arm64": r"CALL|BL?|JMP|B\w+|CBN?ZW?|TBN?Z",
    "loong64": r"CALL|JAL|JMP|BL?|B\w+",
    "ppc64le": r"CALL|BL?|BR|B\w+",
    "riscv64": r"CALL|JAL|JMP|J|B\w+",
    "s390x": r"CALL|BRASL?|BR|BRCL?|JMP|B\w+",
}


def plain(name):
    """A name without its ABI, and without type arguments, which the function table leaves out."""
    name = name.removesuffix(".abi0").replace("·", ".")
    out, depth = [], 0
    for c in name:
        depth -= c == "]"
        if depth == 0:
            out.append(c)
        depth += c == "["
    return "".join(out)


def by_gospect(tool, program):
    run = subprocess.run([tool, program], stdout=subprocess.PIPE, check=True)
    for line in run.stdout.decode(errors="replace").splitlines():
        caller, callee = line.split("\t")
        yield plain(caller), plain(callee)


def by_objdump(arch, program):
    branch = re.compile(
        r".*\t\s*(?:" + BRANCHES[arch] + r")\s+(?:[$RX\d][^\t]*?, ?)*([^\t]+?)(?:\+\d+)?\(SB\)\s*$"
    )
    caller = None
    dump = subprocess.Popen(["go", "tool", "objdump", program], stdout=subprocess.PIPE, text=True, errors="replace")
    for line in dump.stdout:
        if line.startswith("TEXT "):
            caller = plain(line[5:].split("(SB)")[0])
        elif match := branch.match(line):
            yield caller, plain(match.group(1))
    if dump.wait() != 0:
        sys.exit(f"{program}: go tool objdump failed")


def main():
    if len(sys.argv) < 4 or sys.argv[2] not in BRANCHES:
        sys.exit(__doc__)
    tool, arch, programs = sys.argv[1], sys.argv[2], sys.argv[3:]
    for program, *stripped in (argument.split(",") for argument in programs):
        ours = {p for p in by_gospect(tool, program) if p[0] != p[1]}
        theirs = {p for p in by_objdump(arch, program) if p[0] != p[1]}
        missed, added = theirs - ours, ours - theirs
        share = 100 * len(missed) / max(1, len(theirs))
        print(f"{program}: {len(theirs)} by objdump, {len(ours)} by gospect, missed {len(missed)} ({share:.3f} %), added {len(added)}")
        for other in stripped:
            same = {p for p in by_gospect(tool, other) if p[0] != p[1]}
            print(f"  stripped: {len(same)} by gospect, {len(ours ^ same)} other than before")
        for kind, pairs in (("missed", missed), ("added", added)):
            for caller, callee in sorted(pairs)[:5]:
                print(f"  {kind}: {caller} -> {callee}")


main()
