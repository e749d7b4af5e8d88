# What developers start; images are built in their Dockerfile.
manager: generate fmt vet
	go build -o bin/manager main.go
build: manager
	CGO_ENABLED=0 GOOS=linux go build -v -o app .
