# make demo: sets up and runs the main job.   make test: sets up and passes the tests.
# Everything is installed in a virtual environment inside this folder.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The CPU build: plain `torch` would fetch gigabytes of CUDA libraries.
TORCH  ?= torch==2.13.0

.PHONY: demo test check nightly bench docs clean

demo: $(VENV)/.demo
	$(BIN)/arcana demo --force

test: $(VENV)/.test check
	$(BIN)/pytest -n 2 --dist worksteal --cov=arcana --cov-report=term:skip-covered --cov-fail-under=90

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict arcana
	$(BIN)/lint-imports
	$(BIN)/python scripts/make_profile_schema.py --check

nightly: $(VENV)/.test
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -n 2 -m "slow or not slow"

# Speed and memory beside other toolkits; BENCH=--quick for a first look, BENCH=--write-docs for docs/benchmarks.md.
bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks $(BENCH)

$(VENV)/.torch:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'arcana needs Python 3.11 or newer')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[plot]"
	touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[plot,reference,dev]"
	touch $@

# Torch is named again so that nothing that is fetched here can replace it.
$(VENV)/.bench: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)" -e ".[bench]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "sinabs>=3.1" pbr
	touch $@

clean:
	rm -rf $(VENV) arcana-demo
