#!/bin/sh
GOROOT_FINAL=/usr/lib/go ./make.bash
