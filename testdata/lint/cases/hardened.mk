export GODEBUG = http2server=0
build:
	go build -trimpath -o app ./cmd
