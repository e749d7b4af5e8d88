LDFLAGS = -s -w
%.gen.go: bin/gen
	go build -ldflags "$(LDFLAGS)" ./$(@D) # it must compile before it is read
	bin/gen -o $@
app:
	go build -ldflags "$(LDFLAGS)" -o $@ ./cmd/app
