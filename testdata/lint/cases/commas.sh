#!/bin/sh
# Commas inside what the shell puts in separate no settings.
sep=';'
export GODEBUG="${GODEBUG:+$GODEBUG,}fips140=on"
GODEBUG="${EXTRA:-},${MORE:+x,y}" exec /opt/orders
GODEBUG="${LIST//;/,}" exec /opt/orders
GODEBUG="$(echo one,two),http2server=0" exec /opt/orders
GODEBUG="`list a,b`,http2server=0" exec /opt/orders
# Beside one, a fault stays a fault.
GODEBUG="${EXTRA:+a,b},http2sevrer=0,gctrace" exec /opt/orders
GODEBUG="${FAST:+http2client=0,}netdns=go" go build -trimpath -o orders ./cmd/orders
