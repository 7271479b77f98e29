FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package convene-server

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/convene convene
COPY --from=build /src/target/release/convene /usr/local/bin/convene
USER convene
# Without DATABASE_URL the SQLite file lies here.
WORKDIR /var/lib/convene
VOLUME /var/lib/convene
ENV CONVENE_LISTEN=0.0.0.0:8080
EXPOSE 8080
# The image has no HTTP client; bash can open the connection itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD \
    ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /livez HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["convene"]
CMD ["serve"]
