#!/usr/bin/env bash
# Writes the bill of materials of gospect itself (CycloneDX 1.5): every crate of a program on any platform, from the lock file.
# Needs cargo-cyclonedx: cargo install cargo-cyclonedx --locked
#
# usage: own-sbom.sh DIR      writes DIR/gospect.cdx.json
set -euo pipefail
out="$(mkdir -p "$1" && cd "$1" && pwd)"
cd "$(dirname "$0")/.."
cargo cyclonedx --manifest-path Cargo.toml --format json --spec-version 1.5 --all-features --no-build-deps --override-filename gospect-own
# The tool names the crate by its build directory, which is removed here.
sed -e "s|path+file://${PWD}[^#\"]*#||g" -e 's|?download_url=file://[^"#]*||g' gospect-own.json > "$out/gospect.cdx.json"
# The tool writes one for every crate of the workspace.
rm gospect-own.json crates/*/gospect-own.json
if grep -qF "$PWD" "$out/gospect.cdx.json"; then
  echo "own-sbom.sh: $out/gospect.cdx.json names the folder $PWD; see what cargo-cyclonedx writes now" >&2
  exit 1
fi
echo "$out/gospect.cdx.json"
