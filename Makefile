# Nothing but Python 3.11 to 3.14 with its venv module is needed; everything is installed into .venv from hash-locked files.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test browser screenshots setup lint types bench serve clean

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto
TESTS ?=
PARTS ?=
PICTURES ?=
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# The stamps say what .venv holds: the program, or the program and the tools of its developers (a superset).
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## set up, then show the demo: two organizations, two identity providers, and a server to try
	@$(BIN)/connector demo

test: $(DEVELOPMENT) ## set up, then run every test, on SQLite and on a real PostgreSQL (TESTS=path, JOBS=number)
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal $(TESTS)

browser: $(DEVELOPMENT) ## get Chromium for the tests of pages, where there is none
	@$(BIN)/python -m tests.support.browser || \
	if [ "$$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then \
	  apt-get update -q && apt-get install -y -q --no-install-recommends chromium; \
	else \
	  $(BIN)/python -m playwright install --no-shell chromium; \
	fi

screenshots: $(DEVELOPMENT) ## every page at two widths, light and dark, into build/screenshots; PICTURES=1: those of the docs as well
	@$(BIN)/python -m tests.browser.screenshots $(if $(PICTURES),--docs)

setup: $(RUNTIME) ## install the program into .venv: .venv/bin/connector

lint: $(DEVELOPMENT) ## style, format, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(DEVELOPMENT) ## strict type check
	@$(BIN)/mypy

bench: $(DEVELOPMENT) ## measure against the floor and write docs/benchmarks.md, 10 minutes (PARTS=ratios, growth, companies or sign-in)
	@$(BIN)/python -m benchmarks $(PARTS)

serve: setup ## serve with the settings of the environment
	@$(BIN)/connector serve

clean: ## remove what was installed and cached; the data stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find connector idp_fixtures tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# pip is the last thing that `venv` makes: with it there, the environment is whole.
$(BIN)/pip:
	@found=; \
	for candidate in $(PYTHON) python3 python3.13 python3.14 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then \
	    found=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "connector needs Python 3.11, 3.12, 3.13 or 3.14, and found none. Install one, or name it: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; \
	fi; \
	"$$found" -m venv --clear $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/pip
	@if ! [ -e $(DEVELOPMENT) ]; then echo "Installing connector into $(VENV) (once)"; fi
	@$(INSTALL) --require-hashes --only-binary :all: -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(DEVELOPMENT): requirements-dev.lock pyproject.toml $(RUNTIME)
	@echo "Installing the developers' tools into $(VENV) (once)"
	@$(INSTALL) --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@
