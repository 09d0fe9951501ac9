# Two commands: `make demo` and `make test`. Each sets up what it needs in $(VENV) first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check --quiet
ROOM   ?= insar
PAGES  := src/highwall/web/static/index.html

.PHONY: demo live test ui bench rivals docs clean
.DELETE_ON_ERROR:

demo: $(VENV)/.space
	$(BIN)/highwall demo --out demo

# The same site with its twin: people, machines and sensors that talk, on a map in the browser.
live: $(VENV)/.space $(PAGES)
	$(BIN)/highwall demo --live --out demo

test: $(VENV)/.test $(PAGES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	if test -d ui/node_modules; then cd ui && npm run --silent check && npm test --silent; fi
	$(BIN)/pytest -n auto --dist loadfile

bench: $(VENV)/.test
	$(BIN)/python benchmarks/$(ROOM).py

# What benchmarks are measured against, in an environment of its own.
rivals: .venv-bench/.rivals
.venv-bench/.rivals: benchmarks/rivals.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip --disable-pip-version-check --quiet install -r benchmarks/rivals.txt
	touch $@

# Installs, in layers; each is done again when the project's needs change.
$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit("Highwall needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.space: $(VENV)/.python pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e '.[space,server]'
	touch $@

# torch first and pinned: else pip takes several GB of CUDA. Chromium opens the report as a reader would.
$(VENV)/.test: $(VENV)/.space constraints.txt requirements-test.txt
	$(PIP) install -c constraints.txt torch
	$(PIP) install -c constraints.txt -e '.[space,server,train,archive,cluster,tides,snaphu]' -r requirements-test.txt
	for need in chromium:chromium mosquitto:mosquitto pg_config:postgresql pdftoppm:poppler-utils; do \
	  PATH="$$PATH:/usr/sbin" command -v $${need%%:*} >/dev/null || missing="$$missing $${need##*:}"; done; \
	  test -z "$$missing" || { apt-get update -qq && apt-get install -y -qq $$missing; } \
	  || echo "not installed:$$missing; the tests that need them will be skipped"
	touch $@

# The pages of the twin, built by Node 20; wheels contain them.
ui: $(PAGES)
$(PAGES): ui/package-lock.json ui/vite.config.ts ui/index.html $(shell find ui/src ui/public -type f)
	@command -v npm >/dev/null || { echo 'the pages need Node 20 or newer (npm): install it, or go on without them'; \
	  test "$(MAKECMDGOALS)" = test; }
	if command -v npm >/dev/null; then cd ui && npm install --no-fund --no-audit --loglevel=error && npm run --silent build; fi

docs: $(VENV)/.space
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) demo
