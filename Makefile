# make run    serve on http://127.0.0.1:5000     (make run ARGS="--source clip.mp4 --port 8000" passes options on)
# make test   run the tests; the few that take long by nature: make test-long
# All set up first whatever is missing on the machine; only what trains or tests brings TensorFlow.
# The others: mutate, lint, bench, soak, train, evaluate, clean.

VENV ?= .venv
PY := $(VENV)/bin/python
export VENV

.PHONY: run test test-long mutate lint bench soak soak-building train evaluate screenshots audit fuzz fuzz-api setup train-setup serve-setup lock clean

run:
	@scripts/setup.sh run
	@exec $(PY) main.py $(ARGS)

test:
	@scripts/setup.sh dev
	@$(PY) -m pytest -n 3 --dist loadfile -m "not long" $(ARGS)

# Tests that take long by nature: much fuzzing, cameras that fail in every way, soaks. One after the other.
test-long:
	@scripts/setup.sh dev
	@$(PY) -m pytest -m long --timeout 1800 $(ARGS)

# Small faults put into a copy of the program: how many do the tests notice? (ARGS="--modules tracking delivery --most 12")
mutate:
	@scripts/setup.sh dev
	@$(PY) scripts/mutate.py $(ARGS)

lint:
	@scripts/setup.sh dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

# Every benchmark in turn; each prints what it compares and writes JSON below results/.
bench:
	@scripts/setup.sh dev
	@for file in benchmarks/[a-z]*.py; do $(PY) -m "benchmarks.$$(basename "$$file" .py)" $(ARGS) || exit 1; done

# A minute of 200 viewers who come and go; fails where a stream is lost, or threads, files or memory grow.
soak:
	@scripts/setup.sh run
	@$(PY) scripts/soak.py $(ARGS)

# Ten minutes of a camera, viewers, visitors' own cameras and uploads at once; fails in the same way.
soak-building:
	@scripts/setup.sh run
	@$(PY) scripts/building.py $(ARGS)

# Risky places in the code, and known weaknesses of the packages; the latter asks pypi.org.
audit:
	@scripts/setup.sh dev
	@$(PY) -m bandit -q -r . -c pyproject.toml
	@$(PY) -m pip_audit --strict --disable-pip -r requirements-dev.lock

# The fuzz tests with thousands of spoilt files instead of some hundred, new ones each time.
fuzz:
	@scripts/setup.sh dev
	@FUZZ=$${FUZZ:-3000} $(PY) -m pytest --timeout 3600 tests/web/security/test_fuzz.py $(ARGS)

# Random requests to the API, from its own description: more of them than the tests send, and others each time.
fuzz-api:
	@scripts/setup.sh dev
	@API_EXAMPLES=$${API_EXAMPLES:-100} API_SEED=$${API_SEED:-$$(date +%s)} $(PY) -m pytest tests/web/description/test_openapi.py -k schemathesis

DATA ?= fer2013.csv

train: train-setup
	@$(PY) -m training.train --data $(DATA) $(ARGS)

evaluate: train-setup
	@$(PY) -m training.evaluate --data $(DATA) $(ARGS)

# The README's pictures, taken from the running program.
screenshots:
	@scripts/setup.sh dev
	@$(PY) scripts/screenshots.py

setup:
	@scripts/setup.sh dev

# TensorFlow and what else trains, evaluates and runs networks by Keras, on top of what serves.
train-setup:
	@scripts/setup.sh train

# The environment of a server, in .venv-serve: no TensorFlow, under 400 MB. docs/deployment.md goes on from there.
serve-setup:
	@VENV=.venv-serve scripts/setup.sh serve

# The lock files, after a change of requirements*.txt.
lock:
	@scripts/lock.sh

clean:
	rm -rf $(VENV) .venv-serve .pytest_cache .mypy_cache .ruff_cache
