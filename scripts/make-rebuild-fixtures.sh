#!/bin/sh
# Makes testdata/rebuild.tar.xz: builds of one small program that differ in one thing each, for the tests of `gospect rebuild` and `diff --code`.
#   scripts/make-rebuild-fixtures.sh GO GO_OTHER OUT      GO: the go command of Go 1.27.3, GO_OTHER: that of Go 1.26.6
set -eu
go=$1 other=$2 out=$3
work=$(mktemp -d)
mkdir -p "$work/app/lib" "$work/pairs"
cd "$work/app"
printf 'module example.com/app\n\ngo 1.21\n' >go.mod
cat >lib/lib.go <<'END'
package lib

// Table is data that code refers to.
var Table = []string{"one", "two", "three"}

//go:noinline
func Add(a, b int) int { return a + b }
END
cat >main.go <<'END'
package main

import "example.com/app/lib"

var version = "development"
var commit string

func main() { println(version, commit, lib.Table[lib.Add(1, 1)]) }
END
export GOFLAGS="" GOENV=off GOWORK=off GOTOOLCHAIN=local CGO_ENABLED=0 GOOS=linux
build() { name=$1; shift; "$go" build -buildvcs=false -trimpath "$@" -o "$work/pairs/$name" .; }
long=a_tag_that_makes_the_record_longer,and_another_one_for_good_measure
for arch in amd64 arm64 386 s390x ppc64le; do
  export GOARCH=$arch
  build "$arch-base" -ldflags='-s -w'
  build "$arch-record" -ldflags='-s -w' -tags=$long
  sed -i 's/return a + b/return a - b/' lib/lib.go
  build "$arch-function" -ldflags='-s -w'
  sed -i 's/return a - b/return a + b/' lib/lib.go
done
export GOARCH=amd64
build amd64-symbols
build amd64-string -ldflags='-s -w -X main.version=1.2.3'
build amd64-other-string -ldflags='-s -w -X main.version=1.2.4'
GOAMD64=v3 build amd64-v3 -ldflags='-s -w'
sed -i 's/three/eerht/' lib/lib.go
build amd64-constant -ldflags='-s -w'
sed -i 's/eerht/three/' lib/lib.go
"$other" build -buildvcs=false -trimpath -ldflags='-s -w' -o "$work/pairs/amd64-release" .
cd "$work/pairs"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c . | xz -9e --lzma2=dict=64MiB >"$out"
rm -rf "$work"
