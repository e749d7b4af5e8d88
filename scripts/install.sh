#!/bin/sh
# Downloads a released gospect for this system, verifies its checksum, and puts the program into a folder.
#
# usage: install.sh [--version VERSION] [--to DIR]
#
# VERSION is a tag such as v0.2.0; without it the latest release. DIR is ~/.local/bin unless given.
# GOSPECT_DOWNLOADS names another place that holds the archives and SHA256SUMS (a mirror; file:// works).
# exit 0: installed; 1: download or checksum failed; 3: no release for this system (build it: cargo install --locked --path .)
set -eu

version=latest
to="${HOME:-.}/.local/bin"
while [ $# -gt 0 ]; do
	case "$1" in
	--version) version="${2:?--version needs a tag}" && shift 2 ;;
	--to) to="${2:?--to needs a folder}" && shift 2 ;;
	*) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
	esac
done

kind=tar.gz program=gospect
case "$(uname -s)-$(uname -m)" in
Linux-x86_64 | Linux-amd64) target=x86_64-unknown-linux-musl ;;
Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
Darwin-x86_64) target=x86_64-apple-darwin ;;
Darwin-arm64) target=aarch64-apple-darwin ;;
MINGW*-x86_64 | MSYS*-x86_64 | CYGWIN*-x86_64) target=x86_64-pc-windows-msvc kind=zip program=gospect.exe ;;
*)
	echo "install.sh: no release for $(uname -s) on $(uname -m); build it: cargo install --locked --path ." >&2
	exit 3
	;;
esac

releases=https://github.com/gospect/gospect/releases
case "$version" in
latest) from="$releases/latest/download" ;;
*) from="$releases/download/$version" ;;
esac
from="${GOSPECT_DOWNLOADS:-$from}"

work="$(mktemp -d)" beside=
trap 'rm -rf "$work" ${beside:+"$beside"}' EXIT
trap 'exit 1' HUP INT TERM
archive="gospect-$target.$kind"
for file in "$archive" SHA256SUMS; do
	curl --fail --silent --show-error --location --retry 3 --output "$work/$file" "$from/$file" || {
		echo "install.sh: cannot download $from/$file" >&2
		exit 1
	}
done

expected="$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")"
if command -v sha256sum >/dev/null; then
	actual="$(sha256sum "$work/$archive" | cut -d ' ' -f 1)"
else
	actual="$(shasum -a 256 "$work/$archive" | cut -d ' ' -f 1)"
fi
if [ -z "$expected" ] || [ "$expected" != "$actual" ]; then
	echo "install.sh: $archive has SHA-256 $actual, SHA256SUMS says ${expected:-nothing}; not installed" >&2
	exit 1
fi

case "$kind" in
zip) unzip -q "$work/$archive" -d "$work" ;;
*) tar -xzf "$work/$archive" -C "$work" ;;
esac
mkdir -p "$to"
# A copy beside it takes the name of the old program at once: one that runs stays as it is, and no link is written through.
if [ -d "$to/$program" ]; then
	echo "install.sh: $to/$program is a folder; not installed" >&2
	exit 1
fi
beside="$(mktemp "$to/.$program.XXXXXX")"
cp "$work/gospect-$target/$program" "$beside"
chmod 755 "$beside"
mv -f "$beside" "$to/$program"
beside=
echo "$to/$program"
