# The image of one version of one model: python -m service image ARTEFACT builds it.
# The base's Python minor must be the one the artefact was packaged with.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# `--build-context artefact=FOLDER` takes the place of this stage.
FROM scratch AS artefact
ARG ARTEFACT
COPY ${ARTEFACT} /

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /opt/venv
# This layer changes with the lock alone. Wheels only: nothing is compiled here.
COPY requirements.txt /build/
RUN /opt/venv/bin/pip install --quiet --require-hashes --only-binary=:all: \
        -r /build/requirements.txt
# What no request needs: pip, and what packages bring along to be built and tested.
RUN cd /opt/venv/lib/python3*/site-packages \
    && rm -rf pip pip-* setuptools setuptools-* numpy/distutils \
              sklearn/datasets/data sklearn/datasets/images \
    && find . -type d -regex ".*/tests?" -prune -exec rm -rf {} + \
    && find . -type f -regex '.*\.\(pyi\|pyx\|pxd\|pxi\|tp\|h\|hpp\|c\|cpp\|f90\|a\)' -delete \
    && find /opt/venv -name __pycache__ -prune -exec rm -rf {} + \
    && rm -rf /opt/venv/bin/pip* /opt/venv/bin/Activate.ps1 /opt/venv/bin/activate*
COPY gunicorn.conf.py /app/
COPY service /app/service
# Bytecode of what serving imports, by hash: it holds no time, so two builds are equal.
WORKDIR /app
RUN PYTHONDONTWRITEBYTECODE=1 /opt/venv/bin/python - <<'END'
import sys
from py_compile import PycInvalidationMode, compile

import gunicorn.app.wsgiapp
import service.web.worker

for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None) or ""
    if path.endswith(".py") and path.startswith(("/opt/", "/app/")):
        compile(path, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
END

FROM ${PYTHON_IMAGE}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SERVICE_ARTEFACT=/model SERVICE_HOST=0.0.0.0 PORT=8000 \
    SERVICE_API_KEYS_FILE=/run/secrets/api-keys.json
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY --from=artefact --chmod=0555 / /model
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "import os, urllib.request as u; \
u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/ready', timeout=2)"]
CMD ["gunicorn", "-c", "gunicorn.conf.py"]
