ÿFROM golang:1.27 AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOFLAGS=-trimpath GOEXPERIMENT=arenas
COPY . .
RUN go test ./... && go build -ldflags "-s -w -X main.version=1.2.3" -o /out/app ./cmd/app

FROM gcr.io/distroless/static
COPY --from=build /out/app /app
ENV GODEBUG=http2server=0 GOMEMLIMIT=512MiB GOMAXPROCS=2
ENTRYPOINT ["/app"]
