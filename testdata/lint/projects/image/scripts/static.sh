#!/bin/sh
go build -ldflags "-s -w" -o ferry-static ./cmd/ferry
