testnet-bins:
	GOOS=linux go build -ldflags "-s -w" -o build/load ./test/load
	GOOS=linux go build -ldflags "-s -w" -o build/watch ./tools/watch
	GOOS=linux go build -ldflags "-s -w" -o build/app ./cmd/app
bins:
	GOOS=linux go build -ldflags "-s -w" -o build/load ./test/load
	GOOS=linux go build -ldflags "-s -w" -o build/app ./cmd/app
