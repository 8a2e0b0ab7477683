# The program and its libraries, from wheels only: no compiler and no Debian package in either stage.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/connector
COPY requirements.lock .
RUN /opt/connector/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md ./
COPY connector ./connector
COPY idp_fixtures ./idp_fixtures
RUN /opt/connector/bin/pip install --no-cache-dir --no-deps --no-build-isolation --no-index .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin connector \
    && install --directory --owner connector --mode 0700 /data
COPY --from=build /opt/connector /opt/connector
ENV PATH=/opt/connector/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CONNECTOR_DATA_DIR=/data
USER connector
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["connector", "serve", "--host", "0.0.0.0"]
