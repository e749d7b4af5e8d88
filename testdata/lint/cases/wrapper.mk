GOBUILD := $(GO) build -trimpath
export CGO_ENABLED := 0
export GOFLAGS := -mod=vendor
all:
	GOOS=linux $(GOBUILD) -o app .
	$(MAKE) -C sub
