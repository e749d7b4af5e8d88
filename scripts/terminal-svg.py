#!/usr/bin/env python3
"""Draws what gospect prints as a picture: docs/terminal.svg, in the colours of the reader's theme, as text that can be selected.

usage: terminal-svg.py GOSPECT [PICTURE]

Runs GOSPECT on programs of testdata/fixtures, of which one has an edited build info, and writes the picture to PICTURE or standard output.
"""
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Name in the picture, group and fixture.
PROGRAMS = [
    ("dist/agent.exe", "amd64", "1.27-windows-amd64-gui"),
    ("dist/app", "amd64", "1.27-linux-amd64-hello-strip"),
    ("dist/server", "amd64", "1.27-linux-amd64-vcs-tagged"),
    ("dist/worker", "rules", "1.27-linux-amd64-x-secret"),
]
EDITED = "dist/server"
COMMANDS = [["dist/"], ["audit", "--summary", "dist/"]]
TODAY = "2026-11-22"  # the day by which `audit` judges, so that the picture stays the same

CLASSES = {"1": "b", "2": "f", "31": "r", "32": "g", "33": "y", "35": "y", "36": "c", "1;31": "b r", "1;32": "b g", "1;33": "b y"}
WIDTH, HEIGHT, MARGIN = 7.8, 18, 16  # of a letter, of a line, around the text
STYLE = """text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1b1f26;white-space:pre}
rect{fill:#f5f6f8;stroke:#d5d9e0}.b{font-weight:700}.f{fill:#566070}.r{fill:#b3261e}.g{fill:#23733a}.y{fill:#8f5a00}.c{fill:#3c6eb4}
@media(prefers-color-scheme:dark){text{fill:#e4e7ec}rect{fill:#14171c;stroke:#353b46}.f{fill:#9aa4b4}.r{fill:#f2857d}.g{fill:#5cba78}.y{fill:#e0aa45}.c{fill:#6ea0e6}}"""


def stage(folder):
    """Writes the programs; one states another Go release in its build info than it was built with."""
    (folder / "dist").mkdir()
    for name, group, fixture in PROGRAMS:
        with tarfile.open(ROOT / f"testdata/fixtures/{group}.tar.xz") as archive:
            program = archive.extractfile(fixture).read()
        if name == EDITED:
            at = program.index(b"go1.27.3", program.index(b"\xff Go buildinf:"))
            program = program[:at] + b"go1.27.9" + program[at + 8:]
        (folder / name).write_bytes(program)


def run(gospect, folder, arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GO") and key not in ("NO_COLOR", "CLICOLOR", "COLUMNS")}
    environment["FORCE_COLOR"] = "1"
    today = ["--today", TODAY] if arguments[0] == "audit" else []
    result = subprocess.run([gospect, *arguments, *today], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode not in (0, 1) or result.stderr:
        sys.exit(f"gospect {' '.join(arguments)}: exit code {result.returncode}\n{result.stderr}")
    return result.stdout.rstrip("\n").split("\n")


def spans(line):
    """The texts of a line with the classes of their colours."""
    codes, parts = [], []
    for piece in re.split(r"(\x1b\[[\d;]*m)", line):
        if piece.startswith("\x1b["):
            code = piece[2:-1]
            codes = [] if code in ("", "0") else [*codes, code]
        elif piece:
            unknown = [code for code in codes if code not in CLASSES]
            if unknown:
                sys.exit(f"the picture has no colour for {unknown}")
            parts.append((" ".join(dict.fromkeys(" ".join(CLASSES[code] for code in codes).split())), piece))
    return parts


def draw(lines):
    width = max(sum(len(text) for _, text in parts) for parts in lines)
    size = (round(width * WIDTH + 2 * MARGIN), len(lines) * HEIGHT + 2 * MARGIN)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="gospect lists four programs, and finds that one states another Go release than it was built with">',
           f"<style>{STYLE}</style>", f'<rect x=".5" y=".5" width="{size[0] - 1}" height="{size[1] - 1}" rx="8"/>']
    for number, parts in enumerate(lines):
        letters = sum(len(text) for _, text in parts)
        if letters:
            inside = "".join(f'<tspan class="{name}">{escape(text)}</tspan>' if name else escape(text) for name, text in parts)
            out.append(f'<text x="{MARGIN}" y="{MARGIN + number * HEIGHT + 13}" textLength="{letters * WIDTH:.1f}" xml:space="preserve">{inside}</text>')
    return "\n".join([*out, "</svg>", ""])


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    gospect = str(pathlib.Path(sys.argv[1]).resolve())
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        stage(pathlib.Path(folder))
        for arguments in COMMANDS:
            lines += [[]] if lines else []
            lines.append([("f", "$ "), ("b", "gospect " + " ".join(arguments))])
            lines += [spans(line) for line in run(gospect, folder, arguments)]
    picture = draw(lines)
    if len(sys.argv) == 3:
        pathlib.Path(sys.argv[2]).write_text(picture, encoding="utf-8")
    else:
        sys.stdout.write(picture)


main()
