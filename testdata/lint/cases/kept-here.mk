install-all:
	go build -ldflags "-X main.v=1" ./...
	go build -o ~/bin/shop .
	go build -o .bin/shop .
