# Every target sets up .venv first and touches nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-all check setup benchmark clean

PYTEST := $(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder

setup: $(READY)  ## install everything into .venv

$(READY): pyproject.toml constraints.txt tools/install.py
	$(PYTHON) tools/install.py $(VENV)
	@touch $@

demo: $(READY)  ## speak the embedded batch with the embedded model
	$(BIN)/python -m f5_pipeline.demo
	PYTHONWARNINGS=ignore $(BIN)/dagster job execute -m f5_pipeline.definitions -j speech_batch \
		--tags '{"dagster/partition": "demo"}'
	$(BIN)/f5-pipeline results demo

test: $(READY)  ## the tests to run before a commit: minutes, no daemons, no browser
	$(PYTEST) -m "not gpu and not slow"

test-all: $(READY)  ## every test that needs no GPU, with whole commands, Ray, a browser and PostgreSQL
	$(PYTEST) -m "not gpu"

check: $(READY)  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: $(READY)  ## our engine against upstream's, on this machine
	$(BIN)/python benchmarks/engine.py

clean:  ## delete .venv, Dagster's records and caches
	rm -rf $(VENV) .dagster .pytest_cache .ruff_cache .mypy_cache
