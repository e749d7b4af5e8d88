LDFLAGS = "-s -w -X main.v=1"
build:
	go build -o bin/orders -ldflags ${LDFLAGS} ./cmd/orders
