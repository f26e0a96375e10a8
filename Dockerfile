# The production image: web, worker and beat are the same image with another command.

FROM node:22-slim AS frontend
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY frontend/ frontend/
# The style sheet keeps the classes that templates and their tags name.
COPY templates/ templates/
COPY accounts/templatetags/ accounts/templatetags/
RUN npm run build

FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements/uv.txt requirements/app.txt requirements/observe.txt requirements/
# OBSERVE=1: with what SENTRY_DSN and OTLP_ENDPOINT need.
ARG OBSERVE=
RUN pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && python -m venv /opt/venv \
    && for name in app ${OBSERVE:+observe}; do \
      uv pip install --python /opt/venv/bin/python --compile-bytecode --require-hashes -r requirements/$name.txt \
        || exit 1; \
    done

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 YIWANG_VAR=/var/lib/yiwang
RUN useradd --system --uid 10001 --home-dir /var/lib/yiwang --create-home yiwang
WORKDIR /srv/yiwang
COPY --from=packages /opt/venv /opt/venv
COPY --chown=root:root . .
COPY --from=frontend /build/static/dist static/dist
# Collecting needs neither a database nor real keys, and the image carries none.
RUN for source in locale/*/LC_MESSAGES/*.po; do \
      pybabel compile --input-file "$source" --output-file "${source%.po}.mo" \
        --locale "$(basename "$(dirname "$(dirname "$source")")")"; \
    done \
    && YIWANG_VAR=/tmp/build python manage.py collectstatic --noinput -v0 \
    && mv /tmp/build/static /srv/static && rm -rf /tmp/build
ENV STATIC_ROOT=/srv/static PRODUCTION=1
USER yiwang
VOLUME /var/lib/yiwang
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
     "from urllib.request import urlopen; urlopen('http://localhost:8000/readyz', timeout=4)"]
CMD ["gunicorn", "config.wsgi", "--preload", "--bind", "0.0.0.0:8000", "--workers", "2", \
     "--worker-tmp-dir", "/dev/shm", "--access-logfile", "-", "--logger-class", "config.weblog.PlainLogger", \
     "--access-logformat", "%(t)s \"%(m)s %(U)s\" %(s)s %(B)s %(L)s", "--timeout", "60", "--no-control-socket"]
