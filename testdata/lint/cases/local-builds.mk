LDFLAGS = -s -w
local/web: ## in the local environment
	go build -ldflags "$(LDFLAGS)" -o bin/web ./cmd/web
dist/web:
	go build -ldflags "$(LDFLAGS)" -o $@ ./cmd/web
