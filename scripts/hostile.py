#!/usr/bin/env python3
"""Builds hostile inputs in a temporary directory, scans each with limits on time and memory, and reports failures.

usage: scripts/hostile.py GOSPECT [NAME...]      SHOW=1 prints what a failing scan said
       scripts/hostile.py --collect DIRECTORY    writes the small files that `cargo test` scans (testdata/hostile)

Every input is scanned with --memory 64M. Its peak may be twice that, and its processor time ten seconds.
"""
import gzip, io, os, resource, struct, subprocess, sys, tarfile, tempfile, threading, time, zipfile

import hostile_small

SECONDS, MEMORY = 10, 64
CASES = {}


def case(make):
    CASES[make.__name__] = make
    return make


def elf(path, phs=(), shs=(), body=b"", size=0, machine=62, etype=2, shstrndx=0, shnum=None):
    """ELF64: header, program headers, section headers, body; `size` extends the file with a hole."""
    phoff, shoff = 64, 64 + 56 * len(phs)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", etype, machine, 1, 0x401000, phoff, shoff if shs else 0, 0, 64, 56,
                        len(phs), 64, len(shs) if shnum is None else shnum, shstrndx)
    with open(path, "wb") as f:
        f.write(head + b"".join(phs) + b"".join(shs) + body)
        if size > f.tell():
            f.truncate(size)


def ph(kind, flags, off, va, size):
    return struct.pack("<IIQQQQQQ", kind, flags, off, va, va, size, size, 4096)


def sh(name, kind, flags, addr, off, size, link=0, info=0, entsize=0):
    return struct.pack("<IIQQQQIIQQ", name, kind, flags, addr, off, size, link, info, 8, entsize)


@case
def elf_65535_segments_over_everything(d):
    n = 65534
    elf(d + "/x", [ph(1, 4 + 2 * (i & 1), 0, 0x400000 + i * 8, 16 << 20) for i in range(n)], body=os.urandom(8 << 20), size=16 << 20)


@case
def elf_65535_segments_in_order(d):
    n = 65534
    elf(d + "/x", [ph(1, 6, 0, 0x400000 + i * (16 << 20), 16 << 20) for i in range(n)], body=os.urandom(8 << 20), size=16 << 20)


@case
def elf_notes_and_loaders(d):
    elf(d + "/x", [ph(4 - i % 2, 4, i * 4096, 0, 4096) for i in range(65000)] + [ph(1, 6, 0, 0x400000, 300 << 20)], size=300 << 20)


@case
def elf_sections_with_one_long_name(d):
    n = 65000
    at = 64 + 56 + 64 * n
    elf(d + "/x", [ph(1, 6, 0, 0x400000, 1 << 20)], [sh(i % 1000, 3, 2, 0x400000, at, 1 << 20) for i in range(n)],
        body=b"a" * (1 << 20), shstrndx=1)


@case
def elf_huge_section_count(d):
    at = 64 + 56
    elf(d + "/x", [ph(1, 6, 0, 0x400000, 1 << 20)], [sh(0, 3, 2, 0, at, 0xffffffffffff)], size=1 << 32, shnum=0)


@case
def elf_object_all_rela(d):
    n = 60000
    at = 64 + 64 * n
    names = b"\0.rela.x\0"
    shs = [sh(1, 4, 2, 0, at, 64 << 20, 1, 2, 24) for _ in range(n - 2)]
    elf(d + "/x", [], [sh(0, 0, 0, 0, 0, 0), sh(6, 2, 2, 0, at, 64 << 20, 1)] + shs, body=names, etype=1, shstrndx=2, size=128 << 20)


def pclntab(functions, total):
    head = b"\xf1\xff\xff\xff\0\0\x01\x08" + struct.pack("<8Q", functions, 1, 0, 72, 72 + total, 80 + total, 88 + total, 96 + total)
    return head


@case
def elf_sparse_tebibyte(d):
    elf(d + "/x", [ph(1, 4, 0, 0x400000, 1 << 40), ph(1, 6, 0, 1 << 41, 1 << 40)], size=1 << 40)


@case
def elf_sparse_with_a_table_of_everything(d):
    """Names, files and functions of a sparse table, each as large as allowed."""
    for shift in (28, 29, 30, 34):
        total = 1 << shift
        phs = [ph(1, 4, 0, 0x400000, 1 << 40), ph(1, 6, 0, 1 << 41, 1 << 40)]
        pad = bytes((-(64 + 56 * 2)) % 64)
        elf(f"{d}/x{shift}", phs, body=pad + pclntab(1 << 21, total), size=1 << 36)


@case
def elf_magic_everywhere(d):
    blob = b"\xff Go buildinf:\x08\x02" + bytes(16)
    tab = b"\xf1\xff\xff\xff\0\0\x01\x08" + struct.pack("<3Q", 1 << 20, 1, 0)
    elf(d + "/x", [ph(1, 4, 0, 0x400000, 64 << 20), ph(1, 6, 0, 0x40000000, 64 << 20)], body=(blob + tab) * (1 << 19), size=64 << 20)


@case
def elf_go12_names_share_a_text(d):
    n = 1 << 20
    word = 8
    size = n * 16
    text = 64 << 10
    files_at = 16 + size + 8 + 8
    info_at = files_at + 64
    # every _func: entry, name offset; names all inside one run of 'a/b.'
    names_at = info_at + 16 * n
    table = bytearray(b"\xfb\xff\xff\xff\0\0\x01\x08" + struct.pack("<Q", n))
    for i in range(n):
        table += struct.pack("<QQ", 0x400000 + i, info_at + 16 * i)
    table += struct.pack("<QII", 0x500000, files_at, 0)
    table += struct.pack("<I", 4) + bytes(60)
    table = table[:info_at].ljust(info_at, b"\0")
    for i in range(n):
        table += struct.pack("<QII", 0x400000 + i, names_at + i % text, 0)
    table += b"x" * text + b".f\0"
    pad = bytes((-(64 + 56)) % 64)
    elf(d + "/x", [ph(1, 4, 0, 0x400000, 128 << 20)], body=pad + bytes(table), size=128 << 20)


@case
def elf_symbols_share_a_text(d):
    n = 4 << 20
    at = 64 + 56 + 64 * 3
    sym = b"".join(struct.pack("<IBBHQQ", i, 0, 0, 1, 0x400000, 0) for i in range(1 << 16)) * (n >> 16)
    text = b"y" * (16 << 20) + b"\0runtime.buildVersion\0runtime.text\0"
    shs = [sh(0, 0, 0, 0, 0, 0), sh(1, 2, 0, 0, at, len(sym), 2, 0, 24), sh(1, 3, 0, 0, at + len(sym), len(text))]
    elf(d + "/x", [ph(1, 6, 0, 0x400000, 1 << 20)], shs, body=sym + text, shstrndx=2)


@case
def pe_sections_over_everything(d):
    n = 4096
    pe = bytearray(b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0")
    pe += struct.pack("<HHIIIHH", 0x8664, n, 0, 0, 0, 240, 0x22)
    pe += (struct.pack("<H", 0x20b) + bytes(238))
    for i in range(n):
        pe += struct.pack("<8sIIIIIIHHI", b".data", 64 << 20, 4096 * i, 64 << 20, 0, 0, 0, 0, 0, 0xc0000040)
    with open(d + "/x.exe", "wb") as f:
        f.write(pe)
        f.write(os.urandom(1 << 20) * 16)
        f.truncate(64 << 20)


@case
def wasm_million_parts(d):
    n = 12 << 20
    part = b"\0\x41\0\x0b\0"
    with open(d + "/x.wasm", "wb") as f:
        body = hostile_small.leb(n) + part * n
        f.write(b"\0asm\1\0\0\0\x0b" + hostile_small.leb(len(body)) + body)


@case
def wasm_giant_span(d):
    body = hostile_small.leb(2) + b"\0\x41\0\x0b\x01a" + b"\0\x41" + b"\x80\x80\x80\x80\x01" + b"\x0b\x01b"
    with open(d + "/x.wasm", "wb") as f:
        f.write(b"\0asm\1\0\0\0\x0b" + hostile_small.leb(100 << 20))
        f.write(body)
        f.truncate(200 << 20)


@case
def macho_chains_all_alike(d):
    pages = 65535
    segs = b"".join(struct.pack("<II16sQQQQIIII", 0x19, 72, b"__DATA", 0, 64 << 20, 0, 64 << 20, 3, 3, 0, 0) for _ in range(200))
    at = 32 + len(segs) + 16
    fix = struct.pack("<7I", 0, 28, 0, 0, 0, 1, 0) + struct.pack("<I", 200) + struct.pack("<I", 4 + 800) * 200
    fix += struct.pack("<IHHQIH", 22 + 2 * pages, 0, 6, 1 << 20, 0, pages) + bytes(2 * pages)
    cmds = segs + struct.pack("<IIII", 0x80000034, 16, at, len(fix))
    head = struct.pack("<8I", 0xfeedfacf, 0x0100000c, 0, 2, 201, len(cmds), 0x200000, 0)
    link = struct.pack("<Q", 1 << 63 | 2 << 51)
    blob = head + cmds + fix
    with open(d + "/x", "wb") as f:
        f.write(blob.ljust(1 << 20, b"\0") + link * (1 << 20))
        # a table that is moved, so that pointers are asked for
        f.write(bytes(64 - f.tell() % 64) + pclntab(8, 4096) + bytes(1 << 20))
        f.truncate(64 << 20)


@case
def fat_slices_on_top_of_each_other(d):
    n = 30
    with open(d + "/x", "wb") as f:
        f.write(struct.pack(">II", 0xcafebabe, n))
        for i in range(n):
            f.write(struct.pack(">5I", 0x01000007, i, 4096 + i, (1 << 30), 12))
        f.seek(4096)
        inner = struct.pack("<8I", 0xfeedfacf, 0x01000007, 0, 2, 1, 72, 0, 0)
        inner += struct.pack("<II16sQQQQIIII", 0x19, 72, b"__DATA", 0x1000, 1 << 30, 0, 1 << 30, 3, 3, 0, 0)
        f.write(inner)
        f.truncate(2 << 30)


@case
def ar_members_without_end(d):
    with open(d + "/x.a", "wb") as f:
        f.write(b"!<arch>\n" + (b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (b"a.o/", 0, 0, 0, b"644", 2) + b"\x7fE") * 1000000)


@case
def ar_index_of_a_million(d):
    n = 1 << 20
    names = b"_cgo\0" * n
    body = 8 + 60 + 4 + 4 * n + len(names)
    body += body & 1
    obj = io.BytesIO()
    member = b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (b"a.o/", 0, 0, 0, b"644", 1 << 20)
    index = struct.pack(">I", n) + b"".join(struct.pack(">I", body + 62 * (i % 100000)) for i in range(n)) + names
    with open(d + "/x.a", "wb") as f:
        f.write(b"!<arch>\n" + b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (b"/", 0, 0, 0, b"644", len(index)) + index + b"\n" * (len(index) & 1))
        for i in range(100000):
            f.write(member + b"\x7fE")
        f.write(os.urandom(2 << 20))


def go_elf(path, modinfo, version=b"go1.26.6"):
    """A program with no more than its record."""
    frame = bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2")
    text = frame[0] + modinfo + frame[1]
    blob = b"\xff Go buildinf:\x08\x02" + bytes(16) + hostile_small.leb(len(version)) + version + hostile_small.leb(len(text)) + text
    names = b"\0.go.buildinfo\0.s\0"
    at = 64 + 56 + 64 * 3
    start = (at + len(names) + 4095) & ~4095
    shs = [sh(0, 0, 0, 0, 0, 0), sh(1, 1, 3, 0x400000 + start, start, len(blob)), sh(15, 3, 0, 0, at, len(names))]
    elf(path, [ph(1, 6, 0, 0x400000, start + len(blob))], shs, body=names.ljust(start - at, b"\0") + blob, shstrndx=2, size=start + len(blob) + 20000)


@case
def modinfo_million_lines(d):
    line = b"dep\ta.b/c\tv1.0.0\th1:\n"
    go_elf(d + "/x", b"path\tx\nmod\tx\t(devel)\t\n" + line * ((16 << 20) // len(line) - 10))


@case
def modinfo_million_replacements_and_settings(d):
    go_elf(d + "/a", b"path\tx\n" + b"dep\ta\tv1\n=>\tb\tv1\th\n" * 700000)
    go_elf(d + "/b", b"path\tx\n" + b"".join(b"build\tk%d=v\n" % i for i in range(900000)))
    go_elf(d + "/c", b"path\tx\n" + b"q\n" * 8000000)


@case
def modinfo_godebug_keys(d):
    keys = b",".join(b"k%d=1" % i for i in range(100000))
    go_elf(d + "/x", b"path\tx\nmod\tx\t(devel)\t\nbuild\tDefaultGODEBUG=" + keys + b"\n")
    go_elf(d + "/y", b"path\tx\nmod\tx\t(devel)\t\nbuild\tGOEXPERIMENT=" + b",".join(b"k%d" % i for i in range(100000)) + b"\n")
    go_elf(d + "/z", b"path\tx\nmod\tx\t(devel)\t\nbuild\t-ldflags=" + b"-X a.b=c " * 1000000 + b"\n")


@case
def terminal_escapes(d):
    bad = b"\x1b]0;owned\x07\x1b[2J\x9b31m\xe2\x80\xae\xff"
    go_elf(d + "/a\x1b[31m\nb", b"path\t" + bad + b"\nmod\t" + bad + b"\t" + bad + b"\t" + bad + b"\ndep\t" + bad + b"\t" + bad +
           b"\t\nbuild\t" + bad + b"=" + bad + b"\nbuild\tvcs.revision=" + bad + b"\nbuild\t-ldflags=-X main.v=" + bad + b"\n", b"go1.26" + bad.replace(b"\xff", b"").replace(b"\x9b", b""))


@case
def long_version(d):
    go_elf(d + "/x", b"path\tx\n", b"go1." + b"9" * 4000)
    go_elf(d + "/y", b"path\tx\n", b"go1.26.6-X:" + b"," * 4000)


@case
def zip_bomb(d):
    for i in range(4):
        with zipfile.ZipFile(f"{d}/{i}.zip", "w", zipfile.ZIP_DEFLATED) as z:
            for n in range(8):
                with z.open(f"f{n}", "w") as f:
                    f.write(b"\x7fELF\x02\x01\x01" + bytes(57))
                    for _ in range(64):
                        f.write(bytes(1 << 20))


@case
def zip_nested(d):
    data = bytes(1 << 20)
    for level in range(10):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for n in range(2 if level else 1):
                z.writestr(f"f{n}.zip", data)
        data = out.getvalue()
    open(d + "/x.zip", "wb").write(data)


@case
def tar_million_entries(d):
    info = tarfile.TarInfo("a")
    block = info.tobuf()
    with gzip.open(d + "/x.tgz", "wb", 1) as f:
        for _ in range(100):
            f.write(block * 10000)
        f.write(bytes(1024))


@case
def tar_long_names(d):
    with tarfile.open(d + "/x.tar", "w", format=tarfile.GNU_FORMAT) as t:
        for n in range(20):
            info = tarfile.TarInfo("n" * (1 << 20))
            t.addfile(info)
    with open(d + "/y.tar", "wb") as f:
        info = tarfile.TarInfo("././@LongLink")
        info.type, info.size = b"L", 1 << 33
        f.write(info.tobuf())
        f.truncate(1 << 33)


@case
def gzip_of_gzip(d):
    data = gzip.compress(bytes(256 << 20), 9)
    for _ in range(6):
        data = gzip.compress(data, 9)
    open(d + "/x.gz", "wb").write(data)


@case
def deep_directories(d):
    os.chdir(d)
    for _ in range(5000):
        os.mkdir("d")
        os.chdir("d")
    open("f", "wb").write(b"\x7fELF" + bytes(20000))
    os.chdir("/")


@case
def odd_files(d):
    os.mkfifo(d + "/fifo")
    os.symlink(".", d + "/loop")
    os.symlink("b", d + "/a")
    os.symlink("a", d + "/b")
    open(os.fsencode(d) + b"/\xff\xfe\n\x1b[31m", "wb").write(b"\x7fELF" + bytes(20000))
    os.mkdir(d + "/shut")
    os.chmod(d + "/shut", 0)
    go_elf(d + "/good", b"path\tgood\n")


@case
def many_small_files(d):
    for n in range(100000):
        open(f"{d}/{n}", "wb").close()


@case
def zip_million_entries(d):
    """Every entry is an empty file; the directory alone is 60 MB."""
    n, name = 1000000, b"%07d"
    with open(d + "/x.zip", "wb") as f:
        for i in range(n):
            f.write(struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 7, 0) + name % i)
        start = f.tell()
        for i in range(n):
            f.write(struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 37 * i) + name % i)
        size, end = f.tell() - start, f.tell()
        f.write(struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, size, start))
        f.write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1) + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0))


@case
def tar_million_files(d):
    """Every entry has a name and a body of its own."""
    body = b"\x7fELF".ljust(512, b"\1")
    with open(d + "/x.tar", "wb") as f:
        for start in range(0, 1000000, 10000):
            out = []
            for n in range(start, start + 10000):
                out.append(hostile_small.tar_block(b"usr/bin/%07d" % n, 512 if n % 4 == 0 else 0))
                if n % 4 == 0:
                    out.append(body)
            f.write(b"".join(out))
        f.write(bytes(1024))


@case
def walk_of_large_executables(d):
    """Eight at a time, each of which needs all the memory it can get."""
    for n in range(8):
        elf_symbols_share_a_text(d)
        os.rename(d + "/x", f"{d}/s{n}")
        os.mkdir(f"{d}/m")
        macho_chains_all_alike(d + "/m")
        os.rename(d + "/m/x", f"{d}/m{n}")
        os.rmdir(d + "/m")
        wasm_giant_span(d)
        os.rename(d + "/x.wasm", f"{d}/w{n}")


@case
def walk_of_large_records(d):
    """Results that wait behind a slow one."""
    wasm_million_parts(d)
    os.rename(d + "/x.wasm", d + "/0")
    line = b"dep\ta.b/c\tv1.0.0\th1:\n"
    for n in range(300):
        go_elf(f"{d}/{n + 1}", b"path\tx\nmod\tx\t(devel)\t\n" + line * ((1 << 20) // len(line)))


@case
def walk_of_small_files(d):
    hostile_small.write(d)


WALKED = {"many_small_files", "deep_directories", "odd_files", "walk_of_large_executables", "walk_of_large_records", "walk_of_small_files"}


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


def run(args, **more):
    """Wall time, processor time, peak memory in MiB, exit code, both outputs."""
    start = time.time()
    child = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit, **more)
    out, err = [], []
    readers = [threading.Thread(target=lambda: out.append(child.stdout.read())), threading.Thread(target=lambda: err.append(child.stderr.read()))]
    for r in readers:
        r.start()
    killer = threading.Timer(300, child.kill)
    killer.start()
    _, status, usage = os.wait4(child.pid, 0)
    killer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    for r in readers:
        r.join()
    return time.time() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode, out[0], err[0]


def apart(work):
    """Runs `work` in its own process, because the peak of this process would count for its children."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as e:
            print(e, flush=True)
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def main():
    gospect, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    bad = 0
    for name, make in CASES.items():
        if wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="hostile") as d:
            apart(lambda: make(d))
            for extra in ([], ["--follow"], ["--format", "ndjson", "--jobs", "8"]):
                if extra == ["--follow"] and name != "odd_files":
                    continue
                for target in [d] if name in WALKED else sorted(os.path.join(d, f) for f in os.listdir(d)):
                    wall, seconds, mib, code, out, err = run([gospect, "scan", "--memory", f"{MEMORY}M", *extra, target])
                    wrong = []
                    if seconds > SECONDS or wall > 30 * SECONDS:
                        wrong.append("SLOW")
                    if mib > 2 * MEMORY:
                        wrong.append("MEMORY")
                    if b"panicked" in err or code < 0 or code > 3:
                        wrong.append(f"CRASH {code}")
                    if not extra and any(b < 32 and b != 10 or b == 127 for b in out + err):
                        wrong.append("CONTROL")
                    if not extra and b"\xc2\x9b" in out or not extra and b"\xe2\x80\xae" in out:
                        wrong.append("CONTROL2")
                    bad += bool(wrong)
                    print(f"{wall:6.2f} s {seconds:6.2f} s cpu {mib:6.0f} MiB exit {code} {len(out):9} B  {name} {' '.join(extra)} {os.path.basename(target)!r} {' '.join(wrong)}", flush=True)
                    if wrong and os.environ.get("SHOW"):
                        print(out[:2000], err[:2000])
            subprocess.run(["rm", "-rf", d])
            os.makedirs(d, exist_ok=True)
    return bad > 0


if sys.argv[1:2] == ["--collect"]:
    hostile_small.write(sys.argv[2])
else:
    sys.exit(main())
