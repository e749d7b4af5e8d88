#!/usr/bin/env bash
# Writes the bill of materials of gospect itself: every crate in the program, by the lock file.
# Needs cargo-cyclonedx: cargo install cargo-cyclonedx --locked
#
# usage: own-sbom.sh DIR      writes DIR/gospect.cdx.json
set -euo pipefail
out="$(mkdir -p "$1" && cd "$1" && pwd)"
cd "$(dirname "$0")/.."
cargo cyclonedx --format json --spec-version 1.5 --all-features --no-build-deps --override-filename gospect-own
mv gospect-own.json "$out/gospect.cdx.json"
echo "$out/gospect.cdx.json"
