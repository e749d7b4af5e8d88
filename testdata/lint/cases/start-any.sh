#!/bin/sh
export GOFLAGS=-mod=mod
exec "$@"
