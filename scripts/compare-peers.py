#!/usr/bin/env python3
"""Gives the same work to gospect and to other tools, on programs of testdata/fixtures, and prints what each answers as a Markdown table.

usage: compare-peers.py GOSPECT [--write]

With --write it puts the table into docs/comparison.md. Tools are looked for on the search path: go, govulncheck, syft, cyclonedx-gomod, gsa
(go-size-analyzer), capslock, and trivy-list, a program around trivy's library, which this prints the source of with --trivy-list. A tool that is not there is left out of the
table, which says so. Nothing is fetched: the database of vulnerabilities has one entry, made here.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/comparison.md"
BEGIN, END = "<!-- compare-peers.py begin -->", "<!-- compare-peers.py end -->"
TRIVY_LIST = """package main // go get github.com/aquasecurity/trivy/pkg/dependency/parser/golang/binary@v0.74.0 && go build -o trivy-list .

import (
	"context"
	"fmt"
	"os"

	"github.com/aquasecurity/trivy/pkg/dependency/parser/golang/binary"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	packages, _, err := binary.NewParser().Parse(context.Background(), file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, p := range packages {
		fmt.Println(p.Name, p.Version)
	}
}
"""
TOOLS = ["gospect", "go", "govulncheck", "syft", "trivy-list", "cyclonedx-gomod", "gsa", "capslock"]
FIXTURES = {
    "app": ("amd64", "1.27-linux-amd64-deps-strip"),
    "tagged": ("amd64", "1.27-linux-amd64-vcs-tagged"),
    "before": ("capabilities", "1.27-linux-amd64-capable-old"),
    "after": ("capabilities", "1.27-linux-amd64-capable-new"),
}
ENTRY = {
    "schema_version": "1.3.1", "id": "GO-2999-0001", "modified": "2026-11-01T00:00:00Z", "published": "2026-11-01T00:00:00Z",
    "summary": "Made up", "details": "Made up",
    "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.99.0"}]}],
                  "ecosystem_specific": {"imports": [{"path": "runtime", "symbols": ["SetCPUProfile"]}]}}],
    "database_specific": {"url": "https://pkg.go.dev/vuln/GO-2999-0001", "review_status": "REVIEWED"},
}


def stage(folder):
    """Writes the programs, an image and the database."""
    for name, (group, fixture) in FIXTURES.items():
        with tarfile.open(ROOT / f"testdata/fixtures/{group}.tar.xz") as archive:
            (folder / name).write_bytes(archive.extractfile(fixture).read())
    program = (folder / "app").read_bytes()
    at = program.index(b"\xff Go buildinf:")
    version = program.index(b"go1.27.3", at)
    (folder / "edited").write_bytes(program[:version] + b"go1.27.9" + program[version + 8:])
    (folder / "hidden").write_bytes(program[:at] + bytes(14) + program[at + 14:])
    for name in ("edited", "hidden", *FIXTURES):
        (folder / name).chmod(0o755)
    image(folder / "image.tar", program)
    (folder / "osv").mkdir()
    (folder / "osv" / f"{ENTRY['id']}.json").write_text(json.dumps(ENTRY))
    database = {
        "index/db": {"modified": ENTRY["modified"]},
        "index/modules": [{"path": "stdlib", "vulns": [{"id": ENTRY["id"], "modified": ENTRY["modified"], "fixed": "1.99.0"}]}],
        "index/vulns": [{"id": ENTRY["id"], "modified": ENTRY["modified"], "aliases": []}],
        f"ID/{ENTRY['id']}": ENTRY,
    }
    for name, content in database.items():
        path = folder / "db" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))


def image(path, program):
    """An image as `docker save` writes it, with the program in its one layer."""
    def tar(members):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, body in members:
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(body), 0o755
                archive.addfile(member, io.BytesIO(body))
        return out.getvalue()

    layer = tar([("usr/bin/app", program)])
    config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Entrypoint": ["/usr/bin/app"]},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": ["layer/layer.tar"]}]).encode()
    path.write_bytes(tar([("config.json", config), ("layer/layer.tar", layer), ("manifest.json", manifest)]))


def lines(pattern, one, many):
    """Counts the lines that match."""
    def answer(text):
        number = len(set(re.findall(pattern, text, re.M)))
        return f"{number} {one if number == 1 else many}"
    return answer


def first(pattern):
    """The first match, or the first line."""
    def answer(text):
        found = re.search(pattern, text, re.M)
        return f"“{found[0].strip().rstrip(chr(34))}”" if found else f"“{text.strip().splitlines()[0][:80]}”" if text.strip() else "nothing"
    return answer


def components(text):
    """Counts the modules of a CycloneDX bill, those inside of other components too."""
    def modules(parts):
        for part in parts:
            if (part.get("purl") or "").startswith("pkg:golang/"):
                yield part["name"]
            yield from modules(part.get("components") or [])
    try:
        bill = json.loads(text)
    except ValueError:
        return "nothing"
    main = [bill["metadata"]["component"]] if "component" in bill.get("metadata", {}) else []
    return f"{len(set(modules([*main, *(bill.get('components') or [])])))} modules"


def artifacts(text):
    try:
        return f"{len(json.loads(text)['artifacts'])} packages"
    except ValueError:
        return "nothing"


def sizes(text):
    """Packages in the JSON document of go-size-analyzer."""
    def packages(of):
        return sum(1 + packages(p.get("subPackages") or {}) for p in of.values())
    try:
        return f"{packages(json.loads(text)['packages'])} packages, with data"
    except ValueError:
        return "nothing"


GOLANG = ["--override-default-catalogers", "go-module-binary-cataloger"]
MODULES = lines(r"^\t(?:mod|dep)\t\S+", "module", "modules and the Go release")

# For each job: what it is, what to know about it, and for each tool the command (as typed) and how its answer is read.
JOBS = [
    ("list the modules of a stripped program", "", {
        "gospect": (["sbom", "app"], components),
        "go": (["version", "-m", "app"], MODULES),
        "syft": (["scan", "file:app", "-q", "-o", "json", *GOLANG], artifacts),
        "trivy-list": (["app"], lines(r"^\S+ ", "package", "packages")),
        "cyclonedx-gomod": (["bin", "-json", "-std", "app"], components),
    }),
    ("the same after the build info was overwritten", "", {
        "gospect": (["sbom", "hidden"], components),
        "go": (["version", "-m", "hidden"], first("not a Go executable|could not read.*")),
        "syft": (["scan", "file:hidden", "-q", "-o", "json", *GOLANG], artifacts),
        "trivy-list": (["hidden"], first(".+")),
        "cyclonedx-gomod": (["bin", "-json", "-std", "hidden"], first("not a Go.*|[Ff]ailed.*")),
    }),
    ("list the modules of an image", "", {
        "gospect": (["sbom", "image.tar"], components),
        "syft": (["scan", "docker-archive:image.tar", "-q", "-o", "json", *GOLANG], artifacts),
    }),
    ("notice that the record was edited (go1.27.9, built with go1.27.3)", "", {
        "gospect": (["audit", "edited"], first("go-version is recorded.*")),
        "go": (["version", "edited"], first(".+")),
        "syft": (["scan", "file:edited", "-q", "-o", "json", *GOLANG], first(r"go1\.27\.\d")),
        "trivy-list": (["edited"], first("stdlib .+")),
    }),
    ("is a vulnerable function linked? (stripped; it is not)", "", {
        "gospect": (["vuln", "--quiet", "--cache", "off", "--db", "osv", "app"], first("no known vulnerability.*|.*ends.*")),
        "govulncheck": (["-mode=binary", "-db", "file://{db}", "app"], first("Your code is affected by.*|No vulnerabilities found.*")),
    }),
    ("why is `os.StartProcess` in the program?", "", {
        "gospect": (["why", "after", "os.StartProcess"], first(r"^.*main\.main.*")),
    }),
    ("code by package of a stripped program", "", {
        "gospect": (["packages", "--format", "json", "app"], lines(r'"functions": \d+,\s+"bytes"', "package", "packages")),
        "gsa": (["-f", "json", "--compact", "app"], sizes),
    }),
    ("what the new release can do that the old could not", "", {
        "gospect": (["diff", "--capabilities", "before", "after"], first("capability.*EXEC.*|.*can now.*")),
    }),
    ("commands that build the program again", "", {
        "gospect": (["rebuild", "--recipe", "tagged"], first(r'^"\$go" build.*')),
    }),
]
# Why a tool has no answer to a job, where that is worth knowing.
NOTES = {
    ("govulncheck", 4): "it takes every function that the entry names for linked, because the program has no symbols; in the unstripped program it finds none, as gospect does",
    ("capslock", 7): "reads source code, of both releases",
    ("go", 5): "`go mod why` reads source code, and answers for modules and packages",
    ("gsa", 6): "it adds data, and draws a page too; gospect counts code",
    ("syft", 0): "besides the modules of all other ecosystems, which is its purpose",
}


def program(name, gospect):
    return gospect if name == "gospect" else shutil.which(name)


def answer(tool, path, arguments, read, folder):
    arguments = [part.replace("{db}", str(folder / "db")) for part in arguments]
    environment = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "CLICOLOR_FORCE")}
    environment.update(SYFT_CHECK_FOR_APP_UPDATE="false", GOTOOLCHAIN="local")
    result = subprocess.run([path, *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)
    text = re.sub(r"\x1b\[[\d;]*m", "", result.stdout if result.stdout.strip() else result.stderr)
    return read(text).replace(str(folder) + "/", "").replace("|", "\\|")


def versions(found):
    """The version of each tool, in words of its own."""
    asks = {"gospect": ["--version"], "go": ["version"], "govulncheck": ["-version"], "syft": ["--version"], "cyclonedx-gomod": ["version"], "gsa": ["--version"]}
    texts = []
    for tool, path in found.items():
        if tool == "trivy-list":
            texts.append("trivy's library v0.74.0")
        elif tool in asks:
            text = subprocess.run([path, *asks[tool]], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False).stdout
            version = re.search(r"(?<=govulncheck@)v[\d.]+|v?\d+\.\d+\.\d+", text if tool != "govulncheck" else text[text.find("govulncheck@"):])
            texts.append(f"{tool} {version[0] if version else ''}".strip())
        else:
            texts.append(tool)
    return texts


def main():
    arguments = sys.argv[1:]
    if arguments == ["--trivy-list"]:
        print(TRIVY_LIST, end="")
        return
    if not arguments:
        sys.exit(__doc__)
    gospect = str(pathlib.Path(arguments[0]).resolve())
    found = {tool: path for tool in TOOLS if (path := program(tool, gospect))}
    out = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        stage(folder)
        for number, (job, _, tools) in enumerate(JOBS):
            out += ["", f"**{job[0].upper()}{job[1:]}**", "", "| tool | command | answer |", "|---|---|---|"]
            for tool in TOOLS:
                note = NOTES.get((tool, number), "")
                if tool in tools and tool in found:
                    command, read = tools[tool]
                    text = answer(tool, found[tool], command, read, folder)
                    shown = " ".join([tool, *command]).replace("file://{db}", "file:///path/to/db")
                    out.append(f"| {tool} | `{shown}` | {text}{'; ' + note if note else ''} |")
                elif note and tool in found:
                    out.append(f"| {tool} | | {note} |")
    missing = [tool for tool in TOOLS if tool not in found]
    out = [f"Made by `scripts/compare-peers.py`, with {', '.join(versions(found))}." + (f" Not installed: {', '.join(missing)}." if missing else ""), *out]
    text = "\n".join(out) + "\n"
    if "--write" in arguments:
        page = PAGE.read_text()
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
    else:
        print(text, end="")


main()
