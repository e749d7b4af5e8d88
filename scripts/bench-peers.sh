#!/bin/sh
# Times gospect, `go version -m` and syft on the same directories, taking turns, and prints one table.
#
#   scripts/bench-peers.sh [--runs N] [--timeout SECONDS] [--gospect FILE] DIR...
#
# Every tool runs once for its peak memory (which also warms the cache), then N times (default 5), one tool after the
# other in each round, so that other load on the machine meets all of them. A tool that is not installed, or that takes
# longer than the timeout (default 120 s), is left out with the reason. The floor is this script opening every file of
# 16 KiB and more and reading its first 8 KiB, in one thread, without the walk.
# Nothing is downloaded. Needs Python 3.
command -v python3 >/dev/null || { echo "bench-peers: needs python3" >&2; exit 2; }
GOSPECT_ROOT=$(cd "$(dirname "$0")/.." && pwd) exec python3 - "$@" <<'PYTHON'
import argparse, os, shutil, signal, statistics, subprocess, sys, tempfile, threading, time

parser = argparse.ArgumentParser(prog="bench-peers.sh")
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--timeout", type=float, default=120)
parser.add_argument("--gospect", default=os.path.join(os.environ["GOSPECT_ROOT"], "target/release/gospect"))
parser.add_argument("dirs", nargs="+", metavar="DIR")
options = parser.parse_args()

SMALLEST = 16 << 10  # gospect's --min-size
HEAD = 8 << 10
FLOOR = "floor: open, read 8 KiB"


def large_files(root):
    """Paths of the files that gospect opens in a walk, and how many files and bytes there are in all."""
    files = size = 0
    large, todo = [], [root]
    while todo:
        try:
            entries = list(os.scandir(todo.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                todo.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                length = entry.stat(follow_symlinks=False).st_size
                files, size = files + 1, size + length
                if length >= SMALLEST:
                    large.append(entry.path)
    return large, files, size


def floor(paths):
    for path in paths:
        try:
            fd = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        os.pread(fd, HEAD, 0)
        os.close(fd)


def run(command):
    """Wall and CPU seconds of one run; None when it takes too long."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True, env={**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false", "GOTOOLCHAIN": "local"})
    # A blocking wait gives the exact end; a timer ends a run that takes too long.
    timer = threading.Timer(options.timeout, lambda: os.killpg(child.pid, signal.SIGKILL))
    timer.start()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    timer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    if os.WIFSIGNALED(status):
        return None
    return wall, usage.ru_utime + usage.ru_stime


def peak_memory(command):
    """Peak resident memory of one run as text, by GNU time: a child of this script would count Python's own pages."""
    with tempfile.NamedTemporaryFile("r") as report:
        done = run(["/usr/bin/time", "-f", "%M", "-o", report.name, *command]) if os.path.isfile("/usr/bin/time") else run(command)
        kilobytes = report.read().split()
    return done and (f"{int(kilobytes[-1]) / 1024:.0f} MB" if kilobytes else "no /usr/bin/time")


def version(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "?"


def tools(directory):
    gospect, go, syft = options.gospect, shutil.which("go"), shutil.which("syft")
    rows = [
        ("go version -m", go, [go, "version", "-m", directory]),
        ("gospect --facts build-info", gospect, [gospect, "scan", "-q", "--no-archives", "--facts", "build-info", "--format", "ndjson", directory]),
        ("gospect (full facts)", gospect, [gospect, "scan", "-q", "--no-archives", "--format", "ndjson", directory]),
        ("syft (Go binaries only)", syft, [syft, "scan", "-q", "-o", "json", "--override-default-catalogers", "go-module-binary-cataloger", "dir:" + directory]),
    ]
    for name, program, command in rows:
        found = program and (shutil.which(program) or os.path.isfile(program))
        yield name, command if found else None


if not os.path.isfile(options.gospect):
    sys.exit(f"bench-peers: no {options.gospect}; build it with `cargo build --release`, or say --gospect FILE")
print(f"{version([options.gospect, '--version'])}; {version(['go', 'version'])}; {version(['syft', '--version'])}; "
      f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; medians of {options.runs} alternating runs, warm cache\n")
for directory in options.dirs:
    if not os.path.isdir(directory):
        sys.exit(f"bench-peers: {directory} is not a directory")
    large, files, size = large_files(directory)
    commands, skipped, times, memory = {}, {}, {FLOOR: []}, {}
    for name, command in tools(directory):
        if command is None:
            skipped[name] = "not installed"
        elif (peak := peak_memory(command)) is None:
            skipped[name] = f"not done after {options.timeout:.0f} s"
        else:
            commands[name], times[name], memory[name] = command, [], peak
    for _ in range(options.runs):
        start, cpu = time.perf_counter(), time.process_time()
        floor(large)
        times[FLOOR].append((time.perf_counter() - start, time.process_time() - cpu))
        for name, command in commands.items():
            if measured := run(command):
                times[name].append(measured)
    print(f"{directory}: {files} files, {size / 1e6:.0f} MB, {len(large)} of 16 KiB and more\n")
    print("| tool | wall, median | wall, range | CPU | peak memory | speed, `go version -m` = 1 |")
    print("|---|---|---|---|---|---|")
    median = {n: statistics.median(t[0] for t in ts) for n, ts in times.items() if ts}
    base = median.get("go version -m")
    for name, runs in times.items():
        if not runs:
            continue
        wall = [r[0] * 1e3 for r in runs]
        cpu = statistics.median(r[1] for r in runs) * 1e3
        speed = base / median[name] if base else None
        ratio = "" if speed is None else f"{speed:.0f}" if speed >= 10 else f"{speed:.2g}"
        print(f"| {name} | {median[name] * 1e3:.1f} ms | {min(wall):.1f}-{max(wall):.1f} | {cpu:.1f} ms | {memory.get(name, '')} | {ratio} |")
    for name, reason in skipped.items():
        print(f"| {name} | {reason} | | | | |")
    print()
PYTHON
