#!/usr/bin/env python3
"""Compares `gospect vuln` with `govulncheck -mode=binary` on real programs, at all three levels and with the same database, and each program with its
`strip -s` twin.

usage: compare-govulncheck.py --db FOLDER [--gospect PROGRAM] [--govulncheck PROGRAM] [--jobs N] FILE-OR-FOLDER...

FOLDER holds the database as documents (`GO-*.json`); one with `index/` is made of it for govulncheck, which reads that seven times as fast. Programs without
symbols or older than Go 1.18, and those that govulncheck refuses, are counted and left out: it guesses about the ones and says nothing about the others. Exits with 1 when a difference has no explanation.

Explanations that are known:
  port        govulncheck takes an entry for one system for all where the build info does not say the port; gospect reads it from the file
  custom      the entry's custom_ranges end what its ranges leave open, and the linked version is not in them
  replaced    govulncheck loses what is about a module that is replaced by one of another path
  claim       the main module has no version, and gospect judges it by what the program says of itself
  toolchain   the release has a suffix, or is a development tree, and govulncheck judges none of the standard library
  unversioned gospect says of a module without a version that its package is linked
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def indexed(folder, to):
    """The database in the form of vuln.go.dev."""
    modules = collections.defaultdict(list)
    entries = []
    (to / "ID").mkdir(parents=True)
    (to / "index").mkdir()
    newest = "2026-01-01T00:00:00Z"
    for path in sorted(folder.glob("GO-*.json")):
        document = json.loads(path.read_text())
        for key in ("modified", "published"):
            if document.get(key, "").startswith("0001"):
                document[key] = newest
        (to / "ID" / path.name).write_text(json.dumps(document))
        entries.append({"id": document["id"], "modified": newest, "aliases": document.get("aliases", [])})
        for name in {affected["package"]["name"] for affected in document["affected"]}:
            modules[name].append({"id": document["id"], "modified": newest})
    (to / "index/db.json").write_text(json.dumps({"modified": newest}))
    (to / "index/vulns.json").write_text(json.dumps(entries))
    (to / "index/modules.json").write_text(json.dumps([{"path": m, "vulns": v} for m, v in sorted(modules.items())]))


def stream(text):
    """The values of concatenated JSON."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        while at < len(text) and text[at].isspace():
            at += 1
        if at < len(text):
            value, at = decoder.raw_decode(text, at)
            yield value


def by_govulncheck(program, database, path):
    """Entry and module to level; None: it refuses the file."""
    run = subprocess.run([program, "-mode=binary", "-json", "-db", f"file://{database}", path], capture_output=True, text=True)
    if run.returncode:
        return None
    found = {}
    rank = {"module": 0, "package": 1, "symbol": 2}
    for message in stream(run.stdout):
        finding = message.get("finding")
        if not finding:
            continue
        frame = finding["trace"][0]
        level = "symbol" if frame.get("function") else "package" if frame.get("package") else "module"
        key = (finding["osv"], frame["module"])
        if key not in found or rank[level] > rank[found[key]]:
            found[key] = level
    return found


def by_gospect(program, database, path):
    run = subprocess.run([program, "vuln", "--quiet", "--cache", "off", "--db", str(database), "--format", "json", path], capture_output=True, text=True)
    if run.returncode == 3:
        return []
    if run.returncode not in (0, 1):
        sys.exit(f"gospect vuln {path}: {run.stderr}")
    return json.loads(run.stdout)["programs"]


def seconds(*command):
    """The least processor time of three runs."""
    times = []
    for _ in range(3):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, used = os.wait4(child.pid, 0)
        times.append(used.ru_utime + used.ru_stime)
    return min(times)


def explain(key, theirs, finding, program, documents):
    entry, module = key
    if finding is None:
        affected = [a for a in documents[entry]["affected"] if a["package"]["name"] == module]
        if any((a.get("ecosystem_specific") or {}).get("custom_ranges") for a in affected):
            return "custom"
        imports = [i for a in affected for i in (a.get("ecosystem_specific") or {}).get("imports", [])]
        goos, goarch = (program["port"] or "?/?").split("/")
        fits = lambda i: (goos in i.get("goos", [goos]) or goos == "?") and (goarch in i.get("goarch", [goarch]) or goarch == "?")
        if imports and not any(map(fits, imports)):
            return "port"
        return None
    if finding["replaced"]:
        return "replaced"
    if finding["version_from"] == "claim":
        return "claim"
    if finding["version"] is None:
        return "unversioned"
    version = finding["version"]
    if module in ("stdlib", "toolchain"):
        return "toolchain" if theirs is None and any(u["module"] == module for u in program["unjudged"]) or "-" in version or module == "toolchain" else None
    return None


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--db", type=pathlib.Path, required=True)
    parse.add_argument("--gospect", default="gospect")
    parse.add_argument("--govulncheck", default="govulncheck")
    parse.add_argument("--most", type=int, default=0, help="stop after so many programs")
    parse.add_argument("places", nargs="+", type=pathlib.Path)
    args = parse.parse_args()
    documents = {d["id"]: d for d in (json.loads(p.read_text()) for p in args.db.glob("GO-*.json"))}
    files = []
    for place in args.places:
        files += sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
    compared = equal = findings = bad = twins = 0
    left_out, reasons, times = collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        database = scratch / "db"
        indexed(args.db, database)
        for path in files:
            if args.most and compared >= args.most:
                break
            programs = by_gospect(args.gospect, args.db, path)
            if len(programs) != 1:
                left_out["no Go program"] += not programs
                continue
            program = programs[0]
            symbols = subprocess.run(["nm", path], capture_output=True, text=True)
            if " runtime.main" not in symbols.stdout:
                left_out["without symbols"] += 1
                continue
            theirs = by_govulncheck(args.govulncheck, database, path)
            if theirs is None:
                left_out["refused by govulncheck"] += 1
                continue
            release = re.match(r"go1[.](\d+)", program["go_version"] or "")
            if not release or int(release[1]) < 18:
                left_out["older than Go 1.18"] += 1
                continue
            if len(theirs) > 20 and set(theirs.values()) == {"symbol"}:
                left_out["govulncheck sees no symbols"] += 1
                continue
            compared += 1
            # Both read a database as they are made for it: gospect the one that is built in.
            times.append((
                seconds(args.govulncheck, "-mode=binary", "-json", "-db", f"file://{database}", str(path)),
                seconds(args.gospect, "vuln", "--cache", "off", "--format", "json", str(path)),
            ))
            ours = {}
            for finding in program["findings"]:
                ours[(finding["id"], finding["module"])] = finding
            findings += len(theirs)
            different = []
            for key in sorted(set(theirs) | set(ours)):
                mine = ours.get(key)
                if (mine or {}).get("level") == theirs.get(key):
                    continue
                why = explain(key, theirs.get(key), mine, program, documents)
                reasons[why or "NOT EXPLAINED"] += 1
                different.append((key, theirs.get(key), (mine or {}).get("level"), why))
            equal += not different
            bad += any(why is None for *_, why in different)
            counts = collections.Counter(theirs.values())
            print(f"{path}: {program['go_version']}: {counts['symbol']} symbol, {counts['package']} package, {counts['module']} module", end="")
            print(f"; {len(different)} different" if different else "; equal")
            for key, theirs_level, ours_level, why in different:
                if why is None:
                    print(f"    {key}: govulncheck {theirs_level}, gospect {ours_level}")
            twin = scratch / "twin"
            shutil.copy(path, twin)
            os.chmod(twin, 0o755)
            if subprocess.run(["strip", "-s", twin], capture_output=True).returncode == 0:
                twins += 1
                [stripped] = by_gospect(args.gospect, args.db, twin)
                changes = [f for f in stripped["findings"] if f not in program["findings"]]
                changes += [f for f in program["findings"] if f not in stripped["findings"]]
                if changes or stripped["unjudged"] != program["unjudged"]:
                    bad += 1
                    print(f"    stripped: {len(changes)} findings change: {[c['id'] for c in changes][:5]}")
    print(f"\n{compared} programs compared with {findings} findings of govulncheck: {equal} equal; {twins} stripped twins")
    print("differences:", dict(reasons) or "none")
    print("left out:", dict(left_out))
    if times:
        ratios = sorted(theirs / ours for theirs, ours in times)
        print(f"processor time, govulncheck / gospect: {ratios[0]:.1f} to {ratios[-1]:.1f}, median {ratios[len(ratios) // 2]:.1f}")
    sys.exit(bad > 0)


main()
