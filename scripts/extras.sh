#!/usr/bin/env bash
# Writes manual pages and shell completions, which the program itself generates.
#
# usage: extras.sh GOSPECT DIR
set -euo pipefail
gospect="$1" dir="$2"
mkdir -p "$dir/man" "$dir/completions"
"$gospect" man --directory "$dir/man"
"$gospect" completions bash >"$dir/completions/gospect.bash"
"$gospect" completions zsh >"$dir/completions/_gospect"
"$gospect" completions fish >"$dir/completions/gospect.fish"
"$gospect" completions powershell >"$dir/completions/_gospect.ps1"
