#!/usr/bin/env python3
"""Makes testdata/packages.tar.xz: small roots with databases written by dpkg and rpm, and packages of three kinds.

usage: scripts/make-package-databases.py [REPOSITORY]
Needs dpkg, rpm and rpmbuild (4.16 or later), db5.3_load (Debian: rpm, db5.3-util), and installs nothing outside a temporary directory.

The program in every package is the fixture 1.27-linux-amd64-strip; the roots are stored without it, and the tests add it.
apk has no Debian package, so its database and package are written here after apk-installed(5) and apk-package(5).
"""
import base64, gzip, hashlib, io, os, pathlib, shutil, sqlite3, struct, subprocess, sys, tarfile, tempfile, zlib

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(__file__) + "/..").resolve()
FIXTURE = "1.27-linux-amd64-strip"
TIME = 1700000000
os.environ["SOURCE_DATE_EPOCH"] = str(TIME)
os.environ["LC_ALL"] = "C"


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stdout[-500:]}{done.stderr[:2000]}")
    return done.stdout


def fixture():
    with tarfile.open(ROOT / "testdata/fixtures/amd64.tar.xz") as tar:
        for member in tar:
            if os.path.basename(member.name) == FIXTURE:
                return tar.extractfile(member).read()
    raise SystemExit(f"no fixture {FIXTURE}")


def write(path, data, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(mode)


def os_release(root, name, version):
    write(root / "usr/lib/os-release", f'NAME="{name}"\nID={name}\nVERSION_ID="{version}"\n')
    (root / "etc").mkdir(parents=True, exist_ok=True)
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")


def deb(work, name, version, files, fields="", arch="amd64"):
    tree = work / f"deb-{name}-{version.replace(':', '_')}"
    for path, body in files.items():
        write(tree / path.lstrip("/"), body, 0o755)
    write(tree / "DEBIAN/control", f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\n"
          f"Maintainer: Test <test@example.com>\n{fields}Description: test\n several\n lines: of it\n")
    sums = "".join(f"{hashlib.md5(b).hexdigest()}  {p.lstrip('/')}\n" for p, b in files.items())
    write(tree / "DEBIAN/md5sums", sums)
    out = work / f"{name}.deb"
    run("dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, out)
    return out


def dpkg_root(work, program):
    """Merged /usr; names below /bin; a diversion; two architectures of one package; one that was removed."""
    root = work / "roots/debian"
    for folder in ["usr/bin", "usr/sbin", "usr/lib", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "etc"]:
        (root / folder).mkdir(parents=True)
    for link in ["bin", "sbin", "lib"]:
        (root / link).symlink_to(f"usr/{link}")
    write(root / "var/lib/dpkg/status", "")
    write(root / "var/lib/dpkg/arch", "amd64\ni386\n")
    os_release(root, "debian", "12")
    packages = [
        deb(work, "acme", "1:2.0-3+b1", {"/usr/bin/acme": program}, "Source: acme-src (1:2.0-3)\nMulti-Arch: foreign\n"),
        deb(work, "oldpath", "1.0", {"/bin/oldpath": program}),
        deb(work, "libacme", "3.1-1", {"/usr/lib/x86_64-linux-gnu/acme/helper": program}, "Multi-Arch: same\nSource: acme-src\n"),
        deb(work, "diverted", "1.1", {"/usr/bin/tool": program}),
        deb(work, "removed", "0.9", {"/usr/bin/removed": program}),
        deb(work, "replaced", "0.1", {"/usr/bin/replaced": b"another program\n"}),
    ]
    dpkg = ["dpkg", f"--root={root}", "--force-all", "--no-triggers", "--log=/dev/null"]
    run("dpkg-divert", f"--admindir={root}/var/lib/dpkg", f"--instdir={root}", "--package", "diverter", "--no-rename",
        "--divert", "/usr/bin/tool.distrib", "--add", "/usr/bin/tool")
    run(*dpkg, "-i", *packages)
    run(*dpkg, "-i", deb(work, "diverter", "7", {"/usr/bin/tool": program}))
    run(*dpkg, "-r", "removed")
    shutil.copy(work / "acme.deb", work / "packages/acme.deb")


def distroless_root(work, program):
    """The parts of dpkg that Bazel's rules for containers keep."""
    root = work / "roots/distroless"
    os_release(root, "debian", "13")
    write(root / "var/lib/dpkg/status.d/acme", "Package: acme\nVersion: 4.0-1\nArchitecture: arm64\nSource: acme-src\n")
    write(root / "var/lib/dpkg/status.d/acme.md5sums", f"{hashlib.md5(program).hexdigest()}  usr/bin/acme\n")
    write(root / "var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 13\nArchitecture: arm64\n")


SPEC = """
Name: acme
Version: 2.0
Release: 3.fc40
Epoch: 1
Summary: test
License: MIT
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w.ufdio
AutoReqProv: no
%description
test
%package tools
Summary: test
Version: 9.1
Epoch: 0
%description tools
test
FILLER_PACKAGES
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/libexec %{buildroot}/usr/share/fill
cp PROGRAM %{buildroot}/usr/bin/acme
cp PROGRAM %{buildroot}/usr/libexec/acme-tool
echo other > %{buildroot}/usr/bin/acme-replaced
touch %{buildroot}/usr/bin/acme-ghost
for n in $(seq 0 FILES); do echo $n > %{buildroot}/usr/share/fill/a-file-with-a-rather-long-name-$n; done
%files
%defattr(0755,root,root)
/usr/bin/acme
/usr/bin/acme-replaced
%ghost /usr/bin/acme-ghost
%files tools
%defattr(0755,root,root)
/usr/libexec/acme-tool
FILLER_FILES
"""


def rpms(work, program):
    write(work / "program", program, 0o755)
    fill, each = 24, 12
    packages = "".join(f"%package fill{n}\nSummary: test\n%description fill{n}\ntest\n" for n in range(fill))
    files = "".join(f"%files fill{n}\n" + "".join(f"/usr/share/fill/a-file-with-a-rather-long-name-{n * each + i}\n"
                    for i in range(each * (8 if n == fill - 1 else 1))) for n in range(fill))
    spec = SPEC.replace("FILLER_PACKAGES", packages).replace("FILLER_FILES", files)
    spec = spec.replace("PROGRAM", str(work / "program")).replace("FILES)", f"{(fill - 1) * each + each * 8 - 1})")
    write(work / "acme.spec", spec)
    run("rpmbuild", "-bb", "--define", f"_topdir {work}/rpmbuild", "--define", "_buildhost test", "--define", "use_source_date_epoch_as_buildtime 1",
        "--target", "x86_64", work / "acme.spec")
    found = sorted((work / "rpmbuild/RPMS").rglob("*.rpm"))
    shutil.copy(next(p for p in found if p.name.startswith("acme-2.0")), work / "packages/acme.rpm")
    return found


def rpm_root(work, found, name, backend, path, distribution):
    root = work / "roots" / name
    (root / path).mkdir(parents=True)
    os_release(root, *distribution)
    rpm = ["rpm", "--force-debian", "--root", root, "--dbpath", f"/{path}", "--define", f"_db_backend {backend}", "--nodeps", "--noscripts", "--justdb", "--ignorearch", "--ignoreos"]
    run(*rpm, "-i", *found)
    for junk in ["__db.001", "__db.002", "__db.003", ".rpm.lock", "rpmdb.sqlite-shm", "Index.db"]:
        (root / path / junk).unlink(missing_ok=True)
    return root / path


def ndb_root(work, sqlite):
    """Writes the headers of the SQLite form in the layout of rpm's lib/backend/ndb/rpmpkg.c, because Debian's rpm is built without ndb."""
    root = work / "roots/opensuse"
    os_release(root, "opensuse-leap", "15.6")
    rows = sqlite3.connect(sqlite).execute("SELECT hnum, blob FROM Packages ORDER BY hnum").fetchall()
    slots, body, at = b"", b"", 4096
    for number, blob in rows:
        head = struct.pack("<4sIII", b"BlbS", number, 1, len(blob))
        pad = b"\0" * (-(len(blob) + 12) % 16)
        tail = struct.pack("<II4s", zlib.adler32(head + blob + pad), len(blob), b"BlbE")
        whole = head + blob + pad + tail
        slots += struct.pack("<4sIII", b"Slot", number, at // 16, len(whole) // 16)
        body += whole
        at += len(whole)
    slots += struct.pack("<4sIII", b"Slot", 0, 0, 0) * ((4096 - 32 - len(slots)) // 16)
    head = struct.pack("<4sIIIIIII", b"RpmP", 0, 1, 1, len(rows) + 1, 0, 0, 0)
    write(root / "usr/lib/sysimage/rpm/Packages.db", head + slots + body)


def bdb_root(work, sqlite):
    """Loads the headers of the SQLite form with Berkeley DB's own loader, because rpm no longer writes this form; rpm then reads them back."""
    root = work / "roots/rhel"
    os_release(root, "rhel", "8.10")
    folder = root / "var/lib/rpm"
    folder.mkdir(parents=True)
    rows = sqlite3.connect(sqlite).execute("SELECT hnum, blob FROM Packages ORDER BY hnum").fetchall()
    lines = ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=4096", "HEADER=END",
             " " + struct.pack("<I", 0).hex(), " " + struct.pack("<I", len(rows)).hex()]
    for number, blob in rows:
        lines += [" " + struct.pack("<I", number).hex(), " " + blob.hex()]
    run("db5.3_load", folder / "Packages", input="\n".join(lines + ["DATA=END", ""]))
    known = run("rpm", "--root", root, "--dbpath", "/var/lib/rpm", "--define", "_db_backend bdb_ro", "-qa")
    assert len(known.split()) == len(rows), known
    big = work / "roots/rhel-big-endian/var/lib/rpm"
    big.mkdir(parents=True)
    os_release(work / "roots/rhel-big-endian", "rhel", "7.9")
    lines[4:5] = ["db_lorder=4321", "HEADER=END"]
    run("db5.3_load", big / "Packages", input="\n".join(lines + ["DATA=END", ""]))


def apk(work, program):
    root = work / "roots/alpine"
    os_release(root, "alpine", "3.20.3")
    q1 = lambda b: "Q1" + base64.b64encode(hashlib.sha1(b).digest()).decode()
    write(root / "lib/apk/db/installed", f"""C:Q1pSfYYIDFNaGUX4RRmMD8aV1xDQE=
P:musl
V:1.2.5-r0
A:x86_64
S:400000
o:musl
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=

C:Q1pSfYYIDFNaGUX4RRmMD8aV1xDQE=
P:acme-cli
V:2.0.1-r4
A:x86_64
o:acme
D:so:libc.musl-x86_64.so.1
F:usr
F:usr/bin
R:acme
a:0:0:755
Z:{q1(program)}
R:acme-replaced
a:0:0:755
Z:{q1(b'other')}
R:acme-plain
F:usr/share/acme
R:acme
Z:{q1(b'text')}
""")
    info = "# Generated by abuild 3.13\npkgname = acme-cli\npkgver = 2.0.1-r4\npkgdesc = test\narch = x86_64\norigin = acme\ndatahash = 00\n"

    def part(files, end):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name, body, mode in files:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode, entry.mtime = len(body), mode, TIME
                tar.addfile(entry, io.BytesIO(body))
        raw = out.getvalue()
        if not end:
            raw = raw[:sum(512 + (len(b) + 511) // 512 * 512 for _, b, _ in files)]
        return gzip.compress(raw, 0, mtime=0)
    package = part([(".SIGN.RSA.test.rsa.pub", b"signature", 0o644)], False) + part([(".PKGINFO", info.encode(), 0o644)], False)
    write(work / "packages/acme.apk", package + part([("usr/bin/acme", program, 0o755)], True))


def header(tags):
    """A header blob: tags with values that are text, a list of texts, or a list of numbers of 32 bits."""
    index, store = b"", b""
    for tag, value in tags:
        if isinstance(value, str):
            kind, count, body = 6, 1, value.encode() + b"\0"
        elif isinstance(value[0], str):
            kind, count, body = 8, len(value), b"".join(v.encode() + b"\0" for v in value)
        else:
            store += b"\0" * (-len(store) % 4)
            kind, count, body = 4, len(value), b"".join(struct.pack(">I", v) for v in value)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += body
    return struct.pack(">II", len(tags), len(store)) + index + store


def fuzz_seeds(work, program):
    """Databases of a few KiB for testdata/fuzz/packages."""
    out = ROOT / "testdata/fuzz/packages"
    out.mkdir(parents=True, exist_ok=True)
    sha = hashlib.sha256(program).hexdigest()
    blobs = [header([(1000, f"acme{n}"), (1001, "2.0"), (1002, "3"), (1003, [n]), (1022, "x86_64"), (1044, "acme-2.0-3.src.rpm"),
                     (1035, [sha, ""]), (5011, [8]), (1116, [0, 1]), (1117, ["acme", "acme-tool"]), (1118, ["/usr/bin/", "/usr/libexec/"])]
                    + ([(1027, ["/usr/share/a-file-with-a-long-name-%d" % i for i in range(30)])] if n == 2 else [])) for n in range(3)]
    base = work / "small.sqlite"
    with sqlite3.connect(base) as db:
        db.execute("PRAGMA page_size=512")
        db.execute("CREATE TABLE IF NOT EXISTS 'Name' (key TEXT)")
        db.execute("CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)")
        for n, blob in enumerate(blobs * 2, 1):
            db.execute("INSERT INTO Packages VALUES (?, ?)", (n, blob))
    db.close()
    (out / "seed-sqlite").write_bytes(base.read_bytes())
    lines = ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=512", "HEADER=END"]
    for n, blob in enumerate(blobs):
        lines += [" " + struct.pack("<I", n + 1).hex(), " " + blob.hex()]
    run("db5.3_load", work / "small.bdb", input="\n".join(lines + ["DATA=END", ""]))
    (out / "seed-bdb").write_bytes((work / "small.bdb").read_bytes())
    slots, body, at = b"", b"", 4096
    for number, blob in enumerate(blobs, 1):
        whole = struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        whole += b"\0" * (-len(whole) % 16)
        slots += struct.pack("<4sIII", b"Slot", number, at // 16, len(whole) // 16)
        body, at = body + whole, at + len(whole)
    slots += struct.pack("<4sIII", b"Slot", 0, 0, 0) * ((4096 - 32 - len(slots)) // 16)
    (out / "seed-ndb").write_bytes(struct.pack("<4sIIIIIII", b"RpmP", 0, 1, 1, 4, 0, 0, 0) + slots + body)
    md5 = hashlib.md5(program).hexdigest()
    (out / "seed-dpkg").write_text("Package: acme\nStatus: install ok installed\nArchitecture: amd64\nSource: acme-src (1.0)\nVersion: 1:1.0-1\n\n"
                                   f"Package: other\nStatus: deinstall ok config-files\nVersion: 1\n/usr/bin/acme\n{md5}  usr/bin/acme\n"
                                   "/usr/bin/acme\n/usr/bin/acme-tool\nother\n")
    (out / "seed-apk").write_text("P:acme\nV:1.0-r0\nA:x86_64\no:acme\nF:usr/bin\nR:acme\na:0:0:755\nZ:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nR:acme-tool\n\nP:b\nV:2\n")
    (out / "seed-pkginfo").write_text("# Generated by abuild\npkgname = acme\npkgver = 1.0-r0\narch = x86_64\norigin = acme\n")
    (out / "seed-os-release").write_text('ID="debian"\nVERSION_ID=12\nPackage: acme\nVersion: 1\n')


def main():
    program = fixture()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "packages").mkdir()
        dpkg_root(work, program)
        distroless_root(work, program)
        found = rpms(work, program)
        sqlite = rpm_root(work, found, "fedora", "sqlite", "usr/lib/sysimage/rpm", ("fedora", "40")) / "rpmdb.sqlite"
        (work / "roots/fedora/var/lib").mkdir(parents=True, exist_ok=True)
        (work / "roots/fedora/var/lib/rpm").symlink_to("../../usr/lib/sysimage/rpm")
        ndb_root(work, sqlite)
        bdb_root(work, sqlite)
        apk(work, program)
        fuzz_seeds(work, program)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for top in ["packages", "roots"]:
                for path in sorted((work / top).rglob("*")):
                    name = str(path.relative_to(work))
                    if path.is_file() and not path.is_symlink() and top == "roots" \
                            and (path.read_bytes() == program or "/fill/" in name or name.endswith(("-old", "/lock", "lock-frontend", "Lock", "Unincorp"))):
                        continue
                    if path.is_dir() and not path.is_symlink():
                        continue
                    entry = tar.gettarinfo(path, name)
                    entry.uid = entry.gid = 0
                    entry.uname = entry.gname = ""
                    entry.mtime = TIME
                    tar.addfile(entry, path.open("rb") if entry.isfile() else None)
        packed = subprocess.run(["xz", "-9e", "--check=crc32", "-c"], input=out.getvalue(), stdout=subprocess.PIPE, check=True).stdout
        (ROOT / "testdata/packages.tar.xz").write_bytes(packed)
        print(f"testdata/packages.tar.xz: {len(packed)} bytes, {len(out.getvalue())} unpacked")


main()
