VERSION ?= 1
LDFLAGS = -X main.version=$(VERSION)
pump:
	go build -ldflags "$(LDFLAGS)" -o $@ .
pump-%:
	go build -trimpath -ldflags "$(LDFLAGS)" -o $@ .
