#!/usr/bin/env python3
"""Compare the packages that gospect reads from function tables with the linker's own symbols.

usage: check-packages.py GOSPECT [--go GO --gopath DIR] PROGRAM...

Every PROGRAM is a Go program without a list of modules, such as those of a Linux distribution that builds in GOPATH mode.  For each, the
bill of materials must say that its dependencies are unknown, mark every component that no record names as read from the function table,
and give none of them a version.

With --go and --gopath, a twin of each program whose main package lies in DIR/src is built in GOPATH mode with its symbols.  Packages
are told from `go tool nm` of the twin with the import paths of `go list -deps`, so not by the names alone:
  * every package in the bill of the twin, and of its stripped copy, is one that the go command linked;
  * every package with code of its own by nm is in the bill, vendored ones by the path that they are imported by;
  * packages that nm does not show have been inlined away, and are counted.
The bill of PROGRAM itself is compared with the same lists; packages on one side only are counted, because versions may differ.

Exit code 1 when a check fails, 3 when nothing could be checked.
"""
import json, os, re, subprocess, sys, tempfile

FUNCTION_TABLE = "function table"
problems = []


def run(*args, **kwargs):
    return subprocess.run(args, capture_output=True, text=True, **kwargs)


def bill(gospect, path, form="cyclonedx"):
    out = run(gospect, "sbom", "--format", form, path)
    if out.returncode != 0:
        problems.append(f"{path}: sbom: exit {out.returncode}: {out.stderr.strip()}")
        return {}
    return json.loads(out.stdout)


def values(component, name):
    return [p["value"] for p in component.get("properties", []) if p["name"] == name]


def read(gospect, path):
    """Packages outside the standard library, components, and the main package; checks the marks on the way."""
    made = bill(gospect, path)
    packages, components, main = set(), [], None
    def wrong(text):
        problems.append(f"{path}: {text}")
    if [c["aggregate"] for c in made.get("compositions", [])] != ["unknown"]:
        wrong(f"compositions are {made.get('compositions')}")
    for c in made.get("components", []):
        packages.update(values(c, "gospect:package"))
        if c["type"] == "application":
            main = (values(c, "gospect:main_package") or [None])[0]
            if not values(c, "gospect:modules"):
                wrong("the program does not say that its modules are unknown")
        elif c["name"] != "stdlib":
            components.append(c["name"])
            ways = [m["value"] for i in c["evidence"]["identity"] for m in i["methods"]]
            if ways != [FUNCTION_TABLE]:
                wrong(f"{c['name']}: evidence is {ways}")
            if "version" in c or "@" in c.get("purl", ""):
                wrong(f"{c['name']}: has a version")
    spdx = bill(gospect, path, "spdx")
    libraries = [p for p in spdx.get("packages", []) if p["primaryPackagePurpose"] == "LIBRARY" and p["name"] != "stdlib"]
    if sorted(p["name"] for p in libraries) != sorted(components):
        wrong("SPDX has other components than CycloneDX")
    for p in libraries:
        notes = [a["comment"] for a in p.get("annotations", [])]
        if f"gospect:evidence: {FUNCTION_TABLE}" not in notes or "versionInfo" in p:
            wrong(f"SPDX: {p['name']} is not marked, or has a version")
    return packages, components, main


def unvendored(path):
    rest = path.rsplit("/vendor/", 1)[-1]
    # A copy of a standard-library package keeps its path.
    return rest if "." in rest.split("/")[0] else path


def twin(go, gopath, main, out):
    env = dict(os.environ, GO111MODULE="off", GOPATH=gopath, GOFLAGS="", GOTOOLCHAIN="local", GOENV="off")
    built = run(go, "build", "-o", out, main, env=env)
    if built.returncode:
        return None
    listed = run(go, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", main, env=env).stdout.split()
    # The linker escapes dots in the last element; package main is named main.
    names = {}
    for path in listed:
        head, _, tail = path.rpartition("/")
        names[(head + "/" if head else "") + tail.replace(".", "%2e")] = path
    shown = set()
    for line in run(go, "tool", "nm", out, env=env).stdout.splitlines():
        match = re.match(r"\s*[0-9a-f]+ +[tT] (.*)", line)
        if not match:
            continue
        symbol = match[1]
        # The longest prefix that ends before a dot and is a package of this build.
        cut = re.split(r"[\[(]", symbol, maxsplit=1)[0] if not symbol.startswith(("type:", "go:")) else ""
        found = [cut[:dot.start()] for dot in re.finditer(r"\.", symbol) if dot.start() <= len(cut) and cut[:dot.start()] in names]
        if found:
            shown.add(names[found[0]])
    own = {path for path in listed if path == main}
    return {unvendored(p) for p in listed} - own, {unvendored(p) for p in shown} - own


def main():
    args = sys.argv[1:]
    options = {}
    for name in ("--go", "--gopath"):
        if name in args:
            at = args.index(name)
            options[name] = args[at + 1]
            del args[at:at + 2]
    if len(args) < 2:
        sys.exit(__doc__)
    gospect, programs = args[0], args[1:]
    rows = []
    for path in programs:
        packages, components, main = read(gospect, path)
        row = dict(program=os.path.basename(path), packages=len(packages), components=len(components), twin=None)
        source = os.path.join(options.get("--gopath", "/nonexistent"), "src", main or "")
        if main and "--go" in options and os.path.isdir(source):
            with tempfile.TemporaryDirectory() as work:
                out = f"{work}/twin"
                lists = twin(options["--go"], options["--gopath"], main, out)
                if lists:
                    linked, shown = lists
                    run("strip", "-o", f"{out}-s", out)
                    for file in (out, f"{out}-s"):
                        have, _, _ = read(gospect, file)
                        if have - linked:
                            problems.append(f"twin of {path}: not linked: {sorted(have - linked)}")
                        if shown - have:
                            problems.append(f"twin of {path}: missing: {sorted(shown - have)}")
                    row.update(twin=len(have), nm=len(shown), inlined=len(have - shown),
                               only_here=len(packages - linked), only_twin=len(shown - packages))
        rows.append(row)
    width = max(len(r["program"]) for r in rows)
    print(f"{'program':{width}}  packages  components  twin  by nm  inlined  only here  only in twin")
    for r in rows:
        rest = "     -" if r["twin"] is None else f"{r['twin']:6}{r['nm']:7}{r['inlined']:9}{r['only_here']:11}{r['only_twin']:14}"
        print(f"{r['program']:{width}}{r['packages']:10}{r['components']:12}{rest}")
    checked = [r for r in rows if r["twin"] is not None]
    print(f"{len(rows)} programs, {sum(r['packages'] for r in rows)} packages in {sum(r['components'] for r in rows)} components; "
          f"{len(checked)} twins, {sum(r['twin'] for r in checked)} packages, {sum(r['inlined'] for r in checked)} of them inlined away")
    for problem in problems:
        print("WRONG", problem)
    sys.exit(1 if problems else 0)


main()
