#!/usr/bin/env bash
# Makes the Debian package of a program that is already built, with manual pages and completions.
# Needs cargo-deb: cargo install cargo-deb --locked
#
# usage: package-deb.sh GOSPECT DIR
#
# What is in the package stands in Cargo.toml, [package.metadata.deb]; it takes its files from target/deb.
set -euo pipefail
gospect="$(realpath "$1")" out="$(mkdir -p "$2" && realpath "$2")"
cd "$(dirname "$0")/.."
rm -rf target/deb
mkdir -p target/deb
cp "$gospect" target/deb/gospect
scripts/extras.sh target/deb/gospect target/deb
# Debian looks for completions of bash under the name of the program.
mv target/deb/completions/gospect.bash target/deb/completions/gospect
cargo deb --no-build --no-strip --output "$out/"
