#!/usr/bin/env python3
"""Keeps the tables in crates/knowledge/src true to Go.

    scripts/knowledge.py [--write] GOROOT...

Reads the source tree of every GOROOT (one for each minor release) and asks its go command, then compares with the
tables: which GODEBUG settings exist, how the runtime and internal/godebugs know them, their defaults and removals;
which experiments exist and which are on, for every port; which FIPS 140 modules are shipped. Prints every difference
and exits 1 when there is one. --write copies the trees' facts into the tables; texts written by people stay as they
are, and a new name gets an empty text that the crate's tests then ask for. Needs nothing but Python and the trees.
"""
import glob
import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "knowledge")
# Names in comments, tests and examples of the trees that are not settings.
NOT_SETTINGS = {"name", "key", "foo"}
# Settings that no pattern below finds, because Go parses them by hand or they are a whole family. Their rows are kept by hand.
BY_HAND = {"cpu.*", "memprofilerate", "pagetrace", "fuzzseed", "quiclogpackets", "countertrace",
           "gocachehash", "gocachetest", "gocacheverify"}


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def without_comments(text):
    return re.sub(r"^\s*//.*$", "", text, flags=re.M)


def sources(root):
    for folder, folders, files in os.walk(os.path.realpath(os.path.join(root, "src"))):
        folders[:] = [d for d in folders if d not in ("testdata", "test")]
        for name in files:
            if name.endswith(".go") and not name.endswith("_test.go"):
                yield os.path.join(folder, name)


def go(root, *args, **env):
    full = dict(os.environ, GOROOT=root, GOTOOLCHAIN="local", GOENV="off", GOFLAGS="", GOWORK="off", CGO_ENABLED="0", **env)
    full.pop("GOEXPERIMENT", None)
    return subprocess.run([os.path.join(root, "bin", "go"), *args], env=full, check=True, capture_output=True, text=True,
                          cwd=os.path.join(root, "src")).stdout


def version(root):
    text = read(os.path.join(root, "VERSION")).split("\n")[0].strip()
    found = re.match(r"go1\.(\d+)(?:\.(\d+))?", text)
    if not found:
        sys.exit(f"{root}: VERSION says {text!r}, which is no release")
    return int(found.group(1)), text[2:]


def godebug_of(root):
    """Settings by name, with what the tree says about each."""
    settings = {}

    def at(name):
        return settings.setdefault(name, {"listed": False, "runtime": False, "changed": None, "opaque": False, "immutable": False})

    for path in sources(root):
        text = read(path)
        if "godebug" not in text and "GODEBUG" not in text:
            continue
        text = without_comments(text)
        for name in re.findall(r'godebug\.(?:New|Value|Get)\("#?([a-z0-9]+)"\)', text):
            at(name)
        if "GODEBUG" in text:
            for name in re.findall(r'Contains\(e, "([a-z0-9]+)=', text):
                at(name)
    runtime = without_comments(read(os.path.join(root, "src/runtime/runtime1.go")))
    numbers = {m[0]: int(m[1]) for m in re.findall(r'debug\.([A-Za-z]+) = (\d+)\b', runtime.split("parsegodebug(godebugDefault")[0])}
    for entry in re.findall(r'^\t\{(?:name: )?("[a-z0-9]+", .*)\},$', runtime, re.M):
        name = re.match(r'"([a-z0-9]+)"', entry).group(1)
        default = re.search(r"def: (\d+)", entry)
        at(name)["runtime"] = True
        at(name)["default"] = int(default.group(1)) if default else numbers.get(name, 0)
    table = without_comments(read(os.path.join(root, "src/internal/godebugs/table.go")))
    for line in re.findall(r'^\t\{(Name: .*Package: .*)\},', table, re.M):
        one = at(re.search(r'Name: "([^"]+)"', line).group(1))
        changed, old = re.search(r"Changed: (\d+)", line), re.search(r'Old: "([^"]*)"', line)
        one.update(listed=True, opaque="Opaque: true" in line, immutable="Immutable: true" in line,
                   package=re.search(r'Package: "([^"]+)"', line).group(1),
                   changed=(int(changed.group(1)), old.group(1)) if changed else None)
    removed = {m[0]: int(m[1]) for m in re.findall(r'\{Name: "([^"]+)", Removed: (\d+)', table)}
    enforced = re.findall(r'\{Name: "([^"]+)", Removed: \d+, Old: (.*)\},', table)
    old_values = {}
    for name, predicate in enforced:
        old_values[name] = {"zero": ["0"], "one": ["1"]}.get(predicate) or re.findall(r's == "([^"]*)"', predicate)
    return {n: s for n, s in settings.items() if n not in NOT_SETTINGS}, removed, old_values


def experiments_of(root):
    """Experiments that the tree knows, and for each the ports on which it is on by default."""
    flags = without_comments(read(os.path.join(root, "src/internal/goexperiment/flags.go")))
    names = [n.lower() for n in re.findall(r"^\t([A-Z]\w*)\s+bool", flags, re.M)]
    ports = go(root, "tool", "dist", "list").split()
    on = {}
    for port in ports:
        goos, goarch = port.split("/")
        tags = go(root, "list", "-f", "{{context.ToolTags}}", "runtime", GOOS=goos, GOARCH=goarch)
        for name in re.findall(r"goexperiment\.(\w+)", tags):
            on.setdefault(name, set()).add((goos, goarch))
    text = without_comments(read(os.path.join(root, "src/internal/buildcfg/exp.go")))
    forced = re.findall(r'case ([^:]*):\s*regabiAlwaysOn = true', text)
    return names, set(tuple(p.split("/")) for p in ports), on, sorted(re.findall(r'"(\w+)"', forced[0]) if forced else [])


def fips_of(root):
    folder = os.path.join(root, "lib/fips140")
    zips = {}
    for path in glob.glob(os.path.join(folder, "*.zip")):
        with open(path, "rb") as f:
            zips[os.path.basename(path)[:-4]] = hashlib.sha256(f.read()).hexdigest()
    aliases = {os.path.basename(p)[:-4]: read(p).strip() for p in glob.glob(os.path.join(folder, "*.txt"))}
    return zips, aliases


class Check:
    def __init__(self):
        self.differences = 0

    def same(self, what, table, tree):
        if table != tree:
            self.differences += 1
            print(f"{what}: the table says {table!r}, the tree {tree!r}")
        return tree


def member(values, minor, there):
    """The sorted list with the minor release added or removed."""
    return sorted(set(values) - {minor} | ({minor} if there else set()))


def check_godebug(check, data, minor, release, root):
    settings, removed, old_values = godebug_of(root)
    rows = {row["name"]: row for row in data["settings"]}
    data["trees"][str(minor)] = release
    for name in sorted(set(settings) | set(rows)):
        tree = settings.get(name)
        if name not in rows:
            rows[name] = {"name": name, "package": tree.get("package", ""), "known": [], "acts": [], "risk": "none", "what": "", "cost": ""}
        row, what = rows[name], f"1.{minor} {name}"
        if name not in BY_HAND:
            row["known"] = member(row["known"], minor, check.same(what + " exists", minor in row["known"], tree is not None))
        tree = tree or {}
        listed = bool(tree.get("listed"))
        row["listed"] = member(row.get("listed", []), minor, check.same(what + " listed", minor in row.get("listed", []), listed))
        if name not in BY_HAND:
            runtime = bool(tree.get("runtime"))
            row["runtime"] = member(row.get("runtime", []), minor, check.same(what + " in the runtime", minor in row.get("runtime", []), runtime))
            if runtime and name != "traceadvanceperiod":
                default = next((v for m, v in reversed(row.get("default", [])) if m <= minor), 0)
                if check.same(what + " default", default, tree["default"]) != default:
                    row["default"] = sorted([d for d in row.get("default", []) if d[0] != minor] + [[minor, tree["default"]]])
        changed = next(((c[0], c[1]) for c in row.get("changed", []) if minor in c[2]), None)
        if check.same(what + " change of default", changed, tree.get("changed")) != changed:
            for c in row.setdefault("changed", []):
                c[2] = member(c[2], minor, (c[0], c[1]) == tree.get("changed"))
            if tree.get("changed") and not any((c[0], c[1]) == tree["changed"] for c in row["changed"]):
                row["changed"].append([*tree["changed"], [minor]])
            row["changed"] = [c for c in row["changed"] if c[2]]
        if listed:
            for flag in ("opaque", "immutable"):
                # A later flag counts for the setting; only the newest tree decides.
                if str(minor) == max(data["trees"], key=int):
                    row[flag] = check.same(f"{what} {flag}", row.get(flag, False), tree[flag])
        if name in removed:
            row["removed"] = check.same(what + " removed", row.get("removed"), removed[name])
        if name in old_values:
            row["old_values"] = check.same(what + " old values", row.get("old_values"), old_values[name])
    data["settings"] = [rows[name] for name in sorted(rows)]


def check_experiments(check, data, minor, release, root):
    names, ports, on, forced = experiments_of(root)
    data["trees"][str(minor)] = release
    rows = {row["name"]: row for row in data["experiments"]}
    data["regabi_forced"][str(minor)] = check.same(f"1.{minor} regabi forced", sorted(data["regabi_forced"].get(str(minor), [])), forced)
    for name in list(rows) + [n for n in names if n not in rows]:
        row = rows.setdefault(name, {"name": name, "known": [], "what": ""})
        row["known"] = member(row["known"], minor, check.same(f"1.{minor} {name} exists", minor in row["known"], name in names))
        table = {p for o in row.get("on", []) if minor in o["minors"] for p in ports
                 if p[1] in o.get("goarch", [p[1]]) and p[0] not in o.get("except_goos", [])}
        tree = on.get(name, set())
        if check.same(f"1.{minor} {name} on", sorted(table), sorted(tree)) != sorted(table):
            for o in row.setdefault("on", []):
                o["minors"] = member(o["minors"], minor, False)
            row["on"] = [o for o in row["on"] if o["minors"]]
            if tree:
                where = {"minors": [minor]}
                arches, systems = {p[1] for p in tree}, {p[0] for p in ports} - {p[0] for p in tree}
                if systems:
                    where["except_goos"] = sorted(systems)
                if arches != {p[1] for p in ports if p[0] not in systems}:
                    where["goarch"] = sorted(arches)
                row["on"].append(where)
    data["experiments"] = list(rows.values())


def check_fips(check, data, minor, release, root):
    zips, aliases = fips_of(root)
    if not zips:
        return
    data["trees"][str(minor)] = release
    data["aliases"][str(minor)] = check.same(f"1.{minor} FIPS aliases", data["aliases"].get(str(minor), {}), aliases)
    rows = {m["version"]: m for m in data["modules"]}
    for name in sorted(set(zips) | set(rows)):
        row = rows.setdefault(name, {"version": name, "minors": [], "sha256": zips.get(name)})
        row["minors"] = member(row["minors"], minor, check.same(f"1.{minor} FIPS {name}", minor in row["minors"], name in zips))
        if name in zips:
            row["sha256"] = check.same(f"FIPS {name} sha256", row["sha256"], zips[name])
    data["modules"] = list(rows.values())


def load(name):
    return json.loads(read(os.path.join(HERE, name)))


def store(name, data):
    """Writes one row on each line, so that a change shows as one line."""
    parts = []
    for key, value in data.items():
        if isinstance(value, list):
            rows = ",\n".join("  " + json.dumps({k: v for k, v in row.items() if v not in ([], None, False, "")}, ensure_ascii=False)
                              for row in value)
            parts.append(f" {json.dumps(key)}: [\n{rows}\n ]")
        elif value and all(isinstance(v, dict) for v in value.values()):
            rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            parts.append(f" {json.dumps(key)}: {{\n{rows}\n }}")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(parts) + "\n}\n")


def main(args):
    write = "--write" in args
    roots = [a for a in args if not a.startswith("-")]
    if not roots:
        sys.exit(__doc__)
    check = Check()
    tables = {name: load(name) for name in ("godebug.json", "goexperiment.json", "fips140.json")}
    for minor, release, root in sorted((*version(r), os.path.abspath(r)) for r in roots):
        check_godebug(check, tables["godebug.json"], minor, release, root)
        check_experiments(check, tables["goexperiment.json"], minor, release, root)
        check_fips(check, tables["fips140.json"], minor, release, root)
        print(f"looked at {release}")
    if write:
        for name, data in tables.items():
            store(name, data)
    print(f"{check.differences} differences" + (", taken over" if write and check.differences else ""))
    return 1 if check.differences and not write else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
