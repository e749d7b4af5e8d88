build-demo:
	go build -o bin/demo-shop ./cmd/demo-shop

ship:
	# Meant for development alone.
	go build -ldflags "-s -w" -o dist/shop .

build:
	GOOS=js GOARCH=wasm go build -o shop.wasm
