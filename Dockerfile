# One image for every way of running: embedded SQLite in /data, or PostgreSQL by DATABASE_URL.
FROM python:3.13-slim AS build
WORKDIR /app
# Set-up first: its layer, the slow one, is made anew only when a lock or a list changes. No Node in this
# image either: core/setup takes npm from PyPI for the time of the build.
COPY core/setup core/setup
COPY package.json package-lock.json .npmrc requirements.txt requirements-node.txt ./
COPY ui/icons.txt ui/icons.txt
RUN python core/setup serve && rm -rf .venv/node node_modules
COPY . .
RUN .venv/bin/python -m compileall -q core plugins ui

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home dougong
COPY --from=build /app /app
WORKDIR /app
USER dougong
ENV DOUGONG_DATA=/data PYTHONUNBUFFERED=1 PATH=/app/.venv/bin:$PATH
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "core"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
