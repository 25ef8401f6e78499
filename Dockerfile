# One image, three roles: `serve` (the default), `worker`, `migrate`. Nothing in it is written to but /data.
FROM python:3.11-slim-bookworm AS builder
WORKDIR /src
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON=/opt/shimin/bin/python
COPY requirements/uv.txt requirements/run.txt requirements/
RUN python -m venv --without-pip /opt/shimin \
    && pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && uv pip sync --no-cache --require-hashes requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY sdk sdk
COPY core core
COPY graphql graphql
# what builds is in the locked set, so nothing unlocked is fetched
RUN uv pip install --no-cache --no-deps --no-build-isolation ./sdk . \
    && uv pip uninstall hatchling editables

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Shimin" \
      org.opencontainers.image.description="Mobile-first backend for a government super-app with mini-programs" \
      org.opencontainers.image.licenses="Apache-2.0"
# numbers, so that an orchestrator can see that it is not root
RUN groupadd --system --gid 10001 shimin \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --no-create-home shimin \
    && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=builder /opt/shimin /opt/shimin
ENV PATH=/opt/shimin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SHIMIN_MODE=production \
    SHIMIN_HOST=0.0.0.0 \
    SHIMIN_PORT=8000 \
    SHIMIN_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# a server is healthy when it answers; a worker and a migration listen nowhere and are healthy while they run
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; b'serve' not in open('/proc/1/cmdline', 'rb').read().split(b'\\0') or web.urlopen('http://127.0.0.1:' + os.environ['SHIMIN_PORT'] + '/health/live', timeout=2)"]
ENTRYPOINT ["shimin"]
CMD ["serve"]
