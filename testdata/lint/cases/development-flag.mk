build:
	go build -ldflags "-s -w -X example.com/a/version.commit=$(COMMIT) -X example.com/a/version.dev=true" -o app
stripped:
	go build -ldflags "-s -w -X main.dev=false -X main.device=true" -o app
external:
	go build -o app -ldflags='-extldflags=$(STATIC) -linkmode=external' -v
quoted:
	go build -o app -ldflags "-extldflags '-static $(MORE)' -linkmode=external"
behind:
	go build -o app -ldflags "-extldflags '-static $(MORE)' $(LDFLAGS)"
asked:
	go build -ldflags "-s -w -X main.version=dev" -o app
defaults:
	go build -ldflags "-s -w -X main.version=$(VERSION)" -o app
VERSION ?= dev

# dev images
image:
	go build -ldflags "-s -w" -o dist/app
