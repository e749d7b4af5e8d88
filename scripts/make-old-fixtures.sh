#!/bin/sh
# Builds the programs of Go 1.0 to 1.3 that tests/it/old_go.rs reads, and packs them into testdata/old.
#
# usage: make-old-fixtures.sh TREES
#
# TREES holds one directory a release, such as TREES/go1.1.2/go: the source tree of that tag, built with
#
#   printf go1.1.2 >VERSION; cd src; CC=gcc CGO_ENABLED=0 GOROOT_FINAL=/usr/local/go ./make.bash
#
# where `gcc` is a script in PATH that takes -Werror out and calls the C compiler of today with
# `-w -fcommon -std=gnu89 -fno-strict-aliasing -fwrapv -no-pie`. Other ports: GOOS=… GOARCH=… ./make.bash --no-clean.
set -eu
trees=$1
out=$(cd "$(dirname "$0")/.." && pwd)/testdata/old
work=/build/oldgo
mkdir -p "$out" "$work/src/example.com/tool" "$work/src/nov"
cat >"$work/src/example.com/tool/main.go" <<'GO'
package main

import "runtime"

func main() { println("hello", runtime.Version()) }
GO
cat >"$work/src/nov/start.go" <<'GO'
package main

func main() { println("hello") }
GO
# build NAME RELEASE PORT PACKAGE LDFLAGS
build() {
    GOROOT=$trees/$2/go GOPATH=$work GOOS=${3%/*} GOARCH=${3#*/} GOARM=5 CGO_ENABLED=0 \
        "$trees/$2/go/bin/go" build -ldflags "$5" -o "$work/$1" "$4"
    xz -9e -c "$work/$1" >"$out/$1.xz"
}
build go1.0-plain go1.0.3 linux/amd64 example.com/tool ''
build go1.0-strip go1.0.3 linux/amd64 example.com/tool -s
build go1.1-plain go1.1.2 linux/amd64 example.com/tool ''
build go1.1-strip go1.1.2 linux/amd64 example.com/tool -s
build go1.1-silent go1.1.2 linux/386 nov -w
build go1.1-windows go1.1.2 windows/386 example.com/tool -w
build go1.1-darwin go1.1.2 darwin/amd64 example.com/tool -w
build go1.2-plain go1.2.2 linux/amd64 example.com/tool ''
build go1.2-silent go1.2.2 linux/amd64 nov -s
build go1.3-w go1.3.3 linux/amd64 example.com/tool -w
build go1.3-silent go1.3.3 linux/amd64 nov -s
build go1.3-windows go1.3.3 windows/386 nov -s
ls -l "$out"
