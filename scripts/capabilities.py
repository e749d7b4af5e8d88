#!/usr/bin/env python3
"""Makes crates/knowledge/src/capabilities.json from the lists of capslock, or checks it against them.

usage: capabilities.py [--check] CAPSLOCK_SOURCE

CAPSLOCK_SOURCE is a checkout of github.com/google/capslock; its interesting/interesting.cm says which functions and packages have which
capability. Names are written as in a function table without brackets: `os.File.Read`, `os.CopyFS.func1`. Left out are functions that capslock
does not look into (`unanalyzed`): gospect looks into them.
"""
import json
import pathlib
import re
import subprocess
import sys

TABLE = pathlib.Path(__file__).resolve().parent.parent / "crates/knowledge/src/capabilities.json"

# Names of capslock, and what a program that has the capability can do.
CAPABILITIES = {
    "ARBITRARY_EXECUTION": "run machine code that is not compiled Go",
    "CGO": "call C code",
    "EXEC": "start processes",
    "FILES": "read and write files",
    "MODIFY_SYSTEM_STATE/CHDIR": "change the working directory",
    "MODIFY_SYSTEM_STATE/ENV": "change environment variables",
    "MODIFY_SYSTEM_STATE/LOGGING": "redirect the standard logger",
    "MODIFY_SYSTEM_STATE/SIGNALS": "handle signals",
    "NETWORK": "use the network",
    "OPERATING_SYSTEM": "use the operating system in other ways",
    "READ_SYSTEM_STATE": "read environment variables and the state of the system",
    "REFLECT": "call and change what it finds by reflection",
    "RUNTIME": "change how the Go runtime works",
    "SYSTEM_CALLS": "make system calls",
    "UNSAFE_POINTER": "change pointers without type checks",
}

# What has no effect of its own: the method that marks types as signals, and a function that capslock does not look into. The functions that
# the pool calls are found where they are given to it.
HARMLESS = ["syscall.Signal.Signal", "sync.Pool.Get"]


def plain(name):
    """A name of capslock as the function table spells it, without brackets."""
    return re.sub(r"\$(\d+)", r".func\1", re.sub(r"[()*]", "", name))


def word(capability):
    """The category of gospect: a capability, `SAFE`, or nothing where the code is looked into."""
    capability = capability.removeprefix("CAPABILITY_")
    if capability in ("UNSPECIFIED", "UNANALYZED"):
        return ""
    if capability != "SAFE" and capability not in CAPABILITIES:
        sys.exit(f"a capability that gospect does not know: {capability}")
    return capability


def read(source):
    functions, packages, calls = {}, {}, []
    for line in (source / "interesting/interesting.cm").read_text().splitlines():
        kind, *rest = line.split("#")[0].split() or [""]
        match kind:
            case "func":
                functions[plain(rest[0])] = word(rest[1])
            case "package":
                packages[rest[0]] = word(rest[1])
            case "ignore_edge":
                calls.append([plain(rest[0]), plain(rest[1])])
    return functions, packages, sorted(calls)


def rows(table):
    return ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(table.items()))


def main():
    args = [a for a in sys.argv[1:] if a != "--check"]
    if len(args) != 1:
        sys.exit(__doc__)
    source = pathlib.Path(args[0])
    functions, packages, calls = read(source)
    functions |= {function: "SAFE" for function in HARMLESS}
    # Functions of a safe package need no rows of their own.
    functions = {f: c for f, c in functions.items() if not (c == "SAFE" and packages.get(owner(f)) == "SAFE")}
    pairs = ",\n".join("  " + json.dumps(pair) for pair in calls)
    text = (
        '{\n "source": "github.com/google/capslock, interesting/interesting.cm",\n'
        f' "capabilities": {{\n{rows(CAPABILITIES)}\n }},\n'
        f' "packages": {{\n{rows(packages)}\n }},\n'
        f' "functions": {{\n{rows(functions)}\n }},\n'
        f' "ignored_calls": [\n{pairs}\n ]\n}}\n'
    )
    json.loads(text)
    if "--check" in sys.argv:
        if TABLE.read_text() != text:
            sys.exit(f"{TABLE}: differs from what {source} gives; run this script without --check")
    else:
        TABLE.write_text(text)
    print(f"{len(functions)} functions, {len(packages)} packages, {len(calls)} calls that do not count")


def owner(function):
    slash = function.rfind("/") + 1
    return function[: function.index(".", slash)]


main()
