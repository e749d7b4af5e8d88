dist:
	go build -a -asmflags=-trimpath=/src -gcflags=-trimpath=/src -ldflags "-s -w" -o dist/app
other:
	go build -a -gcflags=-l -ldflags "-s -w" -o dist/app
