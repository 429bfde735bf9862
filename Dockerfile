# A server and nothing else: no TensorFlow, no tests, no package manager of Python; not root; its own files read-only.
# docs/deployment.md tells how to build and run it.
FROM python:3.13-slim-bookworm AS build
WORKDIR /opt/expression
COPY . .
RUN ["scripts/setup.sh", "serve"]

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --groups video --no-create-home --shell /usr/sbin/nologin expression \
    && install --directory --owner expression --mode 0700 /storage
COPY --from=build /opt/expression /opt/expression
WORKDIR /opt/expression
ENV EXPRESSION_HOST=0.0.0.0 \
    EXPRESSION_PORT=5000 \
    EXPRESSION_STORAGE=/storage/files \
    EXPRESSION_ACCESS=/storage/access.json \
    EXPRESSION_LOG_FORMAT=json \
    PATH=/opt/expression/.venv-serve/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
VOLUME /storage
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5000/healthz', timeout=4)"]
CMD ["gunicorn", "main:app"]
