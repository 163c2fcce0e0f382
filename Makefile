# make demo   watch a regional outage in the lab, and read its report
# make test   the tests
# make check  the linters, the types, the arrows, and the tests
# Each works on a fresh clone with python3 and make alone: the virtual environment is made once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test check lint types arrows crash-matrix long truth selftest fuzz bench browser browser-deps pictures clean

help:
	@sed -n '1,4s/^# //p' Makefile

$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[lab,postgres]'
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(INSTALL) --editable '.[lab,postgres,otel,dev]'
	touch $@

demo: $(VENV)/.run
	$(BIN)/drill run drills/regional-outage.yaml --environment lab
	@$(BIN)/drill lab down

# in two processes, file by file: most of the time is waiting for labs
test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev
	$(BIN)/mypy

arrows: $(VENV)/.dev
	$(BIN)/lint-imports

check: lint types arrows test

# kill -9 after every journal entry of every shipped drill, and every phase x way of dying x who reverts (about an hour
# and a half)
crash-matrix: $(VENV)/.dev
	$(BIN)/python -m pytest tests/scenarios/test_crash_matrix.py tests/scenarios/test_ways_of_dying.py -m slow --timeout 7200

# 10,000 seeded runs with every kind of trouble against a fake world, on virtual time (about three minutes)
selftest: $(VENV)/.run
	$(BIN)/drill selftest --seeds 10000 --jobs 2

# 100,000 files that are nearly right to every reader, then some guided by coverage (about ten minutes)
fuzz: $(VENV)/.dev
	-$(INSTALL) --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/fuzz.py
	for reader in drill environments topology journal plan runbook record calendar gameday schedule exercise events actions; do $(BIN)/python tests/fuzz/guided.py $$reader || exit 1; done

# what a shorter test shows too, at full length
long: $(VENV)/.dev
	$(BIN)/python -m pytest -m long

# regional-outage twenty times against the lab's own ground truth, and with other settings
truth: $(VENV)/.dev
	$(BIN)/python benchmarks/ground_truth.py

# side by side with a peer, which is installed into benchmarks/.venv; writes benchmarks/RESULTS.md (forty minutes)
bench: $(VENV)/.run
	$(BIN)/python benchmarks/run.py

# every page in a real browser: first screens, zoom, hostile texts, axe-core, a live run (about a minute)
browser: $(VENV)/.dev
	$(BIN)/python -m pytest -m browser tests/browser -rs

# what that needs, where it can be had: playwright and axe-core from PyPI, Chromium from Debian
browser-deps: $(VENV)/.dev
	PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 $(INSTALL) --editable '.[browser]'
	command -v chromium || command -v chromium-browser || command -v google-chrome || \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }

# docs/images from the sample run and a run in the lab (needs browser-deps and tmux; about two minutes)
pictures: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python tests/browser/pictures.py

clean:
	rm -rf $(VENV) benchmarks/.venv benchmarks/*/.venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
