#!/bin/sh
set -e
export GOFLAGS=-mod=mod
mkdir -p /run/app
exec /usr/bin/app --listen :80
