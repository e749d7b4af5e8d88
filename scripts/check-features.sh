#!/usr/bin/env bash
# Checks every sensible combination of features, and the reader alone for WebAssembly if that target is installed (rustup target
# add wasm32-unknown-unknown).
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck disable=SC2054 # commas separate features
combinations=(
	""
	audit
	lint
	source
	source,audit
	archives
	archives,audit
	registry
	registry,audit
	cli
	cli,registry
)
# Searches the output for warnings, because RUSTFLAGS would rebuild every dependency.
check() { # name, arguments
	echo "features: $1"
	cargo check --package gospect --quiet --locked --no-default-features "${@:2}" 2>&1 | tee "$log"
	! grep -q '^warning' "$log"
}
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
for features in "${combinations[@]}"; do
	check "${features:-none}" --lib --bins --features "$features"
done

wasm=wasm32-unknown-unknown
if [[ -d "$(rustc --print sysroot)/lib/rustlib/$wasm" ]]; then
	for features in "" audit; do
		check "${features:-none} for $wasm" --lib --features "$features" --target "$wasm"
	done
else
	echo "skipped: $wasm is not installed (rustup target add $wasm)"
fi
