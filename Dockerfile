# One static program on nothing: docker build -t gospect .
# Scan files of this machine:   docker run --rm -v "$PWD:/work:ro" gospect scan .
# Scan an image:                docker save app:1.2 | docker run --rm -i gospect audit --profile container -
FROM rust:1.95-alpine AS build
# A C compiler for zstd and ring; the certificates go into the image below.
# hadolint ignore=DL3018
RUN apk add --no-cache musl-dev gcc make ca-certificates
WORKDIR /src
COPY . .
RUN cargo build --package gospect --release --locked \
    && mkdir -p /root-of-image/tmp /root-of-image/work \
    && chmod 1777 /root-of-image/tmp

FROM scratch
LABEL org.opencontainers.image.title="gospect" \
      org.opencontainers.image.description="X-rays compiled Go programs" \
      org.opencontainers.image.source="https://github.com/gospect/gospect" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# /tmp is for what does not fit into --memory.
COPY --from=build /root-of-image/ /
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/gospect /gospect
# Mount another bundle there to trust a registry of your own.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/gospect"]
