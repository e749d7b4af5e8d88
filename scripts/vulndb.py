#!/usr/bin/env python3
"""Makes the vulnerability database that is part of the program, and compares the reader's view with the official documents.

    scripts/vulndb.py --write [VERSION]   fetch golang.org/x/vulndb@VERSION (latest) with `go mod download`, make crates/vuln/src/database/builtin.bin
    scripts/vulndb.py --samples [VERSION]   make testdata/vulndb, a few of the documents without their prose
    scripts/vulndb.py --sums                 make testdata/goproxy: what the checksum database answers about the newest version, recorded
    scripts/vulndb.py --kinds ID...          what the symbols of these entries are in the source before the fix: find variables for data_symbols.rs
    scripts/vulndb.py --check [VERSION]   compare the table with the documents of its own version (or VERSION), fact by fact

The go command verifies the module against the checksum database. Only facts are taken: no summary, no details, no references.
The entries are distributed under CC-BY-4.0 by the Go authors and hold information of the CVE list and the GitHub Advisory Database.
"""

import argparse
import collections
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile

from recording_proxy import recording_proxy

MODULE = "golang.org/x/vulndb"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Between them: several modules, goos, goarch, no packages, custom ranges, the go command, withdrawn, not reviewed.
SAMPLES = ["GO-2021-0223", "GO-2022-0187", "GO-2022-0318", "GO-2022-0617", "GO-2024-2687", "GO-2024-2979", "GO-2026-4864"]
FACTS = ["schema_version", "id", "modified", "withdrawn", "aliases", "affected"]
CARGO = ["cargo", "run", "--quiet", "--locked", "--example", "vulndb", "--"]


def run(command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def download(version):
    answer = json.loads(run(["go", "mod", "download", "-json", f"{MODULE}@{version}"]))
    return answer["Version"], os.path.join(answer["Dir"], "data", "osv"), answer["Sum"]


def table_path():
    return os.path.join(ROOT, "crates", "vuln", "src", "database", "builtin.bin")


def date_of(version):
    time = version.split("-")[1]
    return datetime.datetime.strptime(time, "%Y%m%d%H%M%S").strftime("%Y-%m-%dT%H:%M:%SZ")


def official(folder):
    """The same lines that the example prints, out of the documents, by an independent reading."""
    entries, blocks = [], []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            document = json.load(file)
        status = document.get("database_specific", {}).get("review_status")
        entries.append(
            {
                "id": document["id"],
                # Some documents name one alias twice.
                "aliases": list(dict.fromkeys(document.get("aliases") or [])),
                "review": "Reviewed" if status == "REVIEWED" else "Unreviewed",
                "withdrawn": "withdrawn" in document,
            }
        )
        for affected in document["affected"]:
            if affected["package"]["ecosystem"] != "Go":
                continue
            go = affected.get("ecosystem_specific") or {}
            blocks.append(
                {
                    "entry": document["id"],
                    "module": affected["package"]["name"],
                    "ranges": affected.get("ranges") or [],
                    "custom_ranges": go.get("custom_ranges") or [],
                    "versions": affected.get("versions") or [],
                    "packages": [
                        {
                            "path": package["path"],
                            "goos": package.get("goos") or [],
                            "goarch": package.get("goarch") or [],
                            "symbols": sorted(set(package.get("symbols") or [])),
                        }
                        for package in go.get("imports") or []
                    ],
                }
            )
    return entries, blocks


def counts(entries, blocks):
    packages = [package for block in blocks for package in block["packages"]]
    return {
        "entries": len(entries),
        "reviewed": sum(entry["review"] == "Reviewed" for entry in entries),
        "withdrawn": sum(entry["withdrawn"] for entry in entries),
        "affected": len(blocks),
        "stdlib": sum(block["module"] == "stdlib" for block in blocks),
        "toolchain": sum(block["module"] == "toolchain" for block in blocks),
        "custom ranges": sum(len(block["custom_ranges"]) for block in blocks),
        "packages": len(packages),
        "packages with symbols": sum(bool(package["symbols"]) for package in packages),
        "symbols": sum(len(package["symbols"]) for package in packages),
        "packages with goos": sum(bool(package["goos"]) for package in packages),
        "packages with goarch": sum(bool(package["goarch"]) for package in packages),
        "CVE": sum(alias.startswith("CVE-") for entry in entries for alias in entry["aliases"]),
        "GHSA": sum(alias.startswith("GHSA-") for entry in entries for alias in entry["aliases"]),
    }


def samples(version):
    version, folder, _ = download(version)
    target = os.path.join(ROOT, "testdata", "vulndb")
    os.makedirs(target, exist_ok=True)
    for name in SAMPLES:
        with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
            document = json.load(file)
        kept = {key: document[key] for key in FACTS if key in document}
        kept["database_specific"] = {"review_status": document["database_specific"]["review_status"]}
        with open(os.path.join(target, f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
            file.write("\n")
    print(f"wrote {len(SAMPLES)} documents of {MODULE}@{version} into {target}")


def sums():
    """Updates a database through a proxy that records what the checksum database answers."""
    target = os.path.join(ROOT, "testdata", "goproxy")
    program = os.path.join(ROOT, "target", "debug", "gospect")
    with recording_proxy("go", target, lambda path: path.startswith("/sumdb/")) as proxy, tempfile.TemporaryDirectory() as cache:
        subprocess.run([program, "db", "update", "--cache", cache], env=dict(os.environ, GOPROXY=proxy), check=True)
    print(f"recorded into {target}")


def before_the_fix(affected):
    """A version that the entry affects: that before the highest fix, or the newest."""
    fixes = [event["fixed"] for found in affected.get("ranges") or [] for event in found["events"] if "fixed" in event]
    if not fixes:
        return "latest"
    return f"<v{fixes[-1]}"


def kinds_in(folder):
    """What each name is that the Go files of a package declare at the top, as gofmt writes them."""
    kinds = collections.defaultdict(set)
    for name in os.listdir(folder):
        if not name.endswith(".go") or name.endswith("_test.go"):
            continue
        block = None
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            for line in file:
                opened = re.match(r"(var|const|type) \($", line)
                block = opened.group(1) if opened else None if line.startswith(")") else block
                declared = re.match(r"(func|var|const|type) (\w+(?:, \w+)*)", line)
                grouped = re.match(r"\t(\w+(?:, \w+)*)", line) if block else None
                if declared:
                    kind, names = declared.groups()
                elif grouped:
                    kind, names = block, grouped.group(1)
                else:
                    continue
                for one in names.split(", "):
                    kinds[one].add(kind)
    return kinds


def kinds(ids, version):
    """Prints each symbol without a type that is not only a function in the source of its module."""
    _, folder, _ = download(version)
    for name in ids:
        with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
            document = json.load(file)
        for affected in document["affected"]:
            module = affected["package"]["name"]
            imports = (affected.get("ecosystem_specific") or {}).get("imports") or []
            wanted = [(package["path"], symbol) for package in imports for symbol in package.get("symbols") or [] if "." not in symbol]
            if not wanted:
                continue
            if module in ("stdlib", "toolchain"):
                root = os.path.join(run(["go", "env", "GOROOT"]).strip(), "src")
                folder_of = lambda path, root=root: os.path.join(root, path)
            else:
                answer = subprocess.run(["go", "mod", "download", "-json", f"{module}@{before_the_fix(affected)}"], cwd=tempfile.gettempdir(), stdout=subprocess.PIPE, text=True)
                root = json.loads(answer.stdout).get("Dir")
                folder_of = lambda path, root=root, module=module: os.path.join(root or "", path[len(module):].lstrip("/"))
            for path, symbol in wanted:
                folder_of_package = folder_of(path)
                found = kinds_in(folder_of_package)[symbol] if root and os.path.isdir(folder_of_package) else {"unknown"}
                if found != {"func"}:
                    print(f"{name} {path} {symbol}: {', '.join(sorted(found)) or 'not there'}")


def check(version):
    lines = [json.loads(line) for line in run(CARGO + ["print"]).splitlines()]
    about, rest = lines[0], lines[1:]
    ours = [line for line in rest if "id" in line], [line for line in rest if "entry" in line]
    if version is None:
        version = about["source"].split("@")[1]
    version, folder, _ = download(version)
    theirs = official(folder)
    bad = 0
    for what, mine, official_lines in zip(("entry", "affected"), ours, theirs):
        left = [collections.Counter(json.dumps(line, sort_keys=True) for line in lines) for lines in (mine, official_lines)]
        for side, lines in (("only in the table", left[0] - left[1]), ("missing in the table", left[1] - left[0])):
            bad += sum(lines.values())
            for line in list(lines)[:5]:
                print(f"{what} {side}: {line[:300]}")
    if about != {"source": f"{MODULE}@{version}", "date": date_of(version)}:
        print(f"the table says that it is of {about}")
        bad += 1
    print(f"{MODULE}@{version}, {os.path.getsize(table_path())} bytes")
    for name, number in counts(*ours).items():
        print(f"  {number:6} {name}")
    print(f"{bad} differences from the documents")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--samples", action="store_true")
    parser.add_argument("--sums", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--kinds", nargs="+", metavar="ID")
    parser.add_argument("version", nargs="?")
    args = parser.parse_args()
    if not (args.write or args.check or args.samples or args.sums or args.kinds):
        parser.error("say --write, --samples, --sums, --kinds or --check")
    if args.write:
        version, folder, checksum = download(args.version or "latest")
        run(CARGO + ["compile", folder, f"{MODULE}@{version}", date_of(version), table_path()])
        print(f"wrote {table_path()} from {MODULE}@{version} {checksum}")
    if args.samples:
        samples(args.version or "latest")
    if args.sums:
        sums()
    if args.kinds:
        kinds(args.kinds, args.version or "latest")
    return 1 if args.check and check(args.version) else 0


if __name__ == "__main__":
    sys.exit(main())
