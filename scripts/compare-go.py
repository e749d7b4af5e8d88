#!/usr/bin/env python3
"""Damages stored Go programs at random and compares what `go version -m` and `gospect version -m` say about them.

usage: scripts/compare-go.py GOSPECT GO [ROUNDS [SEED]]

GO is a `go` command of the newest release. Both get the same file; output, exit code and messages must be the same. A
file that Go refuses and gospect can read is no difference: that is promised for files named on the command line.
"""
import json, os, pathlib, random, subprocess, sys, tarfile, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "testdata/fixtures"
MAGIC = b"\xff Go buildinf:"


def programs(rng, count):
    ids = [json.loads(line) for line in (FIXTURES / "manifest.jsonl").read_text().splitlines()]
    wanted = {r["id"] for r in rng.sample(ids, min(count, len(ids)))}
    for group in sorted({r["group"] for r in ids}):
        with tarfile.open(FIXTURES / f"{group}.tar.xz") as tar:
            for member in tar:
                if member.isfile() and os.path.basename(member.name) in wanted:
                    yield os.path.basename(member.name), tar.extractfile(member).read()


def damage(data, rng):
    data = bytearray(data)
    at = data.find(MAGIC)
    places = [(0, 64), (0, 1024), (max(at, 0), 48), (max(at, 0), 400), (max(0, len(data) - 4096), 4096), (0, len(data))]
    start, length = rng.choice(places)
    for _ in range(rng.randint(1, 4)):
        i = min(start + rng.randrange(length), len(data) - 1)
        kind = rng.randrange(4)
        if kind == 0:
            data[i] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[i] = rng.choice([0, 1, 0x7f, 0x80, 0xff])
        elif kind == 2:
            data[i:i + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80"])
        elif rng.random() < 0.3:
            del data[max(i, 64):]
    return bytes(data)


def main():
    gospect, go = map(os.path.abspath, sys.argv[1:3])
    rounds, seed = (int(a) for a in (sys.argv[3:5] + ["300", "1"][len(sys.argv[3:5]):]))
    rng = random.Random(seed)
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOENV": "off"}
    different = same = read = 0
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "x")
        chosen = list(programs(rng, 24))
        for n in range(rounds):
            name, data = rng.choice(chosen)
            with open(path, "wb") as f:
                f.write(damage(data, rng))
            os.chmod(path, 0o755)
            for flags in (["-m"], ["-m", "-json"])[:1 + n % 2]:
                theirs = subprocess.run([go, "version", *flags, path], capture_output=True, env=env)
                ours = subprocess.run([gospect, "version", *flags, path], capture_output=True, env=env)
                a, b = ((r.returncode, r.stdout, r.stderr) for r in (theirs, ours))
                if a == b:
                    same += 1
                elif theirs.returncode and not ours.returncode:
                    read += 1
                else:
                    different += 1
                    kept = f"/tmp/compare-go-{seed}-{n}"
                    with open(path, "rb") as f, open(kept, "wb") as k:
                        k.write(f.read())
                    print(f"{name} round {n} {flags}: kept as {kept}\n  go:      {a}\n  gospect: {b}"[:1500])
    print(f"{same} the same, {read} read by gospect alone, {different} different")
    return different > 0


sys.exit(main())
