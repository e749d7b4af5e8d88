#!/bin/sh
GOFLAGS=-v CGO_ENABLED=0 ./tool --x
