#!/bin/sh
F=${F:-"-tags=netgo"}
go build $F -ldflags "-s -w" -o dist/shop .
