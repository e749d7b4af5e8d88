#!/usr/bin/env python3
"""Measures four sets of files with scripts/bench-peers.sh and writes the tables of docs/performance.md.

  scripts/bench-docs.py [--runs N] [--gospect FILE] --large DIR --ordinary DIR --mixed DIR --tree DIR

Each directory is one kind of set: large programs in one folder, ordinary programs, files of all kinds, and a system tree. A kind that is not given
keeps its table in docs/performance.md, and the first table is left as it is. Run it on a quiet machine; four sets take some minutes with 15 runs.

  scripts/bench-docs.py --read OUTPUT --large DIR ...   take what bench-peers.sh printed before instead of measuring
  scripts/bench-docs.py --sets DIR CORPUS DEBIAN        make the first three sets as folders of hard links: programs of 32 MB and more, what
                                                        Debian packages put into bin and sbin, and the files of ../shared/corpus/dev.tsv

Tables stand between `<!-- bench-docs KIND -->` and `<!-- end -->`. Needs Python 3, GNU time for the memory, and `go` in PATH.
"""
import argparse
import datetime
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = {
    "large": "large programs in one folder",
    "ordinary": "ordinary programs",
    "mixed": "files of all kinds",
    "tree": "a system tree",
}
ROWS = {
    "go version -m": "`go version -m`",
    "gospect --facts build-info": "`gospect scan --facts build-info`",
    "gospect (full facts)": "`gospect scan` (everything)",
}


def fail(why):
    sys.exit("bench-docs: " + why)


def make_sets(folder, corpus, debian):
    """Hard links, so that they cost no space and are on one file system with their files."""
    sets = {kind: folder / kind for kind in ("large", "ordinary", "mixed")}
    for path in sets.values():
        path.mkdir(parents=True)
    programs = [p for p in sorted(debian.rglob("*")) if p.is_file() and not p.is_symlink() and p.parent.name in ("bin", "sbin")]
    files = [p for p in sorted(corpus.rglob("*")) if p.is_file() and not p.is_symlink() and ".work" not in p.parts]
    chosen = {"ordinary": programs, "mixed": files, "large": [p for p in files + programs if p.stat().st_size >= 32_000_000]}
    for kind, paths in chosen.items():
        for number, path in enumerate(paths):
            os.link(path, sets[kind] / f"{number:03}-{path.name}")
        print(f"--{kind} {sets[kind]}: {len(paths)} files")


def measured(text):
    """The tables of bench-peers.sh by directory: the line about the files, and the rows by tool."""
    tables = {}
    for block in re.split(r"\n(?=\S.*: \d+ files, )", text)[1:]:
        head, *lines = block.splitlines()
        directory, about = head.rsplit(": ", 1)
        rows = [line for line in lines if line.startswith("|") and "| not installed |" not in line]
        tables[directory] = (about, rows)
    return text.splitlines()[0].replace("; ?;", ";"), tables


def replace(path, kind, body):
    text = path.read_text()
    found = re.search(rf"(<!-- bench-docs {kind} -->\n).*?(<!-- end -->)", text, re.S)
    if not found:
        fail(f"{path} has no place for {kind}")
    path.write_text(text[: found.end(1)] + body + text[found.start(2) :])


def cells(rows, tool):
    for row in rows:
        columns = [column.strip() for column in row.strip("|").split("|")]
        if columns[0] == tool:
            return columns
    return None


def glance(tables, given):
    """One column for each kind: median and peak memory."""
    heads = [f"{KINDS[kind]}: {tables[path][0].split(', ')[0]}, {tables[path][0].split(', ')[1]}" for kind, path in given.items()]
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for tool, shown in ROWS.items():
        row = [cells(tables[path][1], tool) for path in given.values()]
        lines.append(f"| {shown} | " + " | ".join(f"{c[1]}, {c[4]}" if c and c[4] else "-" for c in row) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(prog="bench-docs.py")
    parser.add_argument("--runs", default="15")
    parser.add_argument("--gospect", default=str(ROOT / "target/release/gospect"))
    parser.add_argument("--read", metavar="OUTPUT", type=pathlib.Path)
    parser.add_argument("--root", metavar="DIR", type=pathlib.Path, default=ROOT, help="where docs is")
    parser.add_argument("--sets", metavar=("DIR", "CORPUS", "DEBIAN"), nargs=3, type=pathlib.Path)
    for kind, what in KINDS.items():
        parser.add_argument("--" + kind, metavar="DIR", help=what)
    options = parser.parse_args()
    if options.sets:
        return make_sets(*options.sets)
    given = {kind: getattr(options, kind) for kind in KINDS if getattr(options, kind)}
    if not given:
        parser.error("no set is given")
    if options.read:
        text = options.read.read_text()
    else:
        command = [ROOT / "scripts/bench-peers.sh", "--runs", options.runs, "--gospect", options.gospect, *given.values()]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            fail("bench-peers.sh has failed")
        text = done.stdout
    how, tables = measured(text)
    for kind, path in given.items():
        if path not in tables:
            fail(f"nothing was measured for {path}")
        about, rows = tables[path]
        today = datetime.date.today()
        lead = f"{about}. {today.day} {today:%B %Y}; {how}:\n\n"
        replace(options.root / "docs/performance.md", kind, lead + "\n".join(rows) + "\n")
    if set(given) == set(KINDS):
        replace(options.root / "docs/performance.md", "sets", glance(tables, given))
    print(text, end="")


main()
