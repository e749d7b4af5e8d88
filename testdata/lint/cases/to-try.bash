#!/usr/bin/env bash
go install -ldflags '-w -s -X example.com/db.Kind=pebble' -tags pebble ./...
exampled init
GOBIN=$PWD/dist go install -ldflags '-w -s' ./cmd/exampled
