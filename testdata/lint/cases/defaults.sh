#!/bin/sh
export GOGC=${GOGC:-"50"}
export GOMEMLIMIT="${GOMEMLIMIT:-"512MiB"}"
export GOMAXPROCS=${PROCESSORS:-'2'}
export GOTRACEBACK=${TRACEBACK:-${DEFAULT_TRACEBACK:-bogus}}
exec /app
