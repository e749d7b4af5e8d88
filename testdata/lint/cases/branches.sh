#!/bin/sh
args=
if [ -n "$REPRODUCIBLE" ]; then
  args=-trimpath
fi
go build $args -o app .
go build "${list[@]}" -o app .
