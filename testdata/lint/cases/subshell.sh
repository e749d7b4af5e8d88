#!/bin/sh
(
  cd /tmp
  tar -xf go.tar
)
go build -o build/shop -ldflags "$F" .
