# syntax=docker/dockerfile:1
# docker build --build-arg VERSION="$(git describe --tags --always)" --build-arg COMMIT="$(git rev-parse HEAD)" .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG COMMIT=unknown
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
      -ldflags="-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" \
      -o /helix .
RUN mkdir -p /state && chown 65532:65532 /state

# It holds the roots of TLS and the time zones, and no shell.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /helix /usr/local/bin/helix
COPY --from=build --chown=65532:65532 /state /var/lib/helix
# A config.yaml mounted here is found by the bot and by the health check alike.
WORKDIR /etc/helix
ENV HELIX_STATE_DIR=/var/lib/helix
VOLUME /var/lib/helix
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/helix", "check", "--quick"]
ENTRYPOINT ["/usr/local/bin/helix"]
CMD ["run"]
