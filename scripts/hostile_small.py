"""The small hostile files of testdata/hostile: each lies about sizes, counts or places. `scripts/hostile.py --collect DIR` writes them."""
import bz2, gzip, io, json, lzma, struct, tarfile, zipfile, zlib

FILES = {}
MAX = (1 << 64) - 1
MAGIC = b"\xff Go buildinf:"


def file(name):
    def keep(make):
        FILES[name] = make
        return make
    return keep


def leb(n):
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def elf(phs, shs=(), body=b"", shstrndx=0, shoff=None, phoff=64, shnum=None, phnum=None, etype=2):
    at = 64 + 56 * len(phs)
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", etype, 62, 1, 0x401000, phoff, (at if shs else 0) if shoff is None else shoff, 0, 64, 56,
                        len(phs) if phnum is None else phnum, 64, len(shs) if shnum is None else shnum, shstrndx)
    return head + b"".join(phs) + b"".join(shs) + body


def ph(kind, flags, off, va, size, mem=None):
    return struct.pack("<IIQQQQQQ", kind, flags, off, va, va, size, size if mem is None else mem, 16)


def sh(name, kind, flags, addr, off, size, link=0, info=0, entsize=0):
    return struct.pack("<IIQQQQIIQQ", name, kind, flags, addr, off, size, link, info, 8, entsize)


file("elf-offsets-at-the-end-of-the-world")(lambda: elf(
    [ph(1, 6, MAX - n, MAX - n * 2, MAX - n) for n in (0, 1, 7, 4096)] + [ph(2, 6, MAX, MAX, MAX), ph(3, 4, MAX - 1, 0, 2), ph(4, 4, MAX, 0, MAX)],
    [sh(MAX & 0xffffffff, 1, 3, MAX, MAX, MAX), sh(1, 2, 2, MAX - 1, MAX - 1, MAX - 1, MAX & 0xffffffff, 0, MAX), sh(0, 3, 0, 0, MAX, MAX)], bytes(20000), 2))
file("elf-tables-far-away")(lambda: elf([ph(1, 6, 0, 0x400000, 4096)], [], bytes(20000), 1, shoff=MAX, phoff=MAX - 55, shnum=0xffff, phnum=0xffff))
file("elf-everything-overlaps")(lambda: elf(
    [ph(1, 6, 0, 0x400000 + n, 20000) for n in range(40)] + [ph(2, 6, 0, 0x400000, 20000), ph(4, 6, 0, 0x400000, 20000)],
    [sh(0, n % 12, 7, 0x400000, 0, 20000, n, n, 24) for n in range(40)], bytes(16000), 1))
file("elf-names-are-the-table-itself")(lambda: elf([ph(1, 6, 64, 0x400000, 4096)], [sh(n, 3, 3, 0x400000, 120, 64 * 30, 1, 1, 24) for n in range(30)], bytes(17000), 1))
file("elf-compressed-sections")(lambda: elf(
    [ph(1, 6, 0, 0x400000, 18000)],
    [sh(0, 0, 0, 0, 0, 0), sh(1, 1, 0x800, 0, 800, 17000), sh(13, 1, 0x803, 0x400000 + 800, 800, 17000), sh(28, 3, 0, 0, 400, 100)],
    (b"\0.debug_info\0.go.buildinfo\0.shstrtab\0".ljust(800 - 120 - 256, b"\0") + struct.pack("<IIQQ", 1, 0, MAX, 1) + zlib.compress(bytes(16 << 20), 9))[:18000], 3))
file("elf-extended-numbers")(lambda: elf([], [sh(0, 0, 0, 0, 0, 0xffffffffffff, 0xffffffff, 0xffffffff)], bytes(20000), 0xffff, shnum=0, phnum=0xffff))
file("elf-magic-at-every-misalignment")(lambda: elf([ph(1, 6, 0, 0x400000, 20000)], body=bytes(72) + b"".join(
    bytes(n) + MAGIC + b"\x08\x02" + bytes(16) + b"\x08go1.99.9\0" + bytes(-(n + 32 + 10) % 16) for n in range(1, 16) for _ in (0, 1)) + bytes(17000)))
file("elf-record-longer-than-the-file")(lambda: elf([ph(1, 6, 0, 0x400000, 20000)], body=bytes(8) + MAGIC + b"\x08\x02" + bytes(16) + b"\x08go1.27.3" + leb(MAX) + bytes(18000)))
file("elf-pointers-in-a-circle")(lambda: elf([ph(1, 6, 0, 0x400000, 20000)], body=bytes(8) + MAGIC + b"\x08\x00" + struct.pack("<4Q", 0x400090, 0x400090, 0x400090, 0x400090) * 50 + bytes(17000)))
file("elf-relocations-without-end")(lambda: elf(
    [ph(1, 6, 0, 0x400000, 20000), ph(2, 6, 176, 0x4000b0, 96)],
    body=struct.pack("<12Q", 7, 0x400000, 8, MAX, 9, 24, 17, 0x400000, 18, MAX, 36, 0x400000) + bytes(17000)))


def macho(commands, count=None, size=None, extra=b""):
    body = b"".join(commands)
    return struct.pack("<8I", 0xfeedfacf, 0x01000007, 3, 2, len(commands) if count is None else count, len(body) if size is None else size, 0, 0) + body + extra


def segment(off, size, va=0x1000, vsize=None, sections=0):
    return struct.pack("<II16sQQQQIIII", 0x19, 72, b"__DATA", va, size if vsize is None else vsize, off, size, 7, 3, sections, 0)


file("macho-commands-without-length")(lambda: macho([struct.pack("<II", 0x19, 0)] * 4, 0xffffffff, 0xffffffff, bytes(18000)))
file("macho-segments-at-the-end-of-the-world")(lambda: macho([segment(MAX, MAX, MAX, MAX, 0xffffffff), segment(MAX - 1, 2, MAX - 1), segment(0, MAX)], extra=bytes(18000)))
file("macho-fixups-in-a-circle")(lambda: macho([segment(0, 18000), struct.pack("<IIII", 0x80000034, 16, 120, 400)],
     extra=struct.pack("<7I", 0, 28, 0, 0, 0, 1, 0) + struct.pack("<II", 1, 8) + struct.pack("<IHHQIHH", 24, 0, 6, 0, 0, 0xffff, 0) + b"\xff" * 17000))
file("fat-of-itself")(lambda: struct.pack(">II", 0xcafebabe, 3) + b"".join(struct.pack(">5I", 0x01000007, 3, at, 18000 - at, 0) for at in (0, 0, 8)) + bytes(18000))
file("fat-inside-fat")(lambda: (lambda inner: struct.pack(">II5I", 0xcafebabe, 1, 7, 3, 28, len(inner), 0) + inner)(
    struct.pack(">II5I", 0xcafebabe, 1, 7, 3, 0, 0xffffffff, 0) + bytes(18000)))
file("fat64-at-the-end-of-the-world")(lambda: struct.pack(">II", 0xcafebabf, 0x1000) + struct.pack(">IIQQII", 0x01000007, 3, MAX - 7, MAX, 31, 0) * 500)


def pe(sections, opt=240, lfanew=64, count=None, directories=b""):
    head = b"MZ" + bytes(58) + struct.pack("<I", lfanew) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x8664, len(sections) if count is None else count, 0, 0xffffffff, 0xffffffff, opt, 0x22)
    return head + (struct.pack("<H", 0x20b) + bytes(106) + struct.pack("<I", 16) + directories).ljust(240, b"\0") + b"".join(sections)


def pe_section(name, vsize, va, size, at):
    return struct.pack("<8sIIIIIIHHI", name, vsize, va, size, at, 0, 0, 0, 0, 0xc0000040)


file("pe-counts-and-places")(lambda: pe([pe_section(b".data", 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff), pe_section(b"/999999", 0, 0, 20000, 0)] * 8, 0xffff, count=0xffff) + bytes(18000))
file("pe-header-is-itself")(lambda: pe([pe_section(b".data", 20000, 0x1000, 20000, 0)], lfanew=0xfffffff0) + bytes(18000))
file("pe-imports-in-a-circle")(lambda: pe([pe_section(b".idata", 20000, 0x1000, 20000, 0)], directories=struct.pack("<4I", 0x1000, 0xffffffff, 0x1000, 0xffffffff) * 8) + struct.pack("<I", 0x1040) * 4500)
file("xcoff-counts")(lambda: struct.pack(">HHIQHHI", 0x01f7, 0xffff, 0, MAX, 0xffff, 0x2000, 0xffffffff) + b"\xff" * 18000)
file("plan9-sizes")(lambda: struct.pack(">8I", 0x8a97, *[0xffffffff] * 7) + bytes(18000))
file("wasm-sections-at-the-end-of-the-world")(lambda: b"\0asm\1\0\0\0" + b"\x0b\xff\xff\xff\xff\x0f" + leb(MAX) + b"\0\x41\x80\x80\x80\x80\x78\x0b" + leb(MAX) + bytes(18000))
file("wasm-parts-far-apart")(lambda: (lambda body: b"\0asm\1\0\0\0\x0b" + leb(len(body)) + body)(
    leb(1000) + b"".join(b"\0\x41" + leb(n * 100000 & 0x7fffffff) + b"\x0b\1a" for n in range(1000)) + bytes(9000)))
member = lambda n, size, d=b"": b"%-16s%-12d%-6d%-6d%-8s%-10s`\n" % (n, 0, 0, 0, b"644", size) + d
file("ar-sizes.a")(lambda: b"!<arch>\n" + member(b"/", b"-1") + member(b"//", b"9999999999") + member(b"#1/9999999999", b"40") + member(b"/99999999", b"0") * 200)
file("ar-index-of-itself.a")(lambda: b"!<arch>\n" + member(b"/", b"16384", struct.pack(">I", 4095) + struct.pack(">I", 8) * 4095) + member(b"a.o/", b"60", b"\x7fELF" + bytes(56)) * 4)


def tar_block(name, size=0, kind=b"0", link=b"", raw=None, magic=b"ustar\x0000"):
    b = bytearray(512)
    b[0:len(name)] = name
    b[100:108], b[108:116], b[116:124] = b"0000755\0", b"0000000\0", b"0000000\0"
    b[124:136] = b"%011o\0" % size if raw is None else raw
    b[136:148], b[156:157], b[157:157 + len(link)], b[257:265] = b"%011o\0" % 0, kind, link, magic
    b[148:156] = b" " * 8
    b[148:156] = b"%06o\0 " % sum(b)
    return bytes(b)


big = lambda n: b"\x80" + n.to_bytes(11, "big")
file("tar-sizes.tar")(lambda: tar_block(b"a", raw=big((1 << 63) - 1)) + bytes(512) + tar_block(b"b", raw=b"\xff" * 12) + bytes(2048))
file("tar-negative.tar")(lambda: tar_block(b"a", raw=b"\xff" * 12) + tar_block(b"b", raw=b"-0000000001\0") + bytes(2048))
file("tar-pax-lies.tar")(lambda: b"".join(tar_block(b"p", 512, b"x") + record.ljust(512, b"\0") + tar_block(b"f", 0) for record in (
    b"99999999999999999999 size=1\n", b"0 \n", b"28 size=18446744073709551615\n", b"6 size", b"11 path=\0a\n", b"21 GNU.sparse.map=1,2\n")) + bytes(1024))
file("tar-links-in-a-circle.tar")(lambda: b"".join(tar_block(b"%d" % n, 0, b"1", b"%d" % ((n + 1) % 30)) for n in range(30)) + tar_block(b"up", 0, b"2", b"../../../../etc/passwd") + tar_block(b"/abs/../..", 4) + b"\x7fELF".ljust(512, b"\0") + bytes(1024))
def sparse():
    b = bytearray(tar_block(b"s", 512, b"S"))
    for n in range(4):
        b[386 + 24 * n:410 + 24 * n] = big((1 << 62) + n) + big((1 << 62) - n)
    b[483:495] = big((1 << 63) - 1)
    b[148:156] = b" " * 8
    b[148:156] = b"%06o\0 " % sum(b)
    return bytes(b) + bytes(2048)
file("tar-sparse-beyond-everything.tar")(sparse)
file("tar-names-without-end.tar")(lambda: (tar_block(b"././@LongLink", 15000, b"L") + b"n" * 15360) + tar_block(b"x", 0) + bytes(1024))


def zip_of(entries, end=None, comment=b""):
    local, central = b"", b""
    for name, data, method, size, usize, offset in entries:
        crc = zlib.crc32(b"")
        at = len(local) if offset is None else offset
        if data is not None:
            local += struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, method, 0, 0, crc, size & 0xffffffff, usize & 0xffffffff, len(name), 0) + name + data
        central += struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, method, 0, 0, crc, size & 0xffffffff, usize & 0xffffffff, len(name), 0, 0, 0, 0, 0, at & 0xffffffff) + name
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(entries) & 0xffff, len(entries) & 0xffff, len(central), len(local), len(comment)) if end is None else end(len(local), len(central))
    return local + central + tail + comment


def raw_deflate(data):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return z.compress(data) + z.flush()


ZEROS = raw_deflate(b"\x7fELF" + bytes(8 << 20))
file("zip-entries-share-one-body.zip")(lambda: zip_of([(b"a", ZEROS, 8, len(ZEROS), 8 << 20, 0)] + [(b"%d" % n, None, 8, len(ZEROS), 8 << 20, 0) for n in range(400)]))
file("zip-sizes.zip")(lambda: zip_of([(b"a", b"x", 0, 0xffffffff, 0xffffffff, 0), (b"b", b"x", 8, 0xfffffffe, 1, 0xfffffff0), (b"", b"", 99, 0, 0, None)] * 20))
file("zip64-at-the-end-of-the-world.zip")(lambda: bytes(100) + struct.pack("<4sQ2H2I4Q", b"PK\6\6", MAX - 12, 45, 45, 0, 0, MAX, MAX, MAX, MAX) + struct.pack("<4sIQI", b"PK\6\7", 0, 100, 1) + struct.pack("<4s4H2IH", b"PK\5\6", 0xffff, 0xffff, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0))
file("zip-ends-everywhere.zip")(lambda: b"PK\3\4" + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xffff, 0xffff, 0xffffffff, 4, 0) * 900)
file("gzip-ratio.gz")(lambda: gzip.compress(gzip.compress(gzip.compress(b"\x7fELF" + bytes(64 << 20), 9, mtime=0), 9, mtime=0), 9, mtime=0))
file("gzip-members-without-end.gz")(lambda: gzip.compress(b"", 9, mtime=0) * 1500)
file("bzip2-ratio.bz2")(lambda: bz2.compress(b"\x7fELF" + bytes(64 << 20), 9))
file("xz-dictionary.xz")(lambda: (lambda x: x[:12] + b"\2\0\x21\1\x28\0\0\0" + struct.pack("<I", zlib.crc32(b"\2\0\x21\1\x28\0\0\0")) + x[24:])(lzma.compress(b"x" * 100)))
file("xz-ratio.xz")(lambda: lzma.compress(b"\x7fELF" + bytes(32 << 20)))
file("lzma-dictionary.lzma")(lambda: b"\x5d" + struct.pack("<IQ", 0xffffffff, MAX) + bytes(1000))
file("zstd-window.zst")(lambda: b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x01\0\0" + bytes(100))
file("zstd-ratio.zst")(lambda: b"\x28\xb5\x2f\xfd\x00\x58" + (struct.pack("<I", (128 << 10) << 3 | 2)[:3] + b"\0") * 4000)
def zip_nest():
    data = b"\x7fELF" + bytes(1 << 20)
    for level in range(8):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for n in range(3):
                z.writestr(zipfile.ZipInfo(f"{n}.zip"), data, zipfile.ZIP_DEFLATED)
        data = out.getvalue()
    return data
file("zip-nested.zip")(zip_nest)
newc = lambda name, size, data=b"", names=None: b"070701" + b"".join(b"%08x" % (n & 0xffffffff) for n in (1, 0o100755, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name) + 1 if names is None else names, 0)) + name + b"\0" + data
file("cpio-sizes.cpio")(lambda: newc(b"a", 0xffffffff) + newc(b"b", 0, names=0xffffffff) + bytes(1000))
file("deb-sizes.deb")(lambda: b"!<arch>\n" + member(b"debian-binary", b"4", b"2.0\n") + member(b"data.tar.gz", b"9999999999", gzip.compress(tar_block(b"a", 8 << 30) + bytes(8 << 20), mtime=0)))
file("rpm-counts.rpm")(lambda: b"\xed\xab\xee\xdb\3\0\0\0\0\1".ljust(96, b"\0") + b"\x8e\xad\xe8\1" + bytes(4) + struct.pack(">II", 0xffffffff, 0xffffffff) + bytes(2000))


def image(members):
    return b"".join(tar_block(n, len(b)) + b + bytes(-len(b) % 512) for n, b in members) + bytes(1024)


def digest(b):
    import hashlib
    return "sha256:" + hashlib.sha256(b).hexdigest()


@file("image-layers-all-the-same.tar")
def same_layers():
    layer = gzip.compress(tar_block(b"usr/bin/x", 4 << 20) + b"\x7fELF" + bytes(4 << 20), mtime=0)
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    saved = json.dumps([{"Config": "c.json", "RepoTags": [f"a:{n}"], "Layers": ["l.tar"] * 300} for n in range(20)]).encode()
    return image([(b"manifest.json", saved), (b"c.json", config), (b"l.tar", layer)])


@file("image-index-of-indexes.tar")
def indexes():
    media = "application/vnd.oci.image.index.v1+json"
    blobs, below = [], json.dumps({"schemaVersion": 2, "mediaType": media, "manifests": []}).encode()
    for level in range(24):
        blobs.append(below)
        below = json.dumps({"schemaVersion": 2, "mediaType": media, "manifests": [{"mediaType": media, "digest": digest(below), "size": len(below)}] * 2}).encode()
    members = [(b"oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), (b"index.json", below)]
    return image(members + [(b"blobs/sha256/" + digest(b)[7:].encode(), b) for b in blobs])


file("image-json-deep.tar")(lambda: image([(b"manifest.json", b"[" * 20000), (b"index.json", b'{"manifests":' * 2000), (b"oci-layout", b"{}")]))
file("image-names.tar")(lambda: image([(b"manifest.json", json.dumps([{"Config": "c\x1b[31m\n.json", "RepoTags": ["\x1b]0;x\x07", "\u202e"], "Layers": ["../../../etc/passwd", "/dev/zero", "l\n"]}]).encode())]))


def lying_zip():
    body = b"\x7fELF" + bytes(n * 7 & 255 for n in range(60000))
    packed = raw_deflate(body)
    crc = zlib.crc32(body)
    local, central = b"", b""
    for name, size in (b"none", 0), (b"little", 100), (b"much", 1 << 31):
        fields = struct.pack("<3I2H", crc, len(packed), size, len(name), 0)
        central += struct.pack("<4s6H", b"PK\1\2", 0x314, 20, 0, 8, 0, 0) + fields + struct.pack("<3H2I", 0, 0, 0, 0o100755 << 16, len(local)) + name
        local += struct.pack("<4s5H", b"PK\3\4", 20, 0, 8, 0, 0) + fields + name + packed
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 3, 3, len(central), len(local), 0)


file("zip-size-lies.zip")(lying_zip)
file("zip-unlisted-entry.zip")(lambda: zip_of([(b"h", b"\x7fELF".ljust(4096, b"."), 0, 4096, 4096, 0)])[:4096 + 31] + zip_of([(b"a", b"x" * 4096, 0, 4096, 4096, 0)]))
file("zstd-skippable-frames.zst")(lambda: b"\x50\x2a\x4d\x18\0\0\0\0" * 1100 + b"\x28\xb5\x2f\xfd\x20\x04" + struct.pack("<I", 4 << 3 | 1)[:3] + b"\x7fELF")
file("bzip2-empty-streams.bz2")(lambda: bz2.compress(b"", 9) * 5000 + bz2.compress(b"\x7fELF", 9))
file("bzip2-tiny-streams.bz2")(lambda: bz2.compress(b"x", 9) * 1500)
file("tar-long-record.tar.gz")(lambda: gzip.compress(tar_block(b"p", (1 << 20) + 1, b"x") + (b"%d comment=" % ((1 << 20) + 1)).ljust(1 << 20, b"c") + b"\n" + bytes(511) + tar_block(b"f", 4) + b"\x7fELF".ljust(512, b"\0") + bytes(1024), 9, mtime=0))
file("tar-two-sizes.tar")(lambda: tar_block(b"p", 512, b"x") + b"10 size=4\n".ljust(512, b"\0") + tar_block(b"f", 512) + b"\x7fELF".ljust(512, b"\0") + bytes(1024))


@file("image-size-lies.tar")
def lying_image():
    layer = tar_block(b"usr/bin/x", 4) + b"\x7fELF".ljust(512, b"\0") + bytes(1024)
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    descriptor = lambda kind, b, size: {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(b), "size": size}
    manifest = json.dumps({"schemaVersion": 2, "config": descriptor("config.v1+json", config, len(config)), "layers": [descriptor("layer.v1.tar", layer, 7)]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [descriptor("manifest.v1+json", manifest, len(manifest))]}).encode()
    return image([(b"oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), (b"index.json", index)] + [(b"blobs/sha256/" + digest(b)[7:].encode(), b) for b in (layer, config, manifest)])


def write(directory):
    import os
    os.makedirs(directory, exist_ok=True)
    for name, make in FILES.items():
        data = make()
        assert len(data) <= 80 << 10, (name, len(data))
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)
    print(f"{len(FILES)} files, {sum(os.path.getsize(os.path.join(directory, n)) for n in FILES)} bytes")
