ÿ#!/bin/sh
set -eu
go env -w GOROOT_FINAL=/usr/local/go
if [ "$(go env GOROOT_FINAL)" != /usr/local/go ]; then exit 1; fi
GOEXPERIMENT=unifed go build -ldflags "-s -w" -o dist/app ./cmd/app
