#!/bin/sh
export CGO_ENABLED=0 GOFLAGS=-mod=vendor
xx-go build -trimpath -o app .
