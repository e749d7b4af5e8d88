#!/usr/bin/env python3
"""Makes the seeds in testdata/fuzz from the test programs, trimmed to a few KiB, and from containers and texts made here.

usage: scripts/make-fuzz-corpus.py [REPOSITORY]     leaves regressions (names without `seed-`) alone
"""
import base64, bz2, gzip, io, json, lzma, os, pathlib, random, re, struct, sys, tarfile, zipfile, zlib

import hostile_small

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(__file__) + "/..").resolve()
FIXTURES, OUT = ROOT / "testdata/fixtures", ROOT / "testdata/fuzz"
KEEP = 384
MAGIC = b"\xff Go buildinf:"


def gz(data):
    return gzip.compress(data, mtime=0)


def put(target, name, data):
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def programs():
    groups = {}
    for line in (FIXTURES / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        groups.setdefault(row["group"], []).append(row["id"])
    found = {}
    for group in groups:
        with tarfile.open(FIXTURES / f"{group}.tar.xz") as tar:
            for member in tar:
                if member.isfile():
                    found[os.path.basename(member.name)] = tar.extractfile(member).read()
    return found


def trim_elf(f):
    """Headers, and the first bytes of each section under a segment of its own."""
    wide, big = f[4] == 2, f[5] == 2
    o = ">" if big else "<"
    eh = list(struct.unpack_from(o + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), f, 16))
    shoff, shnum, shstr = eh[5], eh[11], eh[12]
    sfmt = o + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
    pfmt = o + ("IIQQQQQQ" if wide else "IIIIIIII")
    shs = [list(struct.unpack_from(sfmt, f, shoff + i * eh[10])) for i in range(shnum)]
    old = [struct.unpack_from(pfmt, f, eh[4] + i * eh[8]) for i in range(eh[9])]
    names = f[shs[shstr][4]:shs[shstr][4] + shs[shstr][5]] if shs else b""
    named = lambda s: names[s[0]:names.index(b"\0", s[0])]
    keep = []
    for i, s in enumerate(shs):
        name = named(s)
        if i and (name.startswith(b".debug") or name.startswith(b".zdebug")) or s[1] == 8:
            continue
        keep.append(i)
    kinds = {i: n for n, i in enumerate(keep)}
    phs, body = [], b""
    head = 64 if wide else 52
    plan = []
    for i in keep:
        s = shs[i]
        limit = {b".go.buildinfo": 600, b".shstrtab": 2000, b".interp": 64, b".go.module": 500}.get(named(s), KEEP)
        plan.append((s, f[s[4]:s[4] + min(s[5], limit)] if s[1] else b""))
    loads = [(s, d) for s, d in plan if s[2] & 2 and d]
    others = [p for p in old if p[0] in (2, 3, 4, 0x6474e551, 0x6474e552)]
    at = head + (len(loads) + len(others)) * eh[8]
    at += -at % 16
    start, where, new = at, {}, []
    for s, d in plan:
        at += -at % 16
        where[s[4]] = at
        if s[1]:
            s[4], s[5] = at, len(d)
        s[6] = kinds.get(s[6], 0)
        new.append((at, d))
        at += len(d)
    def phdr(kind, flags, off, va, size):
        return struct.pack(pfmt, kind, flags, off, va, va, size, size, 16) if wide else struct.pack(pfmt, kind, off, va, va, size, size, flags, 16)
    for s, d in loads:
        phs.append(phdr(1, 4 | (s[2] & 1) << 1 | (s[2] & 4) >> 2, s[4], s[3], len(d)))
    for p in others:
        off, va, size = (p[2], p[3], p[5]) if wide else (p[1], p[2], p[4])
        phs.append(phdr(p[0], 4, where.get(off, 0), va, min(size, KEEP)))
    eh[4], eh[5], eh[9], eh[11], eh[12] = head, at, len(phs), len(keep), kinds.get(shstr, 0)
    out = bytearray(f[:16] + struct.pack(o + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), *eh) + b"".join(phs))
    for place, d in new:
        out = out.ljust(place, b"\0") + d
    out = out.ljust(at, b"\0")
    for s, _ in plan:
        out += struct.pack(sfmt, *s)
    return bytes(out)


def trim_pe(f):
    out = bytearray(f[:0x600])
    coff = struct.unpack_from("<I", f, 0x3c)[0] + 4
    count, opt = struct.unpack_from("<H", f, coff + 2)[0], struct.unpack_from("<H", f, coff + 16)[0]
    table = coff + 20 + opt
    struct.pack_into("<II", out, coff + 8, 0, 0)
    for i in range(count):
        at = table + 40 * i
        size, offset = struct.unpack_from("<II", f, at + 16)
        size = min(size, 700 if i < 3 else KEEP)
        struct.pack_into("<II", out, at + 16, size, len(out) if size else 0)
        out += f[offset:offset + size]
    return bytes(out)


def trim_macho(f):
    out = bytearray(f[:32 + struct.unpack_from("<I", f, 20)[0]])
    at = 32
    for _ in range(struct.unpack_from("<I", f, 16)[0]):
        cmd, size = struct.unpack_from("<II", f, at)
        if cmd == 0x19:
            off, length = struct.unpack_from("<QQ", f, at + 40)
            sections = struct.unpack_from("<I", f, at + 64)[0]
            base = len(out) if off else 0
            kept = 0
            if off:
                for i in range(sections):
                    s = at + 72 + 80 * i
                    s_off, s_len = struct.unpack_from("<I", f, s + 48)[0], struct.unpack_from("<Q", f, s + 40)[0]
                    if not s_off:
                        continue
                    s_len = min(s_len, KEEP)
                    struct.pack_into("<Q", out, s + 40, s_len)
                    struct.pack_into("<I", out, s + 48, len(out))
                    addr = struct.unpack_from("<Q", f, at + 24)[0] + len(out) - base
                    struct.pack_into("<Q", out, s + 32, addr)
                    out += f[s_off:s_off + s_len]
                if not sections:
                    out += f[off:off + min(length, KEEP)]
                kept = len(out) - base
            else:
                kept = len(out)
            struct.pack_into("<QQ", out, at + 40, base, kept)
        at += size
    return bytes(out)


def trim_xcoff(f):
    count, opt = struct.unpack_from(">H", f, 2)[0], struct.unpack_from(">H", f, 16)[0]
    table = 24 + opt
    out = bytearray(f[:table + 72 * count])
    struct.pack_into(">Q", out, 8, 0)
    for i in range(count):
        at = table + 72 * i
        size, offset = struct.unpack_from(">QQ", f, at + 24)
        if offset:
            size = min(size, 700)
            struct.pack_into(">QQ", out, at + 24, size, len(out))
            out += f[offset:offset + size]
    return bytes(out)


def trim_plan9(f):
    head = 40 if f[2] & 0x80 else 32
    text, data, bss, syms, entry, spsz, pcsz = struct.unpack_from(">7I", f, 4)
    out = bytearray(f[:head])
    at = head
    for field, size in ((4, text), (8, data), (16, syms), (24, spsz), (28, pcsz)):
        kept = min(size, 700)
        struct.pack_into(">I", out, field, kept)
        out += f[at:at + kept]
        at += size
    return bytes(out)


def read_leb(f, at):
    n = shift = 0
    while True:
        n |= (f[at] & 127) << shift
        shift += 7
        at += 1
        if f[at - 1] < 128:
            return n, at


def trim_wasm(f):
    out, at = bytearray(f[:8]), 8
    while at < len(f):
        kind = f[at]
        size, start = read_leb(f, at + 1)
        body = f[start:start + size]
        at = start + size
        if kind == 11:
            count, p = read_leb(body, 0)
            parts = b""
            for _ in range(min(count, 6)):
                # flags, i32.const address, end
                q = p + 2
                _, q = read_leb(body, q)
                q += 1
                n, data = read_leb(body, q)
                parts += body[p:q] + hostile_small.leb(min(n, 600)) + body[data:data + min(n, 600)]
                p = data + n
            body = hostile_small.leb(min(count, 6)) + parts
        else:
            body = body[:300]
        out += bytes([kind]) + hostile_small.leb(len(body)) + body
    return bytes(out)


def trim_ar(f):
    out, at = bytearray(b"!<arch>\n"), 8
    while at + 60 <= len(f) and len(out) < 6000:
        head = bytearray(f[at:at + 60])
        size = int(head[48:58])
        body = f[at + 60:at + 60 + size]
        at += 60 + size + size % 2
        kept = trim_elf(body)[:3000] if body[:4] == b"\x7fELF" else body[:300]
        head[48:58] = b"%-10d" % len(kept)
        out += head + kept + b"\n" * (len(kept) % 2)
    return bytes(out)


def coff_object():
    out = bytearray(struct.pack("<HHIIIHH", 0x8664, 2, 0, 0x200, 3, 0, 0))
    for name, at in ((b".text", 0x80), (b".data", 0xc0)):
        out += struct.pack("<8sIIIIIIHHI", name, 0, 0, 64, at, 0x100, 0, 2, 0, 0xc0000040)
    out = out.ljust(0x80, b"\x90") + bytes(64) + MAGIC + b"\x08\x02" + bytes(16) + b"\x08go1.27.3"
    out = out.ljust(0x100, b"\0") + struct.pack("<IIH", 0, 0, 1) * 2
    out = out.ljust(0x200, b"\0") + struct.pack("<8sIhHBB", b"_cgo", 0, 1, 0, 2, 0) * 3 + struct.pack("<I", 4)
    return bytes(out)


def fat(slices):
    out = bytearray(struct.pack(">II", 0xcafebabe, len(slices)))
    at = 8 + 20 * len(slices)
    for cpu, data in slices:
        out += struct.pack(">5I", cpu, 3, at, len(data), 0)
        at += len(data)
    return bytes(out) + b"".join(d for _, d in slices)


def blob(version, modinfo, flags=2, size=8):
    frame = bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2")
    text = frame[0] + modinfo + frame[1] if modinfo else b""
    return MAGIC + bytes([size, flags]) + bytes(16) + hostile_small.leb(len(version)) + version + hostile_small.leb(len(text)) + text


MODINFO = (b"path\texample.com/app/cmd\nmod\texample.com/app\tv1.2.3\th1:abc=\n"
           b"dep\tgolang.org/x/sys\tv0.37.0\th1:x=\ndep\ta.b/c\tv1.0.0\n=>\t../c\t(devel)\t\n"
           b"build\t-ldflags=\"-X main.v=1 -s\"\nbuild\t\"k=y\"=`v`\nbuild\tDefaultGODEBUG=panicnil=1,madvdontneed=1\n"
           b"build\tGOEXPERIMENT=jsonv2,nosuch\nbuild\tCGO_ENABLED=0\nbuild\tvcs.time=2026-01-02T03:04:05Z\n")


def executables():
    found = programs()
    for target, trim, ids in (
            ("elf", trim_elf, ["1.27-linux-amd64-plain", "1.27-linux-386-w", "1.27-linux-amd64-cgo", "1.27-linux-s390x-strip", "1.21-linux-mips-strip",
                               "1.27-linux-amd64-c-shared", "1.27-linux-amd64-pie-strip", "c-linux-amd64", "1.27-linux-arm-strip", "1.19-linux-amd64-strip"]),
            ("pe", trim_pe, ["1.27-windows-amd64-strip", "1.27-windows-386-strip", "1.27-windows-arm64-hello", "1.19-windows-amd64-strip"]),
            ("macho", trim_macho, ["1.27-darwin-amd64-w", "1.27-darwin-arm64-trimstrip"]),
            ("xcoff", trim_xcoff, ["1.27-aix-ppc64-w"]),
            ("plan9", trim_plan9, ["1.27-plan9-amd64-w", "1.27-plan9-386-strip", "1.27-plan9-arm-strip"]),
            ("wasm", trim_wasm, ["1.27-js-wasm-hello", "1.27-wasip1-wasm-strip"]),
            ("ar", trim_ar, ["1.27-linux-amd64-c-archive", "1.27-linux-amd64-package"])):
        for name in ids:
            data = trim(found[name])
            assert len(data) < 16 << 10, (name, len(data))
            put(target, name, data)
            if ids.index(name) < 2:
                put("inspect", name, data)
    packed = (ROOT / "testdata/packed/upx-5.21-lzma-arm").read_bytes()
    put("packed", "upx-cut", packed[:3000] + packed[-600:])
    for name in ("1.27-linux-amd64-c-dwarf5", "1.27-linux-amd64-c-dwarf4", "1.27-linux-amd64-plain"):
        put("dwarf", name, debug_information(found[name]))
    put("coff", "object", coff_object())
    put("fat", "two", fat([(0x01000007, trim_macho(found["1.27-darwin-amd64-w"])), (0x0100000c, trim_macho(found["1.27-darwin-arm64-trimstrip"]))]))
    put("buildinfo", "inline", b"\4" + blob(b"go1.27.3", MODINFO))
    put("buildinfo", "late", b"\0" + bytes(64) + MAGIC + bytes(18) + blob(b"go1.27.3", b""))
    for choice, order in ((0, "<Q"), (2, ">Q"), (1, "<I"), (3, ">I")):
        size = struct.calcsize(order)
        base = 0x400080
        word = lambda n: struct.pack(order, n)
        head = MAGIC + bytes([size, choice >> 1]) + word(base + 64) + word(base + 96)
        body = head.ljust(64, b"\0") + (word(base + 128) + word(8)).ljust(32, b"\0") + (word(base + 144) + word(len(MODINFO) + 32)).ljust(32, b"\0")
        body += b"go1.17.1".ljust(16, b"\0") + blob(b"", MODINFO)[34:]
        put("buildinfo", f"pointers-{choice}", bytes([choice]) + body)
    for name, minors in (("1.27-linux-amd64-strip", 27), ("1.19-linux-amd64-strip", 19), ("1.21-linux-mips-strip", 21)):
        f = found[name]
        wide, big = f[4] == 2, f[5] == 2
        at = next(i for i in range(0, len(f), 8) if f[i:i + 6] in (b"\xf1\xff\xff\xff\0\0", b"\xf0\xff\xff\xff\0\0", b"\xff\xff\xff\xf1\0\0") and f[i + 6] in (1, 2, 4) and f[i + 7] == (8 if wide else 4))
        put("pclntab", name, bytes([(0 if wide else 1) | (2 if big else 0) | 4]) + f[at:at + 3000])
    for choice, order in ((0, "<Q"), (2, ">Q"), (1, "<I"), (3, ">I")):
        put("pclntab", f"whole-{choice}", bytes([choice]) + table(order, 0x400080)[0])
        put("moduledata", f"whole-{choice}", bytes([choice]) + module(order, 0x400080))
        put("gosymtab", f"packed-{choice}", bytes([choice | 4]) + old_symbols(order))
    put("gosymtab", "first", bytes([5]) + old_symbols(None))


def old_symbols(order):
    """A symbol table of Go 1.1 and 1.2, or of Go 1.0 without an order: elements of paths, files, and functions that come from them."""
    out = b"" if order is None else struct.pack(order[0] + "I", 0xfffffffd) + bytes([0, 0, 0, struct.calcsize(order)])
    def entry(kind, value, name):
        nonlocal out
        if order is None:
            out += struct.pack(">IB", value, ord(kind) | 0x80) + name + b"\0" + bytes(4)
            return
        number = ord(kind) - ord("A") if kind < "a" else ord(kind) - ord("a") + 26
        wide = value > 0xffff
        out += bytes([number | (0x40 if wide else 0)]) + (struct.pack(order, value) if wide else leb(value)) + name + b"\0"
    elements = [b"/home/u/src", b"main.go", b"fmt", b"print.go", b"asm.s"]
    for number, element in enumerate(elements, 1):
        entry("f", number, element)
    for n in range(100):
        if n % 10 == 0:
            # The name is a NUL, then the pairs and a pair of zeros.
            path = (1, 2) if n == 0 else (1, 3, 4 + n // 10 % 2)
            entry("z", 1, b"")
            tail = bytes(4) if order is None else b""
            out = out[:len(out) - len(tail)] + b"".join(struct.pack(">H", e) for e in path) + bytes(2) + tail
        entry("T", 0x400080 + 16 * n, b"main.main" if n == 5 else b"fmt.f%d" % n)
    return out + bytes(3)


def leb(value):
    out = b""
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def table(order, base):
    """A function table of the Go 1.20 layout with two functions, and the addresses that module data repeats."""
    size = struct.calcsize(order)
    magic = struct.pack(order[0] + "I", 0xfffffff1)
    names = b"\0runtime.GOROOT\0main.main\0example.com/a%2eb.F\0"
    cu, files = struct.pack(order[0] + "II", 0, 1), b"/usr/lib/go/src/runtime/extern.go\0/home/u/app/main.go\0"
    pcs = b"\2\4\0\0"
    offsets, parts, at = [], [], 8 + 8 * size
    for part in (names, cu, files, pcs):
        offsets.append(at)
        parts.append(part.ljust(-(-len(part) // size) * size, b"\0"))
        at += len(parts[-1])
    infos = 8 * 2 + 4
    func = lambda entry, name: struct.pack(order[0] + "IiiiiiiIiBBBB", entry, name, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 4) + struct.pack(order[0] + "8i", *[0] * 8)
    ftab = struct.pack(order[0] + "IIIII", 0, infos, 64, infos + 80, 128)
    body = ftab + func(0, 1).ljust(80, b"\0") + func(64, 16)
    offsets.append(at)
    words = [2, 2, base + 0x1000] + offsets
    return magic + bytes([0, 0, 1, size]) + b"".join(struct.pack(order, w) for w in words) + b"".join(parts) + body, offsets


def module(order, base):
    size = struct.calcsize(order)
    tab, offsets = table(order, base)
    tab = tab.ljust(-(-len(tab) // 16) * 16, b"\0")
    here = base + len(tab)
    words = [base]
    for i, offset in enumerate(offsets):
        end = offsets[i + 1] if i + 1 < len(offsets) else len(tab)
        words += [base + offset, end - offset, end - offset]
    words += [base + offsets[-1], 3, 3]
    words += [0, base, base + 0x1000, base + 0x1000, base + 0x1080]
    data_at = here + 60 * size
    strings = (b"go1.27.3", MODINFO, b"/usr/lib/go", b"panicnil=1")
    heads, texts, at = [], b"", data_at + len(strings) * 2 * size
    for text in strings:
        heads += [at + len(texts), len(text)]
        texts += text
    words += [data_at, data_at, data_at + len(heads) * size, at, at, at]
    words = (words + [data_at, at] + [base] * 60)[:60]
    return tab + b"".join(struct.pack(order, w & (1 << 8 * size) - 1) for w in words + heads) + texts


def debug_information(f):
    """The first units of five sections of an ELF program, in the short form of the target `dwarf`."""
    wide, big = f[4] == 2, f[5] == 2
    o = ">" if big else "<"
    shoff, = struct.unpack_from(o + ("Q" if wide else "I"), f, 40 if wide else 32)
    size, count, names = struct.unpack_from(o + "HHH", f, 58 if wide else 46)
    rows = [struct.unpack_from(o + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"), f, shoff + i * size) for i in range(count)]
    texts = f[rows[names][4]:]
    found = {}
    for row in rows:
        body = f[row[4]:row[4] + row[5]]
        if row[2] & 0x800:
            body = zlib.decompress(body[24 if wide else 12:])
        found[texts[row[0]:texts.index(b"\0", row[0])]] = body
    def units(body, room):
        """Whole units as long as there is room; the last one is cut to fit."""
        at, out = 0, b""
        while at + 4 < len(body) and len(out) + 60 < room:
            length, = struct.unpack_from(o + "I", body, at)
            kept = body[at + 4:at + 4 + min(length, room - len(out))]
            out += struct.pack(o + "I", len(kept)) + kept
            at += 4 + length
        return out
    get = lambda name: found.get(b".debug_" + name, b"")
    parts = [units(get(b"info"), 400), get(b"abbrev")[:700], units(get(b"line"), 1600), get(b"line_str")[:1200], get(b"str")[:1200]]
    return bytes([wide | big << 1]) + b"".join(struct.pack("<H", len(p)) for p in parts) + b"".join(parts)


def containers():
    elf = b"\x7fELF\2\1\1" + bytes(57) + b"x" * 100
    def tar(fmt, names=("a", "b/c")):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=fmt) as t:
            for n in names:
                info = tarfile.TarInfo(n)
                info.size = len(elf)
                info.mode = 0o4755
                t.addfile(info, io.BytesIO(elf))
            for kind, name in ((tarfile.LNKTYPE, "hard"), (tarfile.SYMTYPE, "soft")):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, names[0]
                t.addfile(info)
        return out.getvalue().rstrip(b"\0").ljust(512 * 12, b"\0")
    plain = tar(tarfile.USTAR_FORMAT)
    put("tar", "ustar", plain)
    put("tar", "gnu", tar(tarfile.GNU_FORMAT, ("n" * 130, "b")))
    put("tar", "pax", tar(tarfile.PAX_FORMAT, ("n" * 130, "é")))
    sparse = tarfile.TarInfo("s")
    sparse.type, sparse.size = b"S", 512
    block = bytearray(sparse.tobuf(tarfile.GNU_FORMAT)[:512])
    for i, n in enumerate((0, 256, 4096, 256)):
        block[386 + 12 * i:398 + 12 * i] = b"%011o\0" % n
    block[483:495] = b"%011o\0" % 4352
    put("tar", "sparse", bytes(block) + bytes(512 * 3))
    pax = tarfile.TarInfo("GNUSparseFile/s")
    pax.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "9000"}
    body = b"2\n0\n100\n8000\n100\n".ljust(512, b"\0") + bytes(200)
    pax.size = len(body)
    put("tar", "sparse-pax", pax.tobuf(tarfile.PAX_FORMAT) + body.ljust(1024, b"\0") + bytes(1024))
    def zipped(method):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as z:
            z.writestr(zipfile.ZipInfo("a"), elf, method)
            z.writestr(zipfile.ZipInfo("d/b.txt"), "text" * 30, method)
            z.comment = b"c"
        return out.getvalue()
    for name, method in (("stored", 0), ("deflated", 8), ("bzip2", 12), ("lzma", 14)):
        put("zip", name, zipped(method))
    def newc(name, data, mode=0o100755, links=1, magic=b"070701", ino=1):
        fields = (ino, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = magic + b"".join(b"%08x" % n for n in fields) + name + b"\0"
        head += bytes(-len(head) % 4)
        return head + data + bytes(-len(data) % 4)
    cpio = newc(b"a", b"", links=2) + newc(b"b", elf, links=2) + newc(b"TRAILER!!!", b"", 0)
    put("cpio", "newc", cpio)
    odc = lambda n, d: b"070707" + b"".join(b"%0*o" % (w, v) for w, v in ((6, 1), (6, 1), (6, 0o100755), (6, 0), (6, 0), (6, 1), (6, 0), (11, 0), (6, len(n) + 1), (11, len(d)))) + n + b"\0" + d
    put("cpio", "odc", odc(b"a", elf) + odc(b"TRAILER!!!", b""))
    member = lambda n, d: b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (n, 0, 0, 0, b"100644", len(d)) + d + b"\n" * (len(d) % 2)
    for name, pack in (("gz", gz), ("xz", lzma.compress), ("none", lambda d: d)):
        end = {"gz": b".gz", "xz": b".xz", "none": b""}[name]
        put("deb", name, b"!<arch>\n" + member(b"debian-binary", b"2.0\n") + member(b"control.tar" + end, pack(plain[:2048])) + member(b"data.tar" + end, pack(plain)))
    def section(tags):
        index, store = b"", b""
        for tag, kind, count, data in tags:
            index += struct.pack(">4I", tag, kind, len(store), count)
            store += data
        return b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", len(tags), len(store)) + index + store
    signature = section([(1000, 4, 1, struct.pack(">I", 1))])
    main = section([(1124, 6, 1, b"cpio\0"), (1125, 6, 1, b"gzip\0"), (1028, 4, 1, struct.pack(">I", len(elf))), (1030, 3, 1, b"\x81\xed"),
                    (1117, 8, 1, b"a\0"), (1118, 8, 1, b"/usr/\0"), (1116, 4, 1, bytes(4)), (1096, 4, 1, bytes(4))])
    lead = b"\xed\xab\xee\xdb\3\0\0\0\0\1" + b"p".ljust(66, b"\0") + struct.pack(">HH", 1, 5) + bytes(16)
    put("rpm", "gzip", lead + signature + bytes(-len(signature) % 8) + main + gz(cpio))
    stripped = b"07070X" + b"%08x" % 0 + elf + bytes(-(14 + len(elf)) % 4) + newc(b"TRAILER!!!", b"", 0)
    put("rpm", "stripped", lead + signature + bytes(-len(signature) % 8) + main + gz(stripped))
    text = elf * 20
    for name, data in (("gzip", gz(text)), ("bzip2", bz2.compress(text)), ("xz", lzma.compress(text)), ("lzma", lzma.compress(text, lzma.FORMAT_ALONE)),
                       ("two-members", gz(text) + gz(b"more")), ("xz-crc64-bcj", lzma.compress(text, filters=[{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}])),
                       ("xz-delta", lzma.compress(text, filters=[{"id": lzma.FILTER_DELTA, "dist": 3}, {"id": lzma.FILTER_LZMA2, "dict_size": 4096}])),
                       ("zstd", ZSTD), ("zstd-skippable", b"\x50\x2a\x4d\x18\4\0\0\0abcd" + ZSTD)):
        put("codec", name, data)
        put("archive", name, data)
    put("archive", "tgz", gz(plain))
    put("archive", "zip-in-tar", tar(tarfile.USTAR_FORMAT)[:1024] + zipped(8))
    put("archive", "apk", gz(plain[:1536]) + gz(plain))
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as z:
        z.writestr(zipfile.ZipInfo("in.zip"), zipped(8))
        z.writestr(zipfile.ZipInfo("in.tgz"), gz(plain))
    put("archive", "nested", nested.getvalue())


# A frame of one raw block: a magic, a descriptor with the content size, and the bytes.
ZSTD = b"\x28\xb5\x2f\xfd\x20\x05" + struct.pack("<I", 5 << 3 | 1)[:3] + b"hello"


def images():
    def member(name, body, kind=b"0"):
        return bytes([len(name)]) + struct.pack("<H", len(body)) + kind + name + body
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as t:
        for name, body in (("usr/bin/app", b"\x7fELF" + bytes(60)), ("etc/.wh.x", b""), ("d/.wh..wh..opq", b"")):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(body), 0o755
            t.addfile(info, io.BytesIO(body))
    layer = layer.getvalue()[:512 * 7]
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/usr/bin", "GODEBUG=a=1"], "Entrypoint": ["app"], "Cmd": ["-x"],
                         "Labels": {"org.opencontainers.image.version": "1"}, "User": "1", "WorkingDir": "/"},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:$0"]}, "history": [{"created_by": "x"}, {"created_by": "y", "empty_layer": True}]}).encode()
    docker = json.dumps([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": ["layer.tar"]}]).encode()
    put("image", "docker", member(b"layer.tar", layer) + member(b"config.json", config) + member(b"manifest.json", docker))
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:$1", "size": len(config)},
                           "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "sha256:$0", "size": len(layer)}]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:$2",
                        "platform": {"os": "linux", "architecture": "amd64"}, "annotations": {"org.opencontainers.image.ref.name": "1"}}]}).encode()
    oci = [(b"blobs/sha256/$0", layer), (b"blobs/sha256/$0", config), (b"blobs/sha256/$0", manifest), (b"index.json", index), (b"oci-layout", b'{"imageLayoutVersion":"1.0.0"}')]
    put("image", "oci", b"".join(member(n, b) for n, b in oci))
    put("image", "oci-index-first", b"".join(member(n, b) for n, b in [oci[0], oci[1], oci[2], oci[4], oci[3]]))
    filled = lambda text: len(text) + text.count(b"$") * 62
    def answer(status, body, *headers):
        text = b"".join(line + b"\r\n" for line in (b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % filled(body), b"")) + body
        return struct.pack("<H", len(text)) + text
    kind = lambda what: b"Content-Type: application/vnd.oci.image." + what + b".v1+json"
    named = manifest.replace(b'"size": %d' % len(config), b'"size": %d' % filled(config))
    listed = json.dumps({"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:$2", "size": filled(named),
                         "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()
    kept = [answer(b"200 OK", layer), answer(b"200 OK", config), answer(b"200 OK", named, kind(b"manifest"))]
    index_answer = answer(b"200 OK", listed, kind(b"index"))
    put("exchange", "index", b"".join(kept) + index_answer)
    put("exchange", "bearer", b"".join(kept) + index_answer + answer(b"200 OK", b'{"token":"abc"}')
        + answer(b"401 Unauthorized", b"", b'WWW-Authenticate: Bearer realm="http://@/token",service="s",scope="repository:fuzz/app:pull"'))
    put("exchange", "redirect", b"".join(kept) + index_answer + answer(b"307 Temporary Redirect", b"", b"Location: http://@/elsewhere")
        + answer(b"429 Too Many Requests", b"", b"Retry-After: 0"))
    for name, text in (("config", config), ("docker", docker), ("manifest", manifest), ("index", index)):
        put("documents", name, text.replace(b"$", b"0" * 64))


def texts():
    put("modinfo", "all", MODINFO)
    put("modinfo", "framed", blob(b"", MODINFO)[34:])
    put("version", "go", b"go1.27.3\ngo1.27rc1\ndevel go1.28-abc Tue Jan 2\n")
    put("version", "more", b"go1.26.1-X:jsonv2,boringcrypto\ngo1.22.5 (Red Hat 1.22.5-1.el9)\ngo1.21-20230317-RC01")
    put("version", "modules", b"v1.2.3-0.20260101020304-abcdefabcdef+incompatible\nv2.0.0-rc.1\nv0.0.0-20260101020304-abcdefabcdef+dirty")
    put("flags", "all", b"-X main.v=1 -X 'a.b=c d' -extldflags \"-static\"\npanicnil=1,x=2#3,noloopvar")
    put("flags", "glob", b"**/[a-z]*.{so,a}\nusr/lib/x.so")
    for path in sorted((ROOT / "testdata/vulndb").glob("*.json")):
        put("osv", path.stem, path.read_bytes())
    # The compact form of testdata/vulndb (`seed-compact`) is written by `gospect db update --from testdata/vulndb --cache DIR`.
    put("severities", "kev", b'{"catalogVersion":"2026.11.05","vulnerabilities":[{"cveID":"CVE-2023-45288"},{"cveID":"CVE-2021-44228"}]}')
    put("severities", "kev-table", b'cveID,vendorProject\n"CVE-2023-45288",Go\nCVE-2021-44228,"a, ""b"""\n')
    put("severities", "epss", gz(b"#model_version:v2025.03.14,score_date:2026-11-05T00:00:00Z\ncve,epss,percentile\nCVE-2023-45288,0.5,0.9\n"))
    put("severities", "cvss", b"cve,cvss\nCVE-2023-45288,7.5\nCVE-2021-44228,10.0\n")
    put("severities", "nvd", b'{"format":"NVD_CVE","vulnerabilities":[{"cve":{"id":"CVE-2023-45288","metrics":{"cvssMetricV31":[{"cvssData":{"baseScore":7.5}}]}}}]}')
    put("fixes", "secdb", b'{"distroversion":"v3.20","reponame":"community","urlprefix":"https://dl-cdn.alpinelinux.org/alpine","packages":[{"pkg":{"name":"acme","secfixes":{"1.2.3-r2":["CVE-2023-45288 GHSA-4v7x-pqxf-cx7m"],"0":["CVE-2023-39325"]}}}]}')
    put("fixes", "tracker", b'{"acme":{"CVE-2023-45288":{"scope":"remote","releases":{"bookworm":{"status":"resolved","fixed_version":"1:1.2.3-1+deb12u2"},"trixie":{"status":"open"}}}}}')
    put("fixes", "osv", b'[{"schema_version":"1.7.0","id":"UBUNTU-CVE-2023-45288","upstream":["CVE-2023-45288"],"affected":[{"package":{"ecosystem":"Ubuntu:22.04:LTS","name":"acme"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.2.4-0ubuntu1~22.04"}]}]}]}]')
    put("fixes", "osv-lines", b'{"id":"ALPINE-CVE-2023-45288","affected":[{"package":{"ecosystem":"Alpine:v3.20","name":"acme"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"1.0-r0"},{"last_affected":"1.2.3_rc1-r4"}]}]}]}\n{"id":"CGA-1","schema_version":"1.7.0","aliases":["CVE-2023-45288"],"affected":[{"package":{"ecosystem":"Wolfi","name":"acme"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}\n')
    product = {"@id": "pkg:golang/example.com/app", "subcomponents": [{"@id": "pkg:golang/golang.org/x/net@v0.17.0"}]}
    statement = {"vulnerability": {"name": "CVE-2023-45288"}, "products": [product], "status": "not_affected", "justification": "vulnerable_code_not_present"}
    put("vex", "open", json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2026-01-02T03:04:05Z", "version": 1, "statements": [statement]}).encode())
    component = {"type": "library", "bom-ref": "net", "name": "golang.org/x/net", "version": "v0.17.0", "purl": "pkg:golang/golang.org/x/net@v0.17.0"}
    rated = {"id": "CVE-2023-45288", "analysis": {"state": "not_affected", "justification": "code_not_present"}, "affects": [{"ref": "net"}]}
    put("vex", "cyclonedx", json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", "version": 1, "components": [component], "vulnerabilities": [rated]}).encode())
    linked = "golang.org/x/net/http2\tFramer.ReadFrame\t.WriteData\tNewFramer\nmain\tmain\n"
    stored = {"source": "function-table", "complete": True, "packages": 2, "names": 4, "text": base64.b64encode(zlib.compress(linked.encode(), 9)).decode()}
    put("functions", "two", json.dumps(stored).encode())
    lookups = ROOT / "testdata/goproxy/sumdb/sum.golang.org/lookup/golang.org/x"
    put("note", "vulndb", next(lookups.iterdir()).read_bytes())
    put("policy", "template", (ROOT / "crates/audit/src/policy/template.toml").read_bytes())
    put("policy", "short", b'[rules]\ndirty-tree="error"\nglibc-too-new={maximum="2.28"}\n[expect]\n"-trimpath"="true"\n[[overrides]]\npaths=["**/x"]\n[overrides.rules]\nnot-pie="off"\n')
    put("policy", "custom", b'[[custom]]\nid="x"\nmessage="m {go_version}"\nlevel="note"\nwhen=[{key="go_version",op="<",value="go1.26"}]\n[[waivers]]\nrule="dirty-tree"\nreason="r"\nexpires="2026-12-01"\n')
    lint = ROOT / "testdata/lint"
    for path in sorted([*lint.iterdir(), *(lint / "app.service.d").iterdir()]):
        if path.is_file():
            put("deployment", path.name, b"\xff" + path.read_bytes())
    # The kinds in the order of `Kind::ALL`: the first byte of an input is an index into it.
    kinds = re.findall(r'\(\s*Kind::\w+,\s*"([^"]+)"', (ROOT / "crates/deploy/src/kind.rs").read_text())
    for number, kind in enumerate(kinds):
        for path in sorted(p for p in (lint / "kinds" / kind).rglob("*") if p.is_file() and p.name != "expected")[:2]:
            put("deployment", f"{kind}-{path.name}", bytes([number]) + path.read_bytes())
    values = b"go: {debug: 'panicnil=1', image: 'golang:1.27'}\nenv:\n- {name: GODEBUG, value: a=1}\n"
    template = b"""kind: Pod
spec:
  containers:
  - name: {{ include "x.name" . }}
    image: "{{ .Values.go.image | default "golang:1.26" }}"
    {{- if .Values.go }}
    env:
    - {name: GODEBUG, value: "{{ .Values.go.debug }}"}
    {{- range .Values.env }}
    - {{ toYaml . | nindent 4 }}
    {{- end }}
    {{- end }}
"""
    put("chart", "pod", struct.pack("<H", len(values)) + values + template)
    for name, text in (("go.mod", "module example.com/a // x\n\ngo 1.26.1\ntoolchain go1.27.3\n"), (".tool-versions", "nodejs 20\ngolang 1.26.1\n"),
                       ("mise.toml", "[tools]\ngo = { version = \"1.27\" }\n"), (".go-version", "# x\n1.27.3\n"), (".gitignore", "/out/\n!a/**/*.[ch]\n**/{x,y}\\ \n"),
                       ("charts/a/values-prod.yaml", "image: {tag: '1'}\n"), ("Jenkinsfile.release", "#!/usr/bin/env groovy\npipeline { agent any }\n")):
        put("around", pathlib.PurePath(name).name.lstrip("."), f"{name}\n{text}".encode())
    boot = bytearray(b"\xeb\x3c\x90mkfs.fat".ljust(0x1b2, b"\0"))
    table = struct.pack("<B3xB3xII", 0x80, 0x83, 2048, 4096) + bytes(48)
    for name, body in (("7z", b"7z\xbc\xaf\x27\x1c" + bytes(40)), ("squashfs", b"hsqs" + bytes(90)), ("parts", (boot[:0x1be].ljust(0x1be, b"\0") + table + b"\x55\xaa")),
                       ("ext", bytes(1024) + (bytes(56) + b"\x53\xef").ljust(1024, b"\0")), ("behind", b"\x7fELF" + bytes(60) + b"Rar!\x1a\7" + bytes(30)),
                       ("zip-end", b"\x7fELF" + bytes(90) + b"PK\5\6" + bytes(18))):
        put("foreign", name, b"disk.dmg\n" + bytes(body))
    for number, row in enumerate(("FROM golang:1.27 AS b\nARG V=1\nENV GODEBUG=panicnil=1 \\\n  GOEXPERIMENT=$V\nRUN <<E\ngo build -ldflags '-X a.b=c'\nE\n",
                                  "services:\n  a: &a\n    environment: [GODEBUG=x=1]\n  b:\n    <<: *a\n",
                                  "kind: Pod\nspec:\n  containers:\n  - name: a\n    env: [{name: GODEBUG, value: 'x=1,y'}]\n",
                                  "[Service]\nEnvironment=\"GODEBUG=a=1\" GOTRACEBACK=2\nExecStart=/bin/sh -c 'GODEBUG=b=2 app'\n")):
        put("deployment", f"kind-{number}", bytes([number]) + row.encode())
    put("baseline", "one", b'{"schema":"gospect-baseline/1","findings":{"a":{"rule":"r","path":"p","message":"m","count":1}},"toolchains":{"x":"go1.27.3"}}')
    run = {"type": "run", "schema": "gospect/1", "tool": {"name": "gospect", "version": "0.1.0"}, "knowledge": {"newest_go": "go1.27", "date": "2026-11-22"}, "targets": ["x"], "facts": "full"}
    end = {"type": "end", "reach": {"files": 1, "below_min_size": 0, "not_go": 0, "go": 0, "unexamined": 0, "bytes": 1}, "summary": {"go_versions": {}, "ports": {}, "contradicted": 0, "without_build_info": 0}}
    thing = {"type": "unexamined", "path": "x", "location": {"target": "x"}, "reason": "limit", "detail": "d"}
    put("records", "short", b"\n".join(json.dumps(x).encode() for x in (run, thing, end)) + b"\n")
    for name, text in (("tag", b"localhost:5000/a/b:1.2"), ("digest", b"docker.io/library/app@sha256:" + b"0" * 64), ("v6", b"[::1]:5000/x")):
        put("reference", name, text)
    put("challenge", "two", b'Bearer realm="https://a.example/t",service="s\\"x", scope=repository:a:pull, Basic realm="r"')
    put("token", "both", b'{"token":"abc","access_token":"def","expires_in":60}')


def changes():
    """Lists of changes to stored programs: one list of each length for each program (crates/fuzzing/src/structures.rs)."""
    numbers = random.Random(1)
    for target, programs in (("elf", 8), ("macho", 2), ("pe", 3), ("wasm", 2), ("other", 3)):
        for program in range(programs):
            for count in (1, 6):
                put(f"{target}changes", f"{program}-{count}", bytes([program]) + numbers.randbytes(8 * count))


for make in (executables, containers, images, texts, changes):
    make()
total = sum(f.stat().st_size for f in OUT.rglob("*") if f.is_file())
print(f"{sum(1 for f in OUT.rglob('*') if f.is_file())} files, {total} bytes")
