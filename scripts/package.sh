#!/usr/bin/env bash
# Makes the release archive of one target: program, manual pages, completions, README, changes, licences.
#
# usage: package.sh TARGET GOSPECT DIR
#
# TARGET is a Rust target triple, GOSPECT the program built for it, which must run on this machine. The archive is
# DIR/gospect-TARGET.tar.gz, or .zip for Windows. With GNU tar the same program gives the same bytes.
set -euo pipefail
target="$1" gospect="$2" out="$(mkdir -p "$3" && cd "$3" && pwd)"
root="$(cd "$(dirname "$0")/.." && pwd)"
name="gospect-$target"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

mkdir "$work/$name"
cp "$gospect" "$root/README.md" "$root/CHANGELOG.md" "$root/LICENSE-APACHE" "$root/LICENSE-MIT" "$work/$name/"
"$root/scripts/extras.sh" "$gospect" "$work/$name"

cd "$work"
case "$target" in
*-windows-*)
	rm -f "$out/$name.zip"
	if command -v 7z >/dev/null; then
		7z a -bd "$out/$name.zip" "$name" >/dev/null
	else
		python3 -m zipfile -c "$out/$name.zip" "$name"
	fi
	echo "$out/$name.zip"
	;;
*)
	stable=()
	if tar --version 2>/dev/null | grep -q GNU; then
		stable=(--sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}")
	fi
	tar ${stable[@]+"${stable[@]}"} -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
	echo "$out/$name.tar.gz"
	;;
esac
