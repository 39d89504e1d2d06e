# The image of one version of one model: python -m service image ARTEFACT builds it.
# The base's Python minor must be the one the artefact was packaged with.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# `--build-context artefact=FOLDER` takes the place of this stage.
FROM scratch AS artefact
ARG ARTEFACT
COPY ${ARTEFACT} /

# So does `--build-context wheels=FOLDER` of this: of wheels that no lock can name, such
# as PyTorch's for the CPU alone.
FROM scratch AS wheels

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip /venv && rm -r /venv/bin/*ctivate*
# This layer changes with the lock alone. Wheels only: nothing is compiled here.
# requirements-arrow.txt is the lock of a service that takes Arrow, too: 170 MB more.
# The command passes that of the model's runtime, such as requirements-onnx.txt.
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} /build/requirements.txt
RUN pip --python /venv/bin/python install --quiet --no-compile --require-hashes \
        --only-binary=:all: -r /build/requirements.txt
RUN --mount=from=wheels,target=/wheels find /wheels -name '*.whl' -exec \
        pip --python /venv/bin/python install --quiet --no-compile --no-deps --no-index \
        {} +
# What no request needs: what packages bring along to be built and tested, and what reads
# files in the Matrix Market format. TensorFlow's tf.test is imported with all else, and
# PyTorch's torch_shm_manager is looked for; the rest of that folder are tests.
RUN find /venv \( -name include -o -path '*/site-packages/clang' -o -regex \
        '.*/\(tests?\|conftest.py\|sklearn/datasets/\(data\|images\)\)' \) \
        -not -path '*/tensorflow/_api/*' -prune -exec rm -r {} + \
    && find /venv -path '*/torch/bin/*' -type f -not -name torch_shm_manager -delete \
    && find /venv -type f -regex '.*/numpy/_core/_\(simd\|[a-z_]*tests\)\..*' -delete \
    && find /venv -name '_fmm_core.*' -delete \
    && find /venv -regex '.*/swagger-ui\(-standalone-preset\)?\.js' -delete \
    && find /venv -type f -regex '.*\.\(pyi\|pyx\|pxd\|pxi\|tp\|h\|hpp\|c\|cpp\|f90\|a\)' -delete

# The packages as they are installed, whatever the lock has for other Pythons.
FROM packages AS sbom
COPY requirements-sbom.txt /build/
RUN python3 -m venv --without-pip /sbom \
    && pip --python /sbom/bin/python install --quiet --require-hashes \
        --only-binary=:all: -r /build/requirements-sbom.txt \
    && /sbom/bin/cyclonedx-py environment --output-reproducible -o /sbom.cdx.json \
        /venv/bin/python

FROM packages AS build
COPY gunicorn.conf.py /app/
COPY service /app/service
# Bytecode of what serving and the commands import, by hash: it holds no time, so two builds are equal.
WORKDIR /app
ENV PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
RUN /venv/bin/python - <<'END'
import sys
from contextlib import suppress
from importlib import import_module
from py_compile import PycInvalidationMode, compile

import gunicorn.app.wsgiapp
import service.app
import service.cli.main
import service.device
import service.server
from service.model.runtimes.registry import RUNTIMES

for runtime in RUNTIMES.values():
    with suppress(ImportError):  # the lock has one of them, or none
        import_module(runtime.library.replace("-", "_"))

for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None) or ""
    if path.endswith(".py") and path.startswith(("/venv/", "/app/")):
        compile(path, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
END

# SageMaker runs `docker run IMAGE serve`, and asks on this port.
COPY --chmod=755 <<'END' /venv/bin/serve
#!/bin/sh
export SAGEMAKER_BIND_TO_PORT="${SAGEMAKER_BIND_TO_PORT:-8080}"
cd /app && exec gunicorn -c gunicorn.conf.py
END

COPY --from=artefact / /model
# What would not be served is met here.
RUN /venv/bin/python -m service check /model
COPY --from=sbom /sbom.cdx.json /app/
# The modes of a checkout are chance, and so are all times.
RUN mkdir /keys && chmod -R u=rwX,go=rX /app /model /keys \
    && find /venv /app /model /keys -exec touch --no-dereference --date=@0 {} +

FROM ${PYTHON_IMAGE}
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SERVICE_ARTEFACT=/model SERVICE_HOST=0.0.0.0 PORT=8000
# hadolint ignore=DL3064  # the path of a file that is mounted, and no secret
ENV SERVICE_API_KEYS_FILE=/keys/api-keys.json
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build /model /model
# An empty volume that is mounted here is the user's, to make keys in.
COPY --from=build --chown=10001:10001 /keys /keys
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "import os, urllib.request as u; e = os.environ; \
port = e.get('AIP_HTTP_PORT') or e.get('SAGEMAKER_BIND_TO_PORT') or e['PORT']; \
u.urlopen(f'http://127.0.0.1:{port}/health/ready', timeout=2)"]
CMD ["gunicorn", "-c", "gunicorn.conf.py"]
