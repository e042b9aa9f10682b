# syntax=docker/dockerfile:1
# One image for web, workers and beat; compose.yaml says which runs what.
#   docker build --build-arg TORCH_VARIANT=cpu .     (default; CPU builds of torch)
#   docker build --build-arg TORCH_VARIANT=cuda .    (for worker-gpu)
# TORCH_INDEX is the address of the package index to take torch's build from, where the default index has the other.

ARG PYTHON_VERSION=3.11
ARG NODE_VERSION=22

FROM node:${NODE_VERSION}-bookworm-slim AS frontend
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
COPY frontend/tooling ./tooling
# Not `npm ci`: it refuses a lock file that leaves out optional packages of other platforms.
RUN npm install --no-save --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:${PYTHON_VERSION}-slim-bookworm AS packages
ARG TORCH_VARIANT=cpu
ARG TORCH_INDEX=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/overread-venv
ENV PATH=/opt/overread-venv/bin:$PATH
COPY requirements.txt /build/
# torch first, then the rest with torch held where it is, so that nothing pulls another build.
RUN set -eu; \
    pin="$(grep '^torch==' /build/requirements.txt)"; \
    echo "$pin" > /build/constraints.txt; \
    pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$pin"; \
    if [ "$TORCH_VARIANT" = cpu ] && pip list --format=freeze | grep -qi '^nvidia-'; then \
        echo "The index gave a CUDA build of torch. Build with --build-arg TORCH_INDEX=<PyTorch's index of CPU builds>."; \
        exit 1; \
    fi; \
    pip install --constraint /build/constraints.txt -r /build/requirements.txt

FROM python:${PYTHON_VERSION}-slim-bookworm AS overread
# libgomp: threads of torch and scikit-learn.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 overread \
    && useradd --uid 10001 --gid overread --home-dir /srv/overread --no-create-home --shell /usr/sbin/nologin overread \
    && install -d -o overread -g overread -m 0700 /var/lib/overread \
    && install -d -o overread -g overread /srv/overread/static-collected
COPY --from=packages /opt/overread-venv /opt/overread-venv
WORKDIR /srv/overread
COPY manage.py LICENSE ./
COPY core core
COPY imaging imaging
COPY annotations annotations
COPY inference inference
COPY webapp webapp
COPY --from=frontend /build/frontend/dist frontend/dist
ENV PATH=/opt/overread-venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OVERREAD_DATA_DIR=/var/lib/overread \
    HOME=/tmp
USER overread
VOLUME /var/lib/overread
EXPOSE 8000
CMD ["python", "-m", "webapp.server", "--host", "0.0.0.0", "--port", "8000"]
