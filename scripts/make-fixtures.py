#!/usr/bin/env python3
"""Build the Go programs that the tests read, with real toolchains, and record how each was built.

usage: make-fixtures.py OUTDIR GOROOT...

Writes OUTDIR/<group>.tar.xz and OUTDIR/manifest.jsonl (one row for each binary, see testdata/README.md).
The newest GOROOT is also the reader whose `go version -m` is recorded as truth.

A linked Go program contains the paths it was built from, so toolchains and sources must be at paths that
reveal nothing about the machine: put each GOROOT under a neutral directory (/opt/gofix/go1.27.3) and leave BUILD,
the work directory, at its default /build.  FORBID=word,word fails the run when a binary holds one of the words.
GOCACHE is taken from the environment if set.  Only rows whose inputs changed are built again.

ONLY=group builds the rows of one group and leaves the other archives and their rows of the manifest as they are.
The group `rules` (programs with findings) also needs gccgo-12, and copies of the newest GOROOT under
/home/builder/sdk with its own name and with that of another release, because its rows are about that location:
/home/builder/sdk/go1.27.3 and /home/builder/sdk/go1.26.0.
The group `versions` (differences between two builds, and versions of programs) also needs a candidate, go1.27rc1, which is in the
module cache after `GOTOOLCHAIN=go1.27rc1 go version`.
"""
import hashlib, io, json, os, re, shlex, subprocess, sys, tarfile, zipfile

if len(sys.argv) < 3:
    sys.exit(__doc__)
OUT = os.path.abspath(sys.argv[1])
BUILD = os.environ.get("BUILD", "/build")
SRC, BIN, PROXY = f"{BUILD}/src", f"{BUILD}/bin", f"{BUILD}/proxy"
ROOTS = {}
for root in sys.argv[2:]:
    version = open(f"{root}/VERSION").read().split()[0]
    ROOTS[re.match(r"go(\d+\.\d+(?:(?:beta|rc)\d+)?)", version)[1]] = (root.rstrip("/"), version)
NEW = max((v for v in ROOTS if re.fullmatch(r"\d+\.\d+", v)), key=lambda v: int(v.split(".")[1]))

# ---- programs ------------------------------------------------------------------------------------------------

HELLO = 'package main\n\nfunc main() { println("hello") }\n'
GOROOT = "package main\n\nimport \"runtime\"\n\nvar version = \"unset\"\n\nfunc main() {\n\tprintln(runtime.GOROOT())\n\tprintln(runtime.Version())\n\tprintln(version)\n}\n"
SELF = GOROOT.replace('import "runtime"', 'import (\n\t"runtime"\n\t"runtime/debug"\n)').replace(
    "\tprintln(version)\n", "\tprintln(version)\n\tbi, _ := debug.ReadBuildInfo()\n\tprintln(bi.String())\n")
USES = 'package main\n\nimport (\n\t"example.com/dep"\n\t"example.com/other"\n\t"example.com/third"\n)\n\nfunc main() { println(dep.Name(), other.Name(), third.Name()) }\n'
SECRET = "package main\n\nvar version, apiToken = \"unset\", \"\"\n\nfunc main() { println(version, len(apiToken)) }\n"
VERIFY = 'package main\n\nimport "crypto/x509"\n\nfunc main() {\n\t_, err := new(x509.Certificate).Verify(x509.VerifyOptions{})\n\tprintln(err != nil)\n}\n'
VERSIONS = 'package main\n\nvar kubectlVersion, Version, version = "none", "none", "none"\n\nfunc main() { println(kubectlVersion, Version, version, add(2)) }\n\n//go:noinline\nfunc add(x int) int { return x + 40 }\n'
CASED = 'package main\n\nimport "github.com/ExampleCorp/Tool"\n\nfunc main() { println(tool.Name()) }\n'
ZONE = 'package main\n\nimport "time"\n\nfunc main() {\n\tplace, err := time.LoadLocation("Europe/Berlin")\n\tprintln(place.String(), err != nil)\n}\n'
CAPABLE = 'package main\n\nimport (\n\t"os"\n\n\t"example.com/tool"\n)\n\nfunc main() { println(tool.Name(), tool.Each(os.Args, os.Remove)) }\n'
TOOL = 'package tool\n\nimport "os"\n\nfunc Name() string {\n@\treturn os.Getenv("TOOL")\n}\n\n//go:noinline\nfunc Each(names []string, do func(string) error) (n int) {\n\tfor _, name := range names {\n\t\tif do(name) == nil {\n\t\t\tn++\n\t\t}\n\t}\n\treturn n\n}\n'
STARTS = '\tos.StartProcess("/bin/true", nil, &os.ProcAttr{})\n'
STARTING = {
    "go.mod": "module example.com/starting\n\ngo 1.21\n",
    "main.go": 'package main\n\nimport (\n\t"example.com/starting/between"\n\t"example.com/starting/borrows"\n)\n\nfunc main() { println(between.Name(), borrows.Links()) }\n',
    "between/between.go": 'package between\n\nimport "example.com/starting/starts"\n\n//go:noinline\nfunc Name() string { return starts.Name() }\n',
    "starts/starts.go": 'package starts\n\nimport "os"\n\nvar host = os.Getenv("HOST")\n\nfunc init() {\n\tif len(host) > 99 {\n\t\tos.Remove(host)\n\t}\n}\n\n//go:noinline\nfunc Name() string { return host }\n',
    "borrows/borrows.go": 'package borrows\n\nimport (\n\t_ "reflect"\n\t"unsafe"\n)\n\n//go:linkname typelinks reflect.typelinks\nfunc typelinks() ([]unsafe.Pointer, [][]int32)\n\n//go:noinline\nfunc Links() int {\n\tsections, _ := typelinks()\n\treturn len(sections)\n}\n',
    "borrows/empty.s": "",
}
INLINING = {
    "go.mod": "module example.com/inlining\n\ngo 1.21\n",
    "main.go": 'package main\n\nimport (\n\t"example.com/inlining/dirs"\n\t"example.com/inlining/embeds"\n\t"example.com/inlining/gives"\n)\n\nfunc main() { println(dirs.All("x/y") == nil, embeds.Close(nil) == nil, gives.List() == nil) }\n',
    "dirs/dirs.go": 'package dirs\n\nimport "os"\n\n//go:noinline\nfunc All(path string) error { return os.Mkdir(path, 0o755) }\n',
    "embeds/embeds.go": 'package embeds\n\nimport (\n\t"io"\n\t"os"\n)\n\ntype file struct {\n\t*os.File\n\tn int\n}\n\n// The linker keeps methods with the name of one that is called, whatever their package: also that of *os.File.\ntype closer interface{ close() error }\n\ntype own int\n\nfunc (o own) close() error { return nil }\n\n//go:noinline\nfunc shut(c closer) error { return c.close() }\n\n//go:noinline\nfunc Close(f *os.File) error {\n\tshut(own(1))\n\treturn end(&file{f, 1})\n}\n\n//go:noinline\nfunc end(c io.Closer) error { return c.Close() }\n',
    "gives/gives.go": 'package gives\n\nimport "os/exec"\n\n//go:noinline\nfunc run(value any) error { return value.(interface{ Run() error }).Run() }\n\nfunc List() error { return run(&exec.Cmd{Path: "/bin/ls"}) }\n',
}
# Functions that give back a function literal, and are inlined without leaving an instruction: only the literals are linked.
GIVES = "func(string) int { return func(text string) int { return len(text) + @ } }\n"
LITERALS = {
    "go.mod": "module example.com/literals\n\ngo 1.20\n",
    "main.go": 'package main\n\nimport (\n\t"example.com/literals/generic"\n\t"example.com/literals/gives"\n\t"example.com/literals/methods"\n\t"example.com/literals/outer"\n\t"example.com/literals/used"\n)\n\nvar held func(string) int\n\n//go:noinline\nfunc hold(f func(string) int) { held = f }\n\nfunc local() ' + GIVES.replace("@", "1")
               + '\nfunc main() {\n\thold(local())\n\thold(gives.Handler())\n\thold(new(methods.Server).Handler())\n\thold(methods.Value{}.Opener())\n\thold(generic.Same[string]())\n\thold(outer.Wrapped())\n\tprintln(held("x"), used.Used())\n}\n',
    "gives/gives.go": "package gives\n\nfunc Handler() " + GIVES.replace("@", "2") + "\nfunc Unused() int { return 1 }\n",
    "methods/methods.go": "package methods\n\ntype Server struct{ n int }\n\nfunc (s *Server) Handler() " + GIVES.replace("@", "3") + "\ntype Value struct{}\n\n//go:noinline\nfunc (v Value) Other() int { return 1 }\n\nfunc (v Value) Opener() " + GIVES.replace("@", "4"),
    "generic/generic.go": "package generic\n\nfunc Same[T ~string]() func(T) int { return func(text T) int { return len(text) + 5 } }\n",
    "outer/outer.go": 'package outer\n\nimport "example.com/literals/inner"\n\nfunc Wrapped() func(string) int { return inner.Plain() }\n',
    "inner/inner.go": "package inner\n\nfunc Plain() " + GIVES.replace("@", "6"),
    "used/used.go": "package used\n\n//go:noinline\nfunc Used() int { return 1 }\n\nfunc Handler() " + GIVES.replace("@", "7"),
}
REQUIRE = """
require (
	example.com/dep v1.2.3
	example.com/other v0.0.0-20240102030405-abcdefabcdef
	example.com/third v1.0.0
)

replace example.com/other => ../other

replace example.com/third v1.0.0 => example.com/fork v1.1.0
"""


def write(path, text):
    path = f"{SRC}/{path}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path) or open(path).read() != text:
        open(path, "w").write(text)


def program(name, body, go="1.19", extra=""):
    write(f"{name}/go.mod", f"module example.com/{name}\n\ngo {go}\n{extra}")
    write(f"{name}/main.go", body)


def library(name, pragma=""):
    return f'package {name}\n\n{pragma}func Name() string {{ return "{name}" }}\n'


def publish(module, version, package, proxy=PROXY, pragma="", source=None):
    """A module version in a file-system proxy, so that its checksum is recorded. Capitals stand there as `!` and a small letter."""
    escape = lambda text: re.sub("[A-Z]", lambda m: "!" + m[0].lower(), text)
    base = f"{proxy}/{escape(module)}/@v/{escape(version)}"
    os.makedirs(os.path.dirname(base), exist_ok=True)
    mod = f"module {module}\n\ngo 1.19\n"
    open(f"{base}.mod", "w").write(mod)
    open(f"{base}.info", "w").write(json.dumps({"Version": version, "Time": "2024-01-02T03:04:05Z"}))
    with zipfile.ZipFile(f"{base}.zip", "w") as z:
        for name, text in (("go.mod", mod), ("lib.go", source or library(package, pragma))):
            z.writestr(zipfile.ZipInfo(f"{module}@{version}/{name}", (2024, 1, 2, 3, 4, 4)), text)


def programs():
    program("hello", HELLO)
    program("goroot", GOROOT)
    program("selfinfo", SELF)
    program("deps", USES, extra=REQUIRE)
    write("other/go.mod", "module example.com/other\n\ngo 1.19\n")
    write("other/lib.go", library("other"))
    publish("example.com/dep", "v1.2.3", "dep")
    publish("example.com/fork", "v1.1.0", "third")
    publish("example.com/third", "v1.0.0", "third")
    program("dbg", "//go:debug panicnil=1\n//go:debug http2client=0\n" + GOROOT, go="1.21")
    program("block", GOROOT, go="1.23.0", extra="\ngodebug (\n\tdefault=go1.21\n\tpanicnil=1\n\thttp2server=0\n)\n")
    program("modern", GOROOT, go="1.24.0")
    program("fips", 'package main\n\nimport "crypto/sha256"\n\nfunc main() { println(sha256.Sum256(nil)[0]) }\n', go="1.24.0")
    program("cgo", "package main\n\n/*\nstatic int one(void) { return 1; }\n*/\nimport \"C\"\n\n//export Two\nfunc Two() int { return 2 }\n\nfunc main() { println(int(C.one())) }\n")
    program("plug", 'package main\n\nimport "C"\n\nvar V = 1\n\nfunc F() int { return V }\n')
    program("fresh", GOROOT, go="1.27.0")
    program("weak", "//go:debug x509negativeserial=1\n" + HELLO, go="1.27.0")
    program("secret", SECRET, go="1.27.0")
    program("verify", VERIFY, go="1.27.0")
    program("zone", ZONE, go="1.27.0")
    program("versions", VERSIONS, go="1.24.0")
    # The same module with another constant in its code.
    program("versions-other", VERSIONS.replace("40", "41"), go="1.24.0")
    write("versions-other/go.mod", "module example.com/versions\n\ngo 1.24.0\n")
    publish("github.com/ExampleCorp/Tool", "v2.0.0+incompatible", "tool")
    program("cased", CASED, go="1.24.0", extra="\nrequire github.com/ExampleCorp/Tool v2.0.0+incompatible\n")
    program("work", 'package main\n\nimport "example.com/other"\n\nfunc main() { println(other.Name()) }\n', go="1.21", extra="\nrequire example.com/other v0.0.0\n")
    write("work/go.work", "go 1.21\n\nuse (\n\t.\n\t../other\n)\n")
    # The same dependency from two proxies that differ in its content.
    for name, pragma in (("called", "//go:noinline\n"), ("altered", "//go:noinline\n// Altered.\n")):
        publish("example.com/lib", "v1.0.0", "lib", f"{BUILD}/proxy-{name}", pragma)
        program(name, 'package main\n\nimport "example.com/lib"\n\nfunc main() { println(lib.Name()) }\n', go="1.27.0", extra="\nrequire example.com/lib v1.0.0\n")
    # A dependency whose next version starts a process. Files are only removed by a function that main gives away.
    for version, name, start in (("v1.4.0", "capable", ""), ("v1.4.1", "capable-new", STARTS)):
        publish("example.com/tool", version, "tool", source=TOOL.replace("@", start))
        write(f"{name}/main.go", CAPABLE)
        write(f"{name}/go.mod", f"module example.com/capable\n\ngo 1.21\n\nrequire example.com/tool {version}\n")
    # A package whose initialisers read the environment and remove a file, one that imports it, and one that borrows a function of reflect.
    for path, text in STARTING.items():
        write(f"starting/{path}", text)
    # A function literal of os.Mkdir inlined into a package, a type that embeds *os.File, and a command given away as `any`.
    for path, text in INLINING.items():
        write(f"inlining/{path}", text)
    for path, text in LITERALS.items():
        write(f"literals/{path}", text)
    gopath()
    write("relink.sh", RELINK)
    os.chmod(f"{SRC}/relink.sh", 0o755)
    write("loose/main.go", HELLO)
    write("c/main.c", "#include <stdio.h>\nint main(void) { return puts(\"\\xff Go buildinf: is only text here\") < 0; }\n")
    for state in ("clean", "tagged", "dirty"):
        program(f"vcs-{state}", HELLO)
        repo = f"{SRC}/vcs-{state}"
        if os.path.exists(f"{repo}/.git"):
            continue
        git(repo, "init", "-q", "-b", "main")
        git(repo, "add", ".")
        git(repo, "commit", "-q", "-m", "one")
        if state == "tagged":
            git(repo, "tag", "v1.4.2")
        if state == "dirty":
            write("vcs-dirty/extra.go", "package main\n")


def gopath():
    """A program for GOPATH mode with three dependencies: a vendored one, one beside it, and one on an unknown host."""
    def package(path, body):
        write(f"src/{path}/{path.rsplit('/', 1)[-1]}.go", body)
    called = lambda name: f"package {name}\n\ntype T struct{{ n int }}\n\n//go:noinline\nfunc (t *T) Get() int {{ return t.n }}\n\n//go:noinline\nfunc Name() string {{ return \"{name}\" }}\n"
    inlined = lambda name: f"package {name}\n\nfunc Name(s string) bool {{ return len(s) > 3 }}\n"
    app = "github.com/acme/app"
    package(f"{app}/own", called("own"))
    package(f"{app}/vendor/github.com/vend/lib", called("lib"))
    package(f"{app}/vendor/github.com/vend/lib/sub", called("sub"))
    package(f"{app}/vendor/golang.org/x/tiny/deep", inlined("deep"))
    package("github.com/acme/kit/v3/part", called("part"))
    write("src/gopkg.in/odd.v2/odd.go", called("odd"))
    package("example.org/a/b", called("b"))
    package("github.com/acme/unused", called("unused"))
    uses = ["own.Name()", "lib.Name()", "new(sub.T).Get()", "deep.Name(version)", "part.Name()", "odd.Name()", "b.Name()"]
    paths = [f"{app}/own", "github.com/vend/lib", "github.com/vend/lib/sub", "golang.org/x/tiny/deep", "github.com/acme/kit/v3/part", "gopkg.in/odd.v2", "example.org/a/b"]
    imports = "".join(f'\t"{p}"\n' for p in paths)
    write(f"src/{app}/main.go", f"package main\n\nimport (\n{imports})\n\nvar version = \"unset\"\n\nfunc main() {{ println({', '.join(uses)}) }}\n")


def git(repo, *args):
    env = dict(os.environ, GIT_AUTHOR_DATE="2024-01-02T03:04:05Z", GIT_COMMITTER_DATE="2024-01-02T03:04:05Z",
               GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
    subprocess.run(["git", "-C", repo, "-c", "user.name=t", "-c", "user.email=t@example.com", *args], check=True, env=env, stdout=subprocess.DEVNULL)


# ---- the fixtures --------------------------------------------------------------------------------------------

ROWS = []
PRINTS = ("goroot", "selfinfo", "dbg", "block", "modern", "fresh")  # programs that print what GOROOT prints
W, S, T, X = "-ldflags=-w", "-ldflags=-s -w", "-trimpath", "-ldflags=-X "
LIBRARY = "example.com/other"  # a package archive: not linked
DIRECT = "direct"  # compiled and linked without the go command, as Bazel's rules do
# A link step with another GOROOT than the compile steps, which no recorded flag shows.
RELINK = """#!/bin/sh
tool=$1
shift
case $tool in
*/link) exec "$tool" -X=runtime.defaultGOROOT=/usr/lib/go-1.27 "$@" ;;
esac
exec "$tool" "$@"
"""


def add(group, name, go, prog, *flags, port="linux/amd64", target=".", goroot=None, **env):
    """`goroot` overrides the expected GOROOT; rows of a release that was not given are dropped."""
    goos, goarch = port.split("/")
    env.setdefault("CGO_ENABLED", "0")
    if go in ROOTS:
        ROWS.append(dict(id=f"{go}-{goos}-{goarch}-{name}", group=group, go=go, goos=goos, goarch=goarch, program=prog,
                         flags=list(flags), env=env, target=target, goroot=goroot))


def fixtures():
    # The reference port with the newest release: link modes, flags, programs. DWARF is stored compressed by the
    # linker and does not shrink here, so most rows leave it out.
    a = lambda name, prog, *flags, **k: add("amd64", name, k.pop("go", NEW), prog, *flags, **k)
    a("plain", "goroot")
    a("w", "goroot", W)
    a("strip", "goroot", S)
    a("trimpath", "goroot", T, W)
    a("trimstrip", "goroot", T, "-ldflags=-s -w -buildid=")
    a("hello", "hello", W)
    a("hello-strip", "hello", S)
    a("hello-trimstrip", "hello", T, S)
    a("pie", "goroot", "-buildmode=pie", W)
    a("pie-strip", "goroot", "-buildmode=pie", S)
    a("pie-external", "goroot", "-buildmode=pie", "-ldflags=-w -linkmode=external", CGO_ENABLED="1")
    a("cgo", "cgo", W, CGO_ENABLED="1")
    a("c-shared", "cgo", "-buildmode=c-shared", W, CGO_ENABLED="1")
    a("c-archive", "cgo", "-buildmode=c-archive", W, CGO_ENABLED="1")
    a("plugin", "plug", "-buildmode=plugin", W, CGO_ENABLED="1")
    a("package", "other", target=LIBRARY)
    a("x-version", "goroot", X + "main.version=1.2.3 -w")
    a("x-version-trimstrip", "goroot", T, X + "main.version=1.2.3 -s -w")
    a("x-goroot", "goroot", X + "runtime.defaultGOROOT=/opt/set/by/ldflags -s -w", goroot="/opt/set/by/ldflags")
    a("x-buildversion", "goroot", X + "runtime.buildVersion=go9.99-custom -w")
    a("gcflags", "hello", "-gcflags=-N -l", W)
    a("race", "hello", "-race", S, CGO_ENABLED="1")
    a("cover", "hello", "-cover", S)
    a("selfinfo", "selfinfo", W)
    a("selfinfo-trimstrip", "selfinfo", T, S)
    a("deps", "deps", W)
    a("deps-strip", "deps", S)
    a("dbg", "dbg", W)
    a("dbg-trimstrip", "dbg", T, S)
    a("block", "block", S)
    a("modern", "modern", S)
    a("loose", "loose", W, target="main.go")
    a("vcs-clean", "vcs-clean", S)
    a("vcs-tagged", "vcs-tagged", S)
    a("vcs-dirty", "vcs-dirty", S)
    a("exp-nogreenteagc", "goroot", S, GOEXPERIMENT="nogreenteagc")
    a("exp-two", "goroot", W, GOEXPERIMENT="nojsonv2,simd")
    a("c-shared-strip", "cgo", "-buildmode=c-shared", S, CGO_ENABLED="1")
    a("cgo-strip", "cgo", S, CGO_ENABLED="1")
    a("fips", "fips", W, GOFIPS140="latest")
    a("fips-v1", "fips", S, GOFIPS140="v1.0.0")
    for port in ("darwin/amd64", "windows/amd64", "freebsd/amd64", "plan9/amd64"):
        a("w", "goroot", W, port=port)
        a("strip", "goroot", S, port=port)
    a("gui", "hello", "-ldflags=-w -H windowsgui", port="windows/amd64")
    # Debug information of C only, in both forms that compilers write.
    c_only = "-gcflags=all=-dwarf=false"
    add("debug", "c-dwarf5", NEW, "cgo", c_only, CGO_ENABLED="1", CGO_CFLAGS="-g -O1")
    add("debug", "c-dwarf4", NEW, "cgo", c_only, CGO_ENABLED="1", CGO_CFLAGS="-g -O1 -gdwarf-4")
    # Other architectures, little- and big-endian, 32- and 64-bit.
    b = lambda group, name, port, prog, *flags, go=NEW, **k: add(group, name, go, prog, *flags, port=port, **k)
    b("arm64", "w", "linux/arm64", "goroot", W)
    b("arm64", "trimstrip", "linux/arm64", "goroot", T, S)
    b("arm64", "pie-strip", "linux/arm64", "goroot", "-buildmode=pie", S)
    b("arm64", "w", "darwin/arm64", "goroot", W)
    b("arm64", "trimstrip", "darwin/arm64", "goroot", T, S)
    b("arm64", "hello", "windows/arm64", "hello", S)
    b("386", "w", "linux/386", "goroot", W)
    b("386", "strip", "windows/386", "goroot", S)
    b("386", "strip", "plan9/386", "goroot", S)
    b("arm", "strip", "linux/arm", "goroot", S, GOARM="6")
    b("arm", "strip", "plan9/arm", "goroot", S)
    b("ppc64", "w", "aix/ppc64", "goroot", W)
    b("ppc64", "strip", "aix/ppc64", "goroot", S)
    b("ppc64", "strip", "linux/ppc64le", "hello", S)
    b("wasm", "hello", "js/wasm", "hello", W)
    b("wasm", "strip", "wasip1/wasm", "goroot", S)
    b("mips", "strip", "linux/mips", "goroot", S, go="1.21")
    b("mips", "trimstrip", "linux/mips", "goroot", T, S, go="1.21")
    b("mips", "strip", "linux/mips64le", "goroot", S, go="1.22")
    b("others", "strip", "linux/s390x", "goroot", S)
    b("others", "strip", "linux/riscv64", "goroot", S, go="1.23")
    b("others", "strip", "linux/loong64", "hello", S, go="1.25")
    # Releases.
    for go in ("1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26"):
        g = "ages"
        add(g, "w", go, "goroot", W)
        add(g, "strip", go, "goroot", S)
        add(g, "trimstrip", go, "goroot", T, S)
        add(g, "hello-strip", go, "hello", S)
        add(g, "pie-strip", go, "goroot", "-buildmode=pie", S)
    for go in ("1.19", "1.21"):
        add("ages", "goroot-final", go, "goroot", S, GOROOT_FINAL="/opt/odd place/go", goroot="/opt/odd place/go")
    add("ages", "strip", "1.19", "goroot", S, port="windows/amd64")
    add("ages", "exp-greenteagc", "1.25", "hello", S, GOEXPERIMENT="greenteagc")
    add("ages", "exp-loopvar", "1.21", "hello", S, GOEXPERIMENT="loopvar")
    add("ages", "dbg", "1.21", "dbg", S)
    add("ages", "deps", "1.19", "deps", S)


def faults():
    """Programs with findings that no other group has."""
    r = lambda name, prog, *flags, **k: add("rules", name, k.pop("go", NEW), prog, *flags, **k)
    home = lambda name: dict(GOROOT=f"/home/builder/sdk/{name}")
    says = lambda version: f"-ldflags=-s -w -X 'runtime.buildVersion={version}'"
    r("fresh", "fresh", T, S)
    r("fresh-untrimmed", "fresh", S)
    r("says-prerelease", "fresh", T, says("go1.27rc2"))
    r("says-devel", "fresh", T, says("devel go1.28-8a1b2c3d4e Mon Nov 2 10:00:00 2026 +0000"))
    r("says-vendor", "fresh", T, says("go1.27.3 (Red Hat 1.27.3-1.el10)"))
    r("says-future", "fresh", T, says("go1.30.1"))
    r("says-removed-experiment", "fresh", T, says("go1.27.3 X:unified"))
    r("says-experiment", "fresh", T, says("go1.27.3 X:arenas"))
    r("goroot-home", "fresh", S, goroot="/home/builder/sdk/go1.27.3", **home("go1.27.3"))
    r("goroot-misnamed", "fresh", S, goroot="/home/builder/sdk/go1.26.0", **home("go1.26.0"))
    r("goroot-relinked", "fresh", f"-toolexec={SRC}/relink.sh", S, goroot="/usr/lib/go-1.27")
    r("x-ineffective", "fresh", X + "runtime.gorootFinal=/usr/local/go -X example.com/fresh.version=1.2 -s -w")
    r("x-godebug", "fresh", T, X + "runtime.godebugDefault=x509negativeserial=1 -s -w")
    r("x-secret", "secret", X + "main.apiToken=pk-7f3a9c2e41d8 -s -w")
    r("x-credential", "secret", X + "main.version=https://deploy:tr0ub4dor-and-3@git.example.com/app -s -w")
    r("x-godebug-fatal", "hello", T, X + "runtime.godebugDefault=asynctimerchan=1 -s -w")
    r("weak", "weak", T, S)
    r("tags", "fresh", T, "-tags=debug,netgo", S)
    r("v3", "fresh", T, S, GOAMD64="v3")
    r("asan", "cgo", "-asan", S, CGO_ENABLED="1")
    r("rpath", "cgo", S, CGO_ENABLED="1", CGO_LDFLAGS="-Wl,-rpath,/tmp/build/lib")
    r("execstack", "cgo", S, CGO_ENABLED="1", CGO_LDFLAGS="-Wl,-z,execstack", CGO_LDFLAGS_ALLOW=".*")
    r("gccgo", "hello", "-compiler=gccgo", "-gccgoflags=-s", GCCGO="gccgo-12", CGO_ENABLED="1")
    r("verify", "verify", T, S)
    r("zone", "zone", T, S)
    r("zone-embedded", "zone", T, "-tags=timetzdata", S)
    r("work", "work", S, GOWORK=f"{SRC}/work/go.work", GOFLAGS="")
    r("called", "called", S, GOPROXY=f"file://{BUILD}/proxy-called", GOMODCACHE=f"{BUILD}/mod-called")
    r("altered", "altered", S, GOPROXY=f"file://{BUILD}/proxy-altered", GOMODCACHE=f"{BUILD}/mod-altered")
    r("direct", "called", target=DIRECT, GOPROXY=f"file://{BUILD}/proxy-called", GOMODCACHE=f"{BUILD}/mod-called")
    r("tagged-x", "vcs-tagged", X + "main.version=v1.4.1 -s -w")


def versions():
    """Builds that differ in one fact, and programs with several claims about their version."""
    v = lambda name, prog, *flags, **k: add("versions", name, k.pop("go", NEW), prog, *flags, **k)
    one, two = X + "main.version=1.0.0", X + "main.version=2.0.0"
    both = X + "main.kubectlVersion=v1.30.1 -X main.Version=2.5.0"
    v("one", "versions", T, one + " -w")
    v("two", "versions", T, two + " -w")
    v("one-strip", "versions", T, one + " -s -w")
    v("two-strip", "versions", T, two + " -s -w")
    v("one-other", "versions-other", T, one + " -w")
    v("both", "versions", both + " -w")
    v("both-trim", "versions", T, both + " -w")
    v("both-trimstrip", "versions", T, both + " -s -w")
    v("cased", "cased", T, S)
    v("candidate", "versions", T, S, go="1.27rc1")


def capabilities():
    """Two versions of a program whose dependency gains a capability."""
    for name, prog in (("capable-old", "capable"), ("capable-new", "capable-new")):
        add("capabilities", name, NEW, prog, T, S)
    add("capabilities", "capable-new", NEW, "capable-new", T, S, port="darwin/arm64")
    add("capabilities", "capable-new", "1.21", "capable-new", T, S)
    add("capabilities", "starting", NEW, "starting", T, S)
    add("capabilities", "starting", NEW, "starting", T, S, port="linux/arm64")
    add("capabilities", "starting", "1.21", "starting", T, S)
    for version in ("1.24", NEW):
        add("capabilities", "inlining", version, "inlining", T, S)


def literals():
    """A program with literals of functions that no name tells of: releases differ in how they call them."""
    for version in ("1.20", "1.21", "1.26", NEW):
        add("literals", "literals", version, "literals", T, S)
    add("literals", "literals-place", "1.26", "literals", S)


def without_modules():
    """Programs whose records list no modules."""
    app = "src/github.com/acme/app"
    mode = dict(GO111MODULE="off", GOPATH=SRC, GOFLAGS="")
    def g(name, go, *flags, **k):
        add("gopath", name, go, app, *flags, **mode | k)
    for version in ROOTS:
        if version in ("1.19", "1.21", "1.24", NEW):
            g("gopath", version, S)
    g("gopath-w", NEW, W)
    g("gopath-trimpath", NEW, T, S)
    g("gopath", NEW, S, port="linux/s390x")
    g("gopath", NEW, S, port="linux/386")
    g("gopath", NEW, S, port="windows/amd64")
    g("gopath", NEW, S, port="js/wasm")
    # Compiled and linked without the go command, as Bazel's rules do.
    g("no-modules", NEW, target=DIRECT)
    # From a file outside a module, so there are no modules to list.
    add("gopath", "files", NEW, "loose", S, target="main.go", GOFLAGS="")


# ---- building and reading back -------------------------------------------------------------------------------

def environment(go):
    root = ROOTS[go][0]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "CGO"))}
    env.update(GOROOT=root, PATH=f"{root}/bin:{env['PATH']}", GOTOOLCHAIN="local", GOPROXY=f"file://{PROXY}", GOFLAGS="-mod=mod",
               GOSUMDB="off", GOENV="off", GOCACHE=os.environ.get("GOCACHE", f"{BUILD}/cache"), GOPATH=f"{BUILD}/gopath", GOMAXPROCS="2", LC_ALL="C")
    return env


def go(row, *args, cwd=None):
    env = dict(environment(row["go"]), GOOS=row["goos"], GOARCH=row["goarch"], **row["env"])
    return subprocess.run(["go", *args], cwd=cwd or f"{SRC}/{row['program']}", env=env, capture_output=True, text=True)


def read_back(path):
    """What the newest release's `go version` says of an executable file, with its path replaced by FILE.

    It is silent about a file without execute permission that it cannot read, so the mode is part of the question.
    """
    os.chmod(path, 0o755)
    def run(*flags):
        r = subprocess.run(["go", "version", *flags, path], env=environment(NEW), capture_output=True, text=True)
        return r.returncode, r.stdout.replace(path, "FILE"), r.stderr.replace(path, "FILE")
    code, text, err = run("-m")
    row = dict(go_exit=code, go_text=text, go_stderr=err, go_json=None)
    if code == 0 and text:
        row["go_json"] = json.loads(run("-m", "-json")[1])
    return row


def goroot_linked(row):
    """Whether runtime.GOROOT is linked in: then its variable is in the symbol table of the same program linked with symbols."""
    if row["program"] in PRINTS:
        return True
    if row["target"] == DIRECT or "-compiler=gccgo" in row["flags"]:
        return None
    flags = [f.replace("-s -w", "-w") for f in row["flags"] if not f.startswith("-buildmode=c-archive")]
    probe = f"{BUILD}/probe"
    if go(row, "build", "-o", probe, *flags, row["target"]).returncode:
        return None
    names = subprocess.run(["go", "tool", "nm", probe], env=environment(NEW), capture_output=True, text=True)
    return "runtime.defaultGOROOT" in names.stdout if names.returncode == 0 else None


def direct(row, path):
    """Compiles and links without the go command: only the version is recorded."""
    packages = go(row, "list", "-deps", "-export", "-f", "{{range $from, $to := .ImportMap}}importmap {{$from}}={{$to}}\n{{end}}{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", ".")
    open(f"{BUILD}/importcfg", "w").write(packages.stdout)
    open(f"{BUILD}/importcfg.link", "w").writelines(l for l in packages.stdout.splitlines(True) if not l.startswith("importmap"))
    compiled = go(row, "tool", "compile", "-p", "main", "-importcfg", f"{BUILD}/importcfg", "-o", f"{BUILD}/main.a", "main.go")
    return compiled if compiled.returncode else go(row, "tool", "link", "-s", "-w", "-importcfg", f"{BUILD}/importcfg.link", "-o", path, f"{BUILD}/main.a")


def build(row):
    path = f"{BIN}/{row['id']}"
    if os.path.exists(path):
        os.remove(path)  # the go command leaves a file that it takes for up to date
    r = direct(row, path) if row["target"] == DIRECT else go(row, "build", "-o", path, *row["flags"], row["target"])
    if os.path.exists(path + ".h"):
        os.remove(path + ".h")
    if r.returncode:
        sys.exit(f"{row['id']}: {r.stderr}{r.stdout}")
    root, version = ROOTS[row["go"]]
    linked = goroot_linked(row) if row["target"] != LIBRARY else None
    baked = None if row["target"] == LIBRARY else "" if "-trimpath" in row["flags"] else root
    if row["goroot"] is not None:
        baked = row["goroot"]
    truth = dict(toolchain=version, read_by=ROOTS[NEW][1], goroot=baked, goroot_linked=linked, ran=None)
    truth["tool_tags"] = go(row, "list", "-f", "{{join context.ToolTags \" \"}}", "unsafe").stdout.split()
    truth.update(read_back(path))
    settings = {s["Key"]: s.get("Value", "") for s in (truth["go_json"] or {}).get("Settings") or []}
    truth["default_godebug"] = settings.get("DefaultGODEBUG", "")
    if (row["goos"], row["goarch"]) == ("linux", "amd64") and row["program"] in PRINTS:
        out = subprocess.run([path], env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True).stderr.splitlines()
        truth["ran"] = dict(goroot=out[0], version=out[1], main_version=out[2])
    return finish({k: v for k, v in row.items() if k not in ("go", "target")} | truth, path)


def foreign():
    """A program of another language that quotes the magic in its data."""
    path = f"{BIN}/c-linux-amd64"
    subprocess.run(["gcc", "-s", "-o", path, f"{SRC}/c/main.c"], check=True)
    row = dict(id="c-linux-amd64", group="amd64", goos="linux", goarch="amd64", program="c", flags=[], env={}, toolchain=None,
               read_by=ROOTS[NEW][1], goroot=None, goroot_linked=None, ran=None, tool_tags=[], default_godebug="")
    return finish(row | read_back(path), path)


def object_file(port):
    """The object of a c-archive, without the C compiler of the port: Go's linker writes it before it calls the C linker, which is /bin/true.

    runtime/cgo, which the linker asks for then, is an empty package; everything else is what `go build` would link.
    """
    goos, goarch = port.split("/")
    row = dict(id=f"{NEW}-{goos}-{goarch}-object", group="objects", go=NEW, goos=goos, goarch=goarch, program="dbg", flags=["-buildmode=c-archive"],
               env={"CGO_ENABLED": "0"}, goroot=None)
    work = f"{BUILD}/object"
    subprocess.run(["rm", "-rf", work], check=True)
    os.makedirs(f"{work}/cgo")
    os.makedirs(f"{work}/tmp")
    log = go(row, "build", "-work", "-o", f"{work}/exe", W).stderr
    stage = re.search("WORK=(.*)", log)[1]
    config = open(f"{stage}/b001/importcfg.link").read().replace("-buildmode=exe", "-buildmode=c-archive")
    open(f"{work}/cgo/cgo.go", "w").write("package cgo\n")
    def tool(*args):
        r = go(row, "tool", *args)
        if r.returncode:
            sys.exit(f"{row['id']}: {r.stderr}")
    tool("compile", "-p", "runtime/cgo", "-std", "-o", f"{work}/cgo.a", f"{work}/cgo/cgo.go")
    open(f"{work}/importcfg", "w").write(f"{config}\npackagefile runtime/cgo={work}/cgo.a\n")
    godebug = re.search(r"DefaultGODEBUG=([^\\]*)", config)[1]
    main = re.search(r"packagefile example.com/dbg=(.*)", config)[1]
    tool("link", "-importcfg", f"{work}/importcfg", "-buildmode=c-archive", "-linkmode=external", "-extld=/bin/true", "-extar=/bin/true", "-w",
         "-tmpdir", f"{work}/tmp", f"-X=runtime.godebugDefault={godebug}", "-X=main.version=1.2.3", "-o", f"{work}/out", main)
    path = f"{BIN}/{row['id']}"
    os.replace(f"{work}/tmp/go.o", path)
    root, version = ROOTS[NEW]
    row |= dict(toolchain=version, read_by=version, goroot=root, goroot_linked=True, ran=None, tool_tags=[], default_godebug=godebug)
    return finish({k: v for k, v in row.items() if k != "go"} | read_back(path), path)


def finish(row, path):
    data = open(path, "rb").read()
    for word in filter(None, os.environ.get("FORBID", "").split(",")):
        if word.encode() in data:
            sys.exit(f"{row['id']}: holds {word}")
    return row | dict(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def pack(group, rows):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for row in rows:
            info = tarfile.TarInfo(row["id"])
            info.size = row["size"]
            t.addfile(info, open(f"{BIN}/{row['id']}", "rb"))
    # The window covers the whole group: variants of one program share most of their bytes.
    packed = subprocess.run(["xz", "-T1", "--lzma2=preset=9e,dict=96MiB", "-c"], input=tar.getvalue(), stdout=subprocess.PIPE, check=True).stdout
    open(f"{OUT}/{group}.tar.xz", "wb").write(packed)
    print(f"{group}: {len(rows)} files, {len(tar.getvalue())} bytes, packed {len(packed)}")


def main():
    for d in (OUT, BIN):
        os.makedirs(d, exist_ok=True)
    programs()
    fixtures()
    faults()
    versions()
    capabilities()
    literals()
    without_modules()
    only = os.environ.get("ONLY")
    state_path = f"{BUILD}/state.json"
    state = json.load(open(state_path)) if os.path.exists(state_path) else {}
    done = []
    for row in (r for r in ROWS if only in (None, r["group"])):
        key = json.dumps(row, sort_keys=True)
        if state.get(row["id"], [None])[0] != key:
            state[row["id"]] = [key, build(row)]
            json.dump(state, open(state_path, "w"))
            print("built", shlex.join([row["id"], *row["flags"]]), state[row["id"]][1]["size"], flush=True)
        done.append(state[row["id"]][1])
    if only is None:
        done.append(foreign())
        done.extend(object_file(port) for port in ("darwin/arm64", "windows/amd64", "linux/386"))
    for group in sorted({r["group"] for r in done}):
        pack(group, [r for r in done if r["group"] == group])
    manifest = f"{OUT}/manifest.jsonl"
    kept = [l for l in open(manifest) if json.loads(l)["group"] != only] if only else []
    with open(manifest, "w") as f:
        f.writelines(kept + [json.dumps(r, sort_keys=True) + "\n" for r in done])


if __name__ == "__main__":
    main()
