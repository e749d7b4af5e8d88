#!/usr/bin/env bash
# Checks every combination of features that makes sense, and the reader alone for WebAssembly where that target is installed
# (rustup target add wasm32-unknown-unknown).
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck disable=SC2054 # commas separate features
combinations=(
	""
	audit
	source
	source,audit
	archives
	archives,audit
	registry
	registry,audit
	cli
	cli,archives
	cli,registry
)
for features in "${combinations[@]}"; do
	echo "features: ${features:-none}"
	cargo check --quiet --locked --lib --bins --no-default-features --features "$features"
done

wasm=wasm32-unknown-unknown
if [[ -d "$(rustc --print sysroot)/lib/rustlib/$wasm" ]]; then
	for features in "" audit; do
		echo "features: ${features:-none} for $wasm"
		cargo check --quiet --locked --lib --no-default-features --features "$features" --target "$wasm"
	done
else
	echo "skipped: $wasm is not installed (rustup target add $wasm)"
fi
