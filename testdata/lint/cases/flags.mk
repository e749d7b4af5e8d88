GO_EXTRA ?=
LDFLAGS := -s
all:
	go build -ldflags "$(LDFLAGS)" -o $(OUT)/a ./cmd/a
	go build $(GO_EXTRA) -o a ./cmd/a
	go build $(WHO_KNOWS) -o a ./cmd/a
	go build -o ./hack/gen ./hack/gen
	go build -race -o a ./cmd/a
	go build -coverpkg=./... -o a ./cmd/a
	go test -c -o a.test ./cmd/a
	go install tool
	go build ./...
