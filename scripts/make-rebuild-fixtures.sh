#!/bin/sh
# Makes testdata/rebuild.tar.xz: builds of one small program that differ in one thing each, for the tests of `gospect rebuild` and `diff --code`.
#   scripts/make-rebuild-fixtures.sh GO GO_OTHER GO_PATCH GO_FIRST OUT
# GO: the go command of Go 1.27.3; GO_OTHER: that of Go 1.26.6; GO_PATCH: that of Go 1.26.8, a patch release that makes the same code of this program;
# GO_FIRST: that of Go 1.26.0, whose runtime is another one.
set -eu
go=$1 other=$2 patch=$3 first=$4 out=$5
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
"$patch" build -buildvcs=false -trimpath -ldflags='-s -w' -o "$work/pairs/amd64-patch-release" .
"$first" build -buildvcs=false -trimpath -ldflags='-s -w' -o "$work/pairs/amd64-first-release" .

# Other formats: build ID and zeroed memory are elsewhere, and WebAssembly has numbers instead of addresses.
for port in windows/amd64 darwin/arm64 js/wasm; do
  export GOOS=${port%/*} GOARCH=${port#*/}
  build "$GOOS-base" -ldflags='-s -w'
  build "$GOOS-record" -ldflags='-s -w' -tags=$long
  build "$GOOS-string" -ldflags='-s -w -X main.version=1.2.3'
  sed -i 's/return a + b/return a - b/' lib/lib.go
  build "$GOOS-function" -ldflags='-s -w'
  sed -i 's/return a - b/return a + b/' lib/lib.go
done
export GOOS=linux GOARCH=amd64

# A toolchain whose standard library was changed: the released one, with another file.
root=$("$go" env GOROOT)
cp -rs "$root" "$work/patched"
file=src/runtime/print.go
rm "$work/patched/$file"
sed 's/^func printbool(v bool) {$/func printbool(v bool) {\n\tif v {\n\t\tprintstring("yes, ")\n\t}/' "$root/$file" >"$work/patched/$file"
GOROOT=$work/patched "$work/patched/bin/go" build -buildvcs=false -trimpath -ldflags='-s -w' -o "$work/pairs/amd64-patched" .

# Two versions of a module, from a proxy of files.
mkdir -p "$work/proxy/example.com/dep/@v" "$work/user"
cd "$work/user"
for version in v1.0.0 v1.1.0; do
  python3 - "$work/proxy/example.com/dep/@v" $version <<'END'
import sys, zipfile

folder, version = sys.argv[1:]
go_mod = "module example.com/dep\n\ngo 1.21\n"
number = version.split(".")[1]
code = f"package dep\n\n//go:noinline\nfunc Value(n int) int {{ return n + 4{number} }}\n"
with zipfile.ZipFile(f"{folder}/{version}.zip", "w") as archive:
    for name, text in (("go.mod", go_mod), ("dep.go", code)):
        archive.writestr(zipfile.ZipInfo(f"example.com/dep@{version}/{name}"), text)
with open(f"{folder}/{version}.mod", "w") as file:
    file.write(go_mod)
with open(f"{folder}/{version}.info", "w") as file:
    file.write(f'{{"Version": "{version}"}}')
END
  printf 'module example.com/user\n\ngo 1.21\n\nrequire example.com/dep %s\n' $version >go.mod
  printf 'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.Value(1)) }\n' >main.go
  rm -f go.sum
  export GOPROXY="file://$work/proxy" GONOSUMDB=example.com GOMODCACHE="$work/cache"
  "$go" mod tidy
  build "amd64-module-$version" -ldflags='-s -w'
done
cd "$work/pairs"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c . | xz -9e --lzma2=dict=64MiB >"$out"
chmod -R u+w "$work"
rm -rf "$work"
