NAME := $(shell git log -1 --format='%h "%s"' | sed 's/x/y/')
GO := $(shell which go)
FLAGS := -tags=a -ldflags '-s -w -X main.name=$(NAME)'
MIXED := -ldflags '-s -w -X main.name=v$(shell printf '%s' 1)'
one:
	go build $(FLAGS) -o dist/app ./test/cmd/load
two:
	$(GO) build $(FLAGS) -o dist/app ./cmd/app
three:
	go build $(MIXED) -o dist/app ./test/cmd/load
