#!/usr/bin/env python3
"""Asks trivy's and grype's own code whether they dismiss exactly the findings that our VEX documents say are not affected.

    scripts/check-vex.py [--gospect PROGRAM] [--work DIR] [--images] PROGRAM...

The readers in scripts/vex-readers are built with Go from the modules of both scanners (by way of GOPROXY; about five minutes of CPU time). Every
program is asked about as a file, by OpenVEX (trivy, grype) and by CycloneDX for our own bill (trivy). With --images each is also put into an image
that a registry on this machine serves (`docker-registry` and `skopeo` must be installed), and asked about by OpenVEX.

A reader gets every finding of all levels by the ID that it uses itself (the CVE, or else the GHSA), with the module and version that are linked.
What it dismisses must be what the document says is not affected, no more and no less.
"""

import argparse
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
READERS = {
    "trivy": ("github.com/aquasecurity/trivy", "v0.74.0"),
    "grype": ("github.com/anchore/grype", "v0.121.3"),
}
REGISTRY = "127.0.0.1:5077"
# What trivy says of a program that it cannot read.
UNREADABLE = "unrecognized executable format"


def build(name, work):
    """The reader of a scanner, built once for a folder."""
    module, version = READERS[name]
    folder = work / name
    program = folder / "reader"
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "go.mod").write_text("module reader\n\ngo 1.26\n")
    for part in (f"{name}.go", "common.go"):
        shutil.copy(HERE / "vex-readers" / part, folder / part)
    go = lambda *args: subprocess.run(["go", *args], cwd=folder, check=True, env={**os.environ, "GOFLAGS": ""})
    go("get", f"{module}@{version}")
    go("mod", "tidy")
    go("build", "-ldflags=-s -w", "-o", "reader", ".")
    return program


def ask(program, question):
    done = subprocess.run([program], input=json.dumps(question), capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        why = said[-1] if said else f"exit code {done.returncode}"
        if UNREADABLE in why:
            return None
        sys.exit(f"{program}: {why}")
    return json.loads(done.stdout)


def common(finding):
    """The ID that other scanners use."""
    for start in ("CVE-", "GHSA-"):
        for alias in finding["aliases"]:
            if alias.startswith(start):
                return alias
    return finding["id"]


def gospect(args, *rest):
    rest = [*rest, "--quiet", "--cache", "off", "--insecure-http"]
    done = subprocess.run([args.gospect, *rest], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"gospect {' '.join(rest)}: {done.stderr.strip()}")
    return done.stdout


def judged(args, target):
    """The findings of all programs of a target, those that are not affected, by the IDs of other scanners, and whether the program has a main module."""
    programs = json.loads(gospect(args, "vuln", "--format", "json", target))["programs"]
    findings, absent, present = [], set(), set()
    for program in programs:
        for finding in program["findings"]:
            row = (common(finding), finding["module"])
            (absent if finding["absent"] else present).add(row)
            findings.append({"id": row[0], "module": row[1], "version": finding["version"]})
    return findings, absent - present, absent & present, all(program["main_module"] for program in programs)


def compare(what, answer, findings, absent, ambiguous, failures):
    if answer is None:
        print(f"  {what}: the scanner cannot read the program")
        return
    taken = {(row[1], row[2]) for row in answer["taken"] or []}
    unlisted = {(row[1], row[2]) for row in answer["unlisted"] or []}
    wanted = absent - unlisted
    wrong = (taken - absent - ambiguous) | (wanted - taken)
    print(f"  {what}: {len(findings)} findings, {len(absent)} not affected, {len(taken)} dismissed, {len(unlisted)} not listed by the scanner"
          + (f", DIFFERENT: {sorted(wrong)[:5]}" if wrong else ""))
    if wrong or (wanted and not taken):
        failures.append(what)


def image(program, folder, name):
    """Puts a program into an image in the registry, and gives its reference and digest."""
    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        path = folder / "blobs" / "sha256" / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(program, arcname=f"usr/bin/{pathlib.Path(program).name}")
    layer = layer.getvalue()
    diff = "sha256:" + hashlib.sha256(layer).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "config": {"Entrypoint": [f"/usr/bin/{pathlib.Path(program).name}"]},
              "rootfs": {"type": "layers", "diff_ids": [diff]}}
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **blob(json.dumps(config).encode())},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **blob(layer)}],
    }
    described = blob(json.dumps(manifest).encode())
    index = {"schemaVersion": 2, "manifests": [{"mediaType": manifest["mediaType"], **described}]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    reference = f"{REGISTRY}/checked/{name}:1.0"
    subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{folder}", f"docker://{reference}"], check=True)
    # The copy may compress the layer, which makes another manifest.
    digest = subprocess.run(["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", f"docker://{reference}"],
                            check=True, capture_output=True, text=True).stdout.strip()
    return reference, digest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gospect", default="target/debug/gospect")
    parser.add_argument("--work", type=pathlib.Path, help="folder for the readers, kept for the next run")
    parser.add_argument("--images", action="store_true")
    parser.add_argument("programs", nargs="+")
    args = parser.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="check-vex."))
    work = args.work or scratch / "readers"
    readers = {name: build(name, work.resolve()) for name in READERS}
    failures = []
    registry = None
    try:
        if args.images:
            config = scratch / "registry.yml"
            config.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {scratch}/registry\nhttp:\n  addr: {REGISTRY}\n")
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            registry = subprocess.Popen(["docker-registry", "serve", str(config)], **quiet)
            time.sleep(2)
        for number, program in enumerate(args.programs):
            print(program)
            findings, absent, ambiguous, is_named = judged(args, program)
            vex = scratch / "openvex.json"
            vex.write_text(gospect(args, "vuln", "--format", "openvex", "--unversioned", program))
            of_program = {"file": program, "target": "usr/bin/subject", "findings": findings}
            question = {"vex": str(vex), "target": f"file:{program}", "programs": [of_program]}
            for name, reader in readers.items():
                if name == "trivy" and not is_named:
                    print("  trivy, OpenVEX, file: no main module is recorded, so trivy has no name for the program")
                    continue
                compare(f"{name}, OpenVEX, file", ask(reader, question), findings, absent, ambiguous, failures)
            bill = scratch / "bill.cdx.json"
            bill.write_text(subprocess.run(
                [args.gospect, "sbom", "--quiet", program], capture_output=True, text=True, check=True).stdout)
            linked = scratch / "vex.cdx.json"
            linked.write_text(gospect(args, "vuln", "--format", "cyclonedx-vex", "--bom", str(bill), program))
            answer = ask(readers["trivy"], {**question, "vex": str(linked), "bill": str(bill)})
            compare("trivy, CycloneDX, bill", answer, findings, absent, ambiguous, failures)
            if not args.images:
                continue
            reference, digest = image(program, scratch / f"image-{number}", f"app{number}")
            target = f"registry:{reference}"
            findings, absent, ambiguous, _ = judged(args, target)
            vex.write_text(gospect(args, "vuln", "--format", "openvex", "--unversioned", target))
            of_program["findings"] = findings
            repository = reference.rsplit(":", 1)[0]
            question = {"vex": str(vex), "target": f"registry:{reference}", "programs": [of_program],
                        "repo_digests": [f"{repository}@{digest}"]}
            for name, reader in readers.items():
                compare(f"{name}, OpenVEX, image", ask(reader, question), findings, absent, ambiguous, failures)
    finally:
        if registry:
            registry.terminate()
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{len(failures)} differences" if failures else "no differences")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
