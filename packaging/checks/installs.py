"""Checks that install: npm from a registry on this machine, apt from a repository in a folder, skopeo from an image layout, pre-commit."""
import base64, hashlib, http.server, io, json, os, shutil, subprocess, tarfile, threading

from files import bin_of
from table import ROOT
from tools import both, check, need, read, run


class Registry(http.server.BaseHTTPRequestHandler):
    """As much of an npm registry as `npm install` asks: the versions of a package, and its tarball."""
    packages = {}

    def do_GET(self):
        name, _, tarball = self.path.lstrip("/").replace("%2f", "/").replace("%2F", "/").partition("/-/")
        data = self.packages.get(name)
        self.send_response(200 if data else 404)
        self.end_headers()
        if data and tarball:
            self.wfile.write(data)
        elif data:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                manifest = json.load(archive.extractfile("package/package.json"))
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
            manifest["dist"] = {"tarball": f"http://{self.headers['Host']}/{name}/-/{name.split('/')[-1]}.tgz", "integrity": integrity}
            document = {"name": name, "dist-tags": {"latest": manifest["version"]}, "versions": {manifest["version"]: manifest}}
            self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_):
        pass


def npm(release, work):
    need("npm", "node")
    for file in os.listdir(os.path.join(work, "out/npm")):
        with open(os.path.join(work, "out/npm", file), "rb") as opened:
            data = opened.read()
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            name = json.load(archive.extractfile("package/package.json"))["name"]
        Registry.packages[name] = data
    check(len(Registry.packages) == len(release.targets) + 1, sorted(Registry.packages))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        npm_installs(release, os.path.join(work, "npm"), f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()


def npm_installs(release, folder, registry):
    own = run("node", "-p", "`${process.platform}-${process.arch}`").strip()
    env = dict(os.environ, HOME=folder, npm_config_cache=os.path.join(folder, "cache"), npm_config_update_notifier="false", npm_config_audit="false")
    for name, flags in (("with", []), ("without", ["--omit=optional"])):
        project = os.path.join(folder, name)
        os.makedirs(project)
        with open(os.path.join(project, "package.json"), "w", encoding="utf-8") as file:
            file.write("{}")
        # No package may need a script while it is installed.
        run("npm", "install", "--ignore-scripts", "--registry", registry, *flags, "gospect", cwd=project, env=env)
    scope = release.project["npm_scope"]
    installed = os.listdir(os.path.join(folder, "with/node_modules", scope))
    check(installed == [own], f"npm installed {installed} on {own}")
    command = os.path.join(folder, "with/node_modules/.bin/gospect")
    check(run(command, "--version").split()[1] == release.version, "another version")
    both(command, "scan", os.path.join(folder, "nothing"), code=2)
    piped = subprocess.run([command, "scan", "-"], input=b"text", capture_output=True)
    check(piped.returncode == 0 and b"0 Go" in piped.stdout + piped.stderr, piped)
    output = both(os.path.join(folder, "without/node_modules/.bin/gospect"), "--version", code=2)
    check(f"{scope}/{own}" in output and "--include=optional" in output, output)


def apt(release, work):
    need("apt-get", "dpkg-deb", "dpkg")
    repository, root = os.path.join(work, "out/apt"), os.path.join(work, "apt-root")
    architecture = run("dpkg", "--print-architecture").strip()
    packages = [name for name in os.listdir(repository) if name.endswith(".deb")]
    check(len(packages) == sum(bool(t.deb) for t in release.targets), packages)
    for name in packages:
        path = os.path.join(repository, name)
        output = run("dpkg-deb", "--field", path, "Package", "Version", "Architecture")
        check(f"Version: {release.version}-1\n" in output and name.endswith(f"_{output.split()[-1]}.deb"), output)
        check("./usr/bin/gospect\n" in run("dpkg-deb", "--contents", path), f"{name}: no program")
    for folder in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial",
                   "var/lib/dpkg/updates", "var/lib/dpkg/info", "var/log/apt", "tmp"):
        os.makedirs(os.path.join(root, folder))
    open(os.path.join(root, "var/lib/dpkg/status"), "w").close()
    # The repository is signed by a key of its own, as a release signs it.
    trust = "trusted=yes"
    if shutil.which("gpg"):
        trust = sign(repository, os.path.join(work, "gnupg"), os.path.join(root, "key.gpg"))
    with open(os.path.join(root, "etc/apt/sources.list"), "w", encoding="utf-8") as file:
        file.write(f"deb [{trust} arch={architecture}] file:{repository} ./\n")
    options = ["-o", f"Dir={root}", "-o", f"Dir::State::status={root}/var/lib/dpkg/status", "-o", f"APT::Architecture={architecture}", "-o", "APT::Sandbox::User=root",
               "-o", f"DPkg::Options::=--root={root}", "-o", "DPkg::Options::=--force-not-root,script-chrootless", "-o", "Debug::NoLocking=true"]
    # The rest of this machine's apt has no say in it.
    empty = os.path.join(root, "etc/apt/empty.conf")
    open(empty, "w").close()
    env = dict(os.environ, APT_CONFIG=empty, DEBIAN_FRONTEND="noninteractive")
    output = both("apt-get", *options, "update", env=env)
    check("W:" not in output and "E:" not in output, output)
    # Files of a package belong to root.
    asroot = [] if os.geteuid() == 0 else ["fakeroot"]
    need(*asroot)
    both(*asroot, "apt-get", *options, "install", "--yes", "--no-install-recommends", "gospect", env=env)
    check(f"{release.version}-1" in read(root, "var/lib/dpkg/status"), "the package is not in the status of dpkg")
    for path in ("usr/share/man/man1/gospect-audit.1.gz", "usr/share/bash-completion/completions/gospect", "usr/share/doc/gospect/copyright"):
        check(os.path.isfile(os.path.join(root, path)), f"no {path}")
    check(run(os.path.join(root, "usr/bin/gospect"), "--version").split()[1] == release.version, "another version")
    if trust.startswith("signed-by"):
        # A repository that was changed after it was signed is refused.
        with open(os.path.join(repository, "Packages"), "a", encoding="utf-8") as file:
            file.write("\nPackage: other\n")
        os.remove(os.path.join(repository, "Packages.gz"))
        shutil.rmtree(os.path.join(root, "var/lib/apt/lists"))
        os.makedirs(os.path.join(root, "var/lib/apt/lists/partial"))
        both("apt-get", *options, "update", code=100, env=env)


def lintian(_release, work):
    need("lintian")
    repository = os.path.join(work, "out/apt")
    for name in sorted(os.listdir(repository)):
        if name.endswith(".deb"):
            # The tag that is left out is for packages that are uploaded to Debian.
            output = both("lintian", "--allow-root", "--suppress-tags", "initial-upload-closes-no-bugs", "--fail-on", "error,warning", os.path.join(repository, name))
            check("E:" not in output and "W:" not in output, output)


def sign(repository, home, key):
    os.makedirs(home, mode=0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
    try:
        run(*gpg, "--passphrase", "", "--quick-generate-key", "gospect test <test@example.com>", "ed25519", "sign", "never")
        run(*gpg, "--output", key, "--export")
        run(*gpg, "--output", os.path.join(repository, "InRelease"), "--clearsign", os.path.join(repository, "Release"))
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True)
    return f"signed-by={key}"


def oci(release, work):
    layout, platforms = os.path.join(work, "out/oci"), sorted(t.oci for t in release.targets if t.oci)
    gospect = bin_of(work)
    scanned = json.loads(run(gospect, "scan", "--format", "json", "--min-size", "1", f"oci-dir:{layout}"))
    check(sorted(image["platform"] for image in scanned["images"]) == platforms, [i["platform"] for i in scanned["images"]])
    for image in scanned["images"]:
        check(image["entrypoint"] == ["/gospect"] and image["user"] == "65532:65532", image)
        check("/etc/ssl/certs/ca-certificates.crt" in json.dumps(image["rootfs"]), image["rootfs"])
    check(not scanned["unexamined"] and scanned["reach"]["files"] >= len(platforms), scanned["reach"])
    need("skopeo")
    reference = f"oci:{layout}:{release.version}"
    index = json.loads(run("skopeo", "inspect", "--raw", reference))
    check(sorted(f"{m['platform']['os']}/{m['platform']['architecture']}" for m in index["manifests"]) == platforms, index)
    copied = os.path.join(work, "copied")
    # Copying checks every digest and size.
    run("skopeo", "copy", "--quiet", "--all", reference, f"oci:{copied}:{release.version}", "--insecure-policy")
    for platform in platforms:
        system, arch = platform.split("/")
        chosen = ["--override-os", system, "--override-arch", arch]
        run("skopeo", *chosen, "copy", "--quiet", "--insecure-policy", reference, f"docker-archive:{work}/{arch}.tar:gospect:{release.version}")
        config = json.loads(run("skopeo", *chosen, "inspect", "--config", reference))
        check(config["architecture"] == arch and config["config"]["Entrypoint"] == ["/gospect"], config)


def pre_commit(_release, work):
    need("pre-commit", "git")
    hooks, project = os.path.join(work, "hooks"), os.path.join(work, "project")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    for folder in (hooks, project):
        os.makedirs(folder)
        run(*git, "init", "--quiet", cwd=folder)
    shutil.copy(os.path.join(ROOT, ".pre-commit-hooks.yaml"), hooks)
    run(*git, "add", ".", cwd=hooks)
    run(*git, "commit", "--quiet", "--message", "hooks", cwd=hooks)
    run("tar", "-xJf", os.path.join(ROOT, "testdata/fixtures/amd64.tar.xz"), "-C", project)
    program = next(name for name in sorted(os.listdir(project)) if "linux-amd64-hello" in name)
    run(*git, "add", program, cwd=project)
    env = dict(os.environ, PATH=f"{os.path.dirname(bin_of(work))}:{os.environ['PATH']}", PRE_COMMIT_HOME=os.path.join(work, "pre-commit"), GIT_CONFIG_GLOBAL="/dev/null")
    output = both("pre-commit", "try-repo", hooks, "gospect-audit-system", "--verbose", "--files", program, cwd=project, env=env)
    check("Passed" in output and program in output, output)


CHECKS = [
    ("npm: installed from a registry on this machine", npm),
    ("Debian packages: lintian", lintian),
    ("apt: installed from a signed repository in a folder", apt),
    ("image: read by gospect, copied by skopeo for each platform", oci),
    ("pre-commit: try-repo", pre_commit),
]
