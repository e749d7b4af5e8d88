b:
	go build -v -o $(OUT)/x ./cmd
