# Every command sets up what it needs in .venv, and is safe to repeat.
#   make demo    run the quickstart suite and write its report; what is already done is not run again
#   make test    the whole test suite
#   make lint    ruff, pyright, import-linter
#   make bench   speed and convergence on this machine
#   make clean   remove everything that the other commands made
# The only requirements are make and Python 3.11 or newer; PYTHON=... chooses which.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint format bench asv-check lowest clean

SHELL := /bin/sh
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
# -P keeps the checkout off sys.path: what is tested is what is installed.
RUN := $(BIN)/python -P -m
INSTALLED := .venv/.installed
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
JOBS ?= 2
TESTS ?=
SUITE := quickstart

export PIP_NO_INPUT := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@sed -n 's/^#   //p' Makefile

setup: $(INSTALLED)

# Written last, so that an interrupted set-up is taken up again.
$(INSTALLED): requirements.txt pyproject.toml
	@if ! $(BIN)/python -c "$(NEW_ENOUGH)" 2>/dev/null; then \
	  found=; for python in "$(PYTHON)" python3 python python3.14 python3.13 python3.12 python3.11; do \
	    if "$$python" -c "$(NEW_ENOUGH)" 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "paretomtl needs Python 3.11 or newer; found `python3 --version 2>/dev/null || echo no python3`." >&2; \
	    echo "Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 2; \
	  fi; \
	  echo "Setting up .venv with `$$found --version` (once; a few minutes)"; \
	  "$$found" -m venv --clear .venv; \
	fi
	@echo "Installing the pinned requirements"
	@$(BIN)/python -m pip install --quiet -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(INSTALLED)

demo: $(INSTALLED)
	$(BIN)/paretomtl run $(SUITE) --store runs/$(SUITE)
	$(BIN)/paretomtl report runs/$(SUITE) --out reports/out/$(SUITE)

test: $(INSTALLED)
	$(RUN) pytest -n $(JOBS) $(TESTS)

lint: $(INSTALLED)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) pyright
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

asv-check: $(INSTALLED)
	$(RUN) asv check

# The suite with every dependency at its lower bound, in an environment of its own.
lowest: $(INSTALLED)
	$(BIN)/python -m venv --clear .venv-lowest
	$(BIN)/python .ci/lowest.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --quiet -c .venv-lowest/constraints.txt -e ".[dev]"
	.venv-lowest/bin/python -P -m pytest -n $(JOBS) $(TESTS)

# Each benchmark of asv once, nothing kept; then the side-by-side scripts that need no peer. These import
# their neighbors in the folder, which `python -P` would not find.
bench: $(INSTALLED)
	$(RUN) asv machine --yes
	$(RUN) asv run -E existing --quick --dry-run --show-stderr
	$(BIN)/python benchmarks/side_by_side/batched_against_looped.py $(SUITE)
	$(BIN)/python benchmarks/side_by_side/neural_lanes.py
	$(BIN)/python benchmarks/side_by_side/step_overhead.py
	$(BIN)/python benchmarks/side_by_side/lane_memory.py
	$(BIN)/python benchmarks/side_by_side/preference_loop.py
	$(BIN)/python benchmarks/side_by_side/front_hypervolumes.py
	$(BIN)/python benchmarks/side_by_side/analytic_floor.py
	$(BIN)/python benchmarks/side_by_side/problem_speed.py

clean:
	rm -rf .venv .venv-lowest .asv runs/$(SUITE) reports/out/$(SUITE) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find paretomtl problems reports benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +
