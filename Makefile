# Two commands: `make demo` and `make test`. Each sets up what it needs in $(VENV) first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check --quiet
ROOM   ?= insar

.PHONY: demo test bench rivals docs clean
.DELETE_ON_ERROR:

demo: $(VENV)/.space
	$(BIN)/highwall demo --out demo

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
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
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } || echo 'no chromium: the browser tests will be skipped'
	touch $@

docs: $(VENV)/.space
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) demo
