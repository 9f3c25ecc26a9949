# Two commands do everything on a fresh machine: `make run` and `make test`.
FITS := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# The distribution's own comes first: it is built with the compiler's profile, one from sources mostly is not, and
# answers a fifth slower (docs/performance.md).
PYTHON ?= $(shell for each in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do \
	$$each -c '$(FITS)' 2>/dev/null && echo $$each && break; done)
HOST ?= 127.0.0.1
PORT ?= 8080
DATA ?=
VENV := .venv
# One process a core, four at most; the tests of one file stay together, for they share their services.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile
BIN := $(VENV)/bin

.PHONY: setup run test check lint advisories sbom soak bench conformance clean
.DEFAULT_GOAL := help

help:
	@echo "make run     the Lite service on http://$(HOST):$(PORT), seeded, with both scenarios shown"
	@echo "make test    the whole test suite"
	@echo "make check   ruff, mypy --strict, import-linter, advisories of what is installed, and the tests"
	@echo "make sbom    what is installed, as CycloneDX, in build/sbom.json"
	@echo "make bench   speed as ratios against named limits (SIZE=10 makes it larger)"
	@echo "make conformance   our test plans against what deploy/conformance.toml serves"
	@echo "make soak    the long versions of the tests"
	@echo "make setup   only the environment"

$(VENV)/.run: setup.cfg pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		'$(PYTHON)' -c '$(FITS)' 2>/dev/null || { \
			echo "xds needs Python 3.11, 3.12 or 3.13 with its venv (Debian: python3-venv); name one with PYTHON=" >&2; \
			exit 1; }; \
		'$(PYTHON)' -m venv --clear $(VENV); }
	@echo "Installing what setup.cfg names into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fast]' >/dev/null 2>&1 \
	  || echo "(the native HTTP parser needs a C compiler; the one in Python is used)"
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "Installing the test tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,bench]'
	@touch $@

setup: $(VENV)/.test

run: $(VENV)/.run
	@exec $(BIN)/xds serve --lite --host $(HOST) --port $(PORT) $(if $(DATA),--data-dir '$(DATA)')

test: $(VENV)/.test
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Where the package index or the advisory service cannot be reached it says so, and is no failure.
$(VENV)/.audit: $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[audit]' >/dev/null 2>&1 && touch $@ || true

advisories: $(VENV)/.audit
	@$(BIN)/python .ci/advisories.py

sbom: $(VENV)/.audit
	@mkdir -p build
	@$(BIN)/cyclonedx-py environment --output-reproducible --of JSON -o build/sbom.json $(VENV)
	@echo "build/sbom.json"

check: lint advisories test

soak: $(VENV)/.test
	@XDS_SOAK=1 $(BIN)/python -m pytest $(ARGS)

bench: $(VENV)/.test
	@$(BIN)/python -m benchmarks $(if $(SIZE),--size $(SIZE)) $(ARGS)

# What is tested: `xds serve --config deploy/conformance.toml --codes deploy/codes.toml`, in another terminal.
conformance: $(VENV)/.run
	@$(BIN)/xds conformance run --registry http://$(HOST):8081 --repository http://$(HOST):8081 \
	  --pid-feed $(HOST):3600 --report build/conformance $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info
