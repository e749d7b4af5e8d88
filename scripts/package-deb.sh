#!/usr/bin/env bash
# Makes the Debian package of a program that is already built, with manual pages and completions.
# Needs cargo-deb: cargo install cargo-deb --locked
#
# usage: package-deb.sh GOSPECT DIR
#
# The contents of the package are listed in Cargo.toml, [package.metadata.deb]; its files come from target/deb.
set -euo pipefail
gospect="$(realpath "$1")" out="$(mkdir -p "$2" && realpath "$2")"
cd "$(dirname "$0")/.."
rm -rf target/deb
mkdir -p target/deb
cp "$gospect" target/deb/gospect
scripts/extras.sh target/deb/gospect target/deb
# Debian expects bash completions under the name of the program.
mv target/deb/completions/gospect.bash target/deb/completions/gospect
cargo deb --no-build --no-strip --output "$out/"
