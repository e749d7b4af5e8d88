#!/usr/bin/env python3
"""Validates SARIF files against the official SARIF 2.1.0 schema.

usage: validate-sarif.py [--schema FILE] SARIF...

Without --schema the OASIS schema is taken from the npm package @microsoft/jest-sarif (`npm pack`, then unpacked into a
temporary folder). Needs the Python package jsonschema. To make a sample: GOSPECT_SAMPLES=DIR cargo test findings
"""
import io
import json
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
MEMBER = "package/lib/schemas/sarif-2.1.0-rtm.5.json"


def official():
    with tempfile.TemporaryDirectory() as folder:
        name = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
        with open(f"{folder}/{name}", "rb") as f, tarfile.open(fileobj=io.BytesIO(f.read())) as tar:
            return json.load(tar.extractfile(MEMBER))


def main(args):
    schema = None
    if args[:1] == ["--schema"]:
        with open(args[1], encoding="utf-8") as f:
            schema = json.load(f)
        args = args[2:]
    if not args:
        sys.exit(__doc__)
    try:
        import jsonschema
    except ImportError:
        sys.exit("needs the Python package jsonschema: pip install jsonschema")
    schema = schema or official()
    validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
    bad = 0
    for path in args:
        with open(path, encoding="utf-8") as f:
            document = json.load(f)
        errors = sorted(validator.iter_errors(document), key=lambda e: list(map(str, e.absolute_path)))
        for e in errors[:20]:
            print(f"{path}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}")
        bad += len(errors)
        print(f"{path}: {len(errors)} errors, {sum(len(r.get('results', [])) for r in document['runs'])} results")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
