#!/bin/sh
# Variables that go to a container, to a cluster, and into files of variables.
LIMIT=1.5GB
docker run -d --name web -p 80:80 -e GOMEMLIMIT=512MB example.com/web --flag -e GOMEMLIMIT=1MB
podman run --rm --env=GOMEMLIMIT=$LIMIT example.com/web
docker compose run -e GOMEMLIMIT=512MiB web
kubectl set env deploy/web GOMEMLIMIT=2G
echo "GOMEMLIMIT=512mb" > web.env
echo GOMEMLIMIT=1GB | sudo tee -a /etc/default/web
printf 'GOGC=50\nGOMEMLIMIT=3GB\n' >> .env
echo "GOMEMLIMIT=512MB" > notes.txt
echo "use GOMEMLIMIT=512MB"
docker run -e GOFLAGS=-trimpath -e GOOS=linux golang:1.27 go build -o /out/app .
