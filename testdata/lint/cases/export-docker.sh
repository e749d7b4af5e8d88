#!/bin/sh
export CGO_ENABLED=0 GOFLAGS=-mod=vendor
docker build -t app .
