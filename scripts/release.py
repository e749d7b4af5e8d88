#!/usr/bin/env python3
"""Cut a release, and check that every place that names the version of gospect names the same.

usage: release.py --check             say what disagrees; exit code 1 if anything does
       release.py --next VERSION      start work on VERSION: write its number everywhere, leave the changelog alone
       release.py VERSION [--date YYYY-MM-DD] [--no-generate] [--commit]
                                      cut VERSION: number, changelog, generated files; then print the git commands,
                                      or run them with --commit (a commit and a tag; nothing is pushed)

Between two releases the tree carries the number of the release that is being prepared: the version in Cargo.toml is newer than every
version in CHANGELOG.md while the section Unreleased has entries, and the recipes name it, because they describe what it can do. Cutting
the release gives that section its number and date. GOSPECT_ROOT names another copy of the repository to work on (for tests).
"""
import datetime, os, re, subprocess, sys

import semver

ROOT = os.environ.get("GOSPECT_ROOT") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERSION = f"({semver.VERSION})"

# Where the version of gospect stands in a text that a person copies, whatever the file.
RECIPES = [
    rf"\bgospect/gospect(?:/[\w-]+)?@v?{VERSION}",                 # GitHub Action, GitLab component
    rf"\bgospect/gospect:v?{VERSION}",                             # image
    rf"gospect/gospect\n\s+rev: v{VERSION}",                       # pre-commit
    rf"\bgospect/gospect/releases/download/v{VERSION}",            # archives
    rf"\bgospect/gospect/v{VERSION}/",                             # a file of the repository
    rf"\bdefault: v{VERSION}",                                     # the GitLab component
    rf"\bsuch as v{VERSION}",                                      # help of the action and of install.sh
    rf"\bgospect[@=]=?v?{VERSION}",                                # npm, pip, cargo
    r"\bgospect_(\d+\.\d+\.\d+)-",                                # package of Debian, with its revision
    rf"--version v{VERSION}",                                       # install.sh
]
# What a measurement was made with stays as it was; it cannot be newer than the tree.
MEASURED = rf"\bgospect {VERSION}"
SINCE = rf'\bsince: "{VERSION}"'
# Files that a person reads or copies from. Programs, their records and the changelog are history.
TEXTS = (".md", ".yml", ".yaml", ".sh", ".toml", ".nix", ".py")
SKIPPED = {".git", "target", "testdata", "node_modules", "__pycache__", "book"}
LOCKS = ["Cargo.lock", "fuzz/Cargo.lock"]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def write(name, text):
    with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
        file.write(text)


def files(*endings):
    """Paths below ROOT, sorted, with one of these endings."""
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(set(inner) - SKIPPED)
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if name.endswith(endings) and path not in ("CHANGELOG.md", "scripts/release.py"):
                yield path


def order(version):
    """A key by which versions sort as SemVer says; identifiers of a pre-release are compared one by one."""
    core, _, pre = version.partition("-")
    parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")] if pre else []
    return [int(n) for n in core.split(".")], not pre, parts


def line_of(text, at):
    return text.count("\n", 0, at) + 1


# Reading.

def workspace_version():
    return re.search(rf'^\[workspace\.package\]\nversion = "{VERSION}"', read("Cargo.toml"), re.M)[1]


def members():
    """Names of the crates of the workspace that take its version."""
    names = []
    for path in files("Cargo.toml"):
        text = read(path)
        if "version.workspace = true" in text:
            names.append(re.search(r'^name = "([^"]+)"', text, re.M)[1])
    return names


def locked(text):
    """The version of each crate of the workspace in a lock file: (name, version, start and end of the version)."""
    ours = set(members())
    for m in re.finditer(rf'^name = "([^"]+)"\nversion = "{VERSION}"\n(?!source)', text, re.M):
        if m[1] in ours:
            yield m[1], m[2], m.span(2)


def dependencies(text):
    """Versions that Cargo.toml gives the crates of the workspace where others depend on them."""
    for m in re.finditer(rf'^gospect(?:-\w+)? = {{ path = "[^"]+", version = "{VERSION}"', text, re.M):
        yield m[1], m.span(1)


def recipes(text):
    for pattern in RECIPES:
        for m in re.finditer(pattern, text):
            yield m[1], m.span(1)


def sections():
    """(version or `Unreleased`, date or None, text below the heading) of CHANGELOG.md, in its order."""
    parts = re.split(r"^## \[([^\]]+)\](?: - (\S+))?\n", read("CHANGELOG.md"), flags=re.M)
    return list(zip(parts[1::3], parts[2::3], parts[3::3]))


# Checking.

def problems():
    version, wrong = workspace_version(), []
    for found, (start, _) in dependencies(read("Cargo.toml")):
        if found != version:
            wrong.append(f"Cargo.toml:{line_of(read('Cargo.toml'), start)}: depends on {found} of its own crate, the workspace is {version}")
    for lock in LOCKS:
        if os.path.exists(os.path.join(ROOT, lock)):
            wrong += [f"{lock}: {name} is {found}, the workspace is {version}" for name, found, _ in locked(read(lock)) if found != version]
    for path in files(*TEXTS):
        text = read(path)
        for found, (start, _) in recipes(text):
            if found != version:
                wrong.append(f"{path}:{line_of(text, start)}: names gospect {found}, the workspace is {version}")
        for m in re.finditer(MEASURED, text):
            if order(m[1]) > order(version):
                wrong.append(f"{path}:{line_of(text, m.start())}: measured with gospect {m[1]}, which is newer than {version}")
    listed = sections()
    released = [name for name, _, _ in listed if name != "Unreleased"]
    for path in files(".rs"):
        text = read(path)
        for m in re.finditer(SINCE, text):
            if m[1] != version and m[1] not in released:
                wrong.append(f"{path}:{line_of(text, m.start())}: since {m[1]}, which CHANGELOG.md does not have and the workspace is not")
    if not listed or listed[0][0] != "Unreleased":
        return wrong + ["CHANGELOG.md: its first section is not [Unreleased]"]
    for name, date, _ in listed[1:]:
        if not date or not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
            wrong.append(f"CHANGELOG.md: [{name}] has no date such as 2026-11-23")
    if released != sorted(released, key=order, reverse=True):
        wrong.append(f"CHANGELOG.md: the newest release does not come first: {', '.join(released)}")
    newest, pending = (released or ["0.0.0"])[0], bool(listed[0][2].strip())
    if order(version) < order(newest) or pending and version == newest:
        changes = "changes since" if pending else "the release"
        wrong.append(f"CHANGELOG.md has {changes} {newest}, and the workspace is {version}: release.py --next VERSION")
    if 'dynamic = ["version"]' not in read("python/pyproject.toml"):
        wrong.append("python/pyproject.toml: its version does not come from Cargo.toml (dynamic)")
    return wrong


# The changelog.

def entries(text):
    """{heading: [entries]} of a section; an entry begins with `- ` at the start of a line."""
    found, heading = {}, None
    for line in text.splitlines():
        if line.startswith("### "):
            heading = line[4:].strip()
            found.setdefault(heading, [])
        elif line.startswith("- ") and heading:
            found[heading].append(line)
        elif line.strip() and heading and found[heading]:
            found[heading][-1] += "\n" + line
    return found


def plain(entry):
    return re.sub(r"\W+", " ", entry).strip().lower()


def repeated(text):
    """Entries most of whose words an earlier one has too: what is left of two merges that both kept their own wording."""
    for heading, listed in entries(text).items():
        earlier = []
        for entry in listed:
            words = set(plain(entry).split())
            if any(len(words & other) >= 0.75 * max(12, min(len(words), len(other))) for other in earlier):
                yield heading, entry
            earlier.append(words)


def merged(text):
    """The section with each heading once, in the order of Keep a Changelog, and without entries that say the same words."""
    usual = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    listed = entries(text)
    out = []
    for heading in sorted(listed, key=lambda h: (usual.index(h) if h in usual else len(usual), h)):
        unique = list({plain(entry): entry for entry in reversed(listed[heading])}.values())[::-1]
        out.append(f"### {heading}\n\n" + "\n".join(unique) + "\n")
    return "\n".join(out)


def date_changelog(version, date):
    text = read("CHANGELOG.md")
    start = text.index("## [Unreleased]\n")
    body = start + len("## [Unreleased]\n")
    end = text.find("\n## [", body) + 1 or len(text)
    write("CHANGELOG.md", f"{text[:body]}\n## [{version}] - {date}\n\n{merged(text[body:end])}\n{text[end:]}")


# Writing.

def replaced(text, spans, version):
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + version + text[end:]
    return text


def set_version(version):
    text = read("Cargo.toml")
    own = re.search(rf'^\[workspace\.package\]\nversion = "{VERSION}"', text, re.M).span(1)
    write("Cargo.toml", replaced(text, {own} | {span for _, span in dependencies(text)}, version))
    for lock in LOCKS:
        if os.path.exists(os.path.join(ROOT, lock)):
            text = read(lock)
            write(lock, replaced(text, {span for _, _, span in locked(text)}, version))
    for path in files(*TEXTS):
        text = read(path)
        spans = {span for _, span in recipes(text)}
        if spans:
            write(path, replaced(text, spans, version))


def generate():
    """The files that tests write: the pages of the rules, the schema of policies, the list of the public surface."""
    env = dict(os.environ, GOSPECT_WRITE="1")
    for command in (["cargo", "test", "-q", "-p", "gospect-audit", "--lib"], ["cargo", "test", "-q", "--test", "it", "public_api"]):
        subprocess.run(command, cwd=ROOT, env=env, check=True)


def git(*args):
    return subprocess.run(["git", *args], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def fail(text):
    sys.exit(f"release.py: {text}")


def cut(version, date, make_files, commit):
    if git("status", "--porcelain").strip():
        fail("the tree has changes that are not committed; commit or stash them first")
    if f"v{version}" in git("tag", "--list", f"v{version}").split():
        fail(f"the tag v{version} exists")
    listed = sections()
    if not listed[0][2].strip():
        fail("CHANGELOG.md has nothing under [Unreleased]")
    if any(name == version for name, _, _ in listed):
        fail(f"CHANGELOG.md has a section [{version}] already")
    doubled = [f"  {heading}: {entry[:90]}" for heading, entry in repeated(merged(listed[0][2]))]
    if doubled:
        fail("entries of CHANGELOG.md say the same as earlier ones; merge each into one:\n" + "\n".join(doubled))
    set_version(version)
    date_changelog(version, date)
    if make_files:
        generate()
    if wrong := problems():
        fail("after the change, not committed:\n" + "\n".join(wrong))
    commands = [
        ["git", "commit", "--all", "--message", f"Release {version}"],
        ["git", "tag", "--annotate", "--message", f"gospect {version}", f"v{version}"],
    ]
    if commit:
        for command in commands:
            subprocess.run(command, cwd=ROOT, check=True)
    else:
        print("\n".join(" ".join(f"'{word}'" if " " in word else word for word in command) for command in commands))
    print(f"git push origin HEAD v{version}    # the tag starts .github/workflows/release.yml")


def main():
    args = sys.argv[1:]
    if args == ["--check"]:
        wrong = problems()
        print("\n".join(wrong) or f"every version agrees: {workspace_version()}")
        # No version is wrong by these; cutting a release asks for them to be merged.
        for heading, entry in repeated(sections()[0][2]):
            print(f"CHANGELOG.md: an entry under {heading} says the same as an earlier one: {entry[:70]}", file=sys.stderr)
        sys.exit(1 if wrong else 0)
    date, flags, words = datetime.date.today().isoformat(), set(), []
    while args:
        word = args.pop(0)
        if word == "--date" and args:
            date = args.pop(0)
        elif word in ("--next", "--commit", "--no-generate"):
            flags.add(word)
        else:
            words.append(word)
    if len(words) != 1:
        sys.exit(__doc__)
    if not semver.is_version(words[0]):
        fail(f"{words[0]!r} is not a version such as 1.2.3 or 1.2.3-rc.1")
    try:
        datetime.date.fromisoformat(date)
    except ValueError:
        fail(f"`{date}` is not a date such as 2026-11-23")
    version = words[0]
    released = [name for name, _, _ in sections() if name != "Unreleased"]
    if released and order(version) <= order(released[0]):
        fail(f"{version} is not newer than the last release, {released[0]}")
    if "--next" in flags:
        set_version(version)
    else:
        cut(version, date, "--no-generate" not in flags, "--commit" in flags)


main()
