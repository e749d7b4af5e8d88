"""Windows: the manifest of Scoop and the three of winget."""
import json
import os

from table import save

WINGET_SCHEMA = "1.10.0"


def scoop(release, out):
    targets = [t for t in release.targets if t.windows]
    latest = f"{release.project['homepage']}/releases/download/v$version"
    manifest = {
        "version": release.version,
        "description": release.project["summary"],
        "homepage": release.project["homepage"],
        "license": release.project["licence"].replace(" OR ", "|"),
        "architecture": {
            t.windows["scoop"]: {"url": release.url(t), "hash": release.sha256(t), "extract_dir": t.folder} for t in targets
        },
        "bin": targets[0].program,
        "checkver": {"github": release.project["homepage"]},
        "autoupdate": {
            "architecture": {t.windows["scoop"]: {"url": f"{latest}/{t.archive}", "extract_dir": t.folder} for t in targets},
            "hash": {"url": "$baseurl/SHA256SUMS"},
        },
    }
    return save(os.path.join(out, "gospect.json"), json.dumps(manifest, indent=4) + "\n")


def yaml(value, indent=""):
    """Plain YAML of nested dicts, lists of dicts, and texts, which are always quoted: a version must not become a number."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, list):
            lines.append(f"{indent}{key}:")
            for item in inner:
                rows = yaml(item, indent + "  ").splitlines() if isinstance(item, dict) else [f"{indent}  {json.dumps(item)}"]
                lines.append(f"{indent}- {rows[0].strip()}")
                lines += rows[1:]
        else:
            lines.append(f"{indent}{key}: {json.dumps(inner)}")
    return "\n".join(lines)


def winget(release, out):
    project = release.project
    identity = {"PackageIdentifier": project["winget"], "PackageVersion": release.version}
    installers = [
        {
            "Architecture": t.windows["winget"],
            "InstallerUrl": release.url(t),
            "InstallerSha256": release.sha256(t).upper(),
            "NestedInstallerFiles": [{"RelativeFilePath": f"{t.folder}\\{t.program}", "PortableCommandAlias": "gospect"}],
        }
        for t in release.targets if t.windows
    ]
    parts = {
        "": ("version", {"DefaultLocale": "en-US"}),
        ".installer": ("installer", {"InstallerType": "zip", "NestedInstallerType": "portable", "Commands": ["gospect"], "Installers": installers}),
        ".locale.en-US": ("defaultLocale", {
            "PackageLocale": "en-US", "Publisher": "The gospect authors", "PublisherUrl": project["homepage"], "PackageName": "gospect",
            "PackageUrl": project["homepage"], "License": project["licence"], "ShortDescription": project["summary"],
            "Description": project["description"], "Moniker": "gospect", "Tags": ["audit", "go", "golang", "sbom", "security"],
            "ReleaseNotesUrl": f"{project['homepage']}/releases/tag/v{release.version}",
        }),
    }
    made = []
    for name, (kind, body) in parts.items():
        text = yaml({**identity, **body, "ManifestType": kind, "ManifestVersion": WINGET_SCHEMA})
        # The first line lets editors and the checks of winget's repository find the schema.
        head = f"# yaml-language-server: $schema=https://aka.ms/winget-manifest.{kind}.{WINGET_SCHEMA}.schema.json\n"
        made.append(save(os.path.join(out, f"{project['winget']}{name}.yaml"), head + text + "\n"))
    return made
