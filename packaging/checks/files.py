"""Checks of files that other programs read: each by its linter or schema, and by what it says about the archives."""
import json, os, re, tomllib

from table import ROOT
from tools import Skipped, check, need, read, run


def cargo():
    with open(os.path.join(ROOT, "Cargo.toml"), "rb") as file:
        return tomllib.load(file)


def schema(name, path):
    """By a schema that is not part of the repository, where GOSPECT_SCHEMAS has it."""
    folder = os.environ.get("GOSPECT_SCHEMAS", "")
    if not os.path.isfile(os.path.join(folder, name)):
        raise Skipped(f"{name} (GOSPECT_SCHEMAS)")
    need("check-jsonschema")
    run("check-jsonschema", "--schemafile", os.path.join(folder, name), path)


def installers(release, _work):
    script, workflow = read(ROOT, "scripts/install.sh"), read(ROOT, ".github/workflows/release.yml")
    for target in release.targets:
        kind = target.archive.removeprefix(f"{target.folder}.")
        check(f"target={target.triple}" in script, f"install.sh does not know {target.triple}")
        check((f"target={target.triple} kind=zip" in script) == (kind == "zip"), f"install.sh has another archive for {target.triple}")
    built = sorted(re.findall(r"\{ target: (\S+), os: (\S+) \}", workflow))
    with open(os.path.join(ROOT, "packaging/targets.toml"), "rb") as file:
        rows = tomllib.load(file)["target"]
    check(built == sorted((row["triple"], row["runner"]) for row in rows), f"release.yml builds {built}")


def binstall(release, _work):
    """As cargo-binstall does: `{ name }` stands for a value, and an override counts for its target."""
    own = cargo()
    own_version, meta = own["workspace"]["package"]["version"], own["package"]["metadata"]["binstall"]
    for target in release.targets:
        stated = {**meta, **meta.get("overrides", {}).get(target.triple, {})}
        windows = target.program.endswith(".exe")
        values = {"repo": own["workspace"]["package"]["repository"], "version": own_version, "target": target.triple, "bin": "gospect",
                  "binary-ext": ".exe" if windows else ""}
        def filled(text):
            return re.sub(r"\{ ([\w-]+) \}", lambda m: values[m[1]], text)
        check(filled(stated["pkg-url"]) == release.url(target), f"{filled(stated['pkg-url'])} is not {release.url(target)}")
        check(stated["pkg-fmt"] == ("zip" if windows else "tgz"), f"{target.triple}: {stated['pkg-fmt']}")
        check(filled(stated["bin-dir"]) == f"{target.folder}/{target.program}", f"{target.triple}: {filled(stated['bin-dir'])}")
        check(release.program(target), f"{target.triple}: no program")


# What Homebrew offers to a formula, as far as this one uses it: it runs `install` in the folder of the archive.
BREW = r"""
require "json"
require "fileutils"
OS_NAME, CPU, PREFIX = ARGV[1..3]
class Place
  def initialize(dir) = @dir = dir
  def install(*names)
    FileUtils.mkdir_p(@dir)
    names.flatten.each do |name|
      from, to = name.is_a?(Hash) ? name.first : [name, File.basename(name)]
      FileUtils.cp(from, File.join(@dir, to))
    end
  end
end
class Formula
  SAID = {}
  %i[desc homepage version license url sha256].each { |word| define_singleton_method(word) { |text| SAID[word] = text } }
  def self.on_macos = (yield if OS_NAME == "macos")
  def self.on_linux = (yield if OS_NAME == "linux")
  def self.on_intel = (yield if CPU == "intel")
  def self.on_arm = (yield if CPU == "arm")
  def self.test = nil
  { bin: "bin", man1: "share/man/man1", bash_completion: "etc/bash_completion.d", zsh_completion: "share/zsh/site-functions",
    fish_completion: "share/fish/vendor_completions.d", doc: "share/doc" }.each { |word, dir| define_method(word) { Place.new(File.join(PREFIX, dir)) } }
end
load ARGV[0]
Gospect.new.install
puts JSON.generate(Formula::SAID)
"""


def homebrew(release, work):
    need("ruby")
    formula = os.path.join(work, "out/homebrew/gospect.rb")
    run("ruby", "-wc", formula)
    for target in release.targets:
        if not target.brew:
            continue
        folder, prefix = os.path.join(work, "brew", target.triple), os.path.join(work, "brew", target.triple + "-prefix")
        os.makedirs(folder)
        run("tar", "-xzf", release.path(target), "-C", folder)
        stated = json.loads(run("ruby", "-e", BREW, formula, *target.brew, prefix, cwd=os.path.join(folder, target.folder)))
        check(stated["url"] == release.url(target), f"{target.triple}: {stated['url']}")
        check(stated["sha256"] == release.sha256(target), f"{target.triple}: another digest")
        check(stated["version"] == release.version, stated["version"])
        for path in ("bin/gospect", "share/man/man1/gospect-audit.1", "etc/bash_completion.d/gospect", "share/zsh/site-functions/_gospect"):
            check(os.path.isfile(os.path.join(prefix, path)), f"{target.triple}: does not install {path}")


def scoop(release, work):
    path = os.path.join(work, "out/scoop/gospect.json")
    manifest = json.loads(read(path))
    check(manifest["version"] == release.version, manifest["version"])
    for target in release.targets:
        if target.windows:
            stated = manifest["architecture"][target.windows["scoop"]]
            check((stated["url"], stated["hash"]) == (release.url(target), release.sha256(target)), stated)
            check(manifest["bin"] in release.files(target) and stated["extract_dir"] == target.folder, stated)
    schema("scoop.json", path)


def winget(release, work):
    folder, name = os.path.join(work, "out/winget"), release.project["winget"]
    installer = read(folder, f"{name}.installer.yaml")
    for target in release.targets:
        if target.windows:
            for text in (release.url(target), release.sha256(target).upper(), json.dumps(f"{target.folder}\\{target.program}")):
                check(text in installer, f"the manifest does not have {text}")
    for part, kind in (("", "version"), (".installer", "installer"), (".locale.en-US", "defaultLocale")):
        schema(f"winget.{kind}.json", os.path.join(folder, f"{name}{part}.yaml"))


# The flake with a stand-in for nixpkgs: what it would build, for each system.
NIX = """
let
  flake = import %s/flake.nix;
  pkgs = system: { inherit system; rustPlatform.buildRustPackage = set: set // { outPath = "/nix/store/gospect"; }; installShellFiles = "";
                   lib.licenses = { mit = "MIT"; asl20 = "Apache-2.0"; }; };
  systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
  attrs = f: names: builtins.listToAttrs (map (name: { inherit name; value = f name; }) names);
  made = flake.outputs { self = made // { outPath = "/src"; }; nixpkgs = { lib.genAttrs = names: f: attrs f names; legacyPackages = attrs pkgs systems; }; };
in builtins.toJSON (builtins.mapAttrs (system: p: { inherit (p.default) pname version; run = made.apps.${system}.default.program; }) made.packages)
"""


def nix(release, work):
    need("nix-instantiate")
    env = dict(os.environ, NIX_STATE_DIR=os.path.join(work, "nix"), NIX_STORE_DIR=os.path.join(work, "nix/store"), HOME=work,
               NIX_REMOTE="", NIX_LOG_DIR=os.path.join(work, "nix/log"), NIX_LOCALSTATE_DIR=os.path.join(work, "nix"))
    run("nix-instantiate", "--parse", os.path.join(ROOT, "flake.nix"), env=env)
    made = json.loads(json.loads(run("nix-instantiate", "--eval", "--strict", "--expr", NIX % ROOT, env=env)))
    check(len(made) == 4, made)
    for system, package in made.items():
        check(package == {"pname": "gospect", "version": release.version, "run": "/nix/store/gospect/bin/gospect"}, f"{system}: {package}")


def component(_release, work):
    """Both documents of the GitLab component, with the defaults of its inputs where they are used."""
    need("check-jsonschema")
    spec, job = read(ROOT, "templates/gospect.yml").split("\n---\n")
    inputs = dict.fromkeys(re.findall(r"^    ([\w-]+):$", spec, re.M), "dist/")
    inputs |= dict(re.findall(r"^    ([\w-]+):\n(?:      [^\n]*\n)*?      default: (\S+)$", spec, re.M))
    used = set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", job))
    check(used == set(inputs), f"inputs that are given but not used, or used but not given: {used ^ set(inputs)}")
    for name, text in (("spec", spec), ("job", re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda m: inputs[m[1]].strip('"'), job))):
        path = os.path.join(work, f"component-{name}.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        run("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", path)


def component_script(_release, work):
    """The script of the component, as a runner would run it, on a program of the repository that is fine and on nothing at all."""
    need("bash")
    job = read(ROOT, "templates/gospect.yml").split("\n---\n")[1]
    lines = re.findall(r"^    - (gospect .*)$", job, re.M)
    check(len(lines) == 4, lines)
    env = dict(os.environ, PATH=f"{os.path.dirname(bin_of(work))}:{os.environ['PATH']}", GOSPECT_TARGETS="app", GOSPECT_PROFILE="release")
    folder = os.path.join(work, "component")
    os.makedirs(folder)
    run("tar", "-xJf", os.path.join(ROOT, "testdata/fixtures/amd64.tar.xz"), "-C", folder)
    program = next(name for name in sorted(os.listdir(folder)) if "linux-amd64-hello" in name)
    os.rename(os.path.join(folder, program), os.path.join(folder, "app"))
    for extra, code in (("-A all", 0), ("-D missing-vcs-stamp", 1)):
        run("bash", "-ec", "\n".join(lines), cwd=folder, env=dict(env, GOSPECT_ARGS=extra), code=code)
        json.loads(read(folder, "gl-code-quality.json"))
        check("<testsuite" in read(folder, "gospect-junit.xml"), "no JUnit report")


def bin_of(work):
    """The program by its name, which scripts of users call."""
    return os.path.join(work, "programs/x86_64-unknown-linux-musl/gospect")


CHECKS = [
    ("install.sh and release.yml have the targets of the table", installers),
    ("cargo binstall: addresses and folders of the archives", binstall),
    ("Homebrew formula: ruby, and its install for each system", homebrew),
    ("Scoop manifest", scoop),
    ("winget manifests", winget),
    ("Nix flake: parsed, and evaluated with a stand-in for nixpkgs", nix),
    ("GitLab component: schema", component),
    ("GitLab component: its script", component_script),
]
