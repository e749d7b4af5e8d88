DEST := ledger
all: $(DEST)

$(DEST):
	go build -o $@ ./cmd/ledger

BIN := tidy
$(BIN):
	go build -o $@ ./cmd/tidy
