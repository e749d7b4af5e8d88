FROM golang:1.27 AS build
ENV CGO_ENABLED=0 GOFLAGS=-trimpath GOROOT=/usr/local/go
RUN make
FROM alpine:3.22
ENV GOFLAGS=-trimpath
COPY --from=build /app /app
ENTRYPOINT ["/app"]
