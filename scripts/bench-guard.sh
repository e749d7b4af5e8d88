#!/bin/sh
# Compares two builds of gospect by the instructions that they execute, which other work on the machine does not change.
#
#   scripts/bench-guard.sh [--bound PERCENT] [--only CASE,...] OLD NEW
#   scripts/bench-guard.sh --write FIGURES PROGRAM
#
# OLD and NEW are programs, or files of figures that --write made. Each case below runs once over the stored programs of testdata, under
# callgrind, on one thread; a case that takes too many instructions runs once more, and the smaller count is taken. Prints a table. Exit code 1: a case
# takes more than PERCENT (default 3) more instructions. Exit code 2: nothing was compared, and why.
# Figures depend on the compiler, the C library and the counter, which their first line names. Against figures of others the script only prints
# the table. The processor does not count: valgrind shows every program the same one, with or without
# AVX2. benches/guard.tsv holds the figures of the main branch. After an intended loss, or a change of a stored program, renew it with
#   cargo build --profile guard --locked --bin gospect && scripts/bench-guard.sh --write benches/guard.tsv target/guard/gospect
# Needs Python 3, and valgrind unless both sides are figures.
command -v python3 >/dev/null || { echo "bench-guard: needs python3" >&2; exit 2; }
GOSPECT_ROOT=$(cd "$(dirname "$0")/.." && pwd) exec python3 - "$@" <<'PYTHON'
import argparse, os, pathlib, platform, re, shutil, subprocess, sys, tarfile, tempfile

ROOT = pathlib.Path(os.environ["GOSPECT_ROOT"])
FIXTURES = ROOT / "testdata" / "fixtures"
LEAD = "# instructions; "
BUILD = "cargo build --profile guard --locked --bin gospect"
# Name, stored programs that it reads (archive and name; None: all of the archive), arguments. `{}` is the file or the folder of them.
CASES = [
    ("start", None, None, ["--help"]),
    ("version of one program", "amd64", "1.27-linux-amd64-strip", ["version", "-m", "{}"]),
    ("build info of one program", "amd64", "1.27-linux-amd64-strip", ["scan", "--facts", "build-info", "{}"]),
    ("facts of one program", "amd64", "1.27-linux-amd64-strip", ["scan", "--format", "json", "{}"]),
    ("facts, with debug information of C", "debug", "1.27-linux-amd64-c-dwarf4", ["scan", "--format", "json", "{}"]),
    ("facts, without list of modules", "gopath", "1.27-linux-amd64-gopath", ["scan", "--format", "json", "{}"]),
    ("facts, position-independent", "amd64", "1.27-linux-amd64-pie-external", ["scan", "--format", "json", "{}"]),
    ("facts, PE", "ages", "1.19-windows-amd64-strip", ["scan", "--format", "json", "{}"]),
    ("facts, Mach-O", "arm64", "1.27-darwin-arm64-w", ["scan", "--format", "json", "{}"]),
    ("facts, WebAssembly", "wasm", "1.27-wasip1-wasm-strip", ["scan", "--format", "json", "{}"]),
    ("packed program of another language", "../packed", "upx-5.21-lzma-arm", ["scan", "--facts", "build-info", "{}"]),
    ("folder of 40 programs, build info", "amd64", None, ["scan", "--facts", "build-info", "--format", "ndjson", "{}"]),
    ("audit of 10 programs", "versions", None, ["audit", "--format", "json", "{}"]),
    ("vulnerabilities of one program", "literals", "1.26-linux-amd64-literals", ["vuln", "--cache", "off", "--format", "json", "{}"]),
    ("archive of 10 programs", "versions", "versions.tar.xz", ["scan", "--facts", "build-info", "--format", "ndjson", "{}"]),
]


def fail(why):
    print("bench-guard: " + why, file=sys.stderr)
    sys.exit(2)


def first_line_of(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "?"


def made_with(program):
    """What the figures of a program depend on besides its source."""
    compiler = re.search(rb"rustc version [0-9.]+[^ \0]*", pathlib.Path(program).read_bytes())
    compiler = compiler[0].decode() if compiler else first_line_of(["rustc", "-V"])
    try:
        vectors = "avx2" if " avx2 " in pathlib.Path("/proc/cpuinfo").read_text() else "no avx2"
    except OSError:
        vectors = "?"
    return "; ".join([compiler, " ".join(platform.libc_ver()), first_line_of(["valgrind", "--version"]), platform.machine(), vectors])


def unpack(folder):
    """The stored programs that the cases read."""
    for archive in sorted({case[1] for case in CASES if case[1] and case[1] != "../packed"}):
        packed = FIXTURES / (archive + ".tar.xz")
        (folder / archive).mkdir()
        with tarfile.open(packed) as tar:
            tar.extractall(folder / archive, filter="fully_trusted")
        shutil.copy(packed, folder)


def target(folder, archive, name):
    if archive == "../packed":
        return str(FIXTURES / archive / name)
    if name and name.endswith(".tar.xz"):
        return str(folder / name)
    return str(folder / archive / (name or ""))


def count(program, case, folder):
    """Instructions of one run. The environment is the same for all, because its size is read as well."""
    _, archive, name, arguments = case
    command = [a.replace("{}", target(folder, archive, name)) if archive else a for a in arguments]
    if command[0] in ("scan", "audit", "vuln"):
        command += ["--jobs", "1"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "NO_COLOR": "1", "TZ": "UTC"}
    run = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(pathlib.Path(program).resolve()), *command]
    try:
        done = subprocess.run(run, env=environment, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300)
    except subprocess.TimeoutExpired:
        fail(f"{case[0]}: not done after 5 minutes")
    found = re.search(r"Collected : (\d+)", done.stderr)
    if not found or done.returncode not in (0, 1):
        fail(f"{case[0]}: {' '.join(command)} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    return int(found[1])


class Side:
    """One build: a program, or figures that were written of one."""

    def __init__(self, path, folder):
        self.path, self.folder, self.figures = path, folder, None
        # What makes these figures anew.
        self.renewal = f"{BUILD} && scripts/bench-guard.sh --write {path} target/guard/gospect"
        if not os.path.isfile(path):
            fail(f"{path}: no such file")
        with open(path, "rb") as file:
            head = file.read(len(LEAD)).decode(errors="replace")
        if head == LEAD:
            lines = pathlib.Path(path).read_text().splitlines()
            self.maker = lines[0].removeprefix(LEAD)
            rows = [line.split("\t") for line in lines[1:] if line.strip()]
            if any(len(row) != 2 or not row[1].isdigit() for row in rows):
                fail(f"{path}: not two columns, a case and its instructions")
            self.figures = {name: int(figure) for name, figure in rows}
        elif not os.access(path, os.X_OK):
            fail(f"{path}: neither a program nor figures that --write made")
        else:
            self.maker = made_with(path)

    def count(self, case):
        if self.figures is None:
            return count(self.path, case, self.folder)
        return self.figures.get(case[0])


parser = argparse.ArgumentParser(prog="bench-guard.sh")
parser.add_argument("--bound", type=float, default=3)
parser.add_argument("--only", default="")
parser.add_argument("--write", metavar="FIGURES")
parser.add_argument("builds", nargs="+", metavar="OLD NEW")
options = parser.parse_args()
if len(options.builds) != (1 if options.write else 2):
    parser.error("two builds are compared; --write takes one")
only = [name for name in options.only.split(",") if name]
cases = [case for case in CASES if not only or case[0] in only]
if not cases:
    fail("--only names no case; there are: " + ", ".join(case[0] for case in CASES))

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    sides = [Side(path, folder) for path in options.builds]
    if any(side.figures is None for side in sides):
        if not shutil.which("valgrind"):
            fail("needs valgrind, which counts the instructions")
        unpack(folder)
    if options.write:
        rows = [f"{case[0]}\t{sides[0].count(case)}" for case in cases]
        pathlib.Path(options.write).write_text("\n".join([LEAD + sides[0].maker, *rows]) + "\n")
        sys.exit(0)
    old, new = sides
    comparable = old.maker == new.maker
    print("| case | old | new | change |\n|---|---|---|---|")
    lost, gained, missing, compared = [], [], [], 0
    for case in cases:
        before, after = old.count(case), new.count(case)
        if before is None and after is None:
            continue
        if before is None or after is None:
            missing.append(case[0])
            print(f"| {case[0]} | {before or '-'} | {after or '-'} | not counted |")
            continue
        compared += 1
        change = (after / before - 1) * 100
        if change > options.bound and comparable:
            before, after = max(before, old.count(case)), min(after, new.count(case))
            change = (after / before - 1) * 100
        if change > options.bound:
            lost.append(f"{case[0]} ({change:+.1f} %)")
        elif change < -options.bound:
            gained.append(case[0])
        print(f"| {case[0]} | {before / 1e6:.2f} M | {after / 1e6:.2f} M | {change:+.1f} % |")
    if not compared:
        fail("no case is counted on both sides")
    if missing:
        print(f"\nnot in the figures, renew them: {', '.join(missing)}")
        if old.figures is not None:
            print(f"  {old.renewal}")
    if not comparable:
        print(f"\nnothing is refused, because the figures were not made alike:\n  old: {old.maker}\n  new: {new.maker}")
    elif lost:
        print(f"\nmore than {options.bound:g} % lost: {', '.join(lost)}")
        if old.figures is not None:
            print(f"if that is meant, or a stored program has changed, renew the figures in the same commit:\n  {old.renewal}")
        sys.exit(1)
    if gained and comparable:
        print(f"\ngained, renew the figures to keep it: {', '.join(gained)}")
        if old.figures is not None:
            print(f"  {old.renewal}")
PYTHON
