#!/usr/bin/env python3
"""Compare what gospect says of GOROOT with what make-goroot-matrix.py recorded, on every program of the matrix.

usage: check-goroot.py GOSPECT MATRIX-DIR [--bare]

--bare: ELF files lose their section table first, and every symbol table is forgotten with it.
Exits 1 and names each row that differs; a row is value, trimmed, linked, runtime answer.
"""
import json, os, struct, subprocess, sys, tempfile

BATCH = 40


def without_sections(data):
    """An ELF file whose header names no section table, the table itself zeroed."""
    data = bytearray(data)
    order = ">" if data[5] == 2 else "<"
    wide = data[4] == 2
    at, size, counts = (0x28, "Q", 0x3A) if wide else (0x20, "I", 0x2E)
    (table,) = struct.unpack_from(order + size, data, at)
    length, number, _ = struct.unpack_from(order + "HHH", data, counts)
    data[table : table + length * number] = bytes(length * number)
    struct.pack_into(order + size, data, at, 0)
    struct.pack_into(order + "HHH", data, counts, 0, 0, 0)
    return bytes(data)


def want(row):
    value = row["goroot"]
    linked = row["goroot_linked"]
    trimmed = "-trimpath" in row["flags"]
    return {
        "value": None if trimmed else value,
        "trimmed": trimmed,
        "linked": linked,
        "runtime": None if not linked else ("" if trimmed else value),
    }


def answers(gospect, paths):
    out = subprocess.run([gospect, "scan", "--format", "ndjson", *paths], stdout=subprocess.PIPE, check=False).stdout
    found = {}
    for line in out.splitlines():
        record = json.loads(line)
        if "goroot" in record:
            found[os.path.basename(record["path"])] = record["goroot"]
    return found


def main():
    args = [a for a in sys.argv[1:] if a != "--bare"]
    if len(args) != 2:
        sys.exit(__doc__)
    gospect, matrix = args
    rows = [json.loads(line) for line in open(f"{matrix}/matrix.jsonl")]
    bare = "--bare" in sys.argv
    bad = checked = 0
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        with tempfile.TemporaryDirectory() as scratch:
            paths = []
            for row in batch:
                path = f"{matrix}/bin/{row['id']}"
                if bare:
                    data = open(path, "rb").read()
                    if data[:4] != b"\x7fELF":
                        continue
                    path = f"{scratch}/{row['id']}"
                    open(path, "wb").write(without_sections(data))
                paths.append(path)
            found = answers(gospect, paths) if paths else {}
            for row in batch:
                if bare and f"{scratch}/{row['id']}" not in paths:
                    continue
                checked += 1
                got = found.get(row["id"]) or {}
                expected = want(row)
                if row["goroot_linked"] is None:
                    # Without a symbol table (wasm), only the paths can be compared.
                    del expected["linked"], expected["runtime"]
                got = {key: got.get(key) for key in expected}
                if got != expected:
                    bad += 1
                    print(f"{row['id']}: want {expected}, got {got}")
    print(f"{checked - bad} of {checked} right")
    sys.exit(bad > 0)


main()
