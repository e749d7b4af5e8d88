#!/usr/bin/env python3
"""Writes expensive policies, records and deployment files, doubles each four times, and reports what grows faster than linearly.

usage: scripts/hostile_texts.py GOSPECT [NAME...]

Measures processor time without that of starting: sixteen times the input may take at most GROWTH times as much.
"""
import json, os, resource, subprocess, sys, tempfile

GROWTH, SECONDS = 40, 10
CASES = {}


def case(command, count):
    def note(make):
        CASES[make.__name__] = (command, count, make)
        return make
    return note


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def filled(kept, more):
    """`kept` with the values of `more` instead of its own."""
    both = dict(kept)
    for key, value in more.items():
        both[key] = filled(kept[key], value) if isinstance(value, dict) and isinstance(kept.get(key), dict) else value
    return both


USUAL = {
    "type": "binary", "path": "p", "size": 1, "sha256": None, "go_version": "go1.26.0", "go_version_raw": "go1.26.0", "go_vendor": None, "compiler": "gc", "main_package": "m",
    "location": {"target": "t", "file": "p", "entry": [], "image": None, "layer": None, "visible": None, "started": None, "mode": None, "uid": None, "gid": None, "slice": None, "pid": None},
    "executable": {"format": "elf", "bits": 64, "endian": "little", "os": "linux", "arch": "amd64", "kind": "exe", "go_symbols": True, "debug_info": True, "packed": None, "build_id": "x"},
    "build_info": {"GoVersion": "go1.26.0", "Path": "m", "Main": {"Path": "m"}, "Deps": [], "Settings": []}, "build_info_source": "section", "versions": [],
    "goroot": {"value": None, "trimmed": True, "linked": True, "runtime": "", "origin": None, "evidence": []},
    "experiments": {"setting": None, "suffix": [], "enabled": [], "unknown": [], "loopvar": None, "consistent": True},
    "godebug": {key: None for key in ("recorded", "baked", "environment", "recorded_pairs", "baked_pairs", "environment_pairs", "effective", "language_version")},
    "linker_strings": [], "fips": None, "corroboration": [], "paths": [], "notes": [],
    "linkage": {"static": True, **{key: None for key in ("interpreter", "needed", "rpath", "pie", "relro", "nx", "glibc", "min_os", "signed")}},
}


def record(**more):
    """A line of a record stream."""
    return filled(USUAL, more)


def stream(path, *records):
    run = {"type": "run", "schema": "gospect/1", "tool": {"name": "gospect", "version": "0"}, "knowledge": {"newest_go": "go1.26.0", "date": "2026-01-01"}, "targets": ["t"], "facts": "full"}
    end = {"type": "end", "reach": {"files": 1, "below_min_size": 0, "not_go": 0, "go": len(records), "unexamined": 0, "bytes": 1}, "summary": {"go_versions": {}, "ports": {}, "contradicted": 0, "without_build_info": 0}, "failed": False}
    write(path, "".join(json.dumps(line) + "\n" for line in (run, *records, end)))


AUDIT = ["audit", "--policy", "{d}/policy.toml", "records:{d}/one"]
DIFF = ["diff", "records:{d}/one", "records:{d}/two"]
BILL = ["sbom", "--format", "spdx", "records:{d}/one"]
LINT = ["lint", "-q", "--format", "json", "--go", "1.27", "{d}"]
HTML = ["scan", "--format", "html", "records:{d}/one"]


def policy(d, text):
    write(d + "/policy.toml", text)
    stream(d + "/one", record())


@case(AUDIT, 1000)
def chain_of_profiles(d, n):
    policy(d, 'profile = "p0"\n' + "".join(f'[profiles.p{i}]\nextends = "p{i + 1}"\n' for i in range(n)) + f'[profiles.p{n}]\nextends = "release"\n')


@case(AUDIT, 1000)
def chain_of_profiles_without_end(d, n):
    policy(d, "".join(f'[profiles.p{i}]\nextends = "p{(i + 1) % n}"\n' for i in range(n)))


@case(AUDIT, 1000)
def profiles_that_are_not_there(d, n):
    policy(d, "".join(f'[profiles.p{i}]\nextends = "q{i}"\n' for i in range(n)))


@case(AUDIT, 1000)
def same_keys(d, n):
    policy(d, "".join("a = 1\n" for _ in range(n)))


@case(AUDIT, 1000)
def same_keys_in_one_line(d, n):
    policy(d, "rules = { " + ", ".join("a = 1" for _ in range(n)) + " }\n")


@case(AUDIT, 1000)
def unknown_keys(d, n):
    policy(d, "".join(f"k{i} = 1\n" for i in range(n)))


@case(AUDIT, 200)
def dotted_keys(d, n):
    policy(d, "[expect]\n" + "".join(f"{'.'.join(['a'] * 60)}.k{i} = 1\n" for i in range(n)))


@case(AUDIT, 1000)
def waivers(d, n):
    policy(d, "".join(f'[[waivers]]\nrule = "race-detector"\npath = "p{i}"\nreason = "r"\n' for i in range(n)))


@case(AUDIT, 1000)
def waivers_of_globs(d, n):
    policy(d, "".join(f'[[waivers]]\nrule = "*-{i}*"\npath = "**/p{i}*"\nreason = "r"\n' for i in range(n)))


@case(AUDIT, 500)
def overrides_of_slow_globs(d, n):
    policy(d, "".join(f'[[overrides]]\npaths = ["{"**p" * 40}{i}"]\n[overrides.rules]\nrace-detector = "off"\n' for i in range(n)))


@case(AUDIT, 500)
def own_rules(d, n):
    policy(d, "".join(f'[[custom]]\nid = "r{i}"\nmessage = "m"\nall = [{{ key = "go_version", op = "=", value = "x" }}]\n' for i in range(n)))


@case(AUDIT, 1000)
def values_expected(d, n):
    policy(d, "[expect]\n" + "".join(f'"build_info.Settings.k{i}" = "v"\n' for i in range(n)))


def two(d, make):
    stream(d + "/one", record(**make(0)))
    stream(d + "/two", record(**make(1)))


@case(DIFF, 5000)
def claims(d, n):
    two(d, lambda side: {"corroboration": [{"claim": f"c{i}", "recorded": "a", "observed": "b", "verdict": ["confirmed", "contradicted"][(i + side) % 2], "how": "x"} for i in range(n)]})


@case(DIFF, 5000)
def libraries(d, n):
    two(d, lambda side: {"linkage": {"static": False, "needed": [f"l{i + side * n // 2}" for i in range(n)]}})


@case(DIFF, 5000)
def paths(d, n):
    two(d, lambda side: {"paths": [{"prefix": f"/p{i}", "kind": ["home", "temp"][side], "count": 1, "example": "e", "found_in": "x"} for i in range(n)]})


@case(DIFF, 5000)
def settings(d, n):
    two(d, lambda side: {"build_info": {"GoVersion": "go1.26.0", "Path": "m", "Main": {"Path": "m"}, "Settings": [{"Key": f"k{i}", "Value": str(side)} for i in range(n)]}})


@case(DIFF, 5000)
def modules(d, n):
    two(d, lambda side: {"build_info": {"GoVersion": "go1.26.0", "Path": "m", "Main": {"Path": "m"}, "Deps": [{"Path": f"e.x/m{i}", "Version": f"v1.{side}.0"} for i in range(n)]}})


@case(DIFF, 5000)
def debug_settings(d, n):
    two(d, lambda side: {"godebug": {"effective": [{"key": f"k{i}", "value": str(side), "origin": "recorded", "status": "ok"} for i in range(n)]}})


@case(DIFF, 2000)
def programs(d, n):
    for name in "one", "two":
        stream(f"{d}/{name}", *(record(path=f"p{i}", main_package=f"m{i % 7}") for i in range(n)))


def everything(n):
    return {"corroboration": [{"claim": f"c{i}", "recorded": "a", "observed": "b", "verdict": "contradicted", "how": "x"} for i in range(n)],
            "linker_strings": [{"value": f"v{i}", "name": f"main.apiToken{i}"} for i in range(n)],
            "notes": [f"note {i}" for i in range(n)],
            "versions": [{"value": f"1.{i}.0", "source": "linker-string", "name": None} for i in range(n)],
            "paths": [{"prefix": f"/home/u{i}", "kind": "home", "count": 1, "example": "e", "found_in": "x"} for i in range(n)],
            "godebug": {"environment_pairs": [[f"k{i}", "1"] for i in range(n)], "recorded_pairs": [[f"k{i}", "0"] for i in range(n)],
                        "effective": [{"key": f"k{i}", "value": "1", "origin": "recorded", "status": "ok"} for i in range(n)]},
            "experiments": {"setting": "x", "suffix": [], "enabled": [f"e{i}" for i in range(n)], "unknown": [f"u{i}" for i in range(n)]},
            "linkage": {"static": False, "interpreter": "/lib/ld.so", "needed": [f"l{i}.so" for i in range(n)], "rpath": [f"/r{i}" for i in range(n)]},
            "build_info": {"GoVersion": "go1.26.0", "Path": "m", "Main": {"Path": "m"}, "Deps": [{"Path": f"e.x/m{i}", "Version": "v1.0.0"} for i in range(n)],
                           "Settings": [{"Key": "-ldflags", "Value": " ".join(f"-X main.secretToken{i}=abcdefgh{i}" for i in range(n))}]}}


def whole(d, n):
    policy(d, "")
    stream(d + "/one", record(**everything(n)))


@case(AUDIT, 1000)
def audit_of_everything(d, n):
    whole(d, n)


@case(HTML, 1000)
def page_of_everything(d, n):
    whole(d, n)


@case(BILL, 1000)
def bill_of_everything(d, n):
    whole(d, n)


@case(AUDIT, 1000)
def image_of_everything(d, n):
    place = {"reference": "i", "digest": None, "platform": None}
    image = {"type": "image", **place, "env": [f"K{i}=v" for i in range(n)], "entrypoint": ["/p"], "cmd": [], "user": "", "labels": {f"l{i}": "v" for i in range(n)},
             "layers": [{"digest": f"sha256:{i:064x}", "created_by": "c", "size": 1} for i in range(n)],
             "rootfs": {"loaders": [f"/lib/ld{i}.so" for i in range(n)] + ["/lib/ld.so"], "libraries": [f"/lib/x{i}.so" for i in range(n)], "ca_bundles": [], "zoneinfo": []}}
    policy(d, "")
    stream(d + "/one", image, record(location={"target": "t", "entry": [], "image": place, "visible": True, "started": True}, linkage={"static": False, "interpreter": "/lib/ld.so", "needed": [f"l{i}.so" for i in range(n)]}))


def each(n, one):
    return "".join(one(i, max(i - 1, 0)) for i in range(n))


@case(LINT, 1000)
def script_of_exports(d, n):
    write(d + "/a.sh", "#!/bin/sh\n" + each(n, lambda i, j: f"export GO_{i}=$GO_{j}$GO_0\n") + "go build\n")


@case(LINT, 1000)
def script_of_directories(d, n):
    write(d + "/a.sh", "#!/bin/sh\n" + each(n, lambda i, j: f"cd a{i}\n") + "go build -o bin/a\n")


@case(LINT, 1000)
def script_of_builds_and_starts(d, n):
    write(d + "/a.sh", "#!/bin/sh\n" + each(n, lambda i, j: f"go build -ldflags '-s' -o bin/a{i} ./a{i}\n./bin/a{i}\n"))


@case(LINT, 1000)
def script_that_writes_files(d, n):
    write(d + "/a.sh", "#!/bin/sh\n" + each(n, lambda i, j: f"echo GOGC=5{i} >> a.env\ncat > a{i}.env <<E\nGOGC=5{i}\nE\n"))


@case(LINT, 1000)
def stage_of_variables(d, n):
    write(d + "/Dockerfile", "FROM golang:1.27\n" + each(n, lambda i, j: f"ENV GO{i}=$GO{j}x GODEBUG=a{i}=1\n") + "RUN go build -o /a\n")


@case(LINT, 1000)
def stage_of_builds(d, n):
    write(d + "/Dockerfile", "FROM golang:1.27\n" + each(n, lambda i, j: f"ENV GO{i}=1\nRUN go build -o /a{i}\n"))


@case(LINT, 1000)
def makefile_that_adds(d, n):
    write(d + "/Makefile", each(n, lambda i, j: f"LDFLAGS += -X a.b{i}=$(LDFLAGS)\n") + "all:\n\tgo build -ldflags '$(LDFLAGS)' -o a\n")


@case(LINT, 1000)
def makefile_of_targets(d, n):
    write(d + "/Makefile", each(n, lambda i, j: f"$(A)x{i}: export GODEBUG = a=1\n$(A)x{i}:\n\tgo build -o $@\n"))


@case(LINT, 1000)
def makefile_of_variables(d, n):
    write(d + "/Makefile", each(n, lambda i, j: f"export GO{i} = $(GO{j})x\n") + "all:\n" + each(n, lambda i, j: f"\tgo build -o a{i} $(GO{i})\n"))


@case(LINT, 1000)
def makefile_of_comments(d, n):
    write(d + "/Makefile", "all:\n" + each(n, lambda i, j: f"\t# for a b c {i}\n\tgo build -o bin/a{i} # {'x ' * 20}\n"))


@case(LINT, 250)
def containers_of_one_alias(d, n):
    write(d + "/pod.yaml", "apiVersion: v1\nkind: Pod\nx: &a\n" + each(n, lambda i, j: f"- {{name: GO{i}, value: '1'}}\n") + "spec:\n  containers:\n" + each(n, lambda i, j: f"  - name: a{i}\n    image: a\n    env: *a\n"))


@case(LINT, 1000)
def jobs_of_artifacts(d, n):
    os.makedirs(d + "/.github/workflows")
    write(d + "/.github/workflows/a.yml", "on: push\njobs:\n" + each(n, lambda i, j: f"  a{i}:\n    steps:\n    - uses: actions/download-artifact\n    - run: go build -o a\n"))


@case(LINT, 1000)
def targets_of_earthly(d, n):
    write(d + "/Earthfile", "VERSION 0.8\nFROM golang:1.27\n" + each(n, lambda i, j: f"t{i}:\n  FROM +t{j}\n  ENV GOX{i}=1\n  COPY +t{i}/x /\n"))


def run(args):
    """Processor time, exit code and output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.returncode, done.stderr


def main():
    gospect, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    bad = 0
    base, *_ = run([gospect, "--version"])
    for name, (command, count, make) in CASES.items():
        if wanted and name not in wanted:
            continue
        times = []
        for n in (count << power for power in range(5)):
            with tempfile.TemporaryDirectory(prefix="hostile") as d:
                make(d, n)
                seconds, code, output = run([gospect] + [a.format(d=d) for a in command])
            times.append(seconds)
            if code not in (0, 1, 2) or b"panicked" in output or seconds > SECONDS:
                break
        wrong = []
        if len(times) < 5 or times[-1] > SECONDS:
            wrong.append(f"SLOW OR BROKEN {code}")
        elif times[-1] - base > GROWTH * max(times[0] - base, 0.005):
            wrong.append("GROWS")
        bad += bool(wrong)
        print(f"{name:32} {count:6} x 1..16: {' '.join(f'{t:.2f}' for t in times)} s  exit {code}  {len(output)} B  {' '.join(wrong)}", flush=True)
    return bad > 0


sys.exit(main())
