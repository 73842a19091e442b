# `make demo` and `make test` first set up .venv; they change nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test check setup benchmark clean

setup: $(READY)  ## install everything into .venv

$(READY): pyproject.toml constraints.txt tools/install.py
	$(PYTHON) tools/install.py $(VENV)
	@touch $@

demo: $(READY)  ## speak the embedded batch with the embedded model
	$(BIN)/python -m f5_pipeline.demo
	PYTHONWARNINGS=ignore $(BIN)/dagster job execute -m f5_pipeline.definitions -j speech_batch \
		--tags '{"dagster/partition": "demo"}'
	$(BIN)/f5-pipeline results demo

test: $(READY)  ## every test that needs no GPU
	$(BIN)/python -m pytest -m "not gpu" -n logical --dist loadfile --no-loadscope-reorder

check: $(READY)  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmark: $(READY)  ## our engine against upstream's, on this machine
	$(BIN)/python benchmarks/engine.py

clean:  ## delete .venv, Dagster's records and caches
	rm -rf $(VENV) .dagster .pytest_cache .ruff_cache .mypy_cache
