#!/usr/bin/env python3
"""Build several hundred tiny programs that differ in where their GOROOT is kept, for checks outside the repository.

usage: make-goroot-matrix.py OUTDIR GOROOT...

Writes OUTDIR/bin/<id> and OUTDIR/matrix.jsonl, rows as in testdata/fixtures/manifest.jsonl: every release given, on
several ports, plain, -s -w, -trimpath, both, and PIE, calling runtime.GOROOT() or not.  Finished ids are skipped on a
rerun.  For the paths of toolchains and work directories see make-fixtures.py.
"""
import importlib.machinery, importlib.util, json, os, sys

if len(sys.argv) < 3:
    sys.exit(__doc__)
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("fixtures", f"{os.path.dirname(os.path.realpath(__file__))}/make-fixtures.py")
fx = importlib.util.module_from_spec(importlib.util.spec_from_loader("fixtures", loader))
loader.exec_module(fx)
fx.BIN = f"{fx.OUT}/bin"
os.makedirs(fx.BIN, exist_ok=True)

FLAGS = {"plain": [], "strip": [fx.S], "trimpath": [fx.T], "trimstrip": [fx.T, fx.S]}
PIE = {"pie": ["-buildmode=pie"], "pie-strip": ["-buildmode=pie", fx.S], "pie-trimstrip": ["-buildmode=pie", fx.T, fx.S]}
COMMON = ["windows/amd64", "darwin/arm64", "linux/arm64"]
# One further port for every release, and all of these for the newest.
MORE = ["linux/386", "linux/mips", "linux/s390x", "linux/ppc64le", "windows/386", "darwin/amd64", "linux/riscv64", "freebsd/amd64"]
ONLY_NEW = ["linux/arm", "linux/mips64le", "linux/loong64", "windows/arm64", "aix/ppc64", "plan9/386", "plan9/amd64", "plan9/arm",
            "js/wasm", "wasip1/wasm", "netbsd/arm64", "openbsd/amd64", "android/arm64"]


def rows():
    for n, go in enumerate(sorted(fx.ROOTS, key=lambda v: int(v.split(".")[1]))):
        ports = [*COMMON, MORE[n % len(MORE)]]
        if go == fx.NEW:
            ports = [*COMMON, *MORE, *ONLY_NEW]
        for port in ["linux/amd64", *ports]:
            kinds = dict(FLAGS)
            if port in ("linux/amd64", "linux/arm64"):
                kinds |= PIE
            for name, flags in kinds.items():
                for program in ("goroot", "hello"):
                    fx.add("matrix", f"{name}-{program}", go, program, *flags, port=port)
        for name, flags in FLAGS.items():
            fx.add("matrix", f"{name}-final", go, "goroot", *flags, goroot=final(go, flags), GOROOT_FINAL="/usr/lib/go final")
            fx.add("matrix", f"{name}-fmt", go, "selfinfo", *flags)
    return fx.ROWS


def final(go, flags):
    """GOROOT_FINAL sets the path up to Go 1.22 and is ignored from 1.23."""
    if fx.T in flags:
        return ""
    return "/usr/lib/go final" if int(go.split(".")[1]) <= 22 else None


def main():
    fx.programs()
    path = f"{fx.OUT}/matrix.jsonl"
    have = {json.loads(line)["id"] for line in open(path)} if os.path.exists(path) else set()
    with open(path, "a") as out:
        for row in rows():
            if row["id"] not in have:
                out.write(json.dumps(fx.build(row), sort_keys=True) + "\n")
                out.flush()
                print("built", row["id"], flush=True)


main()
