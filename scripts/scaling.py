#!/usr/bin/env python3
"""Time and peak memory of gospect as the work grows: files, size of a file, size of an archive, layers of an image, threads.

usage: scaling.py [--gospect FILE] [--runs N] [--svg FILE] PROGRAM [LARGER...]

PROGRAM is any Go program; everything is made from it in a temporary directory (about 3 GB), on the file system of TMPDIR. The
others are real programs of other sizes, for the rows on the size of a file. Prints a Markdown table; --svg also draws it. A row
is a median of N runs (default 5) after one run that warms the cache and measures peak memory (GNU time), with --facts build-info
unless it says full. `per unit` shows what is linear: it stays the same or falls.
"""
import argparse, gzip, hashlib, io, json, os, statistics, subprocess, sys, tarfile, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("--gospect", default=os.path.join(os.path.dirname(__file__), "../target/release/gospect"))
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--svg")
parser.add_argument("programs", nargs="+", metavar="PROGRAM")
options = parser.parse_args()
program = open(options.programs[0], "rb").read()


def measure(*arguments):
    """Median wall milliseconds and peak in MB."""
    command = [options.gospect, "scan", "--format", "ndjson", *arguments]
    with tempfile.NamedTemporaryFile("r") as report:
        # Not from wait4, which counts the pages that this script had when it forked for the child.
        timed = ["/usr/bin/time", "-f", "%M", "-o", report.name, *command]
        done = subprocess.run(timed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            sys.exit(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
        peak = int(report.read().split()[-1]) / 1024
    walls = []
    for _ in range(options.runs):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        walls.append((time.perf_counter() - start) * 1e3)
    return statistics.median(walls), peak


def tar_of(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def files(base, n):
    for i in range(n):
        folder = f"{base}/{n}/{i // 200}"
        os.makedirs(folder, exist_ok=True)
        if i % 200 == 0:
            open(f"{folder}/app", "wb").write(program)
        else:
            open(f"{folder}/{i}", "wb").write(b"text\n" * (100 if i % 10 else 5000))
    return [f"{base}/{n}"]


def file_size(_, megabytes):
    return [min(options.programs, key=lambda p: abs(os.path.getsize(p) - megabytes * 1e6))]


def archive(base, megabytes):
    path = f"{base}/archive-{megabytes}.tar.gz"
    noise = bytes((i * i * 2654435761 >> 11) & 0x3F for i in range(1 << 20))
    entries = [(f"doc/{i}", noise) for i in range(megabytes)] + [("bin/app", program)]
    open(path, "wb").write(gzip.compress(tar_of(entries), 1))
    return [path]


def layers(base, n):
    root = f"{base}/image-{n}"
    os.makedirs(f"{root}/blobs/sha256")

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        open(f"{root}/blobs/sha256/{digest}", "wb").write(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    stack, sums = [], []
    for i in range(n):
        tar = tar_of([(f"opt/{i}/app", program + bytes([i])), (f"opt/{i}/text", b"text\n" * 100_000)])
        sums.append(f"sha256:{hashlib.sha256(tar).hexdigest()}")
        stack.append(blob(gzip.compress(tar, 1), "layer.v1.tar+gzip"))
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": sums}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "config.v1+json"),
        "layers": stack,
    }
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    json.dump({"schemaVersion": 2, "manifests": [entry]}, open(f"{root}/index.json", "w"))
    json.dump({"imageLayoutVersion": "1.0.0"}, open(f"{root}/oci-layout", "w"))
    return [f"oci-dir:{root}"]


def threads(base, n):
    path = f"{base}/programs"
    if not os.path.exists(path):
        os.makedirs(path)
        for i in range(400):
            open(f"{path}/{i}", "wb").write(program)
    return ["--jobs", str(n), path]


QUICK = ["--facts", "build-info"]
SIZES = sorted(round(os.path.getsize(p) / 1e6, 1) for p in options.programs)
SERIES = [
    ("files in a tree", files, [1000, 4000, 16000, 64000], QUICK),
    ("size of a program, MB", file_size, SIZES, QUICK),
    ("size of a program, MB, full facts", file_size, SIZES, []),
    ("size of a tar.gz, MB", archive, [16, 64, 256, 512], QUICK),
    ("layers of an image", layers, [4, 16, 64, 100], QUICK),
    ("threads, 400 programs, full facts", threads, [1, 2, 4, 8], []),
]


def draw(results, path):
    """Draws time against size, both from zero, in one small plot for each series: linear growth is a straight line."""
    width, height, gap = 250, 150, 60
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * (width + gap) + gap} {2 * (height + 80) + 20}" '
           'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>']
    for i, (name, points) in enumerate(results):
        x0, y0 = gap + i % 3 * (width + gap), 30 + i // 3 * (height + 80) + height
        most, slowest = max(p[0] for p in points), max(p[1] for p in points)
        place = [(x0 + p[0] / most * width, y0 - p[1] / slowest * height) for p in points]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in place)
        out.append(f'<path d="M{x0},{y0 - height}V{y0}H{x0 + width}" fill="none" stroke="#888"/>'
                   f'<polyline points="{line}" fill="none" stroke="#0a6" stroke-width="2"/>')
        out += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="#0a6"/>' for x, y in place]
        out.append(f'<text x="{x0}" y="{y0 - height - 10}" font-weight="bold">{name}</text>'
                   f'<text x="{x0 + width}" y="{y0 + 16}" text-anchor="end">{most}</text>'
                   f'<text x="{x0 - 4}" y="{y0 - height + 8}" text-anchor="end">{slowest:.0f} ms</text>')
    open(path, "w").write("\n".join(out) + "\n</svg>\n")


results = []
print("| what grows | to | wall, median | peak memory | per unit |")
print("|---|---|---|---|---|")
for name, make, sizes, flags in SERIES:
    points = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as base:
            wall, peak = measure(*flags, *make(base, size))
        points.append((size, wall))
        print(f"| {name} | {size} | {wall:.1f} ms | {peak:.0f} MB | {wall / size * 1e3:.1f} µs |", flush=True)
    results.append((name, points))
if options.svg:
    draw(results, options.svg)
