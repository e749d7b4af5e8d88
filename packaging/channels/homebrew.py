"""Homebrew: a formula that installs the released program."""
import os

from table import save, template

BLOCKS = {"macos": "on_macos", "linux": "on_linux"}
CPUS = {"intel": "on_intel", "arm": "on_arm"}


def make(release, out):
    lines = []
    for system in BLOCKS:
        lines.append(f"  {BLOCKS[system]} do")
        for target in release.targets:
            if target.brew and target.brew[0] == system:
                lines += [
                    f"    {CPUS[target.brew[1]]} do",
                    f'      url "{release.url(target)}"',
                    f'      sha256 "{release.sha256(target)}"',
                    "    end",
                ]
        lines += ["  end", ""]
    text = template(
        "gospect.rb", summary=release.project["short"], homepage=release.project["homepage"], version=release.version,
        sources="\n".join(lines).rstrip())
    return [save(os.path.join(out, "gospect.rb"), text)]
