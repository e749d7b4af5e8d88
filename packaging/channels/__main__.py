"""Make what each channel needs from the archives of a release and packaging/targets.toml.

usage: python3 packaging/channels DIST OUT [--version VERSION] [--downloads URL] [CHANNEL...]

DIST has the archives that scripts/package.sh wrote, one for each target. OUT gets a folder for each channel:
  npm        tarballs for `npm publish`, in this order
  homebrew   gospect.rb, for a tap
  scoop      gospect.json, for a bucket
  winget     three manifests
  apt        packages for Debian, with Packages and Release; sign Release with gpg (--clearsign: InRelease)
  oci        an image layout for `skopeo copy --all oci:OUT/oci:VERSION docker://...`
The version is that of Cargo.toml, and URL the folder of the release on the forge. SOURCE_DATE_EPOCH is the time in what is made; the same
archives then give the same bytes.
"""
import os, sys

import debian, homebrew, npm, oci, windows
from table import Missing, NoVersion, Release

CHANNELS = {
    "npm": npm.make,
    "homebrew": homebrew.make,
    "scoop": lambda release, out: [windows.scoop(release, out)],
    "winget": windows.winget,
    "apt": debian.make,
    "oci": oci.make,
}


def main():
    args, options = sys.argv[1:], {}
    for name in ("--version", "--downloads"):
        if name in args:
            at = args.index(name)
            options[name[2:]] = "".join(args[at + 1:at + 2])
            del args[at:at + 2]
    if len(args) < 2 or not set(args[2:]) <= set(CHANNELS):
        sys.exit(__doc__)
    dist, out, *wanted = args
    try:
        release = Release(dist, **options)
    except NoVersion as error:
        sys.exit(f"channels: {error}")
    for name in wanted or CHANNELS:
        try:
            for path in CHANNELS[name](release, os.path.join(out, name)):
                print(path)
        except Missing as error:
            sys.exit(f"channels: {name}: {error}")


main()
