# The two commands of the README are `make serve` and `make test`.
PYTHON   ?= $(shell command -v python3.11 || command -v python3)
ARTEFACT ?= artefacts/credit-risk/1.0.0
TRAINED  ?= build/artefacts
VENV     := .venv
BIN      := $(VENV)/bin
PIP      := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: serve test corpus test-container test-engines test-frameworks check bench soak trial image train lock

serve: $(VENV)/serving
	@SERVICE_ARTEFACT=$(ARTEFACT) $(BIN)/gunicorn -c gunicorn.conf.py

# Hundreds of processes are started: without bytecode, each would compile the service,
# in a fifth of its time, where PYTHONDONTWRITEBYTECODE is set.
test: $(VENV)/development
	$(BIN)/python -m compileall -q service client deploy tests/support
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# Every pipeline of the corpus, served and compared; its summary goes into docs/plan.md.
corpus: $(VENV)/development
	PYTHONPATH=tests:tests/support:artefacts/credit-risk $(BIN)/python -m corpus --publish

# Spark, dask and Ray, each with two workers, in an environment of their own. Not a part of
# `make test`: they take two minutes and 1.5 GB.
test-engines: $(VENV)/development
	ENGINES=1 $(BIN)/python -m pytest -n 0 --durations 5 tests/engines

# Where no engine answers, these tests are skipped by `make test`, and fail here.
test-container: $(VENV)/development
	docker version --format 'Docker {{.Server.Version}}'
	$(BIN)/python -m pytest -m container -n 2 --dist loadfile --no-loadscope-reorder \
	    --durations 10 tests/container

# Networks of PyTorch and of TensorFlow, each in an environment of its own: that of the
# developers, and so much more. No lock can name PyTorch's build for the CPU alone (see
# docs/runtimes.md), so it is what pip finds here. Where an engine answers, an image of each
# is built and asked, too.
FRAMEWORKS := build/frameworks
UNLOCKED_torch := torch==2.13.0
test-frameworks: $(FRAMEWORKS)/torch.stamp $(FRAMEWORKS)/tensorflow.stamp
	$(FRAMEWORKS)/torch/bin/python -m pytest --durations 10 tests/frameworks
	$(FRAMEWORKS)/tensorflow/bin/python -m pytest --durations 10 tests/frameworks

$(FRAMEWORKS)/%.stamp: tests/frameworks/%.txt | $(VENV)/development
	$(BIN)/python -m venv --clear $(FRAMEWORKS)/$*
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    >$$(echo $(FRAMEWORKS)/$*/lib/python*/site-packages)/development.pth
	$(FRAMEWORKS)/$*/bin/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes -r $<
	$(if $(UNLOCKED_$*),$(FRAMEWORKS)/$*/bin/python -m pip install --quiet \
	    --disable-pip-version-check $(UNLOCKED_$*))
	@touch $@

check: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

# Real Redis, nginx and a model that hangs: those of the tests.
BENCH := PYTHONPATH=tests/support:artefacts/credit-risk $(BIN)/python -m benchmarks
TRIAL := $(BENCH).trial --publish

bench: $(VENV)/development
	$(BENCH) --publish
	$(TRIAL) --parts throughput
	$(BENCH).offline --publish

soak: $(VENV)/development
	$(TRIAL) --parts faults
	$(BENCH).soak --publish

# Both halves of the trial of the worker, and nothing else.
trial: $(VENV)/development
	$(TRIAL)

image: $(VENV)/serving
	$(BIN)/python -m service image $(ARTEFACT)

train: $(VENV)/serving
	rm -rf $(TRAINED)
	PYTHONPATH=. $(BIN)/python artefacts/credit-risk/train.py $(TRAINED)

# The locks hold for every platform; all are made again after a change in pyproject.toml.
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
lock: $(VENV)/development
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) -c requirements.txt pyproject.toml --extra arrow -o requirements-arrow.txt
	$(COMPILE) -c requirements.txt pyproject.toml --extra onnx -o requirements-onnx.txt
	$(COMPILE) -c requirements.txt pyproject.toml --extra cuda -o requirements-onnx-cuda.txt
	$(COMPILE) -c requirements.txt pyproject.toml --extra litert -o requirements-litert.txt
	$(COMPILE) -c requirements.txt pyproject.toml --group dev -o requirements-dev.txt
	$(COMPILE) --group sbom -o requirements-sbom.txt
	$(COMPILE) -c requirements-dev.txt --override tests/engines/overrides.txt pyproject.toml \
	    --extra spark --extra dask --extra ray tests/engines/requirements.in \
	    -o tests/engines/requirements.txt
	$(COMPILE) --override tests/referees/overrides.txt tests/referees/requirements.in \
	    -o tests/referees/requirements.txt
	$(COMPILE) -c requirements.txt pyproject.toml requirements-torch.in \
	    -o requirements-torch.txt
	$(COMPILE) -c requirements.txt pyproject.toml --extra tensorflow \
	    -o requirements-tensorflow.txt
	for framework in torch tensorflow; do \
	    $(COMPILE) -c requirements-dev.txt tests/frameworks/$$framework.in \
	        -o tests/frameworks/$$framework.txt || exit; \
	done

# A stamp is newer than its lock once the lock is installed, so a second run installs nothing.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/serving: requirements.txt | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.txt
	@touch $@

$(VENV)/development: requirements-dev.txt | $(VENV)/serving
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@
