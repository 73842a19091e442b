# Every target sets up .venv first and touches nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
SETUP  := pyproject.toml requirements/all.lock tools/install.py tools/locked.py
READY  := $(VENV)/.ready
DEV    := $(VENV)/.ready-dev

.PHONY: demo test test-all check install setup benchmark soak clean

# One process more than cores, because some tests wait: for daemons, servers and browsers.
WORKERS := $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# The tests start whole commands hundreds of times, on every core: these keep their compiled modules, whatever the shell
# says, and compute with one thread each.
test test-all: export PYTHONDONTWRITEBYTECODE =
test test-all: export OMP_NUM_THREADS = 1

install: $(READY)  ## install the product into .venv

setup: $(DEV)  ## the same with the developers' tools

# An environment that has the developers' tools keeps them in the locked versions.
$(READY): $(SETUP)
	$(PYTHON) tools/install.py $(VENV) $(if $(wildcard $(DEV)),dev)
	@touch $(wildcard $(DEV)) $@

$(DEV): $(SETUP)
	$(PYTHON) tools/install.py $(VENV) dev
	@touch $(READY) $@

demo: $(READY)  ## speak the embedded batch with the embedded model
	$(BIN)/python -m f5_pipeline.demo
	PYTHONWARNINGS=ignore $(BIN)/dagster job execute -m f5_pipeline.definitions -j speech_batch \
		--tags '{"dagster/partition": "demo"}'
	$(BIN)/f5-pipeline results demo

test: $(DEV)  ## the tests to run before a commit: minutes, no daemons, no browser
	$(PYTEST) -m "not gpu and not slow"

test-all: $(DEV)  ## every test that needs no GPU, with whole commands, Ray, a browser and PostgreSQL
	$(PYTEST) -m "not gpu"

check: $(DEV)  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: $(DEV)  ## kill 130 runs at random moments, and 20 batches in a failing bucket: about 15 minutes
	$(BIN)/python -m pytest -m soak tests/soak/test_kills.py tests/soak/test_flaky_bucket.py -s -p no:cacheprovider

benchmark: $(DEV)  ## our engine against upstream's, on this machine
	$(BIN)/python benchmarks/engine.py

clean:  ## delete .venv, Dagster's records and caches
	rm -rf $(VENV) .dagster .pytest_cache .ruff_cache .mypy_cache
