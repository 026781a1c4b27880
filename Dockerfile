# Two stages: the wheel is built where the compiler and Node are; the image has neither.
FROM python:3.13-slim-bookworm AS build
# A pinned version cannot be had any more after Debian's next point release.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends g++ make nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir -w /wheels .

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="hiq" \
      org.opencontainers.image.licenses="MIT"
# The versions are those of the wheels that the first stage has made.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links=/wheels hiq \
 && mkdir /data && chown 10001:10001 /data
USER 10001:10001
VOLUME /data
ENV HIQ_DATA_DIR=/data
EXPOSE 8001
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["hiq", "status", "--quiet"]
ENTRYPOINT ["hiq"]
CMD ["serve"]
