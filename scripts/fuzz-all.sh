#!/usr/bin/env bash
# Runs every fuzzer for a fixed time, one after the other, and writes a log for each.
# usage: scripts/fuzz-all.sh SECONDS [TARGET...]      logs and new inputs go below $FUZZ_LOGS (default fuzz/logs);
#                                                     FUZZ_BUILT=DIRECTORY takes fuzzers that were built before
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?seconds for each target}
shift
export RUSTC_BOOTSTRAP=1
logs=${FUZZ_LOGS:-fuzz/logs}
mkdir -p "$logs"
directory=${FUZZ_BUILT:-}
if [[ -z $directory ]]; then
	cargo fuzz build -O --sanitizer none
	triple=$(rustc -vV | sed -n 's/^host: //p')
	directory=${CARGO_TARGET_DIR:-fuzz/target}/$triple/release
fi

# The programs that structure-aware targets change, unpacked once.
export GOSPECT_FUZZ_PROGRAMS=${GOSPECT_FUZZ_PROGRAMS:-$logs/programs}
if [[ ! -d $GOSPECT_FUZZ_PROGRAMS ]]; then
	mkdir -p "$GOSPECT_FUZZ_PROGRAMS"
	for group in testdata/fixtures/*.tar.xz; do tar -xJf "$group" -C "$GOSPECT_FUZZ_PROGRAMS"; done
fi

# Longest input: containers and programs need more bytes than texts.
length() {
	case $1 in
	modinfo | version | flags | reference | challenge | token | buildinfo | around) echo 512 ;;
	policy | baseline | documents | records | chart) echo 2048 ;;
	image | inspect | ar | fat | archive | packed) echo 16384 ;;
	*changes) echo 256 ;;
	*) echo 8192 ;;
	esac
}

# Seconds for one input: inputs of structure-aware targets are whole programs, and the machine may be busy.
patience() {
	case $1 in
	*changes) echo 60 ;;
	*) echo 10 ;;
	esac
}

if (($# == 0)); then
	# shellcheck disable=SC2046 # one argument for each name
	set -- $(sed -n 's/^name = "\([a-z0-9]*\)"$/\1/p' fuzz/Cargo.toml)
fi
for target in "$@"; do
	mkdir -p "fuzz/corpus/$target" "$logs/$target"
	status=0
	"$directory/$target" "fuzz/corpus/$target" "testdata/fuzz/$target" -max_len="$(length "$target")" -timeout="$(patience "$target")" -rss_limit_mb=1024 \
		-max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$logs/$target/" >"$logs/$target.log" 2>&1 || status=$?
	printf '%-12s exit %s  %s\n' "$target" "$status" "$(grep -o 'number_of_executed_units: *[0-9]*' "$logs/$target.log" || echo 'stopped early')"
done
