#!/bin/sh
export GODEBUG=http2client=0 madvdontneed=0
GODEBUG=http2client=0 http2server=0 exec /opt/orders
export GODEBUG=http2client=0 LANG=C
