#!/bin/sh
GOROOT=/opt/go
GODEBUG=gctraces=1
GOMEMLIMIT=1GB
echo $GOROOT
