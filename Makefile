# Two commands matter: `make demo` and `make test`. Each sets up all that it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
BENCH := .venv-bench

# A worker a core, up to eight; a file stays with one worker, so that what shares a network stays together.
PARALLEL := -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder
# The inner loop: no network, no node, nothing that compiles.
QUICK := tests/architecture tests/unit tests/differential tests/property/net tests/property/run

.PHONY: setup demo test test-fast lint nightly bench contracts kernels lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $(STAMP)

# A real job on a network of this machine's own; its state stays in SURGE_HOME, else in .surge.
demo: setup
	SURGE_HOME=$${SURGE_HOME:-$(CURDIR)/.surge} $(BIN)/surge demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest $(PARALLEL)

# Within a minute, for whoever is in the middle of a change.
test-fast: setup
	$(BIN)/pytest $(PARALLEL) -q -m "not slow" $(QUICK)

# The same tests, with 2,000 examples for each property that does not fix its own number.
nightly: lint
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest $(PARALLEL)

# Each benchmark runs its peers in the same run and rewrites its file in benchmarks/results.
bench: setup
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	VIRTUAL_ENV=$(BENCH) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(BENCH) $(BIN)/uv pip install --quiet --require-hashes -r requirements-bench.lock
	VIRTUAL_ENV=$(BENCH) $(BIN)/uv pip install --quiet --no-deps --editable .
	for one in compute_gas credit_gas swap_gas leverage_gas sandbox host_calls transfer noop trace start; do $(BENCH)/bin/python benchmarks/$$one.py; done

contracts: setup
	$(BIN)/python scripts/build_contracts.py
	$(BIN)/python scripts/book_schema.py

kernels: setup
	$(BIN)/python scripts/build_kernels.py

lock: setup
	$(BIN)/uv pip compile --upgrade --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --group dev --extra local --extra demo pyproject.toml -o requirements.lock -q
	$(BIN)/uv pip compile --upgrade --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --group bench -c requirements.lock pyproject.toml -o requirements-bench.lock -q

clean:
	rm -rf $(VENV) $(BENCH) .surge
