#!/bin/sh
# Builds testdata/linkshared.xz: a program whose runtime is in a shared Go library (go build -linkshared), so that its own function table has only
# its own functions. GOROOT is copied, because the go command writes the library into it.
#
# usage: scripts/make-linkshared.sh GOROOT   (a path that reveals nothing about the machine, such as /opt/gofix/go1.27.3; needs a C compiler)
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
work=/build/linkshared
rm -rf "$work"
mkdir -p "$work/src"
cp -rL "$1" "$work/go"
cat > "$work/src/go.mod" <<'END'
module example.com/linkshared

go 1.21
END
cat > "$work/src/main.go" <<'END'
package main

func main() { println("hello") }
END
cd "$work/src"
export GOROOT="$work/go" PATH="$work/go/bin:$PATH" GOTOOLCHAIN=local GOENV=off GOFLAGS='' GOPROXY=off CGO_ENABLED=1
export GOCACHE="$work/cache" GOPATH="$work/gopath"
go install -buildmode=shared runtime sync/atomic
go build -linkshared -trimpath -ldflags=-w -o "$work/linkshared" .
xz -9e -c "$work/linkshared" > "$here/testdata/linkshared.xz"
rm -rf "$work"
