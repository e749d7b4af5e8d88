#!/bin/sh
go build -trimpath -ldflags "-X runtime.gorootFinal=/x -X internal/godebug.defaultGODEBUG=a=1 -X main.v=1 -X runtime.buildVersion=x" -o app .
